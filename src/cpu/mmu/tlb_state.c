/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tlb_state.c - a TLB's content as bytes and back.
 *
 * It is derived from the page tables, but from those of another time: what is still in it decides when
 * the guest's page tables are looked at again, and thus when accessed bits are set. So a CPU that shall
 * go on as it would have done needs its TLB. Host addresses become physical ones; SOFT_TLB_CODE goes, as
 * the code cache is empty behind a load.
 */
#include "cpu/mmu/page_walk.h"
#include "memory/ram_block.h"
#include "state/state_stream.h"

#define FLAGS      (SOFT_TLB_IO | SOFT_TLB_CODE | SOFT_TLB_WATCH)
#define NO_WRITE   8u /* of the byte that stands for a write tag */
#define READ_SHIFT 4u

/* ---- saving ---- */

/* Where a page of the host's is in the guest's memory; of several places any will do. */
static uint64_t gpa_of(const struct soft_cpu *cpu, const uint8_t *host)
{
    const struct flatview *view = address_space_flatview(cpu->cluster->options.memory);

    for (uint32_t i = 0; i < view->count; i++) {
        const struct flat_range *range = &view->ranges[i];
        const uint8_t *first;

        if (range->region->ram == NULL) {
            continue;
        }
        first = (const uint8_t *)ram_block_host(range->region->ram) + range->region_offset;
        if (host >= first && (uint64_t)(host - first) <= range->last - range->first) {
            return range->first + (uint64_t)(host - first);
        }
    }
    invariant(!"a page in the TLB is in the memory map");
    return 0;
}

static void save_data(const struct soft_cpu *cpu, unsigned mmu_index, GByteArray *out)
{
    for (unsigned i = 0; i < SOFT_TLB_SIZE; i++) {
        const struct soft_tlb_entry *entry = &cpu->data[mmu_index][i];
        uint64_t flags;

        if (entry->read == SOFT_TLB_NONE) {
            continue;
        }
        flags = (entry->read & FLAGS) << READ_SHIFT;
        flags |= entry->write == SOFT_TLB_NONE ? NO_WRITE : entry->write & FLAGS & ~SOFT_TLB_CODE;
        state_put_32(out, i);
        state_put_64(out, (entry->read & SOFT_PAGE_MASK) | flags);
        state_put_64(out, entry->gpa);
    }
    state_put_32(out, SOFT_TLB_SIZE);
}

static void save_exec(const struct soft_cpu *cpu, unsigned mmu_index, GByteArray *out)
{
    for (unsigned i = 0; i < SOFT_TLB_EXEC_SIZE; i++) {
        const struct soft_tlb_exec_entry *entry = &cpu->exec[mmu_index][i];
        uint64_t to = (entry->tag & SOFT_PAGE_MASK) + entry->addend;

        if (entry->tag == SOFT_TLB_NONE) {
            continue;
        }
        state_put_32(out, i);
        state_put_64(out, entry->tag);
        state_put_64(out, (entry->tag & SOFT_TLB_IO) != 0
                              ? to
                              : gpa_of(cpu, (const uint8_t *)(uintptr_t)to));
    }
    state_put_32(out, SOFT_TLB_EXEC_SIZE);
}

static void save_log(const struct soft_tlb_log *log, GByteArray *out)
{
    state_put_32(out, log->in_use);
    state_put_32(out, log->count);
    for (unsigned i = 0; i < MIN(log->count, SOFT_TLB_LOG_MAX); i++) {
        state_put_32(out, log->indices[i]);
    }
    state_put_64(out, log->large);
    state_put_64(out, log->huge);
}

void soft_cpu_save_tlb(const struct soft_cpu *cpu, GByteArray *out)
{
    for (unsigned m = 0; m < SOFT_MMU_COUNT; m++) {
        save_data(cpu, m, out);
        save_exec(cpu, m, out);
        save_log(&cpu->tlb_log[m], out);
    }
}

/* ---- loading ---- */

