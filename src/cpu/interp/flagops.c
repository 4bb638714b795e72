/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flagops.c - single flags, LAHF and SAHF; what does nothing; HLT, PAUSE, UD, BOUND. */
#include "cpu/interp/operands.h"

static const struct op *clc(struct soft_cpu *cpu, const struct op *op)
{
    soft_set_cf(cpu, false);
    return SOFT_NEXT(cpu, op);
}

static const struct op *stc(struct soft_cpu *cpu, const struct op *op)
{
    soft_set_cf(cpu, true);
    return SOFT_NEXT(cpu, op);
}

static const struct op *cmc(struct soft_cpu *cpu, const struct op *op)
{
    soft_set_cf(cpu, !soft_cf(cpu));
    return SOFT_NEXT(cpu, op);
}

static const struct op *cld(struct soft_cpu *cpu, const struct op *op)
{
    cpu->state.rflags &= ~SOFT_RFLAGS_DF;
    return SOFT_NEXT(cpu, op);
}

static const struct op *std(struct soft_cpu *cpu, const struct op *op)
{
    cpu->state.rflags |= SOFT_RFLAGS_DF;
    return SOFT_NEXT(cpu, op);
}

static bool may_change_if(const struct soft_cpu *cpu)
{
    return !soft_is_protected(cpu) || cpu->cpl <= ((cpu->state.rflags & SOFT_RFLAGS_IOPL) >> 12);
}

static const struct op *cli(struct soft_cpu *cpu, const struct op *op)
{
    if (!may_change_if(cpu)) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    cpu->state.rflags &= ~SOFT_RFLAGS_IF;
    return SOFT_NEXT(cpu, op);
}

/* One that turns interrupts on holds them off for another instruction. */
static const struct op *sti(struct soft_cpu *cpu, const struct op *op)
{
    if (!may_change_if(cpu)) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    if ((cpu->state.rflags & SOFT_RFLAGS_IF) == 0) {
        cpu->state.rflags |= SOFT_RFLAGS_IF;
        cpu->state.shadow = SOFT_SHADOW_STI;
    }
    return soft_leave(cpu, op, SOFT_LEAVE_LOOKUP);
}

#define SAHF_FLAGS \
    (SOFT_RFLAGS_SF | SOFT_RFLAGS_ZF | SOFT_RFLAGS_AF | SOFT_RFLAGS_PF | SOFT_RFLAGS_CF)

static const struct op *lahf(struct soft_cpu *cpu, const struct op *op)
{
    soft_put8(cpu, X86_RAX * 8 + 1, (uint8_t)((soft_rflags(cpu) & SAHF_FLAGS) | SOFT_RFLAGS_ONE));
    return SOFT_NEXT(cpu, op);
}

static const struct op *sahf(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t flags = soft_get8(cpu, X86_RAX * 8 + 1);

    soft_set_arithmetic_flags(cpu, (flags & SAHF_FLAGS) | (soft_of(cpu) ? SOFT_RFLAGS_OF : 0));
    return SOFT_NEXT(cpu, op);
}

static const struct op *salc(struct soft_cpu *cpu, const struct op *op)
{
    soft_put8(cpu, X86_RAX, soft_cf(cpu) ? 0xff : 0);
    return SOFT_NEXT(cpu, op);
}

static const struct op *nothing(struct soft_cpu *cpu, const struct op *op)
{
    return SOFT_NEXT(cpu, op);
}

/* CLFLUSH and its kind touch the address as a load does. */
static const struct op *touch(struct soft_cpu *cpu, const struct op *op)
{
    uint8_t byte;

    return soft_operand_load8(cpu, op, &byte) ? SOFT_NEXT(cpu, op) : soft_fault(cpu, op);
}

static const struct op *undefined(struct soft_cpu *cpu, const struct op *op)
{
    return soft_raise(cpu, op, SOFT_UD);
}

static const struct op *halt(struct soft_cpu *cpu, const struct op *op)
{
    if (cpu->cpl != 0) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    return soft_leave(cpu, op, SOFT_LEAVE_HALT);
}

static const struct op *pause_op(struct soft_cpu *cpu, const struct op *op)
{
    return soft_leave(cpu, op, SOFT_LEAVE_PAUSE);
}

