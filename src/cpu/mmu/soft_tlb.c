/* SPDX-License-Identifier: GPL-2.0-or-later */
/* soft_tlb.c - filling and flushing the TLBs; paging is off for now: linear is physical. */
#include "cpu/soft_internal.h"

static void fill_data(struct soft_cpu *cpu, uint64_t page, uint64_t gpa, uint8_t *host,
                      bool is_writable, enum soft_mmu_index mmu_index)
{
    struct soft_tlb_entry *entry = &cpu->data[mmu_index][(page / SOFT_PAGE_SIZE) % SOFT_TLB_SIZE];

    entry->gpa = gpa;
    if (host == NULL) {
        entry->addend = 0;
        entry->read = entry->write = page | SOFT_TLB_IO;
        return;
    }
    entry->addend = (uintptr_t)host - page;
    entry->read = page;
    entry->write = !is_writable                                  ? page | SOFT_TLB_IO
                   : soft_code_in_page(cpu->cluster->code, host) ? page | SOFT_TLB_CODE
                                                                 : page;
}

bool soft_tlb_fill(struct soft_cpu *cpu, uint64_t linear, enum soft_access access,
                   enum soft_mmu_index mmu_index)
{
    uint64_t page = linear & SOFT_PAGE_MASK;
    struct address_space *memory = cpu->cluster->options.memory;
    const struct flat_range *range = flatview_find(address_space_flatview(memory), page);
    uint8_t *host = address_space_ram(memory, page, SOFT_PAGE_SIZE);

    if (!soft_is_canonical(linear)) {
        return soft_fail_canonical(cpu);
    }
    if ((uintptr_t)host % SOFT_PAGE_SIZE != 0) {
        host = NULL;
    }
    if (access == SOFT_EXECUTE) {
        struct soft_tlb_exec_entry *entry =
            &cpu->exec[mmu_index][(page / SOFT_PAGE_SIZE) % SOFT_TLB_EXEC_SIZE];

        entry->tag = host != NULL ? page : page | SOFT_TLB_IO;
        entry->addend = host != NULL ? (uintptr_t)host - page : 0;
        return true;
    }
    fill_data(cpu, page, page, host, host != NULL && !range->readonly, mmu_index);
    return true;
}

void soft_tlb_flush(struct soft_cpu *cpu, bool global_too)
{
    (void)global_too;
    for (unsigned m = 0; m < SOFT_MMU_COUNT; m++) {
        for (unsigned i = 0; i < SOFT_TLB_SIZE; i++) {
            cpu->data[m][i].read = cpu->data[m][i].write = SOFT_TLB_NONE;
        }
        for (unsigned i = 0; i < SOFT_TLB_EXEC_SIZE; i++) {
            cpu->exec[m][i].tag = SOFT_TLB_NONE;
        }
    }
}

void soft_tlb_flush_page(struct soft_cpu *cpu, uint64_t linear)
{
    for (unsigned m = 0; m < SOFT_MMU_COUNT; m++) {
        struct soft_tlb_entry *data = &cpu->data[m][(linear / SOFT_PAGE_SIZE) % SOFT_TLB_SIZE];

        data->read = data->write = SOFT_TLB_NONE;
        cpu->exec[m][(linear / SOFT_PAGE_SIZE) % SOFT_TLB_EXEC_SIZE].tag = SOFT_TLB_NONE;
    }
}

/* Write tags of RAM at host_page get or lose SOFT_TLB_CODE. */
static void mark_code(struct soft_cpu *cpu, const uint8_t *host_page, bool is_code)
{
    for (unsigned m = 0; m < SOFT_MMU_COUNT; m++) {
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
    (void)cpu;
    *gpa = linear;
    return true;
}