/* NULL with *ok false: no whole page of RAM is there, where one should be. */
static const uint8_t *host_of(const struct soft_cpu *cpu, uint64_t gpa, bool is_io, bool *ok)
{
    const uint8_t *host =
        is_io ? NULL : address_space_ram(cpu->cluster->options.memory, gpa, SOFT_PAGE_SIZE);

    if (gpa % SOFT_PAGE_SIZE != 0 ||
        (!is_io && (host == NULL || (uintptr_t)host % SOFT_PAGE_SIZE != 0))) {
        *ok = false;
        return NULL;
    }
    return host;
}

static bool load_data(struct soft_cpu *cpu, unsigned mmu_index, struct state_stream *stream)
{
    bool ok = true;
    uint32_t i;

    while ((i = state_take_32(stream)) < SOFT_TLB_SIZE && !stream->failed && ok) {
        struct soft_tlb_entry *entry = &cpu->data[mmu_index][i];
        uint64_t tag = state_take_64(stream), page = tag & SOFT_PAGE_MASK;
        uint64_t write = tag & FLAGS;
        const uint8_t *host;

        entry->gpa = state_take_64(stream);
        entry->read = page | (tag >> READ_SHIFT & (SOFT_TLB_IO | SOFT_TLB_WATCH));
        host = host_of(cpu, entry->gpa, (entry->read & SOFT_TLB_IO) != 0, &ok);
        entry->addend = host != NULL ? (uintptr_t)host - page : 0;
        entry->write = (tag & NO_WRITE) != 0 ? SOFT_TLB_NONE : page | write;
        /* By the fast path only RAM is written that the map lets the guest write. */
        if (host == NULL && entry->write != SOFT_TLB_NONE) {
            entry->write |= SOFT_TLB_IO;
        }
        if (host != NULL && entry->write != SOFT_TLB_NONE && (write & SOFT_TLB_IO) == 0) {
            const struct flat_range *range =
                flatview_find(address_space_flatview(cpu->cluster->options.memory), entry->gpa);

            ok = range != NULL && !range->readonly;
        }
        ok = ok && page / SOFT_PAGE_SIZE % SOFT_TLB_SIZE == i;
    }
    return ok && !stream->failed && i == SOFT_TLB_SIZE;
}

static bool load_exec(struct soft_cpu *cpu, unsigned mmu_index, struct state_stream *stream)
{
    bool ok = true;
    uint32_t i;

    while ((i = state_take_32(stream)) < SOFT_TLB_EXEC_SIZE && !stream->failed && ok) {
        struct soft_tlb_exec_entry *entry = &cpu->exec[mmu_index][i];
        uint64_t tag = state_take_64(stream), page = tag & SOFT_PAGE_MASK;
        uint64_t gpa = state_take_64(stream);
        const uint8_t *host = host_of(cpu, gpa, (tag & SOFT_TLB_IO) != 0, &ok);

        entry->tag = page | (tag & SOFT_TLB_IO);
        entry->addend = (host != NULL ? (uintptr_t)host : gpa) - page;
        ok = ok && page / SOFT_PAGE_SIZE % SOFT_TLB_EXEC_SIZE == i;
    }
    return ok && !stream->failed && i == SOFT_TLB_EXEC_SIZE;
}

static bool load_log(struct soft_tlb_log *log, struct state_stream *stream)
{
    uint32_t count;

    log->in_use = state_take_32(stream) != 0;
    count = state_take_32(stream);
    if (count > SOFT_TLB_LOG_MAX + 1) {
        return false;
    }
    log->count = (uint16_t)count;
    for (uint32_t i = 0; i < MIN(count, SOFT_TLB_LOG_MAX); i++) {
        uint32_t index = state_take_32(stream);

        if (index >= SOFT_TLB_SIZE + SOFT_TLB_EXEC_SIZE) {
            return false;
        }
        log->indices[i] = (uint16_t)index;
    }
    log->large = state_take_64(stream);
    log->huge = state_take_64(stream);
    return !stream->failed;
}

bool soft_cpu_load_tlb(struct soft_cpu *cpu, struct state_stream *stream)
{
    bool ok = true;

    soft_tlb_init(cpu);
    for (unsigned m = 0; m < SOFT_MMU_COUNT && ok; m++) {
        ok = load_data(cpu, m, stream) && load_exec(cpu, m, stream) &&
             load_log(&cpu->tlb_log[m], stream);
    }
    if (!ok) {
        soft_tlb_init(cpu);
    }
    return ok;
}
