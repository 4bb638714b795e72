/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * avx_masked.c - loads, stores and gathers of the elements whose mask has its sign bit set; the others
 * are never touched.
 */
#include "cpu/interp/avx_internal.h"

union elements {
    uint8_t b[32];
    uint32_t d[8];
    uint64_t q[4];
};

static void read_register(const struct soft_cpu *cpu, unsigned i, union elements *value)
{
    memcpy(value, cpu->state.vector.ymm[i].q, sizeof(*value));
}

static void write_register(struct soft_cpu *cpu, unsigned i, const union elements *value)
{
    memcpy(cpu->state.vector.ymm[i].q, value, sizeof(*value));
}

static bool is_selected(const union elements *mask, unsigned i, unsigned bytes)
{
    return (mask->b[i * bytes + bytes - 1] & 0x80) != 0;
}

/* The address of the operand moved by delta. */
static bool element_linear(struct soft_cpu *cpu, const struct op *op, uint64_t delta,
                           unsigned bytes, enum soft_access access, uint64_t *linear)
{
    struct op moved = *op;

    moved.disp = (int64_t)((uint64_t)op->disp + delta);
    return soft_operand(cpu, &moved, bytes, access, linear);
}

/* detail: bytes of an element; operand_size: of the vector. */
static const struct op *op_load(struct soft_cpu *cpu, const struct op *op)
{
    unsigned bytes = op->detail;
    union elements mask, value = { .q = { 0 } };
    uint64_t linear;

    if (!avx_is_usable(cpu)) {
        return avx_refuse(cpu, op);
    }
    read_register(cpu, op->reg2, &mask);
    for (unsigned i = 0; i < op->operand_size / bytes; i++) {
        if (is_selected(&mask, i, bytes) &&
            (!element_linear(cpu, op, (uint64_t)i * bytes, bytes, SOFT_READ, &linear) ||
             !soft_load(cpu, linear, value.b + (size_t)i * bytes, bytes))) {
            return soft_fault(cpu, op);
        }
    }
    write_register(cpu, op->reg, &value);
    return SOFT_NEXT(cpu, op);
}

static bool store_selected(struct soft_cpu *cpu, const struct op *op, bool probe)
{
    unsigned bytes = op->detail;
    union elements mask, value;
    uint64_t linear;

    read_register(cpu, op->reg2, &mask);
    read_register(cpu, op->reg, &value);
    for (unsigned i = 0; i < op->operand_size / bytes; i++) {
        if (!is_selected(&mask, i, bytes)) {
            continue;
        }
        if (!element_linear(cpu, op, (uint64_t)i * bytes, bytes, SOFT_WRITE, &linear) ||
            (probe ? !soft_probe_store(cpu, linear, bytes)
                   : !soft_store(cpu, linear, value.b + (size_t)i * bytes, bytes))) {
            return false;
        }
    }
    return true;
}

static const struct op *op_store(struct soft_cpu *cpu, const struct op *op)
{
    if (!avx_is_usable(cpu)) {
        return avx_refuse(cpu, op);
    }
    return store_selected(cpu, op, true) && store_selected(cpu, op, false) ? SOFT_NEXT(cpu, op)
                                                                           : soft_fault(cpu, op);
}

/* table: bytes of an element. (dst, mask, m) or (m, mask, src). */
static const uint8_t four = 4, eight = 8;

static void translate_maskmov(struct soft_translation *t)
{
    bool store = soft_operand_is_memory(t, 0);
    unsigned vector = store ? 2 : 0;

    if (!sse_is_vex(t)) {
        return;
    }
    t->op->detail = *(const uint8_t *)t->table;
    t->op->reg = soft_operand_register(t, vector);
    t->op->reg2 = soft_operand_register(t, 1);
    t->op->operand_size = sse_operand_is_ymm(t, vector) ? 32 : 16;
    t->op->run = store ? op_store : op_load;
}

/* ---- gathers: dst, [base + index vector], mask ----
 *
 * detail: bits 0-3 the number of elements, bit 4 indices of 8 bytes, bit 5 elements of 8 bytes. Each
 * element done leaves the mask, so that a fault in between can be taken and the rest started over.
 */

#define INDEX_8   0x10u
#define ELEMENT_8 0x20u

static uint64_t index_of(const union elements *indices, const struct op *op, unsigned i)
{
    return (op->detail & INDEX_8) != 0 ? indices->q[i] : (uint64_t)(int64_t)(int32_t)indices->d[i];
}