/* Two bounds behind each other in memory, signed. */
static const struct op *bound(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t linear;
    int32_t index = (int32_t)soft_get32(cpu, op->reg);
    int32_t bounds[2];

    if (!soft_operand(cpu, op, op->operand_size * 2u, SOFT_READ, &linear)) {
        return soft_fault(cpu, op);
    }
    if (op->operand_size == 2) {
        int16_t pair[2];

        if (!soft_load(cpu, linear, pair, 4)) {
            return soft_fault(cpu, op);
        }
        index = (int16_t)index;
        bounds[0] = pair[0];
        bounds[1] = pair[1];
    } else if (!soft_load(cpu, linear, bounds, 8)) {
        return soft_fault(cpu, op);
    }
    return index < bounds[0] || index > bounds[1] ? soft_raise(cpu, op, SOFT_BR)
                                                  : SOFT_NEXT(cpu, op);
}

static void translate_bound(struct soft_translation *t)
{
    t->op->reg = soft_operand_register(t, 0);
    t->op->operand_size = (uint8_t)soft_operand_bytes(t, 0);
    t->op->run = bound;
}

#define SIMPLE(name) static const struct soft_simple simple_##name = { name, false, false };
SIMPLE(clc)
SIMPLE(stc)
SIMPLE(cmc)
SIMPLE(cld)
SIMPLE(std)
SIMPLE(cli)
SIMPLE(lahf)
SIMPLE(sahf)
SIMPLE(salc)
SIMPLE(nothing)
SIMPLE(touch)
static const struct soft_simple simple_sti = { sti, true, false };
static const struct soft_simple simple_undefined = { undefined, true, false };
static const struct soft_simple simple_halt = { halt, true, false };
static const struct soft_simple simple_pause = { pause_op, true, false };

static void translate_lahf(struct soft_translation *t)
{
    if ((t->mode & SOFT_MODE_SIZE) != SOFT_MODE_64 ||
        soft_features_has(&t->cluster->features, SOFT_FEATURE_LAHF64)) {
        soft_translate_simple(t);
    }
}

/* clang-format off */
#define ROW(upper, feature, name) { ZYDIS_MNEMONIC_##upper, feature, soft_translate_simple, &simple_##name }
static const struct soft_row rows[] = {
    ROW(CLC, 0, clc), ROW(STC, 0, stc), ROW(CMC, 0, cmc), ROW(CLD, 0, cld), ROW(STD, 0, std),
    ROW(CLI, 0, cli), ROW(STI, 0, sti), ROW(SALC, 0, salc),
    { ZYDIS_MNEMONIC_LAHF, 0, translate_lahf, &simple_lahf },
    { ZYDIS_MNEMONIC_SAHF, 0, translate_lahf, &simple_sahf },
    ROW(NOP, 0, nothing),
    ROW(PREFETCHNTA, SOFT_FEATURE_SSE, nothing), ROW(PREFETCHT0, SOFT_FEATURE_SSE, nothing),
    ROW(PREFETCHT1, SOFT_FEATURE_SSE, nothing), ROW(PREFETCHT2, SOFT_FEATURE_SSE, nothing),
    /* Every processor with long mode has them (AMD64 manual volume 3, PREFETCH). */
    ROW(PREFETCH, SOFT_FEATURE_LM, nothing), ROW(PREFETCHW, SOFT_FEATURE_LM, nothing),
    ROW(SFENCE, SOFT_FEATURE_SSE, nothing), ROW(LFENCE, SOFT_FEATURE_SSE2, nothing),
    ROW(MFENCE, SOFT_FEATURE_SSE2, nothing),
    ROW(CLFLUSH, SOFT_FEATURE_CLFLUSH, touch), ROW(CLFLUSHOPT, SOFT_FEATURE_CLFLUSHOPT, touch),
    ROW(CLWB, SOFT_FEATURE_CLWB, touch),
    ROW(UD0, 0, undefined), ROW(UD1, 0, undefined), ROW(UD2, 0, undefined),
    ROW(HLT, 0, halt), ROW(PAUSE, 0, pause),
    { ZYDIS_MNEMONIC_BOUND, 0, translate_bound, NULL },
};
/* clang-format on */
SOFT_DEFINE_GROUP(soft_group_flagops, rows);
