/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * avx_fma.c - FMA and F16C in integers: one rounding of the exact a * b + c, and conversions of 16-bit
 * floating-point numbers.
 */
#include "cpu/interp/avx_internal.h"

/* ---- formats ---- */

struct format {
    unsigned fraction, exponent; /* bits */
};

static const struct format half = { 10, 5 }, single = { 23, 8 }, doubl = { 52, 11 };

struct float_mode {
    unsigned rounding; /* as MXCSR.RC */
    bool daz, ftz;
    uint32_t flags;
};

static struct float_mode mode_of(uint32_t mxcsr)
{
    return (struct float_mode){ .rounding = mxcsr >> 13 & 3,
                                .daz = (mxcsr & SSE_MXCSR_DAZ) != 0,
                                .ftz = (mxcsr & SSE_MXCSR_FTZ) != 0 };
}

static uint64_t infinity_of(const struct format *f)
{
    return ((1ull << f->exponent) - 1) << f->fraction;
}

static int bias_of(const struct format *f)
{
    return (1 << (f->exponent - 1)) - 1;
}

static uint64_t quiet_bit(const struct format *f)
{
    return 1ull << (f->fraction - 1);
}

static uint64_t sign_bit(const struct format *f)
{
    return 1ull << (f->fraction + f->exponent);
}

static bool is_nan(uint64_t value, const struct format *f)
{
    return (value & ~sign_bit(f)) > infinity_of(f);
}

static bool is_infinity(uint64_t value, const struct format *f)
{
    return (value & ~sign_bit(f)) == infinity_of(f);
}

static bool is_zero(uint64_t value, const struct format *f)
{
    return (value & ~sign_bit(f)) == 0;
}

static bool is_denormal(uint64_t value, const struct format *f)
{
    return !is_zero(value, f) && (value & infinity_of(f)) == 0;
}

/* A number not zero: significand * 2^(exponent - 125), bit 125 of the significand is set. */
struct number {
    bool negative;
    int exponent;
    soft_uint128 significand;
};

static unsigned leading_zeros(soft_uint128 value)
{
    uint64_t high = (uint64_t)(value >> 64);

    return high != 0 ? (unsigned)__builtin_clzll(high)
                     : 64 + (unsigned)__builtin_clzll((uint64_t)value);
}

#define TOP_BIT 125u

static void normalise(struct number *n)
{
    int shift = (int)leading_zeros(n->significand) - (int)(127 - TOP_BIT);

    if (shift >= 0) {
        n->significand <<= shift;
    } else {
        n->significand = n->significand >> -shift | (n->significand & ((1u << -shift) - 1) ? 1 : 0);
    }
    n->exponent -= shift;
}

static struct number unpack(uint64_t value, const struct format *f)
{
    uint64_t fraction = value & ((1ull << f->fraction) - 1);
    int field = (int)((value & infinity_of(f)) >> f->fraction);
    struct number n = { .negative = (value & sign_bit(f)) != 0 };

    n.significand = field == 0 ? fraction : fraction | 1ull << f->fraction;
    n.exponent = MAX(field, 1) - bias_of(f) - (int)f->fraction + (int)TOP_BIT;
    normalise(&n);
    return n;
}

/* Whatever is shifted out leaves a one in the lowest bit. */
static soft_uint128 shift_right_sticky(soft_uint128 value, unsigned count)
{
    if (count == 0) {
        return value;
    }
    if (count > 127) {
        return value != 0;
    }
    return value >> count | ((value & (((soft_uint128)1 << count) - 1)) != 0);
}

/* Keeps keep + 1 bits (the top one is TOP_BIT's); *inexact tells of the rest. */
static soft_uint128 round_bits(soft_uint128 significand, unsigned drop, bool negative,
                               unsigned rounding, bool *inexact)
{
    soft_uint128 unit = (soft_uint128)1 << drop;
    soft_uint128 rest = significand & (unit - 1);
    soft_uint128 whole = significand >> drop;
    bool up;

    *inexact = rest != 0;
    up = rounding == 0   ? rest > unit / 2 || (rest == unit / 2 && (whole & 1) != 0)
         : rounding == 1 ? rest != 0 && negative
         : rounding == 2 ? rest != 0 && !negative
                         : false;
    return whole + up;
}

