/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * syscall.c - SYSCALL, SYSRET, SYSENTER, SYSEXIT, SWAPGS and the FS and GS bases.
 *
 * SYSCALL works in compatibility mode and outside long mode too (AMD APM 2, 6.1.1), SYSENTER in all
 * protected modes (Intel SDM 2B).
 */
#include "cpu/soft_system.h"

#define CODE_FLAT 0xc09bu /* 4 GiB, 32 bits, present, execute and read, accessed */
#define CODE_LONG 0xa09bu
#define DATA_FLAT 0xc093u

static struct x86_segment flat(unsigned selector, uint32_t attributes, unsigned cpl)
{
    return (struct x86_segment){ .limit = UINT32_MAX,
                                 .attributes = attributes | cpl << SOFT_SEGMENT_DPL_SHIFT,
                                 .selector = (uint16_t)((selector & 0xfffc) | cpl) };
}

static void set_segments(struct soft_cpu *cpu, unsigned cs, unsigned ss, bool is_64bit,
                         unsigned cpl)
{
    cpu->state.segments[X86_CS] = flat(cs, is_64bit ? CODE_LONG : CODE_FLAT, cpl);
    cpu->state.segments[X86_SS] = flat(ss, DATA_FLAT, cpl);
}

static const struct op *leave(struct soft_cpu *cpu, uint64_t rip)
{
    cpu->state.rip = rip;
    soft_cpu_update_mode(cpu);
    return soft_leave_at_rip(cpu, SOFT_LEAVE_LOOKUP);
}

const struct op *soft_op_syscall(struct soft_cpu *cpu, const struct op *op)
{
    struct soft_system_state *system = &cpu->state.system;
    unsigned selector = (unsigned)(system->star >> 32) & 0xffff;
    uint64_t next = soft_op_next_rip(cpu, op);
    uint64_t flags = soft_rflags(cpu) & ~SOFT_RFLAGS_RF;
    uint64_t target;

    if ((system->efer & SOFT_EFER_SCE) == 0 || !soft_is_protected(cpu)) {
        return soft_raise(cpu, op, SOFT_UD);
    }
    cpu->state.gpr[X86_RCX] = next;
    if (cpu->long_mode) {
        cpu->state.gpr[11] = flags;
        target = cpu->is_64bit ? system->lstar : system->cstar;
        soft_set_rflags(cpu, flags & ~system->fmask);
    } else {
        target = (uint32_t)system->star;
        soft_set_rflags(cpu, flags & ~(SOFT_RFLAGS_IF | SOFT_RFLAGS_VM));
    }
    set_segments(cpu, selector, selector + 8, cpu->long_mode, 0);
    /* Single step goes by the flags as they are now. */
    cpu->no_single_step = (cpu->state.rflags & SOFT_RFLAGS_TF) == 0;
    return leave(cpu, target);
}

const struct op *soft_op_sysret(struct soft_cpu *cpu, const struct op *op)
{
    struct soft_system_state *system = &cpu->state.system;
    unsigned selector = (unsigned)(system->star >> 48);
    bool to_64bit = cpu->is_64bit && op->operand_size == 8;
    uint64_t rip = to_64bit ? cpu->state.gpr[X86_RCX] : (uint32_t)cpu->state.gpr[X86_RCX];

    if ((system->efer & SOFT_EFER_SCE) == 0 || !soft_is_protected(cpu)) {
        return soft_raise(cpu, op, SOFT_UD);
    }
    if (cpu->cpl != 0 || !soft_is_canonical(rip)) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    set_segments(cpu, to_64bit ? selector + 16 : selector, selector + 8, to_64bit, 3);
    if (cpu->long_mode) {
        soft_set_rflags(cpu, cpu->state.gpr[11] & ~(SOFT_RFLAGS_RF | SOFT_RFLAGS_VM));
    } else {
        cpu->state.rflags |= SOFT_RFLAGS_IF;
    }
    return leave(cpu, rip);
}

const struct op *soft_op_sysenter(struct soft_cpu *cpu, const struct op *op)
{
    struct soft_system_state *system = &cpu->state.system;
    unsigned selector = (unsigned)system->sysenter_cs & 0xfffc;
    uint64_t mask = cpu->long_mode ? UINT64_MAX : UINT32_MAX;

    if (!soft_is_protected(cpu) || selector == 0) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    cpu->state.rflags &= ~(SOFT_RFLAGS_VM | SOFT_RFLAGS_IF | SOFT_RFLAGS_RF);
    set_segments(cpu, selector, selector + 8, cpu->long_mode, 0);
    cpu->state.gpr[X86_RSP] = system->sysenter_esp & mask;
    return leave(cpu, system->sysenter_eip & mask);
}

const struct op *soft_op_sysexit(struct soft_cpu *cpu, const struct op *op)
{
    unsigned selector = (unsigned)cpu->state.system.sysenter_cs & 0xfffc;
    bool to_64bit = cpu->is_64bit && op->operand_size == 8;
    uint64_t mask = to_64bit ? UINT64_MAX : UINT32_MAX;
    uint64_t rip = cpu->state.gpr[X86_RDX] & mask;
    uint64_t rsp = cpu->state.gpr[X86_RCX] & mask;

    if (!soft_is_protected(cpu) || cpu->cpl != 0 || selector == 0 || !soft_is_canonical(rip) ||
        !soft_is_canonical(rsp)) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    selector += to_64bit ? 32 : 16;
    set_segments(cpu, selector, selector + 8, to_64bit, 3);
    cpu->state.gpr[X86_RSP] = rsp;
    return leave(cpu, rip);
}

const struct op *soft_op_swapgs(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t *base = &cpu->state.segments[X86_GS].base;
    uint64_t old = *base;

    if (cpu->cpl != 0) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    *base = cpu->state.system.kernel_gs_base;
    cpu->state.system.kernel_gs_base = old;
    return SOFT_NEXT(cpu, op);
}

const struct op *soft_op_read_base(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t base = cpu->state.segments[op->reg].base;

    if ((cpu->state.system.cr4 & SOFT_CR4_FSGSBASE) == 0) {
        return soft_raise(cpu, op, SOFT_UD);
    }
    cpu->state.gpr[op->reg2] = op->operand_size == 8 ? base : (uint32_t)base;
    return SOFT_NEXT(cpu, op);
}

const struct op *soft_op_write_base(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t base = cpu->state.gpr[op->reg2];

    if ((cpu->state.system.cr4 & SOFT_CR4_FSGSBASE) == 0) {
        return soft_raise(cpu, op, SOFT_UD);
    }
    if (op->operand_size != 8) {
        base = (uint32_t)base;
    } else if (!soft_is_canonical(base)) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    cpu->state.segments[op->reg].base = base;
    return SOFT_NEXT(cpu, op);
}
