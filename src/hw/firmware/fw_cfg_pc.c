/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw_cfg_pc.c - fills fw_cfg with what SeaBIOS reads on a PC. */
#include "hw/firmware/fw_cfg_pc.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "hw/firmware/boot_layout.h"
#include "hw/firmware/e820.h"
#include "hw/firmware/firmware_internal.h"
#include "hw/firmware/fw_cfg.h"
#include "hw/firmware/linux_image.h"

/*
 * Sleep states: bit 7 = there is such a state, bits 2:0 SLP_TYP (index = S0 to S5). Only S5 is in
 * the DSDT.
 */
#define STATE_EXISTS 0x80
#define STATES       6u
#define UUID_BYTES   16u

/* Where the real-mode part and the command line go (boot.rst, "Loading The Rest of The Kernel"). */
#define SETUP_GPA        0x10000u
#define COMMAND_LINE_GPA 0x20000u
#define HEAP_END         (COMMAND_LINE_GPA - SETUP_GPA - 0x200u)
#define LOADER_UNDEFINED 0xff
#define KERNEL_GPA       0x100000u

static void add_file(struct device *fw_cfg, const char *name, const void *content, size_t size)
{
    GBytes *bytes = g_bytes_new(content, size);

    fw_cfg_add_file(fw_cfg, name, bytes);
    g_bytes_unref(bytes);
}

static void add_item(struct device *fw_cfg, uint16_t key, const void *content, size_t size)
{
    GBytes *bytes = g_bytes_new(content, size);

    fw_cfg_add_bytes(fw_cfg, key, bytes);
    g_bytes_unref(bytes);
}

/* RAM only: the firmware knows what it reserves. */
static void add_e820(struct device *fw_cfg, const struct fw_cfg_pc_options *options)
{
    struct e820_map map = { .count = 0 };
    GBytes *bytes;

    e820_map_set(&map, 0, options->below_4g_bytes, E820_RAM);
    e820_map_set(&map, BOOT_FOUR_GIB, options->above_4g_bytes, E820_RAM);
    bytes = e820_map_bytes(&map);
    fw_cfg_add_file(fw_cfg, "etc/e820", bytes);
    g_bytes_unref(bytes);
}

void fw_cfg_add_pc(struct device *fw_cfg, const struct fw_cfg_pc_options *options)
{
    static const uint8_t states[STATES] = { STATE_EXISTS, 0, 0, 0, 0, STATE_EXISTS };
    static const uint8_t no_uuid[UUID_BYTES];

    add_item(fw_cfg, FW_CFG_UUID, options->uuid != NULL ? options->uuid : no_uuid, UUID_BYTES);
    fw_cfg_add_u64(fw_cfg, FW_CFG_RAM_SIZE, options->below_4g_bytes + options->above_4g_bytes);
    fw_cfg_add_u16(fw_cfg, FW_CFG_NOGRAPHIC, options->serial_console != 0);
    fw_cfg_add_u16(fw_cfg, FW_CFG_NB_CPUS, options->cpu_count);
    fw_cfg_add_u16(fw_cfg, FW_CFG_MAX_CPUS, options->cpus_max);
    fw_cfg_add_u16(fw_cfg, FW_CFG_BOOT_MENU, options->boot_menu);
    fw_cfg_add_u32(fw_cfg, FW_CFG_IRQ0_OVERRIDE, 1);
    add_e820(fw_cfg, options);
    add_file(fw_cfg, "etc/system-states", states, sizeof(states));
    if (options->device_memory_end != 0) {
        fw_cfg_add_file_u64(fw_cfg, "etc/reserved-memory-end", options->device_memory_end);
    }
    if (options->serial_console != 0) {
        fw_cfg_add_file_u64(fw_cfg, "etc/sercon-port", options->serial_console);
    }
    if (options->boot_order != NULL) {
        add_file(fw_cfg, "bootorder", options->boot_order, strlen(options->boot_order) + 1);
    }
}

/* ---- a Linux kernel ---- */

struct linux_items {
    struct linux_image image;
    const uint8_t *kernel;
    size_t initrd_bytes;
    uint32_t initrd_gpa;
    const char *command_line;
};

static bool check_fits(const struct linux_fw_cfg_options *options, const struct linux_items *items,
                       GError **error)
{
    size_t length = strlen(items->command_line);
    size_t max = MIN((size_t)items->image.command_line_max, BOOT_COMMAND_LINE_BYTES - 1);

    if (length > max) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "the command line has %zu characters; the kernel takes at most %zu", length,
                    max);
        return false;
    }
    if (options->below_4g_bytes < options->reserved_bytes ||
        items->image.load_gpa + items->image.memory_bytes >
            options->below_4g_bytes - options->reserved_bytes) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NO_SPACE,
                    "the kernel needs 0x%" PRIx64 " bytes of RAM at 0x%" PRIx64
                    "; -m gives too little",
                    items->image.memory_bytes, items->image.load_gpa);
        return false;
    }
    return true;
}

