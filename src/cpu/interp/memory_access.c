/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory_access.c - guest memory beyond the TLB's fast path: first accesses, page borders, devices,
 * pages with decoded code, watched pages.
 */
#include "cpu/soft_internal.h"

/* The instruction is started over alone in its block, where devices and code may be reached. */
static bool retry_alone(struct soft_cpu *cpu)
{
    cpu->leave = SOFT_LEAVE_RETRY;
    return false;
}

static bool tag_matches(uint64_t tag, uint64_t linear)
{
    return tag != SOFT_TLB_NONE && (tag & SOFT_PAGE_MASK) == (linear & SOFT_PAGE_MASK);
}

static uint64_t tag_of(const struct soft_tlb_entry *entry, enum soft_access access)
{
    return access == SOFT_WRITE ? entry->write : entry->read;
}

/* The TLB's entry for the page, filled if need be; NULL = fault or retry. */
static const struct soft_tlb_entry *find_entry(struct soft_cpu *cpu, uint64_t linear, unsigned size,
                                               enum soft_access access,
                                               enum soft_mmu_index mmu_index)
{
    const struct soft_tlb_entry *entry =
        &cpu->data[mmu_index][(linear / SOFT_PAGE_SIZE) % SOFT_TLB_SIZE];
    uint64_t tag;

    if (!tag_matches(tag_of(entry, access), linear) &&
        !soft_tlb_fill(cpu, linear, access, mmu_index)) {
        return NULL;
    }
    tag = tag_of(entry, access);
    if ((tag & (SOFT_TLB_IO | SOFT_TLB_WATCH)) != 0 && !soft_may_reach_devices(cpu)) {
        (void)retry_alone(cpu);
        return NULL;
    }
    if ((tag & SOFT_TLB_CODE) != 0 && !soft_may_reach_devices(cpu) &&
        soft_code_overlaps(cpu->cluster->code, (const uint8_t *)(uintptr_t)(linear + entry->addend),
                           size)) {
        (void)retry_alone(cpu);
        return NULL;
    }
    return entry;
}

static void reach_device(struct soft_cpu *cpu, uint64_t gpa, void *bytes, unsigned size,
                         enum soft_access access)
{
    soft_sync_time(cpu, cpu->block->ops);
    if (access == SOFT_WRITE) {
        (void)address_space_write(cpu->cluster->options.memory, gpa, bytes, size);
    } else {
        (void)address_space_read(cpu->cluster->options.memory, gpa, bytes, size);
    }
    soft_tell_access(
        cpu, &(struct soft_device_access){
                 .address = gpa, .bytes = bytes, .size = size, .is_write = access == SOFT_WRITE });
}

static bool access_in_page(struct soft_cpu *cpu, uint64_t linear, void *bytes, unsigned size,
                           enum soft_access access, enum soft_mmu_index mmu_index)
{
    const struct soft_tlb_entry *entry = find_entry(cpu, linear, size, access, mmu_index);
    uint8_t *host;
    uint64_t tag;

    if (entry == NULL) {
        return false;
    }
    tag = tag_of(entry, access);
    if ((tag & SOFT_TLB_WATCH) != 0) {
        soft_debug_watch(cpu, linear, size, access);
    }
    if ((tag & SOFT_TLB_IO) != 0) {
        reach_device(cpu, entry->gpa + linear % SOFT_PAGE_SIZE, bytes, size, access);
        return true;
    }
    host = (uint8_t *)(uintptr_t)(linear + entry->addend);
    if (access != SOFT_WRITE) {
        memcpy(bytes, host, size);
        return true;
    }
    memcpy(host, bytes, size);
    if ((tag & SOFT_TLB_CODE) != 0) {
        soft_code_written(cpu->cluster->code, host, size);
    }
    return true;
}

/* Outside 64-bit mode linear addresses wrap at 4 GiB. */
static uint64_t wrap(const struct soft_cpu *cpu, uint64_t linear)
{
    return cpu->is_64bit || cpu->long_mode ? linear : (uint32_t)linear;
}

static bool access_any(struct soft_cpu *cpu, uint64_t linear, void *bytes, unsigned size,
                       enum soft_access access, enum soft_mmu_index mmu_index)
{
    unsigned first = MIN(size, (unsigned)(SOFT_PAGE_SIZE - linear % SOFT_PAGE_SIZE));
    uint64_t second = wrap(cpu, linear + first);

    if (first == size) {
        return access_in_page(cpu, linear, bytes, size, access, mmu_index);
    }
    if (find_entry(cpu, linear, first, access, mmu_index) == NULL ||
        find_entry(cpu, second, size - first, access, mmu_index) == NULL) {
        return false;
    }
    return access_in_page(cpu, linear, bytes, first, access, mmu_index) &&
           access_in_page(cpu, second, (uint8_t *)bytes + first, size - first, access, mmu_index);
}

