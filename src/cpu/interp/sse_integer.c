/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sse_integer.c - integer arithmetic, logic, comparisons and shifts of MMX, SSE2, AVX and AVX2.
 */
#include "cpu/interp/sse_internal.h"

/* ---- one host instruction, lane by lane: MMX is the same on the low half ---- */

#define LANES(name)              \
    SSE_DEFINE_HOST_KERNEL(name) \
    SSE_DEFINE_FORM(name, SSE2, AVX2, 16, false, k_##name)

LANES(paddb)
LANES(paddw)
LANES(paddd)
LANES(paddq)
LANES(psubb)
LANES(psubw)
LANES(psubd)
LANES(psubq)
LANES(paddsb)
LANES(paddsw)
LANES(paddusb)
LANES(paddusw)
LANES(psubsb)
LANES(psubsw)
LANES(psubusb)
LANES(psubusw)
LANES(pmullw)
LANES(pmulhw)
LANES(pmulhuw)
LANES(pmuludq)
LANES(pmaddwd)
LANES(psadbw)
LANES(pand)
LANES(pandn)
LANES(por)
LANES(pxor)
LANES(pcmpeqb)
LANES(pcmpeqw)
LANES(pcmpeqd)
LANES(pcmpgtb)
LANES(pcmpgtw)
LANES(pcmpgtd)
LANES(pavgb)
LANES(pavgw)
LANES(pmaxub)
LANES(pmaxsw)
LANES(pminub)
LANES(pminsw)

/* The floating-point names of the logic. */
#define LOGIC(name, feature, integer)                               \
    SSE_INLINE __m128i k_##name(__m128i a, __m128i b, unsigned imm) \
    {                                                               \
        return k_##integer(a, b, imm);                              \
    }                                                               \
    SSE_DEFINE_FORM(name, feature, AVX, 16, false, NULL)

LOGIC(andps, SSE, pand)
LOGIC(andpd, SSE2, pand)
LOGIC(andnps, SSE, pandn)
LOGIC(andnpd, SSE2, pandn)
LOGIC(orps, SSE, por)
LOGIC(orpd, SSE2, por)
LOGIC(xorps, SSE, pxor)
LOGIC(xorpd, SSE2, pxor)

/* ---- packing, unpacking: MMX takes both operands' low halves ---- */

#define PACK(name)                                                \
    SSE_DEFINE_HOST_KERNEL(name)                                  \
    static __m128i mmx_##name(__m128i a, __m128i b, unsigned imm) \
    {                                                             \
        __m128i both = _mm_unpacklo_epi64(a, b);                  \
                                                                  \
        return k_##name(both, both, imm);                         \
    }                                                             \
    SSE_DEFINE_FORM(name, SSE2, AVX2, 16, false, mmx_##name)

PACK(packsswb)
PACK(packuswb)
PACK(packssdw)

#define UNPACK(low, high)                                         \
    SSE_DEFINE_HOST_KERNEL(low)                                   \
    SSE_DEFINE_FORM(low, SSE2, AVX2, 16, false, k_##low)          \
    SSE_DEFINE_HOST_KERNEL(high)                                  \
    static __m128i mmx_##high(__m128i a, __m128i b, unsigned imm) \
    {                                                             \
        return _mm_srli_si128(k_##low(a, b, imm), 8);             \
    }                                                             \
    SSE_DEFINE_FORM(high, SSE2, AVX2, 16, false, mmx_##high)

UNPACK(punpcklbw, punpckhbw)
UNPACK(punpcklwd, punpckhwd)
UNPACK(punpckldq, punpckhdq)
SSE_DEFINE_HOST_KERNEL(punpcklqdq)
SSE_DEFINE_FORM(punpcklqdq, SSE2, AVX2, 16, false, NULL)
SSE_DEFINE_HOST_KERNEL(punpckhqdq)
SSE_DEFINE_FORM(punpckhqdq, SSE2, AVX2, 16, false, NULL)

/* ---- shifts: the count is the low 64 bits of b, or an immediate ---- */

#define SHIFT(name)                                                    \
    SSE_DEFINE_HOST_KERNEL(name)                                       \
    SSE_DEFINE_FORM(name, SSE2, AVX2, 16, false, k_##name)             \
    static __m128i k_##name##_imm(__m128i a, __m128i b, unsigned imm)  \
    {                                                                  \
        (void)b;                                                       \
        return k_##name(a, _mm_cvtsi32_si128((int)imm), 0);            \
    }                                                                  \
    SSE_DEFINE_FORM(name##_imm, SSE2, AVX2, 16, false, k_##name##_imm) \
    static const struct shift_forms shift_##name = { &form_##name, &form_##name##_imm };

struct shift_forms {
    const struct sse_form *by_register, *by_immediate;
};

SHIFT(psllw)
SHIFT(pslld)
SHIFT(psllq)
SHIFT(psrlw)
SHIFT(psrld)
SHIFT(psrlq)
SHIFT(psraw)
SHIFT(psrad)

/* Bytes from place on of 32: the 16 bytes of b, then those of a. */
static __m128i window(__m128i a, __m128i b, unsigned place)
{
    uint8_t bytes[48] = { 0 };

    _mm_storeu_si128((__m128i *)bytes, b);
    _mm_storeu_si128((__m128i *)(bytes + 16), a);
    return _mm_loadu_si128((const __m128i *)(bytes + MIN(place, 32)));
}

static __m128i k_pslldq(__m128i a, __m128i b, unsigned imm)
{
    (void)b;
    return window(a, _mm_setzero_si128(), 16 - MIN(imm, 16u));
}

static __m128i k_psrldq(__m128i a, __m128i b, unsigned imm)
{
    (void)b;
    return window(_mm_setzero_si128(), a, MIN(imm, 16u));
}

SSE_DEFINE_FORM(pslldq, SSE2, AVX2, 16, false, NULL)
SSE_DEFINE_FORM(psrldq, SSE2, AVX2, 16, false, NULL)

/* (dst, imm) is kernel(dst, -, imm); VEX: (dst, src, imm). */
static void translate_by_immediate(struct soft_translation *t, const struct sse_form *form)
{
    unsigned source = t->instruction->operand_count_visible - 2u;

    t->op->reg = soft_operand_register(t, 0);
    t->op->reg2 = soft_operand_register(t, source);
    t->op->reg3 = t->op->reg2;
    t->op->detail = (uint8_t)soft_operand_immediate(t, source + 1);
    t->op->run = form->reg;
}

static void translate_shift(struct soft_translation *t)
{
    const struct shift_forms *forms = t->table;
    unsigned last = t->instruction->operand_count_visible - 1u;

    if (!soft_operand_is_immediate(t, last)) {
        t->table = forms->by_register;
        sse_translate_form(t);
    } else if (sse_operand_is_mmx(t, 0)) {
        mmx_translate_form(t, forms->by_immediate);
    } else if (sse_has_feature(t, SOFT_FEATURE_SSE2)) {
        translate_by_immediate(t, forms->by_immediate);
    }
}

static void translate_byte_shift(struct soft_translation *t)
{
    translate_by_immediate(t, t->table);
}

static void avx_translate_shift(struct soft_translation *t)
{
    const struct shift_forms *forms = t->table;
    unsigned last = t->instruction->operand_count_visible - 1u;

    if (soft_operand_is_immediate(t, last)) {
        t->table = forms->by_immediate;
        avx_translate_by_immediate(t);
    } else {
        t->table = forms->by_register;
        avx_translate_count_form(t);
    }
}

#define SHIFT_ROWS(MNEMONIC, name)                                                       \
    { ZYDIS_MNEMONIC_##MNEMONIC, SOFT_FEATURE_MMX, translate_shift, &shift_##name },     \
    {                                                                                    \
        ZYDIS_MNEMONIC_V##MNEMONIC, SOFT_FEATURE_AVX, avx_translate_shift, &shift_##name \
    }

static const struct soft_row rows[] = {
    SSE_ROWS(PADDB, MMX, paddb),
    SSE_ROWS(PADDW, MMX, paddw),
    SSE_ROWS(PADDD, MMX, paddd),
    SSE_ROWS(PADDQ, SSE2, paddq),
    SSE_ROWS(PSUBB, MMX, psubb),
    SSE_ROWS(PSUBW, MMX, psubw),
    SSE_ROWS(PSUBD, MMX, psubd),
    SSE_ROWS(PSUBQ, SSE2, psubq),
    SSE_ROWS(PADDSB, MMX, paddsb),
    SSE_ROWS(PADDSW, MMX, paddsw),
    SSE_ROWS(PADDUSB, MMX, paddusb),
    SSE_ROWS(PADDUSW, MMX, paddusw),
    SSE_ROWS(PSUBSB, MMX, psubsb),
    SSE_ROWS(PSUBSW, MMX, psubsw),
    SSE_ROWS(PSUBUSB, MMX, psubusb),
    SSE_ROWS(PSUBUSW, MMX, psubusw),
    SSE_ROWS(PMULLW, MMX, pmullw),
    SSE_ROWS(PMULHW, MMX, pmulhw),
    SSE_ROWS(PMULHUW, SSE, pmulhuw),
    SSE_ROWS(PMULUDQ, SSE2, pmuludq),
    SSE_ROWS(PMADDWD, MMX, pmaddwd),
    SSE_ROWS(PSADBW, SSE, psadbw),
    SSE_ROWS(PAND, MMX, pand),
    SSE_ROWS(PANDN, MMX, pandn),
    SSE_ROWS(POR, MMX, por),
    SSE_ROWS(PXOR, MMX, pxor),
    SSE_ROWS(PCMPEQB, MMX, pcmpeqb),
    SSE_ROWS(PCMPEQW, MMX, pcmpeqw),
    SSE_ROWS(PCMPEQD, MMX, pcmpeqd),
    SSE_ROWS(PCMPGTB, MMX, pcmpgtb),
    SSE_ROWS(PCMPGTW, MMX, pcmpgtw),
    SSE_ROWS(PCMPGTD, MMX, pcmpgtd),
    SSE_ROWS(PAVGB, SSE, pavgb),
    SSE_ROWS(PAVGW, SSE, pavgw),
    SSE_ROWS(PMAXUB, SSE, pmaxub),
    SSE_ROWS(PMAXSW, SSE, pmaxsw),
    SSE_ROWS(PMINUB, SSE, pminub),
    SSE_ROWS(PMINSW, SSE, pminsw),
    SSE_ROWS(ANDPS, SSE, andps),
    SSE_ROWS(ANDPD, SSE2, andpd),
    SSE_ROWS(ANDNPS, SSE, andnps),
    SSE_ROWS(ANDNPD, SSE2, andnpd),
    SSE_ROWS(ORPS, SSE, orps),
    SSE_ROWS(ORPD, SSE2, orpd),
    SSE_ROWS(XORPS, SSE, xorps),
    SSE_ROWS(XORPD, SSE2, xorpd),
    SSE_ROWS(PACKSSWB, MMX, packsswb),
    SSE_ROWS(PACKUSWB, MMX, packuswb),
    SSE_ROWS(PACKSSDW, MMX, packssdw),
    SSE_ROWS(PUNPCKLBW, MMX, punpcklbw),
    SSE_ROWS(PUNPCKLWD, MMX, punpcklwd),
    SSE_ROWS(PUNPCKLDQ, MMX, punpckldq),
    SSE_ROWS(PUNPCKHBW, MMX, punpckhbw),
    SSE_ROWS(PUNPCKHWD, MMX, punpckhwd),
    SSE_ROWS(PUNPCKHDQ, MMX, punpckhdq),
    SSE_ROWS(PUNPCKLQDQ, SSE2, punpcklqdq),
    SSE_ROWS(PUNPCKHQDQ, SSE2, punpckhqdq),
    SHIFT_ROWS(PSLLW, psllw),
    SHIFT_ROWS(PSLLD, pslld),
    SHIFT_ROWS(PSLLQ, psllq),
    SHIFT_ROWS(PSRLW, psrlw),
    SHIFT_ROWS(PSRLD, psrld),
    SHIFT_ROWS(PSRLQ, psrlq),
    SHIFT_ROWS(PSRAW, psraw),
    SHIFT_ROWS(PSRAD, psrad),
    { ZYDIS_MNEMONIC_PSLLDQ, SOFT_FEATURE_SSE2, translate_byte_shift, &form_pslldq },
    { ZYDIS_MNEMONIC_PSRLDQ, SOFT_FEATURE_SSE2, translate_byte_shift, &form_psrldq },
    { ZYDIS_MNEMONIC_VPSLLDQ, SOFT_FEATURE_AVX, avx_translate_by_immediate, &form_pslldq },
    { ZYDIS_MNEMONIC_VPSRLDQ, SOFT_FEATURE_AVX, avx_translate_by_immediate, &form_psrldq },
};
SOFT_DEFINE_GROUP(soft_group_sse_integer, rows);
