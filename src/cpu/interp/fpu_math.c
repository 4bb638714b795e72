/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fpu_math.c - x87's transcendental functions, defined by us: series in floating-point numbers of 128
 * bits, rounded once to the 64 bits of the result, so the same on every host and within 0.501 units
 * in the last place of the exact value. FSIN, FCOS, FSINCOS and FPTAN reduce their operand exactly by
 * the 66-bit pi of SDM 1 8.3.8.
 */
#include "cpu/interp/fpu_wide.h"

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
        r = wide_normal(HALF_PI - rest, 62, !negative);
    } else {
        r = wide_normal(rest, 62, negative);
    }
    *quadrant = (unsigned)(negative ? -quotient : quotient) & 3;
    return r;
}

/* Sum of term * (-x^2)^k / ((first + 1) ... (first + 2k)). */
static struct wide alternating(struct wide x, struct wide term, unsigned first)
{
    struct wide square = wide_negate(wide_multiply(x, x)), sum = term;

    for (unsigned n = first; n < 40; n += 2) {
        term = wide_divide_small(wide_multiply(term, square), (n + 1) * (n + 2));
        sum = wide_add(sum, term);
    }
    return sum;
}

/* Of quadrant * pi / 2 + r. */
static struct wide sine_of(struct wide r, unsigned quadrant)
{
    struct wide value = (quadrant & 1) != 0 ? alternating(r, wide_one, 0) : alternating(r, r, 1);

    return (quadrant & 2) != 0 ? wide_negate(value) : value;
}

/* FSIN, FCOS, FSINCOS, FPTAN: op->imm; the second result is pushed. */
enum circular { SINE, COSINE, BOTH, TANGENT };

static unsigned circular_results(enum circular which, const struct soft_f80 *x,
                                 struct soft_f80 *first, struct soft_f80 *second, unsigned control)
{
    struct wide r;
    unsigned quadrant, status = f80_denormal_flag(x);

    *second = (struct soft_f80){ 1ull << 63, F80_EXPONENT_BIAS, { 0 } };
    if (f80_is_zero(x)) {
        *first = which == COSINE ? *second : *x;
        return 0;
    }
    r = reduce(wide_from_f80(x), &quadrant);
    switch (which) {
    case SINE: return status | wide_to_f80(first, sine_of(r, quadrant), control);
    case COSINE: return status | wide_to_f80(first, sine_of(r, quadrant + 1), control) | FPU_PE;
    case BOTH:
        status |= wide_to_f80(first, sine_of(r, quadrant), control);
        return (status & ~FPU_C1) | wide_to_f80(second, sine_of(r, quadrant + 1), control) | FPU_PE;
    case TANGENT:
        return status |
               wide_to_f80(first, wide_divide(sine_of(r, quadrant), sine_of(r, quadrant + 1)),
                           control);
    }
    return status;
}

/* Sine and tangent of tiny numbers are those less than a unit away: never exact. */
static unsigned circular_status(enum circular which, const struct soft_f80 *x,
                                struct soft_f80 *first, struct soft_f80 *second, unsigned control)
{
    unsigned status;

    if (f80_is_no_number(x) || f80_is_infinity(x)) {
        *first = *x;
        status = f80_is_infinity(x) ? f80_set_invalid(first)
                                    : host_add(first, x, (uint16_t)(control | 0x67)) & FPU_FLAGS;
        *second = *first;
        return status;
    }
    status = circular_results(which, x, first, second, control);
    return f80_is_zero(x) ? status : status | FPU_PE;
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
    if (!f80_is_no_number(x) && !f80_is_infinity(x) &&
        (x->sign_exponent & 0x7fff) >= F80_EXPONENT_BIAS + 63) {
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
    if (f80_is_no_number(x) || f80_is_no_number(&result)) {
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
    status = f80_is_no_number(&result)
                 ? host_add(&result, fpu_st(cpu, 0), fpu_host_control(cpu)) & FPU_FLAGS
                 : fpu_power(&result, cpu->state.vector.control);
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
static const struct two_operands fpatan = { fpu_angle }, fyl2x = { fpu_y_log2_x },
                                 fyl2xp1 = { fpu_y_log2_x_plus_1 };
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
