/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sse_mask.c - sign masks to general registers, stores by mask, moves between MMX and XMM, MOVNTI.
 */
#include "cpu/interp/avx_internal.h"

/* ---- MOVMSKPS, MOVMSKPD, PMOVMSKB: the kernel's low bits are the mask ---- */

SSE_INLINE __m128i k_movmskps(__m128i a, __m128i b, unsigned imm)
{
    (void)a;
    (void)imm;
    return _mm_cvtsi32_si128(_mm_movemask_ps(_mm_castsi128_ps(b)));
}

SSE_INLINE __m128i k_movmskpd(__m128i a, __m128i b, unsigned imm)
{
    (void)a;
    (void)imm;
    return _mm_cvtsi32_si128(_mm_movemask_pd(_mm_castsi128_pd(b)));
}

SSE_INLINE __m128i k_pmovmskb(__m128i a, __m128i b, unsigned imm)
{
    (void)a;
    (void)imm;
    return _mm_cvtsi32_si128(_mm_movemask_epi8(b));
}

SSE_INLINE uint32_t mask_of(__m128i value, sse_kernel kernel)
{
    return (uint32_t)_mm_cvtsi128_si32(kernel(value, value, 0));
}

/* detail: bits of a half. */
SSE_INLINE const struct op *mask(struct soft_cpu *cpu, const struct op *op, sse_kernel kernel)
{
    if (soft_unlikely(!sse_is_usable(cpu))) {
        return sse_refuse(cpu, op);
    }
    cpu->state.gpr[op->reg] = mask_of(sse_xmm(cpu, op->reg3), kernel);
    return SOFT_NEXT(cpu, op);
}

SSE_INLINE const struct op *vex_mask(struct soft_cpu *cpu, const struct op *op, sse_kernel kernel)
{
    uint64_t bits;

    if (soft_unlikely(!avx_is_usable(cpu))) {
        return avx_refuse(cpu, op);
    }
    bits = mask_of(sse_xmm(cpu, op->reg3), kernel);
    if (op->operand_size == 32) {
        bits |= (uint64_t)mask_of(avx_high(cpu, op->reg3), kernel) << op->detail;
    }
    cpu->state.gpr[op->reg] = bits;
    return SOFT_NEXT(cpu, op);
}

struct mask {
    op_fn run, run_vex;
    uint8_t bits; /* of a half */
    uint8_t ymm_feature;
};