static uint64_t overflow(bool negative, const struct format *f, struct float_mode *mode)
{
    bool to_infinity = mode->rounding == 0 || (mode->rounding == 1 && negative) ||
                       (mode->rounding == 2 && !negative);

    mode->flags |= SSE_MXCSR_OE | SSE_MXCSR_PE;
    return (negative ? sign_bit(f) : 0) | (infinity_of(f) - (to_infinity ? 0 : 1));
}

static uint64_t pack(const struct number *n, const struct format *f, struct float_mode *mode)
{
    uint64_t sign = n->negative ? sign_bit(f) : 0;
    unsigned drop = TOP_BIT - f->fraction;
    int field = n->exponent + bias_of(f);
    bool inexact, tiny;
    uint64_t result;

    result = (uint64_t)round_bits(n->significand, drop, n->negative, mode->rounding, &inexact);
    /* Tiny is decided after rounding as if the exponent had no limit (SDM 1 4.9.1.5). */
    tiny = field < 1 && !(field == 0 && result >> (f->fraction + 1) != 0);
    if (field < 1) {
        if (tiny && mode->ftz) {
            mode->flags |= SSE_MXCSR_UE | SSE_MXCSR_PE;
            return sign;
        }
        result = (uint64_t)round_bits(
            shift_right_sticky(n->significand, MIN((unsigned)(1 - field), 127u)), drop, n->negative,
            mode->rounding, &inexact);
        if (inexact) {
            mode->flags |= SSE_MXCSR_PE | (tiny ? SSE_MXCSR_UE : 0);
        }
        return sign | result;
    }
    mode->flags |= inexact ? SSE_MXCSR_PE : 0;
    /* The implicit bit counts one up in the exponent; so does a carry out of it. */
    if (((uint64_t)(field - 1) << f->fraction) + result >= infinity_of(f)) {
        return overflow(n->negative, f, mode);
    }
    return sign | (((uint64_t)(field - 1) << f->fraction) + result);
}

/* ---- x * y + z ---- */

static struct number add(struct number a, struct number b)
{
    struct number larger = a, smaller = b;

    if (b.exponent > a.exponent || (b.exponent == a.exponent && b.significand > a.significand)) {
        larger = b;
        smaller = a;
    }
    smaller.significand =
        shift_right_sticky(smaller.significand, (unsigned)(larger.exponent - smaller.exponent));
    if (larger.negative == smaller.negative) {
        larger.significand += smaller.significand;
    } else {
        larger.significand -= smaller.significand;
    }
    if (larger.significand != 0) {
        normalise(&larger);
    }
    return larger;
}

static struct number multiply(uint64_t x, uint64_t y, const struct format *f)
{
    struct number a = unpack(x, f), b = unpack(y, f);
    struct number product = { .negative = a.negative != b.negative };

    product.significand = (a.significand >> 64) * (b.significand >> 64);
    product.exponent = a.exponent + b.exponent + 3;
    normalise(&product);
    return product;
}

static uint64_t without_denormal(uint64_t value, const struct format *f, struct float_mode *mode)
{
    if (is_denormal(value, f)) {
        if (mode->daz) {
            return value & sign_bit(f);
        }
        mode->flags |= SSE_MXCSR_DE;
    }
    return value;
}

static bool is_signalling(uint64_t value, const struct format *f)
{
    return is_nan(value, f) && (value & quiet_bit(f)) == 0;
}

static uint64_t default_nan(const struct format *f)
{
    return sign_bit(f) | infinity_of(f) | quiet_bit(f);
}

/* One operand at least is a NaN or an infinity. */
static uint64_t special(uint64_t x, uint64_t y, uint64_t z, const struct format *f,
                        struct float_mode *mode)
{
    uint64_t product_sign = (x ^ y) & sign_bit(f);
    bool invalid_product =
        (is_infinity(x, f) && is_zero(y, f)) || (is_zero(x, f) && is_infinity(y, f));

    if (is_nan(x, f) || is_nan(y, f) || is_nan(z, f)) {
        mode->flags =
            is_signalling(x, f) || is_signalling(y, f) || is_signalling(z, f) ? SSE_MXCSR_IE : 0;
        return (is_nan(x, f) ? x : is_nan(y, f) ? y : z) | quiet_bit(f);
    }
    if (invalid_product || ((is_infinity(x, f) || is_infinity(y, f)) && is_infinity(z, f) &&
                            product_sign != (z & sign_bit(f)))) {
        mode->flags = SSE_MXCSR_IE;
        return default_nan(f);
    }
    return is_infinity(z, f) ? z : product_sign | infinity_of(f);
}

