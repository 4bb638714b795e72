/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * i440fx_pam.h - the 82441FX's PAM registers (0x59 to 0x5f) as they take effect: for each part of 0xc0000 to 0xfffff, who
 * answers (82441FX §3.2.15).
 *
 *   0xf0000  64 KiB       PAM0, bits 5:4          read enable  write enable
 *   0xec000  16 KiB       PAM6, bits 5:4               0            0 or 1     PCI: firmware's ROM, or nothing
 *   0xe8000  16 KiB       PAM6, bits 1:0               1            0          RAM, read only
 *     ...                                              1            1          RAM
 *   0xc0000  16 KiB       PAM1, bits 1:0
 *   0xa0000 128 KiB       always PCI: where a display adapter has its memory
 *
 * Write enable alone, which on hardware reads ROM and writes RAM, is PCI here, as in QEMU.
 */
#ifndef REPLUG_HW_PCI_I440FX_PAM_H
#define REPLUG_HW_PCI_I440FX_PAM_H

#include "memory/region.h"

#define I440FX_PAM_FIRST    0x59
#define I440FX_PAM_LAST     0x5f
#define I440FX_PAM_SEGMENTS 13

struct i440fx_pam {
    struct memory_region *system; /* NULL = not connected: the registers steer nothing */
    struct memory_region hole;    /* behind the windows on pci: all-ones */
    struct memory_region display;
    struct memory_region pci[I440FX_PAM_SEGMENTS], ram[I440FX_PAM_SEGMENTS];
};

/* Above what is mapped in system: windows on pci and on ram, which begins at address 0. All PCI. */
void i440fx_pam_init(struct i440fx_pam *pam, struct memory_region *system,
                     struct memory_region *pci, struct memory_region *ram);
/* A zeroed one is fine. */
void i440fx_pam_fini(struct i440fx_pam *pam);
/* registers: the 7 bytes from I440FX_PAM_FIRST on. */
void i440fx_pam_update(struct i440fx_pam *pam, const uint8_t *registers);

#endif
