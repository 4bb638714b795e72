/* SPDX-License-Identifier: GPL-2.0-or-later */
/* segment_check.c - descriptors and the checks before a segment register is loaded (SDM 3A 5.5 ff.). */
#include "cpu/soft_segment.h"

/* ---- descriptors ---- */

uint32_t soft_descriptor_limit(const struct soft_descriptor *d)
{
    uint32_t limit = (uint32_t)((d->bits & 0xffff) | ((d->bits >> 32) & 0xf0000));

    return (soft_descriptor_attributes(d) & SOFT_SEGMENT_G) != 0 ? (limit << 12) | 0xfff : limit;
}

uint64_t soft_gate_offset(const struct soft_descriptor *d)
{
    return (d->bits & 0xffff) | ((d->bits >> 32) & 0xffff0000) | (d->high << 32);
}

static bool is_system(const struct soft_descriptor *d)
{
    return (soft_descriptor_type(d) & SOFT_SEGMENT_S) == 0;
}

bool soft_fail_selector(struct soft_cpu *cpu, uint8_t vector, uint16_t selector)
{
    return soft_fail_code(cpu, vector, selector & 0xfffcu);
}

bool soft_descriptor_read(struct soft_cpu *cpu, uint16_t selector, uint8_t vector,
                          struct soft_descriptor *d)
{
    const struct x86_segment *ldt = &cpu->state.segments[X86_LDTR];
    bool in_ldt = (selector & 4) != 0;
    uint64_t base = in_ldt ? ldt->base : cpu->state.system.gdt_base;
    uint32_t limit = in_ldt ? ldt->limit : cpu->state.system.gdt_limit;
    uint32_t offset = selector & 0xfff8u;

    if ((in_ldt && (ldt->attributes & SOFT_SEGMENT_UNUSABLE) != 0) || offset + 7 > limit) {
        return soft_fail_selector(cpu, vector, selector);
    }
    d->linear = base + offset;
    d->high = 0;
    if (!soft_load_system(cpu, d->linear, &d->bits, 8)) {
        return false;
    }
    if (!cpu->long_mode || !is_system(d)) {
        return true;
    }
    if (offset + 15 > limit) {
        return soft_fail_selector(cpu, vector, selector);
    }
    return soft_load_system(cpu, d->linear + 8, &d->high, 8);
}

void soft_descriptor_unpack(const struct soft_descriptor *d, uint16_t selector,
                            struct x86_segment *segment)
{
    uint64_t base = ((d->bits >> 16) & 0xffffff) | ((d->bits >> 56) << 24) | (d->high << 32);

    *segment = (struct x86_segment){ .base = base,
                                     .limit = soft_descriptor_limit(d),
                                     .attributes = soft_descriptor_attributes(d),
                                     .selector = selector };
}

bool soft_descriptor_set_type_bits(struct soft_cpu *cpu, struct soft_descriptor *d, uint8_t bits)
{
    uint8_t type = (uint8_t)(d->bits >> 40);

    if ((type & bits) == bits) {
        return true;
    }
    type |= bits;
    d->bits |= (uint64_t)bits << 40;
    return soft_store_system(cpu, d->linear + 5, &type, 1);
}

bool soft_descriptor_clear_busy(struct soft_cpu *cpu, struct soft_descriptor *d)
{
    uint8_t type = (uint8_t)(d->bits >> 40) & (uint8_t)~SOFT_TYPE_BUSY;

    return soft_store_system(cpu, d->linear + 5, &type, 1);
}

/* Sets the accessed bit and unpacks. */
static bool load(struct soft_cpu *cpu, struct soft_descriptor *d, uint16_t selector,
                 struct x86_segment *segment)
{
    if (!soft_descriptor_set_type_bits(cpu, d, SOFT_SEGMENT_ACCESSED)) {
        return false;
    }
    soft_descriptor_unpack(d, selector, segment);
    return true;
}

/* ---- checks ---- */

bool soft_check_stack_segment(struct soft_cpu *cpu, uint16_t selector, unsigned cpl, uint8_t vector,
                              struct x86_segment *segment)
{
    const unsigned writable_data = SOFT_SEGMENT_S | SOFT_SEGMENT_SECOND;
    struct soft_descriptor d;

    if (soft_selector_is_null(selector)) {
        return soft_fail_code(cpu, vector, 0);
    }
    if (!soft_descriptor_read(cpu, selector, vector, &d)) {
        return false;
    }
    if ((soft_descriptor_type(&d) & (writable_data | SOFT_SEGMENT_CODE)) != writable_data ||
        (selector & 3u) != cpl || soft_descriptor_dpl(&d) != cpl) {
        return soft_fail_selector(cpu, vector, selector);
    }
    if (!soft_descriptor_is_present(&d)) {
        return soft_fail_selector(cpu, SOFT_SS, selector);
    }
    return load(cpu, &d, selector, segment);
}

bool soft_check_data_segment(struct soft_cpu *cpu, uint16_t selector, unsigned cpl, uint8_t vector,
                             struct x86_segment *segment)
{
    struct soft_descriptor d;
    unsigned rpl = selector & 3u;