static bool is_aligned(struct soft_cpu *cpu, uint64_t linear, unsigned size)
{
    if (soft_unlikely(cpu->align_check) && (size & (size - 1)) == 0 && size <= 16 &&
        (linear & (MIN(size, 8u) - 1)) != 0) {
        return soft_fail_code(cpu, SOFT_AC, 0);
    }
    return true;
}

bool soft_load_slow(struct soft_cpu *cpu, uint64_t linear, void *bytes, unsigned size)
{
    return is_aligned(cpu, linear, size) &&
           access_any(cpu, linear, bytes, size, SOFT_READ, cpu->mmu_index);
}

bool soft_store_slow(struct soft_cpu *cpu, uint64_t linear, const void *bytes, unsigned size)
{
    return is_aligned(cpu, linear, size) &&
           access_any(cpu, linear, (void *)(uintptr_t)bytes, size, SOFT_WRITE, cpu->mmu_index);
}

bool soft_probe_store(struct soft_cpu *cpu, uint64_t linear, unsigned size)
{
    unsigned first = MIN(size, (unsigned)(SOFT_PAGE_SIZE - linear % SOFT_PAGE_SIZE));

    return is_aligned(cpu, linear, size) &&
           find_entry(cpu, linear, first, SOFT_WRITE, cpu->mmu_index) != NULL &&
           (first == size || find_entry(cpu, wrap(cpu, linear + first), size - first, SOFT_WRITE,
                                        cpu->mmu_index) != NULL);
}

bool soft_load_system(struct soft_cpu *cpu, uint64_t linear, void *bytes, unsigned size)
{
    return access_any(cpu, wrap(cpu, linear), bytes, size, SOFT_READ, SOFT_MMU_SUPERVISOR);
}

bool soft_store_system(struct soft_cpu *cpu, uint64_t linear, const void *bytes, unsigned size)
{
    return access_any(cpu, wrap(cpu, linear), (void *)(uintptr_t)bytes, size, SOFT_WRITE,
                      SOFT_MMU_SUPERVISOR);
}

/* ---- segmentation ---- */

#define TYPE_WRITABLE    0x2u /* of data; of code: readable */
#define TYPE_EXPAND_DOWN 0x4u
#define TYPE_CODE        0x8u
#define SEGMENT_BIG      0x4000u
#define SEGMENT_UNUSABLE 0x10000u

static bool segment_violation(struct soft_cpu *cpu, unsigned segment)
{
    return soft_fail_code(cpu, segment == X86_SS ? SOFT_SS : SOFT_GP, 0);
}

static bool type_permits(const struct x86_segment *segment, enum soft_access access)
{
    bool second_bit = (segment->attributes & TYPE_WRITABLE) != 0;

    if ((segment->attributes & TYPE_CODE) != 0) {
        return access == SOFT_READ && second_bit;
    }
    return access == SOFT_READ || second_bit;
}

/* SDM 3A 5.3. */
static bool limit_permits(const struct x86_segment *segment, uint64_t offset, unsigned size)
{
    uint64_t last = offset + size - 1;

    if ((segment->attributes & (TYPE_CODE | TYPE_EXPAND_DOWN)) == TYPE_EXPAND_DOWN) {
        return offset > segment->limit &&
               last <= ((segment->attributes & SEGMENT_BIG) != 0 ? UINT32_MAX : UINT16_MAX);
    }
    return last <= segment->limit;
}

bool soft_segment_linear(struct soft_cpu *cpu, unsigned segment, uint64_t offset, unsigned size,
                         enum soft_access access, uint64_t *linear)
{
    const struct x86_segment *s = &cpu->state.segments[segment];
    bool has_types = soft_is_protected(cpu) && (cpu->state.rflags & SOFT_RFLAGS_VM) == 0;

    if (cpu->is_64bit) {
        *linear = offset + (segment >= X86_FS ? s->base : 0);
        return true;
    }
    if (has_types && ((s->attributes & SEGMENT_UNUSABLE) != 0 || !type_permits(s, access))) {
        return segment_violation(cpu, segment);
    }
    if (!limit_permits(s, offset, size)) {
        return segment_violation(cpu, segment);
    }
    *linear = (uint32_t)(s->base + offset);
    return true;
}

bool soft_operand_general(struct soft_cpu *cpu, const struct op *op, unsigned size,
                          enum soft_access access, uint64_t *linear)
{
    uint64_t offset = soft_effective(cpu, op);

    offset = op->address_size == 8   ? offset
             : op->address_size == 4 ? (uint32_t)offset
                                     : (uint16_t)offset;
    return soft_segment_linear(cpu, op->segment == SOFT_SEGMENT_FLAT ? X86_DS : op->segment, offset,
                               size, access, linear);
}
