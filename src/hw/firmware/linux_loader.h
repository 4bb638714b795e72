/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linux_loader.h - puts a Linux kernel, its initrd, command line and boot_params into guest memory
 * and says in which state a processor enters it (Linux, Documentation/arch/x86/boot.rst, 32-bit and
 * 64-bit boot protocol).
 *
 *     struct e820_map map;             e820_map_build_pc(&map, ...): with the ACPI tables, when there are any
 *     struct linux_boot boot;
 *     linux_boot_load(&options, board->dma, &boot, &error);      at the first start and at each reset
 *     state->rip = boot.rip; ...                                 see struct linux_boot
 *
 * What lies where is in boot_layout.h.
 */
#ifndef REPLUG_HW_FIRMWARE_LINUX_LOADER_H
#define REPLUG_HW_FIRMWARE_LINUX_LOADER_H

#include "hw/firmware/e820.h"

struct dma_port;

enum linux_entry {
    LINUX_ENTRY_AUTO, /* 64-bit if the kernel has it */
    LINUX_ENTRY_32,
    LINUX_ENTRY_64,
};

struct linux_boot_options {
    GBytes *kernel;           /* borrowed; a bzImage */
    GBytes *initrd;           /* borrowed; NULL = none */
    const char *command_line; /* NULL = empty */
    const struct e820_map *map;
    uint64_t rsdp_gpa; /* 0 = no ACPI */
    enum linux_entry entry;
};

/*
 * The entry state. All segments are flat; what is not named is zero, interrupts are off.
 *
 *               32-bit                             64-bit
 *   CS          code_selector, 32-bit code         code_selector, 64-bit code (L)
 *   DS ES SS    data_selector, 32-bit data         the same
 *   GDTR        gdt_gpa, gdt_limit                 the same
 *   CR0         PE                                 PE, PG
 *   CR3 CR4     0, 0                               page tables of 4 GiB (identity), PAE
 *   EFER        0                                  LME, LMA
 *   RFLAGS      2                                  2
 *   RSI RIP     boot_params; entry point           the same
 */
struct linux_boot {
    enum linux_entry entry; /* LINUX_ENTRY_32 or LINUX_ENTRY_64 */
    uint64_t rip;
    uint64_t rsi;
    uint64_t cr0, cr3, cr4, efer;
    uint64_t gdt_gpa;
    uint16_t gdt_limit;
    uint16_t code_selector; /* 0x10: __BOOT_CS */
    uint16_t data_selector; /* 0x18: __BOOT_DS */
    uint64_t kernel_gpa, kernel_bytes;
    uint64_t initrd_gpa, initrd_bytes; /* bytes 0 = none */
};

/*
 * Writes through memory. Errors: what linux_image_parse() says of the file; the 64-bit entry was
 * asked for and isn't there (UNSUPPORTED); the command line is longer than the kernel takes
 * (INVALID); no room for kernel or initrd (NO_SPACE, with the sizes). Guest memory is untouched
 * then, unless memory itself refused a write (IO).
 */
bool linux_boot_load(const struct linux_boot_options *options, struct dma_port *memory,
                     struct linux_boot *out_boot, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
