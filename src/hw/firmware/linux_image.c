/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linux_image.c - reads and checks the setup header of a bzImage. */
#include "hw/firmware/linux_image.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"

#define SECTOR_BYTES        512u
#define PARAGRAPH_BYTES     16u
#define SETUP_SECTS_DEFAULT 4u /* what 0 means, for compatibility (boot.rst, setup_sects) */
#define BOOT_FLAG           0xaa55
#define HEADER_MAGIC        "HdrS"
#define VERSION_MIN         0x0206
#define VERSION_PREF        0x020a /* pref_address, init_size */
#define VERSION_XLOADFLAGS  0x020c
#define HEADER_END_MIN      0x23c /* of protocol 2.06: behind cmdline_size */
#define HEADER_END_PREF     0x264 /* behind init_size */
#define XLF_KERNEL_64       0x1u
#define ENTRY_64_OFFSET     0x200u
#define LOAD_GPA_DEFAULT    0x100000u
#define FOUR_GIB            0x100000000ull

static bool fail(GError **error, enum replug_error_code code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static bool fail(GError **error, enum replug_error_code code, const char *format, ...)
{
    va_list arguments;
    g_autofree char *text = NULL;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, REPLUG_ERROR, (int)code, text);
    return false;
}

bool linux_image_detect(const uint8_t *bytes, size_t size)
{
    return size >= LINUX_HEADER_MAGIC + 4 &&
           memcmp(bytes + LINUX_HEADER_MAGIC, HEADER_MAGIC, 4) == 0;
}

/* The marks, the version and that the whole header is in the file. */
static bool check_header(const uint8_t *bytes, size_t size, struct linux_image *image,
                         GError **error)
{
    uint16_t boot_flag;

    if (!linux_image_detect(bytes, size)) {
        return fail(error, REPLUG_ERROR_UNSUPPORTED,
                    "no Linux kernel: expected \"%s\" at offset 0x%x of the file (0x%zx bytes)",
                    HEADER_MAGIC, LINUX_HEADER_MAGIC, size);
    }
    boot_flag = bytes_load_le16(bytes + LINUX_BOOT_FLAG);
    if (boot_flag != BOOT_FLAG) {
        return fail(error, REPLUG_ERROR_CORRUPT, "boot_flag is 0x%04x; expected 0x%04x", boot_flag,
                    BOOT_FLAG);
    }
    image->header_end = LINUX_HEADER_MAGIC + (size_t)bytes[LINUX_HEADER_SIZE];
    if (size < LINUX_VERSION + 2 || size < image->header_end) {
        return fail(error, REPLUG_ERROR_CORRUPT,
                    "the file ends (0x%zx bytes) within its setup header, which goes to 0x%zx",
                    size, image->header_end);
    }
    image->version = bytes_load_le16(bytes + LINUX_VERSION);
    if (image->version < VERSION_MIN) {
        return fail(error, REPLUG_ERROR_UNSUPPORTED,
                    "boot protocol %u.%02u; expected at least 2.06 (Linux 2.6.22)",
                    image->version >> 8, image->version & 0xffu);
    }
    if (image->header_end < HEADER_END_MIN ||
        (image->version >= VERSION_PREF && image->header_end < HEADER_END_PREF)) {
        return fail(error, REPLUG_ERROR_CORRUPT,
                    "the setup header ends at 0x%zx, too early for boot protocol %u.%02u",
                    image->header_end, image->version >> 8, image->version & 0xffu);
    }
    return true;
}

