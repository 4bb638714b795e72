/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alu.c - ADD, OR, ADC, SBB, AND, SUB, XOR, CMP, TEST; INC, DEC, NEG, NOT; XADD, CMPXCHG.
 *
 * Each operation's meaning is written once (COMPUTE and FLAGS below); the macros make its forms:
 * register and register, immediate or memory, memory and register or immediate, of four sizes.
 */
#include "cpu/interp/operands.h"

/* clang-format off */
#define COMPUTE_add(a, b) (a + b)
#define COMPUTE_adc(a, b) (a + b + soft_cf(cpu))
#define COMPUTE_sub(a, b) (a - b)
#define COMPUTE_sbb(a, b) (a - b - soft_cf(cpu))
#define COMPUTE_and(a, b) (a & b)
#define COMPUTE_or(a, b)  (a | b)
#define COMPUTE_xor(a, b) (a ^ b)
#define COMPUTE_cmp(a, b) (a - b)
#define COMPUTE_test(a, b) (a & b)

#define FLAGS_add(bits)  soft_flags_add##bits(cpu, a, b, result)
#define FLAGS_adc(bits)  soft_flags_add##bits(cpu, a, b, result)
#define FLAGS_sub(bits)  soft_flags_sub##bits(cpu, a, b, result)
#define FLAGS_sbb(bits)  soft_flags_sub##bits(cpu, a, b, result)
#define FLAGS_cmp(bits)  soft_flags_sub##bits(cpu, a, b, result)
#define FLAGS_and(bits)  soft_flags_logic##bits(cpu, result)
#define FLAGS_or(bits)   soft_flags_logic##bits(cpu, result)
#define FLAGS_xor(bits)  soft_flags_logic##bits(cpu, result)
#define FLAGS_test(bits) soft_flags_logic##bits(cpu, result)
/* clang-format on */

