/* SPDX-License-Identifier: GPL-2.0-or-later */
/* multiboot_image.c - finds the multiboot-1 header and reads its address fields or the ELF program headers. */
#include "machine/multiboot_image.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"

#define HEADER_SEARCH_BYTES 8192
#define HEADER_MAGIC        0x1badb002u
#define HEADER_BYTES        12 /* magic, flags, checksum */
#define HEADER_BYTES_LONG   32 /* with the address fields */
#define FLAG_VIDEO          (1u << 2)
#define FLAGS_KNOWN         0x7u    /* page alignment, memory information, video mode */
#define FLAGS_REQUIRED      0xffffu /* a loader must refuse what it does not know of these */
#define FLAG_ADDRESSES      (1u << 16)

/* ELF-32 (System V ABI, chapter 4): offsets in the file header and in a program header. */
enum elf_offset {
    ELF_CLASS = 4,
    ELF_DATA = 5,
    ELF_TYPE = 16,
    ELF_MACHINE = 18,
    ELF_ENTRY = 24,
    ELF_PHOFF = 28,
    ELF_PHENTSIZE = 42,
    ELF_PHNUM = 44,
    ELF_HEADER_BYTES = 52,
    PH_TYPE = 0,
    PH_OFFSET = 4,
    PH_VADDR = 8,
    PH_PADDR = 12,
    PH_FILESZ = 16,
    PH_MEMSZ = 20,
    PH_BYTES = 32,
};

#define ELF_CLASS_32    1
#define ELF_CLASS_64    2
#define ELF_DATA_LE     1
#define ELF_TYPE_EXEC   2
#define ELF_MACHINE_386 3
#define PH_TYPE_LOAD    1

struct file {
    const uint8_t *bytes;
    size_t size;
};

G_GNUC_PRINTF(2, 3) static bool corrupt(GError **error, const char *format, ...)
{
    va_list arguments;
    g_autofree char *text = NULL;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT, text);
    return false;
}

static bool is_elf(const struct file *file)
{
    return file->size >= 16 && memcmp(file->bytes, "\177ELF", 4) == 0;
}

/* Formats that people try, each with its own answer. */
static bool refuse_other_formats(const struct file *file, GError **error)
{
    if (is_elf(file) && file->bytes[ELF_CLASS] == ELF_CLASS_64) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "a 64-bit ELF image; multiboot-1 takes 32-bit ones (objcopy -O elf32-i386 "
                    "makes one)");
        return false;
    }
    if (file->size >= 0x206 && memcmp(file->bytes + 0x202, "HdrS", 4) == 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "a Linux kernel; only multiboot-1 images can be booted");
        return false;
    }
    return true;
}

static bool find_header(const struct file *file, size_t *out_offset, GError **error)
{
    size_t end = MIN(file->size, (size_t)HEADER_SEARCH_BYTES);
    bool seen = false;

    for (size_t at = 0; at + HEADER_BYTES <= end; at += 4) {
        uint32_t flags = bytes_load_le32(file->bytes + at + 4);
        uint32_t checksum = bytes_load_le32(file->bytes + at + 8);

        if (bytes_load_le32(file->bytes + at) != HEADER_MAGIC) {
            continue;
        }
        if (HEADER_MAGIC + flags + checksum == 0) {
            *out_offset = at;
            return true;
        }
        seen = true;
    }
    return corrupt(error,
                   seen ? "the checksum of the multiboot header is wrong"
                        : "no multiboot header in the first %u bytes",
                   HEADER_SEARCH_BYTES);
}

static bool check_flags(uint32_t flags, GError **error)
{
    if ((flags & FLAGS_REQUIRED & ~FLAGS_KNOWN) != 0) {
        return corrupt(error, "the multiboot header requires unknown features: flags 0x%x", flags);
    }
    if ((flags & FLAG_VIDEO) != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "the multiboot header requires a video mode; there is no video device");
        return false;
    }
    return true;
}

/* A part of the file and the memory that it fills are where they may be. */
static bool add_segment(const struct file *file, uint64_t gpa, uint64_t memory_bytes,
                        uint64_t offset, uint64_t file_bytes, struct multiboot_image *image,
                        GError **error)
{
    if (file_bytes > memory_bytes) {
        return corrupt(error,
                       "a segment has more bytes in the file (0x%" PRIx64
                       ") than in memory (0x%" PRIx64 ")",
                       file_bytes, memory_bytes);
    }
    if (offset > file->size || file_bytes > file->size - offset) {
        return corrupt(error,
                       "a segment of 0x%" PRIx64 " bytes at offset 0x%" PRIx64
                       " is beyond the end of the file (0x%zx bytes)",
                       file_bytes, offset, file->size);
    }
    if (gpa + memory_bytes > 1ull << 32) {
        return corrupt(
            error, "a segment of 0x%" PRIx64 " bytes at address 0x%" PRIx64 " goes beyond 4 GiB",
            memory_bytes, gpa);
    }
    if (memory_bytes == 0) {
        return true;
    }
    if (image->segment_count == MULTIBOOT_SEGMENTS_MAX) {
        return corrupt(error, "more than %u segments to load", MULTIBOOT_SEGMENTS_MAX);
    }
    image->segments[image->segment_count++] = (struct multiboot_segment){
        .gpa = (uint32_t)gpa,
        .memory_bytes = (uint32_t)memory_bytes,
        .file_offset = (size_t)offset,
        .file_bytes = (uint32_t)file_bytes,
    };
    return true;
}

