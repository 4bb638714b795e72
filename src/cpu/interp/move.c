/* SPDX-License-Identifier: GPL-2.0-or-later */
/* move.c - MOV, MOVSX, MOVZX, LEA, XCHG, BSWAP, CMOVcc, SETcc, XLAT, MOVBE, CMPXCHG8B and 16B. */
#include "cpu/interp/operands.h"

#define MOVE_OF(bits)                                                                  \
    static const struct op *mov_rr##bits(struct soft_cpu *cpu, const struct op *op)    \
    {                                                                                  \
        soft_put##bits(cpu, op->reg, soft_get##bits(cpu, op->reg2));                   \
        return SOFT_NEXT(cpu, op);                                                     \
    }                                                                                  \
    static const struct op *mov_ri##bits(struct soft_cpu *cpu, const struct op *op)    \
    {                                                                                  \
        soft_put##bits(cpu, op->reg, (uint##bits##_t)op->imm);                         \
        return SOFT_NEXT(cpu, op);                                                     \
    }                                                                                  \
    static const struct op *mov_rm##bits(struct soft_cpu *cpu, const struct op *op)    \
    {                                                                                  \
        uint##bits##_t value;                                                          \
                                                                                       \
        if (!soft_operand_load##bits(cpu, op, &value)) {                               \
            return soft_fault(cpu, op);                                                \
        }                                                                              \
        soft_put##bits(cpu, op->reg, value);                                           \
        return SOFT_NEXT(cpu, op);                                                     \
    }                                                                                  \
    static const struct op *mov_mr##bits(struct soft_cpu *cpu, const struct op *op)    \
    {                                                                                  \
        if (!soft_operand_store##bits(cpu, op, soft_get##bits(cpu, op->reg))) {        \
            return soft_fault(cpu, op);                                                \
        }                                                                              \
        return SOFT_NEXT(cpu, op);                                                     \
    }                                                                                  \
    static const struct op *mov_mi##bits(struct soft_cpu *cpu, const struct op *op)    \
    {                                                                                  \
        if (!soft_operand_store##bits(cpu, op, (uint##bits##_t)op->imm)) {             \
            return soft_fault(cpu, op);                                                \
        }                                                                              \
        return SOFT_NEXT(cpu, op);                                                     \
    }                                                                                  \
    static const struct op *xchg_rr##bits(struct soft_cpu *cpu, const struct op *op)   \
    {                                                                                  \
        uint##bits##_t first = soft_get##bits(cpu, op->reg);                           \
                                                                                       \
        soft_put##bits(cpu, op->reg, soft_get##bits(cpu, op->reg2));                   \
        soft_put##bits(cpu, op->reg2, first);                                          \
        return SOFT_NEXT(cpu, op);                                                     \
    }                                                                                  \
    static const struct op *xchg_mr##bits(struct soft_cpu *cpu, const struct op *op)   \
    {                                                                                  \
        uint##bits##_t value;                                                          \
        uint64_t linear;                                                               \
        void *host;                                                                    \
                                                                                       \
        if (!soft_modify_begin##bits(cpu, op, &linear, &host, &value) ||               \
            !soft_modify_end##bits(cpu, linear, host, soft_get##bits(cpu, op->reg))) { \
            return soft_fault(cpu, op);                                                \
        }                                                                              \
        soft_put##bits(cpu, op->reg, value);                                           \
        return SOFT_NEXT(cpu, op);                                                     \
    }

MOVE_OF(8)
MOVE_OF(16)
MOVE_OF(32)
MOVE_OF(64)

static const struct soft_forms mov_forms = { SOFT_SIZES(mov_rr), SOFT_SIZES(mov_ri),
                                             SOFT_SIZES(mov_rm), SOFT_SIZES(mov_mr),
                                             SOFT_SIZES(mov_mi) };
static const struct soft_forms xchg_forms = { .rr = SOFT_SIZES(xchg_rr),
                                              .rm = SOFT_SIZES(xchg_mr),
                                              .mr = SOFT_SIZES(xchg_mr) };

static bool is_general(const struct soft_translation *t, unsigned index)
{
    ZydisRegisterClass class;

    if (!soft_operand_is_register(t, index)) {
        return true;
    }
    class = ZydisRegisterGetClass(t->operands[index].reg.value);
    return class == ZYDIS_REGCLASS_GPR8 || class == ZYDIS_REGCLASS_GPR16 ||
           class == ZYDIS_REGCLASS_GPR32 || class == ZYDIS_REGCLASS_GPR64;
}

