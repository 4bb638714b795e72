/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linux_loader.c - checks that all has its place, then writes: kernel, initrd, command line,
 * boot_params, descriptors, page tables.
 */
#include "hw/firmware/linux_loader.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "hw/firmware/boot_layout.h"
#include "hw/firmware/linux_image.h"
#include "memory/address_space.h"
#include "trace/trace.h"

/* boot_params (Documentation/arch/x86/zero-page.rst) */
#define PARAMS_BYTES      4096u
#define PARAMS_RSDP       0x070
#define PARAMS_E820_COUNT 0x1e8
#define PARAMS_HEADER     0x1f1
#define PARAMS_HEADER_END 0x290
#define PARAMS_E820       0x2d0
#define LOADER_UNDEFINED  0xff /* type_of_loader: no number assigned */
#define VID_MODE_NORMAL   0xffff
#define ENTRY_64_OFFSET   0x200u

#define GDT_BYTES     32u
#define SELECTOR_CODE 0x10u
#define SELECTOR_DATA 0x18u
/* Base 0, limit 4 GiB, present, ring 0, accessed (Intel SDM 3A 3.4.5). */
#define DESCRIPTOR_CODE_32 0x00cf9b000000ffffull
#define DESCRIPTOR_CODE_64 0x00af9b000000ffffull
#define DESCRIPTOR_DATA    0x00cf93000000ffffull

#define CR0_PE             0x1u
#define CR0_PG             0x80000000u
#define CR4_PAE            0x20u
#define EFER_LME           0x100u
#define EFER_LMA           0x400u
#define PAGE_PRESENT_WRITE 0x3u
#define PAGE_LARGE         0x80u
#define LARGE_PAGE_BYTES   0x200000u
#define TABLE_ENTRIES      512u
#define PAGE_DIRECTORIES   4u /* 1 GiB each */
#define TABLE_COUNT        (2 + PAGE_DIRECTORIES)

/* BIOS data area: segment of the EBDA, KiB of base memory. */
#define BDA_EBDA_SEGMENT 0x40e
#define BDA_BASE_MEMORY  0x413

struct plan {
    const struct linux_boot_options *options;
    struct linux_image image;
    const uint8_t *kernel; /* the whole file */
    const uint8_t *initrd;
    size_t initrd_bytes;
    const char *command_line;
    uint64_t initrd_gpa;
    bool use_64bit;
};

/* ---- everything has its place ---- */

static bool choose_entry(struct plan *plan, GError **error)
{
    enum linux_entry asked = plan->options->entry;

    if (asked == LINUX_ENTRY_64 && !plan->image.has_64bit_entry) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "the kernel has no 64-bit entry (xloadflags of boot protocol %u.%02u)",
                    plan->image.version >> 8, plan->image.version & 0xffu);
        return false;
    }
    plan->use_64bit = asked != LINUX_ENTRY_32 && plan->image.has_64bit_entry;
    return true;
}

static bool check_command_line(const struct plan *plan, GError **error)
{
    size_t length = strlen(plan->command_line);
    size_t max = MIN((size_t)plan->image.command_line_max, BOOT_COMMAND_LINE_BYTES - 1);

    if (length > max) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "the command line has %zu characters; the kernel takes at most %zu", length,
                    max);
        return false;
    }
    return true;
}

static bool check_memory(const struct plan *plan, GError **error)
{
    const struct e820_map *map = plan->options->map;
    const struct linux_image *image = &plan->image;

    if (!e820_map_is_ram(map, 0, BOOT_COMMAND_LINE_GPA + BOOT_COMMAND_LINE_BYTES) ||
        !e820_map_is_ram(map, image->load_gpa, image->memory_bytes)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NO_SPACE,
                    "the kernel needs 0x%" PRIx64 " bytes of RAM at 0x%" PRIx64
                    ", and RAM below 0x%x; -m gives too little",
                    image->memory_bytes, image->load_gpa,
                    BOOT_COMMAND_LINE_GPA + BOOT_COMMAND_LINE_BYTES);
        return false;
    }
    return true;
}

