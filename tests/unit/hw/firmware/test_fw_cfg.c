/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_fw_cfg.c - items and directory through the ports and by DMA, refusals, what a guest may do
 * wrong.
 */
#include "base/bytes.h"
#include "hw/board_fixture.h"
#include "hw/firmware/fw_cfg.h"
#include "memory/ram_block.h"

#define RAM_BYTES   0x10000u
#define COMMAND_GPA 0x100u
#define TARGET_GPA  0x1000u
#define FILE_TEXT   "the file's content"
#define FILE_LENGTH (sizeof(FILE_TEXT) - 1)

struct bench {
    struct board_fixture *f;
    struct device *fw_cfg;
    struct ram_block *ram;
    struct memory_region ram_region;
};

static const struct type_info *const types[] = { &fw_cfg_io_type_info, NULL };

static void add_text(struct bench *bench, const char *name, const char *text)
{
    GBytes *bytes = g_bytes_new(text, strlen(text));

    fw_cfg_add_file(bench->fw_cfg, name, bytes);
    g_bytes_unref(bytes);
}

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);
    const struct ram_block_options ram = { .name = "ram", .size_bytes = RAM_BYTES };

    bench->f = board_fixture_create(types);
    bench->ram = ram_block_create(&ram, NULL);
    memory_region_init_ram(&bench->ram_region, bench->f->board.memory, "ram", bench->ram);
    memory_region_add_subregion(bench->f->board.system_memory, 0, &bench->ram_region);
    bench->fw_cfg = board_fixture_device(bench->f, TYPE_FW_CFG_IO, "fw_cfg");
    add_text(bench, "opt/zebra", "z");
    add_text(bench, "etc/text", FILE_TEXT);
    add_text(bench, "opt/empty", "");
    fw_cfg_add_file_u64(bench->fw_cfg, "etc/number", 0x1122334455667788);
    fw_cfg_add_u16(bench->fw_cfg, FW_CFG_NB_CPUS, 0x1234);
    fw_cfg_add_u32(bench->fw_cfg, FW_CFG_IRQ0_OVERRIDE, 1);
    fw_cfg_add_u64(bench->fw_cfg, FW_CFG_RAM_SIZE, 0x80000000);
    board_fixture_realize(bench->fw_cfg);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    memory_region_del_subregion(bench->f->board.system_memory, &bench->ram_region);
    memory_region_fini(&bench->ram_region);
    board_fixture_destroy(bench->f);
    ram_block_destroy(bench->ram);
    g_free(bench);
    return 0;
}

static void select_key(struct bench *bench, unsigned key)
{
    port_write(bench->f, 0x510, key, 2);
}

static void expect_data(struct bench *bench, const void *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(port_read(bench->f, 0x511, 1), ((const uint8_t *)bytes)[i]);
    }
}

static void test_items(void **state)
{
    struct bench *bench = *state;

    expect_data(bench, "QEMU\0\0", 6); /* selected by reset; zeros behind the end */
    select_key(bench, FW_CFG_ID);
    expect_data(bench, "\3\0\0\0\0", 5);
    select_key(bench, FW_CFG_NB_CPUS);
    expect_data(bench, "\x34\x12\0", 3);
    select_key(bench, FW_CFG_NB_CPUS | 0x4000); /* the write channel is the same item */
    expect_data(bench, "\x34\x12\0", 3);
    select_key(bench, FW_CFG_RAM_SIZE);
    expect_data(bench, "\0\0\0\x80\0\0\0\0\0", 9);
    select_key(bench, FW_CFG_IRQ0_OVERRIDE);
    expect_data(bench, "\1\0", 2);
    select_key(bench, 0x2); /* the machine has not set it */
    expect_data(bench, "\0\0", 2);
    select_key(bench, 0xffff);
    expect_data(bench, "\0\0", 2);
}

