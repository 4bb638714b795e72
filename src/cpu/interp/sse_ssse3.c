/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sse_ssse3.c - SSSE3, and the integer instructions of SSE4.1 and SSE4.2, with their MMX and VEX
 * forms.
 */
#include "cpu/interp/sse_internal.h"

#define INTEGER(name, feature, mmx) SSE_DEFINE_FORM(name, feature, AVX2, 16, false, mmx)

#define UNARY_LANES(name, member, count, expression)            \
    static __m128i k_##name(__m128i a, __m128i b, unsigned imm) \
    {                                                           \
        union sse_lanes y = { .v = b };                         \
        union sse_lanes r;                                      \
                                                                \
        (void)a;                                                \
        (void)imm;                                              \
        for (unsigned i = 0; i < (count); i++) {                \
            r.member[i] = expression;                           \
        }                                                       \
        return r.v;                                             \
    }

#define BINARY_LANES(name, member, count, expression)           \
    static __m128i k_##name(__m128i a, __m128i b, unsigned imm) \
    {                                                           \
        union sse_lanes x = { .v = a };                         \
        union sse_lanes y = { .v = b };                         \
        union sse_lanes r;                                      \
                                                                \
        (void)imm;                                              \
        for (unsigned i = 0; i < (count); i++) {                \
            r.member[i] = expression;                           \
        }                                                       \
        return r.v;                                             \
    }

/* ---- SSSE3 ---- */

static int16_t saturate16(int32_t value)
{
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

static uint16_t saturate_unsigned16(int32_t value)
{
    return (uint16_t)(value > UINT16_MAX ? UINT16_MAX : value < 0 ? 0 : value);
}

BINARY_LANES(pshufb, b, 16, (uint8_t)(y.sb[i] < 0 ? 0 : x.b[y.b[i] & 15]))
BINARY_LANES(mmx_pshufb, b, 16, (uint8_t)(y.sb[i] < 0 ? 0 : x.b[y.b[i] & 7]))
BINARY_LANES(pmaddubsw, w, 8,
             (uint16_t)saturate16(x.b[2 * i] * y.sb[2 * i] + x.b[2 * i + 1] * y.sb[2 * i + 1]))
BINARY_LANES(pmulhrsw, w, 8, (uint16_t)(((x.sw[i] * y.sw[i] >> 14) + 1) >> 1))
BINARY_LANES(psignb, b, 16, (uint8_t)(y.sb[i] < 0 ? -x.b[i] : y.sb[i] == 0 ? 0 : x.b[i]))
BINARY_LANES(psignw, w, 8, (uint16_t)(y.sw[i] < 0 ? -x.w[i] : y.sw[i] == 0 ? 0 : x.w[i]))
BINARY_LANES(psignd, d, 4, y.sd[i] < 0 ? -x.d[i] : y.sd[i] == 0 ? 0 : x.d[i])
UNARY_LANES(pabsb, b, 16, (uint8_t)(y.sb[i] < 0 ? -y.b[i] : y.b[i]))
UNARY_LANES(pabsw, w, 8, (uint16_t)(y.sw[i] < 0 ? -y.w[i] : y.w[i]))
UNARY_LANES(pabsd, d, 4, y.sd[i] < 0 ? -y.d[i] : y.d[i])

/* Neighbours of a, then of b: with the two operands' even and odd elements taken apart, lane by lane.
 * MMX: both low halves are one operand. */
#define SHUFFLE_DWORDS(a, b, order) \
    _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(a), _mm_castsi128_ps(b), order))

/* The even (part 0) or odd (part 1) words of a, then of b. */
static __m128i words_of(__m128i a, __m128i b, unsigned part)
{
    union sse_lanes x = { .v = a };
    union sse_lanes y = { .v = b };
    union sse_lanes r;

    for (unsigned i = 0; i < 4; i++) {
        r.w[i] = x.w[2 * i + part];
        r.w[i + 4] = y.w[2 * i + part];
    }
    return r.v;
}