static uint64_t multiply_add(uint64_t x, uint64_t y, uint64_t z, const struct format *f,
                             struct float_mode *mode)
{
    uint64_t product_sign = (x ^ y) & sign_bit(f);
    struct number sum;

    x = without_denormal(x, f, mode);
    y = without_denormal(y, f, mode);
    z = without_denormal(z, f, mode);
    if ((x & infinity_of(f)) == infinity_of(f) || (y & infinity_of(f)) == infinity_of(f) ||
        (z & infinity_of(f)) == infinity_of(f)) {
        return special(x, y, z, f, mode);
    }
    if (is_zero(x, f) || is_zero(y, f)) {
        if (!is_zero(z, f)) {
            sum = unpack(z, f);
            return pack(&sum, f, mode);
        }
        return product_sign == (z & sign_bit(f)) ? z : mode->rounding == 1 ? sign_bit(f) : 0;
    }
    sum = multiply(x, y, f);
    if (!is_zero(z, f)) {
        sum = add(sum, unpack(z, f));
        if (sum.significand == 0) {
            return mode->rounding == 1 ? sign_bit(f) : 0;
        }
    }
    return pack(&sum, f, mode);
}

/* ---- the instructions ---- */

enum fma_order { ORDER_132, ORDER_213, ORDER_231 };

struct fma {
    uint8_t order; /* enum fma_order */
    bool is_double, is_scalar;
    bool negate_product;
    bool negate_even, negate_odd; /* the addend of elements 0, 2, ... and of the others */
};

union register_lanes {
    uint32_t d[8];
    uint64_t q[4];
};

static uint64_t lane(const union register_lanes *r, const struct fma *fma, unsigned i)
{
    return fma->is_double ? r->q[i] : r->d[i];
}

static uint64_t run_lane(const struct fma *fma, const union register_lanes *s, unsigned i,
                         struct float_mode *mode)
{
    const struct format *f = fma->is_double ? &doubl : &single;
    uint64_t a = lane(&s[0], fma, i), b = lane(&s[1], fma, i), c = lane(&s[2], fma, i);
    uint64_t x = fma->order == ORDER_132 ? a : b;
    uint64_t y = fma->order == ORDER_213 ? a : c;
    uint64_t z = fma->order == ORDER_132 ? b : fma->order == ORDER_213 ? c : a;

    if (fma->negate_product && !is_nan(x, f)) {
        x ^= sign_bit(f);
    }
    if (((i & 1) != 0 ? fma->negate_odd : fma->negate_even) && !is_nan(z, f)) {
        z ^= sign_bit(f);
    }
    return multiply_add(x, y, z, f, mode);
}

static uint32_t run_lanes(const struct fma *fma, const union register_lanes *s, unsigned count,
                          uint32_t mxcsr, union register_lanes *r)
{
    uint32_t flags = 0;

    for (unsigned i = 0; i < count; i++) {
        struct float_mode mode = mode_of(mxcsr);
        uint64_t value = run_lane(fma, s, i, &mode);

        if (fma->is_double) {
            r->q[i] = value;
        } else {
            r->d[i] = (uint32_t)value;
        }
        flags |= mode.flags;
    }
    return flags;
}

/* What sse_float_slow() does for kernels. */
static bool report(struct soft_cpu *cpu, uint32_t flags, uint32_t tiny)
{
    const uint32_t before_result = SSE_MXCSR_IE | SSE_MXCSR_DE | SSE_MXCSR_ZE;
    uint32_t unmasked = ~(cpu->state.vector.mxcsr >> 7) & SSE_MXCSR_FLAGS;

    if ((unmasked & SSE_MXCSR_UE) != 0) {
        flags = (flags & ~SSE_MXCSR_UE) | (tiny & SSE_MXCSR_UE);
    }
    if ((flags & unmasked & before_result) != 0) {
        flags &= before_result;
    }
    cpu->state.vector.mxcsr |= flags;
    if ((flags & unmasked) != 0) {
        return soft_fail(cpu, (cpu->state.system.cr4 & SSE_CR4_OSXMM) != 0 ? SOFT_XM : SOFT_UD);
    }
    return true;
}

