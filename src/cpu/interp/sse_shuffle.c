/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sse_shuffle.c - shuffles, unpacking, inserts and extracts of SSE and SSE2, and their VEX forms.
 */
#include "cpu/interp/sse_internal.h"

#define LANE(value, i) ((value) >> (2 * (i)) & 3)

static __m128i k_pshufd(__m128i a, __m128i b, unsigned imm)
{
    union sse_lanes s = { .v = b };

    (void)a;
    return _mm_set_epi32(s.sd[LANE(imm, 3)], s.sd[LANE(imm, 2)], s.sd[LANE(imm, 1)],
                         s.sd[LANE(imm, 0)]);
}

static __m128i shuffle_words(__m128i value, unsigned imm, unsigned first)
{
    union sse_lanes s = { .v = value };
    union sse_lanes r = s;

    for (unsigned i = 0; i < 4; i++) {
        r.w[first + i] = s.w[first + LANE(imm, i)];
    }
    return r.v;
}

static __m128i k_pshuflw(__m128i a, __m128i b, unsigned imm)
{
    (void)a;
    return shuffle_words(b, imm, 0);
}

static __m128i k_pshufhw(__m128i a, __m128i b, unsigned imm)
{
    (void)a;
    return shuffle_words(b, imm, 4);
}

static __m128i k_shufps(__m128i a, __m128i b, unsigned imm)
{
    union sse_lanes x = { .v = a };
    union sse_lanes y = { .v = b };

    return _mm_set_epi32(y.sd[LANE(imm, 3)], y.sd[LANE(imm, 2)], x.sd[LANE(imm, 1)],
                         x.sd[LANE(imm, 0)]);
}

static __m128i k_shufpd(__m128i a, __m128i b, unsigned imm)
{
    union sse_lanes x = { .v = a };
    union sse_lanes y = { .v = b };

    return _mm_set_epi64x(y.sq[imm >> 1 & 1], x.sq[imm & 1]);
}

SSE_DEFINE_HOST_KERNEL(unpcklps)
SSE_DEFINE_HOST_KERNEL(unpckhps)
SSE_DEFINE_HOST_KERNEL(unpcklpd)
SSE_DEFINE_HOST_KERNEL(unpckhpd)
SSE_DEFINE_FORM(pshufd, SSE2, AVX2, 16, false, NULL)
SSE_DEFINE_FORM(pshuflw, SSE2, AVX2, 16, false, NULL)
SSE_DEFINE_FORM(pshufhw, SSE2, AVX2, 16, false, NULL)
SSE_DEFINE_FORM(shufps, SSE, AVX, 16, false, NULL)
SSE_DEFINE_FORM(unpcklps, SSE, AVX, 16, false, NULL)
SSE_DEFINE_FORM(unpckhps, SSE, AVX, 16, false, NULL)
SSE_DEFINE_FORM(unpcklpd, SSE2, AVX, 16, false, NULL)
SSE_DEFINE_FORM(unpckhpd, SSE2, AVX, 16, false, NULL)
SSE_DEFINE_FORM_SHIFTED(shufpd, SSE2, AVX, 16, false, NULL, 2)

static const struct sse_form form_pshufw = { .mmx = k_pshuflw };

/* ---- SSE3 ---- */

static __m128i k_movsldup(__m128i a, __m128i b, unsigned imm)
{
    (void)a;
    (void)imm;
    return _mm_shuffle_epi32(b, 0xa0);
}

static __m128i k_movshdup(__m128i a, __m128i b, unsigned imm)
{
    (void)a;
    (void)imm;
    return _mm_shuffle_epi32(b, 0xf5);
}

static __m128i k_movddup(__m128i a, __m128i b, unsigned imm)
{
    (void)a;
    (void)imm;
    return _mm_unpacklo_epi64(b, b);
}

SSE_DEFINE_FORM(movsldup, SSE3, AVX, 16, false, NULL)
SSE_DEFINE_FORM(movshdup, SSE3, AVX, 16, false, NULL)
SSE_DEFINE_FORM(movddup, SSE3, AVX, 8, false, NULL)

/* ---- single elements: PINSRx dst, r/m, imm and PEXTRx r/m, src, imm ---- */

static __m128i insert_lane(__m128i vector, unsigned bytes, unsigned lane, uint64_t value)
{
    union sse_lanes r = { .v = vector };

    memcpy(r.b + (size_t)lane * bytes, &value, bytes);
    return r.v;
}

