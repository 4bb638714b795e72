/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linux_file.h - makes a small bzImage for tests: a right header and a recognizable kernel. */
#ifndef REPLUG_TESTS_UNIT_HW_FIRMWARE_LINUX_FILE_H
#define REPLUG_TESTS_UNIT_HW_FIRMWARE_LINUX_FILE_H

#include "base/bytes.h"
#include "hw/firmware/linux_image.h"

#define FILE_SETUP_SECTS  3u
#define FILE_KERNEL_AT    ((FILE_SETUP_SECTS + 1) * 512)
#define FILE_KERNEL_BYTES 0x1230u
#define FILE_BYTES        (FILE_KERNEL_AT + FILE_KERNEL_BYTES)
#define FILE_LOAD_GPA     0x1000000u
#define FILE_INIT_SIZE    0x200000u

/* Protocol 2.15, 64-bit entry, as a distribution's kernel has it. */
static inline void linux_file_fill(uint8_t file[FILE_BYTES])
{
    memset(file, 0, FILE_BYTES);
    file[LINUX_SETUP_SECTS] = FILE_SETUP_SECTS;
    bytes_store_le32(file + LINUX_SYSSIZE, FILE_KERNEL_BYTES / 16);
    bytes_store_le16(file + LINUX_BOOT_FLAG, 0xaa55);
    file[0x200] = 0xeb;
    file[LINUX_HEADER_SIZE] = 0x6a;
    memcpy(file + LINUX_HEADER_MAGIC, "HdrS", 4);
    bytes_store_le16(file + LINUX_VERSION, 0x020f);
    file[LINUX_LOADFLAGS] = LINUX_LOADED_HIGH | LINUX_CAN_USE_HEAP;
    bytes_store_le32(file + LINUX_CODE32_START, 0x100000);
    bytes_store_le32(file + LINUX_INITRD_ADDR_MAX, 0x7fffffff);
    bytes_store_le32(file + LINUX_KERNEL_ALIGNMENT, 0x200000);
    file[LINUX_RELOCATABLE_KERNEL] = 1;
    bytes_store_le16(file + LINUX_XLOADFLAGS, 0x3f);
    bytes_store_le32(file + LINUX_CMDLINE_SIZE, 2047);
    bytes_store_le64(file + LINUX_SETUP_DATA, 0x1122334455667788);
    bytes_store_le64(file + LINUX_PREF_ADDRESS, FILE_LOAD_GPA);
    bytes_store_le32(file + LINUX_INIT_SIZE, FILE_INIT_SIZE);
    for (unsigned i = 0; i < FILE_KERNEL_BYTES; i++) {
        file[FILE_KERNEL_AT + i] = (uint8_t)(i * 7 + 1);
    }
}

#endif