static const struct op *op_fma(struct soft_cpu *cpu, const struct op *op)
{
    const struct fma *fma = (const struct fma *)(uintptr_t)op->imm;
    uint32_t mxcsr = cpu->state.vector.mxcsr;
    union register_lanes s[3] = { 0 }, r, unused;
    unsigned count = op->detail;
    uint64_t linear;
    uint32_t flags, tiny = 0;

    if (!avx_is_usable(cpu)) {
        return avx_refuse(cpu, op);
    }
    memcpy(&s[0], cpu->state.vector.ymm[op->reg].q, 32);
    memcpy(&s[1], cpu->state.vector.ymm[op->reg2].q, 32);
    if (op->operand_size == 0) {
        memcpy(&s[2], cpu->state.vector.ymm[op->reg3].q, 32);
    } else if (!soft_operand(cpu, op, op->operand_size, SOFT_READ, &linear) ||
               !soft_load(cpu, linear, &s[2], op->operand_size)) {
        return soft_fault(cpu, op);
    }
    r = s[0];
    if ((mxcsr & SSE_MXCSR_UM) == 0) {
        mxcsr &= ~SSE_MXCSR_FTZ;
        tiny = run_lanes(fma, s, count, mxcsr | SSE_MXCSR_FTZ, &unused);
    }
    flags = run_lanes(fma, s, count, mxcsr, &r);
    if (!report(cpu, flags, tiny)) {
        return soft_fault(cpu, op);
    }
    if (fma->is_scalar || count * (fma->is_double ? 8u : 4u) == 16) {
        r.q[2] = r.q[3] = 0;
    }
    memcpy(cpu->state.vector.ymm[op->reg].q, &r, 32);
    return SOFT_NEXT(cpu, op);
}

static void translate_fma(struct soft_translation *t)
{
    const struct fma *fma = t->table;
    unsigned vector = sse_operand_is_ymm(t, 0) ? 32 : 16;

    if (!sse_is_vex(t)) {
        return;
    }
    t->op->imm = (uintptr_t)fma;
    t->op->reg = soft_operand_register(t, 0);
    t->op->reg2 = soft_operand_register(t, 1);
    t->op->operand_size = t->has_memory ? (uint8_t)soft_operand_bytes(t, 2) : 0;
    if (!t->has_memory) {
        t->op->reg3 = soft_operand_register(t, 2);
    }
    t->op->detail = (uint8_t)(fma->is_scalar ? 1 : vector / (fma->is_double ? 8 : 4));
    t->op->run = op_fma;
}

/* ---- F16C ---- */

static uint32_t from_half(uint32_t value, uint32_t *flags)
{
    uint32_t sign = (value & 0x8000) << 16;
    struct float_mode mode = { 0 };
    struct number n;

    if (is_nan(value, &half)) {
        *flags |= is_signalling(value, &half) ? SSE_MXCSR_IE : 0;
        return sign | 0x7fc00000u | (value & 0x3ff) << 13;
    }
    if (is_infinity(value, &half) || is_zero(value, &half)) {
        return sign | (is_zero(value, &half) ? 0 : 0x7f800000u);
    }
    n = unpack(value, &half);
    return (uint32_t)pack(&n, &single, &mode);
}

/* DAZ counts, FTZ does not (SDM 2C VCVTPS2PH). */
static uint32_t to_half(uint32_t value, struct float_mode *mode)
{
    uint32_t sign = value >> 16 & 0x8000;
    struct number n;

    if (is_nan(value, &single)) {
        mode->flags |= is_signalling(value, &single) ? SSE_MXCSR_IE : 0;
        return sign | 0x7e00 | (value >> 13 & 0x3ff);
    }
    value = (uint32_t)without_denormal(value, &single, mode);
    if (is_infinity(value, &single) || is_zero(value, &single)) {
        return sign | (is_zero(value, &single) ? 0 : 0x7c00);
    }
    n = unpack(value, &single);
    return (uint32_t)pack(&n, &half, mode);
}

static __m128i k_vcvtph2ps(__m128i a, __m128i b, unsigned imm)
{
    union sse_lanes y = { .v = b }, r;
    uint32_t flags = 0;

    (void)a;
    (void)imm;
    for (unsigned i = 0; i < 4; i++) {
        r.d[i] = from_half(y.w[i], &flags);
    }
    sse_host_raise(flags);
    return r.v;
}

AVX_DEFINE_FORM(vcvtph2ps, F16C, 8, true, 0)

