/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * avx.c - operations of VEX encodings: a form's kernel on one or two halves, the rest of the
 * register zeroed.
 */
#include "cpu/interp/avx_internal.h"

/* SDM 2A 2.4: CR4.OSXSAVE, XCR0 and the mode decide before CR0.TS does. */
const struct op *avx_refuse(struct soft_cpu *cpu, const struct op *op)
{
    bool undefined = (cpu->state.system.cr4 & SSE_CR4_OSXSAVE) == 0 ||
                     (~cpu->state.vector.xcr0 & SSE_XCR0_AVX) != 0 || !soft_is_protected(cpu) ||
                     (cpu->state.rflags & SOFT_RFLAGS_VM) != 0;

    return soft_raise(cpu, op, undefined ? SOFT_UD : SOFT_NM);
}

bool avx_load_halves(struct soft_cpu *cpu, const struct op *op, unsigned halves, __m128i *value)
{
    uint64_t linear;

    if (halves == 1) {
        return soft_operand(cpu, op, op->operand_size, SOFT_READ, &linear) &&
               sse_load(cpu, linear, op->operand_size, value);
    }
    return soft_operand(cpu, op, 32, SOFT_READ, &linear) && soft_load(cpu, linear, value, 32);
}

static sse_kernel kernel_of(const struct op *op)
{
    return (sse_kernel)(uintptr_t)op->imm;
}

bool avx_float(struct soft_cpu *cpu, sse_kernel kernel, const __m128i *a, const __m128i *b,
               unsigned halves, unsigned imm, __m128i *result)
{
    uint32_t guest = cpu->state.vector.mxcsr;
    uint32_t host;

    if (halves == 1) {
        return sse_float(cpu, kernel, a[0], b[0], imm, result);
    }
    if ((guest & ~SSE_MXCSR_FLAGS) == SSE_MXCSR_DEFAULT) {
        result[0] = kernel(a[0], b[0], imm);
        result[1] = kernel(a[1], b[1], imm);
        __asm__ volatile("stmxcsr %0" : "=m"(host) : "x"(result[0]), "x"(result[1]));
        if ((host & ~guest) == 0) {
            return true;
        }
    }
    return sse_float_slow(cpu, kernel, a, b, 2, imm, result);
}

/* operand_size: of one half, the bytes of a memory operand; of two, the second one's shift of the
 * immediate. */
SSE_INLINE const struct op *run(struct soft_cpu *cpu, const struct op *op, unsigned halves,
                                bool has_memory, bool is_float)
{
    __m128i a[2], b[2], result[2];

    if (soft_unlikely(!avx_is_usable(cpu))) {
        return avx_refuse(cpu, op);
    }
    if (!has_memory) {
        b[0] = sse_xmm(cpu, op->reg3);
        b[1] = avx_high(cpu, op->reg3);
    } else if (soft_unlikely(!avx_load_halves(cpu, op, halves, b))) {
        return soft_fault(cpu, op);
    }
    a[0] = sse_xmm(cpu, op->reg2);
    a[1] = avx_high(cpu, op->reg2);
    result[1] = _mm_setzero_si128();
    if (!is_float) {
        for (unsigned i = 0; i < halves; i++) {
            result[i] =
                kernel_of(op)(a[i], b[i], (unsigned)op->detail >> (i == 0 ? 0 : op->operand_size));
        }
    } else if (soft_unlikely(!avx_float(cpu, kernel_of(op), a, b, halves, op->detail, result))) {
        return soft_fault(cpu, op);
    }
    sse_set_xmm(cpu, op->reg, result[0]);
    avx_set_high(cpu, op->reg, result[1]);
    return SOFT_NEXT(cpu, op);
}

#define DEFINE_RUN(name, halves, has_memory, is_float)                            \
    static const struct op *run_##name(struct soft_cpu *cpu, const struct op *op) \
    {                                                                             \
        return run(cpu, op, halves, has_memory, is_float);                        \
    }

DEFINE_RUN(xmm_reg, 1, false, false)
DEFINE_RUN(xmm_mem, 1, true, false)
DEFINE_RUN(ymm_reg, 2, false, false)
DEFINE_RUN(ymm_mem, 2, true, false)
DEFINE_RUN(xmm_reg_float, 1, false, true)
DEFINE_RUN(xmm_mem_float, 1, true, true)
DEFINE_RUN(ymm_reg_float, 2, false, true)
DEFINE_RUN(ymm_mem_float, 2, true, true)