static void test_directory(void **state)
{
    static const struct {
        uint32_t size;
        const char *name;
    } expected[] = {
        { 8, "etc/number" }, { FILE_LENGTH, "etc/text" }, { 0, "opt/empty" }, { 1, "opt/zebra" }
    };
    struct bench *bench = *state;

    select_key(bench, FW_CFG_FILE_DIR);
    expect_data(bench, "\0\0\0\4", 4);
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
        uint8_t entry[64] = { 0 };

        entry[3] = (uint8_t)expected[i].size;
        entry[5] = (uint8_t)(0x20 + i);
        memcpy(entry + 8, expected[i].name, strlen(expected[i].name));
        expect_data(bench, entry, sizeof(entry));
    }
    expect_data(bench, "\0\0", 2);
    select_key(bench, 0x20);
    expect_data(bench, "\x88\x77\x66\x55\x44\x33\x22\x11\0", 9);
    select_key(bench, 0x21);
    expect_data(bench, FILE_TEXT, FILE_LENGTH);
    select_key(bench, 0x22);
    expect_data(bench, "\0", 1);
}

static void test_writes_are_ignored(void **state)
{
    struct bench *bench = *state;

    select_key(bench, 0x21);
    port_write(bench->f, 0x511, 'x', 1);
    port_write(bench->f, 0x510, FW_CFG_ID, 1);
    expect_data(bench, FILE_TEXT, FILE_LENGTH);
}

/* ---- DMA ---- */

static uint8_t *ram(struct bench *bench, uint32_t gpa)
{
    return (uint8_t *)ram_block_host(bench->ram) + gpa;
}

static void put_command(struct bench *bench, uint32_t control, uint32_t length, uint64_t gpa)
{
    uint8_t *command = ram(bench, COMMAND_GPA);

    bytes_store_le32(command, GUINT32_SWAP_LE_BE(control));
    bytes_store_le32(command + 4, GUINT32_SWAP_LE_BE(length));
    bytes_store_le64(command + 8, GUINT64_SWAP_LE_BE(gpa));
}

static uint32_t start_dma(struct bench *bench)
{
    port_write(bench->f, 0x518, GUINT32_SWAP_LE_BE(COMMAND_GPA), 4);
    return GUINT32_SWAP_LE_BE(bytes_load_le32(ram(bench, COMMAND_GPA)));
}

static void test_dma_read(void **state)
{
    struct bench *bench = *state;
    size_t length = FILE_LENGTH;

    assert_int_equal(port_read(bench->f, 0x514, 4), 0x554d4551); /* "QEMU" */
    assert_int_equal(port_read(bench->f, 0x518, 4), 0x47464320); /* " CFG" */
    memset(ram(bench, TARGET_GPA), 0xee, 64);
    put_command(bench, 0x21u << 16 | 0x0a, (uint32_t)length + 4, TARGET_GPA);
    assert_int_equal(start_dma(bench), 0);
    assert_memory_equal(ram(bench, TARGET_GPA), FILE_TEXT "\0\0\0\0\xee", length + 5);
    /* Go on from where the data port is; skip; read the rest. */
    select_key(bench, 0x21);
    expect_data(bench, FILE_TEXT, 2);
    put_command(bench, 0x04, 3, 0);
    assert_int_equal(start_dma(bench), 0);
    put_command(bench, 0x02, 4, TARGET_GPA);
    assert_int_equal(start_dma(bench), 0);
    assert_memory_equal(ram(bench, TARGET_GPA), FILE_TEXT + 5, 4);
    expect_data(bench, FILE_TEXT + 9, length - 9);
    /* A skip far behind the end stays at the end. */
    put_command(bench, 0x04, UINT32_MAX, 0);
    assert_int_equal(start_dma(bench), 0);
    assert_int_equal(start_dma(bench), 0);
    expect_data(bench, "\0", 1);
    /* Neither read nor skip: only the selection. */
    put_command(bench, 0x20u << 16 | 0x08, 100, TARGET_GPA);
    assert_int_equal(start_dma(bench), 0);
    expect_data(bench, "\x88\x77", 2);
}

