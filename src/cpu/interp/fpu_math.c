/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fpu_math.c - x87's transcendental functions, defined by us: series in floating-point numbers of 128
 * bits, rounded once to the 64 bits of the result, so the same on every host and within 0.501 units
 * in the last place of the exact value. FSIN, FCOS, FSINCOS and FPTAN reduce their operand exactly by
 * the 66-bit pi of SDM 1 8.3.8.
 */
#include "cpu/interp/fpu_internal.h"

/* mantissa * 2^(exponent - 127), bit 127 of the mantissa is set; or zero. */
struct wide {
    soft_uint128 mantissa;
    int exponent;
    bool negative;
};

#define BITS128(high, low) ((soft_uint128)(high##ull) << 64 | low##ull)

static const struct wide wide_pi = { BITS128(0xc90fdaa22168c234, 0xc4c6628b80dc1cd1), 1, false };
static const struct wide wide_ln2 = { BITS128(0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af), -1, false };
static const struct wide wide_log2e = { BITS128(0xb8aa3b295c17f0bb, 0xbe87fed0691d3e88), 0, false };
static const struct wide wide_one = { BITS128(0x8000000000000000, 0), 0, false };

/* ---- arithmetic, truncating ---- */

static struct wide normal(soft_uint128 mantissa, int exponent, bool negative)
{
    struct wide r = { mantissa, exponent, negative };

    if (mantissa == 0) {
        return (struct wide){ .negative = negative };
    }
    if (mantissa >> 64 == 0) {
        r.mantissa <<= 64;
        r.exponent -= 64;
    }
    r.exponent -= __builtin_clzll((uint64_t)(r.mantissa >> 64));
    r.mantissa <<= __builtin_clzll((uint64_t)(r.mantissa >> 64));
    return r;
}

static struct wide multiply(struct wide a, struct wide b)
{
    uint64_t ah = (uint64_t)(a.mantissa >> 64), al = (uint64_t)a.mantissa;
    uint64_t bh = (uint64_t)(b.mantissa >> 64), bl = (uint64_t)b.mantissa;
    soft_uint128 middle = ((soft_uint128)al * bl >> 64) + (uint64_t)((soft_uint128)ah * bl) +
                          (uint64_t)((soft_uint128)al * bh);
    soft_uint128 high = (soft_uint128)ah * bh + ((soft_uint128)ah * bl >> 64) +
                        ((soft_uint128)al * bh >> 64) + (middle >> 64);

    /* The exact product's top bit is 254 or 255: one bit of the lower half may be wanted. */
    if (high != 0 && high >> 127 == 0) {
        high = high << 1 | (uint64_t)(middle >> 63 & 1);
        return normal(high, a.exponent + b.exponent, a.negative != b.negative);
    }
    return normal(high, a.exponent + b.exponent + 1, a.negative != b.negative);
}

static struct wide negate(struct wide a)
{
    a.negative = !a.negative;
    return a;
}

static struct wide add(struct wide a, struct wide b)
{
    struct wide larger = a, smaller = b;
    soft_uint128 rest;
    int shift;

    if (a.mantissa == 0 || b.mantissa == 0) {
        return a.mantissa == 0 ? b : a;
    }
    if (b.exponent > a.exponent || (b.exponent == a.exponent && b.mantissa > a.mantissa)) {
        larger = b;
        smaller = a;
    }
    shift = larger.exponent - smaller.exponent;
    rest = shift > 126 ? 0 : smaller.mantissa >> shift;
    if (larger.negative != smaller.negative) {
        return normal(larger.mantissa - rest, larger.exponent, larger.negative);
    }
    return normal((larger.mantissa >> 1) + (rest >> 1) + (larger.mantissa & rest & 1),
                  larger.exponent + 1, larger.negative);
}

static struct wide divide_small(struct wide a, unsigned divisor)
{
    return normal(a.mantissa / divisor, a.exponent, a.negative);
}

/* Bit by bit. */
static struct wide divide(struct wide a, struct wide b)
{
    soft_uint128 rest = a.mantissa, quotient = 0;
    int exponent = a.exponent - b.exponent;

