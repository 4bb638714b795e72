/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_dispatch.c - how accesses are split, widened, refused and carried to RAM. */
#include <string.h>

#include "base/error_latch.h"
#include "memory/address_space.h"
#include "memory/memory_print.h"
#include "memory/ram_block.h"
#include "memory/transaction.h"
#include "unit.h"

struct call {
    uint64_t offset, value;
    unsigned size;
    bool write;
};

struct bench {
    struct memory_system *system;
    struct error_latch errors;
    struct memory_region root, ram, rom, io;
    struct ram_block *block, *rom_block;
    struct address_space *space;
    struct memory_region_ops ops;
    struct call calls[16];
    unsigned count;
};

static uint64_t on_read(void *opaque, uint64_t offset, unsigned size)
{
    struct bench *bench = opaque;

    bench->calls[bench->count++ % 16] = (struct call){ offset, 0, size, false };
    return 0x8877665544332211ull >> ((offset & 7) * 8);
}

static void on_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct bench *bench = opaque;

    bench->calls[bench->count++ % 16] = (struct call){ offset, value, size, true };
}

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);
    struct ram_block_options options = { .name = "ram", .size_bytes = 8192 };

    bench->system = memory_system_create(&bench->errors);
    bench->ops = (struct memory_region_ops){ .read = on_read, .write = on_write };
    bench->block = ram_block_create(&options, NULL);
    bench->rom_block = ram_block_create(&options, NULL);
    assert_non_null(bench->block);
    memory_region_init_container(&bench->root, bench->system, "system", MEMORY_SIZE_ALL);
    memory_region_init_ram(&bench->ram, bench->system, "ram", bench->block);
    memory_region_init_rom(&bench->rom, bench->system, "rom", bench->rom_block);
    memory_region_init_io(&bench->io, bench->system, "io", &bench->ops, bench, 16);
    memory_region_add_subregion(&bench->root, 0, &bench->ram);
    memory_region_add_subregion(&bench->root, 0x10000, &bench->rom);
    memory_region_add_subregion(&bench->root, 0x2000, &bench->io);
    bench->space = address_space_create(bench->system, &bench->root, "memory");
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    address_space_destroy(bench->space);
    memory_region_del_subregion(&bench->root, &bench->ram);
    memory_region_del_subregion(&bench->root, &bench->rom);
    memory_region_del_subregion(&bench->root, &bench->io);
    memory_region_fini(&bench->ram);
    memory_region_fini(&bench->rom);
    memory_region_fini(&bench->io);
    memory_region_fini(&bench->root);
    memory_system_destroy(bench->system);
    ram_block_destroy(bench->block);
    ram_block_destroy(bench->rom_block);
    g_free(bench);
    return 0;
}

static void test_ram_and_rom(void **state)
{
    struct bench *bench = *state;
    uint8_t buffer[16];

    assert_true(address_space_write(bench->space, 0x100, "hello", 6));
    assert_true(address_space_read(bench->space, 0x100, buffer, 6));
    assert_string_equal((char *)buffer, "hello");
    assert_ptr_equal(address_space_ram(bench->space, 0x100, 4096),
                     (uint8_t *)ram_block_host(bench->block) + 0x100);
    assert_null(address_space_ram(bench->space, 0x1fff, 2));
    assert_null(address_space_ram(bench->space, 0x2000, 1));
    assert_false(address_space_write(bench->space, 0x10000, "x", 1));
    assert_int_equal(address_space_load(bench->space, 0x10000, 1), 0);
}

struct written {
    const uint8_t *host;
    uint64_t size;
    unsigned count;
};

static void on_ram_write(void *opaque, const void *host, uint64_t size)
{
    *(struct written *)opaque =
        (struct written){ host, size, ((struct written *)opaque)->count + 1 };
}

/* The hook hears of what has reached RAM, after it has, and of nothing else. */
static void test_ram_write_hook(void **state)
{
    struct bench *bench = *state;
    const uint8_t *ram = ram_block_host(bench->block);
    struct written written = { 0 };
    uint8_t byte;

    memory_system_set_ram_write_hook(bench->system, on_ram_write, &written);
    assert_true(address_space_write(bench->space, 0x123, "abc", 3));
    assert_ptr_equal(written.host, ram + 0x123);
    assert_int_equal(written.size, 3);
    assert_memory_equal(written.host, "abc", 3);
    /* Its last two bytes go to the device. */
    address_space_store(bench->space, 0x1ffe, 0, 4);
    assert_ptr_equal(written.host, ram + 0x1ffe);
    assert_int_equal(written.size, 2);
    assert_true(address_space_read(bench->space, 0, &byte, 1));
    assert_false(address_space_write(bench->space, 0x10000, "x", 1));
    assert_int_equal(written.count, 2);
    memory_system_set_ram_write_hook(bench->system, NULL, NULL);
    assert_true(address_space_write(bench->space, 0, "x", 1));
    assert_int_equal(written.count, 2);
}

static void on_io_access(void *opaque, const struct memory_region *region)
{
    *(const struct memory_region **)opaque = region;
}