static uint64_t extract_lane(__m128i vector, unsigned bytes, unsigned lane)
{
    union sse_lanes s = { .v = vector };
    uint64_t value = 0;

    memcpy(&value, s.b + (size_t)lane * bytes, bytes);
    return value;
}

/* The value to insert: a general register or memory; false = fault. */
static bool insert_source(struct soft_cpu *cpu, const struct op *op, uint64_t *value)
{
    uint64_t linear;

    *value = cpu->state.gpr[op->reg3];
    if (op->reg3 != SOFT_GPR_ZERO) {
        return true;
    }
    return soft_operand(cpu, op, op->operand_size, SOFT_READ, &linear) &&
           soft_load(cpu, linear, value, op->operand_size);
}

static const struct op *op_pinsr(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t value;

    if (!sse_is_usable(cpu)) {
        return sse_refuse(cpu, op);
    }
    if (!insert_source(cpu, op, &value)) {
        return soft_fault(cpu, op);
    }
    sse_set_xmm(cpu, op->reg,
                insert_lane(sse_xmm(cpu, op->reg2), op->operand_size, op->detail, value));
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_vpinsr(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t value;

    if (!avx_is_usable(cpu)) {
        return avx_refuse(cpu, op);
    }
    if (!insert_source(cpu, op, &value)) {
        return soft_fault(cpu, op);
    }
    sse_set_xmm(cpu, op->reg,
                insert_lane(sse_xmm(cpu, op->reg2), op->operand_size, op->detail, value));
    avx_set_high(cpu, op->reg, _mm_setzero_si128());
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_mmx_pinsr(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t value;

    if (!mmx_begin(cpu) || !insert_source(cpu, op, &value)) {
        return soft_fault(cpu, op);
    }
    mmx_enter(cpu);
    mmx_set_register(cpu, op->reg, insert_lane(mmx_register(cpu, op->reg), 2, op->detail, value));
    return SOFT_NEXT(cpu, op);
}

/* table: the element's bytes. */
static const uint8_t element_bytes[] = { 1, 2, 4, 8 };

static void translate_pinsr(struct soft_translation *t)
{
    unsigned bytes = *(const uint8_t *)t->table;
    bool is_mmx = sse_operand_is_mmx(t, 0);
    unsigned count;

    t->op->detail = sse_immediate(t, &count) & (uint8_t)((is_mmx ? 8u : 16u) / bytes - 1);
    t->op->operand_size = (uint8_t)bytes;
    t->op->reg = soft_operand_register(t, 0);
    t->op->reg2 = soft_operand_register(t, count - 2);
    t->op->reg3 = t->has_memory ? SOFT_GPR_ZERO
                                : (uint8_t)ZydisRegisterGetId(t->operands[count - 1].reg.value);
    t->op->run = is_mmx ? op_mmx_pinsr : sse_is_vex(t) ? op_vpinsr : op_pinsr;
}

static const struct op *finish_extract(struct soft_cpu *cpu, const struct op *op, uint64_t value)
{
    uint64_t linear;

    if (op->reg != SOFT_GPR_ZERO) {
        cpu->state.gpr[op->reg] = value;
        return SOFT_NEXT(cpu, op);
    }
    if (!soft_operand(cpu, op, op->operand_size, SOFT_WRITE, &linear) ||
        !soft_store(cpu, linear, &value, op->operand_size)) {
        return soft_fault(cpu, op);
    }
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_pextr(struct soft_cpu *cpu, const struct op *op)
{
    if (!sse_is_usable(cpu)) {
        return sse_refuse(cpu, op);
    }
    return finish_extract(cpu, op,
                          extract_lane(sse_xmm(cpu, op->reg2), op->operand_size, op->detail));
}

static const struct op *op_vpextr(struct soft_cpu *cpu, const struct op *op)
{
    if (!avx_is_usable(cpu)) {
        return avx_refuse(cpu, op);
    }
    return finish_extract(cpu, op,
                          extract_lane(sse_xmm(cpu, op->reg2), op->operand_size, op->detail));
}

static const struct op *op_mmx_pextr(struct soft_cpu *cpu, const struct op *op)
{
    if (!mmx_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    mmx_enter(cpu);
    return finish_extract(cpu, op, extract_lane(mmx_register(cpu, op->reg2), 2, op->detail));
}

static void translate_pextr(struct soft_translation *t)
{
    unsigned bytes = *(const uint8_t *)t->table;
    bool is_mmx = sse_operand_is_mmx(t, 1);
    unsigned count;

    /* PEXTRW to memory is of SSE4.1, to a register of SSE and SSE2. */
    if (t->has_memory && !sse_is_vex(t) && !sse_has_feature(t, SOFT_FEATURE_SSE41)) {
        return;
    }
    t->op->detail = sse_immediate(t, &count) & (uint8_t)((is_mmx ? 8u : 16u) / bytes - 1);
    t->op->operand_size = (uint8_t)bytes;
    t->op->reg =
        t->has_memory ? SOFT_GPR_ZERO : (uint8_t)ZydisRegisterGetId(t->operands[0].reg.value);
    t->op->reg2 = soft_operand_register(t, 1);
    t->op->run = is_mmx ? op_mmx_pextr : sse_is_vex(t) ? op_vpextr : op_pextr;
}

static const struct soft_row rows[] = {
    SSE_ROWS(PSHUFD, SSE2, pshufd),
    SSE_ROWS(PSHUFLW, SSE2, pshuflw),
    SSE_ROWS(PSHUFHW, SSE2, pshufhw),
    SSE_ROW(PSHUFW, SSE, pshufw),
    SSE_ROWS(SHUFPS, SSE, shufps),
    SSE_ROWS(SHUFPD, SSE2, shufpd),
    SSE_ROWS(UNPCKLPS, SSE, unpcklps),
    SSE_ROWS(UNPCKHPS, SSE, unpckhps),
    SSE_ROWS(UNPCKLPD, SSE2, unpcklpd),
    SSE_ROWS(UNPCKHPD, SSE2, unpckhpd),
    SSE_ROWS(MOVSLDUP, SSE3, movsldup),
    SSE_ROWS(MOVSHDUP, SSE3, movshdup),
    SSE_ROWS(MOVDDUP, SSE3, movddup),
    { ZYDIS_MNEMONIC_PINSRW, SOFT_FEATURE_SSE, translate_pinsr, &element_bytes[1] },
    { ZYDIS_MNEMONIC_PINSRB, SOFT_FEATURE_SSE41, translate_pinsr, &element_bytes[0] },
    { ZYDIS_MNEMONIC_PINSRD, SOFT_FEATURE_SSE41, translate_pinsr, &element_bytes[2] },
    { ZYDIS_MNEMONIC_PINSRQ, SOFT_FEATURE_SSE41, translate_pinsr, &element_bytes[3] },
    { ZYDIS_MNEMONIC_VPINSRB, SOFT_FEATURE_AVX, translate_pinsr, &element_bytes[0] },
    { ZYDIS_MNEMONIC_VPINSRW, SOFT_FEATURE_AVX, translate_pinsr, &element_bytes[1] },
    { ZYDIS_MNEMONIC_VPINSRD, SOFT_FEATURE_AVX, translate_pinsr, &element_bytes[2] },
    { ZYDIS_MNEMONIC_VPINSRQ, SOFT_FEATURE_AVX, translate_pinsr, &element_bytes[3] },
    { ZYDIS_MNEMONIC_PEXTRW, SOFT_FEATURE_SSE, translate_pextr, &element_bytes[1] },
    { ZYDIS_MNEMONIC_PEXTRB, SOFT_FEATURE_SSE41, translate_pextr, &element_bytes[0] },
    { ZYDIS_MNEMONIC_PEXTRD, SOFT_FEATURE_SSE41, translate_pextr, &element_bytes[2] },
    { ZYDIS_MNEMONIC_PEXTRQ, SOFT_FEATURE_SSE41, translate_pextr, &element_bytes[3] },
    { ZYDIS_MNEMONIC_EXTRACTPS, SOFT_FEATURE_SSE41, translate_pextr, &element_bytes[2] },
    { ZYDIS_MNEMONIC_VPEXTRB, SOFT_FEATURE_AVX, translate_pextr, &element_bytes[0] },
    { ZYDIS_MNEMONIC_VPEXTRW, SOFT_FEATURE_AVX, translate_pextr, &element_bytes[1] },
    { ZYDIS_MNEMONIC_VPEXTRD, SOFT_FEATURE_AVX, translate_pextr, &element_bytes[2] },
    { ZYDIS_MNEMONIC_VPEXTRQ, SOFT_FEATURE_AVX, translate_pextr, &element_bytes[3] },
    { ZYDIS_MNEMONIC_VEXTRACTPS, SOFT_FEATURE_AVX, translate_pextr, &element_bytes[2] },
};
SOFT_DEFINE_GROUP(soft_group_sse_shuffle, rows);
