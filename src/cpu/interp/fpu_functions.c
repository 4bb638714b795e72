/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fpu_functions.c - FPATAN, F2XM1, FYL2X and FYL2XP1 as functions of numbers: series whose sum is rounded once.
 */
#include "cpu/interp/fpu_wide.h"

static const struct wide wide_pi = { BITS128(0xc90fdaa22168c234, 0xc4c6628b80dc1cd1), 1, false };
static const struct wide wide_ln2 = { BITS128(0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af), -1, false };
static const struct wide wide_log2e = { BITS128(0xb8aa3b295c17f0bb, 0xbe87fed0691d3e88), 0, false };

/* ---- arc tangent: Euler's series, all terms positive ---- */

/* Of t from 0 to 1: the sum of c_n t^(2n+1) / (1 + t^2)^(n+1), c_n = c_(n-1) 2n / (2n + 1). */
static struct wide arc_tangent(struct wide t)
{
    struct wide square = wide_multiply(t, t);
    struct wide below = wide_add(wide_one, square);
    struct wide ratio = wide_divide(square, below), term = wide_divide(t, below), sum = term;

    for (unsigned n = 1; n < 130; n++) {
        struct wide twice = term;

        twice.exponent++;
        term = wide_divide_small(
            wide_multiply(wide_multiply(twice, ratio), wide_from_integer((int)n)), 2 * n + 1);
        sum = wide_add(sum, term);
    }
    return sum;
}

static struct wide scaled_pi(unsigned quarters, bool negative)
{
    struct wide value = wide_multiply(wide_pi, wide_from_integer((int)quarters));

    value.exponent -= 2;
    value.negative = negative;
    return value;
}

/* The angle of (x, y): ST(1) is y, ST(0) is x. */
unsigned fpu_angle(const struct soft_f80 *x, struct soft_f80 *y, unsigned control)
{
    bool negative = f80_is_negative(y), left = f80_is_negative(x);
    unsigned status = f80_denormal_flag(x) | f80_denormal_flag(y);
    struct wide wx, wy, value;

    if (f80_is_infinity(x) || f80_is_infinity(y) || f80_is_zero(x) || f80_is_zero(y)) {
        unsigned quarters = f80_is_infinity(y) ? (f80_is_infinity(x) ? (left ? 3 : 1) : 2)
                            : f80_is_zero(y) || f80_is_infinity(x) ? (left ? 4 : 0)
                                                                   : 2;

        if (quarters == 0) {
            return status | f80_set_zero(y, negative);
        }
        return status | wide_to_f80(y, scaled_pi(quarters, negative), control);
    }
    wx = wide_from_f80(x);
    wy = wide_from_f80(y);
    wx.negative = wy.negative = false;
    if (wy.exponent > wx.exponent || (wy.exponent == wx.exponent && wy.mantissa > wx.mantissa)) {
        value = arc_tangent(wide_divide(wx, wy));
        value.negative = !left;
        value = wide_add(scaled_pi(2, false), value);
    } else {
        value = arc_tangent(wide_divide(wy, wx));
        value = left ? wide_add(scaled_pi(4, false), wide_negate(value)) : value;
    }
    value.negative = negative;
    return status | wide_to_f80(y, value, control) | FPU_PE;
}

/* ---- powers and logarithms ---- */

unsigned fpu_power(struct soft_f80 *x, unsigned control)
{
    struct wide y, term, sum;
    unsigned status = f80_denormal_flag(x);

    if (f80_is_zero(x)) {
        return 0;
    }
    if (f80_is_infinity(x)) {
        if (f80_is_negative(x)) {
            *x = (struct soft_f80){ 1ull << 63, 0x8000 | F80_EXPONENT_BIAS, { 0 } };
        }
        return 0;
    }
    /* -1 and 1 are exact; beyond them the operand stays (the result is undefined, SDM 2A F2XM1). */
    if ((x->sign_exponent & 0x7fff) >= F80_EXPONENT_BIAS) {
        if (x->mantissa == 1ull << 63 && x->sign_exponent == (0x8000 | F80_EXPONENT_BIAS)) {
            x->sign_exponent--;
        }
        return 0;
    }
    y = wide_multiply(wide_from_f80(x), wide_ln2);
    term = sum = y;
    for (unsigned n = 2; n < 40; n++) {
        term = wide_divide_small(wide_multiply(term, y), n);
        sum = wide_add(sum, term);
    }
    return status | wide_to_f80(x, sum, control) | FPU_PE;
}

