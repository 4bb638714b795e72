/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sse.c - the base of the vector instructions: refusals, MXCSR, exceptions, from forms to operations.
 */
#include "cpu/interp/sse_internal.h"

const struct op *sse_refuse(struct soft_cpu *cpu, const struct op *op)
{
    bool undefined =
        (cpu->state.system.cr0 & SSE_CR0_EM) != 0 || (cpu->state.system.cr4 & SSE_CR4_OSFXSR) == 0;

    return soft_raise(cpu, op, undefined ? SOFT_UD : SOFT_NM);
}

/* ---- floating point under the guest's MXCSR ---- */

struct float_work {
    sse_kernel kernel;
    const __m128i *a, *b;
    unsigned count, imm;
    __m128i *result;
};

/* The flags. The empty asm ties the operands to MXCSR as set before. */
static uint32_t run_under(const struct float_work *work, uint32_t mxcsr, __m128i *result)
{
    uint32_t after = 0;

    for (unsigned i = 0; i < work->count; i++) {
        __m128i a = work->a[i];
        __m128i b = work->b[i];

        __asm__ volatile("ldmxcsr %2" : "+x"(a), "+x"(b) : "m"(mxcsr));
        result[i] = work->kernel(a, b, work->imm);
        __asm__ volatile("stmxcsr %0" : "=m"(mxcsr) : "x"(result[i]));
        after |= mxcsr;
    }
    sse_host_set_mxcsr(SSE_MXCSR_DEFAULT);
    return after & SSE_MXCSR_FLAGS;
}

/* Unmasked, an underflow is a tiny result even if exact: what FTZ flushes, masked (SDM 1 11.5.2.5). */
static uint32_t tiny_flags(const struct float_work *work, uint32_t mxcsr)
{
    __m128i unused[2];

    return run_under(work, mxcsr | SSE_MXCSR_FTZ, unused) & SSE_MXCSR_UE;
}

bool sse_float_slow(struct soft_cpu *cpu, sse_kernel kernel, const __m128i *a, const __m128i *b,
                    unsigned count, unsigned imm, __m128i *result)
{
    const uint32_t before_result = SSE_MXCSR_IE | SSE_MXCSR_DE | SSE_MXCSR_ZE;
    struct float_work work = { kernel, a, b, count, imm, result };
    uint32_t guest = cpu->state.vector.mxcsr;
    uint32_t unmasked = ~(guest >> 7) & SSE_MXCSR_FLAGS;
    uint32_t mxcsr = (guest & ~SSE_MXCSR_FLAGS) | SSE_MXCSR_DEFAULT;
    uint32_t flags;

    if ((guest & SSE_MXCSR_UM) == 0) {
        mxcsr &= ~SSE_MXCSR_FTZ;
    }
    flags = run_under(&work, mxcsr, result);
    if ((guest & SSE_MXCSR_UM) == 0) {
        flags = (flags & ~SSE_MXCSR_UE) | tiny_flags(&work, mxcsr);
    }
    /* SDM 1 11.5.3: then the results are not computed, and no flag tells of them. */
    if ((flags & unmasked & before_result) != 0) {
        flags &= before_result;
    }
    cpu->state.vector.mxcsr |= flags;
    if ((flags & unmasked) != 0) {
        return soft_fail(cpu, (cpu->state.system.cr4 & SSE_CR4_OSXMM) != 0 ? SOFT_XM : SOFT_UD);
    }
    return true;
}

/* ---- LDMXCSR, STMXCSR ---- */

static bool load_mxcsr(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t linear;
    uint32_t value;

    if (!soft_operand(cpu, op, 4, SOFT_READ, &linear) || !soft_load32(cpu, linear, &value)) {
        return false;
    }
    if ((value & ~SSE_MXCSR_VALID) != 0) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    cpu->state.vector.mxcsr = value;
    return true;
}

static bool store_mxcsr(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t linear;

    return soft_operand(cpu, op, 4, SOFT_WRITE, &linear) &&
           soft_store32(cpu, linear, cpu->state.vector.mxcsr);
}

static const struct op *op_ldmxcsr(struct soft_cpu *cpu, const struct op *op)
{
    if (!sse_is_usable(cpu)) {
        return sse_refuse(cpu, op);
    }
    return load_mxcsr(cpu, op) ? SOFT_NEXT(cpu, op) : soft_fault(cpu, op);
}

static const struct op *op_stmxcsr(struct soft_cpu *cpu, const struct op *op)
{
    if (!sse_is_usable(cpu)) {
        return sse_refuse(cpu, op);
    }
    return store_mxcsr(cpu, op) ? SOFT_NEXT(cpu, op) : soft_fault(cpu, op);
}

static const struct op *op_vldmxcsr(struct soft_cpu *cpu, const struct op *op)
{
    if (!avx_is_usable(cpu)) {
        return avx_refuse(cpu, op);
    }
    return load_mxcsr(cpu, op) ? SOFT_NEXT(cpu, op) : soft_fault(cpu, op);
}

static const struct op *op_vstmxcsr(struct soft_cpu *cpu, const struct op *op)
{
    if (!avx_is_usable(cpu)) {
        return avx_refuse(cpu, op);
    }
    return store_mxcsr(cpu, op) ? SOFT_NEXT(cpu, op) : soft_fault(cpu, op);
}

/* ---- translation ---- */

uint8_t sse_immediate(const struct soft_translation *t, unsigned *operand_count)
{
    unsigned count = t->instruction->operand_count_visible;

    if (count > 0 && soft_operand_is_immediate(t, count - 1)) {
        *operand_count = count - 1;
        return (uint8_t)soft_operand_immediate(t, count - 1);
    }
    *operand_count = count;
    return 0;
}

void sse_translate_form(struct soft_translation *t)
{
    const struct sse_form *form = t->table;
    unsigned count;

    if (sse_operand_is_mmx(t, 0)) {
        mmx_translate_form(t, form);
        return;
    }
    if (!sse_has_feature(t, form->feature) || !sse_operand_is_xmm(t, 0)) {
        return;
    }
    t->op->detail = sse_immediate(t, &count);
    t->op->reg = soft_operand_register(t, 0);
    if (soft_operand_is_memory(t, 1)) {
        t->op->run = form->mem;
    } else {
        t->op->reg3 = soft_operand_register(t, 1);
        t->op->run = form->reg;
    }
}

static const struct soft_simple ldmxcsr = { op_ldmxcsr, false, false };
static const struct soft_simple stmxcsr = { op_stmxcsr, false, false };
static const struct soft_simple vldmxcsr = { op_vldmxcsr, false, false };
static const struct soft_simple vstmxcsr = { op_vstmxcsr, false, false };

static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_LDMXCSR, SOFT_FEATURE_SSE, soft_translate_simple, &ldmxcsr },
    { ZYDIS_MNEMONIC_STMXCSR, SOFT_FEATURE_SSE, soft_translate_simple, &stmxcsr },
    { ZYDIS_MNEMONIC_VLDMXCSR, SOFT_FEATURE_AVX, soft_translate_simple, &vldmxcsr },
    { ZYDIS_MNEMONIC_VSTMXCSR, SOFT_FEATURE_AVX, soft_translate_simple, &vstmxcsr },
};
SOFT_DEFINE_GROUP(soft_group_sse, rows);
