/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_fw_cfg_pc.c - what firmware finds on a PC: it carries the table loader's script out as
 * SeaBIOS does and gets tables that add up; the kernel's items.
 */
#include "base/bytes.h"
#include "base/error.h"
#include "hw/board_fixture.h"
#include "hw/firmware/acpi_tables.h"
#include "hw/firmware/fw_cfg.h"
#include "hw/firmware/fw_cfg_pc.h"
#include "hw/firmware/linux_file.h"

#define MIB        0x100000ull
#define RSDP_GPA   0xf5a40u
#define TABLES_GPA 0x1ffe0040u

struct bench {
    struct board_fixture *f;
    struct device *fw_cfg;
};

static const struct type_info *const types[] = { &fw_cfg_io_type_info, NULL };

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);

    bench->f = board_fixture_create(types);
    bench->fw_cfg = board_fixture_device(bench->f, TYPE_FW_CFG_IO, "fw_cfg");
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    board_fixture_destroy(bench->f);
    g_free(bench);
    return 0;
}

static void take(struct bench *bench, uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)port_read(bench->f, 0x511, 1);
    }
}

static uint64_t number(struct bench *bench, unsigned key, unsigned size)
{
    uint8_t bytes[8];

    port_write(bench->f, 0x510, key, 2);
    take(bench, bytes, size);
    return bytes_load_le(bytes, size);
}

/* The caller frees it. NULL: there is no such file. */
static uint8_t *file(struct bench *bench, const char *name, uint32_t *out_size)
{
    uint8_t count[4];

    port_write(bench->f, 0x510, FW_CFG_FILE_DIR, 2);
    take(bench, count, 4);
    for (unsigned i = 0; i < count[3]; i++) {
        uint8_t entry[64];

        take(bench, entry, sizeof(entry));
        if (strcmp((const char *)entry + 8, name) == 0) {
            uint8_t *bytes;

            *out_size = GUINT32_SWAP_LE_BE(bytes_load_le32(entry));
            bytes = g_malloc(*out_size + 1);
            port_write(bench->f, 0x510, GUINT16_SWAP_LE_BE(bytes_load_le16(entry + 4)), 2);
            take(bench, bytes, *out_size);
            return bytes;
        }
    }
    return NULL;
}

/* ---- the script ---- */

struct blobs {
    uint8_t *rsdp, *tables;
    uint32_t rsdp_bytes, tables_bytes;
    bool rsdp_low, tables_high;
};

static uint8_t *blob(struct blobs *blobs, const char *name, uint32_t *out_bytes)
{
    bool rsdp = strcmp(name, "etc/acpi/rsdp") == 0;

    assert_true(rsdp || strcmp(name, "etc/acpi/tables") == 0);
    *out_bytes = rsdp ? blobs->rsdp_bytes : blobs->tables_bytes;
    return rsdp ? blobs->rsdp : blobs->tables;
}

static void run_command(struct blobs *blobs, const uint8_t *command)
{
    const uint8_t *at = command + 4;
    uint32_t bytes, offset;
    uint8_t *target = blob(blobs, (const char *)at, &bytes);
    uint8_t sum = 0;

    switch (bytes_load_le32(command)) {
    case 1:
        blobs->rsdp_low |= target == blobs->rsdp && bytes_load_le32(at + 56) == 16 && at[60] == 2;
        blobs->tables_high |=
            target == blobs->tables && bytes_load_le32(at + 56) == 64 && at[60] == 1;
        break;
    case 2:
        offset = bytes_load_le32(at + 112);
        assert_true(at[116] == 4 || at[116] == 8);
        assert_true(offset + at[116] <= bytes);
        assert_string_equal((const char *)at + 56, "etc/acpi/tables");
        assert_true(bytes_load_le(target + offset, at[116]) < blobs->tables_bytes);
        bytes_store_le(target + offset, bytes_load_le(target + offset, at[116]) + TABLES_GPA,
                       at[116]);
        break;
    case 3:
        offset = bytes_load_le32(at + 56);
        assert_true(bytes_load_le32(at + 60) + bytes_load_le32(at + 64) <= bytes);
        for (uint32_t i = 0; i < bytes_load_le32(at + 64); i++) {
            sum = (uint8_t)(sum + target[bytes_load_le32(at + 60) + i]);
        }
        target[offset] = (uint8_t)(target[offset] - sum);
        break;
    default: fail_msg("command %u", bytes_load_le32(command));
    }
}

