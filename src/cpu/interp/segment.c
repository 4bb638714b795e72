/* SPDX-License-Identifier: GPL-2.0-or-later */
/* segment.c - segment registers and far transfers; real mode alone for now. */
#include "cpu/soft_translate.h"

static bool real_mode_only(struct soft_cpu *cpu, uint16_t selector)
{
    return !soft_is_protected(cpu) || soft_fail_code(cpu, SOFT_GP, selector & 0xfffcu);
}

static void enter(struct soft_cpu *cpu, uint16_t selector, uint64_t offset)
{
    struct x86_segment *cs = &cpu->state.segments[X86_CS];

    cs->selector = selector;
    cs->base = (uint64_t)selector << 4;
    cpu->state.rip = offset;
    soft_cpu_update_mode(cpu);
}

bool soft_load_segment(struct soft_cpu *cpu, enum x86_segment_index segment, uint16_t selector)
{
    if (!real_mode_only(cpu, selector)) {
        return false;
    }
    cpu->state.segments[segment].selector = selector;
    cpu->state.segments[segment].base = (uint64_t)selector << 4;
    return true;
}

bool soft_far_jump(struct soft_cpu *cpu, uint16_t selector, uint64_t offset, unsigned operand_size,
                   uint64_t next_rip)
{
    (void)operand_size, (void)next_rip;
    if (!real_mode_only(cpu, selector)) {
        return false;
    }
    enter(cpu, selector, offset);
    return true;
}

bool soft_far_call(struct soft_cpu *cpu, uint16_t selector, uint64_t offset, unsigned operand_size,
                   uint64_t next_rip)
{
    uint64_t saved_rsp = cpu->state.gpr[X86_RSP];

    if (!real_mode_only(cpu, selector)) {
        return false;
    }
    if (!soft_push(cpu, cpu->state.segments[X86_CS].selector, operand_size) ||
        !soft_push(cpu, next_rip, operand_size)) {
        cpu->state.gpr[X86_RSP] = saved_rsp;
        return false;
    }
    enter(cpu, selector, offset);
    return true;
}

bool soft_far_return(struct soft_cpu *cpu, unsigned operand_size, unsigned pop_bytes)
{
    uint64_t saved_rsp = cpu->state.gpr[X86_RSP];
    uint64_t offset;
    uint64_t selector;

    if (!real_mode_only(cpu, 0)) {
        return false;
    }
    if (!soft_pop(cpu, &offset, operand_size) || !soft_pop(cpu, &selector, operand_size)) {
        cpu->state.gpr[X86_RSP] = saved_rsp;
        return false;
    }
    cpu->state.gpr[X86_RSP] =
        (cpu->state.gpr[X86_RSP] & ~0xffffull) | ((cpu->state.gpr[X86_RSP] + pop_bytes) & 0xffff);
    enter(cpu, (uint16_t)selector, offset);
    return true;
}

bool soft_port_permitted(struct soft_cpu *cpu, uint16_t port, unsigned size)
{
    (void)cpu, (void)port, (void)size;
    return true;
}

const struct soft_group soft_group_segment = { NULL, 0 };
