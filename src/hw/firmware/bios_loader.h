/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bios_loader.h - a flat firmware image (-bios) as ROM where the processor starts.
 *
 *   4 GiB - size  +---------------------+  "pc.bios": the whole image; the reset vector is its last 16 bytes
 *         4 GiB   +---------------------+
 *
 *   0xe0000       +---------------------+  "isa-bios": its last 128 KiB (all of a smaller one)
 *   0x100000      +---------------------+
 *
 * Both lie above RAM and what else is there. Firmware that copies itself into RAM below 1 MiB opens
 * it by the host bridge's PAM registers (hw/pci/i440fx_pam.h).
 */
#ifndef REPLUG_HW_FIRMWARE_BIOS_LOADER_H
#define REPLUG_HW_FIRMWARE_BIOS_LOADER_H

#include "memory/region.h"

#define BIOS_BYTES_MAX 0x1000000u /* 16 MiB */

struct fault_plan;

struct bios_rom {
    struct ram_block *block;
    struct memory_region rom, isa;
    struct memory_region *system; /* where they are mapped; borrowed */
};

/*
 * Copies image and maps both regions into system, at priority. Errors: size is 0, above
 * BIOS_BYTES_MAX or no multiple of 64 KiB (INVALID); memory for it can't be had (IO). Nothing is
 * mapped then.
 */
bool bios_rom_init(struct bios_rom *bios, struct memory_region *system, int32_t priority,
                   GBytes *image, struct fault_plan *faults,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A zeroed one is fine. */
void bios_rom_fini(struct bios_rom *bios);

#endif
