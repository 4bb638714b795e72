/* SPDX-License-Identifier: GPL-2.0-or-later */
/* e820.c - keeps the map sorted and free of overlaps: a new range cuts what it meets. */
#include "hw/firmware/e820.h"

#include "base/bytes.h"
#include "base/invariant.h"
#include "hw/firmware/boot_layout.h"

#define CHIP_BYTES     0x1000u /* the IOAPIC's and the LAPIC's page */
#define HPET_BYTES     0x400u
#define ISA_BIOS_BYTES 0x20000u
/* Where KVM keeps its identity map and TSS below the firmware (KVM API, KVM_SET_TSS_ADDR). */
#define KVM_PAGES_GPA   0xfffbc000u
#define KVM_PAGES_BYTES 0x4000u

/* A list under construction; two more than the map takes, for the cut of one entry into three. */
struct draft {
    unsigned count;
    struct e820_entry entries[E820_ENTRIES_MAX + 2];
};

static uint64_t end_of(const struct e820_entry *entry)
{
    return entry->base + entry->bytes;
}

static void append(struct draft *draft, uint64_t base, uint64_t end, enum e820_type type)
{
    struct e820_entry *last = draft->count > 0 ? &draft->entries[draft->count - 1] : NULL;

    if (base >= end) {
        return;
    }
    if (last != NULL && last->type == type && end_of(last) == base) {
        last->bytes += end - base;
        return;
    }
    invariant(draft->count < G_N_ELEMENTS(draft->entries));
    draft->entries[draft->count++] =
        (struct e820_entry){ .base = base, .bytes = end - base, .type = type };
}

void e820_map_set(struct e820_map *map, uint64_t base, uint64_t bytes, enum e820_type type)
{
    struct draft draft = { .count = 0 };
    uint64_t end = base + bytes;
    bool placed = false;

    if (bytes == 0) {
        return;
    }
    invariant(end > base);
    for (unsigned i = 0; i < map->count; i++) {
        const struct e820_entry *entry = &map->entries[i];

        append(&draft, entry->base, MIN(end_of(entry), base), entry->type);
        if (!placed && end_of(entry) > base) {
            append(&draft, base, end, type);
            placed = true;
        }
        append(&draft, MAX(entry->base, end), end_of(entry), entry->type);
    }
    if (!placed) {
        append(&draft, base, end, type);
    }
    invariant(draft.count <= E820_ENTRIES_MAX);
    map->count = draft.count;
    memcpy(map->entries, draft.entries, draft.count * sizeof(draft.entries[0]));
}

void e820_map_build_pc(struct e820_map *map, const struct e820_pc_options *options)
{
    uint64_t below = options->below_4g_bytes;
    uint64_t bios = options->bios_bytes;

    map->count = 0;
    e820_map_set(map, 0, MIN(below, (uint64_t)BOOT_LOW_RAM_END), E820_RAM);
    if (below > BOOT_HIGH_RAM_GPA) {
        e820_map_set(map, BOOT_HIGH_RAM_GPA, below - BOOT_HIGH_RAM_GPA, E820_RAM);
    }
    e820_map_set(map, BOOT_FOUR_GIB, options->above_4g_bytes, E820_RAM);
    e820_map_set(map, BOOT_EBDA_GPA, BOOT_LOW_RAM_END - BOOT_EBDA_GPA, E820_RESERVED);
    e820_map_set(map, BOOT_HIGH_RAM_GPA - ISA_BIOS_BYTES, ISA_BIOS_BYTES, E820_RESERVED);
    e820_map_set(map, options->acpi_gpa, options->acpi_bytes, E820_ACPI);
    e820_map_set(map, BOOT_IOAPIC_GPA, CHIP_BYTES, E820_RESERVED);
    e820_map_set(map, BOOT_HPET_GPA, HPET_BYTES, E820_RESERVED);
    e820_map_set(map, BOOT_LAPIC_GPA, CHIP_BYTES, E820_RESERVED);
    e820_map_set(map, KVM_PAGES_GPA, KVM_PAGES_BYTES, E820_RESERVED);
    e820_map_set(map, BOOT_FOUR_GIB - bios, bios, E820_RESERVED);
}

/* Entries of one type never touch each other, so a range of RAM lies in one. */
bool e820_map_is_ram(const struct e820_map *map, uint64_t base, uint64_t bytes)
{
    for (unsigned i = 0; i < map->count; i++) {
        const struct e820_entry *entry = &map->entries[i];

        if (entry->type == E820_RAM && base >= entry->base && base - entry->base <= entry->bytes &&
            bytes <= entry->bytes - (base - entry->base)) {
            return true;
        }
    }
    return false;
}

/* The highest place in [base, end); false = too small. */
static bool fit(uint64_t base, uint64_t end, uint64_t bytes, uint64_t align, uint64_t *out_gpa)
{
    uint64_t gpa;

    if (end < base || end - base < bytes) {
        return false;
    }
    gpa = (end - bytes) & ~(align - 1);
    if (gpa < base) {
        return false;
    }
    *out_gpa = gpa;
    return true;
}

bool e820_map_find_highest(const struct e820_map *map, uint64_t bytes, uint64_t align, uint64_t end,
                           uint64_t avoid_base, uint64_t avoid_bytes, uint64_t *out_gpa)
{
    invariant(bytes > 0);
    invariant(align > 0);
    for (unsigned i = map->count; i-- > 0;) {
        const struct e820_entry *entry = &map->entries[i];
        uint64_t entry_end = MIN(end_of(entry), end);

        if (entry->type != E820_RAM || entry->base >= entry_end) {
            continue;
        }
        if (fit(MAX(entry->base, avoid_base + avoid_bytes), entry_end, bytes, align, out_gpa) ||
            fit(entry->base, MIN(entry_end, avoid_base), bytes, align, out_gpa)) {
            return true;
        }
    }
    return false;
}

void e820_map_store(const struct e820_map *map, uint8_t *out)
{
    for (unsigned i = 0; i < map->count; i++, out += E820_ENTRY_BYTES) {
        bytes_store_le64(out, map->entries[i].base);
        bytes_store_le64(out + 8, map->entries[i].bytes);
        bytes_store_le32(out + 16, map->entries[i].type);
    }
}

GBytes *e820_map_bytes(const struct e820_map *map)
{
    size_t size = (size_t)map->count * E820_ENTRY_BYTES;
    uint8_t *bytes = g_malloc(size);

    e820_map_store(map, bytes);
    return g_bytes_new_take(bytes, size);
}