    if (soft_selector_is_null(selector)) {
        soft_set_null_segment(segment, selector, 0);
        return true;
    }
    if (!soft_descriptor_read(cpu, selector, vector, &d)) {
        return false;
    }
    if (is_system(&d) ||
        (soft_descriptor_is_code(&d) && (soft_descriptor_type(&d) & SOFT_SEGMENT_SECOND) == 0)) {
        return soft_fail_selector(cpu, vector, selector);
    }
    if (!soft_descriptor_is_conforming(&d) && MAX(rpl, cpl) > soft_descriptor_dpl(&d)) {
        return soft_fail_selector(cpu, vector, selector);
    }
    if (!soft_descriptor_is_present(&d)) {
        return soft_fail_selector(cpu, SOFT_NP, selector);
    }
    return load(cpu, &d, selector, segment);
}

/* Without a gate: conforming code is as privileged or more, other code has the same privilege. */
static bool privilege_suits(const struct soft_cpu *cpu, const struct soft_descriptor *d,
                            unsigned rpl, bool is_return)
{
    unsigned cpl = is_return ? rpl : cpu->cpl;
    unsigned dpl = soft_descriptor_dpl(d);

    if (is_return && rpl < cpu->cpl) {
        return false;
    }
    if (soft_descriptor_is_conforming(d)) {
        return dpl <= cpl;
    }
    return dpl == cpl && rpl <= cpl;
}

bool soft_check_code_segment(struct soft_cpu *cpu, uint16_t selector, bool is_return,
                             struct x86_segment *segment)
{
    const uint32_t both = SOFT_SEGMENT_L | SOFT_SEGMENT_DB;
    struct soft_descriptor d;

    if (soft_selector_is_null(selector)) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    if (!soft_descriptor_read(cpu, selector, SOFT_GP, &d)) {
        return false;
    }
    if (!soft_descriptor_is_code(&d) || !privilege_suits(cpu, &d, selector & 3u, is_return) ||
        (cpu->long_mode && (soft_descriptor_attributes(&d) & both) == both)) {
        return soft_fail_selector(cpu, SOFT_GP, selector);
    }
    if (!soft_descriptor_is_present(&d)) {
        return soft_fail_selector(cpu, SOFT_NP, selector);
    }
    if (!is_return) {
        selector = (uint16_t)((selector & 0xfffc) | cpu->cpl);
    }
    return load(cpu, &d, selector, segment);
}

bool soft_check_ldt(struct soft_cpu *cpu, uint16_t selector, uint8_t vector,
                    struct x86_segment *segment)
{
    struct soft_descriptor d;

    if (soft_selector_is_null(selector)) {
        soft_set_null_segment(segment, selector, 0);
        return true;
    }
    if ((selector & 4) != 0) {
        return soft_fail_selector(cpu, vector, selector);
    }
    if (!soft_descriptor_read(cpu, selector, vector, &d)) {
        return false;
    }
    if (soft_descriptor_type(&d) != SOFT_TYPE_LDT) {
        return soft_fail_selector(cpu, vector, selector);
    }
    if (!soft_descriptor_is_present(&d)) {
        return soft_fail_selector(cpu, vector == SOFT_TS ? SOFT_TS : SOFT_NP, selector);
    }
    soft_descriptor_unpack(&d, selector, segment);
    return true;
}

bool soft_check_rip(struct soft_cpu *cpu, const struct x86_segment *cs, uint64_t rip)
{
    bool is_64bit = cpu->long_mode && (cs->attributes & SOFT_SEGMENT_L) != 0;

    if (is_64bit ? !soft_is_canonical(rip) : rip > cs->limit) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    return true;
}

/* ---- putting in place ---- */

void soft_set_real_segment(struct soft_cpu *cpu, enum x86_segment_index index, uint16_t selector)
{
    struct x86_segment *segment = &cpu->state.segments[index];

    /* Limit and attributes stay ("unreal mode"), except those of a null selector. */
    if ((segment->attributes & SOFT_SEGMENT_UNUSABLE) != 0) {
        segment->attributes =
            SOFT_SEGMENT_P | SOFT_SEGMENT_S | SOFT_SEGMENT_SECOND | SOFT_SEGMENT_ACCESSED;
        segment->limit = 0xffff;
    }
    segment->selector = selector;
    segment->base = (uint64_t)selector << 4;
}

void soft_set_v86_segment(struct soft_cpu *cpu, enum x86_segment_index index, uint16_t selector)
{
    cpu->state.segments[index] = (struct x86_segment){
        .base = (uint64_t)selector << 4, .limit = 0xffff, .attributes = 0xf3, .selector = selector
    };
}

void soft_set_null_segment(struct x86_segment *segment, uint16_t selector, unsigned cpl)
{
    *segment =
        (struct x86_segment){ .attributes = SOFT_SEGMENT_UNUSABLE | cpl << SOFT_SEGMENT_DPL_SHIFT,
                              .selector = selector };
}

void soft_drop_inner_segments(struct soft_cpu *cpu, unsigned cpl)
{
    static const uint8_t indices[] = { X86_ES, X86_DS, X86_FS, X86_GS };

    for (unsigned i = 0; i < sizeof(indices); i++) {
        struct x86_segment *segment = &cpu->state.segments[indices[i]];
        bool is_conforming = (segment->attributes & (SOFT_SEGMENT_CODE | SOFT_SEGMENT_THIRD)) ==
                             (SOFT_SEGMENT_CODE | SOFT_SEGMENT_THIRD);

        if ((segment->attributes & SOFT_SEGMENT_UNUSABLE) == 0 && !is_conforming &&
            soft_segment_dpl(segment) < cpl) {
            soft_set_null_segment(segment, 0, 0);
        }
    }
}
