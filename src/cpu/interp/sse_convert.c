/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sse_convert.c - conversions between floating-point formats, integers, MMX and general registers;
 * COMIS and UCOMIS.
 */
#include "cpu/interp/sse_internal.h"

SSE_DEFINE_HOST_UNARY(cvtps2pd)
SSE_DEFINE_HOST_UNARY(cvtpd2ps)
SSE_DEFINE_HOST_KERNEL(cvtss2sd)
SSE_DEFINE_HOST_KERNEL(cvtsd2ss)
SSE_DEFINE_HOST_UNARY(cvtdq2ps)
SSE_DEFINE_HOST_UNARY(cvtps2dq)
SSE_DEFINE_HOST_UNARY(cvttps2dq)
SSE_DEFINE_HOST_UNARY(cvtdq2pd)
SSE_DEFINE_HOST_UNARY(cvtpd2dq)
SSE_DEFINE_HOST_UNARY(cvttpd2dq)
SSE_DEFINE_FORM(cvtps2pd, SSE2, AVX, 8, true, NULL)
SSE_DEFINE_FORM(cvtpd2ps, SSE2, AVX, 16, true, NULL)
SSE_DEFINE_FORM(cvtss2sd, SSE2, AVX, 4, true, NULL)
SSE_DEFINE_FORM(cvtsd2ss, SSE2, AVX, 8, true, NULL)
SSE_DEFINE_FORM(cvtdq2ps, SSE2, AVX, 16, true, NULL)
SSE_DEFINE_FORM(cvtps2dq, SSE2, AVX, 16, true, NULL)
SSE_DEFINE_FORM(cvttps2dq, SSE2, AVX, 16, true, NULL)
SSE_DEFINE_FORM(cvtdq2pd, SSE2, AVX, 8, true, NULL)
SSE_DEFINE_FORM(cvtpd2dq, SSE2, AVX, 16, true, NULL)
SSE_DEFINE_FORM(cvttpd2dq, SSE2, AVX, 16, true, NULL)

/* ---- operations that name their shape by table ---- */

struct convert {
    sse_kernel kernel, kernel64; /* the second: of a 64-bit general register */
    uint8_t bytes;               /* of a memory operand that is a vector's element */
};

static sse_kernel kernel_of(const struct op *op)
{
    return (sse_kernel)(uintptr_t)op->imm;
}

SSE_INLINE bool is_usable(const struct soft_cpu *cpu, bool is_vex)
{
    return is_vex ? avx_is_usable(cpu) : sse_is_usable(cpu);
}

SSE_INLINE const struct op *refuse(struct soft_cpu *cpu, const struct op *op, bool is_vex)
{
    return is_vex ? avx_refuse(cpu, op) : sse_refuse(cpu, op);
}

#define FROM_GPR(name, instruction, type)                           \
    SSE_INLINE __m128i k_##name(__m128i a, __m128i b, unsigned imm) \
    {                                                               \
        type integer = (type)_mm_cvtsi128_si64(b);                  \
                                                                    \
        (void)imm;                                                  \
        __asm__(instruction " %1, %0" : "+x"(a) : "r"(integer));    \
        return a;                                                   \
    }

FROM_GPR(cvtsi2ss, "cvtsi2ssl", uint32_t)
FROM_GPR(cvtsi2ss64, "cvtsi2ssq", uint64_t)
FROM_GPR(cvtsi2sd, "cvtsi2sdl", uint32_t)
FROM_GPR(cvtsi2sd64, "cvtsi2sdq", uint64_t)

static const struct convert convert_cvtsi2ss = { k_cvtsi2ss, k_cvtsi2ss64, 0 };
static const struct convert convert_cvtsi2sd = { k_cvtsi2sd, k_cvtsi2sd64, 0 };

