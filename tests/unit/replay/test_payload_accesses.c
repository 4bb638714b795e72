/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_payload_accesses.c - accesses of devices survive the way through bytes; other bytes are refused. */
#include <string.h>

#include "replay/payload_accesses.h"
#include "unit.h"

static const uint8_t value[255] = { 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x11 };

static const struct payload_access accesses[] = {
    { PAYLOAD_ACCESS_OUT, 1000, 0x70, value, 1 },
    { PAYLOAD_ACCESS_IN, 1003, 0x71, value, 1 },
    { PAYLOAD_ACCESS_IN, 1003, 0x71, value, 4 }, /* the same instruction, the same port */
    { PAYLOAD_ACCESS_LOAD, 0x100000000, 0xfee00030, value, 4 },
    { PAYLOAD_ACCESS_STORE, 0x100000001, UINT64_MAX, value, 16 },
    { PAYLOAD_ACCESS_STORE, 0x100000002, 0, value, 15 },
    { PAYLOAD_ACCESS_STORE, 0x100000003, 1, value, 14 },
    { PAYLOAD_ACCESS_STORE, UINT64_MAX, 2, value, 255 },
    { PAYLOAD_ACCESS_RDMSR, UINT64_MAX, 0x1b, value, 8 },
    { PAYLOAD_ACCESS_WRMSR, UINT64_MAX, 0x6e0, value, 8 },
    { PAYLOAD_ACCESS_INTERRUPT, UINT64_MAX, 0x30, NULL, 0 },
};

static void store_all(GByteArray *bytes)
{
    struct payload_access_context context = { 0 };
    uint8_t buffer[PAYLOAD_ACCESS_BYTES_MAX];

    for (size_t i = 0; i < G_N_ELEMENTS(accesses); i++) {
        size_t size = payload_access_store(&context, &accesses[i], buffer);

        assert_in_range(size, 1, sizeof(buffer));
        g_byte_array_append(bytes, buffer, (guint)size);
    }
}

static void test_round_trip(void **state)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    struct payload_access_context context = { 0 };
    struct payload_access access;
    size_t at = 0;

    (void)state;
    store_all(bytes);
    for (size_t i = 0; i < G_N_ELEMENTS(accesses); i++) {
        assert_true(payload_access_load(&context, bytes->data, bytes->len, &at, &access));
        assert_int_equal(access.kind, accesses[i].kind);
        assert_true(access.icount == accesses[i].icount);
        assert_true(access.address == accesses[i].address);
        assert_int_equal(access.size, accesses[i].size);
        if (access.size > 0) {
            assert_memory_equal(access.value, accesses[i].value, access.size);
        }
    }
    assert_int_equal(at, bytes->len);
    assert_false(payload_access_load(&context, bytes->data, bytes->len, &at, &access));
}

/* A byte of a register that is looked at again and again. */
static void test_size_of_a_poll(void **state)
{
    struct payload_access_context context = { 1000, 0x3fd };
    struct payload_access access = { PAYLOAD_ACCESS_IN, 1020, 0x3fd, value, 1 };
    uint8_t buffer[PAYLOAD_ACCESS_BYTES_MAX];

    (void)state;
    assert_int_equal(payload_access_store(&context, &access, buffer), 3);
}

static void test_cut(void **state)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    (void)state;
    store_all(bytes);
    for (guint size = 0; size < bytes->len; size++) {
        struct payload_access_context context = { 0 };
        struct payload_access access;
        size_t at = 0;
        g_autofree uint8_t *copy = g_memdup2(bytes->data, size); /* the sanitizer sees its end */
        size_t count = 0;

        while (payload_access_load(&context, copy, size, &at, &access)) {
            count++;
        }
        assert_in_range(count, 0, G_N_ELEMENTS(accesses) - 1);
    }
}

static void test_malformed(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {
        { "\x07\x00\x00", 3 },         /* no such kind */
        { "\xf0\x01\x00\x00\x12", 5 }, /* a short size in the long form */
        { "\x10\x80\x00\x00\x12", 5 }, /* a varint that is too long */
        { "\x10\x00\x80\x00\x12", 5 }, { "\x20\x00\x00\x12", 4 }, /* one byte of two */
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct payload_access_context context = { 0 };
        struct payload_access access;
        size_t at = 0;

        assert_false(payload_access_load(&context, (const uint8_t *)cases[i].bytes, cases[i].size,
                                         &at, &access));
    }
}

static void test_words(void **state)
{
    static const char *const words[] = {
        "out 0x70, 0x12",
        "in 0x71 gave 0x12",
        "in 0x71 gave 0x78563412",
        "load 0xfee00030 gave 0x78563412",
        "store 0xffffffffffffffff, 12 34 56 78 9a bc de f0 11 00 00 00 00 00 00 00",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autoptr(GString) text = g_string_new(NULL);

        payload_access_print(&accesses[i], text);
        assert_string_equal(text->str, words[i]);
    }
    {
        g_autoptr(GString) text = g_string_new(NULL);

        payload_access_print(&accesses[G_N_ELEMENTS(accesses) - 1], text);
        assert_string_equal(text->str, "interrupt 0x30");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_size_of_a_poll),
        cmocka_unit_test(test_cut),        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
