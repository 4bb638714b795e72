/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_payload_fields.c - payloads by the names of their fields, what two of them differ in, and bytes of any kind. */
#include <string.h>

#include "replay/payload_fields.h"
#include "replay/payload_layout.h"
#include "unit.h"

static const char *const labels[2] = { "expected", "got" };

static void check(enum recording_group group, unsigned kind, const void *bytes, size_t size,
                  const char *expected)
{
    struct payload payload = { group, kind, bytes, size };
    g_autoptr(GString) out = g_string_new(NULL);

    payload_print(&payload, out);
    assert_string_equal(out->str, expected);
}

#define CHECK(group, kind, bytes, expected) \
    check(RECORDING_GROUP_##group, RECORDING_##group##_##kind, bytes, sizeof(bytes) - 1, expected)

static void test_fields(void **unused)
{
    (void)unused;
    CHECK(TURN, timer, "", "");
    CHECK(TURN, command, "\1\0\0\0{}", "client=1 json=\"{}\"");
    CHECK(TURN, exit, "\1\1\2\1\2\0\0\0\xf8\3\0\0\0\0\0\0abcd\5\0\0\0\0\0\0\0",
          "kind=pio flags=0x1 unit_bytes=2 detail_count=1 count=2 gpa=0x3f8 data=61 62 63 64 "
          "detail[0]=0x5");
    CHECK(TURN, console, "serial0\0r\n", "label=\"serial0\" bytes=\"r\\n\"");
    CHECK(TURN, interval,
          "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\x10\5\x70\1",
          "from_icount=1 count=2 digest=0x3 ram_digest=0x4 accesses=10 05 70 01");
    CHECK(TURN, packet, "net0\0\1\2\3", "network=\"net0\" frame=01 02 03");
    CHECK(TURN, block, "disk0\0\3\0\0\0\5\0\0\0ab", "node=\"disk0\" tag=3 error=EIO bytes=61 62");
    CHECK(INPUT, kvm_call, "\xf4\xff\xff\xff\1", "result=ENOMEM argument=01");
    CHECK(INPUT, coalesced, "\1", "is_there=1");
    CHECK(INPUT, coalesced, "\0\0\1\0\0\0\0\0\4\0\0\0\0\0\0\0\1\2\3\4\0\0\0\0",
          "gpa=0x10000 length=4 is_pio=0 data=01 02 03 04 00 00 00 00");
    CHECK(INPUT, realtime, "\xff\xff\xff\xff\xff\xff\xff\xff", "us=-1");
    CHECK(INPUT, host_fact, "\0\2\0\0\0\0\0\0\0", "fact=thread_id number=2");
    CHECK(INPUT, host_fact, "\2[]", "fact=chardevs json=\"[]\"");
    CHECK(INPUT, host_fact, "\3", "fact=claim");
    CHECK(INPUT, host_fact, "\3\2no", "fact=claim code=2 text=\"no\"");
    CHECK(INPUT, host_fact, "\4\1\0true", "fact=outside outcome=1 code=0 text=\"true\"");
    CHECK(INPUT, host_fact, "\5\x1c\0\0\0\3\0\0\0\0\0\0\0\1",
          "fact=write_fault error=ENOSPC countdown=3 every=1");
    CHECK(INPUT, host_fact, "\6\0\2\0\0\0\0\0\0", "fact=image_bytes number=512");
    CHECK(INPUT, host_fact, "\7\1\0\0\0\0\0\0\0", "fact=seed number=1");
    CHECK(INPUT, memory_call, "\0\0\0\0\7\0\0\0\0\0\0\0", "error=ok number=7");
    CHECK(INPUT, dma_read, "\1", "bytes=01");
    CHECK(EFFECT, kvm_call, "\1\0\x61\xae\x08\x40\x09\0\0\0\1\0\0\0",
          "target=vm vcpu=0 request=KVM_IRQ_LINE gsi=9 level=1");
    CHECK(EFFECT, kvm_call, "\0\0\3\xae\0\0\x0a\0\0\0\0\0\0\0",
          "target=system vcpu=0 request=KVM_CHECK_EXTENSION number=0xa");
    CHECK(EFFECT, kvm_call, "\2\3\1\2\3\4zz",
          "target=vcpu vcpu=3 request=0x04030201 argument=7a 7a");
    CHECK(EFFECT, event, "STOP ", "json=\"STOP \"");
    CHECK(EFFECT, dma_write, "\0\x10\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0z",
          "gpa=0x1000 count=1 memory_bytes=2 data=7a");
    CHECK(EFFECT, dma_write, "\0\x10\0\0\0\0\0\0\1\1\0\0\0\0\0\0\1\1\0\0\0\0\0\0\1\0\0\0\0\0\0\0",
          "gpa=0x1000 count=257 memory_bytes=257 digest=0x1");
    CHECK(EFFECT, memory_call, "\5\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0private",
          "what=map first=2 second=3 name=\"private\"");
    CHECK(EFFECT, packet, "net0\0\x40\0\0\0\1\0\0\0\0\0\0\0",
          "network=\"net0\" count=64 digest=0x1");
    CHECK(EFFECT, block, "\1\0\2\0\0\0\0\0\0\4\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0",
          "operation=write offset=512 count=4 digest=0x1 tag=7");
    CHECK(EFFECT, end, "\7", "exit_status=7");
}

/* What has another layout is bytes: nothing is lost, nothing is read beyond. */
static void test_other_layouts(void **unused)
{
    (void)unused;
    CHECK(TURN, timer, "x", "bytes=78");
    CHECK(TURN, command, "abc", "bytes=61 62 63");
    CHECK(TURN, console, "no end", "bytes=6e 6f 20 65 6e 64");
    CHECK(TURN, exit, "\1\1\xff\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0",
          "bytes=01 01 ff 00 ff ff ff ff 00 00 00 00 00 00 00 00");
    CHECK(INPUT, host_fact, "", "");
    CHECK(INPUT, host_fact, "\x09\1", "bytes=09 01");
    CHECK(INPUT, host_fact, "\0\1", "bytes=00 01");
    CHECK(EFFECT, end, "\1\2", "bytes=01 02");
    check(RECORDING_GROUP_EFFECT, 31, "\1", 1, "bytes=01");
    check(RECORDING_GROUP_EFFECT, RECORDING_EFFECT_reply, NULL, 0, "");
}

static void compare(const char *a, size_t size_a, const char *b, size_t size_b,
                    const char *expected)
{
    struct payload payload_a = { RECORDING_GROUP_TURN, RECORDING_TURN_command, a, size_a };
    struct payload payload_b = { RECORDING_GROUP_TURN, RECORDING_TURN_command, b, size_b };
    g_autoptr(GString) out = g_string_new(NULL);

    payload_compare(&payload_a, &payload_b, labels, out);
    assert_string_equal(out->str, expected);
}

static void test_differences(void **unused)
{
    (void)unused;
    compare("\1\0\0\0x", 5, "\1\0\0\0x", 5, "");
    compare("\1\0\0\0x", 5, "\2\0\0\0x", 5, "client: expected 1, got 2\n");
    compare("\1\0\0\0x", 5, "\1\0\0\0", 4, "json: expected \"x\", got nothing\n");
    compare("\1\0\0\0", 4, "\1", 1,
            "client: expected 1, got nothing\nbytes: expected nothing, got 01\n");
    compare("\1\0\0\0{\"execute\": \"device_add\", \"id\": 17}", 39,
            "\1\0\0\0{\"execute\": \"device_add\", \"id\": 18}", 39,
            "json from byte 17 on: expected \"ce_add\", \"id\": 17}\", got \"ce_add\", \"id\": "
            "18}\"\n");
}

/* Every kind with random bytes of every small size: the fields hold all bytes, in order. */
static void test_any_bytes(void **unused)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(1);

    (void)unused;
    for (unsigned round = 0; round < 20000; round++) {
        size_t size = (size_t)g_rand_int_range(random, 0, 64);
        g_autofree uint8_t *bytes = g_malloc(size + 1);
        struct payload payload = { (enum recording_group)g_rand_int_range(random, 0, 3),
                                   (unsigned)g_rand_int_range(random, 0, 10), bytes, size };
        g_autoptr(GString) out = g_string_new(NULL);
        g_autoptr(GArray) fields = NULL;
        const uint8_t *at = bytes;

        for (size_t i = 0; i < size; i++) {
            bytes[i] = (uint8_t)(g_rand_boolean(random) ? g_rand_int_range(random, 0, 9)
                                                        : g_rand_int_range(random, 0, 256));
        }
        fields = payload_fields(&payload);
        for (guint i = 0; i < fields->len; i++) {
            const struct payload_field *field = &g_array_index(fields, struct payload_field, i);

            assert_true(field->bytes == at || field->bytes == at + 1); /* a label's end */
            at = field->bytes + field->size;
        }
        assert_true(at == bytes + size || at + 1 == bytes + size);
        payload_print(&payload, out);
        payload_compare(&payload, &(struct payload){ payload.group, payload.kind, "abc", 3 },
                        labels, out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_other_layouts),
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_any_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
