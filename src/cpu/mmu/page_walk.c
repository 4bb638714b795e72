/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page_walk.c - 32-bit, PAE and 4-level paging (Intel SDM 3A 4.3 to 4.8).
 *
 * Paging structures outside RAM read as zero (not present): a walk never reaches a device.
 */
#include "cpu/mmu/page_walk.h"

#define ENTRY_P       0x1ull
#define ENTRY_W       0x2ull
#define ENTRY_U       0x4ull
#define ENTRY_A       0x20ull
#define ENTRY_D       0x40ull
#define ENTRY_PS      0x80ull
#define ENTRY_G       0x100ull
#define ENTRY_NX      (1ull << 63)
#define ENTRY_ADDRESS 0x000ffffffffff000ull
#define ENTRY_BEYOND  (ENTRY_ADDRESS & ~SOFT_PHYSICAL_MASK) /* above the physical addresses */

/* Of a PDPTE of PAE paging: bits 1, 2, 5-8 and all above the address. */
#define PDPTE_RESERVED (0x1e6ull | ~(SOFT_PHYSICAL_MASK | 0xfff))
/* PAE has no ignored bits above the address as 4-level paging has. */
#define PAE_RESERVED (0x7ff0000000000000ull | ENTRY_BEYOND)

static uint64_t read_entry(struct soft_cpu *cpu, uint64_t gpa, unsigned size)
{
    const uint8_t *host =
        address_space_ram(cpu->cluster->options.memory, gpa & cpu->cluster->a20_mask, size);
    uint64_t value = 0;

    if (host != NULL) {
        memcpy(&value, host, size);
    }
    return value;
}

bool soft_pdptes_load(struct soft_cpu *cpu, uint64_t cr3)
{
    uint64_t pdptes[4];

    for (unsigned i = 0; i < 4; i++) {
        pdptes[i] = read_entry(cpu, (cr3 & 0xffffffe0) + i * 8u, 8);
        if ((pdptes[i] & ENTRY_P) != 0 && (pdptes[i] & PDPTE_RESERVED) != 0) {
            return false;
        }
    }
    memcpy(cpu->state.system.pdpte, pdptes, sizeof(pdptes));
    return true;
}

/* Adds an entry; false = the walk ends here, with a fault. */
static bool take(struct page_walk *walk, uint64_t gpa, uint64_t value, unsigned size,
                 uint64_t reserved)
{
    walk->entries[walk->count++] = (struct page_entry){ gpa, value, size };
    if ((value & ENTRY_P) == 0) {
        return false;
    }
    walk->is_present = true;
    walk->is_reserved = (value & reserved) != 0;
    walk->is_writable = walk->is_writable && (value & ENTRY_W) != 0;
    walk->is_user = walk->is_user && (value & ENTRY_U) != 0;
    walk->is_executable = walk->is_executable && (value & ENTRY_NX) == 0;
    return !walk->is_reserved;
}

/* The entry maps a page of 1 << shift bytes at base. */
static void finish(const struct soft_cpu *cpu, struct page_walk *walk, uint64_t linear,
                   uint64_t base, unsigned shift)
{
    uint64_t value = walk->entries[walk->count - 1].value;
    uint64_t inside = (1ull << shift) - 1;

    walk->gpa = (base & ~inside) | (linear & inside & SOFT_PAGE_MASK);
    walk->is_global = (value & ENTRY_G) != 0 && (cpu->state.system.cr4 & SOFT_CR4_PGE) != 0;
    walk->is_dirty = (value & ENTRY_D) != 0;
    walk->shift = shift;
}

/* Not mapped: whatever was present above counts no more. */
static void absent(struct page_walk *walk)
{
    walk->is_present = walk->is_reserved;
}

static void walk_32bit(struct soft_cpu *cpu, uint64_t linear, struct page_walk *walk)
{
    const struct soft_system_state *system = &cpu->state.system;
    uint64_t gpa = (system->cr3 & 0xfffff000) + ((linear >> 22) & 0x3ff) * 4;
    uint64_t value = read_entry(cpu, gpa, 4);

    if ((value & ENTRY_PS) != 0 && (system->cr4 & SOFT_CR4_PSE) != 0) {
        bool has_36 = soft_has_feature(cpu, SOFT_FEATURE_PSE36);

        /* Bits 13-20 are bits 32-39 of the address with PSE-36. */
        if (!take(walk, gpa, value, 4, has_36 ? 0x200000 : 0x3fe000)) {
            absent(walk);
            return;
        }
        finish(cpu, walk, linear,
               (value & 0xffc00000) | (has_36 ? ((value >> 13) & 0xff) << 32 : 0), 22);
        return;
    }
    if (!take(walk, gpa, value, 4, 0)) {
        absent(walk);
        return;
    }
    gpa = (value & 0xfffff000) + ((linear >> 12) & 0x3ff) * 4;
    value = read_entry(cpu, gpa, 4);
    if (!take(walk, gpa, value, 4, 0)) {
        walk->is_present = false;
        return;
    }
    finish(cpu, walk, linear, value & 0xfffff000, 12);
}

