/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sse_string.c - PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM and their VEX forms (SDM 1 chapter 14.5,
 * SDM 2B 4.1).
 *
 * The immediate: bits 1:0 format (bytes, words, signed bytes, signed words), 3:2 aggregation, 5:4
 * polarity, 6 which index or which mask.
 */
#include "cpu/interp/avx_internal.h"

#define FORMAT_WORDS  1u
#define FORMAT_SIGNED 2u

enum aggregation { EQUAL_ANY, RANGES, EQUAL_EACH, EQUAL_ORDERED };

struct string {
    union sse_lanes lanes;
    unsigned length; /* elements that are valid */
};

static int element(const struct string *s, unsigned i, unsigned imm)
{
    switch (imm & 3) {
    case 0: return s->lanes.b[i];
    case FORMAT_WORDS: return s->lanes.w[i];
    case FORMAT_SIGNED: return s->lanes.sb[i];
    default: return s->lanes.sw[i];
    }
}

static bool equal_any(const struct string *a, int value, unsigned imm)
{
    for (unsigned i = 0; i < a->length; i++) {
        if (element(a, i, imm) == value) {
            return true;
        }
    }
    return false;
}

/* Pairs of lower and upper bound; one whose upper bound is not valid counts as none. */
static bool in_ranges(const struct string *a, int value, unsigned imm)
{
    for (unsigned i = 0; i + 1 < a->length; i += 2) {
        if (value >= element(a, i, imm) && value <= element(a, i + 1, imm)) {
            return true;
        }
    }
    return false;
}

/* Does a begin at place of b? What lies beyond b's register matches. */
static bool is_ordered(const struct string *a, const struct string *b, unsigned place,
                       unsigned count, unsigned imm)
{
    for (unsigned i = 0; i < a->length && place + i < count; i++) {
        if (place + i >= b->length || element(a, i, imm) != element(b, place + i, imm)) {
            return false;
        }
    }
    return true;
}

static bool aggregate(const struct string *a, const struct string *b, unsigned i, unsigned count,
                      unsigned imm)
{
    bool a_valid = i < a->length, b_valid = i < b->length;

    switch ((enum aggregation)(imm >> 2 & 3)) {
    case EQUAL_ANY: return b_valid && equal_any(a, element(b, i, imm), imm);
    case RANGES: return b_valid && in_ranges(a, element(b, i, imm), imm);
    case EQUAL_EACH:
        return a_valid && b_valid ? element(a, i, imm) == element(b, i, imm) : a_valid == b_valid;
    case EQUAL_ORDERED: return is_ordered(a, b, i, count, imm);
    }
    return false;
}

static unsigned compare(const struct string *a, const struct string *b, unsigned imm)
{
    unsigned count = (imm & FORMAT_WORDS) != 0 ? 8 : 16;
    unsigned result = 0;

    for (unsigned i = 0; i < count; i++) {
        bool bit = aggregate(a, b, i, count, imm);

        if ((imm & 0x10) != 0 && ((imm & 0x20) == 0 || i < b->length)) {
            bit = !bit;
        }
        result |= (unsigned)bit << i;
    }
    return result;
}

/* ---- lengths ---- */

static unsigned implicit_length(const union sse_lanes *lanes, unsigned imm)
{
    unsigned count = (imm & FORMAT_WORDS) != 0 ? 8 : 16;
    unsigned i = 0;

    while (i < count && ((imm & FORMAT_WORDS) != 0 ? lanes->w[i] : lanes->b[i]) != 0) {
        i++;
    }
    return i;
}

static unsigned explicit_length(uint64_t value, bool is_64bit, unsigned imm)
{
    uint64_t count = (imm & FORMAT_WORDS) != 0 ? 8 : 16;
    int64_t length = is_64bit ? (int64_t)value : (int32_t)value;
    uint64_t magnitude = length < 0 ? -(uint64_t)length : (uint64_t)length;

    return (unsigned)MIN(magnitude, count);
}

/* ---- results ---- */

static __m128i mask_result(unsigned result, unsigned imm)
{
    union sse_lanes r = { .q = { 0 } };

    if ((imm & 0x40) == 0) {
        r.d[0] = result;
        return r.v;
    }
    for (unsigned i = 0; i < 16; i++) {
        if ((imm & FORMAT_WORDS) != 0) {
            r.w[i / 2] = (result >> (i / 2) & 1) != 0 ? UINT16_MAX : 0;
        } else {
            r.b[i] = (result >> i & 1) != 0 ? UINT8_MAX : 0;
        }
    }
    return r.v;
}

static unsigned index_result(unsigned result, unsigned imm)
{
    unsigned count = (imm & FORMAT_WORDS) != 0 ? 8 : 16;

    if (result == 0) {
        return count;
    }
    return (imm & 0x40) != 0 ? 31 - (unsigned)__builtin_clz(result)
                             : (unsigned)__builtin_ctz(result);
}