/* Where the protected-mode part begins, and that all of it is there. */
static bool check_parts(const uint8_t *bytes, size_t size, struct linux_image *image,
                        GError **error)
{
    unsigned sectors =
        bytes[LINUX_SETUP_SECTS] != 0 ? bytes[LINUX_SETUP_SECTS] : SETUP_SECTS_DEFAULT;
    uint64_t said = (uint64_t)bytes_load_le32(bytes + LINUX_SYSSIZE) * PARAGRAPH_BYTES;

    image->setup_bytes = (size_t)(sectors + 1) * SECTOR_BYTES;
    if (image->setup_bytes < image->header_end || size <= image->setup_bytes) {
        return fail(error, REPLUG_ERROR_CORRUPT,
                    "setup_sects %u puts the kernel at offset 0x%zx; the header goes to 0x%zx, the "
                    "file has 0x%zx bytes",
                    sectors, image->setup_bytes, image->header_end, size);
    }
    image->kernel_offset = image->setup_bytes;
    image->kernel_bytes = size - image->setup_bytes;
    /* The last paragraph need not be whole. */
    if (said >= image->kernel_bytes + PARAGRAPH_BYTES) {
        return fail(error, REPLUG_ERROR_CORRUPT,
                    "the file is cut: syssize says 0x%" PRIx64 " bytes of kernel, there are 0x%zx",
                    said, image->kernel_bytes);
    }
    if ((bytes[LINUX_LOADFLAGS] & LINUX_LOADED_HIGH) == 0) {
        return fail(error, REPLUG_ERROR_UNSUPPORTED,
                    "a zImage (loadflags 0x%02x), which loads below 1 MiB; expected a bzImage",
                    bytes[LINUX_LOADFLAGS]);
    }
    return true;
}

static bool is_power_of_two(uint64_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

static bool read_place(const uint8_t *bytes, struct linux_image *image, GError **error)
{
    uint32_t alignment = bytes_load_le32(bytes + LINUX_KERNEL_ALIGNMENT);

    image->relocatable = bytes[LINUX_RELOCATABLE_KERNEL] != 0;
    image->load_gpa = LOAD_GPA_DEFAULT;
    image->memory_bytes = image->kernel_bytes;
    if (image->relocatable && !is_power_of_two(alignment)) {
        return fail(error, REPLUG_ERROR_CORRUPT,
                    "kernel_alignment is 0x%x; expected a power of two of a relocatable kernel",
                    alignment);
    }
    if (image->version >= VERSION_PREF) {
        image->load_gpa = bytes_load_le64(bytes + LINUX_PREF_ADDRESS);
        image->memory_bytes =
            MAX(image->memory_bytes, (uint64_t)bytes_load_le32(bytes + LINUX_INIT_SIZE));
        if (image->relocatable && (image->load_gpa & (alignment - 1)) != 0) {
            return fail(error, REPLUG_ERROR_CORRUPT,
                        "pref_address 0x%" PRIx64 " is no multiple of kernel_alignment 0x%x",
                        image->load_gpa, alignment);
        }
    }
    if (image->load_gpa < LOAD_GPA_DEFAULT || image->load_gpa >= FOUR_GIB ||
        image->memory_bytes > FOUR_GIB - image->load_gpa) {
        return fail(error, REPLUG_ERROR_CORRUPT,
                    "the kernel wants 0x%" PRIx64 " bytes at 0x%" PRIx64
                    "; expected them between 1 MiB and 4 GiB",
                    image->memory_bytes, image->load_gpa);
    }
    return true;
}

static bool read_limits(const uint8_t *bytes, struct linux_image *image, GError **error)
{
    uint32_t initrd_max = bytes_load_le32(bytes + LINUX_INITRD_ADDR_MAX);

    image->initrd_end = initrd_max == UINT32_MAX ? initrd_max : initrd_max + 1;
    image->command_line_max = bytes_load_le32(bytes + LINUX_CMDLINE_SIZE);
    image->has_64bit_entry = image->version >= VERSION_XLOADFLAGS &&
                             (bytes_load_le16(bytes + LINUX_XLOADFLAGS) & XLF_KERNEL_64) != 0;
    if (image->has_64bit_entry && image->kernel_bytes <= ENTRY_64_OFFSET) {
        return fail(error, REPLUG_ERROR_CORRUPT,
                    "the 64-bit entry at 0x%x lies behind the end of the kernel, 0x%zx bytes",
                    ENTRY_64_OFFSET, image->kernel_bytes);
    }
    return true;
}

bool linux_image_parse(const uint8_t *bytes, size_t size, struct linux_image *out_image,
                       GError **error)
{
    struct linux_image image = { .version = 0 };

    if (!check_header(bytes, size, &image, error) || !check_parts(bytes, size, &image, error) ||
        !read_place(bytes, &image, error) || !read_limits(bytes, &image, error)) {
        return false;
    }
    *out_image = image;
    return true;
}