static __m128i k_vcvtps2ph(__m128i a, __m128i b, unsigned imm)
{
    union sse_lanes y = { .v = b }, r = { .q = { 0 } };
    struct float_mode mode = mode_of(sse_host_mxcsr());

    (void)a;
    mode.ftz = false;
    mode.rounding = (imm & 4) != 0 ? mode.rounding : imm & 3;
    for (unsigned i = 0; i < 4; i++) {
        r.w[i] = (uint16_t)to_half(y.d[i], &mode);
    }
    sse_host_raise(mode.flags);
    return r.v;
}

/* (dst, src, imm); operand_size: bytes of a memory destination; reg2: halves of the source. */
static const struct op *op_vcvtps2ph(struct soft_cpu *cpu, const struct op *op)
{
    unsigned halves = op->reg2;
    __m128i b[2] = { sse_xmm(cpu, op->reg3), avx_high(cpu, op->reg3) };
    __m128i result[2] = { _mm_setzero_si128(), _mm_setzero_si128() };
    uint32_t old = cpu->state.vector.mxcsr;
    uint64_t linear = 0;

    if (!avx_is_usable(cpu)) {
        return avx_refuse(cpu, op);
    }
    if (op->operand_size != 0 && (!soft_operand(cpu, op, op->operand_size, SOFT_WRITE, &linear) ||
                                  !soft_probe_store(cpu, linear, op->operand_size))) {
        return soft_fault(cpu, op);
    }
    if (!avx_float(cpu, k_vcvtps2ph, b, b, halves, op->detail, result)) {
        return soft_fault(cpu, op);
    }
    result[0] = _mm_unpacklo_epi64(result[0], result[1]);
    if (op->operand_size == 0) {
        sse_set_xmm(cpu, op->reg, result[0]);
        avx_set_high(cpu, op->reg, _mm_setzero_si128());
    } else if (!sse_store(cpu, linear, op->operand_size, result[0])) {
        cpu->state.vector.mxcsr = old;
        return soft_fault(cpu, op);
    }
    return SOFT_NEXT(cpu, op);
}

static void translate_vcvtps2ph(struct soft_translation *t)
{
    unsigned count;

    if (!sse_is_vex(t)) {
        return;
    }
    t->op->detail = sse_immediate(t, &count);
    t->op->reg2 = sse_operand_is_ymm(t, 1) ? 2 : 1;
    t->op->reg3 = soft_operand_register(t, 1);
    t->op->operand_size = t->has_memory ? (uint8_t)(t->op->reg2 * 8) : 0;
    if (!t->has_memory) {
        t->op->reg = soft_operand_register(t, 0);
    }
    t->op->run = op_vcvtps2ph;
}

/* ---- rows ---- */

#define FMA_ROW(NAME, ORDER, TYPE, ...)                                                           \
    {                                                                                             \
        ZYDIS_MNEMONIC_V##NAME##ORDER##TYPE, SOFT_FEATURE_FMA, translate_fma, &(const struct fma) \
        {                                                                                         \
            ORDER_##ORDER, __VA_ARGS__                                                            \
        }                                                                                         \
    }
#define FMA_ORDERS(NAME, TYPE, ...)                                               \
    FMA_ROW(NAME, 132, TYPE, __VA_ARGS__), FMA_ROW(NAME, 213, TYPE, __VA_ARGS__), \
        FMA_ROW(NAME, 231, TYPE, __VA_ARGS__)
#define FMA_PACKED(NAME, ...) \
    FMA_ORDERS(NAME, PS, false, false, __VA_ARGS__), FMA_ORDERS(NAME, PD, true, false, __VA_ARGS__)
#define FMA_ALL(NAME, ...)                                                         \
    FMA_PACKED(NAME, __VA_ARGS__), FMA_ORDERS(NAME, SS, false, true, __VA_ARGS__), \
        FMA_ORDERS(NAME, SD, true, true, __VA_ARGS__)

static const struct soft_row rows[] = {
    FMA_ALL(FMADD, false, false, false),
    FMA_ALL(FMSUB, false, true, true),
    FMA_ALL(FNMADD, true, false, false),
    FMA_ALL(FNMSUB, true, true, true),
    FMA_PACKED(FMADDSUB, false, true, false),
    FMA_PACKED(FMSUBADD, false, false, true),
    { ZYDIS_MNEMONIC_VCVTPH2PS, SOFT_FEATURE_F16C, avx_translate_widening, &form_vcvtph2ps },
    { ZYDIS_MNEMONIC_VCVTPS2PH, SOFT_FEATURE_F16C, translate_vcvtps2ph, NULL },
};
SOFT_DEFINE_GROUP(soft_group_avx_fma, rows);