SSE_INLINE const struct op *from_gpr(struct soft_cpu *cpu, const struct op *op, bool has_memory,
                                     bool is_vex)
{
    uint64_t integer = cpu->state.gpr[op->reg3];
    uint64_t linear;
    __m128i result;

    if (soft_unlikely(!is_usable(cpu, is_vex))) {
        return refuse(cpu, op, is_vex);
    }
    if (has_memory) {
        integer = 0;
        if (!soft_operand(cpu, op, op->operand_size, SOFT_READ, &linear) ||
            !soft_load(cpu, linear, &integer, op->operand_size)) {
            return soft_fault(cpu, op);
        }
    }
    if (!sse_float(cpu, kernel_of(op), sse_xmm(cpu, op->reg2), _mm_cvtsi64_si128((int64_t)integer),
                   0, &result)) {
        return soft_fault(cpu, op);
    }
    sse_set_xmm(cpu, op->reg, result);
    if (is_vex) {
        avx_set_high(cpu, op->reg, _mm_setzero_si128());
    }
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_from_gpr(struct soft_cpu *cpu, const struct op *op)
{
    return from_gpr(cpu, op, false, false);
}

static const struct op *op_from_gpr_mem(struct soft_cpu *cpu, const struct op *op)
{
    return from_gpr(cpu, op, true, false);
}

static const struct op *op_vex_from_gpr(struct soft_cpu *cpu, const struct op *op)
{
    return from_gpr(cpu, op, false, true);
}

static const struct op *op_vex_from_gpr_mem(struct soft_cpu *cpu, const struct op *op)
{
    return from_gpr(cpu, op, true, true);
}

static void translate_from_gpr(struct soft_translation *t)
{
    const struct convert *convert = t->table;
    unsigned last = t->instruction->operand_count_visible - 1u;
    unsigned bytes = soft_operand_bytes(t, last);

    if (t->instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX) {
        return;
    }
    t->op->reg = soft_operand_register(t, 0);
    t->op->reg2 = soft_operand_register(t, last - 1);
    t->op->operand_size = (uint8_t)bytes;
    t->op->imm = (uintptr_t)(bytes == 8 ? convert->kernel64 : convert->kernel);
    if (t->has_memory) {
        t->op->run = sse_is_vex(t) ? op_vex_from_gpr_mem : op_from_gpr_mem;
    } else {
        t->op->reg3 = soft_operand_register(t, last);
        t->op->run = sse_is_vex(t) ? op_vex_from_gpr : op_from_gpr;
    }
}

/* ---- to general registers ---- */

#define TO_GPR(name, instruction, type)                             \
    SSE_INLINE __m128i k_##name(__m128i a, __m128i b, unsigned imm) \
    {                                                               \
        type integer;                                               \
                                                                    \
        (void)a;                                                    \
        (void)imm;                                                  \
        __asm__(instruction " %1, %0" : "=r"(integer) : "x"(b));    \
        return _mm_cvtsi64_si128((int64_t)(uint64_t)integer);       \
    }

#define TO_GPR_BOTH(name, bytes)          \
    TO_GPR(name, #name "l", uint32_t)     \
    TO_GPR(name##64, #name "q", uint64_t) \
    static const struct convert convert_##name = { k_##name, k_##name##64, bytes };

TO_GPR_BOTH(cvtss2si, 4)
TO_GPR_BOTH(cvttss2si, 4)
TO_GPR_BOTH(cvtsd2si, 8)
TO_GPR_BOTH(cvttsd2si, 8)

/* detail: bytes of the memory operand, 0 for a register. */
SSE_INLINE const struct op *to_gpr(struct soft_cpu *cpu, const struct op *op, bool is_vex)
{
    __m128i source, result;

    if (soft_unlikely(!is_usable(cpu, is_vex))) {
        return refuse(cpu, op, is_vex);
    }
    if (op->detail == 0) {
        source = sse_xmm(cpu, op->reg3);
    } else if (!sse_operand_value(cpu, op, op->detail, &source)) {
        return soft_fault(cpu, op);
    }
    if (!sse_float(cpu, kernel_of(op), source, source, 0, &result)) {
        return soft_fault(cpu, op);
    }
    cpu->state.gpr[op->reg] = (uint64_t)_mm_cvtsi128_si64(result);
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_to_gpr(struct soft_cpu *cpu, const struct op *op)
{
    return to_gpr(cpu, op, false);
}

static const struct op *op_vex_to_gpr(struct soft_cpu *cpu, const struct op *op)
{
    return to_gpr(cpu, op, true);
}

static void source_operand(struct soft_translation *t, unsigned index, uint8_t bytes)
{
    if (soft_operand_is_memory(t, index)) {
        t->op->detail = bytes;
    } else {
        t->op->reg3 = soft_operand_register(t, index);
    }
}

static void translate_to_gpr(struct soft_translation *t)
{
    const struct convert *convert = t->table;

    if (t->instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX) {
        return;
    }
    t->op->reg = soft_operand_register(t, 0);
    t->op->imm = (uintptr_t)(soft_operand_bytes(t, 0) == 8 ? convert->kernel64 : convert->kernel);
    source_operand(t, 1, convert->bytes);
    t->op->run = sse_is_vex(t) ? op_vex_to_gpr : op_to_gpr;
}

/* ---- comparisons to RFLAGS: the kernel's result is CF, PF and ZF ---- */

#define COMPARE(name, bytes)                                        \
    SSE_INLINE __m128i k_##name(__m128i a, __m128i b, unsigned imm) \
    {                                                               \
        uint8_t below, parity, equal;                               \
                                                                    \
        (void)imm;                                                  \
        __asm__(#name " %4, %3\n\tsetb %0\n\tsetp %1\n\tsetz %2"    \
                : "=&r"(below), "=&r"(parity), "=&r"(equal)         \
                : "x"(a), "x"(b)                                    \
                : "cc");                                            \
        return _mm_cvtsi32_si128(below | parity << 2 | equal << 6); \
    }                                                               \
    static const struct convert convert_##name = { k_##name, k_##name, bytes };

COMPARE(comiss, 4)
COMPARE(comisd, 8)
COMPARE(ucomiss, 4)
COMPARE(ucomisd, 8)

SSE_INLINE const struct op *compare(struct soft_cpu *cpu, const struct op *op, bool is_vex)
{
    __m128i b, result;
    unsigned flags;

    if (soft_unlikely(!is_usable(cpu, is_vex))) {
        return refuse(cpu, op, is_vex);
    }
    if (op->detail == 0) {
        b = sse_xmm(cpu, op->reg3);
    } else if (!sse_operand_value(cpu, op, op->detail, &b)) {
        return soft_fault(cpu, op);
    }
    if (!sse_float(cpu, kernel_of(op), sse_xmm(cpu, op->reg), b, 0, &result)) {
        return soft_fault(cpu, op);
    }
    flags = (unsigned)_mm_cvtsi128_si32(result);
    soft_set_arithmetic_flags(cpu, flags);
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_compare(struct soft_cpu *cpu, const struct op *op)
{
    return compare(cpu, op, false);
}

static const struct op *op_vex_compare(struct soft_cpu *cpu, const struct op *op)
{
    return compare(cpu, op, true);
}

static void translate_compare(struct soft_translation *t)
{
    const struct convert *convert = t->table;

    if (t->instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX) {
        return;
    }
    t->op->reg = soft_operand_register(t, 0);
    t->op->imm = (uintptr_t)convert->kernel;
    source_operand(t, 1, convert->bytes);
    t->op->run = sse_is_vex(t) ? op_vex_compare : op_compare;
}

/* ---- MMX registers ---- */

/* From memory they are no MMX instructions (SDM 2A CVTPI2PD; processors do the same for CVTPI2PS).
 * operand_size: 8 for memory. */
static const struct op *op_from_mmx(struct soft_cpu *cpu, const struct op *op)
{
    bool has_memory = op->operand_size != 0;
    __m128i source, result;

    if (!sse_is_usable(cpu)) {
        return sse_refuse(cpu, op);
    }
    if (has_memory ? !sse_operand_value(cpu, op, 8, &source) : !mmx_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    /* Processors enter MMX even if the conversion then raises an exception. */
    if (!has_memory) {
        source = mmx_register(cpu, op->reg3);
        mmx_enter(cpu);
    }
    if (!sse_float(cpu, kernel_of(op), sse_xmm(cpu, op->reg), source, 0, &result)) {
        return soft_fault(cpu, op);
    }
    sse_set_xmm(cpu, op->reg, result);
    return SOFT_NEXT(cpu, op);
}

static __m128i k_cvtpi2ps(__m128i a, __m128i b, unsigned imm)
{
    return _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(k_cvtdq2ps(a, _mm_move_epi64(b), imm)),
                                           _mm_castsi128_ps(a), 0xe4));
}

static const struct convert convert_cvtpi2ps = { k_cvtpi2ps, k_cvtpi2ps, 0 };
static const struct convert convert_cvtpi2pd = { k_cvtdq2pd, k_cvtdq2pd, 0 };

static void translate_from_mmx(struct soft_translation *t)
{
    const struct convert *convert = t->table;

    t->op->reg = soft_operand_register(t, 0);
    t->op->imm = (uintptr_t)convert->kernel;
    t->op->operand_size = t->has_memory ? 8 : 0;
    if (!t->has_memory) {
        t->op->reg3 = soft_operand_register(t, 1);
    }
    t->op->run = op_from_mmx;
}

static const struct op *op_to_mmx(struct soft_cpu *cpu, const struct op *op)
{
    __m128i source, result;

    if (!sse_is_usable(cpu)) {
        return sse_refuse(cpu, op);
    }
    if (!mmx_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    if (op->detail == 0) {
        source = sse_xmm(cpu, op->reg3);
    } else if (!sse_operand_value(cpu, op, op->detail, &source)) {
        return soft_fault(cpu, op);
    }
    /* Processors enter MMX even if the conversion then raises an exception. */
    mmx_enter(cpu);
    if (!sse_float(cpu, kernel_of(op), source, source, 0, &result)) {
        return soft_fault(cpu, op);
    }
    mmx_set_register(cpu, op->reg, result);
    return SOFT_NEXT(cpu, op);
}

/* Two floats: the upper lanes are no operands and must raise nothing. */
static __m128i k_cvtps2pi(__m128i a, __m128i b, unsigned imm)
{
    return k_cvtps2dq(a, _mm_move_epi64(b), imm);
}

static __m128i k_cvttps2pi(__m128i a, __m128i b, unsigned imm)
{
    return k_cvttps2dq(a, _mm_move_epi64(b), imm);
}

static const struct convert convert_cvtps2pi = { k_cvtps2pi, NULL, 8 };
static const struct convert convert_cvttps2pi = { k_cvttps2pi, NULL, 8 };
static const struct convert convert_cvtpd2pi = { k_cvtpd2dq, NULL, 16 };
static const struct convert convert_cvttpd2pi = { k_cvttpd2dq, NULL, 16 };

static void translate_to_mmx(struct soft_translation *t)
{
    const struct convert *convert = t->table;

    t->op->reg = soft_operand_register(t, 0);
    t->op->imm = (uintptr_t)convert->kernel;
    source_operand(t, 1, convert->bytes);
    t->op->run = op_to_mmx;
}

#define CONVERT_ROWS(MNEMONIC, feature, translate, name)                               \
    { ZYDIS_MNEMONIC_##MNEMONIC, SOFT_FEATURE_##feature, translate, &convert_##name }, \
    {                                                                                  \
        ZYDIS_MNEMONIC_V##MNEMONIC, SOFT_FEATURE_AVX, translate, &convert_##name       \
    }
#define CONVERT_ROW(MNEMONIC, feature, translate, name)                               \
    {                                                                                 \
        ZYDIS_MNEMONIC_##MNEMONIC, SOFT_FEATURE_##feature, translate, &convert_##name \
    }

static const struct soft_row rows[] = {
    SSE_ROW(CVTPS2PD, SSE2, cvtps2pd),
    { ZYDIS_MNEMONIC_VCVTPS2PD, SOFT_FEATURE_AVX, avx_translate_widening, &form_cvtps2pd },
    SSE_ROW(CVTPD2PS, SSE2, cvtpd2ps),
    { ZYDIS_MNEMONIC_VCVTPD2PS, SOFT_FEATURE_AVX, avx_translate_narrowing, &form_cvtpd2ps },
    SSE_ROWS(CVTSS2SD, SSE2, cvtss2sd),
    SSE_ROWS(CVTSD2SS, SSE2, cvtsd2ss),
    SSE_ROWS(CVTDQ2PS, SSE2, cvtdq2ps),
    SSE_ROWS(CVTPS2DQ, SSE2, cvtps2dq),
    SSE_ROWS(CVTTPS2DQ, SSE2, cvttps2dq),
    SSE_ROW(CVTDQ2PD, SSE2, cvtdq2pd),
    { ZYDIS_MNEMONIC_VCVTDQ2PD, SOFT_FEATURE_AVX, avx_translate_widening, &form_cvtdq2pd },
    SSE_ROW(CVTPD2DQ, SSE2, cvtpd2dq),
    { ZYDIS_MNEMONIC_VCVTPD2DQ, SOFT_FEATURE_AVX, avx_translate_narrowing, &form_cvtpd2dq },
    SSE_ROW(CVTTPD2DQ, SSE2, cvttpd2dq),
    { ZYDIS_MNEMONIC_VCVTTPD2DQ, SOFT_FEATURE_AVX, avx_translate_narrowing, &form_cvttpd2dq },
    CONVERT_ROWS(CVTSI2SS, SSE, translate_from_gpr, cvtsi2ss),
    CONVERT_ROWS(CVTSI2SD, SSE2, translate_from_gpr, cvtsi2sd),
    CONVERT_ROWS(CVTSS2SI, SSE, translate_to_gpr, cvtss2si),
    CONVERT_ROWS(CVTTSS2SI, SSE, translate_to_gpr, cvttss2si),
    CONVERT_ROWS(CVTSD2SI, SSE2, translate_to_gpr, cvtsd2si),
    CONVERT_ROWS(CVTTSD2SI, SSE2, translate_to_gpr, cvttsd2si),
    CONVERT_ROWS(COMISS, SSE, translate_compare, comiss),
    CONVERT_ROWS(COMISD, SSE2, translate_compare, comisd),
    CONVERT_ROWS(UCOMISS, SSE, translate_compare, ucomiss),
    CONVERT_ROWS(UCOMISD, SSE2, translate_compare, ucomisd),
    CONVERT_ROW(CVTPI2PS, SSE, translate_from_mmx, cvtpi2ps),
    CONVERT_ROW(CVTPI2PD, SSE2, translate_from_mmx, cvtpi2pd),
    CONVERT_ROW(CVTPS2PI, SSE, translate_to_mmx, cvtps2pi),
    CONVERT_ROW(CVTTPS2PI, SSE, translate_to_mmx, cvttps2pi),
    CONVERT_ROW(CVTPD2PI, SSE2, translate_to_mmx, cvtpd2pi),
    CONVERT_ROW(CVTTPD2PI, SSE2, translate_to_mmx, cvttpd2pi),
};
SOFT_DEFINE_GROUP(soft_group_sse_convert, rows);
