/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boot_layout.h - where a machine without firmware finds what firmware would have left in memory.
 *
 *   0x00000400  BIOS data area: base memory size, segment of the EBDA          RAM
 *   0x00007000  GDT of the entry state                                         RAM
 *   0x00008000  page tables of the 64-bit entry state: 4 GiB, identity         RAM
 *   0x00010000  boot_params ("zero page")                                      RAM
 *   0x00020000  command line, up to 64 KiB                                     RAM
 *   0x0009fc00  extended BIOS data area, 1 KiB                                 reserved
 *   0x000a0000  VGA and option ROMs                                            no RAM in the map
 *   0x000e0000  RSDP, where a scan for it looks                                reserved
 *   0x00100000  RAM
 *     preferred address of the kernel (0x1000000), its initialisation size
 *     ...
 *     initrd, as high as it may lie, page aligned                              RAM
 *     ACPI tables, page aligned, FACS first                                    ACPI reclaimable
 *   below_4g_bytes  end of the low RAM
 *   0xfec00000  IOAPIC, 0xfed00000 HPET, 0xfee00000 LAPIC                      reserved
 *   0x100000000 RAM above 4 GiB
 *
 * With firmware only the tables in fw_cfg count; it places them by the table loader's script.
 */
#ifndef REPLUG_HW_FIRMWARE_BOOT_LAYOUT_H
#define REPLUG_HW_FIRMWARE_BOOT_LAYOUT_H

#define BOOT_BDA_GPA            0x00000400u
#define BOOT_GDT_GPA            0x00007000u
#define BOOT_PAGE_TABLES_GPA    0x00008000u
#define BOOT_PARAMS_GPA         0x00010000u
#define BOOT_COMMAND_LINE_GPA   0x00020000u
#define BOOT_COMMAND_LINE_BYTES 0x00010000u /* with the final zero */
#define BOOT_EBDA_GPA           0x0009fc00u
#define BOOT_LOW_RAM_END        0x000a0000u
#define BOOT_RSDP_GPA           0x000e0000u
#define BOOT_HIGH_RAM_GPA       0x00100000u
#define BOOT_PAGE_BYTES         4096u
#define BOOT_IOAPIC_GPA         0xfec00000u
#define BOOT_HPET_GPA           0xfed00000u
#define BOOT_LAPIC_GPA          0xfee00000u
#define BOOT_FOUR_GIB           0x100000000ull

#endif