static bool place_initrd(const struct linux_fw_cfg_options *options, struct linux_items *items,
                         GError **error)
{
    const struct linux_image *image = &items->image;
    struct e820_map map = { .count = 0 };
    uint64_t gpa;

    if (items->initrd_bytes == 0) {
        return true;
    }
    e820_map_set(&map, BOOT_HIGH_RAM_GPA,
                 options->below_4g_bytes - options->reserved_bytes - BOOT_HIGH_RAM_GPA, E820_RAM);
    /*
     * The option ROM has the kernel at 1 MiB; from there to the end of its final place all is its
     * own.
     */
    if (!e820_map_find_highest(&map, items->initrd_bytes, BOOT_PAGE_BYTES, image->initrd_end,
                               KERNEL_GPA, image->load_gpa + image->memory_bytes - KERNEL_GPA,
                               &gpa)) {
        g_set_error(
            error, REPLUG_ERROR, REPLUG_ERROR_NO_SPACE,
            "the initrd, 0x%zx bytes, finds no room below 0x%x beside the kernel at 0x%" PRIx64
            "-0x%" PRIx64 "; -m gives too little",
            items->initrd_bytes, image->initrd_end, image->load_gpa,
            image->load_gpa + image->memory_bytes - 1);
        return false;
    }
    items->initrd_gpa = (uint32_t)gpa;
    return true;
}

/* The real-mode part with what a loader fills in (boot.rst, "Details of Header Fields"). */
static void add_setup(struct device *fw_cfg, const struct linux_items *items)
{
    size_t size = items->image.setup_bytes;
    uint8_t *setup = g_memdup2(items->kernel, size);
    GBytes *bytes;

    setup[LINUX_TYPE_OF_LOADER] = LOADER_UNDEFINED;
    setup[LINUX_LOADFLAGS] |= LINUX_CAN_USE_HEAP;
    bytes_store_le16(setup + LINUX_HEAP_END_PTR, HEAP_END);
    bytes_store_le32(setup + LINUX_CMD_LINE_PTR, COMMAND_LINE_GPA);
    bytes_store_le32(setup + LINUX_RAMDISK_IMAGE, items->initrd_gpa);
    bytes_store_le32(setup + LINUX_RAMDISK_SIZE, (uint32_t)items->initrd_bytes);
    bytes = g_bytes_new_take(setup, size);
    fw_cfg_add_u32(fw_cfg, FW_CFG_SETUP_ADDR, SETUP_GPA);
    fw_cfg_add_u32(fw_cfg, FW_CFG_SETUP_SIZE, (uint32_t)size);
    fw_cfg_add_bytes(fw_cfg, FW_CFG_SETUP_DATA, bytes);
    g_bytes_unref(bytes);
}

bool fw_cfg_add_linux(struct device *fw_cfg, const struct linux_fw_cfg_options *options,
                      GError **error)
{
    struct linux_items items = { .command_line =
                                     options->command_line != NULL ? options->command_line : "" };
    size_t size;
    GBytes *kernel;

    items.kernel = g_bytes_get_data(options->kernel, &size);
    items.initrd_bytes = options->initrd != NULL ? g_bytes_get_size(options->initrd) : 0;
    if (!linux_image_parse(items.kernel, size, &items.image, error) ||
        !check_fits(options, &items, error) || !place_initrd(options, &items, error)) {
        return false;
    }
    add_setup(fw_cfg, &items);
    kernel = g_bytes_new_from_bytes(options->kernel, items.image.kernel_offset,
                                    items.image.kernel_bytes);
    fw_cfg_add_u32(fw_cfg, FW_CFG_KERNEL_ADDR, KERNEL_GPA);
    fw_cfg_add_u32(fw_cfg, FW_CFG_KERNEL_SIZE, (uint32_t)items.image.kernel_bytes);
    fw_cfg_add_bytes(fw_cfg, FW_CFG_KERNEL_DATA, kernel);
    g_bytes_unref(kernel);
    fw_cfg_add_u32(fw_cfg, FW_CFG_CMDLINE_ADDR, COMMAND_LINE_GPA);
    fw_cfg_add_u32(fw_cfg, FW_CFG_CMDLINE_SIZE, (uint32_t)strlen(items.command_line) + 1);
    add_item(fw_cfg, FW_CFG_CMDLINE_DATA, items.command_line, strlen(items.command_line) + 1);
    fw_cfg_add_u32(fw_cfg, FW_CFG_INITRD_ADDR, items.initrd_gpa);
    fw_cfg_add_u32(fw_cfg, FW_CFG_INITRD_SIZE, (uint32_t)items.initrd_bytes);
    if (items.initrd_bytes > 0) {
        fw_cfg_add_bytes(fw_cfg, FW_CFG_INITRD_DATA, options->initrd);
    }
    add_file(fw_cfg, "genroms/linuxboot.bin", linuxboot_rom, linuxboot_rom_bytes);
    return true;
}
