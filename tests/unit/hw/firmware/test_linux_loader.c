/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_linux_loader.c - what lies where after loading, the entry states, each refusal with its
 * text.
 */
#include "base/error.h"
#include "hw/firmware/boot_layout.h"
#include "hw/firmware/flat_memory.h"
#include "hw/firmware/linux_file.h"
#include "hw/firmware/linux_loader.h"
#include "unit.h"

#define MIB          0x100000ull
#define RAM_BYTES    (32 * MIB)
#define ACPI_BYTES   0x3000u
#define INITRD_BYTES 5000u

struct bench {
    struct flat_memory memory;
    struct e820_map map;
    uint8_t file[FILE_BYTES];
    uint8_t initrd[INITRD_BYTES];
    struct linux_boot_options options;
};

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);
    const struct e820_pc_options pc = { .below_4g_bytes = RAM_BYTES,
                                        .acpi_gpa = RAM_BYTES - ACPI_BYTES,
                                        .acpi_bytes = ACPI_BYTES };

    flat_memory_init(&bench->memory, RAM_BYTES);
    e820_map_build_pc(&bench->map, &pc);
    linux_file_fill(bench->file);
    memset(bench->initrd, 0x5a, sizeof(bench->initrd));
    bench->options = (struct linux_boot_options){ .command_line = "console=ttyS0",
                                                  .map = &bench->map,
                                                  .rsdp_gpa = BOOT_RSDP_GPA };
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    flat_memory_fini(&bench->memory);
    g_free(bench);
    return 0;
}

static bool load(struct bench *bench, struct linux_boot *boot, GError **error)
{
    bool ok;

    bench->options.kernel = g_bytes_new(bench->file, sizeof(bench->file));
    bench->options.initrd = g_bytes_new(bench->initrd, sizeof(bench->initrd));
    ok = linux_boot_load(&bench->options, &bench->memory.port, boot, error);
    g_bytes_unref(bench->options.kernel);
    g_bytes_unref(bench->options.initrd);
    return ok;
}

static const uint8_t *at(const struct bench *bench, uint64_t gpa)
{
    return bench->memory.bytes + gpa;
}

static void test_placement(void **state)
{
    struct bench *bench = *state;
    struct linux_boot boot;
    uint64_t initrd_gpa = RAM_BYTES - ACPI_BYTES - 0x2000;
    const uint8_t *params = at(bench, BOOT_PARAMS_GPA);

    assert_true(load(bench, &boot, NULL));
    assert_int_equal(boot.kernel_gpa, FILE_LOAD_GPA);
    assert_memory_equal(at(bench, FILE_LOAD_GPA), bench->file + FILE_KERNEL_AT, FILE_KERNEL_BYTES);
    assert_int_equal(boot.initrd_gpa, initrd_gpa);
    assert_int_equal(boot.initrd_bytes, INITRD_BYTES);
    assert_memory_equal(at(bench, initrd_gpa), bench->initrd, INITRD_BYTES);
    assert_string_equal((const char *)at(bench, BOOT_COMMAND_LINE_GPA), "console=ttyS0");
    assert_int_equal(bytes_load_le16(at(bench, 0x40e)), 0x9fc0);
    assert_int_equal(bytes_load_le16(at(bench, 0x413)), 639);

    assert_memory_equal(params + 0x1f1, bench->file + 0x1f1, LINUX_VID_MODE - 0x1f1);
    assert_int_equal(params[LINUX_TYPE_OF_LOADER], 0xff);
    assert_int_equal(params[LINUX_LOADFLAGS], LINUX_LOADED_HIGH);
    assert_int_equal(bytes_load_le16(params + LINUX_VID_MODE), 0xffff);
    assert_int_equal(bytes_load_le32(params + LINUX_CODE32_START), FILE_LOAD_GPA);
    assert_int_equal(bytes_load_le32(params + LINUX_RAMDISK_IMAGE), initrd_gpa);
    assert_int_equal(bytes_load_le32(params + LINUX_RAMDISK_SIZE), INITRD_BYTES);
    assert_int_equal(bytes_load_le32(params + LINUX_CMD_LINE_PTR), BOOT_COMMAND_LINE_GPA);
    assert_int_equal(bytes_load_le64(params + LINUX_SETUP_DATA), 0);
    assert_int_equal(bytes_load_le64(params + LINUX_PREF_ADDRESS), FILE_LOAD_GPA);
    assert_int_equal(bytes_load_le64(params + 0x70), BOOT_RSDP_GPA);
    assert_int_equal(params[0x1e8], bench->map.count);
    assert_int_equal(params[0x1ef], 0); /* sentinel: this loader knows boot_params */
    for (unsigned i = 0; i < bench->map.count; i++) {
        const uint8_t *entry = params + 0x2d0 + (size_t)i * 20;

        assert_int_equal(bytes_load_le64(entry), bench->map.entries[i].base);
        assert_int_equal(bytes_load_le64(entry + 8), bench->map.entries[i].bytes);
        assert_int_equal(bytes_load_le32(entry + 16), bench->map.entries[i].type);
    }
    /* Nothing of the file's real-mode code, and zero where nothing is said. */
    for (unsigned i = 0x26c; i < 0x2d0; i++) {
        assert_int_equal(params[i], 0);
    }
}

