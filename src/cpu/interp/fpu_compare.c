/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fpu_compare.c - x87 comparisons and examination; FABS, FCHS, FSQRT, FRNDINT, FSCALE, FXTRACT and the
 * partial remainders.
 */
#include "cpu/interp/fpu_internal.h"

/* ---- comparisons: status words with C0, C2, C3 ---- */

#define DEFINE_COMPARE(name) FPU_HOST_BINARY(name##_reg, "f" #name " %%st(1)")
#define DEFINE_COMPARE_MEMORY(name)                       \
    FPU_HOST_MEMORY(name##_m32, "f" #name "s", uint32_t)  \
    FPU_HOST_MEMORY(name##_m64, "f" #name "l", uint64_t)  \
    FPU_HOST_MEMORY(name##_i16, "fi" #name "s", uint16_t) \
    FPU_HOST_MEMORY(name##_i32, "fi" #name "l", uint32_t)

DEFINE_COMPARE(com)
DEFINE_COMPARE(ucom)
DEFINE_COMPARE_MEMORY(com)

static uint16_t test_zero(struct soft_f80 *dst, const void *src, uint16_t control)
{
    const struct soft_f80 zero = { 0 };

    (void)src;
    return com_reg(dst, &zero, control);
}

/* Unordered: all three. */
static const unsigned unordered = FPU_C0 | FPU_C2 | FPU_C3;

/* detail bit 5: to RFLAGS. */
#define TO_RFLAGS 0x20u

static void set_result(struct soft_cpu *cpu, const struct op *op, unsigned conditions)
{
    if ((op->detail & TO_RFLAGS) == 0) {
        fpu_set_conditions(cpu, conditions & unordered);
        return;
    }
    /* C0 is CF, C2 is PF, C3 is ZF. */
    soft_set_arithmetic_flags(cpu, (conditions & unordered) >> 8);
}

static const struct op *finish_compare(struct soft_cpu *cpu, const struct op *op,
                                       const void *source)
{
    fpu_host_fn function = (fpu_host_fn)(uintptr_t)op->imm;
    struct soft_f80 value = *fpu_st(cpu, 0);
    unsigned status = function(&value, source, fpu_host_control(cpu));
    unsigned c1 = cpu->state.vector.status & FPU_C1;

    /* The conditions are set even where an unmasked exception keeps the operands. */
    if (fpu_report(cpu, status & ~FPU_C1)) {
        fpu_pops(cpu, op);
    }
    /* FCOMI and its kind leave C1 alone. */
    if ((op->detail & TO_RFLAGS) != 0) {
        cpu->state.vector.status |= (uint16_t)c1;
    }
    set_result(cpu, op, status);
    return SOFT_NEXT(cpu, op);
}

static const struct op *underflow(struct soft_cpu *cpu, const struct op *op)
{
    if (fpu_stack_fault(cpu, false)) {
        fpu_pops(cpu, op);
    }
    set_result(cpu, op, unordered);
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_compare_reg(struct soft_cpu *cpu, const struct op *op)
{
    if (!fpu_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    fpu_note(cpu, op);
    if (!fpu_is_valid(cpu, 0) || !fpu_is_valid(cpu, op->reg3)) {
        return underflow(cpu, op);
    }
    return finish_compare(cpu, op, fpu_st(cpu, op->reg3));
}

static const struct op *op_compare_mem(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t source;

    if (!fpu_begin(cpu) || !fpu_load(cpu, op, &source)) {
        return soft_fault(cpu, op);
    }
    fpu_note_memory(cpu, op);
    return fpu_is_valid(cpu, 0) ? finish_compare(cpu, op, &source) : underflow(cpu, op);
}

struct compare {
    fpu_host_fn reg, m32, m64;
    uint8_t pops, detail;
};

static const struct compare compare_com = { com_reg, com_m32, com_m64, 0, 0 };
static const struct compare compare_comp = { com_reg, com_m32, com_m64, 1, 0 };
static const struct compare compare_compp = { com_reg, NULL, NULL, 2, 0 };
static const struct compare compare_ucom = { ucom_reg, NULL, NULL, 0, 0 };
static const struct compare compare_ucomp = { ucom_reg, NULL, NULL, 1, 0 };
static const struct compare compare_ucompp = { ucom_reg, NULL, NULL, 2, 0 };
static const struct compare compare_comi = { com_reg, NULL, NULL, 0, TO_RFLAGS };
static const struct compare compare_comip = { com_reg, NULL, NULL, 1, TO_RFLAGS };
static const struct compare compare_ucomi = { ucom_reg, NULL, NULL, 0, TO_RFLAGS };
static const struct compare compare_ucomip = { ucom_reg, NULL, NULL, 1, TO_RFLAGS };
static const struct compare compare_icom = { NULL, com_i32, com_i16, 0, 0 };
static const struct compare compare_icomp = { NULL, com_i32, com_i16, 1, 0 };

static void translate_compare(struct soft_translation *t)
{
    const struct compare *c = t->table;
    unsigned opcode = t->instruction->opcode;

    fpu_translate_common(t, c->pops);
    t->op->detail |= c->detail;
    if (t->has_memory) {
        t->op->imm = (uintptr_t)(opcode == 0xd8 || opcode == 0xda ? c->m32 : c->m64);
        t->op->run = op_compare_mem;
        return;
    }
    t->op->reg3 = c->pops == 2 ? 1 : (uint8_t)(t->instruction->raw.modrm.rm);
    t->op->imm = (uintptr_t)c->reg;
    t->op->run = op_compare_reg;
}

static const struct op *op_ftst(struct soft_cpu *cpu, const struct op *op)
{
    struct op with_function = *op;

    if (!fpu_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    fpu_note(cpu, op);
    with_function.imm = (uintptr_t)test_zero;
    if (fpu_is_valid(cpu, 0)) {
        (void)finish_compare(cpu, &with_function, NULL);
    } else {
        (void)underflow(cpu, op);
    }
    return SOFT_NEXT(cpu, op);
}

/* SDM 1 table 8-? "FXAM": the class in C3, C2, C0; C1 is the sign, of an empty register too. */
static const struct op *op_fxam(struct soft_cpu *cpu, const struct op *op)
{
    const struct soft_f80 *value = fpu_st(cpu, 0);
    unsigned exponent = value->sign_exponent & 0x7fffu;
    bool integer_bit = value->mantissa >> 63 != 0;
    unsigned conditions;

    if (!fpu_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    fpu_note(cpu, op);
    if (!fpu_is_valid(cpu, 0)) {
        conditions = FPU_C3 | FPU_C0;
    } else if (exponent == 0) {
        conditions = value->mantissa == 0 ? FPU_C3 : FPU_C3 | FPU_C2;
    } else if (!integer_bit) {
        conditions = 0;
    } else if (exponent != 0x7fff) {
        conditions = FPU_C2;
    } else {
        conditions = value->mantissa << 1 == 0 ? FPU_C2 | FPU_C0 : FPU_C0;
    }
    fpu_set_conditions(cpu, conditions | (value->sign_exponent >> 15 != 0 ? FPU_C1 : 0));
    return SOFT_NEXT(cpu, op);
}

/* ---- one operand ---- */

FPU_HOST_UNARY(host_sqrt, "fsqrt")
FPU_HOST_UNARY(host_round, "frndint")

static uint16_t value_abs(struct soft_f80 *dst, uint16_t control)
{
    (void)control;
    dst->sign_exponent &= 0x7fff;
    return 0;
}

static uint16_t value_chs(struct soft_f80 *dst, uint16_t control)
{
    (void)control;
    dst->sign_exponent ^= 0x8000;
    return 0;
}

struct unary {
    uint16_t (*function)(struct soft_f80 *dst, uint16_t control);
};

static const struct unary unary_sqrt = { host_sqrt }, unary_round = { host_round },
                          unary_abs = { value_abs }, unary_chs = { value_chs };

static const struct op *op_unary(struct soft_cpu *cpu, const struct op *op)
{
    const struct unary *unary = (const struct unary *)(uintptr_t)op->imm;
    struct soft_f80 result;

    if (!fpu_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    fpu_note(cpu, op);
    if (fpu_needs(cpu, op, 0, 0, 0)) {
        result = *fpu_st(cpu, 0);
        if (fpu_report(cpu, unary->function(&result, fpu_host_control(cpu)))) {
            *fpu_st(cpu, 0) = result;
        }
    }
    return SOFT_NEXT(cpu, op);
}

static void translate_unary(struct soft_translation *t)
{
    fpu_translate_common(t, 0);
    t->op->imm = (uintptr_t)t->table;
    t->op->run = op_unary;
}

/* ---- two operands: FSCALE, FPREM, FPREM1 ---- */

FPU_HOST_BINARY(host_scale, "fscale")

static const struct op *op_fscale(struct soft_cpu *cpu, const struct op *op)
{
    struct soft_f80 result;

    if (!fpu_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    fpu_note(cpu, op);
    if (fpu_needs(cpu, op, 0, 1, 0)) {
        result = *fpu_st(cpu, 0);
        if (fpu_report(cpu, host_scale(&result, fpu_st(cpu, 1), fpu_host_control(cpu)))) {
            *fpu_st(cpu, 0) = result;
        }
    }
    return SOFT_NEXT(cpu, op);
}

static bool is_ordinary(const struct soft_f80 *value)
{
    unsigned exponent = value->sign_exponent & 0x7fffu;

    return value->mantissa != 0 && exponent != 0x7fff &&
           (exponent == 0 || value->mantissa >> 63 != 0);
}

static bool is_ordinary_or_zero(const struct soft_f80 *value)
{
    return is_ordinary(value) || (value->mantissa == 0 && (value->sign_exponent & 0x7fff) == 0);
}

/* Exponent (of denormals too) and a mantissa with bit 63 set. */
static int normalise(const struct soft_f80 *value, uint64_t *mantissa)
{
    int exponent = value->sign_exponent & 0x7fff;
    int shift = __builtin_clzll(value->mantissa);

    *mantissa = value->mantissa << shift;
    return (exponent == 0 ? 1 : exponent) - shift;
}

/* A number from a mantissa in units of a normalised one's last place at this exponent; exact. An
 * unmasked underflow of a tiny result scales it (SDM 1 8.5.5). */
static unsigned assemble(struct soft_f80 *value, uint64_t mantissa, int exponent, unsigned sign,
                         bool scale_tiny)
{
    unsigned status = 0;
    int shift;

    if (mantissa == 0) {
        *value = (struct soft_f80){ .sign_exponent = (uint16_t)sign };
        return 0;
    }
    shift = __builtin_clzll(mantissa);
    if (exponent - shift < 1 && scale_tiny) {
        exponent += 24576;
        status = FPU_UE;
    }
    if (exponent - shift < 1) {
        value->mantissa = exponent >= 1 ? mantissa << (exponent - 1) : mantissa >> (1 - exponent);
        value->sign_exponent = (uint16_t)sign;
        return status;
    }
    value->mantissa = mantissa << shift;
    value->sign_exponent = (uint16_t)(sign | (unsigned)(exponent - shift));
    return status;
}

struct remainder {
    uint64_t value;
    int exponent;
    uint64_t quotient;
    bool flips_sign, is_partial;
};

/* Where exponents differ by 64 or more one step takes 32 to 63 bits of the quotient; which is up to the
 * implementation (SDM 2A FPREM). */
static struct remainder divide(uint64_t a, int exponent_a, uint64_t b, int exponent_b)
{
    int difference = exponent_a - exponent_b;
    int bits = difference >= 64 ? 32 + difference % 32 : difference;
    struct remainder r = { .exponent = exponent_b + difference - bits,
                           .is_partial = difference >= 64 };
    soft_uint128 dividend = a;

    if (difference < 0) {
        r.value = a;
        r.exponent = exponent_a;
        return r;
    }
    dividend <<= bits;
    r.quotient = (uint64_t)(dividend / b);
    r.value = (uint64_t)(dividend % b);
    return r;
}

/* To the nearest quotient, even at a tie. */
static void round_quotient(struct remainder *r, uint64_t b, int exponent_b)
{
    bool above, tie;

    if (r->is_partial || r->exponent < exponent_b - 1) {
        return;
    }
    if (r->exponent < exponent_b) {
        above = r->value > b;
        if (above) {
            r->value = b - (r->value - b);
        }
    } else {
        above = r->value > b - r->value;
        tie = r->value == b - r->value;
        above = above || (tie && (r->quotient & 1) != 0);
        if (above) {
            r->value = b - r->value;
        }
    }
    if (above) {
        r->quotient++;
        r->flips_sign = true;
    }
}

FPU_HOST_BINARY(host_prem, "fprem")
FPU_HOST_BINARY(host_prem1, "fprem1")

/* NaNs, infinities, zeros: there the host has no choice. A NaN leaves C0 and C3 as they were. */
static unsigned remainder_status(struct soft_cpu *cpu, struct soft_f80 *dst,
                                 const struct soft_f80 *src, bool is_nearest)
{
    bool scale_tiny = (cpu->state.vector.control & FPU_UE) == 0;
    unsigned sign = dst->sign_exponent & 0x8000u;
    unsigned kept = cpu->state.vector.status & (FPU_C0 | FPU_C3);
    unsigned status = 0;
    struct remainder r;
    int exponent_a, exponent_b;
    uint64_t a, b;

    if (!is_ordinary(dst) || !is_ordinary(src)) {
        status = (is_nearest ? host_prem1 : host_prem)(dst, src, fpu_host_control(cpu));
        return (status & FPU_FLAGS) | (is_ordinary_or_zero(dst) ? 0 : kept);
    }
    if ((dst->sign_exponent & 0x7fff) == 0 || (src->sign_exponent & 0x7fff) == 0) {
        status = FPU_DE;
    }
    exponent_a = normalise(dst, &a);
    exponent_b = normalise(src, &b);
    r = divide(a, exponent_a, b, exponent_b);
    if (is_nearest) {
        round_quotient(&r, b, exponent_b);
    }
    status |= assemble(dst, r.value, r.exponent, r.flips_sign ? sign ^ 0x8000 : sign, scale_tiny);
    if (r.is_partial) {
        return status | FPU_C2;
    }
    return status | ((r.quotient & 4) != 0 ? FPU_C0 : 0) | ((r.quotient & 2) != 0 ? FPU_C3 : 0) |
           ((r.quotient & 1) != 0 ? FPU_C1 : 0);
}

static const struct op *prem(struct soft_cpu *cpu, const struct op *op, bool is_nearest)
{
    struct soft_f80 result;
    unsigned status;

    if (!fpu_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    fpu_note(cpu, op);
    if (fpu_needs(cpu, op, 0, 1, 0)) {
        result = *fpu_st(cpu, 0);
        status = remainder_status(cpu, &result, fpu_st(cpu, 1), is_nearest);
        if (fpu_report(cpu, status)) {
            *fpu_st(cpu, 0) = result;
            fpu_set_conditions(cpu, status & FPU_CONDITIONS);
            return SOFT_NEXT(cpu, op);
        }
    }
    cpu->state.vector.status &= (uint16_t)~FPU_C2;
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_fprem(struct soft_cpu *cpu, const struct op *op)
{
    return prem(cpu, op, false);
}

static const struct op *op_fprem1(struct soft_cpu *cpu, const struct op *op)
{
    return prem(cpu, op, true);
}

/* ---- FXTRACT: two results ---- */

static uint16_t host_extract(struct soft_f80 *dst, struct soft_f80 *significand, uint16_t control)
{
    uint16_t status;

    __asm__ volatile(
        FPU_HOST_BEGIN "fldt %[dst]\n\tfxtract\n\t" FPU_HOST_END
                       "fstpt %[significand]\n\tfstpt %[dst]"
        : [dst] "+m"(FPU_TEN(dst)), [significand] "=m"(FPU_TEN(significand)), [status] "=&a"(status)
        : [control] "m"(control), [usual] "m"(fpu_host_usual)
        : "st", "st(1)");
    return status;
}

static const struct op *op_fxtract(struct soft_cpu *cpu, const struct op *op)
{
    struct soft_f80 exponent, significand = { 0 };
    bool is_full = fpu_is_valid(cpu, 7);

    if (!fpu_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    fpu_note(cpu, op);
    if (!fpu_is_valid(cpu, 0) || is_full) {
        if (fpu_stack_fault(cpu, fpu_is_valid(cpu, 0))) {
            *fpu_st(cpu, 0) = fpu_indefinite;
            fpu_set_valid(cpu, 0);
            fpu_push(cpu, &fpu_indefinite);
        }
        return SOFT_NEXT(cpu, op);
    }
    exponent = *fpu_st(cpu, 0);
    if (fpu_report(cpu, host_extract(&exponent, &significand, fpu_host_control(cpu)))) {
        *fpu_st(cpu, 0) = exponent;
        fpu_push(cpu, &significand);
    }
    return SOFT_NEXT(cpu, op);
}

static const struct soft_simple ftst = { op_ftst, false, false };
static const struct soft_simple fxam = { op_fxam, false, false };
static const struct soft_simple fscale = { op_fscale, false, false };
static const struct soft_simple fprem = { op_fprem, false, false };
static const struct soft_simple fprem1 = { op_fprem1, false, false };
static const struct soft_simple fxtract = { op_fxtract, false, false };

static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_FCOM, SOFT_FEATURE_FPU, translate_compare, &compare_com },
    { ZYDIS_MNEMONIC_FCOMP, SOFT_FEATURE_FPU, translate_compare, &compare_comp },
    { ZYDIS_MNEMONIC_FCOMPP, SOFT_FEATURE_FPU, translate_compare, &compare_compp },
    { ZYDIS_MNEMONIC_FUCOM, SOFT_FEATURE_FPU, translate_compare, &compare_ucom },
    { ZYDIS_MNEMONIC_FUCOMP, SOFT_FEATURE_FPU, translate_compare, &compare_ucomp },
    { ZYDIS_MNEMONIC_FUCOMPP, SOFT_FEATURE_FPU, translate_compare, &compare_ucompp },
    { ZYDIS_MNEMONIC_FCOMI, SOFT_FEATURE_CMOV, translate_compare, &compare_comi },
    { ZYDIS_MNEMONIC_FCOMIP, SOFT_FEATURE_CMOV, translate_compare, &compare_comip },
    { ZYDIS_MNEMONIC_FUCOMI, SOFT_FEATURE_CMOV, translate_compare, &compare_ucomi },
    { ZYDIS_MNEMONIC_FUCOMIP, SOFT_FEATURE_CMOV, translate_compare, &compare_ucomip },
    { ZYDIS_MNEMONIC_FICOM, SOFT_FEATURE_FPU, translate_compare, &compare_icom },
    { ZYDIS_MNEMONIC_FICOMP, SOFT_FEATURE_FPU, translate_compare, &compare_icomp },
    { ZYDIS_MNEMONIC_FTST, SOFT_FEATURE_FPU, fpu_translate_simple, &ftst },
    { ZYDIS_MNEMONIC_FXAM, SOFT_FEATURE_FPU, fpu_translate_simple, &fxam },
    { ZYDIS_MNEMONIC_FSQRT, SOFT_FEATURE_FPU, translate_unary, &unary_sqrt },
    { ZYDIS_MNEMONIC_FRNDINT, SOFT_FEATURE_FPU, translate_unary, &unary_round },
    { ZYDIS_MNEMONIC_FABS, SOFT_FEATURE_FPU, translate_unary, &unary_abs },
    { ZYDIS_MNEMONIC_FCHS, SOFT_FEATURE_FPU, translate_unary, &unary_chs },
    { ZYDIS_MNEMONIC_FSCALE, SOFT_FEATURE_FPU, fpu_translate_simple, &fscale },
    { ZYDIS_MNEMONIC_FPREM, SOFT_FEATURE_FPU, fpu_translate_simple, &fprem },
    { ZYDIS_MNEMONIC_FPREM1, SOFT_FEATURE_FPU, fpu_translate_simple, &fprem1 },
    { ZYDIS_MNEMONIC_FXTRACT, SOFT_FEATURE_FPU, fpu_translate_simple, &fxtract },
};
SOFT_DEFINE_GROUP(soft_group_fpu_compare, rows);