static bool gather_elements(struct soft_cpu *cpu, const struct op *op, union elements *value,
                            union elements *mask)
{
    unsigned bytes = (op->detail & ELEMENT_8) != 0 ? 8 : 4;
    struct op base = *op;
    union elements indices;
    uint64_t linear;

    read_register(cpu, op->index, &indices);
    base.index = SOFT_GPR_ZERO;
    for (unsigned i = 0; i < (op->detail & 15u); i++) {
        if (is_selected(mask, i, bytes)) {
            if (!element_linear(cpu, &base, index_of(&indices, op, i) << op->scale, bytes,
                                SOFT_READ, &linear) ||
                !soft_load(cpu, linear, value->b + (size_t)i * bytes, bytes)) {
                return false;
            }
        }
        memset(mask->b + (size_t)i * bytes, 0, bytes);
    }
    return true;
}

static const struct op *op_gather(struct soft_cpu *cpu, const struct op *op)
{
    unsigned size = (op->detail & 15u) * ((op->detail & ELEMENT_8) != 0 ? 8 : 4);
    union elements value, mask;
    bool done;

    if (!avx_is_usable(cpu)) {
        return avx_refuse(cpu, op);
    }
    read_register(cpu, op->reg, &value);
    read_register(cpu, op->reg2, &mask);
    done = gather_elements(cpu, op, &value, &mask);
    if (done) {
        memset(value.b + size, 0, sizeof(value) - size);
        memset(&mask, 0, sizeof(mask));
    }
    write_register(cpu, op->reg, &value);
    write_register(cpu, op->reg2, &mask);
    return done ? SOFT_NEXT(cpu, op) : soft_fault(cpu, op);
}

struct gather {
    bool index_8, element_8;
};

static void translate_gather(struct soft_translation *t)
{
    const struct gather *g = t->table;
    struct op *op = t->op;
    unsigned vector = sse_operand_is_ymm(t, 0) ? 32 : 16;
    unsigned index_vector =
        ZydisRegisterGetClass(t->operands[1].mem.index) == ZYDIS_REGCLASS_YMM ? 32 : 16;
    unsigned count = MIN(vector / (g->element_8 ? 8 : 4), index_vector / (g->index_8 ? 8 : 4));

    if (!sse_is_vex(t)) {
        return;
    }
    op->reg = soft_operand_register(t, 0);
    op->reg2 = soft_operand_register(t, 2);
    op->index = soft_register(t->operands[1].mem.index);
    op->scale = (uint8_t)__builtin_ctz(MAX(t->operands[1].mem.scale, 1u));
    op->detail = (uint8_t)(count | (g->index_8 ? INDEX_8 : 0) | (g->element_8 ? ELEMENT_8 : 0));
    if (op->reg == op->reg2 || op->reg == op->index || op->reg2 == op->index) {
        return;
    }
    op->run = op_gather;
}

static const struct gather gather_dd = { false, false }, gather_dq = { false, true },
                           gather_qd = { true, false }, gather_qq = { true, true };

static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_VMASKMOVPS, SOFT_FEATURE_AVX, translate_maskmov, &four },
    { ZYDIS_MNEMONIC_VMASKMOVPD, SOFT_FEATURE_AVX, translate_maskmov, &eight },
    { ZYDIS_MNEMONIC_VPMASKMOVD, SOFT_FEATURE_AVX2, translate_maskmov, &four },
    { ZYDIS_MNEMONIC_VPMASKMOVQ, SOFT_FEATURE_AVX2, translate_maskmov, &eight },
    { ZYDIS_MNEMONIC_VPGATHERDD, SOFT_FEATURE_AVX2, translate_gather, &gather_dd },
    { ZYDIS_MNEMONIC_VPGATHERDQ, SOFT_FEATURE_AVX2, translate_gather, &gather_dq },
    { ZYDIS_MNEMONIC_VPGATHERQD, SOFT_FEATURE_AVX2, translate_gather, &gather_qd },
    { ZYDIS_MNEMONIC_VPGATHERQQ, SOFT_FEATURE_AVX2, translate_gather, &gather_qq },
    { ZYDIS_MNEMONIC_VGATHERDPS, SOFT_FEATURE_AVX2, translate_gather, &gather_dd },
    { ZYDIS_MNEMONIC_VGATHERDPD, SOFT_FEATURE_AVX2, translate_gather, &gather_dq },
    { ZYDIS_MNEMONIC_VGATHERQPS, SOFT_FEATURE_AVX2, translate_gather, &gather_qd },
    { ZYDIS_MNEMONIC_VGATHERQPD, SOFT_FEATURE_AVX2, translate_gather, &gather_qq },
};
SOFT_DEFINE_GROUP(soft_group_avx_masked, rows);
