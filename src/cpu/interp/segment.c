/* SPDX-License-Identifier: GPL-2.0-or-later */
/* segment.c - far jumps, calls and returns; loads of segment registers; who may use a port. */
#include "cpu/soft_segment.h"

static bool has_flat_selectors(const struct soft_cpu *cpu)
{
    return !soft_is_protected(cpu) || soft_is_v86(cpu);
}

static void set_flat_selector(struct soft_cpu *cpu, enum x86_segment_index index, uint16_t selector)
{
    if (soft_is_v86(cpu)) {
        soft_set_v86_segment(cpu, index, selector);
    } else {
        soft_set_real_segment(cpu, index, selector);
    }
}

static uint64_t by_operand_size(uint64_t value, unsigned size)
{
    return size == 8 ? value : size == 4 ? (uint32_t)value : (uint16_t)value;
}

static void enter_code(struct soft_cpu *cpu, const struct x86_segment *cs, uint64_t rip)
{
    cpu->state.segments[X86_CS] = *cs;
    cpu->state.rip = rip;
}

/* ---- segment registers ---- */

bool soft_load_segment(struct soft_cpu *cpu, enum x86_segment_index index, uint16_t selector)
{
    struct x86_segment segment;

    if (has_flat_selectors(cpu)) {
        set_flat_selector(cpu, index, selector);
        return true;
    }
    if (index == X86_SS) {
        if (soft_selector_is_null(selector) && cpu->is_64bit && cpu->cpl < 3 &&
            (selector & 3u) == cpu->cpl) {
            soft_set_null_segment(&segment, selector, cpu->cpl);
        } else if (!soft_check_stack_segment(cpu, selector, cpu->cpl, SOFT_GP, &segment)) {
            return false;
        }
    } else if (!soft_check_data_segment(cpu, selector, cpu->cpl, SOFT_GP, &segment)) {
        return false;
    }
    cpu->state.segments[index] = segment;
    return true;
}

/* ---- jumps and calls ---- */

struct far_transfer {
    uint16_t selector;
    uint64_t offset; /* of its operand size */
    unsigned size;
    uint64_t next_rip;
    bool is_call;
};

/* Same privilege: the return address on the current stack. */
static bool push_return(struct soft_cpu *cpu, const struct far_transfer *far,
                        struct soft_stack *stack)
{
    soft_stack_current(cpu, stack);
    return !far->is_call ||
           (soft_stack_push(cpu, stack, cpu->state.segments[X86_CS].selector, far->size) &&
            soft_stack_push(cpu, stack, far->next_rip, far->size));
}

static bool transfer_flat(struct soft_cpu *cpu, const struct far_transfer *far)
{
    struct soft_stack stack;

    if (far->offset > cpu->state.segments[X86_CS].limit) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    if (!push_return(cpu, far, &stack)) {
        return false;
    }
    soft_stack_commit(cpu, &stack);
    set_flat_selector(cpu, X86_CS, far->selector);
    cpu->state.rip = far->offset;
    return true;
}

static bool transfer_to_code(struct soft_cpu *cpu, const struct far_transfer *far)
{
    struct soft_stack stack;
    struct x86_segment cs;

    if (!soft_check_code_segment(cpu, far->selector, false, &cs) ||
        !soft_check_rip(cpu, &cs, far->offset) || !push_return(cpu, far, &stack)) {
        return false;
    }
    soft_stack_commit(cpu, &stack);
    enter_code(cpu, &cs, far->offset);
    return true;
}

/* The code segment behind a call gate. */
static bool read_gate_target(struct soft_cpu *cpu, const struct soft_descriptor *gate,
                             const struct far_transfer *far, struct soft_descriptor *code)
{
    const uint32_t both = SOFT_SEGMENT_L | SOFT_SEGMENT_DB;
    uint16_t selector = soft_gate_selector(gate);

    if (soft_selector_is_null(selector)) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    if (!soft_descriptor_read(cpu, selector, SOFT_GP, code)) {
        return false;
    }
    if (!soft_descriptor_is_code(code) || soft_descriptor_dpl(code) > cpu->cpl ||
        (!far->is_call && !soft_descriptor_is_conforming(code) &&
         soft_descriptor_dpl(code) != cpu->cpl) ||
        (cpu->long_mode && (soft_descriptor_attributes(code) & both) != SOFT_SEGMENT_L)) {
        return soft_fail_selector(cpu, SOFT_GP, selector);
    }
    if (!soft_descriptor_is_present(code)) {
        return soft_fail_selector(cpu, SOFT_NP, selector);
    }
    return soft_descriptor_set_type_bits(cpu, code, SOFT_SEGMENT_ACCESSED);
}

#define PARAMETERS_MAX 31u

