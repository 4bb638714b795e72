/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sse_blend.c - SSE4.1's blends, INSERTPS, rounding, PTEST and the VEX forms; CRC32 of SSE4.2.
 */
#include "cpu/interp/avx_internal.h"

/* ---- blends by an immediate ---- */

#define BLEND(name, member, count)                                         \
    static __m128i k_##name(__m128i a, __m128i b, unsigned imm)            \
    {                                                                      \
        union sse_lanes r = { .v = a };                                    \
        union sse_lanes y = { .v = b };                                    \
                                                                           \
        for (unsigned i = 0; i < (count); i++) {                           \
            r.member[i] = (imm >> i & 1) != 0 ? y.member[i] : r.member[i]; \
        }                                                                  \
        return r.v;                                                        \
    }

BLEND(blendps, d, 4)
BLEND(blendpd, q, 2)
BLEND(pblendw, w, 8)
SSE_DEFINE_FORM_SHIFTED(blendps, SSE41, AVX, 16, false, NULL, 4)
SSE_DEFINE_FORM_SHIFTED(blendpd, SSE41, AVX, 16, false, NULL, 2)
SSE_DEFINE_FORM(pblendw, SSE41, AVX2, 16, false, NULL)

static __m128i k_insertps(__m128i a, __m128i b, unsigned imm)
{
    union sse_lanes r = { .v = a };
    union sse_lanes y = { .v = b };

    r.d[imm >> 4 & 3] = y.d[imm >> 6];
    for (unsigned i = 0; i < 4; i++) {
        r.d[i] = (imm >> i & 1) != 0 ? 0 : r.d[i];
    }
    return r.v;
}

/* From memory there is one element. */
static __m128i k_insertps_mem(__m128i a, __m128i b, unsigned imm)
{
    return k_insertps(a, b, imm & 0x3f);
}

SSE_DEFINE_FORM(insertps, SSE41, NONE, 4, false, NULL)
SSE_DEFINE_FORM(insertps_mem, SSE41, NONE, 4, false, NULL)

static void translate_insertps(struct soft_translation *t)
{
    t->table = t->has_memory ? &form_insertps_mem : &form_insertps;
    (sse_is_vex(t) ? avx_translate_form : sse_translate_form)(t);
}

/* ---- blends by sign bits: of XMM0, or of a fourth operand ---- */

#define BLEND_BY_SIGN(name, member, signed_member, count)                     \
    __m128i sse_##name(__m128i a, __m128i b, __m128i mask)                    \
    {                                                                         \
        union sse_lanes r = { .v = a };                                       \
        union sse_lanes y = { .v = b };                                       \
        union sse_lanes m = { .v = mask };                                    \
                                                                              \
        for (unsigned i = 0; i < (count); i++) {                              \
            r.member[i] = m.signed_member[i] < 0 ? y.member[i] : r.member[i]; \
        }                                                                     \
        return r.v;                                                           \
    }

BLEND_BY_SIGN(blendv8, b, sb, 16)
BLEND_BY_SIGN(blendv32, d, sd, 4)
BLEND_BY_SIGN(blendv64, q, sq, 2)

static const struct op *op_blendv(struct soft_cpu *cpu, const struct op *op)
{
    sse_blend_fn blend = (sse_blend_fn)(uintptr_t)op->imm;
    __m128i b;

    if (!sse_is_usable(cpu)) {
        return sse_refuse(cpu, op);
    }
    if (op->operand_size == 0) {
        b = sse_xmm(cpu, op->reg3);
    } else if (!sse_operand_value(cpu, op, 16, &b)) {
        return soft_fault(cpu, op);
    }
    sse_set_xmm(cpu, op->reg, blend(sse_xmm(cpu, op->reg), b, sse_xmm(cpu, 0)));
    return SOFT_NEXT(cpu, op);
}

static const struct blend blend8 = { sse_blendv8, SOFT_FEATURE_AVX2 };
static const struct blend blend32 = { sse_blendv32, SOFT_FEATURE_AVX };
static const struct blend blend64 = { sse_blendv64, SOFT_FEATURE_AVX };

static void translate_blendv(struct soft_translation *t)
{
    const struct blend *blend = t->table;

    t->op->imm = (uintptr_t)blend->function;
    t->op->reg = soft_operand_register(t, 0);
    t->op->operand_size = t->has_memory ? 16 : 0;
    if (!t->has_memory) {
        t->op->reg3 = soft_operand_register(t, 1);
    }
    t->op->run = op_blendv;
}

/* ---- rounding, in integers: no host below SSE4.1 has it ---- */

struct rounding {
    uint64_t flags; /* of MXCSR */
    unsigned mode;  /* as MXCSR.RC */
    bool daz;
};

/* The format's numbers: fraction bits, bias. */
static uint64_t round_number(uint64_t value, unsigned fraction, unsigned bits,
                             struct rounding *rounding)
{
    uint64_t sign = value & 1ull << (bits - 1);
    uint64_t magnitude = value ^ sign;
    uint64_t infinity = ((1ull << (bits - 1 - fraction)) - 1) << fraction;
    int bias = (1 << (bits - 2 - fraction)) - 1;
    int exponent = (int)(magnitude >> fraction) - bias;
    uint64_t unit, rest, whole;
    bool up;