static bool place_initrd(struct plan *plan, GError **error)
{
    const struct linux_image *image = &plan->image;

    if (plan->initrd_bytes == 0) {
        return true;
    }
    /* The kernel frees whole pages of it. */
    if (!e820_map_find_highest(plan->options->map,
                               (plan->initrd_bytes + BOOT_PAGE_BYTES - 1) &
                                   ~((size_t)BOOT_PAGE_BYTES - 1),
                               BOOT_PAGE_BYTES, image->initrd_end, image->load_gpa,
                               image->memory_bytes, &plan->initrd_gpa) ||
        plan->initrd_gpa < BOOT_HIGH_RAM_GPA) {
        g_set_error(
            error, REPLUG_ERROR, REPLUG_ERROR_NO_SPACE,
            "the initrd, 0x%zx bytes, finds no room below 0x%x beside the kernel at 0x%" PRIx64
            "-0x%" PRIx64 "; -m gives too little",
            plan->initrd_bytes, image->initrd_end, image->load_gpa,
            image->load_gpa + image->memory_bytes - 1);
        return false;
    }
    return true;
}

static bool make_plan(const struct linux_boot_options *options, struct plan *plan, GError **error)
{
    size_t size;

    plan->options = options;
    plan->kernel = g_bytes_get_data(options->kernel, &size);
    plan->command_line = options->command_line != NULL ? options->command_line : "";
    if (options->initrd != NULL) {
        plan->initrd = g_bytes_get_data(options->initrd, &plan->initrd_bytes);
    }
    return linux_image_parse(plan->kernel, size, &plan->image, error) &&
           choose_entry(plan, error) && check_command_line(plan, error) &&
           check_memory(plan, error) && place_initrd(plan, error);
}

/* ---- into guest memory ---- */

static bool put(struct dma_port *memory, const char *what, uint64_t gpa, const void *bytes,
                size_t size, GError **error)
{
    if (size > 0 && !memory->write(memory->opaque, gpa, bytes, size)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO,
                    "%s, 0x%zx bytes at 0x%" PRIx64 ", can't be written to guest memory", what,
                    size, gpa);
        return false;
    }
    return true;
}

static void fill_params(const struct plan *plan, uint8_t *params)
{
    const struct e820_map *map = plan->options->map;
    const struct linux_image *image = &plan->image;

    memset(params, 0, PARAMS_BYTES);
    memcpy(params + PARAMS_HEADER, plan->kernel + PARAMS_HEADER,
           MIN(image->header_end, (size_t)PARAMS_HEADER_END) - PARAMS_HEADER);
    params[LINUX_TYPE_OF_LOADER] = LOADER_UNDEFINED;
    params[LINUX_LOADFLAGS] &= (uint8_t)~LINUX_CAN_USE_HEAP; /* the heap is the real-mode part's */
    bytes_store_le16(params + LINUX_VID_MODE, VID_MODE_NORMAL);
    bytes_store_le32(params + LINUX_CODE32_START, (uint32_t)image->load_gpa);
    bytes_store_le32(params + LINUX_RAMDISK_IMAGE, (uint32_t)plan->initrd_gpa);
    bytes_store_le32(params + LINUX_RAMDISK_SIZE, (uint32_t)plan->initrd_bytes);
    bytes_store_le32(params + LINUX_CMD_LINE_PTR, BOOT_COMMAND_LINE_GPA);
    if (image->header_end >= LINUX_SETUP_DATA + 8) {
        bytes_store_le64(params + LINUX_SETUP_DATA, 0);
    }
    bytes_store_le64(params + PARAMS_RSDP, plan->options->rsdp_gpa);
    params[PARAMS_E820_COUNT] = (uint8_t)map->count;
    e820_map_store(map, params + PARAMS_E820);
}

static void fill_gdt(const struct plan *plan, uint8_t *gdt)
{
    memset(gdt, 0, GDT_BYTES);
    bytes_store_le64(gdt + SELECTOR_CODE,
                     plan->use_64bit ? DESCRIPTOR_CODE_64 : DESCRIPTOR_CODE_32);
    bytes_store_le64(gdt + SELECTOR_DATA, DESCRIPTOR_DATA);
}

