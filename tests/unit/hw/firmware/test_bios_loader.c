/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_bios_loader.c - where a firmware image is seen, that it can't be written, refusals. */
#include "base/error.h"
#include "hw/board_fixture.h"
#include "hw/firmware/bios_loader.h"

#define KIB64 0x10000u

struct bench {
    struct board_fixture *f;
    struct bios_rom bios;
};

static const struct type_info *const types[] = { NULL };

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);

    bench->f = board_fixture_create(types);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    bios_rom_fini(&bench->bios);
    bios_rom_fini(&bench->bios);
    board_fixture_destroy(bench->f);
    g_free(bench);
    return 0;
}

/* Each 64 KiB begins with its number from 1 on; the last byte of all is 0xea. */
static bool load(struct bench *bench, size_t size, GError **error)
{
    uint8_t *bytes = g_malloc0(size + 1);
    GBytes *image;
    bool ok;

    for (size_t i = 0; i < size / KIB64; i++) {
        bytes[i * KIB64] = (uint8_t)(i + 1);
    }
    if (size > 0) {
        bytes[size - 1] = 0xea;
    }
    image = g_bytes_new_take(bytes, size);
    ok = bios_rom_init(&bench->bios, bench->f->board.system_memory, 1, image, &bench->f->faults,
                       error);
    g_bytes_unref(image);
    return ok;
}

static unsigned byte_at(struct bench *bench, uint64_t gpa)
{
    return (unsigned)address_space_load(bench->f->board.memory_space, gpa, 1);
}

static void test_256k(void **state)
{
    struct bench *bench = *state;

    assert_true(load(bench, (size_t)4 * KIB64, NULL));
    assert_int_equal(byte_at(bench, 0xfffc0000), 1);
    assert_int_equal(byte_at(bench, 0xffff0000), 4);
    assert_int_equal(byte_at(bench, 0xffffffff), 0xea);
    assert_int_equal(byte_at(bench, 0xfffbffff), 0xff); /* nothing */
    assert_int_equal(byte_at(bench, 0xe0000), 3);
    assert_int_equal(byte_at(bench, 0xf0000), 4);
    assert_int_equal(byte_at(bench, 0xfffff), 0xea);
    assert_int_equal(byte_at(bench, 0xdffff), 0xff);
    address_space_store(bench->f->board.memory_space, 0xe0000, 0x55, 1);
    address_space_store(bench->f->board.memory_space, 0xffff0000, 0x55, 1);
    assert_int_equal(byte_at(bench, 0xe0000), 3);
    assert_int_equal(byte_at(bench, 0xffff0000), 4);
}

static void test_64k(void **state)
{
    struct bench *bench = *state;

    assert_true(load(bench, KIB64, NULL));
    assert_int_equal(byte_at(bench, 0xffff0000), 1);
    assert_int_equal(byte_at(bench, 0xf0000), 1);
    assert_int_equal(byte_at(bench, 0xeffff), 0xff);
}

static void test_16m(void **state)
{
    struct bench *bench = *state;

    assert_true(load(bench, BIOS_BYTES_MAX, NULL));
    assert_int_equal(byte_at(bench, 0xff000000), 1);
    assert_int_equal(byte_at(bench, 0xe0000), 0xff);
    assert_int_equal(byte_at(bench, 0xffff0000), 0);
}

static void expect_refusal(struct bench *bench, size_t size, const char *text)
{
    g_autoptr(GError) error = NULL;

    assert_false(load(bench, size, &error));
    assert_string_equal(error->message, text);
    assert_null(bench->bios.block);
    assert_int_equal(byte_at(bench, 0xffffffff), 0xff);
}

static void test_refusals(void **state)
{
    struct bench *bench = *state;
    g_autoptr(GError) error = NULL;

    expect_refusal(bench, 0,
                   "a firmware image of 0x0 bytes; expected a multiple of 0x10000, at most "
                   "0x1000000");
    expect_refusal(bench, KIB64 + 1,
                   "a firmware image of 0x10001 bytes; expected a multiple of 0x10000, at most "
                   "0x1000000");
    expect_refusal(bench, BIOS_BYTES_MAX + KIB64,
                   "a firmware image of 0x1010000 bytes; expected a multiple of 0x10000, at most "
                   "0x1000000");
    assert_true(fault_plan_arm(&bench->f->faults, "memory_map=ENOMEM", NULL));
    assert_false(load(bench, KIB64, &error));
    assert_null(bench->bios.block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_256k, setup, teardown),
        cmocka_unit_test_setup_teardown(test_64k, setup, teardown),
        cmocka_unit_test_setup_teardown(test_16m, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
