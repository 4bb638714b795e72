/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * soft_tlb.c - filling and flushing the TLBs: permissions, page-fault codes, accessed and dirty bits
 * (Intel SDM 3A 4.6 to 4.10).
 *
 * Entries of one PCID alone are kept: a change of CR3 drops all but the global ones. What was filled
 * since the last such drop is listed, so that it costs no more than the fills did.
 */
#include "cpu/mmu/page_walk.h"

#define FAULT_P 0x1u
#define FAULT_W 0x2u
#define FAULT_U 0x4u
#define FAULT_R 0x8u
#define FAULT_I 0x10u

static unsigned data_index(uint64_t linear)
{
    return (unsigned)(linear / SOFT_PAGE_SIZE) % SOFT_TLB_SIZE;
}

static unsigned exec_index(uint64_t linear)
{
    return (unsigned)(linear / SOFT_PAGE_SIZE) % SOFT_TLB_EXEC_SIZE;
}

/* ---- permissions ---- */

static bool is_permitted(const struct soft_cpu *cpu, const struct page_walk *walk,
                         enum soft_access access, enum soft_mmu_index mmu_index)
{
    const struct soft_system_state *system = &cpu->state.system;

    if ((system->cr0 & SOFT_CR0_PG) == 0) {
        return true;
    }
    if (access == SOFT_EXECUTE && !walk->is_executable) {
        return false;
    }
    if (mmu_index == SOFT_MMU_USER) {
        return walk->is_user && (access != SOFT_WRITE || walk->is_writable);
    }
    if (access == SOFT_EXECUTE) {
        return !walk->is_user || (system->cr4 & SOFT_CR4_SMEP) == 0;
    }
    if (walk->is_user && mmu_index == SOFT_MMU_SUPERVISOR && (system->cr4 & SOFT_CR4_SMAP) != 0) {
        return false;
    }
    return access == SOFT_READ || walk->is_writable || (system->cr0 & SOFT_CR0_WP) == 0;
}

static uint32_t fault_code(const struct soft_cpu *cpu, const struct page_walk *walk,
                           enum soft_access access, enum soft_mmu_index mmu_index)
{
    const struct soft_system_state *system = &cpu->state.system;
    bool tells_fetch = (system->cr4 & SOFT_CR4_SMEP) != 0 ||
                       ((system->cr4 & SOFT_CR4_PAE) != 0 && (system->efer & SOFT_EFER_NXE) != 0);

    return (walk->is_present ? FAULT_P : 0) | (access == SOFT_WRITE ? FAULT_W : 0) |
           (mmu_index == SOFT_MMU_USER ? FAULT_U : 0) | (walk->is_reserved ? FAULT_R : 0) |
           (access == SOFT_EXECUTE && tells_fetch ? FAULT_I : 0);
}

/* ---- filling ---- */

static uint64_t large_bit(uint64_t linear)
{
    return 1ull << ((linear >> 22) & 63);
}

static uint64_t huge_bit(uint64_t linear)
{
    return 1ull << ((linear >> 30) & 63);
}

static void note_fill(struct soft_cpu *cpu, enum soft_mmu_index mmu_index, uint64_t linear,
                      const struct page_walk *walk, unsigned index)
{
    struct soft_tlb_log *log = &cpu->tlb_log[mmu_index];

    log->in_use = true;
    if (walk->shift > 12) {
        log->large |= walk->shift < 30 ? large_bit(linear) : 0;
        log->huge |= walk->shift == 30 ? huge_bit(linear) : 0;
    }
    if (walk->is_global || log->count > SOFT_TLB_LOG_MAX) {
        return;
    }
    if (log->count < SOFT_TLB_LOG_MAX) {
        log->indices[log->count] = (uint16_t)index;
    }
    log->count++;
}

/* May a data breakpoint lie in the page that this access would hit? */
static bool is_watched(const struct soft_cpu *cpu, uint64_t page, enum soft_access access)
{
    const uint64_t *dr = cpu->state.system.dr;

    for (unsigned i = 0; i < 4; i++) {
        unsigned type = (unsigned)(dr[7] >> (16 + i * 4)) & 3;

        if (((dr[7] >> (i * 2)) & 3) != 0 && (dr[i] & SOFT_PAGE_MASK) == page &&
            (type == 3 || (type == 1 && access == SOFT_WRITE))) {
            return true;
        }
    }
    return false;
}

