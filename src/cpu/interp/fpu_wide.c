/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fpu_wide.c - floating-point numbers of 128 bits, in which x87's transcendental functions are computed: arithmetic, and one
 * rounding to the 80 bits of a register.
 */
#include "cpu/interp/fpu_wide.h"

/* ---- arithmetic, truncating ---- */

struct wide wide_normal(soft_uint128 mantissa, int exponent, bool negative)
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

struct wide wide_multiply(struct wide a, struct wide b)
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
        return wide_normal(high, a.exponent + b.exponent, a.negative != b.negative);
    }
    return wide_normal(high, a.exponent + b.exponent + 1, a.negative != b.negative);
}

struct wide wide_negate(struct wide a)
{
    a.negative = !a.negative;
    return a;
}

struct wide wide_add(struct wide a, struct wide b)
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
        return wide_normal(larger.mantissa - rest, larger.exponent, larger.negative);
    }
    return wide_normal((larger.mantissa >> 1) + (rest >> 1) + (larger.mantissa & rest & 1),
                       larger.exponent + 1, larger.negative);
}

struct wide wide_divide_small(struct wide a, unsigned divisor)
{
    return wide_normal(a.mantissa / divisor, a.exponent, a.negative);
}

/* Bit by bit. */
struct wide wide_divide(struct wide a, struct wide b)
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
    return wide_normal(quotient, exponent, a.negative != b.negative);
}

struct wide wide_from_integer(int value)
{
    return wide_normal((soft_uint128)(unsigned)abs(value), 127, value < 0);
}

/* ---- to and from 80 bits ---- */

bool f80_is_zero(const struct soft_f80 *value)
{
    return (value->sign_exponent & 0x7fff) == 0 && value->mantissa == 0;
}

bool f80_is_negative(const struct soft_f80 *value)
{
    return value->sign_exponent >> 15 != 0;
}

bool f80_is_infinity(const struct soft_f80 *value)
{
    return (value->sign_exponent & 0x7fff) == 0x7fff && value->mantissa == 1ull << 63;
}

/* NaNs, and what no 387 supports. */
bool f80_is_no_number(const struct soft_f80 *value)
{
    unsigned exponent = value->sign_exponent & 0x7fffu;

    return (exponent != 0 && value->mantissa >> 63 == 0) ||
           (exponent == 0x7fff && value->mantissa << 1 != 0);
}

unsigned f80_denormal_flag(const struct soft_f80 *value)
{
    return (value->sign_exponent & 0x7fff) == 0 && value->mantissa != 0 ? FPU_DE : 0;
}

struct wide wide_from_f80(const struct soft_f80 *value)
{
    int exponent = value->sign_exponent & 0x7fff;

    return wide_normal((soft_uint128)value->mantissa << 64,
                       (exponent == 0 ? 1 : exponent) - F80_EXPONENT_BIAS, f80_is_negative(value));
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
unsigned wide_to_f80(struct soft_f80 *value, struct wide w, unsigned control)
{
    uint16_t sign = w.negative ? 0x8000 : 0;
    int field = w.exponent + F80_EXPONENT_BIAS;
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

unsigned f80_set_infinity(struct soft_f80 *value, bool negative)
{
    *value = (struct soft_f80){ 1ull << 63, negative ? 0xffff : 0x7fff, { 0 } };
    return 0;
}

unsigned f80_set_zero(struct soft_f80 *value, bool negative)
{
    *value = (struct soft_f80){ .sign_exponent = negative ? 0x8000 : 0 };
    return 0;
}

unsigned f80_set_invalid(struct soft_f80 *value)
{
    *value = fpu_indefinite;
    return FPU_IE;
}
