/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * multiboot.c - boots a multiboot-1 kernel: image, module and information into guest memory, entry state into the CPU.
 *
 *     0x9000  information structure (Multiboot Specification 0.6.96, section 3.3)
 *     0x9080  module table, memory map, texts         up to 0xa0000
 *     ...     the kernel, where its headers say
 *     page    the module (-initrd), behind the kernel's last byte and above 1 MiB
 *
 * Runs at the first boot and at every reset, so a restarted guest finds everything as new.
 */
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "cpu/x86_state.h"
#include "machine/machine_internal.h"
#include "machine/multiboot_image.h"
#include "machine/soft_machine.h"

#define BOOT_MAGIC     0x2badb002u
#define INFO_GPA       0x9000u
#define INFO_BYTES     0x80u
#define INFO_GPA_END   0xa0000u
#define LOWER_MEMORY   0xa0000u
#define MIB            0x100000u
#define FOUR_GIB       (1ull << 32)
#define PAGE_BYTES     4096u
#define MMAP_ROWS_MAX  3
#define MMAP_ROW_BYTES 24u
#define MMAP_TYPE_RAM  1u
#define MODULE_BYTES   16u

enum info_flag {
    INFO_MEMORY = 1 << 0,
    INFO_COMMAND_LINE = 1 << 2,
    INFO_MODULES = 1 << 3,
    INFO_MMAP = 1 << 6,
    INFO_LOADER_NAME = 1 << 9,
};

enum info_offset {
    INFO_OFFSET_FLAGS = 0,
    INFO_OFFSET_MEM_LOWER = 4,
    INFO_OFFSET_MEM_UPPER = 8,
    INFO_OFFSET_COMMAND_LINE = 16,
    INFO_OFFSET_MODS_COUNT = 20,
    INFO_OFFSET_MODS_ADDR = 24,
    INFO_OFFSET_MMAP_LENGTH = 44,
    INFO_OFFSET_MMAP_ADDR = 48,
    INFO_OFFSET_LOADER_NAME = 64,
};

/* The information area as it grows. */
struct info {
    GByteArray *bytes; /* from INFO_GPA on */
    uint32_t flags;
};

static void info_store(struct info *info, uint32_t offset, uint32_t value)
{
    bytes_store_le32(info->bytes->data + offset, value);
}

/* Appends and gives the address at which the bytes will be. */
static uint32_t info_append(struct info *info, const void *bytes, size_t count)
{
    uint32_t gpa = INFO_GPA + info->bytes->len;

    g_byte_array_append(info->bytes, bytes, (guint)count);
    return gpa;
}

static uint32_t info_append_text(struct info *info, const char *text)
{
    return info_append(info, text, strlen(text) + 1);
}

static void mmap_row(struct info *info, uint64_t base, uint64_t length)
{
    uint8_t row[MMAP_ROW_BYTES];

    bytes_store_le32(row, MMAP_ROW_BYTES - 4); /* the size does not count itself */
    bytes_store_le64(row + 4, base);
    bytes_store_le64(row + 12, length);
    bytes_store_le32(row + 20, MMAP_TYPE_RAM);
    (void)info_append(info, row, sizeof(row));
}

static void add_memory(struct info *info, const struct machine *machine)
{
    uint64_t below = machine->below_4g_bytes;
    uint32_t start = INFO_GPA + info->bytes->len;

    mmap_row(info, 0, MIN(below, (uint64_t)LOWER_MEMORY));
    if (below > MIB) {
        mmap_row(info, MIB, below - MIB);
    }
    if (machine->above_4g_bytes > 0) {
        mmap_row(info, FOUR_GIB, machine->above_4g_bytes);
    }
    info_store(info, INFO_OFFSET_MMAP_ADDR, start);
    info_store(info, INFO_OFFSET_MMAP_LENGTH, INFO_GPA + info->bytes->len - start);
    info_store(info, INFO_OFFSET_MEM_LOWER, (uint32_t)(MIN(below, (uint64_t)LOWER_MEMORY) / 1024));
    info_store(info, INFO_OFFSET_MEM_UPPER, (uint32_t)(below > MIB ? (below - MIB) / 1024 : 0));
    info->flags |= INFO_MEMORY | INFO_MMAP;
}

static void add_module(struct info *info, const struct machine *machine, uint32_t module_gpa)
{
    g_autofree char *name = g_path_get_basename(machine->config->initrd);
    uint8_t row[MODULE_BYTES] = { 0 };

    bytes_store_le32(row, module_gpa);
    bytes_store_le32(row + 4, module_gpa + (uint32_t)g_bytes_get_size(machine->initrd_image));
    bytes_store_le32(row + 8, info_append_text(info, name));
    while (info->bytes->len % 4 != 0) {
        (void)info_append(info, "", 1);
    }
    info_store(info, INFO_OFFSET_MODS_ADDR, info_append(info, row, sizeof(row)));
    info_store(info, INFO_OFFSET_MODS_COUNT, 1);
    info->flags |= INFO_MODULES;
}

static void build_info(struct info *info, const struct machine *machine, uint32_t module_gpa)
{
    const char *append = machine->config->append;

    info->bytes = g_byte_array_new();
    g_byte_array_set_size(info->bytes, INFO_BYTES);
    memset(info->bytes->data, 0, INFO_BYTES);
    info->flags = INFO_COMMAND_LINE | INFO_LOADER_NAME;
    add_memory(info, machine);
    if (machine->initrd_image != NULL) {
        add_module(info, machine, module_gpa);
    }
    info_store(info, INFO_OFFSET_LOADER_NAME, info_append_text(info, "Replug"));
    info_store(info, INFO_OFFSET_COMMAND_LINE,
               info_append_text(info, append != NULL ? append : ""));
    info_store(info, INFO_OFFSET_FLAGS, info->flags);
}