/* The outer SS:RSP and the parameters onto the inner stack. */
static bool switch_stack(struct soft_cpu *cpu, const struct soft_descriptor *gate, unsigned size,
                         unsigned cpl, struct soft_stack *inner)
{
    unsigned count = cpu->long_mode ? 0 : (unsigned)(gate->bits >> 32) & PARAMETERS_MAX;
    uint64_t parameters[PARAMETERS_MAX];
    struct soft_stack outer;
    struct soft_stack at;

    soft_stack_current(cpu, &outer);
    at = outer;
    for (unsigned i = 0; i < count; i++) {
        if (!soft_stack_pop(cpu, &at, &parameters[i], size)) {
            return false;
        }
    }
    if (!soft_inner_stack(cpu, cpl, 0, inner)) {
        return false;
    }
    soft_access_as(cpu, cpl);
    if (!soft_stack_push(cpu, inner, outer.ss.selector, size) ||
        !soft_stack_push(cpu, inner, outer.rsp, size)) {
        return false;
    }
    while (count > 0) {
        if (!soft_stack_push(cpu, inner, parameters[--count], size)) {
            return false;
        }
    }
    return true;
}

static bool transfer_by_gate(struct soft_cpu *cpu, const struct soft_descriptor *gate,
                             const struct far_transfer *far)
{
    unsigned size = cpu->long_mode                                        ? 8
                    : (soft_descriptor_type(gate) & SOFT_TYPE_IS_32) != 0 ? 4
                                                                          : 2;
    uint64_t rip = by_operand_size(soft_gate_offset(gate), size);
    struct far_transfer same = *far;
    struct soft_descriptor code;
    struct soft_stack stack;
    struct x86_segment cs;
    unsigned cpl = cpu->cpl;

    if (!read_gate_target(cpu, gate, far, &code)) {
        return false;
    }
    if (!soft_descriptor_is_conforming(&code)) {
        cpl = soft_descriptor_dpl(&code);
    }
    soft_descriptor_unpack(&code, (uint16_t)((soft_gate_selector(gate) & 0xfffc) | cpl), &cs);
    same.size = size;
    if (!soft_check_rip(cpu, &cs, rip)) {
        return false;
    }
    if (cpl == cpu->cpl) {
        if (!push_return(cpu, &same, &stack)) {
            return false;
        }
    } else if (!switch_stack(cpu, gate, size, cpl, &stack) ||
               !soft_stack_push(cpu, &stack, cpu->state.segments[X86_CS].selector, size) ||
               !soft_stack_push(cpu, &stack, far->next_rip, size)) {
        return false;
    }
    soft_stack_commit(cpu, &stack);
    enter_code(cpu, &cs, rip);
    return true;
}

static bool transfer_by_system(struct soft_cpu *cpu, struct soft_descriptor *d,
                               const struct far_transfer *far)
{
    enum soft_task_cause cause = far->is_call ? SOFT_TASK_CALL : SOFT_TASK_JUMP;
    unsigned type = soft_descriptor_type(d);
    bool is_tss = (type & ~SOFT_TYPE_IS_32) == SOFT_TYPE_TSS16;
    bool is_gate = type == SOFT_TYPE_CALL32 ||
                   (!cpu->long_mode && (type == SOFT_TYPE_CALL16 || type == SOFT_TYPE_TASK));

    if ((!is_gate && (!is_tss || cpu->long_mode)) ||
        soft_descriptor_dpl(d) < MAX(cpu->cpl, far->selector & 3u)) {
        return soft_fail_selector(cpu, SOFT_GP, far->selector);
    }
    if (!soft_descriptor_is_present(d)) {
        return soft_fail_selector(cpu, SOFT_NP, far->selector);
    }
    if (is_tss) {
        return soft_task_switch(cpu, far->selector, d, cause, far->next_rip, NULL);
    }
    if (type == SOFT_TYPE_TASK) {
        return soft_task_gate(cpu, d, cause, far->next_rip, NULL);
    }
    return transfer_by_gate(cpu, d, far);
}

static bool transfer_protected(struct soft_cpu *cpu, const struct far_transfer *far)
{
    struct soft_descriptor d;

    if (soft_selector_is_null(far->selector)) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    if (!soft_descriptor_read(cpu, far->selector, SOFT_GP, &d)) {
        return false;
    }
    return (soft_descriptor_type(&d) & SOFT_SEGMENT_S) != 0 ? transfer_to_code(cpu, far)
                                                            : transfer_by_system(cpu, &d, far);
}

static bool transfer(struct soft_cpu *cpu, const struct far_transfer *far)
{
    bool ok = has_flat_selectors(cpu) ? transfer_flat(cpu, far) : transfer_protected(cpu, far);

    soft_cpu_update_mode(cpu);
    return ok;
}

bool soft_far_jump(struct soft_cpu *cpu, uint16_t selector, uint64_t offset, unsigned operand_size,
                   uint64_t next_rip)
{
    return transfer(cpu, &(struct far_transfer){ .selector = selector,
                                                 .offset = by_operand_size(offset, operand_size),
                                                 .size = operand_size,
                                                 .next_rip = next_rip });
}

bool soft_far_call(struct soft_cpu *cpu, uint16_t selector, uint64_t offset, unsigned operand_size,
                   uint64_t next_rip)
{
    return transfer(cpu, &(struct far_transfer){ .selector = selector,
                                                 .offset = by_operand_size(offset, operand_size),
                                                 .size = operand_size,
                                                 .next_rip = next_rip,
                                                 .is_call = true });
}