/* 2 atanh(s) log2(e): the base-2 logarithm of (1 + s) / (1 - s). */
static struct wide logarithm_of_ratio(struct wide s)
{
    struct wide square = wide_multiply(s, s), part = s, sum = s;

    for (unsigned n = 3; n < 80; n += 2) {
        part = wide_multiply(part, square);
        sum = wide_add(sum, wide_divide_small(part, n));
    }
    sum.exponent += sum.mantissa != 0;
    return wide_multiply(sum, wide_log2e);
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
    return wide_add(
        wide_from_integer(exponent),
        logarithm_of_ratio(wide_divide(wide_add(x, wide_negate(wide_one)), wide_add(x, wide_one))));
}

/* y * log, with the result in *y; log is neither zero nor without sign. */
static unsigned times_logarithm(struct soft_f80 *y, struct wide log, unsigned control)
{
    if (f80_is_infinity(y)) {
        return f80_set_infinity(y, f80_is_negative(y) != log.negative);
    }
    if (f80_is_zero(y)) {
        return f80_set_zero(y, f80_is_negative(y) != log.negative);
    }
    return wide_to_f80(y, wide_multiply(wide_from_f80(y), log), control);
}

/* ST(1) * log2(ST(0)). */
unsigned fpu_y_log2_x(const struct soft_f80 *x, struct soft_f80 *y, unsigned control)
{
    unsigned status = f80_denormal_flag(x) | f80_denormal_flag(y);
    struct wide log;

    if (f80_is_zero(x)) {
        bool negative = !f80_is_negative(y);

        if (f80_is_zero(y)) {
            return f80_set_invalid(y);
        }
        status |= f80_is_infinity(y) ? 0 : FPU_ZE;
        return status | f80_set_infinity(y, negative);
    }
    if (f80_is_negative(x)) {
        return f80_set_invalid(y);
    }
    if (f80_is_infinity(x)) {
        return f80_is_zero(y) ? f80_set_invalid(y)
                              : status | f80_set_infinity(y, f80_is_negative(y));
    }
    log = logarithm(wide_from_f80(x));
    if (log.mantissa == 0) {
        return f80_is_infinity(y) ? f80_set_invalid(y)
                                  : status | f80_set_zero(y, f80_is_negative(y));
    }
    return status | times_logarithm(y, log, control);
}

/* ST(1) * log2(ST(0) + 1); operands of -1 and below are invalid. */
unsigned fpu_y_log2_x_plus_1(const struct soft_f80 *x, struct soft_f80 *y, unsigned control)
{
    unsigned status = f80_denormal_flag(x) | f80_denormal_flag(y);
    bool is_near = (x->sign_exponent & 0x7fff) < F80_EXPONENT_BIAS - 1;
    struct wide w, log;

    if (f80_is_zero(x)) {
        return f80_is_infinity(y)
                   ? f80_set_invalid(y)
                   : status | f80_set_zero(y, f80_is_negative(x) != f80_is_negative(y));
    }
    if (f80_is_negative(x) && (x->sign_exponent & 0x7fff) >= F80_EXPONENT_BIAS) {
        return f80_set_invalid(y);
    }
    if (f80_is_infinity(x)) {
        return f80_is_zero(y) ? f80_set_invalid(y)
                              : status | f80_set_infinity(y, f80_is_negative(y));
    }
    w = wide_from_f80(x);
    if (is_near) {
        log = logarithm_of_ratio(wide_divide(w, wide_add(w, wide_from_integer(2))));
    } else {
        log = logarithm(wide_add(w, wide_one));
    }
    return status | times_logarithm(y, log, control);
}