/* The hook hears of accesses that a handler carries out. */
static void test_io_access_hook(void **state)
{
    struct bench *bench = *state;
    const struct memory_region *accessed = NULL;

    memory_system_set_io_access_hook(bench->system, on_io_access, &accessed);
    (void)address_space_load(bench->space, 0, 4);
    (void)address_space_load(bench->space, 0x9000, 4);
    assert_null(accessed);
    (void)address_space_load(bench->space, 0x2000, 4);
    assert_non_null(accessed);
    assert_int_equal(accessed->kind, MEMORY_REGION_IO);
    accessed = NULL;
    address_space_store(bench->space, 0x1ffe, 0, 4);
    assert_non_null(accessed);
    accessed = NULL;
    memory_system_set_io_access_hook(bench->system, NULL, NULL);
    address_space_store(bench->space, 0x1ffe, 0, 4);
    assert_null(accessed);
}

static void test_unassigned(void **state)
{
    struct bench *bench = *state;
    uint8_t buffer[8] = { 0 };

    assert_false(address_space_read(bench->space, 0x9000, buffer, 8));
    assert_int_equal(buffer[0], 0xff);
    assert_int_equal(buffer[7], 0xff);
    assert_false(address_space_write(bench->space, 0x9000, buffer, 8));
    /* Half ROM, half nothing: the ROM's part is read. */
    assert_false(address_space_read(bench->space, 0x11ffc, buffer, 8));
    assert_int_equal(buffer[3], 0);
    assert_int_equal(buffer[4], 0xff);
    /* The very end of the address space. */
    assert_false(address_space_read(bench->space, UINT64_MAX - 3, buffer, 4));
}

static void test_split_across_ram_and_io(void **state)
{
    struct bench *bench = *state;
    uint8_t buffer[4];

    assert_true(address_space_read(bench->space, 0x1ffe, buffer, 4));
    assert_int_equal(buffer[2], 0x11);
    assert_int_equal(buffer[3], 0x22);
    assert_int_equal(bench->count, 1);
    assert_int_equal(bench->calls[0].size, 2);
}

static void test_handler_sizes(void **state)
{
    struct bench *bench = *state;

    bench->ops.size_max = 2;
    assert_int_equal(address_space_load(bench->space, 0x2000, 4), 0x44332211);
    assert_int_equal(bench->count, 2);
    assert_int_equal(bench->calls[1].offset, 2);
    bench->count = 0;
    bench->ops = (struct memory_region_ops){
        .read = on_read, .write = on_write, .size_min = 4, .size_max = 4
    };
    assert_int_equal(address_space_load(bench->space, 0x2001, 1), 0x22);
    assert_int_equal(bench->calls[0].offset, 0);
    assert_int_equal(bench->calls[0].size, 4);
    address_space_store(bench->space, 0x2002, 0xab, 1);
    assert_int_equal(bench->calls[1].value, 0xab0000);
}

static void test_access_limits(void **state)
{
    struct bench *bench = *state;

    bench->ops.access_min = 4;
    assert_int_equal(address_space_load(bench->space, 0x2000, 1), 0xff);
    address_space_store(bench->space, 0x2000, 1, 2);
    assert_int_equal(bench->count, 0);
    bench->ops.access_min = 0;
    bench->ops.access_max = 1;
    address_space_store(bench->space, 0x2004, 0x04030201, 4);
    assert_int_equal(bench->count, 4);
    assert_int_equal(bench->calls[3].value, 4);
    assert_int_equal(bench->calls[3].offset, 7);
}

static void test_misaligned_is_split(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(address_space_load(bench->space, 0x2001, 4), 0x55443322);
    assert_int_equal(bench->count, 3); /* 1 + 2 + 1 */
    bench->count = 0;
    bench->ops.unaligned = true;
    (void)address_space_load(bench->space, 0x2001, 4);
    assert_int_equal(bench->count, 1);
}

static void test_print(void **state)
{
    struct bench *bench = *state;
    g_autoptr(GString) out = g_string_new(NULL);

    memory_print_flatviews(bench->system, out);
    assert_string_equal(out->str, "FlatView #0\n AS \"memory\", root: system\n"
                                  " Root memory region: system\n"
                                  "  0000000000000000-0000000000001fff (prio 0, ram): ram\n"
                                  "  0000000000002000-000000000000200f (prio 0, i/o): io\n"
                                  "  0000000000010000-0000000000011fff (prio 0, rom): rom\n\n");
    g_string_truncate(out, 0);
    memory_print_trees(bench->system, out);
    assert_string_equal(out->str, "address-space: memory\n"
                                  "  0000000000000000-ffffffffffffffff (prio 0, i/o): system\n"
                                  "    0000000000000000-0000000000001fff (prio 0, ram): ram\n"
                                  "    0000000000002000-000000000000200f (prio 0, i/o): io\n"
                                  "    0000000000010000-0000000000011fff (prio 0, rom): rom\n\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ram_and_rom, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unassigned, setup, teardown),
        cmocka_unit_test_setup_teardown(test_split_across_ram_and_io, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ram_write_hook, setup, teardown),
        cmocka_unit_test_setup_teardown(test_io_access_hook, setup, teardown),
        cmocka_unit_test_setup_teardown(test_handler_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_access_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_misaligned_is_split, setup, teardown),
        cmocka_unit_test_setup_teardown(test_print, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
