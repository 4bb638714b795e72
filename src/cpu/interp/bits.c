/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bits.c - BT, BTS, BTR, BTC; BSF, BSR, TZCNT, LZCNT, POPCNT.
 *
 * BSF and BSR of zero leave the destination alone, as processors do and AMD documents.
 */
#include "cpu/interp/operands.h"

/* ---- bit tests: the others' flags stay ---- */

#define AFTER_bt(value, mask)  (value)
#define AFTER_bts(value, mask) ((value) | (mask))
#define AFTER_btr(value, mask) ((value) & ~(mask))
#define AFTER_btc(value, mask) ((value) ^ (mask))

/* A register as bit offset moves the memory operand: bytes by offset / bits, signed. */
#define TEST_OF(name, bits, writes)                                                        \
    static const struct op *name##_r##bits(struct soft_cpu *cpu, const struct op *op)      \
    {                                                                                      \
        uint64_t at = op->detail != 0 ? cpu->state.gpr[op->reg2] : op->imm;                \
        uint##bits##_t value = soft_get##bits(cpu, op->reg);                               \
        uint##bits##_t mask = (uint##bits##_t)((uint##bits##_t)1 << (at % bits));          \
                                                                                           \
        if (writes) {                                                                      \
            soft_put##bits(cpu, op->reg, (uint##bits##_t)AFTER_##name(value, mask));       \
        }                                                                                  \
        soft_set_cf(cpu, (value & mask) != 0);                                             \
        return SOFT_NEXT(cpu, op);                                                         \
    }                                                                                      \
    static const struct op *name##_m##bits(struct soft_cpu *cpu, const struct op *op)      \
    {                                                                                      \
        struct op moved = *op;                                                             \
        uint64_t at = op->imm;                                                             \
        uint##bits##_t value;                                                              \
        uint##bits##_t mask;                                                               \
        uint64_t linear;                                                                   \
        void *host;                                                                        \
                                                                                           \
        if (op->detail != 0) {                                                             \
            at = cpu->state.gpr[op->reg2];                                                 \
            moved.disp += (int64_t)(int##bits##_t)at / bits * (bits / 8);                  \
            if ((int##bits##_t)at % bits < 0) {                                            \
                moved.disp -= bits / 8;                                                    \
            }                                                                              \
        }                                                                                  \
        mask = (uint##bits##_t)((uint##bits##_t)1 << (at % bits));                         \
        if (writes ? !soft_modify_begin##bits(cpu, &moved, &linear, &host, &value)         \
                   : !soft_operand_load##bits(cpu, &moved, &value)) {                      \
            return soft_fault(cpu, op);                                                    \
        }                                                                                  \
        if (writes && !soft_modify_end##bits(cpu, linear, host,                            \
                                             (uint##bits##_t)AFTER_##name(value, mask))) { \
            return soft_fault(cpu, op);                                                    \
        }                                                                                  \
        soft_set_cf(cpu, (value & mask) != 0);                                             \
        return SOFT_NEXT(cpu, op);                                                         \
    }

#define TEST(name, writes)                                 \
    TEST_OF(name, 16, writes)                              \
    TEST_OF(name, 32, writes)                              \
    TEST_OF(name, 64, writes)                              \
    static const struct soft_unary name##_forms = {        \
        .r = { NULL, name##_r16, name##_r32, name##_r64 }, \
        .m = { NULL, name##_m16, name##_m32, name##_m64 }, \
    };

TEST(bt, 0)
TEST(bts, 1)
TEST(btr, 1)
TEST(btc, 1)

static void translate_test(struct soft_translation *t)
{
    soft_translate_unary(t);
    t->op->detail = soft_operand_is_register(t, 1);
    if (t->op->detail != 0) {
        t->op->reg2 = soft_operand_register(t, 1);
    } else {
        t->op->imm = soft_operand_immediate(t, 1);
    }
}

/* ---- counting and searching ---- */

static inline unsigned lowest(uint64_t value)
{
    return (unsigned)__builtin_ctzll(value);
}

static inline unsigned highest(uint64_t value)
{
    return 63u - (unsigned)__builtin_clzll(value);
}

/* The result; whether the destination is written; the flags. */
#define RESULT_bsf(bits)    (uint##bits##_t)(value == 0 ? 0 : lowest(value))
#define RESULT_bsr(bits)    (uint##bits##_t)(value == 0 ? 0 : highest(value))
#define RESULT_tzcnt(bits)  (uint##bits##_t)(value == 0 ? bits : lowest(value))
#define RESULT_lzcnt(bits)  (uint##bits##_t)(value == 0 ? bits : bits - 1 - highest(value))
#define RESULT_popcnt(bits) (uint##bits##_t) __builtin_popcountll(value)

#define WRITES_bsf    value != 0
#define WRITES_bsr    value != 0
#define WRITES_tzcnt  true
#define WRITES_lzcnt  true
#define WRITES_popcnt true

/* ZF as documented. The undefined ones stay, but BSF and BSR set PF by the result and clear CF, OF. */
#define FLAGS_search(bits)            \
    cpu->flags = (struct soft_flags)  \
    {                                 \
        .zero = value, .sign = result \
    }
#define FLAGS_bsf(bits) FLAGS_search(bits)
#define FLAGS_bsr(bits) FLAGS_search(bits)
#define FLAGS_tzcnt(bits)     \
    cpu->flags.zero = result; \
    soft_set_cf(cpu, value == 0)
#define FLAGS_lzcnt(bits) FLAGS_tzcnt(bits)
#define FLAGS_popcnt(bits)           \
    cpu->flags = (struct soft_flags) \
    {                                \
        .zero = value, .sign = 1     \
    }

#define SEARCH_OF(name, bits)                                                                      \
    static inline void name##_into##bits(struct soft_cpu *cpu, unsigned reg, uint##bits##_t value) \
    {                                                                                              \
        uint##bits##_t result = RESULT_##name(bits);                                               \
                                                                                                   \
        FLAGS_##name(bits);                                                                        \
        if (WRITES_##name) {                                                                       \
            soft_put##bits(cpu, reg, result);                                                      \
        }                                                                                          \
    }                                                                                              \
    static const struct op *name##_rr##bits(struct soft_cpu *cpu, const struct op *op)             \
    {                                                                                              \
        name##_into##bits(cpu, op->reg, soft_get##bits(cpu, op->reg2));                            \
        return SOFT_NEXT(cpu, op);                                                                 \
    }                                                                                              \
    static const struct op *name##_rm##bits(struct soft_cpu *cpu, const struct op *op)             \
    {                                                                                              \
        uint##bits##_t value;                                                                      \
                                                                                                   \
        if (!soft_operand_load##bits(cpu, op, &value)) {                                           \
            return soft_fault(cpu, op);                                                            \
        }                                                                                          \
        name##_into##bits(cpu, op->reg, value);                                                    \
        return SOFT_NEXT(cpu, op);                                                                 \
    }

#define SEARCH(name)                                           \
    SEARCH_OF(name, 16)                                        \
    SEARCH_OF(name, 32)                                        \
    SEARCH_OF(name, 64)                                        \
    static const struct soft_forms name##_forms = {            \
        .rr = { NULL, name##_rr16, name##_rr32, name##_rr64 }, \
        .rm = { NULL, name##_rm16, name##_rm32, name##_rm64 }, \
    };

SEARCH(bsf)
SEARCH(bsr)
SEARCH(tzcnt)
SEARCH(lzcnt)
SEARCH(popcnt)

/* clang-format off */
static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_BT,     0, translate_test, &bt_forms },
    { ZYDIS_MNEMONIC_BTS,    0, translate_test, &bts_forms },
    { ZYDIS_MNEMONIC_BTR,    0, translate_test, &btr_forms },
    { ZYDIS_MNEMONIC_BTC,    0, translate_test, &btc_forms },
    { ZYDIS_MNEMONIC_BSF,    0, soft_translate_forms, &bsf_forms },
    { ZYDIS_MNEMONIC_BSR,    0, soft_translate_forms, &bsr_forms },
    { ZYDIS_MNEMONIC_TZCNT,  SOFT_FEATURE_BMI1, soft_translate_forms, &tzcnt_forms },
    { ZYDIS_MNEMONIC_LZCNT,  SOFT_FEATURE_ABM, soft_translate_forms, &lzcnt_forms },
    { ZYDIS_MNEMONIC_POPCNT, SOFT_FEATURE_POPCNT, soft_translate_forms, &popcnt_forms },
};
/* clang-format on */
SOFT_DEFINE_GROUP(soft_group_bits, rows);