/* PML4, one page directory pointer table, four page directories of 2 MiB pages. */
static void fill_page_tables(uint8_t *tables)
{
    uint64_t gpa = BOOT_PAGE_TABLES_GPA;
    uint8_t *pointers = tables + BOOT_PAGE_BYTES;
    uint8_t *directories = tables + (size_t)2 * BOOT_PAGE_BYTES;

    memset(tables, 0, (size_t)TABLE_COUNT * BOOT_PAGE_BYTES);
    bytes_store_le64(tables, (gpa + BOOT_PAGE_BYTES) | PAGE_PRESENT_WRITE);
    for (unsigned i = 0; i < PAGE_DIRECTORIES; i++) {
        bytes_store_le64(pointers + (size_t)8 * i,
                         (gpa + (uint64_t)(2 + i) * BOOT_PAGE_BYTES) | PAGE_PRESENT_WRITE);
    }
    for (unsigned i = 0; i < PAGE_DIRECTORIES * TABLE_ENTRIES; i++) {
        bytes_store_le64(directories + (size_t)8 * i,
                         (uint64_t)i * LARGE_PAGE_BYTES | PAGE_PRESENT_WRITE | PAGE_LARGE);
    }
}

static bool put_bios_data(struct dma_port *memory, GError **error)
{
    uint8_t segment[2], base_memory[2];

    bytes_store_le16(segment, BOOT_EBDA_GPA >> 4);
    bytes_store_le16(base_memory, BOOT_EBDA_GPA / 1024);
    return put(memory, "the BIOS data area", BDA_EBDA_SEGMENT, segment, 2, error) &&
           put(memory, "the BIOS data area", BDA_BASE_MEMORY, base_memory, 2, error);
}

static bool put_tables(const struct plan *plan, struct dma_port *memory, GError **error)
{
    g_autofree uint8_t *tables = g_malloc((size_t)TABLE_COUNT * BOOT_PAGE_BYTES);
    uint8_t gdt[GDT_BYTES];

    fill_gdt(plan, gdt);
    if (!put(memory, "the GDT", BOOT_GDT_GPA, gdt, sizeof(gdt), error)) {
        return false;
    }
    if (!plan->use_64bit) {
        return true;
    }
    fill_page_tables(tables);
    return put(memory, "the page tables", BOOT_PAGE_TABLES_GPA, tables,
               (size_t)TABLE_COUNT * BOOT_PAGE_BYTES, error);
}

static bool put_all(const struct plan *plan, struct dma_port *memory, GError **error)
{
    const struct linux_image *image = &plan->image;
    uint8_t params[PARAMS_BYTES];

    fill_params(plan, params);
    return put_bios_data(memory, error) && put_tables(plan, memory, error) &&
           put(memory, "boot_params", BOOT_PARAMS_GPA, params, sizeof(params), error) &&
           put(memory, "the command line", BOOT_COMMAND_LINE_GPA, plan->command_line,
               strlen(plan->command_line) + 1, error) &&
           put(memory, "the kernel", image->load_gpa, plan->kernel + image->kernel_offset,
               image->kernel_bytes, error) &&
           put(memory, "the initrd", plan->initrd_gpa, plan->initrd, plan->initrd_bytes, error);
}

/* ---- entry ---- */

static struct linux_boot entry_state(const struct plan *plan)
{
    struct linux_boot boot = {
        .entry = LINUX_ENTRY_32,
        .rip = plan->image.load_gpa,
        .rsi = BOOT_PARAMS_GPA,
        .cr0 = CR0_PE,
        .gdt_gpa = BOOT_GDT_GPA,
        .gdt_limit = GDT_BYTES - 1,
        .code_selector = SELECTOR_CODE,
        .data_selector = SELECTOR_DATA,
        .kernel_gpa = plan->image.load_gpa,
        .kernel_bytes = plan->image.kernel_bytes,
        .initrd_gpa = plan->initrd_gpa,
        .initrd_bytes = plan->initrd_bytes,
    };

    if (plan->use_64bit) {
        boot.entry = LINUX_ENTRY_64;
        boot.rip += ENTRY_64_OFFSET;
        boot.cr0 |= CR0_PG;
        boot.cr3 = BOOT_PAGE_TABLES_GPA;
        boot.cr4 = CR4_PAE;
        boot.efer = EFER_LME | EFER_LMA;
    }
    return boot;
}

bool linux_boot_load(const struct linux_boot_options *options, struct dma_port *memory,
                     struct linux_boot *out_boot, GError **error)
{
    struct plan plan = { .options = NULL };
    struct linux_boot boot;

    if (!make_plan(options, &plan, error) || !put_all(&plan, memory, error)) {
        return false;
    }
    boot = entry_state(&plan);
    trace_linux_kernel_placed(plan.image.version, boot.kernel_gpa, boot.kernel_bytes, boot.rip);
    trace_linux_initrd_placed(boot.initrd_gpa, boot.initrd_bytes);
    *out_boot = boot;
    return true;
}
