/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_state.c - digest, text, comparison and schema of state lists. */
#include <string.h>

#include "state/state.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print_names_every_field),
        cmocka_unit_test(test_every_byte_counts),
        cmocka_unit_test(test_compare_names_the_field),
        cmocka_unit_test(test_schema_differs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