/* reg2: what kind. */
#define KIND_MASK     1u
#define KIND_EXPLICIT 2u
#define KIND_VEX      4u
#define KIND_MEMORY   8u
#define KIND_64       16u

static bool load_strings(struct soft_cpu *cpu, const struct op *op, struct string *a,
                         struct string *b)
{
    bool is_64bit = (op->reg2 & KIND_64) != 0;
    uint64_t linear;

    a->lanes.v = sse_xmm(cpu, op->reg);
    if ((op->reg2 & KIND_MEMORY) == 0) {
        b->lanes.v = sse_xmm(cpu, op->reg3);
    } else if (!soft_operand(cpu, op, 16, SOFT_READ, &linear) ||
               !sse_load(cpu, linear, 16, &b->lanes.v)) {
        return false;
    }
    if ((op->reg2 & KIND_EXPLICIT) != 0) {
        a->length = explicit_length(cpu->state.gpr[X86_RAX], is_64bit, op->detail);
        b->length = explicit_length(cpu->state.gpr[X86_RDX], is_64bit, op->detail);
    } else {
        a->length = implicit_length(&a->lanes, op->detail);
        b->length = implicit_length(&b->lanes, op->detail);
    }
    return true;
}

/* Memory operands need no alignment (SDM 2B PCMPESTRI). */
static const struct op *op_string(struct soft_cpu *cpu, const struct op *op)
{
    bool is_vex = (op->reg2 & KIND_VEX) != 0;
    unsigned imm = op->detail;
    unsigned count = (imm & FORMAT_WORDS) != 0 ? 8 : 16;
    struct string a, b;
    unsigned result;

    if (is_vex ? !avx_is_usable(cpu) : !sse_is_usable(cpu)) {
        return is_vex ? avx_refuse(cpu, op) : sse_refuse(cpu, op);
    }
    if (!load_strings(cpu, op, &a, &b)) {
        return soft_fault(cpu, op);
    }
    result = compare(&a, &b, imm);
    if ((op->reg2 & KIND_MASK) == 0) {
        cpu->state.gpr[X86_RCX] = index_result(result, imm);
    } else {
        sse_set_xmm(cpu, 0, mask_result(result, imm));
        if (is_vex) {
            avx_set_high(cpu, 0, _mm_setzero_si128());
        }
    }
    soft_set_arithmetic_flags(cpu, (result != 0 ? SOFT_RFLAGS_CF : 0) |
                                       (b.length < count ? SOFT_RFLAGS_ZF : 0) |
                                       (a.length < count ? SOFT_RFLAGS_SF : 0) |
                                       ((result & 1) != 0 ? SOFT_RFLAGS_OF : 0));
    return SOFT_NEXT(cpu, op);
}

static void translate_string(struct soft_translation *t)
{
    unsigned kind = *(const uint8_t *)t->table;
    bool is_64bit = (t->mode & SOFT_MODE_SIZE) == SOFT_MODE_64 &&
                    (sse_is_vex(t) ? t->instruction->raw.vex.W : t->instruction->raw.rex.W) != 0;

    t->op->detail = (uint8_t)soft_operand_immediate(t, 2);
    t->op->reg = soft_operand_register(t, 0);
    t->op->reg2 = (uint8_t)(kind | (t->has_memory ? KIND_MEMORY : 0) | (is_64bit ? KIND_64 : 0) |
                            (sse_is_vex(t) ? KIND_VEX : 0));
    if (!t->has_memory) {
        t->op->reg3 = soft_operand_register(t, 1);
    }
    t->op->run = op_string;
}

static const uint8_t estri = KIND_EXPLICIT, estrm = KIND_EXPLICIT | KIND_MASK, istri = 0,
                     istrm = KIND_MASK;

static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_PCMPESTRI, SOFT_FEATURE_SSE42, translate_string, &estri },
    { ZYDIS_MNEMONIC_PCMPESTRM, SOFT_FEATURE_SSE42, translate_string, &estrm },
    { ZYDIS_MNEMONIC_PCMPISTRI, SOFT_FEATURE_SSE42, translate_string, &istri },
    { ZYDIS_MNEMONIC_PCMPISTRM, SOFT_FEATURE_SSE42, translate_string, &istrm },
    { ZYDIS_MNEMONIC_VPCMPESTRI, SOFT_FEATURE_AVX, translate_string, &estri },
    { ZYDIS_MNEMONIC_VPCMPESTRM, SOFT_FEATURE_AVX, translate_string, &estrm },
    { ZYDIS_MNEMONIC_VPCMPISTRI, SOFT_FEATURE_AVX, translate_string, &istri },
    { ZYDIS_MNEMONIC_VPCMPISTRM, SOFT_FEATURE_AVX, translate_string, &istrm },
};
SOFT_DEFINE_GROUP(soft_group_sse_string, rows);
