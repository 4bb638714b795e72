/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_state_load.c - structs and streams from bytes that may be cut, too long or wrong. */
#include <string.h>

#include "state/state.h"
#include "state/state_stream.h"
#include "unit.h"

struct inner_state {
    uint32_t count;
    bool on[2];
    uint8_t pad[2];
};

#define INNER_FIELDS(FIELD, NESTED, T) FIELD(T, count) FIELD(T, on) FIELD(T, pad)
STATE_DECLARE(inner_desc, struct inner_state);
STATE_DESCRIBE(inner_desc, struct inner_state, INNER_FIELDS);

struct outer_state {
    uint64_t base;
    struct inner_state inners[3];
    uint8_t level;
    bool ready;
    uint8_t pad[6];
};

#define OUTER_FIELDS(FIELD, NESTED, T) \
    FIELD(T, base) NESTED(T, inners, inner_desc) FIELD(T, level) FIELD(T, ready) FIELD(T, pad)
STATE_DECLARE(outer_desc, struct outer_state);
STATE_DESCRIBE(outer_desc, struct outer_state, OUTER_FIELDS);

static void test_load_takes_all(void **unused)
{
    struct outer_state from = { .base = 7, .level = 200, .ready = true };
    struct outer_state to;
    char *field = NULL;

    (void)unused;
    from.inners[2].on[1] = true;
    memset(&to, 0xee, sizeof(to));
    assert_true(state_load(&outer_desc, &to, &from, "dev", &field));
    assert_memory_equal(&to, &from, sizeof(to));
    assert_null(field);
}

/* Every byte with 2: bools are refused by name and leave the struct as it was, numbers are taken. */
static void test_load_names_what_is_no_bool(void **unused)
{
    unsigned refused = 0;

    (void)unused;
    for (size_t i = 0; i < sizeof(struct outer_state); i++) {
        uint8_t bytes[sizeof(struct outer_state)] = { 0 };
        struct outer_state to = { .base = 5 };
        g_autofree char *field = NULL;

        bytes[i] = 2;
        if (!state_load(&outer_desc, &to, bytes, "dev", &field)) {
            refused++;
            assert_int_equal(to.base, 5);
            assert_true(strstr(field, ".on[") != NULL || strcmp(field, "dev.ready") == 0);
        }
        if (i == offsetof(struct outer_state, inners[1].on[1])) {
            assert_string_equal(field, "dev.inners[1].on[1]");
        }
    }
    assert_int_equal(refused, 7);
}

static GByteArray *sample(void)
{
    GByteArray *bytes = g_byte_array_new();

    state_put_32(bytes, 0x01020304);
    state_put_64(bytes, 0x1122334455667788);
    state_put_text(bytes, "dimm0");
    state_put_bytes(bytes, "\0\1\2", 3);
    state_put_text(bytes, "");
    return bytes;
}

static void take_sample(struct state_stream *stream)
{
    size_t size;
    g_autofree char *text = NULL;
    g_autofree char *empty = NULL;

    (void)state_take_32(stream);
    (void)state_take_64(stream);
    text = state_take_text(stream);
    (void)state_take_bytes(stream, &size);
    empty = state_take_text(stream);
    assert_non_null(text);
    assert_string_equal(empty, "");
}

static void test_stream_round_trip(void **unused)
{
    g_autoptr(GByteArray) bytes = sample();
    struct state_stream stream;
    g_autofree char *text = NULL;
    g_autofree char *empty = NULL;
    const uint8_t *at;
    size_t size;

    (void)unused;
    assert_int_equal(bytes->data[0], 4); /* little-endian on any host */
    state_stream_init(&stream, bytes->data, bytes->len);
    assert_int_equal(state_take_32(&stream), 0x01020304);
    assert_int_equal(state_take_64(&stream), 0x1122334455667788);
    text = state_take_text(&stream);
    assert_string_equal(text, "dimm0");
    at = state_take_bytes(&stream, &size);
    assert_int_equal(size, 3);
    assert_memory_equal(at, "\0\1\2", 3);
    assert_false(state_stream_ok(&stream)); /* something is left */
    empty = state_take_text(&stream);
    assert_true(state_stream_ok(&stream));
}

static void test_stream_cut_anywhere(void **unused)
{
    g_autoptr(GByteArray) bytes = sample();

    (void)unused;
    for (guint size = 0; size < bytes->len; size++) {
        uint8_t *copy = g_memdup2(bytes->data, size); /* so that a read behind it is seen */
        struct state_stream stream;

        state_stream_init(&stream, copy, size);
        take_sample(&stream);
        assert_false(state_stream_ok(&stream));
        assert_int_equal(state_take_32(&stream), 0);
        g_free(copy);
    }
}

static void test_stream_refuses(void **unused)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    struct state_stream stream;
    g_autofree char *text = NULL;

    (void)unused;
    state_put_bytes(bytes, "a\0b", 3);
    state_stream_init(&stream, bytes->data, bytes->len);
    text = state_take_text(&stream); /* a NUL in a text */
    assert_string_equal(text, "");
    assert_false(state_stream_ok(&stream));

    g_byte_array_set_size(bytes, 0);
    state_put_32(bytes, 3);
    state_put_64(bytes, 0);
    state_put_64(bytes, 0);
    state_stream_init(&stream, bytes->data, bytes->len);
    assert_int_equal(state_take_count(&stream, 8), 0); /* there is room for two */
    assert_true(stream.failed);
    state_stream_init(&stream, bytes->data, bytes->len);
    assert_int_equal(state_take_count(&stream, 4), 3);
    assert_false(stream.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load_takes_all),    cmocka_unit_test(test_load_names_what_is_no_bool),
        cmocka_unit_test(test_stream_round_trip), cmocka_unit_test(test_stream_cut_anywhere),
        cmocka_unit_test(test_stream_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