#define DEFINE_MASK(name, bits, ymm_feature)                                      \
    static const struct op *op_##name(struct soft_cpu *cpu, const struct op *op)  \
    {                                                                             \
        return mask(cpu, op, k_##name);                                           \
    }                                                                             \
    static const struct op *op_v##name(struct soft_cpu *cpu, const struct op *op) \
    {                                                                             \
        return vex_mask(cpu, op, k_##name);                                       \
    }                                                                             \
    static const struct mask mask_##name = { op_##name, op_v##name, bits, ymm_feature };

DEFINE_MASK(movmskps, 4, SOFT_FEATURE_AVX)
DEFINE_MASK(movmskpd, 2, SOFT_FEATURE_AVX)
DEFINE_MASK(pmovmskb, 16, SOFT_FEATURE_AVX2)

static const struct op *op_mmx_pmovmskb(struct soft_cpu *cpu, const struct op *op)
{
    if (!mmx_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    mmx_enter(cpu);
    cpu->state.gpr[op->reg] = mask_of(mmx_register(cpu, op->reg3), k_pmovmskb);
    return SOFT_NEXT(cpu, op);
}

static void translate_mask(struct soft_translation *t)
{
    const struct mask *m = t->table;

    if (sse_operand_is_ymm(t, 1) && !sse_has_feature(t, m->ymm_feature)) {
        return;
    }
    t->op->reg = soft_operand_register(t, 0);
    t->op->reg3 = soft_operand_register(t, 1);
    t->op->detail = m->bits;
    t->op->operand_size = sse_operand_is_ymm(t, 1) ? 32 : 16;
    t->op->run = sse_operand_is_mmx(t, 1) ? op_mmx_pmovmskb : sse_is_vex(t) ? m->run_vex : m->run;
}

/* ---- MASKMOVDQU, MASKMOVQ: to DS:rDI, byte by byte where the mask's sign is set ----
 *
 * All bytes to be written are checked before any is.
 */

static bool store_masked(struct soft_cpu *cpu, const struct op *op, __m128i value, __m128i mask_)
{
    union sse_lanes bytes = { .v = value };
    union sse_lanes old;
    unsigned wanted = (unsigned)_mm_movemask_epi8(mask_);
    unsigned size = op->operand_size;
    uint64_t linear;

    if (!soft_operand(cpu, op, size, SOFT_WRITE, &linear)) {
        return false;
    }
    wanted &= (1u << size) - 1;
    /* An empty mask may fault too (SDM 2A MASKMOVDQU); processors do. */
    if (!soft_probe_store(cpu, linear, size)) {
        return false;
    }
    if (wanted == 0) {
        return true;
    }
    if (!soft_load(cpu, linear, old.b, size)) {
        return false;
    }
    for (unsigned i = 0; i < size; i++) {
        if ((wanted >> i & 1) == 0) {
            bytes.b[i] = old.b[i];
        }
    }
    return soft_store(cpu, linear, bytes.b, size);
}

static const struct op *op_maskmovdqu(struct soft_cpu *cpu, const struct op *op)
{
    if (!sse_is_usable(cpu)) {
        return sse_refuse(cpu, op);
    }
    return store_masked(cpu, op, sse_xmm(cpu, op->reg), sse_xmm(cpu, op->reg3))
               ? SOFT_NEXT(cpu, op)
               : soft_fault(cpu, op);
}

static const struct op *op_vmaskmovdqu(struct soft_cpu *cpu, const struct op *op)
{
    if (!avx_is_usable(cpu)) {
        return avx_refuse(cpu, op);
    }
    return store_masked(cpu, op, sse_xmm(cpu, op->reg), sse_xmm(cpu, op->reg3))
               ? SOFT_NEXT(cpu, op)
               : soft_fault(cpu, op);
}

static const struct op *op_maskmovq(struct soft_cpu *cpu, const struct op *op)
{
    if (!mmx_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    /* Processors have entered MMX when the store faults; to do it twice is the same. */
    mmx_enter(cpu);
    return store_masked(cpu, op, mmx_register(cpu, op->reg), mmx_register(cpu, op->reg3))
               ? SOFT_NEXT(cpu, op)
               : soft_fault(cpu, op);
}

/* table: struct soft_simple. The memory operand is a hidden one. */
static void translate_maskmov(struct soft_translation *t)
{
    for (unsigned i = 0; i < t->instruction->operand_count; i++) {
        if (soft_operand_is_memory(t, i)) {
            soft_translate_memory(t, &t->operands[i]);
        }
    }
    t->op->reg = soft_operand_register(t, 0);
    t->op->reg3 = soft_operand_register(t, 1);
    t->op->operand_size = sse_operand_is_mmx(t, 0) ? 8 : 16;
    soft_translate_simple(t);
}

static const struct soft_simple maskmovdqu = { op_maskmovdqu, false, false };
static const struct soft_simple vmaskmovdqu = { op_vmaskmovdqu, false, false };
static const struct soft_simple maskmovq = { op_maskmovq, false, false };

/* ---- MOVQ2DQ, MOVDQ2Q ---- */

static const struct op *op_movq2dq(struct soft_cpu *cpu, const struct op *op)
{
    if (!sse_is_usable(cpu)) {
        return sse_refuse(cpu, op);
    }
    if (!mmx_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    mmx_enter(cpu);
    sse_set_xmm(cpu, op->reg, mmx_register(cpu, op->reg3));
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_movdq2q(struct soft_cpu *cpu, const struct op *op)
{
    if (!sse_is_usable(cpu)) {
        return sse_refuse(cpu, op);
    }
    if (!mmx_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    mmx_enter(cpu);
    mmx_set_register(cpu, op->reg, sse_xmm(cpu, op->reg3));
    return SOFT_NEXT(cpu, op);
}

static void translate_registers(struct soft_translation *t)
{
    t->op->reg = soft_operand_register(t, 0);
    t->op->reg3 = soft_operand_register(t, 1);
    soft_translate_simple(t);
}

static const struct soft_simple movq2dq = { op_movq2dq, false, false };
static const struct soft_simple movdq2q = { op_movdq2q, false, false };

/* ---- MOVNTI: of SSE2, but no vector register plays a part, and none of its checks ---- */

static const struct op *op_movnti(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t linear;

    if (!soft_operand(cpu, op, op->operand_size, SOFT_WRITE, &linear) ||
        !soft_store(cpu, linear, &cpu->state.gpr[op->reg], op->operand_size)) {
        return soft_fault(cpu, op);
    }
    return SOFT_NEXT(cpu, op);
}

static void translate_movnti(struct soft_translation *t)
{
    t->op->reg = soft_operand_register(t, 1);
    t->op->operand_size = (uint8_t)soft_operand_bytes(t, 0);
    t->op->run = op_movnti;
}

static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_MOVMSKPS, SOFT_FEATURE_SSE, translate_mask, &mask_movmskps },
    { ZYDIS_MNEMONIC_MOVMSKPD, SOFT_FEATURE_SSE2, translate_mask, &mask_movmskpd },
    { ZYDIS_MNEMONIC_PMOVMSKB, SOFT_FEATURE_SSE, translate_mask, &mask_pmovmskb },
    { ZYDIS_MNEMONIC_VMOVMSKPS, SOFT_FEATURE_AVX, translate_mask, &mask_movmskps },
    { ZYDIS_MNEMONIC_VMOVMSKPD, SOFT_FEATURE_AVX, translate_mask, &mask_movmskpd },
    { ZYDIS_MNEMONIC_VPMOVMSKB, SOFT_FEATURE_AVX, translate_mask, &mask_pmovmskb },
    { ZYDIS_MNEMONIC_MASKMOVDQU, SOFT_FEATURE_SSE2, translate_maskmov, &maskmovdqu },
    { ZYDIS_MNEMONIC_VMASKMOVDQU, SOFT_FEATURE_AVX, translate_maskmov, &vmaskmovdqu },
    { ZYDIS_MNEMONIC_MASKMOVQ, SOFT_FEATURE_SSE, translate_maskmov, &maskmovq },
    { ZYDIS_MNEMONIC_MOVQ2DQ, SOFT_FEATURE_SSE2, translate_registers, &movq2dq },
    { ZYDIS_MNEMONIC_MOVDQ2Q, SOFT_FEATURE_SSE2, translate_registers, &movdq2q },
    { ZYDIS_MNEMONIC_MOVNTI, SOFT_FEATURE_SSE2, translate_movnti, NULL },
};
SOFT_DEFINE_GROUP(soft_group_sse_mask, rows);