    for (unsigned i = 0; i < 128; i++) {
        bool carry = i > 0 && rest >> 127 != 0;

        rest = i > 0 ? rest << 1 : rest;
        quotient <<= 1;
        if (carry || rest >= b.mantissa) {
            rest -= b.mantissa;
            quotient |= 1;
        }
    }
    return normal(quotient, exponent, a.negative != b.negative);
}

static struct wide from_integer(int value)
{
    return normal((soft_uint128)(unsigned)abs(value), 127, value < 0);
}

/* ---- to and from 80 bits ---- */

#define EXPONENT_BIAS 16383

static bool is_zero(const struct soft_f80 *value)
{
    return (value->sign_exponent & 0x7fff) == 0 && value->mantissa == 0;
}

static bool is_negative(const struct soft_f80 *value)
{
    return value->sign_exponent >> 15 != 0;
}

static bool is_infinity(const struct soft_f80 *value)
{
    return (value->sign_exponent & 0x7fff) == 0x7fff && value->mantissa == 1ull << 63;
}

/* NaNs, and what no 387 supports. */
static bool is_no_number(const struct soft_f80 *value)
{
    unsigned exponent = value->sign_exponent & 0x7fffu;

    return (exponent != 0 && value->mantissa >> 63 == 0) ||
           (exponent == 0x7fff && value->mantissa << 1 != 0);
}

static unsigned denormal_flag(const struct soft_f80 *value)
{
    return (value->sign_exponent & 0x7fff) == 0 && value->mantissa != 0 ? FPU_DE : 0;
}

static struct wide to_wide(const struct soft_f80 *value)
{
    int exponent = value->sign_exponent & 0x7fff;

    return normal((soft_uint128)value->mantissa << 64,
                  (exponent == 0 ? 1 : exponent) - EXPONENT_BIAS, is_negative(value));
}

static bool rounds_up(soft_uint128 rest, soft_uint128 half, bool odd, bool negative,
                      unsigned control)
{
    switch (control >> 10 & 3) {
    case 0: return rest > half || (rest == half && odd);
    case 1: return rest != 0 && negative;
    case 2: return rest != 0 && !negative;
    default: return false;
    }
}

static unsigned overflow(struct soft_f80 *value, uint16_t sign, unsigned control)
{
    bool up = rounds_up(2, 1, true, sign != 0, control);

    value->mantissa = up ? 1ull << 63 : UINT64_MAX;
    value->sign_exponent = (uint16_t)(sign | (up ? 0x7fff : 0x7ffe));
    return FPU_OE | FPU_PE | (up ? FPU_C1 : 0);
}

/* The flags and C1. OE and UE unmasked scale the result (SDM 1 8.5.4, 8.5.5). */
static unsigned from_wide(struct soft_f80 *value, struct wide w, unsigned control)
{
    uint16_t sign = w.negative ? 0x8000 : 0;
    int field = w.exponent + EXPONENT_BIAS;
    unsigned status = 0, drop = 64;
    soft_uint128 rest, mantissa;
    bool up;

    if (w.mantissa == 0) {
        *value = (struct soft_f80){ .sign_exponent = sign };
        return 0;
    }
    if (field < 1 && (control & FPU_UE) == 0) {
        field += 24576;
        status = FPU_UE;
    } else if (field < 1) {
        drop = (unsigned)MIN(64 + 1 - field, 127);
    }
    rest = w.mantissa & (((soft_uint128)1 << drop) - 1);
    mantissa = w.mantissa >> drop;
    up = rounds_up(rest, (soft_uint128)1 << (drop - 1), (mantissa & 1) != 0, w.negative, control);
    mantissa += up;
    status |= (rest != 0 ? FPU_PE : 0) | (up ? FPU_C1 : 0);
    if (drop != 64) {
        status |= rest != 0 ? FPU_UE : 0;
        field = (mantissa >> 63 & 1) != 0;
    } else if (mantissa >> 64 != 0) {
        mantissa >>= 1;
        field++;
    }
    if (field >= 0x7fff && (control & FPU_OE) == 0) {
        field -= 24576;
        status |= FPU_OE;
    } else if (field >= 0x7fff) {
        return overflow(value, sign, control);
    }
    value->mantissa = (uint64_t)mantissa;
    value->sign_exponent = (uint16_t)(sign | (unsigned)field);
    return status;
}

