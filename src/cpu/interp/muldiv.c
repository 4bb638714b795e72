/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * muldiv.c - MUL, IMUL, DIV, IDIV. What the manual leaves undefined: after a multiplication SF, ZF and PF
 * follow the low half, AF is 0; a division leaves the flags as they were.
 */
#include "cpu/interp/operands.h"

__extension__ typedef unsigned __int128 uint128_t;
__extension__ typedef __int128 int128_t;

/* Twice as wide: for 8 bits the pair is AH:AL. */
#define WIDE_uint8  uint16_t
#define WIDE_uint16 uint32_t
#define WIDE_uint32 uint64_t
#define WIDE_uint64 uint128_t
#define WIDE_int8   int16_t
#define WIDE_int16  int32_t
#define WIDE_int32  int64_t
#define WIDE_int64  int128_t

#define PAIR_OF(bits)                                                                    \
    static inline WIDE_uint##bits get_pair##bits(struct soft_cpu *cpu)                   \
    {                                                                                    \
        return (WIDE_uint##bits)((WIDE_uint##bits)soft_get##bits(cpu, X86_RDX) << bits | \
                                 soft_get##bits(cpu, X86_RAX));                          \
    }                                                                                    \
    static inline void put_pair##bits(struct soft_cpu *cpu, uint##bits##_t high,         \
                                      uint##bits##_t low)                                \
    {                                                                                    \
        soft_put##bits(cpu, X86_RAX, low);                                               \
        soft_put##bits(cpu, X86_RDX, high);                                              \
    }

PAIR_OF(16)
PAIR_OF(32)
PAIR_OF(64)

static inline uint16_t get_pair8(struct soft_cpu *cpu)
{
    return soft_get16(cpu, X86_RAX);
}

static inline void put_pair8(struct soft_cpu *cpu, uint8_t high, uint8_t low)
{
    soft_put16(cpu, X86_RAX, (uint16_t)(high << 8 | low));
}

#define COMPUTE_OF(bits)                                                                       \
    static inline void overflow_flags##bits(struct soft_cpu *cpu, uint##bits##_t low,          \
                                            bool overflow)                                     \
    {                                                                                          \
        soft_flags_logic##bits(cpu, low);                                                      \
        cpu->flags.carry = cpu->flags.overflow = (uint64_t)overflow << 63;                     \
    }                                                                                          \
    static inline bool mul_by##bits(struct soft_cpu *cpu, uint##bits##_t b)                    \
    {                                                                                          \
        WIDE_uint##bits product =                                                              \
            (WIDE_uint##bits)((WIDE_uint##bits)soft_get##bits(cpu, X86_RAX) * b);              \
        uint##bits##_t high = (uint##bits##_t)(product >> bits);                               \
                                                                                               \
        put_pair##bits(cpu, high, (uint##bits##_t)product);                                    \
        overflow_flags##bits(cpu, (uint##bits##_t)product, high != 0);                         \
        return true;                                                                           \
    }                                                                                          \
    static inline bool imul_by##bits(struct soft_cpu *cpu, uint##bits##_t b)                   \
    {                                                                                          \
        WIDE_int##bits product = (WIDE_int##bits)(                                             \
            (WIDE_int##bits)(int##bits##_t)soft_get##bits(cpu, X86_RAX) * (int##bits##_t)b);   \
                                                                                               \
        put_pair##bits(cpu, (uint##bits##_t)(product >> bits), (uint##bits##_t)product);       \
        overflow_flags##bits(cpu, (uint##bits##_t)product, product != (int##bits##_t)product); \
        return true;                                                                           \
    }                                                                                          \
    static inline bool div_by##bits(struct soft_cpu *cpu, uint##bits##_t b)                    \
    {                                                                                          \
        WIDE_uint##bits a = get_pair##bits(cpu);                                               \
                                                                                               \
        if (b == 0 || (uint##bits##_t)(a >> bits) >= b) {                                      \
            return soft_fail(cpu, SOFT_DE);                                                    \
        }                                                                                      \
        put_pair##bits(cpu, (uint##bits##_t)(a % b), (uint##bits##_t)(a / b));                 \
        return true;                                                                           \
    }                                                                                          \
    static inline bool idiv_by##bits(struct soft_cpu *cpu, uint##bits##_t b)                   \
    {                                                                                          \
        WIDE_int##bits a = (WIDE_int##bits)get_pair##bits(cpu);                                \
        WIDE_int##bits lowest = (WIDE_int##bits)((WIDE_uint##bits)1 << (2 * bits - 1));        \
        WIDE_int##bits quotient;                                                               \
                                                                                               \
        if (b == 0 || (a == lowest && (int##bits##_t)b == -1)) {                               \
            return soft_fail(cpu, SOFT_DE);                                                    \
        }                                                                                      \
        quotient = (WIDE_int##bits)(a / (int##bits##_t)b);                                     \
        if (quotient != (int##bits##_t)quotient) {                                             \
            return soft_fail(cpu, SOFT_DE);                                                    \
        }                                                                                      \
        put_pair##bits(cpu, (uint##bits##_t)(a % (int##bits##_t)b), (uint##bits##_t)quotient); \
        return true;                                                                           \
    }                                                                                          \
    static inline uint##bits##_t imul_value##bits(struct soft_cpu *cpu, uint##bits##_t a,      \
                                                  uint##bits##_t b)                            \
    {                                                                                          \
        WIDE_int##bits product =                                                               \
            (WIDE_int##bits)((WIDE_int##bits)(int##bits##_t)a * (int##bits##_t)b);             \
                                                                                               \
        overflow_flags##bits(cpu, (uint##bits##_t)product, product != (int##bits##_t)product); \
        return (uint##bits##_t)product;                                                        \
    }

COMPUTE_OF(8)
COMPUTE_OF(16)
COMPUTE_OF(32)
COMPUTE_OF(64)

/* ---- one operand ---- */

#define UNARY_OF(name, bits)                                                             \
    static const struct op *name##_r##bits(struct soft_cpu *cpu, const struct op *op)    \
    {                                                                                    \
        return name##_by##bits(cpu, soft_get##bits(cpu, op->reg)) ? SOFT_NEXT(cpu, op)   \
                                                                  : soft_fault(cpu, op); \
    }                                                                                    \
    static const struct op *name##_m##bits(struct soft_cpu *cpu, const struct op *op)    \
    {                                                                                    \
        uint##bits##_t value;                                                            \
                                                                                         \
        return soft_operand_load##bits(cpu, op, &value) && name##_by##bits(cpu, value)   \
                   ? SOFT_NEXT(cpu, op)                                                  \
                   : soft_fault(cpu, op);                                                \
    }

#define UNARY(name)    \
    UNARY_OF(name, 8)  \
    UNARY_OF(name, 16) \
    UNARY_OF(name, 32) \
    UNARY_OF(name, 64) \
    static const struct soft_unary name##_unary = { SOFT_SIZES(name##_r), SOFT_SIZES(name##_m) };

UNARY(mul)
UNARY(imul)
UNARY(div)
UNARY(idiv)

/* ---- IMUL with two and three operands: destination = source times source; reg3 names the second
 * factor where it is a register ---- */

#define PRODUCT_OF(bits)                                                                          \
    static const struct op *imul_rr##bits(struct soft_cpu *cpu, const struct op *op)              \
    {                                                                                             \
        soft_put##bits(                                                                           \
            cpu, op->reg,                                                                         \
            imul_value##bits(cpu, soft_get##bits(cpu, op->reg), soft_get##bits(cpu, op->reg2)));  \
        return SOFT_NEXT(cpu, op);                                                                \
    }                                                                                             \
    static const struct op *imul_rm##bits(struct soft_cpu *cpu, const struct op *op)              \
    {                                                                                             \
        uint##bits##_t value;                                                                     \
                                                                                                  \
        if (!soft_operand_load##bits(cpu, op, &value)) {                                          \
            return soft_fault(cpu, op);                                                           \
        }                                                                                         \
        soft_put##bits(cpu, op->reg, imul_value##bits(cpu, soft_get##bits(cpu, op->reg), value)); \
        return SOFT_NEXT(cpu, op);                                                                \
    }                                                                                             \
    static const struct op *imul_rri##bits(struct soft_cpu *cpu, const struct op *op)             \
    {                                                                                             \
        soft_put##bits(                                                                           \
            cpu, op->reg,                                                                         \
            imul_value##bits(cpu, soft_get##bits(cpu, op->reg2), (uint##bits##_t)op->imm));       \
        return SOFT_NEXT(cpu, op);                                                                \
    }                                                                                             \
    static const struct op *imul_rmi##bits(struct soft_cpu *cpu, const struct op *op)             \
    {                                                                                             \
        uint##bits##_t value;                                                                     \
                                                                                                  \
        if (!soft_operand_load##bits(cpu, op, &value)) {                                          \
            return soft_fault(cpu, op);                                                           \
        }                                                                                         \
        soft_put##bits(cpu, op->reg, imul_value##bits(cpu, value, (uint##bits##_t)op->imm));      \
        return SOFT_NEXT(cpu, op);                                                                \
    }

PRODUCT_OF(16)
PRODUCT_OF(32)
PRODUCT_OF(64)

static const struct soft_forms imul_forms = { .rr = { NULL, imul_rr16, imul_rr32, imul_rr64 },
                                              .rm = { NULL, imul_rm16, imul_rm32, imul_rm64 } };
static const struct soft_unary imul_immediate = {
    .r = { NULL, imul_rri16, imul_rri32, imul_rri64 },
    .m = { NULL, imul_rmi16, imul_rmi32, imul_rmi64 },
};

static void translate_imul(struct soft_translation *t)
{
    unsigned size = soft_size_index(soft_operand_bytes(t, 0));

    if (t->instruction->operand_count_visible == 1) {
        t->table = &imul_unary;
        soft_translate_unary(t);
    } else if (t->instruction->operand_count_visible == 2) {
        t->table = &imul_forms;
        soft_translate_forms(t);
    } else {
        t->op->reg = soft_operand_register(t, 0);
        t->op->imm = soft_operand_immediate(t, 2);
        if (soft_operand_is_memory(t, 1)) {
            t->op->run = imul_immediate.m[size];
        } else {
            t->op->reg2 = soft_operand_register(t, 1);
            t->op->run = imul_immediate.r[size];
        }
    }
}

/* clang-format off */
static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_MUL,  0, soft_translate_unary, &mul_unary },
    { ZYDIS_MNEMONIC_IMUL, 0, translate_imul, NULL },
    { ZYDIS_MNEMONIC_DIV,  0, soft_translate_unary, &div_unary },
    { ZYDIS_MNEMONIC_IDIV, 0, soft_translate_unary, &idiv_unary },
};
/* clang-format on */
SOFT_DEFINE_GROUP(soft_group_muldiv, rows);