/* The header says itself what goes where (flag 16). */
static bool read_addresses(const struct file *file, size_t header, struct multiboot_image *image,
                           GError **error)
{
    uint32_t header_addr, load_addr, load_end_addr, bss_end_addr;
    uint64_t offset, file_bytes, memory_bytes;

    if (file->size - header < HEADER_BYTES_LONG) {
        return corrupt(error, "the file ends within the address fields of the multiboot header");
    }
    header_addr = bytes_load_le32(file->bytes + header + 12);
    load_addr = bytes_load_le32(file->bytes + header + 16);
    load_end_addr = bytes_load_le32(file->bytes + header + 20);
    bss_end_addr = bytes_load_le32(file->bytes + header + 24);
    image->entry = bytes_load_le32(file->bytes + header + 28);
    if (header_addr < load_addr || header_addr - load_addr > header) {
        return corrupt(error,
                       "header_addr 0x%x does not fit load_addr 0x%x: the header is at offset "
                       "0x%zx of the file",
                       header_addr, load_addr, header);
    }
    offset = header - (header_addr - load_addr);
    if (load_end_addr != 0 && load_end_addr < load_addr) {
        return corrupt(error, "load_end_addr 0x%x is below load_addr 0x%x", load_end_addr,
                       load_addr);
    }
    file_bytes = load_end_addr != 0 ? load_end_addr - load_addr : file->size - offset;
    memory_bytes = file_bytes;
    if (bss_end_addr != 0) {
        if (bss_end_addr < load_addr + file_bytes) {
            return corrupt(error, "bss_end_addr 0x%x is below the end of what is loaded",
                           bss_end_addr);
        }
        memory_bytes = bss_end_addr - load_addr;
    }
    return add_segment(file, load_addr, memory_bytes, offset, file_bytes, image, error);
}

static bool check_elf_header(const struct file *file, GError **error)
{
    const uint8_t *bytes = file->bytes;

    if (file->size < ELF_HEADER_BYTES) {
        return corrupt(error, "the file ends within the ELF header");
    }
    if (bytes[ELF_CLASS] != ELF_CLASS_32 || bytes[ELF_DATA] != ELF_DATA_LE ||
        bytes_load_le16(bytes + ELF_MACHINE) != ELF_MACHINE_386 ||
        bytes_load_le16(bytes + ELF_TYPE) != ELF_TYPE_EXEC) {
        return corrupt(error,
                       "class %u, data %u, machine %u, type %u in the ELF header; expected a "
                       "little-endian 32-bit i386 executable (1, 1, 3, 2)",
                       bytes[ELF_CLASS], bytes[ELF_DATA], bytes_load_le16(bytes + ELF_MACHINE),
                       bytes_load_le16(bytes + ELF_TYPE));
    }
    return true;
}

static bool read_program_headers(const struct file *file, struct multiboot_image *image,
                                 GError **error)
{
    uint32_t entry = bytes_load_le32(file->bytes + ELF_ENTRY);
    uint64_t table = bytes_load_le32(file->bytes + ELF_PHOFF);
    uint64_t entry_size = bytes_load_le16(file->bytes + ELF_PHENTSIZE);
    uint64_t count = bytes_load_le16(file->bytes + ELF_PHNUM);
    bool entry_found = false;

    if (count > 0 && entry_size < PH_BYTES) {
        return corrupt(error, "ELF program headers of %u bytes; expected at least %u",
                       (unsigned)entry_size, PH_BYTES);
    }
    if (table > file->size || count * entry_size > file->size - table) {
        return corrupt(error, "the ELF program headers are beyond the end of the file");
    }
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *header = file->bytes + table + i * entry_size;
        uint32_t vaddr = bytes_load_le32(header + PH_VADDR);
        uint32_t paddr = bytes_load_le32(header + PH_PADDR);
        uint32_t memory_bytes = bytes_load_le32(header + PH_MEMSZ);

        if (bytes_load_le32(header + PH_TYPE) != PH_TYPE_LOAD) {
            continue;
        }
        if (!add_segment(file, paddr, memory_bytes, bytes_load_le32(header + PH_OFFSET),
                         bytes_load_le32(header + PH_FILESZ), image, error)) {
            return false;
        }
        if (!entry_found && entry >= vaddr && entry - vaddr < memory_bytes) {
            image->entry = entry - vaddr + paddr;
            entry_found = true;
        }
    }
    return entry_found ||
           corrupt(error, "the entry point 0x%x is in no loaded segment of the ELF file", entry);
}

static bool entry_is_loaded(const struct multiboot_image *image)
{
    for (unsigned i = 0; i < image->segment_count; i++) {
        const struct multiboot_segment *segment = &image->segments[i];

        if (image->entry >= segment->gpa && image->entry - segment->gpa < segment->memory_bytes) {
            return true;
        }
    }
    return false;
}

bool multiboot_image_parse(const uint8_t *bytes, size_t size, struct multiboot_image *out_image,
                           GError **error)
{
    struct file file = { bytes, size };
    struct multiboot_image image = { .flags = 0 };
    size_t header = 0;

    if (!refuse_other_formats(&file, error) || !find_header(&file, &header, error)) {
        return false;
    }
    image.flags = bytes_load_le32(bytes + header + 4);
    if (!check_flags(image.flags, error)) {
        return false;
    }
    if ((image.flags & FLAG_ADDRESSES) != 0) {
        if (!read_addresses(&file, header, &image, error)) {
            return false;
        }
    } else if (!is_elf(&file)) {
        return corrupt(error, "neither an ELF file nor address fields in the multiboot header");
    } else if (!check_elf_header(&file, error) || !read_program_headers(&file, &image, error)) {
        return false;
    }
    if (!entry_is_loaded(&image)) {
        return corrupt(error, "the entry point 0x%x is not in what is loaded", image.entry);
    }
    *out_image = image;
    return true;
}