static unsigned set_infinity(struct soft_f80 *value, bool negative)
{
    *value = (struct soft_f80){ 1ull << 63, negative ? 0xffff : 0x7fff, { 0 } };
    return 0;
}

static unsigned set_zero(struct soft_f80 *value, bool negative)
{
    *value = (struct soft_f80){ .sign_exponent = negative ? 0x8000 : 0 };
    return 0;
}

static unsigned set_invalid(struct soft_f80 *value)
{
    *value = fpu_indefinite;
    return FPU_IE;
}

/* NaNs and unsupported numbers as every arithmetic instruction treats them. */
FPU_HOST_BINARY(host_add, "fadd %%st(1), %%st")

/* ---- sine and cosine ---- */

/* Half of pi in units of 2^-65: 66 bits. */
#define HALF_PI (BITS128(0x3, 0x243f6a8885a308d3))

/* x = quadrant * pi / 2 + r, |r| at most pi / 4. */
static struct wide reduce(struct wide x, unsigned *quadrant)
{
    soft_uint128 units, quotient, rest;
    bool negative = x.negative;
    struct wide r;

    *quadrant = 0;
    if (x.exponent < -1) {
        return x;
    }
    units = x.exponent >= 62 ? x.mantissa : x.mantissa >> (62 - x.exponent);
    quotient = units / HALF_PI;
    rest = units % HALF_PI;
    if (rest > HALF_PI / 2) {
        quotient++;
        r = normal(HALF_PI - rest, 62, !negative);
    } else {
        r = normal(rest, 62, negative);
    }
    *quadrant = (unsigned)(negative ? -quotient : quotient) & 3;
    return r;
}

/* Sum of term * (-x^2)^k / ((first + 1) ... (first + 2k)). */
static struct wide alternating(struct wide x, struct wide term, unsigned first)
{
    struct wide square = negate(multiply(x, x)), sum = term;

    for (unsigned n = first; n < 40; n += 2) {
        term = divide_small(multiply(term, square), (n + 1) * (n + 2));
        sum = add(sum, term);
    }
    return sum;
}

/* Of quadrant * pi / 2 + r. */
static struct wide sine_of(struct wide r, unsigned quadrant)
{
    struct wide value = (quadrant & 1) != 0 ? alternating(r, wide_one, 0) : alternating(r, r, 1);

    return (quadrant & 2) != 0 ? negate(value) : value;
}

/* FSIN, FCOS, FSINCOS, FPTAN: op->imm; the second result is pushed. */
enum circular { SINE, COSINE, BOTH, TANGENT };

static unsigned circular_results(enum circular which, const struct soft_f80 *x,
                                 struct soft_f80 *first, struct soft_f80 *second, unsigned control)
{
    struct wide r;
    unsigned quadrant, status = denormal_flag(x);

    *second = (struct soft_f80){ 1ull << 63, EXPONENT_BIAS, { 0 } };
    if (is_zero(x)) {
        *first = which == COSINE ? *second : *x;
        return 0;
    }
    r = reduce(to_wide(x), &quadrant);
    switch (which) {
    case SINE: return status | from_wide(first, sine_of(r, quadrant), control);
    case COSINE: return status | from_wide(first, sine_of(r, quadrant + 1), control) | FPU_PE;
    case BOTH:
        status |= from_wide(first, sine_of(r, quadrant), control);
        return (status & ~FPU_C1) | from_wide(second, sine_of(r, quadrant + 1), control) | FPU_PE;
    case TANGENT:
        return status |
               from_wide(first, divide(sine_of(r, quadrant), sine_of(r, quadrant + 1)), control);
    }
    return status;
}

/* Sine and tangent of tiny numbers are those less than a unit away: never exact. */
static unsigned circular_status(enum circular which, const struct soft_f80 *x,
                                struct soft_f80 *first, struct soft_f80 *second, unsigned control)
{
    unsigned status;