/* Forms that write a register or only flags (keep is 0). The second operand is SOURCE. */
#define REGISTER_FORM(name, form, bits, keep, LOAD)                                        \
    static const struct op *name##_##form##bits(struct soft_cpu *cpu, const struct op *op) \
    {                                                                                      \
        uint##bits##_t a = soft_get##bits(cpu, op->reg);                                   \
        uint##bits##_t b;                                                                  \
        uint##bits##_t result;                                                             \
                                                                                           \
        LOAD result = (uint##bits##_t)COMPUTE_##name(a, b);                                \
        FLAGS_##name(bits);                                                                \
        if (keep) {                                                                        \
            soft_put##bits(cpu, op->reg, result);                                          \
        }                                                                                  \
        return SOFT_NEXT(cpu, op);                                                         \
    }

#define MEMORY_FORM(name, form, bits, SOURCE)                                              \
    static const struct op *name##_##form##bits(struct soft_cpu *cpu, const struct op *op) \
    {                                                                                      \
        uint##bits##_t b = (uint##bits##_t)(SOURCE);                                       \
        uint##bits##_t a;                                                                  \
        uint##bits##_t result;                                                             \
        uint64_t linear;                                                                   \
        void *host;                                                                        \
                                                                                           \
        if (!soft_modify_begin##bits(cpu, op, &linear, &host, &a)) {                       \
            return soft_fault(cpu, op);                                                    \
        }                                                                                  \
        result = (uint##bits##_t)COMPUTE_##name(a, b);                                     \
        if (!soft_modify_end##bits(cpu, linear, host, result)) {                           \
            return soft_fault(cpu, op);                                                    \
        }                                                                                  \
        FLAGS_##name(bits);                                                                \
        return SOFT_NEXT(cpu, op);                                                         \
    }

/* CMP and TEST read memory only. */
#define COMPARE_FORM(name, form, bits, SOURCE)                                             \
    static const struct op *name##_##form##bits(struct soft_cpu *cpu, const struct op *op) \
    {                                                                                      \
        uint##bits##_t b = (uint##bits##_t)(SOURCE);                                       \
        uint##bits##_t a;                                                                  \
        uint##bits##_t result;                                                             \
                                                                                           \
        if (!soft_operand_load##bits(cpu, op, &a)) {                                       \
            return soft_fault(cpu, op);                                                    \
        }                                                                                  \
        result = (uint##bits##_t)COMPUTE_##name(a, b);                                     \
        FLAGS_##name(bits);                                                                \
        return SOFT_NEXT(cpu, op);                                                         \
    }

#define LOAD_REGISTER(bits)  b = soft_get##bits(cpu, op->reg2);
#define LOAD_IMMEDIATE(bits) b = (uint##bits##_t)op->imm;
#define LOAD_MEMORY(bits)                        \
    if (!soft_operand_load##bits(cpu, op, &b)) { \
        return soft_fault(cpu, op);              \
    }

#define REGISTER_FORMS(name, bits, keep)                      \
    REGISTER_FORM(name, rr, bits, keep, LOAD_REGISTER(bits))  \
    REGISTER_FORM(name, ri, bits, keep, LOAD_IMMEDIATE(bits)) \
    REGISTER_FORM(name, rm, bits, keep, LOAD_MEMORY(bits))

#define WRITER_OF(name, bits)                                 \
    REGISTER_FORMS(name, bits, 1)                             \
    MEMORY_FORM(name, mr, bits, soft_get##bits(cpu, op->reg)) \
    MEMORY_FORM(name, mi, bits, op->imm)

#define COMPARER_OF(name, bits)                                \
    REGISTER_FORMS(name, bits, 0)                              \
    COMPARE_FORM(name, mr, bits, soft_get##bits(cpu, op->reg)) \
    COMPARE_FORM(name, mi, bits, op->imm)

#define TABLE(name)                                                                               \
    static const struct soft_forms name##_forms = { SOFT_SIZES(name##_rr), SOFT_SIZES(name##_ri), \
                                                    SOFT_SIZES(name##_rm), SOFT_SIZES(name##_mr), \
                                                    SOFT_SIZES(name##_mi) };

#define WRITER(name) \
    WRITER_OF(name, 8) WRITER_OF(name, 16) WRITER_OF(name, 32) WRITER_OF(name, 64) TABLE(name)
#define COMPARER(name)   \
    COMPARER_OF(name, 8) \
    COMPARER_OF(name, 16) COMPARER_OF(name, 32) COMPARER_OF(name, 64) TABLE(name)

WRITER(add)
WRITER(adc)
WRITER(sub)
WRITER(sbb)
WRITER(and)
WRITER(or)
WRITER(xor)
COMPARER(cmp)
COMPARER(test)

/* ---- one operand ---- */

/* INC and DEC keep CF. */
#define AFTER_inc(bits)                                 \
    {                                                   \
        uint64_t cf = cpu->flags.carry & (1ull << 63);  \
                                                        \
        soft_flags_add##bits(cpu, a, 1, result);        \
        cpu->flags.carry = cf | (cpu->flags.carry & 8); \
    }
#define AFTER_dec(bits)                                 \
    {                                                   \
        uint64_t cf = cpu->flags.carry & (1ull << 63);  \
                                                        \
        soft_flags_sub##bits(cpu, a, 1, result);        \
        cpu->flags.carry = cf | (cpu->flags.carry & 8); \
    }
#define AFTER_neg(bits) soft_flags_sub##bits(cpu, 0, a, result);
#define AFTER_not(bits)

#define VALUE_inc(a) (a + 1)
#define VALUE_dec(a) (a - 1)
#define VALUE_neg(a) (0 - a)
#define VALUE_not(a) (~a)

#define UNARY_OF(name, bits)                                                          \
    static const struct op *name##_r##bits(struct soft_cpu *cpu, const struct op *op) \
    {                                                                                 \
        uint##bits##_t a = soft_get##bits(cpu, op->reg);                              \
        uint##bits##_t result = (uint##bits##_t)VALUE_##name(a);                      \
                                                                                      \
        AFTER_##name(bits) soft_put##bits(cpu, op->reg, result);                      \
        return SOFT_NEXT(cpu, op);                                                    \
    }                                                                                 \
    static const struct op *name##_m##bits(struct soft_cpu *cpu, const struct op *op) \
    {                                                                                 \
        uint##bits##_t a;                                                             \
        uint##bits##_t result;                                                        \
        uint64_t linear;                                                              \
        void *host;                                                                   \
                                                                                      \
        if (!soft_modify_begin##bits(cpu, op, &linear, &host, &a)) {                  \
            return soft_fault(cpu, op);                                               \
        }                                                                             \
        result = (uint##bits##_t)VALUE_##name(a);                                     \
        if (!soft_modify_end##bits(cpu, linear, host, result)) {                      \
            return soft_fault(cpu, op);                                               \
        }                                                                             \
        AFTER_##name(bits) return SOFT_NEXT(cpu, op);                                 \
    }

#define UNARY(name)    \
    UNARY_OF(name, 8)  \
    UNARY_OF(name, 16) \
    UNARY_OF(name, 32) \
    UNARY_OF(name, 64) \
    static const struct soft_unary name##_forms = { SOFT_SIZES(name##_r), SOFT_SIZES(name##_m) };

UNARY(inc)
UNARY(dec)
UNARY(neg)
UNARY(not )

/* ---- XADD and CMPXCHG: the register is the second operand ---- */

#define EXCHANGE_OF(bits)                                                               \
    static const struct op *xadd_rr##bits(struct soft_cpu *cpu, const struct op *op)    \
    {                                                                                   \
        uint##bits##_t a = soft_get##bits(cpu, op->reg);                                \
        uint##bits##_t b = soft_get##bits(cpu, op->reg2);                               \
        uint##bits##_t result = (uint##bits##_t)(a + b);                                \
                                                                                        \
        soft_flags_add##bits(cpu, a, b, result);                                        \
        soft_put##bits(cpu, op->reg2, a);                                               \
        soft_put##bits(cpu, op->reg, result);                                           \
        return SOFT_NEXT(cpu, op);                                                      \
    }                                                                                   \
    static const struct op *xadd_mr##bits(struct soft_cpu *cpu, const struct op *op)    \
    {                                                                                   \
        uint##bits##_t a;                                                               \
        uint##bits##_t b = soft_get##bits(cpu, op->reg);                                \
        uint##bits##_t result;                                                          \
        uint64_t linear;                                                                \
        void *host;                                                                     \
                                                                                        \
        if (!soft_modify_begin##bits(cpu, op, &linear, &host, &a)) {                    \
            return soft_fault(cpu, op);                                                 \
        }                                                                               \
        result = (uint##bits##_t)(a + b);                                               \
        if (!soft_modify_end##bits(cpu, linear, host, result)) {                        \
            return soft_fault(cpu, op);                                                 \
        }                                                                               \
        soft_flags_add##bits(cpu, a, b, result);                                        \
        soft_put##bits(cpu, op->reg, a);                                                \
        return SOFT_NEXT(cpu, op);                                                      \
    }                                                                                   \
    static const struct op *cmpxchg_rr##bits(struct soft_cpu *cpu, const struct op *op) \
    {                                                                                   \
        uint##bits##_t a = soft_get##bits(cpu, X86_RAX);                                \
        uint##bits##_t old = soft_get##bits(cpu, op->reg);                              \
                                                                                        \
        soft_flags_sub##bits(cpu, a, old, (uint##bits##_t)(a - old));                   \
        if (a == old) {                                                                 \
            soft_put##bits(cpu, op->reg, soft_get##bits(cpu, op->reg2));                \
        } else {                                                                        \
            soft_put##bits(cpu, X86_RAX, old);                                          \
        }                                                                               \
        return SOFT_NEXT(cpu, op);                                                      \
    }                                                                                   \
    static const struct op *cmpxchg_mr##bits(struct soft_cpu *cpu, const struct op *op) \
    {                                                                                   \
        uint##bits##_t a = soft_get##bits(cpu, X86_RAX);                                \
        uint##bits##_t old;                                                             \
        uint64_t linear;                                                                \
        void *host;                                                                     \
                                                                                        \
        /* A failed comparison writes the old value back (SDM 2A, CMPXCHG). */          \
        if (!soft_modify_begin##bits(cpu, op, &linear, &host, &old) ||                  \
            !soft_modify_end##bits(cpu, linear, host,                                   \
                                   a == old ? soft_get##bits(cpu, op->reg) : old)) {    \
            return soft_fault(cpu, op);                                                 \
        }                                                                               \
        soft_flags_sub##bits(cpu, a, old, (uint##bits##_t)(a - old));                   \
        if (a != old) {                                                                 \
            soft_put##bits(cpu, X86_RAX, old);                                          \
        }                                                                               \
        return SOFT_NEXT(cpu, op);                                                      \
    }

EXCHANGE_OF(8)
EXCHANGE_OF(16)
EXCHANGE_OF(32)
EXCHANGE_OF(64)

static const struct soft_forms xadd_forms = { .rr = SOFT_SIZES(xadd_rr),
                                              .mr = SOFT_SIZES(xadd_mr) };
static const struct soft_forms cmpxchg_forms = { .rr = SOFT_SIZES(cmpxchg_rr),
                                                 .mr = SOFT_SIZES(cmpxchg_mr) };

/* ---- translation ---- */

void soft_translate_forms(struct soft_translation *t)
{
    const struct soft_forms *forms = t->table;
    unsigned size = soft_size_index(soft_operand_bytes(t, 0));
    struct op *op = t->op;

    op->operand_size = (uint8_t)soft_operand_bytes(t, 0);
    if (soft_operand_is_memory(t, 0)) {
        if (soft_operand_is_register(t, 1)) {
            op->reg = soft_operand_register(t, 1);
            op->run = forms->mr[size];
        } else {
            op->imm = soft_operand_immediate(t, 1);
            op->run = forms->mi[size];
        }
        return;
    }
    op->reg = soft_operand_register(t, 0);
    if (soft_operand_is_register(t, 1)) {
        op->reg2 = soft_operand_register(t, 1);
        op->run = forms->rr[size];
    } else if (soft_operand_is_memory(t, 1)) {
        op->run = forms->rm[size];
    } else {
        op->imm = soft_operand_immediate(t, 1);
        op->run = forms->ri[size];
    }
}

void soft_translate_unary(struct soft_translation *t)
{
    const struct soft_unary *forms = t->table;
    unsigned size = soft_size_index(soft_operand_bytes(t, 0));

    t->op->operand_size = (uint8_t)soft_operand_bytes(t, 0);
    if (soft_operand_is_memory(t, 0)) {
        t->op->run = forms->m[size];
    } else {
        t->op->reg = soft_operand_register(t, 0);
        t->op->run = forms->r[size];
    }
}

/* clang-format off */
static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_ADD,     0, soft_translate_forms, &add_forms },
    { ZYDIS_MNEMONIC_ADC,     0, soft_translate_forms, &adc_forms },
    { ZYDIS_MNEMONIC_SUB,     0, soft_translate_forms, &sub_forms },
    { ZYDIS_MNEMONIC_SBB,     0, soft_translate_forms, &sbb_forms },
    { ZYDIS_MNEMONIC_AND,     0, soft_translate_forms, &and_forms },
    { ZYDIS_MNEMONIC_OR,      0, soft_translate_forms, &or_forms },
    { ZYDIS_MNEMONIC_XOR,     0, soft_translate_forms, &xor_forms },
    { ZYDIS_MNEMONIC_CMP,     0, soft_translate_forms, &cmp_forms },
    { ZYDIS_MNEMONIC_TEST,    0, soft_translate_forms, &test_forms },
    { ZYDIS_MNEMONIC_INC,     0, soft_translate_unary, &inc_forms },
    { ZYDIS_MNEMONIC_DEC,     0, soft_translate_unary, &dec_forms },
    { ZYDIS_MNEMONIC_NEG,     0, soft_translate_unary, &neg_forms },
    { ZYDIS_MNEMONIC_NOT,     0, soft_translate_unary, &not_forms },
    { ZYDIS_MNEMONIC_XADD,    0, soft_translate_forms, &xadd_forms },
    { ZYDIS_MNEMONIC_CMPXCHG, 0, soft_translate_forms, &cmpxchg_forms },
};
/* clang-format on */
SOFT_DEFINE_GROUP(soft_group_alu, rows);
