/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conditional.c - SETcc and CMOVcc. */
#include "cpu/interp/operands.h"

#define SET_OF(name, code)                                                            \
    static const struct op *set_##name##_r(struct soft_cpu *cpu, const struct op *op) \
    {                                                                                 \
        soft_put8(cpu, op->reg, soft_condition(cpu, code));                           \
        return SOFT_NEXT(cpu, op);                                                    \
    }                                                                                 \
    static const struct op *set_##name##_m(struct soft_cpu *cpu, const struct op *op) \
    {                                                                                 \
        if (!soft_operand_store8(cpu, op, soft_condition(cpu, code))) {               \
            return soft_fault(cpu, op);                                               \
        }                                                                             \
        return SOFT_NEXT(cpu, op);                                                    \
    }                                                                                 \
    static const struct soft_unary set_##name = { .r = { set_##name##_r },            \
                                                  .m = { set_##name##_m } };

SOFT_CONDITIONS(SET_OF)

/* Memory is read whatever the condition; a 32-bit destination is cleared above even if not moved. */
#define MOVE_OF(name, code, bits)                                                            \
    static const struct op *cmov##name##_rr##bits(struct soft_cpu *cpu, const struct op *op) \
    {                                                                                        \
        soft_put##bits(cpu, op->reg,                                                         \
                       soft_condition(cpu, code) ? soft_get##bits(cpu, op->reg2)             \
                                                 : soft_get##bits(cpu, op->reg));            \
        return SOFT_NEXT(cpu, op);                                                           \
    }                                                                                        \
    static const struct op *cmov##name##_rm##bits(struct soft_cpu *cpu, const struct op *op) \
    {                                                                                        \
        uint##bits##_t value;                                                                \
                                                                                             \
        if (!soft_operand_load##bits(cpu, op, &value)) {                                     \
            return soft_fault(cpu, op);                                                      \
        }                                                                                    \
        soft_put##bits(cpu, op->reg,                                                         \
                       soft_condition(cpu, code) ? value : soft_get##bits(cpu, op->reg));    \
        return SOFT_NEXT(cpu, op);                                                           \
    }

#define MOVES_OF(name, code)                                                     \
    MOVE_OF(name, code, 16)                                                      \
    MOVE_OF(name, code, 32)                                                      \
    MOVE_OF(name, code, 64)                                                      \
    static const struct soft_forms cmov##name = {                                \
        .rr = { NULL, cmov##name##_rr16, cmov##name##_rr32, cmov##name##_rr64 }, \
        .rm = { NULL, cmov##name##_rm16, cmov##name##_rm32, cmov##name##_rm64 }, \
    };

SOFT_CONDITIONS(MOVES_OF)

/* clang-format off */
#define ROWS(upper, name) \
    { ZYDIS_MNEMONIC_SET##upper, 0, soft_translate_unary, &set_##name }, \
    { ZYDIS_MNEMONIC_CMOV##upper, SOFT_FEATURE_CMOV, soft_translate_forms, &cmov##name },
static const struct soft_row rows[] = {
    ROWS(O, o) ROWS(NO, no) ROWS(B, b) ROWS(NB, nb) ROWS(Z, z) ROWS(NZ, nz) ROWS(BE, be)
    ROWS(NBE, nbe) ROWS(S, s) ROWS(NS, ns) ROWS(P, p) ROWS(NP, np) ROWS(L, l) ROWS(NL, nl)
    ROWS(LE, le) ROWS(NLE, nle)
};
/* clang-format on */
SOFT_DEFINE_GROUP(soft_group_conditional, rows);
