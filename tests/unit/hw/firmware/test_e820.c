/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_e820.c - cutting and joining of ranges against a naive list of bytes, the PC's map, finding
 * room.
 */
#include "base/bytes.h"
#include "hw/firmware/e820.h"
#include "unit.h"

#define MIB 0x100000ull
#define GIB 0x40000000ull

static char *text_of(const struct e820_map *map)
{
    GString *text = g_string_new("");

    for (unsigned i = 0; i < map->count; i++) {
        const struct e820_entry *entry = &map->entries[i];

        g_string_append_printf(text, "%llx+%llx:%d ", (unsigned long long)entry->base,
                               (unsigned long long)entry->bytes, (int)entry->type);
    }
    return g_string_free(text, FALSE);
}

static void expect_map(const struct e820_map *map, const char *expected)
{
    g_autofree char *text = text_of(map);

    assert_string_equal(text, expected);
}

static void test_set_cuts_and_joins(void **state)
{
    struct e820_map map = { .count = 0 };

    (void)state;
    e820_map_set(&map, 0x1000, 0x1000, E820_RAM);
    e820_map_set(&map, 0x2000, 0x1000, E820_RAM);
    expect_map(&map, "1000+2000:1 ");
    e820_map_set(&map, 0x1800, 0x400, E820_RESERVED);
    expect_map(&map, "1000+800:1 1800+400:2 1c00+1400:1 ");
    e820_map_set(&map, 0x1800, 0x400, E820_RAM);
    expect_map(&map, "1000+2000:1 ");
    e820_map_set(&map, 0x0, 0x1000, E820_ACPI);
    e820_map_set(&map, 0x5000, 0x1000, E820_NVS);
    e820_map_set(&map, 0x800, 0, E820_NVS);
    expect_map(&map, "0+1000:3 1000+2000:1 5000+1000:4 ");
    e820_map_set(&map, 0x0, 0x10000, E820_RESERVED);
    expect_map(&map, "0+10000:2 ");
}

/* Random ranges in 64 places, compared with an array of 64 types. */
static void test_set_equals_naive_list(void **state)
{
    GRand *random = g_rand_new_with_seed(820);

    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        struct e820_map map = { .count = 0 };
        unsigned naive[64] = { 0 };
        unsigned place = 0;

        for (unsigned i = 0; i < 20; i++) {
            unsigned base = (unsigned)g_rand_int_range(random, 0, 64);
            unsigned bytes = (unsigned)g_rand_int_range(random, 0, 65 - (int)base);
            unsigned type = (unsigned)g_rand_int_range(random, 1, 5);

            e820_map_set(&map, base, bytes, (enum e820_type)type);
            for (unsigned at = base; at < base + bytes; at++) {
                naive[at] = type;
            }
        }
        for (unsigned i = 0; i < map.count; i++) {
            const struct e820_entry *entry = &map.entries[i];

            for (; place < entry->base; place++) {
                assert_int_equal(naive[place], 0);
            }
            for (; place < entry->base + entry->bytes; place++) {
                assert_int_equal(naive[place], entry->type);
            }
            assert_true(i == 0 || entry[-1].type != entry->type ||
                        entry[-1].base + entry[-1].bytes != entry->base);
        }
        for (; place < 64; place++) {
            assert_int_equal(naive[place], 0);
        }
    }
    g_rand_free(random);
}

static void test_pc(void **state)
{
    struct e820_map map;
    const struct e820_pc_options small = { .below_4g_bytes = 256 * MIB,
                                           .acpi_gpa = 256 * MIB - 0x4000,
                                           .acpi_bytes = 0x4000 };
    const struct e820_pc_options large = { .below_4g_bytes = 3 * GIB,
                                           .above_4g_bytes = 5 * GIB,
                                           .bios_bytes = 0x40000 };

    (void)state;
    e820_map_build_pc(&map, &small);
    expect_map(&map, "0+9fc00:1 9fc00+400:2 e0000+20000:2 100000+fefc000:1 fffc000+4000:3 "
                     "fec00000+1000:2 fed00000+400:2 fee00000+1000:2 fffbc000+4000:2 ");
    e820_map_build_pc(&map, &large);
    expect_map(&map, "0+9fc00:1 9fc00+400:2 e0000+20000:2 100000+bff00000:1 fec00000+1000:2 "
                     "fed00000+400:2 fee00000+1000:2 fffbc000+44000:2 100000000+140000000:1 ");
}