/* Those with segment, control and debug registers are others' rows. */
static void translate_mov(struct soft_translation *t)
{
    if (is_general(t, 0) && is_general(t, 1)) {
        soft_translate_forms(t);
    }
}

/* ---- with extension: by destination and source size index ---- */

#define EXTEND_OF(name, to, from, CAST)                                                      \
    static const struct op *name##_r##to##_##from(struct soft_cpu *cpu, const struct op *op) \
    {                                                                                        \
        soft_put##to(cpu, op->reg, (uint##to##_t)(CAST)soft_get##from(cpu, op->reg2));       \
        return SOFT_NEXT(cpu, op);                                                           \
    }                                                                                        \
    static const struct op *name##_m##to##_##from(struct soft_cpu *cpu, const struct op *op) \
    {                                                                                        \
        uint##from##_t value;                                                                \
                                                                                             \
        if (!soft_operand_load##from(cpu, op, &value)) {                                     \
            return soft_fault(cpu, op);                                                      \
        }                                                                                    \
        soft_put##to(cpu, op->reg, (uint##to##_t)(CAST)value);                               \
        return SOFT_NEXT(cpu, op);                                                           \
    }

/* 32 bits to 16: MOVSXD with an operand-size prefix, as AMD's processors do it; Intel's read two bytes. */
#define EXTENSIONS(name, sign)          \
    EXTEND_OF(name, 16, 8, sign##8_t)   \
    EXTEND_OF(name, 32, 8, sign##8_t)   \
    EXTEND_OF(name, 64, 8, sign##8_t)   \
    EXTEND_OF(name, 16, 16, sign##16_t) \
    EXTEND_OF(name, 32, 16, sign##16_t) \
    EXTEND_OF(name, 64, 16, sign##16_t) \
    EXTEND_OF(name, 16, 32, sign##32_t) \
    EXTEND_OF(name, 32, 32, sign##32_t) \
    EXTEND_OF(name, 64, 32, sign##32_t)

EXTENSIONS(movzx, uint)
EXTENSIONS(movsx, int)

struct extensions {
    op_fn r[4][3], m[4][3]; /* [destination][source] */
};

#define EXTENSION_TABLE(name)                                    \
    static const struct extensions name##_table = {              \
        .r = { { NULL, NULL, NULL },                             \
               { name##_r16_8, name##_r16_16, name##_r16_32 },   \
               { name##_r32_8, name##_r32_16, name##_r32_32 },   \
               { name##_r64_8, name##_r64_16, name##_r64_32 } }, \
        .m = { { NULL, NULL, NULL },                             \
               { name##_m16_8, name##_m16_16, name##_m16_32 },   \
               { name##_m32_8, name##_m32_16, name##_m32_32 },   \
               { name##_m64_8, name##_m64_16, name##_m64_32 } }, \
    };

EXTENSION_TABLE(movzx)
EXTENSION_TABLE(movsx)

static void translate_extend(struct soft_translation *t)
{
    const struct extensions *table = t->table;
    unsigned to = soft_size_index(soft_operand_bytes(t, 0));
    unsigned from = soft_size_index(soft_operand_bytes(t, 1));

    if (from > 2) {
        return;
    }
    t->op->reg = soft_operand_register(t, 0);
    if (soft_operand_is_memory(t, 1)) {
        t->op->run = table->m[to][from];
    } else {
        t->op->reg2 = soft_operand_register(t, 1);
        t->op->run = table->r[to][from];
    }
}

/* CBW, CWDE, CDQE; CWD, CDQ, CQO. */
#define WIDEN_OF(to, from)                                                                    \
    static const struct op *op_widen##to(struct soft_cpu *cpu, const struct op *op)           \
    {                                                                                         \
        soft_put##to(cpu, X86_RAX,                                                            \
                     (uint##to##_t)(int##to##_t)(int##from##_t)soft_get##from(cpu, X86_RAX)); \
        return SOFT_NEXT(cpu, op);                                                            \
    }                                                                                         \
    static const struct op *op_spread##to(struct soft_cpu *cpu, const struct op *op)          \
    {                                                                                         \
        bool negative = (int##to##_t)soft_get##to(cpu, X86_RAX) < 0;                          \
                                                                                              \
        soft_put##to(cpu, X86_RDX, negative ? UINT##to##_MAX : 0);                            \
        return SOFT_NEXT(cpu, op);                                                            \
    }

WIDEN_OF(16, 8)
WIDEN_OF(32, 16)
WIDEN_OF(64, 32)

static const struct soft_simple widen16 = { op_widen16, false, false };
static const struct soft_simple widen32 = { op_widen32, false, false };
static const struct soft_simple widen64 = { op_widen64, false, false };
static const struct soft_simple spread16 = { op_spread16, false, false };
static const struct soft_simple spread32 = { op_spread32, false, false };
static const struct soft_simple spread64 = { op_spread64, false, false };

/* ---- LEA ---- */

#define LEA_OF(bits)                                                              \
    static const struct op *lea##bits(struct soft_cpu *cpu, const struct op *op)  \
    {                                                                             \
        uint64_t offset = soft_effective(cpu, op);                                \
                                                                                  \
        if (soft_unlikely(op->address_size != 8)) {                               \
            offset = op->address_size == 4 ? (uint32_t)offset : (uint16_t)offset; \
        }                                                                         \
        soft_put##bits(cpu, op->reg, (uint##bits##_t)offset);                     \
        return SOFT_NEXT(cpu, op);                                                \
    }

LEA_OF(16)
LEA_OF(32)
LEA_OF(64)

static void translate_lea(struct soft_translation *t)
{
    static const op_fn by_size[4] = { NULL, lea16, lea32, lea64 };

    t->op->reg = soft_operand_register(t, 0);
    t->op->run = by_size[soft_size_index(soft_operand_bytes(t, 0))];
}

/* ---- BSWAP, MOVBE ---- */

static uint16_t swap16(uint16_t value)
{
    return (uint16_t)(value << 8 | value >> 8);
}

#define swap32(value) __builtin_bswap32(value)
#define swap64(value) __builtin_bswap64(value)

/* The result for 16 bits is undefined; processors give zero. */
static const struct op *bswap16(struct soft_cpu *cpu, const struct op *op)
{
    soft_put16(cpu, op->reg, 0);
    return SOFT_NEXT(cpu, op);
}

static const struct op *bswap32(struct soft_cpu *cpu, const struct op *op)
{
    soft_put32(cpu, op->reg, swap32(soft_get32(cpu, op->reg)));
    return SOFT_NEXT(cpu, op);
}

static const struct op *bswap64(struct soft_cpu *cpu, const struct op *op)
{
    soft_put64(cpu, op->reg, swap64(soft_get64(cpu, op->reg)));
    return SOFT_NEXT(cpu, op);
}

static const struct soft_unary bswap_forms = { .r = { NULL, bswap16, bswap32, bswap64 } };

#define MOVBE_OF(bits)                                                                      \
    static const struct op *movbe_rm##bits(struct soft_cpu *cpu, const struct op *op)       \
    {                                                                                       \
        uint##bits##_t value;                                                               \
                                                                                            \
        if (!soft_operand_load##bits(cpu, op, &value)) {                                    \
            return soft_fault(cpu, op);                                                     \
        }                                                                                   \
        soft_put##bits(cpu, op->reg, swap##bits(value));                                    \
        return SOFT_NEXT(cpu, op);                                                          \
    }                                                                                       \
    static const struct op *movbe_mr##bits(struct soft_cpu *cpu, const struct op *op)       \
    {                                                                                       \
        if (!soft_operand_store##bits(cpu, op, swap##bits(soft_get##bits(cpu, op->reg)))) { \
            return soft_fault(cpu, op);                                                     \
        }                                                                                   \
        return SOFT_NEXT(cpu, op);                                                          \
    }

MOVBE_OF(16)
MOVBE_OF(32)
MOVBE_OF(64)

static const struct soft_forms movbe_forms = {
    .rm = { NULL, movbe_rm16, movbe_rm32, movbe_rm64 },
    .mr = { NULL, movbe_mr16, movbe_mr32, movbe_mr64 },
};

/* ---- XLAT ---- */

static const struct op *xlat(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t linear;
    uint8_t value;
    uint64_t offset = cpu->state.gpr[X86_RBX] + soft_get8(cpu, X86_RAX);

    if (op->segment == SOFT_SEGMENT_FLAT) {
        linear = offset;
    } else {
        offset = op->address_size == 8   ? offset
                 : op->address_size == 4 ? (uint32_t)offset
                                         : (uint16_t)offset;
        if (!soft_segment_linear(cpu, op->segment, offset, 1, SOFT_READ, &linear)) {
            return soft_fault(cpu, op);
        }
    }
    if (!soft_load8(cpu, linear, &value)) {
        return soft_fault(cpu, op);
    }
    soft_put8(cpu, X86_RAX, value);
    return SOFT_NEXT(cpu, op);
}

static void translate_xlat(struct soft_translation *t)
{
    for (unsigned i = 0; i < t->instruction->operand_count; i++) {
        if (soft_operand_is_memory(t, i)) {
            soft_translate_memory(t, &t->operands[i]);
        }
    }
    t->op->run = xlat;
}

/* ---- CMPXCHG8B, CMPXCHG16B ---- */

static const struct op *cmpxchg8b(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t expected = (uint64_t)soft_get32(cpu, X86_RDX) << 32 | soft_get32(cpu, X86_RAX);
    uint64_t desired = (uint64_t)soft_get32(cpu, X86_RCX) << 32 | soft_get32(cpu, X86_RBX);
    uint64_t linear;
    uint64_t old;
    void *host;

    if (!soft_modify_begin64(cpu, op, &linear, &host, &old) ||
        !soft_modify_end64(cpu, linear, host, old == expected ? desired : old)) {
        return soft_fault(cpu, op);
    }
    cpu->flags.zero = old != expected;
    if (old != expected) {
        soft_put32(cpu, X86_RAX, (uint32_t)old);
        soft_put32(cpu, X86_RDX, (uint32_t)(old >> 32));
    }
    return SOFT_NEXT(cpu, op);
}

static const struct op *cmpxchg16b(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t *gpr = cpu->state.gpr;
    uint64_t desired[2] = { gpr[X86_RBX], gpr[X86_RCX] };
    uint64_t linear;
    uint64_t old[2];
    bool equal;

    if (!soft_operand(cpu, op, 16, SOFT_WRITE, &linear)) {
        return soft_fault(cpu, op);
    }
    if (linear % 16 != 0) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    if (!soft_probe_store(cpu, linear, 16) || !soft_load(cpu, linear, old, 16)) {
        return soft_fault(cpu, op);
    }
    equal = old[0] == gpr[X86_RAX] && old[1] == gpr[X86_RDX];
    if (!soft_store(cpu, linear, equal ? desired : old, 16)) {
        return soft_fault(cpu, op);
    }
    cpu->flags.zero = !equal;
    if (!equal) {
        gpr[X86_RAX] = old[0];
        gpr[X86_RDX] = old[1];
    }
    return SOFT_NEXT(cpu, op);
}

static const struct soft_simple cmpxchg8b_simple = { cmpxchg8b, false, false };
static const struct soft_simple cmpxchg16b_simple = { cmpxchg16b, false, false };

/* clang-format off */
static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_MOV,        0, translate_mov, &mov_forms },
    { ZYDIS_MNEMONIC_MOVNTI,     SOFT_FEATURE_SSE2, soft_translate_forms, &mov_forms },
    { ZYDIS_MNEMONIC_XCHG,       0, soft_translate_forms, &xchg_forms },
    { ZYDIS_MNEMONIC_MOVZX,      0, translate_extend, &movzx_table },
    { ZYDIS_MNEMONIC_MOVSX,      0, translate_extend, &movsx_table },
    { ZYDIS_MNEMONIC_MOVSXD,     0, translate_extend, &movsx_table },
    { ZYDIS_MNEMONIC_CBW,        0, soft_translate_simple, &widen16 },
    { ZYDIS_MNEMONIC_CWDE,       0, soft_translate_simple, &widen32 },
    { ZYDIS_MNEMONIC_CDQE,       0, soft_translate_simple, &widen64 },
    { ZYDIS_MNEMONIC_CWD,        0, soft_translate_simple, &spread16 },
    { ZYDIS_MNEMONIC_CDQ,        0, soft_translate_simple, &spread32 },
    { ZYDIS_MNEMONIC_CQO,        0, soft_translate_simple, &spread64 },
    { ZYDIS_MNEMONIC_LEA,        0, translate_lea, NULL },
    { ZYDIS_MNEMONIC_BSWAP,      0, soft_translate_unary, &bswap_forms },
    { ZYDIS_MNEMONIC_MOVBE,      SOFT_FEATURE_MOVBE, soft_translate_forms, &movbe_forms },
    { ZYDIS_MNEMONIC_XLAT,       0, translate_xlat, NULL },
    { ZYDIS_MNEMONIC_CMPXCHG8B,  SOFT_FEATURE_CX8, soft_translate_simple, &cmpxchg8b_simple },
    { ZYDIS_MNEMONIC_CMPXCHG16B, SOFT_FEATURE_CX16, soft_translate_simple, &cmpxchg16b_simple },
};
/* clang-format on */
SOFT_DEFINE_GROUP(soft_group_move, rows);