    if (magnitude > infinity) {
        rounding->flags |= (value >> (fraction - 1) & 1) == 0 ? SSE_MXCSR_IE : 0;
        return value | 1ull << (fraction - 1);
    }
    if (rounding->daz && magnitude >> fraction == 0) {
        return sign;
    }
    if (exponent >= (int)fraction || magnitude == 0) {
        return value;
    }
    if (exponent < 0) {
        bool half = exponent == -1;

        rounding->flags |= SSE_MXCSR_PE;
        up = rounding->mode == 0   ? half && magnitude > (uint64_t)(bias - 1) << fraction
             : rounding->mode == 1 ? sign != 0
             : rounding->mode == 2 ? sign == 0
                                   : false;
        return sign | (up ? (uint64_t)bias << fraction : 0);
    }
    unit = 1ull << ((int)fraction - exponent);
    rest = magnitude & (unit - 1);
    whole = magnitude - rest;
    if (rest == 0) {
        return value;
    }
    rounding->flags |= SSE_MXCSR_PE;
    up = rounding->mode == 0   ? rest > unit / 2 || (rest == unit / 2 && (whole & unit) != 0)
         : rounding->mode == 1 ? sign != 0
         : rounding->mode == 2 ? sign == 0
                               : false;
    return sign | (whole + (up ? unit : 0));
}

static struct rounding rounding_of(unsigned imm)
{
    uint32_t mxcsr = sse_host_mxcsr();
    struct rounding rounding = { .daz = (mxcsr & SSE_MXCSR_DAZ) != 0 };

    rounding.mode = (imm & 4) != 0 ? mxcsr >> 13 & 3 : imm & 3;
    return rounding;
}

static void finish_rounding(struct rounding *rounding, unsigned imm)
{
    if ((imm & 8) != 0) {
        rounding->flags &= ~(uint64_t)SSE_MXCSR_PE;
    }
    sse_host_raise((uint32_t)rounding->flags);
}

#define ROUND(name, member, count, fraction, bits, size)                                       \
    static __m128i k_##name(__m128i a, __m128i b, unsigned imm)                                \
    {                                                                                          \
        struct rounding rounding = rounding_of(imm);                                           \
        union sse_lanes r = { .v = a };                                                        \
        union sse_lanes y = { .v = b };                                                        \
                                                                                               \
        for (unsigned i = 0; i < (count); i++) {                                               \
            r.member[i] =                                                                      \
                (__typeof__(r.member[0]))round_number(y.member[i], fraction, bits, &rounding); \
        }                                                                                      \
        finish_rounding(&rounding, imm);                                                       \
        return r.v;                                                                            \
    }                                                                                          \
    SSE_DEFINE_FORM(name, SSE41, AVX, size, true, NULL)

ROUND(roundps, d, 4, 23, 32, 16)
ROUND(roundpd, q, 2, 52, 64, 16)
ROUND(roundss, d, 1, 23, 32, 4)
ROUND(roundsd, q, 1, 52, 64, 8)

/* ---- PTEST, VTESTPS, VTESTPD: ZF of a AND b, CF of NOT a AND b; detail: 0 all bits, 4, 8: signs ---- */

static __m128i test_mask(const struct op *op)
{
    return op->detail == 0   ? _mm_set1_epi32(-1)
           : op->detail == 4 ? _mm_set1_epi32(INT32_MIN)
                             : _mm_set1_epi64x(INT64_MIN);
}

static void test(struct soft_cpu *cpu, const struct op *op, const __m128i *a, const __m128i *b,
                 unsigned halves)
{
    bool zf = true, cf = true;

    for (unsigned i = 0; i < halves; i++) {
        __m128i masked = _mm_and_si128(b[i], test_mask(op));
        union sse_lanes both = { .v = _mm_and_si128(a[i], masked) };
        union sse_lanes other = { .v = _mm_andnot_si128(a[i], masked) };

        zf = zf && (both.q[0] | both.q[1]) == 0;
        cf = cf && (other.q[0] | other.q[1]) == 0;
    }
    soft_set_arithmetic_flags(cpu, (zf ? SOFT_RFLAGS_ZF : 0) | (cf ? SOFT_RFLAGS_CF : 0));
}