static void test_is_ram(void **state)
{
    struct e820_map map;
    const struct e820_pc_options options = { .below_4g_bytes = 16 * MIB };

    (void)state;
    e820_map_build_pc(&map, &options);
    assert_true(e820_map_is_ram(&map, 0, 0x9fc00));
    assert_false(e820_map_is_ram(&map, 0, 0x9fc01));
    assert_true(e820_map_is_ram(&map, MIB, 15 * MIB));
    assert_false(e820_map_is_ram(&map, MIB, 15 * MIB + 1));
    assert_false(e820_map_is_ram(&map, MIB - 1, 2));
    assert_false(e820_map_is_ram(&map, 2 * MIB, UINT64_MAX));
}

static void test_find_highest(void **state)
{
    struct e820_map map = { .count = 0 };
    uint64_t gpa = 1;

    (void)state;
    e820_map_set(&map, 0x1000, 0x9000, E820_RAM);
    e820_map_set(&map, 0x20000, 0x8800, E820_RAM);
    assert_true(e820_map_find_highest(&map, 0x2000, 0x1000, UINT64_MAX, 0, 0, &gpa));
    assert_int_equal(gpa, 0x26000);
    assert_true(e820_map_find_highest(&map, 0x2000, 0x1000, 0x27fff, 0, 0, &gpa));
    assert_int_equal(gpa, 0x25000);
    /* Above what is to be avoided, below it, in the next range. */
    assert_true(e820_map_find_highest(&map, 0x2000, 0x1000, 0x28000, 0x20000, 0x6000, &gpa));
    assert_int_equal(gpa, 0x26000);
    assert_true(e820_map_find_highest(&map, 0x2000, 0x1000, 0x28000, 0x22800, 0x5000, &gpa));
    assert_int_equal(gpa, 0x20000);
    assert_true(e820_map_find_highest(&map, 0x2000, 0x1000, 0x28000, 0x20000, 0x10000, &gpa));
    assert_int_equal(gpa, 0x8000);
    gpa = 77;
    assert_false(e820_map_find_highest(&map, 0x9001, 0x1000, UINT64_MAX, 0, 0, &gpa));
    assert_false(e820_map_find_highest(&map, 0x1000, 0x1000, 0x1fff, 0, 0, &gpa));
    map.count = 0; /* large enough, but not where the alignment wants it */
    e820_map_set(&map, 0x1800, 0x1000, E820_RAM);
    assert_false(e820_map_find_highest(&map, 0x1000, 0x1000, UINT64_MAX, 0, 0, &gpa));
    assert_int_equal(gpa, 77);
}

static void test_bytes(void **state)
{
    struct e820_map map = { .count = 0 };
    GBytes *bytes;
    const uint8_t *at;
    size_t size;

    (void)state;
    e820_map_set(&map, 0, 0xa0000, E820_RAM);
    e820_map_set(&map, 0x100000000, 0x123456789a, E820_NVS);
    bytes = e820_map_bytes(&map);
    at = g_bytes_get_data(bytes, &size);
    assert_int_equal(size, 40);
    assert_int_equal(bytes_load_le64(at + 20), 0x100000000);
    assert_int_equal(bytes_load_le64(at + 28), 0x123456789a);
    assert_int_equal(bytes_load_le32(at + 36), 4);
    g_bytes_unref(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_cuts_and_joins),
        cmocka_unit_test(test_set_equals_naive_list),
        cmocka_unit_test(test_pc),
        cmocka_unit_test(test_is_ram),
        cmocka_unit_test(test_find_highest),
        cmocka_unit_test(test_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