#define HORIZONTAL(name, even, odd, operation)                    \
    static __m128i k_##name(__m128i a, __m128i b, unsigned imm)   \
    {                                                             \
        (void)imm;                                                \
        return operation(even, odd);                              \
    }                                                             \
    static __m128i mmx_##name(__m128i a, __m128i b, unsigned imm) \
    {                                                             \
        __m128i both = _mm_unpacklo_epi64(a, b);                  \
                                                                  \
        return k_##name(both, both, imm);                         \
    }                                                             \
    INTEGER(name, SSSE3, mmx_##name)

HORIZONTAL(phaddw, words_of(a, b, 0), words_of(a, b, 1), _mm_add_epi16)
HORIZONTAL(phaddsw, words_of(a, b, 0), words_of(a, b, 1), _mm_adds_epi16)
HORIZONTAL(phsubw, words_of(a, b, 0), words_of(a, b, 1), _mm_sub_epi16)
HORIZONTAL(phsubsw, words_of(a, b, 0), words_of(a, b, 1), _mm_subs_epi16)
HORIZONTAL(phaddd, SHUFFLE_DWORDS(a, b, 0x88), SHUFFLE_DWORDS(a, b, 0xdd), _mm_add_epi32)
HORIZONTAL(phsubd, SHUFFLE_DWORDS(a, b, 0x88), SHUFFLE_DWORDS(a, b, 0xdd), _mm_sub_epi32)

/* size bytes of b, then size bytes of a, then zeros: those from byte imm on. */
static __m128i align_right(__m128i a, __m128i b, unsigned imm, unsigned size)
{
    uint8_t bytes[48] = { 0 };

    memcpy(bytes, &b, size);
    memcpy(bytes + size, &a, size);
    return _mm_loadu_si128((const __m128i *)(bytes + MIN(imm, 2 * size)));
}

static __m128i k_palignr(__m128i a, __m128i b, unsigned imm)
{
    return align_right(a, b, imm, 16);
}

static __m128i mmx_palignr(__m128i a, __m128i b, unsigned imm)
{
    return align_right(a, b, imm, 8);
}

INTEGER(pshufb, SSSE3, k_mmx_pshufb)
INTEGER(pmaddubsw, SSSE3, k_pmaddubsw)
INTEGER(pmulhrsw, SSSE3, k_pmulhrsw)
INTEGER(psignb, SSSE3, k_psignb)
INTEGER(psignw, SSSE3, k_psignw)
INTEGER(psignd, SSSE3, k_psignd)
INTEGER(pabsb, SSSE3, k_pabsb)
INTEGER(pabsw, SSSE3, k_pabsw)
INTEGER(pabsd, SSSE3, k_pabsd)
INTEGER(palignr, SSSE3, mmx_palignr)

/* ---- SSE4.1, SSE4.2 ---- */

BINARY_LANES(pmuldq, sq, 2, (int64_t)x.sd[2 * i] * y.sd[2 * i])
BINARY_LANES(pmulld, d, 4, x.d[i] * y.d[i])
BINARY_LANES(pminsb, b, 16, x.sb[i] < y.sb[i] ? x.b[i] : y.b[i])
BINARY_LANES(pmaxsb, b, 16, x.sb[i] > y.sb[i] ? x.b[i] : y.b[i])
BINARY_LANES(pminuw, w, 8, x.w[i] < y.w[i] ? x.w[i] : y.w[i])
BINARY_LANES(pmaxuw, w, 8, x.w[i] > y.w[i] ? x.w[i] : y.w[i])
BINARY_LANES(pminsd, d, 4, x.sd[i] < y.sd[i] ? x.d[i] : y.d[i])
BINARY_LANES(pmaxsd, d, 4, x.sd[i] > y.sd[i] ? x.d[i] : y.d[i])
BINARY_LANES(pminud, d, 4, x.d[i] < y.d[i] ? x.d[i] : y.d[i])
BINARY_LANES(pmaxud, d, 4, x.d[i] > y.d[i] ? x.d[i] : y.d[i])
BINARY_LANES(pcmpeqq, q, 2, x.q[i] == y.q[i] ? UINT64_MAX : 0)
BINARY_LANES(pcmpgtq, q, 2, x.sq[i] > y.sq[i] ? UINT64_MAX : 0)
BINARY_LANES(packusdw, w, 8, saturate_unsigned16(i < 4 ? x.sd[i] : y.sd[i - 4]))
INTEGER(pmuldq, SSE41, NULL)
INTEGER(pmulld, SSE41, NULL)
INTEGER(pminsb, SSE41, NULL)
INTEGER(pmaxsb, SSE41, NULL)
INTEGER(pminuw, SSE41, NULL)
INTEGER(pmaxuw, SSE41, NULL)
INTEGER(pminsd, SSE41, NULL)
INTEGER(pmaxsd, SSE41, NULL)
INTEGER(pminud, SSE41, NULL)
INTEGER(pmaxud, SSE41, NULL)
INTEGER(pcmpeqq, SSE41, NULL)
INTEGER(pcmpgtq, SSE42, NULL)
INTEGER(packusdw, SSE41, NULL)

static __m128i k_phminposuw(__m128i a, __m128i b, unsigned imm)
{
    union sse_lanes y = { .v = b };
    unsigned place = 0;

    (void)a;
    (void)imm;
    for (unsigned i = 1; i < 8; i++) {
        place = y.w[i] < y.w[place] ? i : place;
    }
    return _mm_cvtsi32_si128((int)(y.w[place] | place << 16));
}

SSE_DEFINE_FORM(phminposuw, SSE41, NONE, 16, false, NULL)

/* Sums of four differences: eleven bytes of a from byte 4 * imm[2] on, four of b from 4 * imm[1:0]
 * on. */
static __m128i k_mpsadbw(__m128i a, __m128i b, unsigned imm)
{
    union sse_lanes x = { .v = a };
    union sse_lanes y = { .v = b };
    union sse_lanes r;
    unsigned from_a = (imm >> 2 & 1) * 4, from_b = (imm & 3) * 4;

    for (unsigned i = 0; i < 8; i++) {
        int sum = 0;

        for (unsigned k = 0; k < 4; k++) {
            sum += abs(x.b[from_a + i + k] - y.b[from_b + k]);
        }
        r.w[i] = (uint16_t)sum;
    }
    return r.v;
}

SSE_DEFINE_FORM_SHIFTED(mpsadbw, SSE41, AVX2, 16, false, NULL, 3)

/* ---- widening: the low bytes of b ---- */

#define WIDEN(name, member, count, source)                           \
    UNARY_LANES(name, member, count, y.source[i])                    \
    SSE_DEFINE_FORM(name, SSE41, AVX2,                               \
                    16 / sizeof(((union sse_lanes *)0)->member[0]) * \
                        sizeof(((union sse_lanes *)0)->source[0]),   \
                    false, NULL)

WIDEN(pmovsxbw, sw, 8, sb)
WIDEN(pmovsxbd, sd, 4, sb)
WIDEN(pmovsxbq, sq, 2, sb)
WIDEN(pmovsxwd, sd, 4, sw)
WIDEN(pmovsxwq, sq, 2, sw)
WIDEN(pmovsxdq, sq, 2, sd)
WIDEN(pmovzxbw, w, 8, b)
WIDEN(pmovzxbd, d, 4, b)
WIDEN(pmovzxbq, q, 2, b)
WIDEN(pmovzxwd, d, 4, w)
WIDEN(pmovzxwq, q, 2, w)
WIDEN(pmovzxdq, q, 2, d)

#define WIDEN_ROWS(MNEMONIC, name)                                                         \
    SSE_ROW(MNEMONIC, SSE41, name),                                                        \
    {                                                                                      \
        ZYDIS_MNEMONIC_V##MNEMONIC, SOFT_FEATURE_AVX, avx_translate_widening, &form_##name \
    }

static const struct soft_row rows[] = {
    SSE_ROWS(PSHUFB, SSSE3, pshufb),     SSE_ROWS(PHADDW, SSSE3, phaddw),
    SSE_ROWS(PHADDD, SSSE3, phaddd),     SSE_ROWS(PHADDSW, SSSE3, phaddsw),
    SSE_ROWS(PHSUBW, SSSE3, phsubw),     SSE_ROWS(PHSUBD, SSSE3, phsubd),
    SSE_ROWS(PHSUBSW, SSSE3, phsubsw),   SSE_ROWS(PMADDUBSW, SSSE3, pmaddubsw),
    SSE_ROWS(PMULHRSW, SSSE3, pmulhrsw), SSE_ROWS(PSIGNB, SSSE3, psignb),
    SSE_ROWS(PSIGNW, SSSE3, psignw),     SSE_ROWS(PSIGND, SSSE3, psignd),
    SSE_ROWS(PABSB, SSSE3, pabsb),       SSE_ROWS(PABSW, SSSE3, pabsw),
    SSE_ROWS(PABSD, SSSE3, pabsd),       SSE_ROWS(PALIGNR, SSSE3, palignr),
    SSE_ROWS(PMULDQ, SSE41, pmuldq),     SSE_ROWS(PMULLD, SSE41, pmulld),
    SSE_ROWS(PMINSB, SSE41, pminsb),     SSE_ROWS(PMAXSB, SSE41, pmaxsb),
    SSE_ROWS(PMINUW, SSE41, pminuw),     SSE_ROWS(PMAXUW, SSE41, pmaxuw),
    SSE_ROWS(PMINSD, SSE41, pminsd),     SSE_ROWS(PMAXSD, SSE41, pmaxsd),
    SSE_ROWS(PMINUD, SSE41, pminud),     SSE_ROWS(PMAXUD, SSE41, pmaxud),
    SSE_ROWS(PCMPEQQ, SSE41, pcmpeqq),   SSE_ROWS(PCMPGTQ, SSE42, pcmpgtq),
    SSE_ROWS(PACKUSDW, SSE41, packusdw), SSE_ROWS(PHMINPOSUW, SSE41, phminposuw),
    SSE_ROWS(MPSADBW, SSE41, mpsadbw),   WIDEN_ROWS(PMOVSXBW, pmovsxbw),
    WIDEN_ROWS(PMOVSXBD, pmovsxbd),      WIDEN_ROWS(PMOVSXBQ, pmovsxbq),
    WIDEN_ROWS(PMOVSXWD, pmovsxwd),      WIDEN_ROWS(PMOVSXWQ, pmovsxwq),
    WIDEN_ROWS(PMOVSXDQ, pmovsxdq),      WIDEN_ROWS(PMOVZXBW, pmovzxbw),
    WIDEN_ROWS(PMOVZXBD, pmovzxbd),      WIDEN_ROWS(PMOVZXBQ, pmovzxbq),
    WIDEN_ROWS(PMOVZXWD, pmovzxwd),      WIDEN_ROWS(PMOVZXWQ, pmovzxwq),
    WIDEN_ROWS(PMOVZXDQ, pmovzxdq),
};
SOFT_DEFINE_GROUP(soft_group_sse_ssse3, rows);
