/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fpu_wide.h - floating-point numbers of 128 bits, in which x87's transcendental functions are computed, and those functions that
 * take and give a number of 80 bits each.
 */
#ifndef REPLUG_CPU_FPU_WIDE_H
#define REPLUG_CPU_FPU_WIDE_H

#include "cpu/interp/fpu_internal.h"

/* mantissa * 2^(exponent - 127), bit 127 of the mantissa is set; or zero. */
struct wide {
    soft_uint128 mantissa;
    int exponent;
    bool negative;
};

#define BITS128(high, low) ((soft_uint128)(high##ull) << 64 | low##ull)
#define F80_EXPONENT_BIAS  16383

static const struct wide wide_one = { BITS128(0x8000000000000000, 0), 0, false };

/* Arithmetic truncates. */
struct wide wide_normal(soft_uint128 mantissa, int exponent, bool negative);
struct wide wide_multiply(struct wide a, struct wide b);
struct wide wide_negate(struct wide a);
struct wide wide_add(struct wide a, struct wide b);
struct wide wide_divide_small(struct wide a, unsigned divisor);
struct wide wide_divide(struct wide a, struct wide b);
struct wide wide_from_integer(int value);

bool f80_is_zero(const struct soft_f80 *value);
bool f80_is_negative(const struct soft_f80 *value);
bool f80_is_infinity(const struct soft_f80 *value);
bool f80_is_no_number(const struct soft_f80 *value);
unsigned f80_denormal_flag(const struct soft_f80 *value);

/* From here on what returns unsigned returns flags of the status word, C1 with them. */
struct wide wide_from_f80(const struct soft_f80 *value);
unsigned wide_to_f80(struct soft_f80 *value, struct wide w, unsigned control);
unsigned f80_set_infinity(struct soft_f80 *value, bool negative);
unsigned f80_set_zero(struct soft_f80 *value, bool negative);
unsigned f80_set_invalid(struct soft_f80 *value);

/* Of numbers (no NaN), with the result in place of the last operand. */
unsigned fpu_angle(const struct soft_f80 *x, struct soft_f80 *y, unsigned control);
unsigned fpu_power(struct soft_f80 *x, unsigned control);
unsigned fpu_y_log2_x(const struct soft_f80 *x, struct soft_f80 *y, unsigned control);
unsigned fpu_y_log2_x_plus_1(const struct soft_f80 *x, struct soft_f80 *y, unsigned control);

#endif
