/* SPDX-License-Identifier: GPL-2.0-or-later */
/* interrupt_return.c - IRET in all modes (Intel SDM 2A, IRET; 3A 20.2.1). */
#include "cpu/soft_segment.h"

#define FLAGS_ALWAYS (SOFT_RFLAGS_ARITHMETIC | SOFT_RFLAGS_TF | SOFT_RFLAGS_DF | SOFT_RFLAGS_NT)
#define FLAGS_WIDE   (SOFT_RFLAGS_RF | SOFT_RFLAGS_AC | SOFT_RFLAGS_ID)

/* Flags that IRET takes from its frame, by operand size and the privilege before. */
static void load_flags(struct soft_cpu *cpu, uint64_t flags, unsigned size, unsigned cpl)
{
    uint64_t mask = FLAGS_ALWAYS | (size > 2 ? FLAGS_WIDE : 0);

    if (cpl <= soft_iopl(cpu)) {
        mask |= SOFT_RFLAGS_IF;
    }
    if (cpl == 0) {
        mask |= SOFT_RFLAGS_IOPL | (size > 2 ? SOFT_RFLAGS_VIF | SOFT_RFLAGS_VIP : 0);
    }
    soft_set_rflags(cpu, (soft_rflags(cpu) & ~mask) | (flags & mask));
}

struct frame {
    uint64_t rip, cs, flags;
};

static bool pop_frame(struct soft_cpu *cpu, struct soft_stack *stack, unsigned size,
                      struct frame *frame)
{
    return soft_stack_pop(cpu, stack, &frame->rip, size) &&
           soft_stack_pop(cpu, stack, &frame->cs, size) &&
           soft_stack_pop(cpu, stack, &frame->flags, size);
}

static bool return_flat(struct soft_cpu *cpu, unsigned size)
{
    struct soft_stack stack;
    struct frame frame;

    if (soft_is_v86(cpu) && soft_iopl(cpu) < 3) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    soft_stack_current(cpu, &stack);
    if (!pop_frame(cpu, &stack, size, &frame)) {
        return false;
    }
    if (frame.rip > cpu->state.segments[X86_CS].limit) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    soft_stack_commit(cpu, &stack);
    if (soft_is_v86(cpu)) {
        soft_set_v86_segment(cpu, X86_CS, (uint16_t)frame.cs);
    } else {
        soft_set_real_segment(cpu, X86_CS, (uint16_t)frame.cs);
    }
    cpu->state.rip = frame.rip;
    load_flags(cpu, frame.flags, size, soft_is_v86(cpu) ? 3 : 0);
    return true;
}

/* The frame goes on with ESP, SS, ES, DS, FS, GS. */
static bool return_to_v86(struct soft_cpu *cpu, struct soft_stack *stack, const struct frame *frame)
{
    static const uint8_t indices[] = { X86_SS, X86_ES, X86_DS, X86_FS, X86_GS };
    uint64_t selectors[5];
    uint64_t rsp;

    if (!soft_stack_pop(cpu, stack, &rsp, 4)) {
        return false;
    }
    for (unsigned i = 0; i < 5; i++) {
        if (!soft_stack_pop(cpu, stack, &selectors[i], 4)) {
            return false;
        }
    }
    if (frame->rip > 0xffff) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    soft_set_rflags(cpu, frame->flags);
    soft_set_v86_segment(cpu, X86_CS, (uint16_t)frame->cs);
    for (unsigned i = 0; i < 5; i++) {
        soft_set_v86_segment(cpu, indices[i], (uint16_t)selectors[i]);
    }
    cpu->state.gpr[X86_RSP] = rsp;
    cpu->state.rip = frame->rip;
    return true;
}

static bool return_protected(struct soft_cpu *cpu, unsigned size)
{
    struct soft_stack outer = { .code = 0 };
    struct soft_stack stack;
    struct x86_segment cs;
    struct frame frame;
    unsigned cpl = cpu->cpl;

    soft_stack_current(cpu, &stack);
    if (!pop_frame(cpu, &stack, size, &frame)) {
        return false;
    }
    if (size == 4 && !cpu->long_mode && cpl == 0 && (frame.flags & SOFT_RFLAGS_VM) != 0) {
        return return_to_v86(cpu, &stack, &frame);
    }
    if (!soft_check_code_segment(cpu, (uint16_t)frame.cs, true, &cs)) {
        return false;
    }
    if (cpu->is_64bit || (frame.cs & 3) != cpl) {
        if (!soft_pop_outer_stack(cpu, &stack, size, &cs, &outer)) {
            return false;
        }
        stack = outer;
    }
    if (!soft_check_rip(cpu, &cs, frame.rip)) {
        return false;
    }
    soft_stack_commit(cpu, &stack);
    cpu->state.segments[X86_CS] = cs;
    cpu->state.rip = frame.rip;
    load_flags(cpu, frame.flags, size, cpl);
    if ((cs.selector & 3u) != cpl) {
        soft_drop_inner_segments(cpu, cs.selector & 3u);
    }
    return true;
}

/* To the task that the current TSS links to. */
static bool return_to_task(struct soft_cpu *cpu, uint64_t next_rip)
{
    struct soft_descriptor d;
    uint16_t selector;
    unsigned type;

    if (cpu->long_mode) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    if (!soft_load_system(cpu, cpu->state.segments[X86_TR].base, &selector, 2)) {
        return false;
    }
    if ((selector & 4) != 0) {
        return soft_fail_selector(cpu, SOFT_TS, selector);
    }
    if (!soft_descriptor_read(cpu, selector, SOFT_TS, &d)) {
        return false;
    }
    type = soft_descriptor_type(&d);
    if ((type & ~SOFT_TYPE_IS_32) != (SOFT_TYPE_TSS16 | SOFT_TYPE_BUSY)) {
        return soft_fail_selector(cpu, SOFT_TS, selector);
    }
    if (!soft_descriptor_is_present(&d)) {
        return soft_fail_selector(cpu, SOFT_NP, selector);
    }
    return soft_task_switch(cpu, selector, &d, SOFT_TASK_RETURN, next_rip, NULL);
}

bool soft_interrupt_return(struct soft_cpu *cpu, unsigned operand_size, uint64_t next_rip)
{
    bool ok;

    if (!soft_is_protected(cpu) || soft_is_v86(cpu)) {
        ok = return_flat(cpu, operand_size);
    } else if ((cpu->state.rflags & SOFT_RFLAGS_NT) != 0) {
        ok = return_to_task(cpu, next_rip);
    } else {
        ok = return_protected(cpu, operand_size);
    }
    if (ok) {
        cpu->state.nmi_blocked = false;
    }
    soft_cpu_update_mode(cpu);
    return ok;
}
