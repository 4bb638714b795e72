/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linux_image.h - what a bzImage says of itself (Linux, Documentation/arch/x86/boot.rst, protocols
 * 2.06 and later). The file is not trusted.
 */
#ifndef REPLUG_HW_FIRMWARE_LINUX_IMAGE_H
#define REPLUG_HW_FIRMWARE_LINUX_IMAGE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Offsets in the file; those from 0x1f1 on are the same in boot_params. */
enum linux_header_offset {
    LINUX_SETUP_SECTS = 0x1f1,
    LINUX_SYSSIZE = 0x1f4,
    LINUX_VID_MODE = 0x1fa,
    LINUX_BOOT_FLAG = 0x1fe,
    LINUX_HEADER_SIZE = 0x201, /* the header ends at 0x202 plus this byte */
    LINUX_HEADER_MAGIC = 0x202,
    LINUX_VERSION = 0x206,
    LINUX_TYPE_OF_LOADER = 0x210,
    LINUX_LOADFLAGS = 0x211,
    LINUX_CODE32_START = 0x214,
    LINUX_RAMDISK_IMAGE = 0x218,
    LINUX_RAMDISK_SIZE = 0x21c,
    LINUX_HEAP_END_PTR = 0x224,
    LINUX_CMD_LINE_PTR = 0x228,
    LINUX_INITRD_ADDR_MAX = 0x22c,
    LINUX_KERNEL_ALIGNMENT = 0x230,
    LINUX_RELOCATABLE_KERNEL = 0x234,
    LINUX_XLOADFLAGS = 0x236,
    LINUX_CMDLINE_SIZE = 0x238,
    LINUX_SETUP_DATA = 0x250,
    LINUX_PREF_ADDRESS = 0x258,
    LINUX_INIT_SIZE = 0x260,
};

#define LINUX_HEADER_BYTES_MAX (0x202 + 0xff) /* from the start of the file */

enum linux_load_flag {
    LINUX_LOADED_HIGH = 1 << 0,
    LINUX_CAN_USE_HEAP = 1 << 7,
};

struct linux_image {
    uint16_t version;     /* 0x020f = 2.15 */
    size_t header_end;    /* offset behind the setup header, at most LINUX_HEADER_BYTES_MAX */
    size_t setup_bytes;   /* the real-mode part, from the start of the file */
    size_t kernel_offset; /* the protected-mode part: the rest of the file */
    size_t kernel_bytes;
    uint64_t load_gpa;         /* where it wants to lie */
    uint64_t memory_bytes;     /* from there on: at least kernel_bytes, 2.10+: init_size */
    uint32_t initrd_end;       /* an initrd ends at or below this; never more than 4 GiB - 1 */
    uint32_t command_line_max; /* bytes without the final zero */
    bool relocatable;
    bool has_64bit_entry; /* at 0x200 of the protected-mode part */
};

/*
 * Errors: UNSUPPORTED for what is no bzImage, an older protocol or a zImage; CORRUPT for a file
 * that is cut or contradicts itself. They name the field, what it holds and what was expected.
 */
bool linux_image_parse(const uint8_t *bytes, size_t size, struct linux_image *out_image,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * The file has the mark of a Linux kernel: says which loader to ask, without an opinion on the
 * rest.
 */
bool linux_image_detect(const uint8_t *bytes, size_t size);

#endif