    if (is_no_number(x) || is_infinity(x)) {
        *first = *x;
        status = is_infinity(x) ? set_invalid(first)
                                : host_add(first, x, (uint16_t)(control | 0x67)) & FPU_FLAGS;
        *second = *first;
        return status;
    }
    status = circular_results(which, x, first, second, control);
    return is_zero(x) ? status : status | FPU_PE;
}

static const struct op *op_circular(struct soft_cpu *cpu, const struct op *op)
{
    enum circular which = (enum circular)op->imm;
    bool pushes = which == BOTH || which == TANGENT;
    struct soft_f80 first, second;
    const struct soft_f80 *x;

    if (!fpu_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    fpu_note(cpu, op);
    if (!fpu_is_valid(cpu, 0) || (pushes && fpu_is_valid(cpu, 7))) {
        if (fpu_stack_fault(cpu, fpu_is_valid(cpu, 0))) {
            *fpu_st(cpu, 0) = fpu_indefinite;
            fpu_set_valid(cpu, 0);
            if (pushes) {
                fpu_push(cpu, &fpu_indefinite);
            }
        }
        return SOFT_NEXT(cpu, op);
    }
    x = fpu_st(cpu, 0);
    cpu->state.vector.status &= (uint16_t)~FPU_C2;
    if (!is_no_number(x) && !is_infinity(x) && (x->sign_exponent & 0x7fff) >= EXPONENT_BIAS + 63) {
        cpu->state.vector.status |= FPU_C2;
        return SOFT_NEXT(cpu, op);
    }
    if (fpu_report(cpu, circular_status(which, x, &first, &second, cpu->state.vector.control))) {
        *fpu_st(cpu, 0) = first;
        if (pushes) {
            fpu_push(cpu, &second);
        }
    }
    return SOFT_NEXT(cpu, op);
}

/* ---- arc tangent: Euler's series, all terms positive ---- */

/* Of t from 0 to 1: the sum of c_n t^(2n+1) / (1 + t^2)^(n+1), c_n = c_(n-1) 2n / (2n + 1). */
static struct wide arc_tangent(struct wide t)
{
    struct wide square = multiply(t, t);
    struct wide below = add(wide_one, square);
    struct wide ratio = divide(square, below), term = divide(t, below), sum = term;

    for (unsigned n = 1; n < 130; n++) {
        struct wide twice = term;

        twice.exponent++;
        term = divide_small(multiply(multiply(twice, ratio), from_integer((int)n)), 2 * n + 1);
        sum = add(sum, term);
    }
    return sum;
}

static struct wide scaled_pi(unsigned quarters, bool negative)
{
    struct wide value = multiply(wide_pi, from_integer((int)quarters));

    value.exponent -= 2;
    value.negative = negative;
    return value;
}

/* The angle of (x, y): ST(1) is y, ST(0) is x. */
static unsigned angle(const struct soft_f80 *x, struct soft_f80 *y, unsigned control)
{
    bool negative = is_negative(y), left = is_negative(x);
    unsigned status = denormal_flag(x) | denormal_flag(y);
    struct wide wx, wy, value;

    if (is_infinity(x) || is_infinity(y) || is_zero(x) || is_zero(y)) {
        unsigned quarters = is_infinity(y)                 ? (is_infinity(x) ? (left ? 3 : 1) : 2)
                            : is_zero(y) || is_infinity(x) ? (left ? 4 : 0)
                                                           : 2;

        if (quarters == 0) {
            return status | set_zero(y, negative);
        }
        return status | from_wide(y, scaled_pi(quarters, negative), control);
    }
    wx = to_wide(x);
    wy = to_wide(y);
    wx.negative = wy.negative = false;
    if (wy.exponent > wx.exponent || (wy.exponent == wx.exponent && wy.mantissa > wx.mantissa)) {
        value = arc_tangent(divide(wx, wy));
        value.negative = !left;
        value = add(scaled_pi(2, false), value);
    } else {
        value = arc_tangent(divide(wy, wx));
        value = left ? add(scaled_pi(4, false), negate(value)) : value;
    }
    value.negative = negative;
    return status | from_wide(y, value, control) | FPU_PE;
}

/* ---- powers and logarithms ---- */

static unsigned power(struct soft_f80 *x, unsigned control)
{
    struct wide y, term, sum;
    unsigned status = denormal_flag(x);

    if (is_zero(x)) {
        return 0;
    }
    if (is_infinity(x)) {
        if (is_negative(x)) {
            *x = (struct soft_f80){ 1ull << 63, 0x8000 | EXPONENT_BIAS, { 0 } };
        }
        return 0;
    }
    /* -1 and 1 are exact; beyond them the operand stays (the result is undefined, SDM 2A F2XM1). */
    if ((x->sign_exponent & 0x7fff) >= EXPONENT_BIAS) {
        if (x->mantissa == 1ull << 63 && x->sign_exponent == (0x8000 | EXPONENT_BIAS)) {
            x->sign_exponent--;
        }
        return 0;
    }
    y = multiply(to_wide(x), wide_ln2);
    term = sum = y;
    for (unsigned n = 2; n < 40; n++) {
        term = divide_small(multiply(term, y), n);
        sum = add(sum, term);
    }
    return status | from_wide(x, sum, control) | FPU_PE;
}

/* 2 atanh(s) log2(e): the base-2 logarithm of (1 + s) / (1 - s). */
static struct wide logarithm_of_ratio(struct wide s)
{
    struct wide square = multiply(s, s), part = s, sum = s;

    for (unsigned n = 3; n < 80; n += 2) {
        part = multiply(part, square);
        sum = add(sum, divide_small(part, n));
    }
    sum.exponent += sum.mantissa != 0;
    return multiply(sum, wide_log2e);
}

static struct wide logarithm(struct wide x)
{
    int exponent = x.exponent;

    x.exponent = 0;
    /* From sqrt(1/2) to sqrt(2). */
    if (x.mantissa > BITS128(0xb504f333f9de6484, 0)) {
        x.exponent--;
        exponent++;
    }
    return add(from_integer(exponent),
               logarithm_of_ratio(divide(add(x, negate(wide_one)), add(x, wide_one))));
}

/* y * log, with the result in *y; log is neither zero nor without sign. */
static unsigned times_logarithm(struct soft_f80 *y, struct wide log, unsigned control)
{
    if (is_infinity(y)) {
        return set_infinity(y, is_negative(y) != log.negative);
    }
    if (is_zero(y)) {
        return set_zero(y, is_negative(y) != log.negative);
    }
    return from_wide(y, multiply(to_wide(y), log), control);
}

/* ST(1) * log2(ST(0)). */
static unsigned y_log2_x(const struct soft_f80 *x, struct soft_f80 *y, unsigned control)
{
    unsigned status = denormal_flag(x) | denormal_flag(y);
    struct wide log;

    if (is_zero(x)) {
        bool negative = !is_negative(y);

        if (is_zero(y)) {
            return set_invalid(y);
        }
        status |= is_infinity(y) ? 0 : FPU_ZE;
        return status | set_infinity(y, negative);
    }
    if (is_negative(x)) {
        return set_invalid(y);
    }
    if (is_infinity(x)) {
        return is_zero(y) ? set_invalid(y) : status | set_infinity(y, is_negative(y));
    }
    log = logarithm(to_wide(x));
    if (log.mantissa == 0) {
        return is_infinity(y) ? set_invalid(y) : status | set_zero(y, is_negative(y));
    }
    return status | times_logarithm(y, log, control);
}

/* ST(1) * log2(ST(0) + 1); operands of -1 and below are invalid. */
static unsigned y_log2_x_plus_1(const struct soft_f80 *x, struct soft_f80 *y, unsigned control)
{
    unsigned status = denormal_flag(x) | denormal_flag(y);
    bool is_near = (x->sign_exponent & 0x7fff) < EXPONENT_BIAS - 1;
    struct wide w, log;

    if (is_zero(x)) {
        return is_infinity(y) ? set_invalid(y)
                              : status | set_zero(y, is_negative(x) != is_negative(y));
    }
    if (is_negative(x) && (x->sign_exponent & 0x7fff) >= EXPONENT_BIAS) {
        return set_invalid(y);
    }
    if (is_infinity(x)) {
        return is_zero(y) ? set_invalid(y) : status | set_infinity(y, is_negative(y));
    }
    w = to_wide(x);
    if (is_near) {
        log = logarithm_of_ratio(divide(w, add(w, from_integer(2))));
    } else {
        log = logarithm(add(w, wide_one));
    }
    return status | times_logarithm(y, log, control);
}

/* ---- operations ---- */

struct two_operands {
    unsigned (*function)(const struct soft_f80 *x, struct soft_f80 *y, unsigned control);
};

static const struct op *op_two_operands(struct soft_cpu *cpu, const struct op *op)
{
    const struct two_operands *two = (const struct two_operands *)(uintptr_t)op->imm;
    struct soft_f80 result;
    const struct soft_f80 *x;
    unsigned status;

    if (!fpu_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    fpu_note(cpu, op);
    if (!fpu_needs(cpu, op, 0, 1, 1)) {
        return SOFT_NEXT(cpu, op);
    }
    x = fpu_st(cpu, 0);
    result = *fpu_st(cpu, 1);
    if (is_no_number(x) || is_no_number(&result)) {
        status = host_add(&result, x, fpu_host_control(cpu)) & FPU_FLAGS;
    } else {
        status = two->function(x, &result, cpu->state.vector.control);
    }
    if (fpu_report(cpu, status)) {
        *fpu_st(cpu, 1) = result;
        fpu_pops(cpu, op);
    }
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_f2xm1(struct soft_cpu *cpu, const struct op *op)
{
    struct soft_f80 result;
    unsigned status;

    if (!fpu_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    fpu_note(cpu, op);
    if (!fpu_needs(cpu, op, 0, 0, 0)) {
        return SOFT_NEXT(cpu, op);
    }
    result = *fpu_st(cpu, 0);
    status = is_no_number(&result)
                 ? host_add(&result, fpu_st(cpu, 0), fpu_host_control(cpu)) & FPU_FLAGS
                 : power(&result, cpu->state.vector.control);
    if (fpu_report(cpu, status)) {
        *fpu_st(cpu, 0) = result;
    }
    return SOFT_NEXT(cpu, op);
}

static void translate_circular(struct soft_translation *t)
{
    fpu_translate_common(t, 0);
    t->op->imm = *(const uint8_t *)t->table;
    t->op->run = op_circular;
}

static void translate_two_operands(struct soft_translation *t)
{
    fpu_translate_common(t, 1);
    t->op->imm = (uintptr_t)t->table;
    t->op->run = op_two_operands;
}

static const uint8_t sine = SINE, cosine = COSINE, both = BOTH, tangent = TANGENT;
static const struct two_operands fpatan = { angle }, fyl2x = { y_log2_x },
                                 fyl2xp1 = { y_log2_x_plus_1 };
static const struct soft_simple f2xm1 = { op_f2xm1, false, false };

static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_FSIN, SOFT_FEATURE_FPU, translate_circular, &sine },
    { ZYDIS_MNEMONIC_FCOS, SOFT_FEATURE_FPU, translate_circular, &cosine },
    { ZYDIS_MNEMONIC_FSINCOS, SOFT_FEATURE_FPU, translate_circular, &both },
    { ZYDIS_MNEMONIC_FPTAN, SOFT_FEATURE_FPU, translate_circular, &tangent },
    { ZYDIS_MNEMONIC_FPATAN, SOFT_FEATURE_FPU, translate_two_operands, &fpatan },
    { ZYDIS_MNEMONIC_FYL2X, SOFT_FEATURE_FPU, translate_two_operands, &fyl2x },
    { ZYDIS_MNEMONIC_FYL2XP1, SOFT_FEATURE_FPU, translate_two_operands, &fyl2xp1 },
    { ZYDIS_MNEMONIC_F2XM1, SOFT_FEATURE_FPU, fpu_translate_simple, &f2xm1 },
};
SOFT_DEFINE_GROUP(soft_group_fpu_math, rows);