/* ---- into guest memory ---- */

/* count bytes and zeros behind them up to memory_bytes. */
static bool put(struct machine *machine, const char *what, uint32_t gpa, const void *bytes,
                size_t count, size_t memory_bytes, GError **error)
{
    uint8_t *host = address_space_ram(machine->memory_space, gpa, memory_bytes);

    if (host == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "%s at 0x%x, 0x%zx bytes, is not in RAM: -m gives 0x%" PRIx64
                    " bytes below 4 GiB, without 0xa0000-0xfffff",
                    what, gpa, memory_bytes, machine->below_4g_bytes);
        return false;
    }
    machine_loaded(machine, gpa, bytes, count, memory_bytes);
    memcpy(host, bytes, count);
    memset(host + count, 0, memory_bytes - count);
    soft_machine_ram_changed(machine, host, memory_bytes);
    return true;
}

static bool put_kernel(struct machine *machine, const struct multiboot_image *image,
                       const uint8_t *bytes, uint32_t info_end, GError **error)
{
    for (unsigned i = 0; i < image->segment_count; i++) {
        const struct multiboot_segment *segment = &image->segments[i];
        uint64_t segment_end = (uint64_t)segment->gpa + segment->memory_bytes;

        if (segment->gpa < info_end && segment_end > INFO_GPA) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                        "a segment at 0x%x, 0x%x bytes, overlaps the boot information at "
                        "0x%x-0x%x",
                        segment->gpa, segment->memory_bytes, INFO_GPA, info_end - 1);
            return false;
        }
        if (!put(machine, "a segment", segment->gpa, bytes + segment->file_offset,
                 segment->file_bytes, segment->memory_bytes, error)) {
            return false;
        }
    }
    return true;
}

static uint64_t kernel_end(const struct multiboot_image *image)
{
    uint64_t end = MIB;

    for (unsigned i = 0; i < image->segment_count; i++) {
        end = MAX(end, (uint64_t)image->segments[i].gpa + image->segments[i].memory_bytes);
    }
    return (end + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
}

static bool put_module(struct machine *machine, uint64_t gpa, GError **error)
{
    size_t size;
    const void *bytes;

    if (machine->initrd_image == NULL) {
        return true;
    }
    bytes = g_bytes_get_data(machine->initrd_image, &size);
    if (gpa + size > machine->below_4g_bytes) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NO_SPACE,
                    "-initrd: 0x%zx bytes don't fit behind the kernel, at 0x%" PRIx64
                    " of 0x%" PRIx64 " bytes of RAM",
                    size, gpa, machine->below_4g_bytes);
        return false;
    }
    return size == 0 || put(machine, "-initrd", (uint32_t)gpa, bytes, size, size, error);
}

/* ---- entry state: section 3.2 ---- */

static struct x86_segment flat_segment(uint16_t selector, uint32_t type)
{
    return (struct x86_segment){
        .base = 0,
        .limit = 0xffffffffu,
        /* Code or data (S), present, 32-bit, limit in pages. */
        .attributes = type | 1u << 4 | 1u << 7 | 1u << 14 | 1u << 15,
        .selector = selector,
    };
}

static void enter_protected_mode(struct x86_state *state, uint32_t entry)
{
    static const enum x86_segment_index data_segments[] = { X86_ES, X86_SS, X86_DS, X86_FS,
                                                            X86_GS };

    state->cr0 = (state->cr0 & ~0x80000000ull) | 1;
    state->rflags = 2;
    state->rip = entry;
    state->gpr[X86_RAX] = BOOT_MAGIC;
    state->gpr[X86_RBX] = INFO_GPA;
    state->segments[X86_CS] = flat_segment(0x08, 0xb);
    for (unsigned i = 0; i < G_N_ELEMENTS(data_segments); i++) {
        state->segments[data_segments[i]] = flat_segment(0x10, 0x3);
    }
}

static bool load(struct machine *machine, struct x86_state *out_state, GError **error)
{
    size_t size;
    const uint8_t *bytes = g_bytes_get_data(machine->kernel_image, &size);
    struct multiboot_image image;
    struct info info;
    uint64_t module_gpa;
    bool ok;

    if (!multiboot_image_parse(bytes, size, &image, error)) {
        return false;
    }
    module_gpa = kernel_end(&image);
    build_info(&info, machine, (uint32_t)module_gpa);
    if (INFO_GPA + info.bytes->len > INFO_GPA_END) {
        g_byte_array_unref(info.bytes);
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NO_SPACE,
                    "-append: the command line is too long; expected at most about %u bytes",
                    INFO_GPA_END - INFO_GPA - PAGE_BYTES);
        return false;
    }
    ok = put_kernel(machine, &image, bytes, INFO_GPA + info.bytes->len, error) &&
         put_module(machine, module_gpa, error) &&
         put(machine, "the boot information", INFO_GPA, info.bytes->data, info.bytes->len,
             info.bytes->len, error);
    g_byte_array_unref(info.bytes);
    if (ok) {
        enter_protected_mode(out_state, image.entry);
    }
    return ok;
}

bool multiboot_load(struct machine *machine, struct x86_state *out_state, GError **error)
{
    bool ok = load(machine, out_state, error);

    if (!ok) {
        g_prefix_error(error, "-kernel %s: ", machine->config->kernel);
    }
    return ok;
}