static const struct op *op_ptest(struct soft_cpu *cpu, const struct op *op)
{
    __m128i a, b;

    if (!sse_is_usable(cpu)) {
        return sse_refuse(cpu, op);
    }
    if (op->operand_size == 0) {
        b = sse_xmm(cpu, op->reg3);
    } else if (!sse_operand_value(cpu, op, 16, &b)) {
        return soft_fault(cpu, op);
    }
    a = sse_xmm(cpu, op->reg);
    test(cpu, op, &a, &b, 1);
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_vtest(struct soft_cpu *cpu, const struct op *op)
{
    unsigned halves = op->reg2;
    __m128i a[2], b[2];

    if (!avx_is_usable(cpu)) {
        return avx_refuse(cpu, op);
    }
    if (op->operand_size == 0) {
        b[0] = sse_xmm(cpu, op->reg3);
        b[1] = avx_high(cpu, op->reg3);
    } else if (!avx_load_halves(cpu, op, halves, b)) {
        return soft_fault(cpu, op);
    }
    a[0] = sse_xmm(cpu, op->reg);
    a[1] = avx_high(cpu, op->reg);
    test(cpu, op, a, b, halves);
    return SOFT_NEXT(cpu, op);
}

/* table: bytes of an element, 0 for PTEST. */
static const uint8_t all_bits = 0, four = 4, eight = 8;

static void translate_test(struct soft_translation *t)
{
    t->op->detail = *(const uint8_t *)t->table;
    t->op->reg = soft_operand_register(t, 0);
    t->op->reg2 = sse_operand_is_ymm(t, 0) ? 2 : 1;
    t->op->operand_size = t->has_memory ? 16 : 0;
    if (!t->has_memory) {
        t->op->reg3 = soft_operand_register(t, 1);
    }
    t->op->run = sse_is_vex(t) ? op_vtest : op_ptest;
}

/* ---- CRC32: polynomial 11edc6f41h, bits reflected ---- */

static uint32_t crc_table_entry(uint32_t byte)
{
    for (unsigned i = 0; i < 8; i++) {
        byte = byte >> 1 ^ ((byte & 1) != 0 ? 0x82f63b78u : 0);
    }
    return byte;
}

static uint32_t crc32c(uint32_t crc, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        crc = crc >> 8 ^ crc_table_entry((crc ^ (uint32_t)(value >> (8 * i))) & 0xff);
    }
    return crc;
}

static const struct op *op_crc32(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t value = 0;
    uint64_t linear;

    if (op->detail == 0) {
        memcpy(&value, (uint8_t *)cpu->state.gpr + op->reg3, 1);
    } else if (op->detail == 1) {
        value = cpu->state.gpr[op->reg3];
    } else if (!soft_operand(cpu, op, op->operand_size, SOFT_READ, &linear) ||
               !soft_load(cpu, linear, &value, op->operand_size)) {
        return soft_fault(cpu, op);
    }
    cpu->state.gpr[op->reg] = crc32c((uint32_t)cpu->state.gpr[op->reg], value, op->operand_size);
    return SOFT_NEXT(cpu, op);
}

/* detail: 0 byte register, 1 other register, 2 memory. */
static void translate_crc32(struct soft_translation *t)
{
    t->op->operand_size = (uint8_t)soft_operand_bytes(t, 1);
    t->op->reg = soft_operand_register(t, 0);
    t->op->detail = t->has_memory ? 2 : t->op->operand_size == 1 ? 0 : 1;
    if (!t->has_memory) {
        t->op->reg3 = soft_operand_register(t, 1);
    }
    t->op->run = op_crc32;
}

static const struct soft_row rows[] = {
    SSE_ROWS(BLENDPS, SSE41, blendps),
    SSE_ROWS(BLENDPD, SSE41, blendpd),
    SSE_ROWS(PBLENDW, SSE41, pblendw),
    { ZYDIS_MNEMONIC_INSERTPS, SOFT_FEATURE_SSE41, translate_insertps, NULL },
    { ZYDIS_MNEMONIC_VINSERTPS, SOFT_FEATURE_AVX, translate_insertps, NULL },
    { ZYDIS_MNEMONIC_PBLENDVB, SOFT_FEATURE_SSE41, translate_blendv, &blend8 },
    { ZYDIS_MNEMONIC_BLENDVPS, SOFT_FEATURE_SSE41, translate_blendv, &blend32 },
    { ZYDIS_MNEMONIC_BLENDVPD, SOFT_FEATURE_SSE41, translate_blendv, &blend64 },
    { ZYDIS_MNEMONIC_VPBLENDVB, SOFT_FEATURE_AVX, avx_translate_blendv, &blend8 },
    { ZYDIS_MNEMONIC_VBLENDVPS, SOFT_FEATURE_AVX, avx_translate_blendv, &blend32 },
    { ZYDIS_MNEMONIC_VBLENDVPD, SOFT_FEATURE_AVX, avx_translate_blendv, &blend64 },
    SSE_ROWS(ROUNDPS, SSE41, roundps),
    SSE_ROWS(ROUNDPD, SSE41, roundpd),
    SSE_ROWS(ROUNDSS, SSE41, roundss),
    SSE_ROWS(ROUNDSD, SSE41, roundsd),
    { ZYDIS_MNEMONIC_PTEST, SOFT_FEATURE_SSE41, translate_test, &all_bits },
    { ZYDIS_MNEMONIC_VPTEST, SOFT_FEATURE_AVX, translate_test, &all_bits },
    { ZYDIS_MNEMONIC_VTESTPS, SOFT_FEATURE_AVX, translate_test, &four },
    { ZYDIS_MNEMONIC_VTESTPD, SOFT_FEATURE_AVX, translate_test, &eight },
    { ZYDIS_MNEMONIC_CRC32, SOFT_FEATURE_SSE42, translate_crc32, NULL },
};
SOFT_DEFINE_GROUP(soft_group_sse_blend, rows);