/* From the table at table down to the page; level 4 is the PML4, level 1 the page table. */
static void walk_wide(struct soft_cpu *cpu, uint64_t linear, uint64_t table, unsigned level,
                      uint64_t reserved, struct page_walk *walk)
{
    bool has_1gib = soft_has_feature(cpu, SOFT_FEATURE_PDPE1GB);

    for (;; level--) {
        unsigned shift = 12 + 9 * (level - 1);
        uint64_t gpa = table + ((linear >> shift) & 0x1ff) * 8;
        uint64_t value = read_entry(cpu, gpa, 8);
        bool is_page = level == 1 || (level < 4 && (value & ENTRY_PS) != 0);
        uint64_t extra = 0;

        if (level == 4 || (level == 3 && !has_1gib)) {
            extra = ENTRY_PS;
        } else if (is_page && level > 1) {
            /* Bit 12 is PAT; above it the address begins at the page's size. */
            extra = (1ull << shift) - 0x2000;
        }
        walk->is_present = false;
        if (!take(walk, gpa, value, 8, reserved | extra)) {
            return;
        }
        if (is_page) {
            finish(cpu, walk, linear, value & ENTRY_ADDRESS, shift);
            return;
        }
        table = value & ENTRY_ADDRESS;
    }
}

static void walk_pae(struct soft_cpu *cpu, uint64_t linear, uint64_t reserved,
                     struct page_walk *walk)
{
    uint64_t pdpte = cpu->state.system.pdpte[(linear >> 30) & 3];

    if ((pdpte & ENTRY_P) != 0) {
        walk_wide(cpu, linear, pdpte & ENTRY_ADDRESS, 2, reserved | PAE_RESERVED, walk);
    }
}

void page_walk(struct soft_cpu *cpu, uint64_t linear, struct page_walk *walk)
{
    const struct soft_system_state *system = &cpu->state.system;
    uint64_t reserved = ENTRY_BEYOND | ((system->efer & SOFT_EFER_NXE) != 0 ? 0 : ENTRY_NX);

    walk->count = 0;
    walk->is_present = walk->is_reserved = walk->is_global = false;
    walk->is_writable = walk->is_user = walk->is_executable = true;
    if ((system->cr0 & SOFT_CR0_PG) == 0) {
        walk->gpa = linear & SOFT_PAGE_MASK;
        walk->is_present = walk->is_dirty = true;
        walk->shift = 12;
    } else if ((system->efer & SOFT_EFER_LMA) != 0) {
        walk_wide(cpu, linear, system->cr3 & ENTRY_ADDRESS, 4, reserved, walk);
    } else if ((system->cr4 & SOFT_CR4_PAE) != 0) {
        walk_pae(cpu, linear, reserved, walk);
    } else {
        walk_32bit(cpu, linear, walk);
    }
    walk->gpa &= cpu->cluster->a20_mask;
}

static void set_bits(struct soft_cpu *cpu, const struct page_entry *entry, uint64_t bits)
{
    struct address_space *memory = cpu->cluster->options.memory;
    uint64_t value = entry->value | bits;
    uint64_t gpa = entry->gpa & cpu->cluster->a20_mask;
    uint8_t *host;

    if (value == entry->value || flatview_find(address_space_flatview(memory), gpa)->readonly) {
        return;
    }
    host = address_space_ram(memory, gpa, entry->size);
    memcpy(host, &value, entry->size);
    soft_code_written(cpu->cluster->code, host, entry->size);
}

void page_walk_mark(struct soft_cpu *cpu, const struct page_walk *walk, bool is_write)
{
    for (unsigned i = 0; i < walk->count; i++) {
        bool is_last = i + 1 == walk->count;

        set_bits(cpu, &walk->entries[i], ENTRY_A | (is_write && is_last ? ENTRY_D : 0));
    }
}