/* Walks the page tables as the processor does. */
static uint64_t translate(const struct bench *bench, uint64_t cr3, uint64_t address)
{
    uint64_t entry = cr3;

    for (int shift = 39; shift >= 21; shift -= 9) {
        entry = bytes_load_le64(at(bench, (entry & ~0xfffull) + ((address >> shift) & 511) * 8));
        assert_int_equal(entry & 3, 3);
        assert_int_equal((entry & 0x80) != 0, shift == 21);
    }
    return (entry & ~0x1fffffull) | (address & 0x1fffff);
}

static void test_64bit_entry(void **state)
{
    struct bench *bench = *state;
    struct linux_boot boot;

    assert_true(load(bench, &boot, NULL));
    assert_int_equal(boot.entry, LINUX_ENTRY_64);
    assert_int_equal(boot.rip, FILE_LOAD_GPA + 0x200);
    assert_int_equal(boot.rsi, BOOT_PARAMS_GPA);
    assert_int_equal(boot.cr0, 0x80000001);
    assert_int_equal(boot.cr4, 0x20);
    assert_int_equal(boot.efer, 0x500);
    assert_int_equal(boot.gdt_limit, 31);
    assert_int_equal(boot.code_selector, 0x10);
    assert_int_equal(boot.data_selector, 0x18);
    assert_int_equal(bytes_load_le64(at(bench, boot.gdt_gpa)), 0);
    assert_int_equal(bytes_load_le64(at(bench, boot.gdt_gpa + 0x10)), 0x00af9b000000ffff);
    assert_int_equal(bytes_load_le64(at(bench, boot.gdt_gpa + 0x18)), 0x00cf93000000ffff);
    assert_int_equal(translate(bench, boot.cr3, 0), 0);
    assert_int_equal(translate(bench, boot.cr3, 0x1000200), 0x1000200);
    assert_int_equal(translate(bench, boot.cr3, 0xffffffff), 0xffffffff);
    assert_int_equal(translate(bench, boot.cr3, 0x80000000), 0x80000000);
}

static void test_32bit_entry(void **state)
{
    struct bench *bench = *state;
    struct linux_boot boot;

    bench->options.entry = LINUX_ENTRY_32;
    assert_true(load(bench, &boot, NULL));
    assert_int_equal(boot.entry, LINUX_ENTRY_32);
    assert_int_equal(boot.rip, FILE_LOAD_GPA);
    assert_int_equal(boot.cr0, 1);
    assert_int_equal(boot.cr3 | boot.cr4 | boot.efer, 0);
    assert_int_equal(bytes_load_le64(at(bench, boot.gdt_gpa + 0x10)), 0x00cf9b000000ffff);
    bytes_store_le16(bench->file + LINUX_XLOADFLAGS, 0);
    bench->options.entry = LINUX_ENTRY_AUTO;
    assert_true(load(bench, &boot, NULL));
    assert_int_equal(boot.entry, LINUX_ENTRY_32);
}

static void test_initrd_limits(void **state)
{
    struct bench *bench = *state;
    struct linux_boot boot;

    /* Below initrd_addr_max, below the kernel where there is no room above it. */
    bytes_store_le32(bench->file + LINUX_INITRD_ADDR_MAX, 0x17fffff);
    assert_true(load(bench, &boot, NULL));
    assert_int_equal(boot.initrd_gpa, 0x1800000 - 0x2000);
    bytes_store_le32(bench->file + LINUX_INITRD_ADDR_MAX, 0x11fffff);
    assert_true(load(bench, &boot, NULL));
    assert_int_equal(boot.initrd_gpa, 0x1000000 - 0x2000);
}