static uint64_t watch_bit(const struct soft_cpu *cpu, uint64_t page, enum soft_access access)
{
    return soft_unlikely((cpu->state.system.dr[7] & 0xff) != 0) && is_watched(cpu, page, access)
               ? SOFT_TLB_WATCH
               : 0;
}

struct page_target {
    uint64_t page, gpa;
    uint8_t *host; /* NULL: no RAM */
    bool is_readonly;
    bool write_tag; /* writes need no walk any more */
};

static void fill_data(struct soft_cpu *cpu, struct soft_tlb_entry *entry,
                      const struct page_target *target)
{
    uint64_t page = target->page;

    entry->gpa = target->gpa;
    entry->addend = target->host != NULL ? (uintptr_t)target->host - page : 0;
    entry->read = page | watch_bit(cpu, page, SOFT_READ) | (target->host == NULL ? SOFT_TLB_IO : 0);
    if (!target->write_tag) {
        entry->write = SOFT_TLB_NONE;
        return;
    }
    entry->write = page | watch_bit(cpu, page, SOFT_WRITE);
    if (target->host == NULL || target->is_readonly) {
        entry->write |= SOFT_TLB_IO;
    } else if (soft_code_in_page(cpu->cluster->code, target->host)) {
        entry->write |= SOFT_TLB_CODE;
    }
}

static void find_target(struct soft_cpu *cpu, struct page_target *target)
{
    const struct flat_range *range =
        flatview_find(address_space_flatview(cpu->cluster->options.memory), target->gpa);

    target->host = address_space_ram(cpu->cluster->options.memory, target->gpa, SOFT_PAGE_SIZE);
    /* Tags hold whole pages of the host, and the code cache asks by them. */
    if ((uintptr_t)target->host % SOFT_PAGE_SIZE != 0) {
        target->host = NULL;
    }
    target->is_readonly = range != NULL && range->readonly;
}

bool soft_tlb_fill(struct soft_cpu *cpu, uint64_t linear, enum soft_access access,
                   enum soft_mmu_index mmu_index)
{
    struct page_target target = { .page = linear & SOFT_PAGE_MASK };
    struct page_walk walk;

    if (!soft_is_canonical(linear)) {
        return soft_fail_canonical(cpu);
    }
    page_walk(cpu, linear, &walk);
    if (!walk.is_present || walk.is_reserved || !is_permitted(cpu, &walk, access, mmu_index)) {
        return soft_fail_page(cpu, linear, fault_code(cpu, &walk, access, mmu_index));
    }
    page_walk_mark(cpu, &walk, access == SOFT_WRITE);
    target.gpa = walk.gpa;
    find_target(cpu, &target);
    if (access == SOFT_EXECUTE) {
        struct soft_tlb_exec_entry *entry = &cpu->exec[mmu_index][exec_index(linear)];

        entry->tag = target.page | (target.host == NULL ? SOFT_TLB_IO : 0);
        entry->addend = (target.host != NULL ? (uintptr_t)target.host : target.gpa) - target.page;
        note_fill(cpu, mmu_index, linear, &walk, SOFT_TLB_SIZE + exec_index(linear));
        return true;
    }
    target.write_tag =
        access == SOFT_WRITE || (walk.is_dirty && is_permitted(cpu, &walk, SOFT_WRITE, mmu_index));
    fill_data(cpu, &cpu->data[mmu_index][data_index(linear)], &target);
    note_fill(cpu, mmu_index, linear, &walk, data_index(linear));
    return true;
}

/* ---- flushing ---- */

static void flush_all(struct soft_cpu *cpu, unsigned mmu_index)
{
    memset(cpu->data[mmu_index], 0xff, sizeof(cpu->data[mmu_index]));
    memset(cpu->exec[mmu_index], 0xff, sizeof(cpu->exec[mmu_index]));
    cpu->tlb_log[mmu_index] = (struct soft_tlb_log){ .in_use = false };
}