static void test_dma_refuses(void **state)
{
    struct bench *bench = *state;

    put_command(bench, 0x21u << 16 | 0x18, 4, TARGET_GPA); /* write */
    assert_int_equal(start_dma(bench), 1);
    expect_data(bench, FILE_TEXT, 2);                       /* it was selected */
    put_command(bench, 0x21u << 16 | 0x0a, 4, 0x100000000); /* no memory there */
    assert_int_equal(start_dma(bench), 1);
    put_command(bench, 0x21u << 16 | 0x0a, UINT32_MAX, TARGET_GPA); /* beyond the end of memory */
    assert_int_equal(start_dma(bench), 1);
    put_command(bench, 0x21u << 16 | 0x0a, 4, UINT64_MAX - 1);
    assert_int_equal(start_dma(bench), 1);
    /* The command itself is nowhere; half in memory; halves of the address of odd sizes. */
    port_write(bench->f, 0x514, GUINT32_SWAP_LE_BE(1), 4);
    port_write(bench->f, 0x518, GUINT32_SWAP_LE_BE(COMMAND_GPA), 4);
    port_write(bench->f, 0x518, GUINT32_SWAP_LE_BE(RAM_BYTES - 8), 4);
    port_write(bench->f, 0x514, 0x1234, 2);
    port_write(bench->f, 0x51b, 1, 1);
    /* The high half lasts for one command only. */
    put_command(bench, 0x20u << 16 | 0x0a, 2, TARGET_GPA);
    assert_int_equal(start_dma(bench), 0);
    assert_memory_equal(ram(bench, TARGET_GPA), "\x88\x77", 2);
}

static void test_reset_and_state(void **state)
{
    struct bench *bench = *state;
    const struct device_class *class = device_class(bench->fw_cfg);
    const void *fields = (const char *)bench->fw_cfg + class->state_offset;
    g_autoptr(GString) text = g_string_new("");

    select_key(bench, 0x21);
    expect_data(bench, FILE_TEXT, 3);
    port_write(bench->f, 0x514, GUINT32_SWAP_LE_BE(7), 4);
    state_print(class->state, fields, "fw_cfg", text);
    assert_string_equal(text->str, "fw_cfg.dma_gpa: 0000000700000000\nfw_cfg.offset: 00000003\n"
                                   "fw_cfg.selector: 0021\nfw_cfg.pad: 0000\n");
    device_reset(bench->fw_cfg);
    expect_data(bench, "QEMU", 4);
    put_command(bench, 0x21u << 16 | 0x0a, 1, TARGET_GPA);
    assert_int_equal(start_dma(bench), 0);
}

static void test_realized_twice(void **state)
{
    struct bench *bench = *state;

    assert_true(device_set_realized(bench->fw_cfg, false, NULL));
    assert_int_equal(port_read(bench->f, 0x511, 1), 0xff);
    add_text(bench, "opt/late", "1");
    board_fixture_realize(bench->fw_cfg);
    select_key(bench, FW_CFG_FILE_DIR);
    expect_data(bench, "\0\0\0\5", 4);
}

/* Whatever a guest writes to the ports: nothing but answers. */
static void test_random_accesses(void **state)
{
    struct bench *bench = *state;
    GRand *random = g_rand_new_with_seed(510);

    for (unsigned i = 0; i < 20000; i++) {
        uint16_t port = (uint16_t)(0x50e + g_rand_int_range(random, 0, 16));
        unsigned size = 1u << g_rand_int_range(random, 0, 3);

        if (g_rand_boolean(random)) {
            put_command(bench, g_rand_int(random) & 0x403f001f, g_rand_int(random) & 0x1ffff,
                        g_rand_int(random) & 0x1ffff);
        }
        if (g_rand_int_range(random, 0, 4) == 0) {
            (void)start_dma(bench);
        } else if (g_rand_boolean(random)) {
            port_write(bench->f, port, g_rand_int(random) & 0x3ffff, size);
        } else {
            (void)port_read(bench->f, port, size);
        }
    }
    g_rand_free(random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_items, setup, teardown),
        cmocka_unit_test_setup_teardown(test_directory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_writes_are_ignored, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dma_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dma_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset_and_state, setup, teardown),
        cmocka_unit_test_setup_teardown(test_realized_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_accesses, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
