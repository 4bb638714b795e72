/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sse_arith.c - floating-point arithmetic of SSE to SSE4.1 and their VEX forms: packed and scalar,
 * comparisons, horizontal operations, dot products, RCP and RSQRT.
 */
#include "cpu/interp/sse_internal.h"

/* ---- the host's own instructions ---- */

#define ARITHMETIC(name)                                 \
    SSE_DEFINE_HOST_KERNEL(name##ps)                     \
    SSE_DEFINE_FORM(name##ps, SSE, AVX, 16, true, NULL)  \
    SSE_DEFINE_HOST_KERNEL(name##pd)                     \
    SSE_DEFINE_FORM(name##pd, SSE2, AVX, 16, true, NULL) \
    SSE_DEFINE_HOST_KERNEL(name##ss)                     \
    SSE_DEFINE_FORM(name##ss, SSE, AVX, 4, true, NULL)   \
    SSE_DEFINE_HOST_KERNEL(name##sd)                     \
    SSE_DEFINE_FORM(name##sd, SSE2, AVX, 8, true, NULL)

ARITHMETIC(add)
ARITHMETIC(sub)
ARITHMETIC(mul)
ARITHMETIC(div)
ARITHMETIC(min)
ARITHMETIC(max)
ARITHMETIC(sqrt)

/* ---- comparisons ---- */

#define COMPARE_CASE(n, suffix)                                      \
    case n:                                                          \
        __asm__("cmp" suffix " $" #n ", %1, %0" : "+x"(a) : "x"(b)); \
        break;

#define COMPARE_EIGHT(suffix) \
    COMPARE_CASE(0, suffix)   \
    COMPARE_CASE(1, suffix)   \
    COMPARE_CASE(2, suffix)   \
    COMPARE_CASE(3, suffix)   \
    COMPARE_CASE(4, suffix)   \
    COMPARE_CASE(5, suffix)   \
    COMPARE_CASE(6, suffix)   \
    COMPARE_CASE(7, suffix)

/*
 * The 32 predicates of VEX (SDM 2A table 3-1) by the eight that the host has.
 * A comparison that must stay quiet sees zeros where one operand is a NaN; one that must signal runs
 * LT for its flags too. GE, GT are negations of LT, LE: the unordered case is a matter of its own.
 */
struct predicate {
    uint8_t relation; /* 0 EQ, 1 LT, 2 LE, 3 false, of ordered operands */
    bool negated;     /* of the relation */
    bool unordered;   /* the result for unordered operands */
    bool signals;
};

static const struct predicate predicates[32] = {
    { 0, false, false, false }, { 1, false, false, true }, { 2, false, false, true },
    { 3, false, true, false },  { 0, true, true, false },  { 1, true, true, true },
    { 2, true, true, true },    { 3, true, false, false }, { 0, false, true, false },
    { 1, false, true, true },   { 2, false, true, true },  { 3, false, false, false },
    { 0, true, false, false },  { 1, true, false, true },  { 2, true, false, true },
    { 3, true, true, false },   { 0, false, false, true }, { 1, false, false, false },
    { 2, false, false, false }, { 3, false, true, true },  { 0, true, true, true },
    { 1, true, true, false },   { 2, true, true, false },  { 3, true, false, true },
    { 0, false, true, true },   { 1, false, true, false }, { 2, false, true, false },
    { 3, false, false, true },  { 0, true, false, true },  { 1, true, false, false },
    { 2, true, false, false },  { 3, true, true, true },
};

#define DEFINE_COMPARE(suffix, scalar_bytes)                                                \
    static __m128i compare_any_##suffix(__m128i a, __m128i b, unsigned imm)                 \
    {                                                                                       \
        const struct predicate *p = &predicates[imm & 31];                                  \
        __m128i unordered = a;                                                              \
        __m128i result = _mm_setzero_si128();                                               \
                                                                                            \
        __asm__ volatile("cmpunord" #suffix " %1, %0" : "+x"(unordered) : "x"(b));          \
        if (p->signals) {                                                                   \
            __m128i unused = a;                                                             \
            __asm__ volatile("cmplt" #suffix " %1, %0" : "+x"(unused) : "x"(b));            \
        }                                                                                   \
        __m128i x = _mm_andnot_si128(unordered, a);                                         \
        __m128i y = _mm_andnot_si128(unordered, b);                                         \
        if (p->relation < 3) {                                                              \
            result = p->relation == 0   ? k_cmp##suffix(x, y, 0)                            \
                     : p->relation == 1 ? k_cmp##suffix(x, y, 1)                            \
                                        : k_cmp##suffix(x, y, 2);                           \
        }                                                                                   \
        if (p->negated) {                                                                   \
            result = _mm_xor_si128(result, _mm_set1_epi32(-1));                             \
        }                                                                                   \
        result = _mm_andnot_si128(unordered, result);                                       \
        if (p->unordered) {                                                                 \
            result = _mm_or_si128(result, unordered);                                       \
        }                                                                                   \
        return scalar_bytes == 0 ? result : merge_low(a, result, scalar_bytes);             \
    }                                                                                       \
    static __m128i k_vcmp##suffix(__m128i a, __m128i b, unsigned imm)                       \
    {                                                                                       \
        return (imm & 31) < 8 ? k_cmp##suffix(a, b, imm) : compare_any_##suffix(a, b, imm); \
    }

#define DEFINE_COMPARE_LEGACY(suffix)                                    \
    SSE_INLINE __m128i k_cmp##suffix(__m128i a, __m128i b, unsigned imm) \
    {                                                                    \
        switch (imm & 7) {                                               \
            COMPARE_EIGHT(#suffix)                                       \
        }                                                                \
        return a;                                                        \
    }

static __m128i merge_low(__m128i old, __m128i value, unsigned bytes)
{
    __m128i mask = bytes == 4 ? _mm_cvtsi32_si128(-1) : _mm_cvtsi64_si128(-1);

    return _mm_or_si128(_mm_andnot_si128(mask, old), _mm_and_si128(mask, value));
}

DEFINE_COMPARE_LEGACY(ps)
DEFINE_COMPARE_LEGACY(pd)
DEFINE_COMPARE_LEGACY(ss)
DEFINE_COMPARE_LEGACY(sd)
DEFINE_COMPARE(ps, 0)
DEFINE_COMPARE(pd, 0)
DEFINE_COMPARE(ss, 4)
DEFINE_COMPARE(sd, 8)
SSE_DEFINE_FORM(cmpps, SSE, AVX, 16, true, NULL)
SSE_DEFINE_FORM(cmppd, SSE2, AVX, 16, true, NULL)
SSE_DEFINE_FORM(cmpss, SSE, AVX, 4, true, NULL)
SSE_DEFINE_FORM(cmpsd, SSE2, AVX, 8, true, NULL)
AVX_DEFINE_FORM(vcmpps, NONE, 16, true, 0)
AVX_DEFINE_FORM(vcmppd, NONE, 16, true, 0)
AVX_DEFINE_FORM(vcmpss, NONE, 4, true, 0)
AVX_DEFINE_FORM(vcmpsd, NONE, 8, true, 0)

/* CMPSD shares its mnemonic with the string instruction. */
void sse_translate_cmpsd(struct soft_translation *t)
{
    if (sse_has_feature(t, SOFT_FEATURE_SSE2)) {
        t->table = &form_cmpsd;
        sse_translate_form(t);
    }
}

/* ---- horizontal operations (SSE3) ---- */

#define SHUFFLE_PS(a, b, order) \
    _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(a), _mm_castsi128_ps(b), order))

SSE_INLINE __m128i k_haddps(__m128i a, __m128i b, unsigned imm)
{
    return k_addps(SHUFFLE_PS(a, b, 0x88), SHUFFLE_PS(a, b, 0xdd), imm);
}

SSE_INLINE __m128i k_hsubps(__m128i a, __m128i b, unsigned imm)
{
    return k_subps(SHUFFLE_PS(a, b, 0x88), SHUFFLE_PS(a, b, 0xdd), imm);
}

SSE_INLINE __m128i k_haddpd(__m128i a, __m128i b, unsigned imm)
{
    return k_addpd(_mm_unpacklo_epi64(a, b), _mm_unpackhi_epi64(a, b), imm);
}

SSE_INLINE __m128i k_hsubpd(__m128i a, __m128i b, unsigned imm)
{
    return k_subpd(_mm_unpacklo_epi64(a, b), _mm_unpackhi_epi64(a, b), imm);
}

/* Lanes that a half does not want are 0 op 0: no flag. */
SSE_INLINE __m128i k_addsubps(__m128i a, __m128i b, unsigned imm)
{
    const __m128i odd = _mm_set_epi32(-1, 0, -1, 0);
    __m128i sum = k_addps(_mm_and_si128(odd, a), _mm_and_si128(odd, b), imm);
    __m128i difference = k_subps(_mm_andnot_si128(odd, a), _mm_andnot_si128(odd, b), imm);

    return _mm_or_si128(_mm_and_si128(odd, sum), _mm_andnot_si128(odd, difference));
}

SSE_INLINE __m128i k_addsubpd(__m128i a, __m128i b, unsigned imm)
{
    const __m128i odd = _mm_set_epi32(-1, -1, 0, 0);
    __m128i sum = k_addpd(_mm_and_si128(odd, a), _mm_and_si128(odd, b), imm);
    __m128i difference = k_subpd(_mm_andnot_si128(odd, a), _mm_andnot_si128(odd, b), imm);

    return _mm_or_si128(_mm_and_si128(odd, sum), _mm_andnot_si128(odd, difference));
}

SSE_DEFINE_FORM(haddps, SSE3, AVX, 16, true, NULL)
SSE_DEFINE_FORM(haddpd, SSE3, AVX, 16, true, NULL)
SSE_DEFINE_FORM(hsubps, SSE3, AVX, 16, true, NULL)
SSE_DEFINE_FORM(hsubpd, SSE3, AVX, 16, true, NULL)
SSE_DEFINE_FORM(addsubps, SSE3, AVX, 16, true, NULL)
SSE_DEFINE_FORM(addsubpd, SSE3, AVX, 16, true, NULL)

/* ---- dot products (SSE4.1): products, then sums of neighbours, then the sum of the sums ---- */

static __m128i lanes_ps(unsigned bits)
{
    return _mm_set_epi32(-(int)(bits >> 3 & 1), -(int)(bits >> 2 & 1), -(int)(bits >> 1 & 1),
                         -(int)(bits & 1));
}

static __m128i k_dpps(__m128i a, __m128i b, unsigned imm)
{
    __m128i mask = lanes_ps(imm >> 4);
    __m128i products =
        _mm_and_si128(mask, k_mulps(_mm_and_si128(mask, a), _mm_and_si128(mask, b), 0));
    __m128i pairs =
        k_addps(_mm_shuffle_epi32(products, 0xa0), _mm_shuffle_epi32(products, 0xf5), 0);
    __m128i sum = k_addps(_mm_shuffle_epi32(pairs, 0x44), _mm_shuffle_epi32(pairs, 0xee), 0);

    return _mm_and_si128(lanes_ps(imm), sum);
}

static __m128i lanes_pd(unsigned bits)
{
    return _mm_set_epi64x(-(int64_t)(bits >> 1 & 1), -(int64_t)(bits & 1));
}

static __m128i k_dppd(__m128i a, __m128i b, unsigned imm)
{
    __m128i mask = lanes_pd(imm >> 4);
    __m128i products =
        _mm_and_si128(mask, k_mulpd(_mm_and_si128(mask, a), _mm_and_si128(mask, b), 0));
    __m128i sum =
        k_addpd(_mm_unpacklo_epi64(products, products), _mm_unpackhi_epi64(products, products), 0);

    return _mm_and_si128(lanes_pd(imm), sum);
}

SSE_DEFINE_FORM(dpps, SSE41, AVX, 16, true, NULL)
SSE_DEFINE_FORM(dppd, SSE41, NONE, 16, true, NULL)

/* ---- RCP, RSQRT: defined by us, the same on every host ----
 *
 * Of a normal operand m * 2^e, m in [1, 2): the exact value's mantissa is computed in integers and
 * rounded down to 13 bits after the point, so that the relative error is below 2^-13. Denormal
 * operands count as zero; denormal results are zero (SDM 2B RCPPS). No flag, no use of MXCSR.
 */

#define FLOAT_SIGN     0x80000000u
#define FLOAT_INFINITY 0x7f800000u
#define FLOAT_QUIET    0x00400000u
#define FLOAT_DEFAULT  0xffc00000u
#define KEPT_BITS      0x007ffc00u /* of the mantissa: 13 */

static uint32_t special_reciprocal(uint32_t value, bool is_root)
{
    uint32_t magnitude = value & ~FLOAT_SIGN;

    if (magnitude > FLOAT_INFINITY) {
        return value | FLOAT_QUIET;
    }
    if (magnitude < 0x00800000u) {
        return (value & FLOAT_SIGN) | FLOAT_INFINITY;
    }
    if (is_root && (value & FLOAT_SIGN) != 0) {
        return FLOAT_DEFAULT;
    }
    return value & FLOAT_SIGN; /* of infinity */
}

static uint32_t reciprocal(uint32_t value)
{
    uint32_t magnitude = value & ~FLOAT_SIGN;
    int exponent = (int)(magnitude >> 23) - 127;
    uint64_t mantissa = (magnitude & 0x7fffff) | 0x800000;
    uint64_t quotient = (1ull << 47) / mantissa; /* 2^24 / m, in (2^23, 2^24] */

    if (magnitude < 0x00800000u || magnitude >= FLOAT_INFINITY) {
        return special_reciprocal(value, false);
    }
    exponent = -exponent - 1;
    if (quotient == 1u << 24) {
        quotient >>= 1;
        exponent++;
    }
    if (exponent < -126) {
        return value & FLOAT_SIGN;
    }
    return (value & FLOAT_SIGN) | (uint32_t)(exponent + 127) << 23 |
           ((uint32_t)quotient & KEPT_BITS);
}

static uint64_t integer_root(uint64_t value)
{
    uint64_t root = 0;

    for (uint64_t bit = 1ull << 31; bit != 0; bit >>= 1) {
        if ((root + bit) * (root + bit) <= value) {
            root += bit;
        }
    }
    return root;
}

static uint32_t reciprocal_root(uint32_t value)
{
    int exponent = (int)(value >> 23) - 127;
    uint64_t mantissa = (value & 0x7fffff) | 0x800000;
    uint64_t root;

    if (value < 0x00800000u || value >= FLOAT_INFINITY) {
        return special_reciprocal(value, true);
    }
    if ((exponent & 1) != 0) {
        mantissa <<= 1;
        exponent--;
    }
    /* m in [1, 4): sqrt(2^48 / m) in (2^23, 2^24]. */
    root = integer_root((uint64_t)(((soft_uint128)1 << 71) / mantissa));
    exponent = -exponent / 2 - 1;
    if (root == 1u << 24) {
        root >>= 1;
        exponent++;
    }
    return (uint32_t)(exponent + 127) << 23 | ((uint32_t)root & KEPT_BITS);
}

static __m128i each_lane(__m128i a, __m128i b, unsigned count, uint32_t (*function)(uint32_t))
{
    union sse_lanes result = { .v = a };
    union sse_lanes source = { .v = b };

    for (unsigned i = 0; i < count; i++) {
        result.d[i] = function(source.d[i]);
    }
    return result.v;
}

static __m128i k_rcpps(__m128i a, __m128i b, unsigned imm)
{
    (void)imm;
    return each_lane(a, b, 4, reciprocal);
}

static __m128i k_rcpss(__m128i a, __m128i b, unsigned imm)
{
    (void)imm;
    return each_lane(a, b, 1, reciprocal);
}

static __m128i k_rsqrtps(__m128i a, __m128i b, unsigned imm)
{
    (void)imm;
    return each_lane(a, b, 4, reciprocal_root);
}

static __m128i k_rsqrtss(__m128i a, __m128i b, unsigned imm)
{
    (void)imm;
    return each_lane(a, b, 1, reciprocal_root);
}

SSE_DEFINE_FORM(rcpps, SSE, AVX, 16, false, NULL)
SSE_DEFINE_FORM(rcpss, SSE, AVX, 4, false, NULL)
SSE_DEFINE_FORM(rsqrtps, SSE, AVX, 16, false, NULL)
SSE_DEFINE_FORM(rsqrtss, SSE, AVX, 4, false, NULL)

#define ARITHMETIC_ROWS(MNEMONIC, name)                                            \
    SSE_ROWS(MNEMONIC##PS, SSE, name##ps), SSE_ROWS(MNEMONIC##PD, SSE2, name##pd), \
        SSE_ROWS(MNEMONIC##SS, SSE, name##ss), SSE_ROWS(MNEMONIC##SD, SSE2, name##sd)

static const struct soft_row rows[] = {
    ARITHMETIC_ROWS(ADD, add),
    ARITHMETIC_ROWS(SUB, sub),
    ARITHMETIC_ROWS(MUL, mul),
    ARITHMETIC_ROWS(DIV, div),
    ARITHMETIC_ROWS(MIN, min),
    ARITHMETIC_ROWS(MAX, max),
    ARITHMETIC_ROWS(SQRT, sqrt),
    SSE_ROW(CMPPS, SSE, cmpps),
    SSE_ROW(CMPPD, SSE2, cmppd),
    SSE_ROW(CMPSS, SSE, cmpss),
    { ZYDIS_MNEMONIC_VCMPPS, SOFT_FEATURE_AVX, avx_translate_form, &form_vcmpps },
    { ZYDIS_MNEMONIC_VCMPPD, SOFT_FEATURE_AVX, avx_translate_form, &form_vcmppd },
    { ZYDIS_MNEMONIC_VCMPSS, SOFT_FEATURE_AVX, avx_translate_form, &form_vcmpss },
    { ZYDIS_MNEMONIC_VCMPSD, SOFT_FEATURE_AVX, avx_translate_form, &form_vcmpsd },
    SSE_ROWS(HADDPS, SSE3, haddps),
    SSE_ROWS(HADDPD, SSE3, haddpd),
    SSE_ROWS(HSUBPS, SSE3, hsubps),
    SSE_ROWS(HSUBPD, SSE3, hsubpd),
    SSE_ROWS(ADDSUBPS, SSE3, addsubps),
    SSE_ROWS(ADDSUBPD, SSE3, addsubpd),
    SSE_ROWS(DPPS, SSE41, dpps),
    SSE_ROWS(DPPD, SSE41, dppd),
    SSE_ROWS(RCPPS, SSE, rcpps),
    SSE_ROWS(RCPSS, SSE, rcpss),
    SSE_ROWS(RSQRTPS, SSE, rsqrtps),
    SSE_ROWS(RSQRTSS, SSE, rsqrtss),
};
SOFT_DEFINE_GROUP(soft_group_sse_arith, rows);
