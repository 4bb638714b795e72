/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_state.c - digest, text, comparison and schema of state lists. */
#include <string.h>

#include "state/state.h"
#include "state/state_layout.h"
#include "unit.h"

struct inner_state {
    uint16_t level;
    uint8_t pins[2];
};

#define INNER_FIELDS(FIELD, NESTED, T) FIELD(T, level) FIELD(T, pins)
STATE_DECLARE(inner_desc, struct inner_state);
STATE_DESCRIBE(inner_desc, struct inner_state, INNER_FIELDS);

struct outer_state {
    uint64_t base;
    uint32_t mask;
    struct inner_state inners[2];
    bool on;
    uint8_t pad[3];
};

#define OUTER_FIELDS(FIELD, NESTED, T) \
    FIELD(T, base) FIELD(T, mask) NESTED(T, inners, inner_desc) FIELD(T, on) FIELD(T, pad)
STATE_DECLARE(outer_desc, struct outer_state);
STATE_DESCRIBE(outer_desc, struct outer_state, OUTER_FIELDS);

static void test_print_names_every_field(void **unused)
{
    struct outer_state state = { .base = 0x1234, .mask = 0xff, .on = true };
    g_autoptr(GString) out = g_string_new(NULL);

    (void)unused;
    state.inners[1].pins[1] = 7;
    state_print(&outer_desc, &state, "dev", out);
    assert_string_equal(out->str, "dev.base: 0000000000001234\ndev.mask: 000000ff\n"
                                  "dev.inners[0].level: 0000\ndev.inners[0].pins[0]: 00\n"
                                  "dev.inners[0].pins[1]: 00\ndev.inners[1].level: 0000\n"
                                  "dev.inners[1].pins[0]: 00\ndev.inners[1].pins[1]: 07\n"
                                  "dev.on: 01\ndev.pad[0]: 00\ndev.pad[1]: 00\ndev.pad[2]: 00\n");
}

static void test_every_byte_counts(void **unused)
{
    struct outer_state a;
    struct outer_state b;

    (void)unused;
    memset(&a, 0, sizeof(a));
    for (size_t i = 0; i < sizeof(a); i++) {
        g_autoptr(GString) out = g_string_new(NULL);

        b = a;
        ((uint8_t *)&b)[i] ^= 0x10;
        assert_true(state_digest(&outer_desc, &a, 1) != state_digest(&outer_desc, &b, 1));
        assert_int_equal(state_compare(&outer_desc, &a, &b, "x", out), 1);
    }
}

static void test_compare_names_the_field(void **unused)
{
    struct outer_state a = { .mask = 8 };
    struct outer_state b = { .mask = 0 };
    g_autoptr(GString) out = g_string_new(NULL);

    (void)unused;
    assert_int_equal(state_compare(&outer_desc, &a, &b, "piix4_pm", out), 1);
    assert_string_equal(out->str, "piix4_pm.mask: recorded 00000008, replayed 00000000\n");
}

static void test_schema_differs(void **unused)
{
    (void)unused;
    assert_true(state_schema_hash(&outer_desc) != state_schema_hash(&inner_desc));
    assert_true(state_schema_hash(&outer_desc) == state_schema_hash(&outer_desc));
}

static const char *const labels[2] = { "a", "b" };

/* What compares by layout says what compares by descriptors does, byte by byte. */
static void test_layout_names_what_descriptors_name(void **unused)
{
    struct outer_state a = { .base = 0x1234 };
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GBytes) layout = NULL;
    g_autoptr(GBytes) bytes_a = g_bytes_new(&a, sizeof(a));

    (void)unused;
    state_layout_append(&outer_desc, "dev", text);
    assert_string_equal(text->str, "dev base:8 mask:4 inners[0].level:2 inners[0].pins:1*2 "
                                   "inners[1].level:2 inners[1].pins:1*2 on:1 pad:1*3\n");
    layout = g_bytes_new(text->str, text->len);
    for (size_t at = 0; at < sizeof(a); at++) {
        static const char *const words[2] = { "recorded", "replayed" };
        struct outer_state b = a;
        g_autoptr(GString) by_desc = g_string_new(NULL);
        g_autoptr(GString) by_layout = g_string_new(NULL);
        g_autoptr(GBytes) bytes_b = NULL;

        ((uint8_t *)&b)[at] ^= 0x80;
        bytes_b = g_bytes_new(&b, sizeof(b));
        assert_int_equal(state_compare(&outer_desc, &a, &b, "dev", by_desc), 1);
        assert_int_equal(state_layout_compare(layout, bytes_a, bytes_b, words, 9, by_layout), 1);
        assert_string_equal(by_layout->str, by_desc->str);
    }
}

/* Compares 8 bytes that all differ. */
static unsigned compare_with(const char *text, unsigned lines_max, GString *out)
{
    g_autoptr(GBytes) layout = g_bytes_new(text, strlen(text));
    g_autoptr(GBytes) a = g_bytes_new("\1\2\3\4\5\6\7\10", 8);
    g_autoptr(GBytes) b = g_bytes_new("\0\0\0\0\0\0\0\0", 8);

    return state_layout_compare(layout, a, b, labels, lines_max, out);
}

static void test_layout_is_not_trusted(void **unused)
{
    static const struct {
        const char *text;
        unsigned differences;
    } cases[] = {
        { "", 0 },
        { "x", 0 },
        { "x\n", 0 },
        { "x y", 0 },
        { "x y:\n", 0 },
        { "x y:0\n", 0 },
        { "x y:9\n", 0 },
        { "x y:99999999999999999999\n", 0 },
        { "x y:8*2\n", 0 },
        { "x y:1*99999999\n", 0 },
        { "x y:4*0\n", 0 },
        { "x y:4 z:8\n", 1 },
        { "x y:2*2 z:4\nw v:1\n", 3 },
        { "\n\n \n", 0 },
        { "x y:1junk:1\n", 1 },
    };

    g_autoptr(GString) out = g_string_new(NULL);

    (void)unused;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_int_equal(compare_with(cases[i].text, 100, out), cases[i].differences);
    }
    g_string_truncate(out, 0);
    assert_int_equal(compare_with("m n:1*8\n", 2, out), 8);
    assert_string_equal(out->str, "m.n[0]: a 01, b 00\nm.n[1]: a 02, b 00\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout_names_what_descriptors_name),
        cmocka_unit_test(test_layout_is_not_trusted),
        cmocka_unit_test(test_print_names_every_field),
        cmocka_unit_test(test_every_byte_counts),
        cmocka_unit_test(test_compare_names_the_field),
        cmocka_unit_test(test_schema_differs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
