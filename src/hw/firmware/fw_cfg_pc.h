/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fw_cfg_pc.h - the items that SeaBIOS looks for on a PC, and those of a Linux kernel that the
 * firmware is to boot (the option ROM that goes with them, linuxboot.S, puts them into memory).
 */
#ifndef REPLUG_HW_FIRMWARE_FW_CFG_PC_H
#define REPLUG_HW_FIRMWARE_FW_CFG_PC_H

#include "hw/core/device.h"

struct fw_cfg_pc_options {
    uint64_t below_4g_bytes, above_4g_bytes;
    uint64_t device_memory_end; /* 0 = none; where 64-bit BARs may begin */
    uint16_t cpu_count, cpus_max;
    const uint8_t *uuid;     /* 16 bytes, in the order of SMBIOS; NULL = none */
    bool boot_menu;          /* -boot menu=on */
    uint64_t serial_console; /* port of a serial console for the firmware's texts; 0 = none */
    const char *boot_order;  /* device paths, a line each; NULL = firmware's own */
};

void fw_cfg_add_pc(struct device *fw_cfg, const struct fw_cfg_pc_options *options);

/* Boots the kernel of fw_cfg_add_linux() first: for boot_order. */
#define FW_CFG_LINUX_BOOT_ORDER "/rom@genroms/linuxboot.bin"

/*
 * kernel, initrd (NULL = none), command line (NULL = empty), in the items that QEMU's -kernel uses:
 * the real-mode part with its header filled in, and addresses; and the option ROM
 * "genroms/linuxboot.bin", which firmware lists as "Linux kernel" in its boot menu. The initrd
 * keeps reserved_bytes below the end of low RAM free for the firmware's tables (SeaBIOS: 256 KiB
 * and the ACPI tables). Errors: as linux_boot_load(); nothing was added then.
 */
struct linux_fw_cfg_options {
    GBytes *kernel, *initrd;
    const char *command_line;
    uint64_t below_4g_bytes;
    uint64_t reserved_bytes;
};

bool fw_cfg_add_linux(struct device *fw_cfg, const struct linux_fw_cfg_options *options,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