static void expect_sum_zero(const uint8_t *bytes, uint32_t count)
{
    uint8_t sum = 0;

    for (uint32_t i = 0; i < count; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    assert_int_equal(sum, 0);
}

static void test_table_loader(void **state)
{
    struct bench *bench = *state;
    const struct acpi_cpu cpu = { .present = true };
    const struct acpi_config config = { .cpus = &cpu,
                                        .cpu_count = 1,
                                        .below_4g_bytes = 512 * MIB,
                                        .memory_slots = 3,
                                        .device_memory_base = 0x100000000,
                                        .device_memory_bytes = 0x100000000,
                                        .has_fw_cfg = true };
    struct acpi_tables *tables = acpi_tables_create(&config);
    struct blobs blobs = { .rsdp_low = false };
    g_autofree uint8_t *script = NULL;
    const uint8_t *xsdt;
    uint32_t script_bytes;

    acpi_tables_add_to_fw_cfg(tables, bench->fw_cfg);
    acpi_tables_destroy(tables);
    board_fixture_realize(bench->fw_cfg);
    script = file(bench, "etc/table-loader", &script_bytes);
    blobs.rsdp = file(bench, "etc/acpi/rsdp", &blobs.rsdp_bytes);
    blobs.tables = file(bench, "etc/acpi/tables", &blobs.tables_bytes);
    assert_int_equal(script_bytes % 128, 0);
    for (uint32_t at = 0; at < script_bytes; at += 128) {
        run_command(&blobs, script + at);
    }
    assert_true(blobs.rsdp_low);
    assert_true(blobs.tables_high);
    assert_int_equal(blobs.rsdp_bytes, 36);
    expect_sum_zero(blobs.rsdp, 20);
    expect_sum_zero(blobs.rsdp, 36);
    assert_memory_equal(blobs.tables, "FACS", 4); /* at the aligned start */
    xsdt = blobs.tables + (bytes_load_le64(blobs.rsdp + 24) - TABLES_GPA);
    assert_memory_equal(xsdt, "XSDT", 4);
    expect_sum_zero(xsdt, bytes_load_le32(xsdt + 4));
    assert_int_equal(bytes_load_le32(xsdt + 4), 36 + 8 * 8);
    for (unsigned i = 0; i < 8; i++) {
        const uint8_t *table =
            blobs.tables + (bytes_load_le64(xsdt + 36 + (size_t)i * 8) - TABLES_GPA);

        expect_sum_zero(table, bytes_load_le32(table + 4));
    }
    g_free(blobs.rsdp);
    g_free(blobs.tables);
}

/* ---- settings ---- */

static void test_pc(void **state)
{
    struct bench *bench = *state;
    const struct fw_cfg_pc_options options = { .below_4g_bytes = 3072 * MIB,
                                               .above_4g_bytes = 1024 * MIB,
                                               .device_memory_end = 0x300000000,
                                               .cpu_count = 2,
                                               .cpus_max = 4,
                                               .boot_menu = true,
                                               .serial_console = 0x3f8,
                                               .boot_order = "/rom@genroms/a.bin" };
    g_autofree uint8_t *e820 = NULL, *order = NULL, *states = NULL, *end = NULL, *console = NULL;
    uint32_t size;

    fw_cfg_add_pc(bench->fw_cfg, &options);
    board_fixture_realize(bench->fw_cfg);
    assert_int_equal(number(bench, FW_CFG_RAM_SIZE, 8), 4096 * MIB);
    assert_int_equal(number(bench, FW_CFG_NB_CPUS, 2), 2);
    assert_int_equal(number(bench, FW_CFG_MAX_CPUS, 2), 4);
    assert_int_equal(number(bench, FW_CFG_BOOT_MENU, 2), 1);
    assert_int_equal(number(bench, FW_CFG_NOGRAPHIC, 2), 1);
    assert_int_equal(number(bench, FW_CFG_IRQ0_OVERRIDE, 4), 1);
    e820 = file(bench, "etc/e820", &size);
    assert_int_equal(size, 40);
    assert_int_equal(bytes_load_le64(e820 + 8), 3072 * MIB);
    assert_int_equal(bytes_load_le64(e820 + 20), 4096 * MIB);
    assert_int_equal(bytes_load_le64(e820 + 28), 1024 * MIB);
    order = file(bench, "bootorder", &size);
    assert_string_equal((const char *)order, "/rom@genroms/a.bin");
    states = file(bench, "etc/system-states", &size);
    assert_int_equal(size, 6);
    assert_memory_equal(states, "\x80\0\0\0\0\x80", 6);
    end = file(bench, "etc/reserved-memory-end", &size);
    assert_int_equal(bytes_load_le64(end), 0x300000000);
    console = file(bench, "etc/sercon-port", &size);
    assert_int_equal(bytes_load_le64(console), 0x3f8);
}

/* ---- a kernel ---- */

static bool add_linux(struct bench *bench, const uint8_t *kernel, const char *command_line,
                      uint64_t below, GError **error)
{
    GBytes *initrd = g_bytes_new("initrd", 6);
    struct linux_fw_cfg_options options = { .kernel = g_bytes_new(kernel, FILE_BYTES),
                                            .initrd = initrd,
                                            .command_line = command_line,
                                            .below_4g_bytes = below,
                                            .reserved_bytes = MIB };
    bool ok = fw_cfg_add_linux(bench->fw_cfg, &options, error);

    g_bytes_unref(options.kernel);
    g_bytes_unref(initrd);
    return ok;
}

static void test_linux(void **state)
{
    struct bench *bench = *state;
    uint8_t kernel[FILE_BYTES], taken[FILE_BYTES];

    linux_file_fill(kernel);
    assert_true(add_linux(bench, kernel, "quiet", 64 * MIB, NULL));
    board_fixture_realize(bench->fw_cfg);
    assert_int_equal(number(bench, FW_CFG_SETUP_ADDR, 4), 0x10000);
    assert_int_equal(number(bench, FW_CFG_SETUP_SIZE, 4), FILE_KERNEL_AT);
    port_write(bench->f, 0x510, FW_CFG_SETUP_DATA, 2);
    take(bench, taken, FILE_KERNEL_AT);
    assert_memory_equal(taken, kernel, LINUX_TYPE_OF_LOADER);
    assert_int_equal(taken[LINUX_TYPE_OF_LOADER], 0xff);
    assert_int_equal(taken[LINUX_LOADFLAGS], 0x81);
    assert_int_equal(bytes_load_le16(taken + LINUX_HEAP_END_PTR), 0xfe00);
    assert_int_equal(bytes_load_le32(taken + LINUX_CMD_LINE_PTR), 0x20000);
    assert_int_equal(bytes_load_le32(taken + LINUX_RAMDISK_IMAGE), 63 * MIB - 0x1000);
    assert_int_equal(bytes_load_le32(taken + LINUX_RAMDISK_SIZE), 6);
    assert_int_equal(number(bench, FW_CFG_KERNEL_ADDR, 4), 0x100000);
    assert_int_equal(number(bench, FW_CFG_KERNEL_SIZE, 4), FILE_KERNEL_BYTES);
    port_write(bench->f, 0x510, FW_CFG_KERNEL_DATA, 2);
    take(bench, taken, FILE_KERNEL_BYTES);
    assert_memory_equal(taken, kernel + FILE_KERNEL_AT, FILE_KERNEL_BYTES);
    assert_int_equal(number(bench, FW_CFG_INITRD_ADDR, 4), 63 * MIB - 0x1000);
    assert_int_equal(number(bench, FW_CFG_INITRD_SIZE, 4), 6);
    assert_int_equal(number(bench, FW_CFG_CMDLINE_SIZE, 4), 6);
    port_write(bench->f, 0x510, FW_CFG_CMDLINE_DATA, 2);
    take(bench, taken, 6);
    assert_string_equal((const char *)taken, "quiet");
}

/* The option ROM as firmware checks it: signature, size, checksums, a boot entry with a name. */
static void test_option_rom(void **state)
{
    struct bench *bench = *state;
    uint8_t kernel[FILE_BYTES];
    g_autofree uint8_t *rom = NULL;
    const uint8_t *pnp;
    uint32_t size;

    linux_file_fill(kernel);
    assert_true(add_linux(bench, kernel, NULL, 64 * MIB, NULL));
    board_fixture_realize(bench->fw_cfg);
    rom = file(bench, "genroms/linuxboot.bin", &size);
    assert_non_null(rom);
    assert_memory_equal(rom, "\x55\xaa", 2);
    assert_int_equal(rom[2] * 512u, size);
    expect_sum_zero(rom, size);
    pnp = rom + bytes_load_le16(rom + 0x1a);
    assert_memory_equal(pnp, "$PnP", 4);
    assert_int_equal(pnp[5], 2);
    expect_sum_zero(pnp, 32);
    assert_string_equal((const char *)rom + bytes_load_le16(pnp + 16), "Linux kernel");
    assert_in_range(bytes_load_le16(pnp + 26), 0x40, size); /* boot entry vector */
}

static void expect_refusal(struct bench *bench, const uint8_t *kernel, const char *command_line,
                           uint64_t below, const char *text)
{
    g_autoptr(GError) error = NULL;

    assert_false(add_linux(bench, kernel, command_line, below, &error));
    assert_string_equal(error->message, text);
}

static void test_linux_refusals(void **state)
{
    struct bench *bench = *state;
    g_autofree char *line = g_strnfill(2048, 'a');
    uint8_t kernel[FILE_BYTES];

    linux_file_fill(kernel);
    expect_refusal(bench, kernel, line, 64 * MIB,
                   "the command line has 2048 characters; the kernel takes at most 2047");
    expect_refusal(bench, kernel, "", 18 * MIB,
                   "the kernel needs 0x200000 bytes of RAM at 0x1000000; -m gives too little");
    expect_refusal(bench, kernel, "", MIB / 2,
                   "the kernel needs 0x200000 bytes of RAM at 0x1000000; -m gives too little");
    expect_refusal(bench, kernel, "", 19 * MIB,
                   "the initrd, 0x6 bytes, finds no room below 0x80000000 beside the kernel at "
                   "0x1000000-0x11fffff; -m gives too little");
    kernel[LINUX_HEADER_MAGIC] = 0;
    expect_refusal(bench, kernel, "", 64 * MIB,
                   "no Linux kernel: expected \"HdrS\" at offset 0x202 of the file (0x1a30 bytes)");
    linux_file_fill(kernel);
    assert_true(add_linux(bench, kernel, NULL, 64 * MIB, NULL)); /* nothing was added before */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_table_loader, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pc, setup, teardown),
        cmocka_unit_test_setup_teardown(test_linux, setup, teardown),
        cmocka_unit_test_setup_teardown(test_option_rom, setup, teardown),
        cmocka_unit_test_setup_teardown(test_linux_refusals, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