static void flush_listed(struct soft_cpu *cpu, unsigned mmu_index)
{
    struct soft_tlb_log *log = &cpu->tlb_log[mmu_index];

    for (unsigned i = 0; i < log->count; i++) {
        unsigned index = log->indices[i];

        if (index < SOFT_TLB_SIZE) {
            cpu->data[mmu_index][index].read = SOFT_TLB_NONE;
            cpu->data[mmu_index][index].write = SOFT_TLB_NONE;
        } else {
            cpu->exec[mmu_index][index - SOFT_TLB_SIZE].tag = SOFT_TLB_NONE;
        }
    }
    log->count = 0;
}

void soft_tlb_flush(struct soft_cpu *cpu, bool global_too)
{
    for (unsigned m = 0; m < SOFT_MMU_COUNT; m++) {
        struct soft_tlb_log *log = &cpu->tlb_log[m];

        if (!log->in_use) {
            continue;
        }
        if (global_too || log->count > SOFT_TLB_LOG_MAX) {
            flush_all(cpu, m);
        } else {
            flush_listed(cpu, m);
        }
    }
}

void soft_tlb_init(struct soft_cpu *cpu)
{
    for (unsigned m = 0; m < SOFT_MMU_COUNT; m++) {
        flush_all(cpu, m);
    }
}

/* Everything in the 1 << shift bytes around linear. */
static void flush_region(struct soft_cpu *cpu, unsigned mmu_index, uint64_t linear, unsigned shift)
{
    for (unsigned i = 0; i < SOFT_TLB_SIZE; i++) {
        struct soft_tlb_entry *entry = &cpu->data[mmu_index][i];

        if ((entry->read ^ linear) >> shift == 0) {
            entry->read = entry->write = SOFT_TLB_NONE;
        }
    }
    for (unsigned i = 0; i < SOFT_TLB_EXEC_SIZE; i++) {
        struct soft_tlb_exec_entry *entry = &cpu->exec[mmu_index][i];

        if ((entry->tag ^ linear) >> shift == 0) {
            entry->tag = SOFT_TLB_NONE;
        }
    }
}

void soft_tlb_flush_page(struct soft_cpu *cpu, uint64_t linear)
{
    for (unsigned m = 0; m < SOFT_MMU_COUNT; m++) {
        struct soft_tlb_entry *entry = &cpu->data[m][data_index(linear)];

        if ((cpu->tlb_log[m].huge & huge_bit(linear)) != 0) {
            flush_region(cpu, m, linear, 30);
        } else if ((cpu->tlb_log[m].large & large_bit(linear)) != 0) {
            flush_region(cpu, m, linear, 22);
        }
        entry->read = entry->write = SOFT_TLB_NONE;
        cpu->exec[m][exec_index(linear)].tag = SOFT_TLB_NONE;
    }
}

/* ---- decoded code ---- */

/* Write tags of RAM at host_page get or lose SOFT_TLB_CODE. */
static void mark_code(struct soft_cpu *cpu, const uint8_t *host_page, bool is_code)
{
    for (unsigned m = 0; m < SOFT_MMU_COUNT; m++) {
        if (!cpu->tlb_log[m].in_use) {
            continue;
        }
        for (unsigned i = 0; i < SOFT_TLB_SIZE; i++) {
            struct soft_tlb_entry *entry = &cpu->data[m][i];

            if (entry->write == SOFT_TLB_NONE || (entry->write & SOFT_TLB_IO) != 0 ||
                (const uint8_t *)(uintptr_t)((entry->write & SOFT_PAGE_MASK) + entry->addend) !=
                    host_page) {
                continue;
            }
            entry->write = is_code ? entry->write | SOFT_TLB_CODE : entry->write & ~SOFT_TLB_CODE;
        }
    }
}

void soft_tlb_protect_code(struct soft_cpu *cpu, const uint8_t *host_page)
{
    mark_code(cpu, host_page, true);
}

void soft_tlb_unprotect_code(struct soft_cpu *cpu, const uint8_t *host_page)
{
    mark_code(cpu, host_page, false);
}

bool soft_translate_debug(struct soft_cpu *cpu, uint64_t linear, uint64_t *gpa)
{
    struct page_walk walk;

    if (!soft_is_canonical(linear)) {
        return false;
    }
    page_walk(cpu, linear, &walk);
    *gpa = walk.gpa + linear % SOFT_PAGE_SIZE;
    return walk.is_present && !walk.is_reserved;
}
