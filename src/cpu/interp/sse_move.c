/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sse_move.c - whole vectors and their halves and elements between registers and memory, legacy and
 * VEX.
 */
#include "cpu/interp/avx_internal.h"

/* ---- whole vectors: detail holds the bytes an address is aligned to, less one ---- */

SSE_INLINE bool whole_operand(struct soft_cpu *cpu, const struct op *op, unsigned bytes,
                              enum soft_access access, uint64_t *linear)
{
    return soft_operand(cpu, op, bytes, access, linear) &&
           (soft_likely((*linear & op->detail) == 0) || soft_fail_code(cpu, SOFT_GP, 0));
}

static const struct op *op_load(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t linear;
    __m128i value;

    if (soft_unlikely(!sse_is_usable(cpu))) {
        return sse_refuse(cpu, op);
    }
    if (soft_unlikely(!whole_operand(cpu, op, 16, SOFT_READ, &linear)) ||
        soft_unlikely(!sse_load(cpu, linear, 16, &value))) {
        return soft_fault(cpu, op);
    }
    sse_set_xmm(cpu, op->reg, value);
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_store(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t linear;

    if (soft_unlikely(!sse_is_usable(cpu))) {
        return sse_refuse(cpu, op);
    }
    if (soft_unlikely(!whole_operand(cpu, op, 16, SOFT_WRITE, &linear)) ||
        soft_unlikely(!sse_store(cpu, linear, 16, sse_xmm(cpu, op->reg)))) {
        return soft_fault(cpu, op);
    }
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_copy(struct soft_cpu *cpu, const struct op *op)
{
    if (soft_unlikely(!sse_is_usable(cpu))) {
        return sse_refuse(cpu, op);
    }
    sse_set_xmm(cpu, op->reg, sse_xmm(cpu, op->reg3));
    return SOFT_NEXT(cpu, op);
}

SSE_INLINE const struct op *vex_load(struct soft_cpu *cpu, const struct op *op, unsigned bytes)
{
    uint64_t linear;
    __m128i value[2] = { _mm_setzero_si128(), _mm_setzero_si128() };

    if (soft_unlikely(!avx_is_usable(cpu))) {
        return avx_refuse(cpu, op);
    }
    if (soft_unlikely(!whole_operand(cpu, op, bytes, SOFT_READ, &linear)) ||
        soft_unlikely(!soft_load(cpu, linear, value, bytes))) {
        return soft_fault(cpu, op);
    }
    sse_set_xmm(cpu, op->reg, value[0]);
    avx_set_high(cpu, op->reg, value[1]);
    return SOFT_NEXT(cpu, op);
}

SSE_INLINE const struct op *vex_store(struct soft_cpu *cpu, const struct op *op, unsigned bytes)
{
    uint64_t linear;

    if (soft_unlikely(!avx_is_usable(cpu))) {
        return avx_refuse(cpu, op);
    }
    if (soft_unlikely(!whole_operand(cpu, op, bytes, SOFT_WRITE, &linear)) ||
        soft_unlikely(!soft_store(cpu, linear, cpu->state.vector.ymm[op->reg].q, bytes))) {
        return soft_fault(cpu, op);
    }
    return SOFT_NEXT(cpu, op);
}

SSE_INLINE const struct op *vex_copy(struct soft_cpu *cpu, const struct op *op, unsigned bytes)
{
    if (soft_unlikely(!avx_is_usable(cpu))) {
        return avx_refuse(cpu, op);
    }
    avx_set_high(cpu, op->reg, bytes == 32 ? avx_high(cpu, op->reg3) : _mm_setzero_si128());
    sse_set_xmm(cpu, op->reg, sse_xmm(cpu, op->reg3));
    return SOFT_NEXT(cpu, op);
}

#define DEFINE_VEX(name)                                                              \
    static const struct op *op_##name##16(struct soft_cpu * cpu, const struct op *op) \
    {                                                                                 \
        return name(cpu, op, 16);                                                     \
    }                                                                                 \
    static const struct op *op_##name##32(struct soft_cpu * cpu, const struct op *op) \
    {                                                                                 \
        return name(cpu, op, 32);                                                     \
    }

DEFINE_VEX(vex_load)
DEFINE_VEX(vex_store)
DEFINE_VEX(vex_copy)

/* table: nothing, or is_aligned for those whose memory operand must be aligned. */
static const bool is_aligned = true;

static void translate_whole(struct soft_translation *t)
{
    struct op *op = t->op;
    bool store = soft_operand_is_memory(t, 0);
    bool is_ymm = sse_operand_is_ymm(t, store ? 1 : 0);
    bool is_vex = sse_is_vex(t);

    if (t->instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX) {
        return;
    }
    op->reg = soft_operand_register(t, store ? 1 : 0);
    op->detail = t->table == NULL ? 0 : is_ymm ? 31 : 15;
    if (store) {
        op->run = !is_vex ? op_store : is_ymm ? op_vex_store32 : op_vex_store16;
    } else if (soft_operand_is_memory(t, 1)) {
        op->run = !is_vex ? op_load : is_ymm ? op_vex_load32 : op_vex_load16;
    } else {
        op->reg3 = soft_operand_register(t, 1);
        op->run = !is_vex ? op_copy : is_ymm ? op_vex_copy32 : op_vex_copy16;
    }
}

/* VMOVNTDQA ymm is of AVX2. */
static void translate_movntdqa(struct soft_translation *t)
{
    if (!sse_operand_is_ymm(t, 0) || sse_has_feature(t, SOFT_FEATURE_AVX2)) {
        translate_whole(t);
    }
}

/* ---- elements: bytes of a register from byte detail on ---- */

SSE_INLINE const struct op *element_load(struct soft_cpu *cpu, const struct op *op, unsigned bytes,
                                         bool is_vex)
{
    uint64_t linear;
    __m128i value;

    if (soft_unlikely(is_vex ? !avx_is_usable(cpu) : !sse_is_usable(cpu))) {
        return is_vex ? avx_refuse(cpu, op) : sse_refuse(cpu, op);
    }
    if (soft_unlikely(!soft_operand(cpu, op, bytes, SOFT_READ, &linear)) ||
        soft_unlikely(!sse_load(cpu, linear, bytes, &value))) {
        return soft_fault(cpu, op);
    }
    sse_set_xmm(cpu, op->reg, value);
    if (is_vex) {
        avx_set_high(cpu, op->reg, _mm_setzero_si128());
    }
    return SOFT_NEXT(cpu, op);
}

SSE_INLINE const struct op *element_store(struct soft_cpu *cpu, const struct op *op, unsigned bytes,
                                          bool is_vex)
{
    const uint8_t *source = (const uint8_t *)cpu->state.vector.ymm[op->reg].q + op->detail;
    uint64_t linear;

    if (soft_unlikely(is_vex ? !avx_is_usable(cpu) : !sse_is_usable(cpu))) {
        return is_vex ? avx_refuse(cpu, op) : sse_refuse(cpu, op);
    }
    if (soft_unlikely(!soft_operand(cpu, op, bytes, SOFT_WRITE, &linear)) ||
        soft_unlikely(!soft_store(cpu, linear, source, bytes))) {
        return soft_fault(cpu, op);
    }
    return SOFT_NEXT(cpu, op);
}

#define DEFINE_ELEMENT(name, bytes, is_vex)                                            \
    static const struct op *op_load_##name(struct soft_cpu *cpu, const struct op *op)  \
    {                                                                                  \
        return element_load(cpu, op, bytes, is_vex);                                   \
    }                                                                                  \
    static const struct op *op_store_##name(struct soft_cpu *cpu, const struct op *op) \
    {                                                                                  \
        return element_store(cpu, op, bytes, is_vex);                                  \
    }

DEFINE_ELEMENT(4, 4, false)
DEFINE_ELEMENT(8, 8, false)
DEFINE_ELEMENT(vex4, 4, true)
DEFINE_ELEMENT(vex8, 8, true)

/* [vex][8 bytes] */
static const op_fn element_loads[2][2] = { { op_load_4, op_load_8 },
                                           { op_load_vex4, op_load_vex8 } };
static const op_fn element_stores[2][2] = { { op_store_4, op_store_8 },
                                            { op_store_vex4, op_store_vex8 } };

static __m128i k_movss(__m128i a, __m128i b, unsigned imm)
{
    (void)imm;
    return _mm_castps_si128(_mm_move_ss(_mm_castsi128_ps(a), _mm_castsi128_ps(b)));
}

/* Low half of b, high half of a: MOVSD, MOVLPS. */
static __m128i k_movlow(__m128i a, __m128i b, unsigned imm)
{
    (void)imm;
    return _mm_castpd_si128(_mm_move_sd(_mm_castsi128_pd(a), _mm_castsi128_pd(b)));
}

static __m128i k_movhigh(__m128i a, __m128i b, unsigned imm)
{
    (void)imm;
    return _mm_unpacklo_epi64(a, b);
}

static __m128i k_movhlps(__m128i a, __m128i b, unsigned imm)
{
    (void)imm;
    return _mm_unpackhi_epi64(b, a);
}

SSE_DEFINE_FORM(movss, SSE, AVX, 4, false, NULL)
SSE_DEFINE_FORM(movlow, SSE, AVX, 8, false, NULL)
SSE_DEFINE_FORM(movhigh, SSE, AVX, 8, false, NULL)
SSE_DEFINE_FORM(movhlps, SSE, AVX, 16, false, NULL)

struct element {
    const struct sse_form *form; /* between registers; from memory too where it merges */
    uint8_t bytes, offset;
    bool merges;
};

static const struct element element_movss = { &form_movss, 4, 0, false };
static const struct element element_movsd = { &form_movlow, 8, 0, false };
static const struct element element_low = { &form_movlow, 8, 0, true };
static const struct element element_high = { &form_movhigh, 8, 8, true };

static void translate_element(struct soft_translation *t)
{
    const struct element *element = t->table;
    bool is_vex = sse_is_vex(t);

    if (t->instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX) {
        return;
    }
    if (soft_operand_is_memory(t, 0)) {
        t->op->reg = soft_operand_register(t, 1);
        t->op->detail = element->offset;
        t->op->run = element_stores[is_vex][element->bytes == 8];
    } else if (t->has_memory && !element->merges) {
        t->op->reg = soft_operand_register(t, 0);
        t->op->run = element_loads[is_vex][element->bytes == 8];
    } else {
        t->table = element->form;
        (is_vex ? avx_translate_form : sse_translate_form)(t);
    }
}

/* MOVSD shares its mnemonic with the string instruction. */
void sse_translate_movsd(struct soft_translation *t)
{
    if (sse_has_feature(t, SOFT_FEATURE_SSE2)) {
        t->table = &element_movsd;
        translate_element(t);
    }
}

/* ---- MOVD, MOVQ: also general and MMX registers ---- */

SSE_INLINE const struct op *from_gpr(struct soft_cpu *cpu, const struct op *op, bool is_vex)
{
    uint64_t value = cpu->state.gpr[op->reg3];

    if (soft_unlikely(is_vex ? !avx_is_usable(cpu) : !sse_is_usable(cpu))) {
        return is_vex ? avx_refuse(cpu, op) : sse_refuse(cpu, op);
    }
    value = op->operand_size == 4 ? (uint32_t)value : value;
    sse_set_xmm(cpu, op->reg, _mm_cvtsi64_si128((int64_t)value));
    if (is_vex) {
        avx_set_high(cpu, op->reg, _mm_setzero_si128());
    }
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_from_gpr(struct soft_cpu *cpu, const struct op *op)
{
    return from_gpr(cpu, op, false);
}

static const struct op *op_vex_from_gpr(struct soft_cpu *cpu, const struct op *op)
{
    return from_gpr(cpu, op, true);
}

SSE_INLINE const struct op *to_gpr(struct soft_cpu *cpu, const struct op *op, bool is_vex)
{
    uint64_t value = cpu->state.vector.ymm[op->reg3].q[0];

    if (soft_unlikely(is_vex ? !avx_is_usable(cpu) : !sse_is_usable(cpu))) {
        return is_vex ? avx_refuse(cpu, op) : sse_refuse(cpu, op);
    }
    cpu->state.gpr[op->reg] = op->operand_size == 4 ? (uint32_t)value : value;
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

/* MOVQ xmm, xmm clears the upper half. */
static __m128i k_movq(__m128i a, __m128i b, unsigned imm)
{
    (void)a;
    (void)imm;
    return _mm_move_epi64(b);
}

SSE_DEFINE_FORM(movq, SSE2, AVX, 8, false, NULL)

/* table: bytes. */
static const uint8_t four = 4, eight = 8;

static void translate_movd(struct soft_translation *t)
{
    struct op *op = t->op;
    bool is_vex = sse_is_vex(t);
    uint8_t bytes = *(const uint8_t *)t->table;

    if (sse_operand_is_mmx(t, 0) || sse_operand_is_mmx(t, 1)) {
        mmx_translate_movd(t, bytes);
        return;
    }
    if (t->instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX ||
        !sse_has_feature(t, SOFT_FEATURE_SSE2)) {
        return;
    }
    op->operand_size = bytes;
    if (soft_operand_is_memory(t, 0)) {
        op->reg = soft_operand_register(t, 1);
        op->run = element_stores[is_vex][bytes == 8];
    } else if (soft_operand_is_memory(t, 1)) {
        op->reg = soft_operand_register(t, 0);
        op->run = element_loads[is_vex][bytes == 8];
    } else if (!sse_operand_is_xmm(t, 0)) {
        op->reg = soft_operand_register(t, 0);
        op->reg3 = soft_operand_register(t, 1);
        op->run = is_vex ? op_vex_to_gpr : op_to_gpr;
    } else if (!sse_operand_is_xmm(t, 1)) {
        op->reg = soft_operand_register(t, 0);
        op->reg3 = soft_operand_register(t, 1);
        op->run = is_vex ? op_vex_from_gpr : op_from_gpr;
    } else {
        t->table = &form_movq;
        (is_vex ? avx_translate_form : sse_translate_form)(t);
    }
}

static const struct soft_row rows[] = {
#define WHOLE(MNEMONIC, feature, table)                                            \
    { ZYDIS_MNEMONIC_##MNEMONIC, SOFT_FEATURE_##feature, translate_whole, table }, \
    {                                                                              \
        ZYDIS_MNEMONIC_V##MNEMONIC, SOFT_FEATURE_AVX, translate_whole, table       \
    }
    WHOLE(MOVAPS, SSE, &is_aligned),
    WHOLE(MOVAPD, SSE2, &is_aligned),
    WHOLE(MOVDQA, SSE2, &is_aligned),
    WHOLE(MOVUPS, SSE, NULL),
    WHOLE(MOVUPD, SSE2, NULL),
    WHOLE(MOVDQU, SSE2, NULL),
    WHOLE(LDDQU, SSE3, NULL),
    WHOLE(MOVNTPS, SSE, &is_aligned),
    WHOLE(MOVNTPD, SSE2, &is_aligned),
    WHOLE(MOVNTDQ, SSE2, &is_aligned),
    { ZYDIS_MNEMONIC_MOVNTDQA, SOFT_FEATURE_SSE41, translate_movntdqa, &is_aligned },
    { ZYDIS_MNEMONIC_VMOVNTDQA, SOFT_FEATURE_AVX, translate_movntdqa, &is_aligned },
#define ELEMENT(MNEMONIC, feature, element)                                               \
    { ZYDIS_MNEMONIC_##MNEMONIC, SOFT_FEATURE_##feature, translate_element, &(element) }, \
    {                                                                                     \
        ZYDIS_MNEMONIC_V##MNEMONIC, SOFT_FEATURE_AVX, translate_element, &(element)       \
    }
    ELEMENT(MOVSS, SSE, element_movss),
    { ZYDIS_MNEMONIC_VMOVSD, SOFT_FEATURE_AVX, translate_element, &element_movsd },
    ELEMENT(MOVLPS, SSE, element_low),
    ELEMENT(MOVLPD, SSE2, element_low),
    ELEMENT(MOVHPS, SSE, element_high),
    ELEMENT(MOVHPD, SSE2, element_high),
    SSE_ROWS(MOVHLPS, SSE, movhlps),
    SSE_ROWS(MOVLHPS, SSE, movhigh),
    { ZYDIS_MNEMONIC_MOVD, SOFT_FEATURE_MMX, translate_movd, &four },
    { ZYDIS_MNEMONIC_MOVQ, SOFT_FEATURE_MMX, translate_movd, &eight },
    { ZYDIS_MNEMONIC_VMOVD, SOFT_FEATURE_AVX, translate_movd, &four },
    { ZYDIS_MNEMONIC_VMOVQ, SOFT_FEATURE_AVX, translate_movd, &eight },
};
SOFT_DEFINE_GROUP(soft_group_sse_move, rows);
