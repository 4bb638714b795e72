/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fw_cfg.h - "fw_cfg_io": how firmware and guests fetch what the machine has for them, item by item
 * (QEMU, docs/specs/fw_cfg).
 *
 *   port 0x510  write 2 bytes: selects an item, from its start
 *   port 0x511  read 1 byte: the next of the item; 0 behind its end
 *   port 0x514  8 bytes, big-endian. Read: "QEMU CFG". Write, high half first or the low half alone: the address
 *               of a DMA command, carried out by the write of the low half at 0x518
 *
 *   DMA command, big-endian:  +0 control  +4 length  +8 address
 *     control   bit 3 select the item in bits 31:16, then bit 1 read, else bit 4 write (there is nothing that may be
 *               written: an error), else bit 2 skip. Set to 0 when it is done, to 1 (error) when it failed.
 *
 *     struct device *fw_cfg = ...create TYPE_FW_CFG_IO...
 *     fw_cfg_add_u16(fw_cfg, FW_CFG_NB_CPUS, 4); fw_cfg_add_file(fw_cfg, "etc/e820", bytes); ...     fw_cfg_pc.h
 *     realize: the directory of files is made, sorted by name
 */
#ifndef REPLUG_HW_FIRMWARE_FW_CFG_H
#define REPLUG_HW_FIRMWARE_FW_CFG_H

#include "hw/core/device.h"

#define TYPE_FW_CFG_IO "fw_cfg_io"

#define FW_CFG_IO_BASE         0x510
#define FW_CFG_IO_PORTS        12
#define FW_CFG_FILES_MAX       64
#define FW_CFG_FILE_NAME_BYTES 56 /* with the final zero */

enum fw_cfg_key {
    FW_CFG_SIGNATURE = 0x00,
    FW_CFG_ID = 0x01,
    FW_CFG_UUID = 0x02,
    FW_CFG_RAM_SIZE = 0x03,
    FW_CFG_NOGRAPHIC = 0x04,
    FW_CFG_NB_CPUS = 0x05,
    FW_CFG_KERNEL_ADDR = 0x07,
    FW_CFG_KERNEL_SIZE = 0x08,
    FW_CFG_INITRD_ADDR = 0x0a,
    FW_CFG_INITRD_SIZE = 0x0b,
    FW_CFG_BOOT_MENU = 0x0e,
    FW_CFG_MAX_CPUS = 0x0f,
    FW_CFG_KERNEL_ENTRY = 0x10,
    FW_CFG_KERNEL_DATA = 0x11,
    FW_CFG_INITRD_DATA = 0x12,
    FW_CFG_CMDLINE_ADDR = 0x13,
    FW_CFG_CMDLINE_SIZE = 0x14,
    FW_CFG_CMDLINE_DATA = 0x15,
    FW_CFG_SETUP_ADDR = 0x16,
    FW_CFG_SETUP_SIZE = 0x17,
    FW_CFG_SETUP_DATA = 0x18,
    FW_CFG_FILE_DIR = 0x19,
    FW_CFG_FILE_FIRST = 0x20,
    FW_CFG_IRQ0_OVERRIDE = 0x8002,
};

extern const struct type_info fw_cfg_io_type_info;

/* Items, before realize; each key and each name once, names shorter than FW_CFG_FILE_NAME_BYTES, at
 * most FW_CFG_FILES_MAX files (invariants). The device keeps a reference of bytes. */
void fw_cfg_add_bytes(struct device *fw_cfg, uint16_t key, GBytes *bytes);
void fw_cfg_add_u16(struct device *fw_cfg, uint16_t key, uint16_t value);
void fw_cfg_add_u32(struct device *fw_cfg, uint16_t key, uint32_t value);
void fw_cfg_add_u64(struct device *fw_cfg, uint16_t key, uint64_t value);
void fw_cfg_add_file(struct device *fw_cfg, const char *name, GBytes *bytes);
/* A file with a little-endian number of 8 bytes: what firmware reads as a setting. */
void fw_cfg_add_file_u64(struct device *fw_cfg, const char *name, uint64_t value);

#endif