/* ---- returns ---- */

static bool return_flat(struct soft_cpu *cpu, struct soft_stack *stack, uint64_t rip,
                        uint16_t selector)
{
    if (rip > cpu->state.segments[X86_CS].limit) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    soft_stack_commit(cpu, stack);
    set_flat_selector(cpu, X86_CS, selector);
    cpu->state.rip = rip;
    return true;
}

bool soft_pop_outer_stack(struct soft_cpu *cpu, struct soft_stack *from, unsigned size,
                          const struct x86_segment *cs, struct soft_stack *outer)
{
    bool to_64bit = cpu->long_mode && (cs->attributes & SOFT_SEGMENT_L) != 0;
    unsigned cpl = cs->selector & 3u;
    uint64_t rsp;
    uint64_t selector;

    if (!soft_stack_pop(cpu, from, &rsp, size) || !soft_stack_pop(cpu, from, &selector, size)) {
        return false;
    }
    if (soft_selector_is_null((uint16_t)selector) && to_64bit && cpl != 3) {
        if ((selector & 3) != cpl) {
            return soft_fail_selector(cpu, SOFT_GP, (uint16_t)selector);
        }
        soft_set_null_segment(&outer->ss, (uint16_t)selector, cpl);
    } else if (!soft_check_stack_segment(cpu, (uint16_t)selector, cpl, SOFT_GP, &outer->ss)) {
        return false;
    }
    outer->size = to_64bit ? 8 : (outer->ss.attributes & SOFT_SEGMENT_DB) != 0 ? 4 : 2;
    outer->rsp = outer->size == 2 ? (from->rsp & ~0xffffull) | (rsp & 0xffff) : rsp;
    return true;
}

static bool return_protected(struct soft_cpu *cpu, struct soft_stack *stack, unsigned size,
                             unsigned release)
{
    struct soft_stack outer = { .code = 0 };
    struct x86_segment cs;
    uint64_t selector;
    uint64_t rip;

    if (!soft_stack_pop(cpu, stack, &rip, size) || !soft_stack_pop(cpu, stack, &selector, size) ||
        !soft_check_code_segment(cpu, (uint16_t)selector, true, &cs)) {
        return false;
    }
    soft_stack_add(stack, release);
    if ((selector & 3) == cpu->cpl) {
        if (!soft_check_rip(cpu, &cs, rip)) {
            return false;
        }
        soft_stack_commit(cpu, stack);
        enter_code(cpu, &cs, rip);
        return true;
    }
    if (!soft_pop_outer_stack(cpu, stack, size, &cs, &outer) || !soft_check_rip(cpu, &cs, rip)) {
        return false;
    }
    soft_stack_add(&outer, release);
    soft_stack_commit(cpu, &outer);
    enter_code(cpu, &cs, rip);
    soft_drop_inner_segments(cpu, cs.selector & 3u);
    return true;
}

bool soft_far_return(struct soft_cpu *cpu, unsigned operand_size, unsigned pop_bytes)
{
    struct soft_stack stack;
    uint64_t selector;
    uint64_t rip;
    bool ok;

    soft_stack_current(cpu, &stack);
    if (has_flat_selectors(cpu)) {
        ok = soft_stack_pop(cpu, &stack, &rip, operand_size) &&
             soft_stack_pop(cpu, &stack, &selector, operand_size);
        soft_stack_add(&stack, pop_bytes);
        ok = ok && return_flat(cpu, &stack, rip, (uint16_t)selector);
    } else {
        ok = return_protected(cpu, &stack, operand_size, pop_bytes);
    }
    soft_cpu_update_mode(cpu);
    return ok;
}

/* ---- ports ---- */

#define TSS_IO_MAP_OFFSET 0x66u

/* Two bytes of the map are read, whatever the number of ports (SDM 1 18.5.2). */
static bool map_permits(struct soft_cpu *cpu, uint16_t port, unsigned size)
{
    const struct x86_segment *tr = &cpu->state.segments[X86_TR];
    uint16_t offset;
    uint16_t bits;

    if ((tr->attributes & (SOFT_TYPE_IS_32 | SOFT_SEGMENT_P)) !=
            (SOFT_TYPE_IS_32 | SOFT_SEGMENT_P) ||
        tr->limit < TSS_IO_MAP_OFFSET + 1) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    if (!soft_load_system(cpu, tr->base + TSS_IO_MAP_OFFSET, &offset, 2)) {
        return false;
    }
    if (offset + port / 8u + 1u > tr->limit) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    if (!soft_load_system(cpu, tr->base + offset + port / 8u, &bits, 2)) {
        return false;
    }
    return ((bits >> (port % 8)) & ((1u << size) - 1)) == 0 || soft_fail_code(cpu, SOFT_GP, 0);
}

bool soft_port_permitted(struct soft_cpu *cpu, uint16_t port, unsigned size)
{
    if (soft_is_protected(cpu) && (soft_is_v86(cpu) || cpu->cpl > soft_iopl(cpu)) &&
        !map_permits(cpu, port, size)) {
        return false;
    }
    soft_debug_watch_port(cpu, port, size);
    return true;
}