static void test_no_initrd_no_command_line(void **state)
{
    struct bench *bench = *state;
    struct linux_boot boot;

    bench->options.kernel = g_bytes_new(bench->file, sizeof(bench->file));
    bench->options.initrd = NULL;
    bench->options.command_line = NULL;
    bench->memory.bytes[BOOT_COMMAND_LINE_GPA] = 'x'; /* of a boot before */
    assert_true(linux_boot_load(&bench->options, &bench->memory.port, &boot, NULL));
    g_bytes_unref(bench->options.kernel);
    assert_int_equal(boot.initrd_bytes, 0);
    assert_int_equal(bytes_load_le32(at(bench, BOOT_PARAMS_GPA + LINUX_RAMDISK_SIZE)), 0);
    assert_int_equal(bench->memory.bytes[BOOT_COMMAND_LINE_GPA], 0);
}

/* A long header, as a later protocol may have it, stays out of the E820 table. */
static void test_long_header(void **state)
{
    struct bench *bench = *state;
    struct linux_boot boot;

    bench->file[LINUX_HEADER_SIZE] = 0xff;
    memset(bench->file + 0x26c, 0xcc, 0x301 - 0x26c);
    assert_true(load(bench, &boot, NULL));
    assert_int_equal(bench->memory.bytes[BOOT_PARAMS_GPA + 0x28f], 0xcc);
    assert_int_equal(bench->memory.bytes[BOOT_PARAMS_GPA + 0x290], 0);
}

static void expect_refusal(struct bench *bench, int code, const char *text)
{
    struct linux_boot boot = { .rip = 99 };
    g_autoptr(GError) error = NULL;

    assert_false(load(bench, &boot, &error));
    assert_string_equal(error->message, text);
    assert_int_equal(error->code, code);
    assert_int_equal(boot.rip, 99);
}

static void test_refusals(void **state)
{
    struct bench *bench = *state;
    g_autofree char *line = g_strnfill(2048, 'a');

    bench->options.command_line = line;
    expect_refusal(bench, REPLUG_ERROR_INVALID,
                   "the command line has 2048 characters; the kernel takes at most 2047");
    bench->options.command_line = "";
    bytes_store_le32(bench->file + LINUX_INITRD_ADDR_MAX, 0x100fff);
    expect_refusal(bench, REPLUG_ERROR_NO_SPACE,
                   "the initrd, 0x1388 bytes, finds no room below 0x101000 beside the kernel at "
                   "0x1000000-0x11fffff; -m gives too little");
    bytes_store_le32(bench->file + LINUX_INIT_SIZE, 0x1000000);
    expect_refusal(bench, REPLUG_ERROR_NO_SPACE,
                   "the kernel needs 0x1000000 bytes of RAM at 0x1000000, and RAM below 0x30000; "
                   "-m gives too little");
    bytes_store_le16(bench->file + LINUX_XLOADFLAGS, 0);
    bench->options.entry = LINUX_ENTRY_64;
    expect_refusal(bench, REPLUG_ERROR_UNSUPPORTED,
                   "the kernel has no 64-bit entry (xloadflags of boot protocol 2.15)");
    bench->file[LINUX_HEADER_MAGIC] = 0;
    expect_refusal(bench, REPLUG_ERROR_UNSUPPORTED,
                   "no Linux kernel: expected \"HdrS\" at offset 0x202 of the file (0x1a30 bytes)");
    assert_true(flat_memory_is_zero(&bench->memory));
}

/* The longest line that the layout takes ends in front of the next thing. */
static void test_longest_command_line(void **state)
{
    struct bench *bench = *state;
    struct linux_boot boot;
    g_autofree char *line = g_strnfill(0x10000, 'a');

    bytes_store_le32(bench->file + LINUX_CMDLINE_SIZE, UINT32_MAX);
    bench->options.command_line = line;
    expect_refusal(bench, REPLUG_ERROR_INVALID,
                   "the command line has 65536 characters; the kernel takes at most 65535");
    line[0xffff] = '\0';
    assert_true(load(bench, &boot, NULL));
    assert_int_equal(bench->memory.bytes[BOOT_COMMAND_LINE_GPA + 0xffff], 0);
}

/* Each single write refused: an error that names it, every time. */
static void test_memory_refuses(void **state)
{
    struct bench *bench = *state;
    struct linux_boot boot;
    unsigned writes = 0;

    for (;; writes++) {
        g_autoptr(GError) error = NULL;

        bench->memory.writes_left = writes;
        if (load(bench, &boot, &error)) {
            break;
        }
        assert_int_equal(error->code, REPLUG_ERROR_IO);
        assert_non_null(strstr(error->message, "can't be written to guest memory"));
    }
    assert_int_equal(writes, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_placement, setup, teardown),
        cmocka_unit_test_setup_teardown(test_64bit_entry, setup, teardown),
        cmocka_unit_test_setup_teardown(test_32bit_entry, setup, teardown),
        cmocka_unit_test_setup_teardown(test_initrd_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_initrd_no_command_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_header, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_longest_command_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_refuses, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
