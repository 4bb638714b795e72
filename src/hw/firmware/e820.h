/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * e820.h - the map of physical memory that firmware hands to an operating system (ACPI 6.5 §15):
 * sorted ranges without overlap.
 */
#ifndef REPLUG_HW_FIRMWARE_E820_H
#define REPLUG_HW_FIRMWARE_E820_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define E820_ENTRIES_MAX 128 /* what boot_params holds */
#define E820_ENTRY_BYTES 20  /* base, length, type as firmware tables store them */

enum e820_type {
    E820_RAM = 1,
    E820_RESERVED = 2,
    E820_ACPI = 3, /* tables; RAM once they are read */
    E820_NVS = 4,
};

struct e820_entry {
    uint64_t base;
    uint64_t bytes;
    enum e820_type type;
};

struct e820_map {
    unsigned count;
    struct e820_entry entries[E820_ENTRIES_MAX];
};

/*
 * What lies in [base, base + bytes) is of this type from now on, whatever was there before; equal
 * neighbours become one. Nothing to do for 0 bytes. Invariants: the range does not wrap, the map
 * has room (the PC's own ranges are far from its end).
 */
void e820_map_set(struct e820_map *map, uint64_t base, uint64_t bytes, enum e820_type type);

struct e820_pc_options {
    uint64_t below_4g_bytes; /* RAM from 0 on, at most to the PCI hole */
    uint64_t above_4g_bytes; /* RAM from 4 GiB on */
    uint64_t acpi_gpa;       /* the tables (boot_layout.h); bytes 0 = none in RAM */
    uint64_t acpi_bytes;
    uint64_t bios_bytes; /* ROM that ends at 4 GiB; 0 = no firmware */
};

/* The PC of boot_layout.h. */
void e820_map_build_pc(struct e820_map *map, const struct e820_pc_options *options);

/* All of [base, base + bytes) is RAM. */
bool e820_map_is_ram(const struct e820_map *map, uint64_t base, uint64_t bytes);

/*
 * The highest address, a multiple of align (a power of two), at which bytes (not 0) of RAM end at
 * or below end, without touching [avoid_base, avoid_base + avoid_bytes). False = there is none.
 */
bool e820_map_find_highest(const struct e820_map *map, uint64_t bytes, uint64_t align, uint64_t end,
                           uint64_t avoid_base, uint64_t avoid_bytes, uint64_t *out_gpa);

/* count entries of E820_ENTRY_BYTES, little-endian: the form of boot_params and of "etc/e820". */
void e820_map_store(const struct e820_map *map, uint8_t *out);
GBytes *e820_map_bytes(const struct e820_map *map);

#endif