/* [float][ymm][memory] */
static const op_fn runs[2][2][2] = {
    { { run_xmm_reg, run_xmm_mem }, { run_ymm_reg, run_ymm_mem } },
    { { run_xmm_reg_float, run_xmm_mem_float }, { run_ymm_reg_float, run_ymm_mem_float } },
};

void avx_translate_form(struct soft_translation *t)
{
    const struct sse_form *form = t->table;
    struct op *op = t->op;
    bool is_ymm = sse_operand_is_ymm(t, 0);
    unsigned count;

    if (!sse_is_vex(t) || (is_ymm && !sse_has_feature(t, form->ymm_feature)) ||
        !sse_has_feature(t, form->vex_feature)) {
        return;
    }
    op->detail = sse_immediate(t, &count);
    op->reg = soft_operand_register(t, 0);
    op->reg2 = count == 3 ? soft_operand_register(t, 1) : op->reg;
    op->imm = (uintptr_t)form->kernel;
    op->operand_size = is_ymm ? form->upper_shift : form->bytes;
    if (!soft_operand_is_memory(t, count - 1)) {
        op->reg3 = soft_operand_register(t, count - 1);
    }
    op->run = runs[form->is_float][is_ymm][soft_operand_is_memory(t, count - 1)];
}

/* ---- shifts ---- */

static const struct op *shift_halves(struct soft_cpu *cpu, const struct op *op, __m128i count)
{
    sse_set_xmm(cpu, op->reg, kernel_of(op)(sse_xmm(cpu, op->reg2), count, op->detail));
    avx_set_high(cpu, op->reg, kernel_of(op)(avx_high(cpu, op->reg2), count, op->detail));
    return SOFT_NEXT(cpu, op);
}

static const struct op *run_count_reg(struct soft_cpu *cpu, const struct op *op)
{
    if (!avx_is_usable(cpu)) {
        return avx_refuse(cpu, op);
    }
    return shift_halves(cpu, op, sse_xmm(cpu, op->reg3));
}

static const struct op *run_count_mem(struct soft_cpu *cpu, const struct op *op)
{
    __m128i count;

    if (!avx_is_usable(cpu)) {
        return avx_refuse(cpu, op);
    }
    return avx_load_halves(cpu, op, 1, &count) ? shift_halves(cpu, op, count) : soft_fault(cpu, op);
}

void avx_translate_count_form(struct soft_translation *t)
{
    avx_translate_form(t);
    if (t->op->run != NULL && sse_operand_is_ymm(t, 0)) {
        t->op->operand_size = 16;
        t->op->run = t->has_memory ? run_count_mem : run_count_reg;
    }
}

void avx_translate_by_immediate(struct soft_translation *t)
{
    const struct sse_form *form = t->table;
    bool is_ymm = sse_operand_is_ymm(t, 0);

    if (!sse_is_vex(t) || t->has_memory || (is_ymm && !sse_has_feature(t, form->ymm_feature))) {
        return;
    }
    t->op->reg = soft_operand_register(t, 0);
    t->op->reg2 = soft_operand_register(t, 1);
    t->op->reg3 = t->op->reg2;
    t->op->detail = (uint8_t)soft_operand_immediate(t, 2);
    t->op->operand_size = 0;
    t->op->imm = (uintptr_t)form->kernel;
    t->op->run = runs[false][is_ymm][false];
}

/* ---- widening and narrowing to and from 256 bits: operand_size bytes for each half ---- */

static __m128i upper_part(__m128i value, unsigned bytes)
{
    return bytes == 8   ? _mm_srli_si128(value, 8)
           : bytes == 4 ? _mm_srli_si128(value, 4)
                        : _mm_srli_si128(value, 2);
}

