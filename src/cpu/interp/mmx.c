/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mmx.c - MMX: the forms' kernels on the x87 registers' mantissas, MOVD, MOVQ, EMMS.
 */
#include "cpu/interp/fpu_internal.h"
#include "cpu/interp/sse_internal.h"

bool mmx_begin(struct soft_cpu *cpu)
{
    if (soft_unlikely((cpu->state.system.cr0 & SSE_CR0_EM) != 0)) {
        return soft_fail(cpu, SOFT_UD);
    }
    if (soft_unlikely((cpu->state.system.cr0 & SSE_CR0_TS) != 0)) {
        return soft_fail(cpu, SOFT_NM);
    }
    return fpu_check_pending(cpu);
}

/* ---- forms ---- */

static const struct op *finish(struct soft_cpu *cpu, const struct op *op, __m128i b)
{
    sse_kernel kernel = (sse_kernel)(uintptr_t)op->imm;

    mmx_enter(cpu);
    mmx_set_register(cpu, op->reg, kernel(mmx_register(cpu, op->reg), b, op->detail));
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_form_reg(struct soft_cpu *cpu, const struct op *op)
{
    return mmx_begin(cpu) ? finish(cpu, op, mmx_register(cpu, op->reg3)) : soft_fault(cpu, op);
}

static bool load_operand(struct soft_cpu *cpu, const struct op *op, __m128i *value)
{
    uint64_t linear;

    return soft_operand(cpu, op, op->operand_size, SOFT_READ, &linear) &&
           sse_load(cpu, linear, op->operand_size, value);
}

static const struct op *op_form_mem(struct soft_cpu *cpu, const struct op *op)
{
    __m128i b;

    return mmx_begin(cpu) && load_operand(cpu, op, &b) ? finish(cpu, op, b) : soft_fault(cpu, op);
}

void mmx_translate_form(struct soft_translation *t, const struct sse_form *form)
{
    struct op *op = t->op;
    unsigned count;

    if (form->mmx == NULL) {
        return;
    }
    op->detail = sse_immediate(t, &count);
    op->imm = (uintptr_t)form->mmx;
    op->reg = soft_operand_register(t, 0);
    op->reg3 = op->reg;
    if (count > 1 && t->has_memory) {
        op->operand_size = (uint8_t)soft_operand_bytes(t, 1);
        op->run = op_form_mem;
        return;
    }
    if (count > 1) {
        op->reg3 = soft_operand_register(t, 1);
    }
    op->run = op_form_reg;
}

/* ---- MOVD, MOVQ: operand_size bytes ---- */

static __m128i k_copy(__m128i a, __m128i b, unsigned imm)
{
    (void)a;
    (void)imm;
    return b;
}

static const struct sse_form form_copy = { .mmx = k_copy };

static const struct op *op_from_gpr(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t value = cpu->state.gpr[op->reg3];

    if (!mmx_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    mmx_enter(cpu);
    value = op->operand_size == 4 ? (uint32_t)value : value;
    mmx_set_register(cpu, op->reg, _mm_cvtsi64_si128((int64_t)value));
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_to_gpr(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t value = cpu->state.vector.r[op->reg3].mantissa;

    if (!mmx_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    mmx_enter(cpu);
    cpu->state.gpr[op->reg] = op->operand_size == 4 ? (uint32_t)value : value;
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_store(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t linear;

    if (!mmx_begin(cpu) || !soft_operand(cpu, op, op->operand_size, SOFT_WRITE, &linear) ||
        !soft_store(cpu, linear, &cpu->state.vector.r[op->reg].mantissa, op->operand_size)) {
        return soft_fault(cpu, op);
    }
    mmx_enter(cpu);
    return SOFT_NEXT(cpu, op);
}

void mmx_translate_movd(struct soft_translation *t, uint8_t bytes)
{
    struct op *op = t->op;

    if (soft_operand_is_memory(t, 0)) {
        op->reg = soft_operand_register(t, 1);
        op->operand_size = bytes;
        op->run = op_store;
    } else if (!sse_operand_is_mmx(t, 0)) {
        op->reg = soft_operand_register(t, 0);
        op->reg3 = soft_operand_register(t, 1);
        op->operand_size = bytes;
        op->run = op_to_gpr;
    } else if (soft_operand_is_memory(t, 1) || sse_operand_is_mmx(t, 1)) {
        mmx_translate_form(t, &form_copy);
    } else {
        op->reg = soft_operand_register(t, 0);
        op->reg3 = soft_operand_register(t, 1);
        op->operand_size = bytes;
        op->run = op_from_gpr;
    }
}

static void translate_movntq(struct soft_translation *t)
{
    mmx_translate_movd(t, 8);
}

/* ---- EMMS ---- */

static const struct op *op_emms(struct soft_cpu *cpu, const struct op *op)
{
    if (!mmx_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    cpu->state.vector.top = 0;
    cpu->state.vector.valid = 0;
    return SOFT_NEXT(cpu, op);
}

static const struct soft_simple emms = { op_emms, false, false };

static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_EMMS, SOFT_FEATURE_MMX, soft_translate_simple, &emms },
    { ZYDIS_MNEMONIC_MOVNTQ, SOFT_FEATURE_SSE, translate_movntq, NULL },
};
SOFT_DEFINE_GROUP(soft_group_mmx, rows);