SSE_INLINE const struct op *widen(struct soft_cpu *cpu, const struct op *op, bool has_memory,
                                  bool is_float)
{
    __m128i b[2], result[2];
    uint64_t linear;

    if (!avx_is_usable(cpu)) {
        return avx_refuse(cpu, op);
    }
    if (!has_memory) {
        b[0] = sse_xmm(cpu, op->reg3);
    } else if (!soft_operand(cpu, op, op->operand_size * 2u, SOFT_READ, &linear) ||
               !sse_load(cpu, linear, op->operand_size * 2u, &b[0])) {
        return soft_fault(cpu, op);
    }
    b[1] = upper_part(b[0], op->operand_size);
    if (!is_float) {
        result[0] = kernel_of(op)(b[0], b[0], 0);
        result[1] = kernel_of(op)(b[1], b[1], 0);
    } else if (!avx_float(cpu, kernel_of(op), b, b, 2, 0, result)) {
        return soft_fault(cpu, op);
    }
    sse_set_xmm(cpu, op->reg, result[0]);
    avx_set_high(cpu, op->reg, result[1]);
    return SOFT_NEXT(cpu, op);
}

static const struct op *run_widen_reg(struct soft_cpu *cpu, const struct op *op)
{
    return widen(cpu, op, false, false);
}

static const struct op *run_widen_mem(struct soft_cpu *cpu, const struct op *op)
{
    return widen(cpu, op, true, false);
}

static const struct op *run_widen_reg_float(struct soft_cpu *cpu, const struct op *op)
{
    return widen(cpu, op, false, true);
}

static const struct op *run_widen_mem_float(struct soft_cpu *cpu, const struct op *op)
{
    return widen(cpu, op, true, true);
}

void avx_translate_widening(struct soft_translation *t)
{
    const struct sse_form *form = t->table;

    avx_translate_form(t);
    if (t->op->run == NULL || !sse_operand_is_ymm(t, 0)) {
        return;
    }
    t->op->operand_size = form->bytes;
    if (form->is_float) {
        t->op->run = t->has_memory ? run_widen_mem_float : run_widen_reg_float;
    } else {
        t->op->run = t->has_memory ? run_widen_mem : run_widen_reg;
    }
}

static const struct op *narrow(struct soft_cpu *cpu, const struct op *op, bool has_memory)
{
    __m128i b[2], result[2];

    if (!avx_is_usable(cpu)) {
        return avx_refuse(cpu, op);
    }
    if (!has_memory) {
        b[0] = sse_xmm(cpu, op->reg3);
        b[1] = avx_high(cpu, op->reg3);
    } else if (!avx_load_halves(cpu, op, 2, b)) {
        return soft_fault(cpu, op);
    }
    if (!avx_float(cpu, kernel_of(op), b, b, 2, 0, result)) {
        return soft_fault(cpu, op);
    }
    sse_set_xmm(cpu, op->reg, _mm_unpacklo_epi64(result[0], result[1]));
    avx_set_high(cpu, op->reg, _mm_setzero_si128());
    return SOFT_NEXT(cpu, op);
}

static const struct op *run_narrow_reg(struct soft_cpu *cpu, const struct op *op)
{
    return narrow(cpu, op, false);
}

static const struct op *run_narrow_mem(struct soft_cpu *cpu, const struct op *op)
{
    return narrow(cpu, op, true);
}

void avx_translate_narrowing(struct soft_translation *t)
{
    avx_translate_form(t);
    if (t->op->run != NULL && t->operands[1].size == 256) {
        t->op->run = t->has_memory ? run_narrow_mem : run_narrow_reg;
    }
}

/* ---- VZEROUPPER, VZEROALL ---- */

static const struct op *zero(struct soft_cpu *cpu, const struct op *op, unsigned first)
{
    unsigned count = cpu->is_64bit ? 16 : 8;

    if (!avx_is_usable(cpu)) {
        return avx_refuse(cpu, op);
    }
    for (unsigned i = 0; i < count; i++) {
        memset(cpu->state.vector.ymm[i].q + first, 0, (4 - first) * 8);
    }
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_vzeroupper(struct soft_cpu *cpu, const struct op *op)
{
    return zero(cpu, op, 2);
}

static const struct op *op_vzeroall(struct soft_cpu *cpu, const struct op *op)
{
    return zero(cpu, op, 0);
}

static const struct soft_simple vzeroupper = { op_vzeroupper, false, false };
static const struct soft_simple vzeroall = { op_vzeroall, false, false };

static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_VZEROUPPER, SOFT_FEATURE_AVX, soft_translate_simple, &vzeroupper },
    { ZYDIS_MNEMONIC_VZEROALL, SOFT_FEATURE_AVX, soft_translate_simple, &vzeroall },
};
SOFT_DEFINE_GROUP(soft_group_avx, rows);
