/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shift.c - SHL, SHR, SAR, ROL, ROR, RCL, RCR, SHLD, SHRD.
 *
 * Each is one function from value and masked count (not zero) to the result, setting flags; the macros
 * make the forms: count immediate or CL, operand register or memory. OF is as for a count of one whatever
 * the count, where the manual leaves it undefined.
 */
#include "cpu/interp/operands.h"

#define TOP(bits, value) (((value) >> ((bits)-1)) & 1)

/* CF and OF alone. */
static inline void set_carry_overflow(struct soft_cpu *cpu, bool carry, bool overflow)
{
    soft_set_cf(cpu, carry);
    soft_set_of(cpu, overflow);
}

#define SHIFTS_OF(bits)                                                                           \
    static inline void shift_flags##bits(struct soft_cpu *cpu, uint##bits##_t result, bool carry, \
                                         bool overflow)                                           \
    {                                                                                             \
        soft_flags_logic##bits(cpu, result);                                                      \
        cpu->flags.carry = (uint64_t)carry << 63;                                                 \
        cpu->flags.overflow = (uint64_t)overflow << 63;                                           \
    }                                                                                             \
    static inline uint##bits##_t shl_value##bits(struct soft_cpu *cpu, uint##bits##_t a,          \
                                                 unsigned count)                                  \
    {                                                                                             \
        uint##bits##_t result = count < bits ? (uint##bits##_t)(a << count) : 0;                  \
        bool carry = count <= bits && (a >> (bits - count)) & 1;                                  \
                                                                                                  \
        shift_flags##bits(cpu, result, carry, TOP(bits, result) != carry);                        \
        return result;                                                                            \
    }                                                                                             \
    static inline uint##bits##_t shr_value##bits(struct soft_cpu *cpu, uint##bits##_t a,          \
                                                 unsigned count)                                  \
    {                                                                                             \
        uint##bits##_t result = count < bits ? (uint##bits##_t)(a >> count) : 0;                  \
                                                                                                  \
        shift_flags##bits(cpu, result, count <= bits && (a >> (count - 1)) & 1, TOP(bits, a));    \
        return result;                                                                            \
    }                                                                                             \
    static inline uint##bits##_t sar_value##bits(struct soft_cpu *cpu, uint##bits##_t a,          \
                                                 unsigned count)                                  \
    {                                                                                             \
        int##bits##_t value = (int##bits##_t)a;                                                   \
        unsigned last = MIN(count, (unsigned)bits);                                               \
        uint##bits##_t result = (uint##bits##_t)(value >> MIN(count, bits - 1u));                 \
                                                                                                  \
        shift_flags##bits(cpu, result, (value >> (last - 1)) & 1, false);                         \
        return result;                                                                            \
    }                                                                                             \
    static inline uint##bits##_t rol_value##bits(struct soft_cpu *cpu, uint##bits##_t a,          \
                                                 unsigned count)                                  \
    {                                                                                             \
        unsigned by = count % bits;                                                               \
        uint##bits##_t result = by == 0 ? a : (uint##bits##_t)(a << by | a >> (bits - by));       \
                                                                                                  \
        set_carry_overflow(cpu, result & 1, (result & 1) != TOP(bits, result));                   \
        return result;                                                                            \
    }                                                                                             \
    static inline uint##bits##_t ror_value##bits(struct soft_cpu *cpu, uint##bits##_t a,          \
                                                 unsigned count)                                  \
    {                                                                                             \
        unsigned by = count % bits;                                                               \
        uint##bits##_t result = by == 0 ? a : (uint##bits##_t)(a >> by | a << (bits - by));       \
                                                                                                  \
        set_carry_overflow(cpu, TOP(bits, result),                                                \
                           TOP(bits, result) != ((result >> (bits - 2)) & 1));                    \
        return result;                                                                            \
    }                                                                                             \
    /* Through CF: a rotation of bits + 1. */                                                     \
    static inline uint##bits##_t rcl_value##bits(struct soft_cpu *cpu, uint##bits##_t a,          \
                                                 unsigned count)                                  \
    {                                                                                             \
        unsigned by = count % (bits + 1);                                                         \
        bool carry = soft_cf(cpu);                                                                \
        uint##bits##_t result = a;                                                                \
                                                                                                  \
        if (by != 0) {                                                                            \
            result =                                                                              \
                (uint##bits##_t)((by < bits ? a << by : 0) | (uint##bits##_t)carry << (by - 1) |  \
                                 (by > 1 ? a >> (bits + 1 - by) : 0));                            \
            carry = (a >> (bits - by)) & 1;                                                       \
        }                                                                                         \
        set_carry_overflow(cpu, carry, TOP(bits, result) != carry);                               \
        return result;                                                                            \
    }                                                                                             \
    static inline uint##bits##_t rcr_value##bits(struct soft_cpu *cpu, uint##bits##_t a,          \
                                                 unsigned count)                                  \
    {                                                                                             \
        unsigned by = count % (bits + 1);                                                         \
        bool carry = soft_cf(cpu);                                                                \
        uint##bits##_t result = a;                                                                \
                                                                                                  \
        if (by != 0) {                                                                            \
            result = (uint##bits##_t)((by < bits ? a >> by : 0) |                                 \
                                      (uint##bits##_t)((uint##bits##_t)carry << (bits - by)) |    \
                                      (by > 1 ? a << (bits + 1 - by) : 0));                       \
            carry = (a >> (by - 1)) & 1;                                                          \
        }                                                                                         \
        set_carry_overflow(cpu, carry, TOP(bits, result) != ((result >> (bits - 2)) & 1));        \
        return result;                                                                            \
    }

SHIFTS_OF(8)
SHIFTS_OF(16)
SHIFTS_OF(32)
SHIFTS_OF(64)

#define MASK_OF(bits) ((bits) == 64 ? 63u : 31u)

/* A count of zero changes neither value nor flags, but memory is checked for the write and a 32-bit
 * register is cleared above. */
#define REGISTER_FORM(name, form, bits, COUNT)                                             \
    static const struct op *name##_##form##bits(struct soft_cpu *cpu, const struct op *op) \
    {                                                                                      \
        unsigned count = (unsigned)(COUNT)&MASK_OF(bits);                                  \
        uint##bits##_t value = soft_get##bits(cpu, op->reg);                               \
                                                                                           \
        if (soft_likely(count != 0)) {                                                     \
            value = name##_value##bits(cpu, value, count);                                 \
        }                                                                                  \
        soft_put##bits(cpu, op->reg, value);                                               \
        return SOFT_NEXT(cpu, op);                                                         \
    }

/* The flags are set before the store, so they are put back should it fail. */
#define MEMORY_FORM(name, form, bits, COUNT)                                               \
    static const struct op *name##_##form##bits(struct soft_cpu *cpu, const struct op *op) \
    {                                                                                      \
        unsigned count = (unsigned)(COUNT)&MASK_OF(bits);                                  \
        struct soft_flags flags = cpu->flags;                                              \
        uint##bits##_t value;                                                              \
        uint64_t linear;                                                                   \
        void *host;                                                                        \
                                                                                           \
        if (!soft_modify_begin##bits(cpu, op, &linear, &host, &value)) {                   \
            return soft_fault(cpu, op);                                                    \
        }                                                                                  \
        if (count != 0) {                                                                  \
            value = name##_value##bits(cpu, value, count);                                 \
        }                                                                                  \
        if (!soft_modify_end##bits(cpu, linear, host, value)) {                            \
            cpu->flags = flags;                                                            \
            return soft_fault(cpu, op);                                                    \
        }                                                                                  \
        return SOFT_NEXT(cpu, op);                                                         \
    }

/* rr and mr: the count is CL. */
#define FORMS_OF(name, bits)                               \
    REGISTER_FORM(name, rr, bits, cpu->state.gpr[X86_RCX]) \
    REGISTER_FORM(name, ri, bits, op->imm)                 \
    MEMORY_FORM(name, mr, bits, cpu->state.gpr[X86_RCX])   \
    MEMORY_FORM(name, mi, bits, op->imm)

#define SHIFT(name)                                                              \
    FORMS_OF(name, 8)                                                            \
    FORMS_OF(name, 16)                                                           \
    FORMS_OF(name, 32)                                                           \
    FORMS_OF(name, 64)                                                           \
    static const struct soft_forms name##_forms = { .rr = SOFT_SIZES(name##_rr), \
                                                    .ri = SOFT_SIZES(name##_ri), \
                                                    .mr = SOFT_SIZES(name##_mr), \
                                                    .mi = SOFT_SIZES(name##_mi) };

SHIFT(shl)
SHIFT(shr)
SHIFT(sar)
SHIFT(rol)
SHIFT(ror)
SHIFT(rcl)
SHIFT(rcr)

/* ---- double shifts: destination, source, count ---- */

/* For 16 bits a count above 16 is undefined; here the pair source:destination goes on rotating. */
#define DOUBLES_OF(bits)                                                                  \
    static inline uint##bits##_t shld_value##bits(struct soft_cpu *cpu, uint##bits##_t a, \
                                                  uint##bits##_t b, unsigned count)       \
    {                                                                                     \
        uint##bits##_t result;                                                            \
        bool carry;                                                                       \
                                                                                          \
        if (count > bits) {                                                               \
            uint##bits##_t first = a;                                                     \
                                                                                          \
            count -= bits;                                                                \
            a = b;                                                                        \
            b = first;                                                                    \
        }                                                                                 \
        result = count == bits ? b : (uint##bits##_t)(a << count | b >> (bits - count));  \
        carry = (a >> (bits - count)) & 1;                                                \
        shift_flags##bits(cpu, result, carry, TOP(bits, result) != TOP(bits, a));         \
        return result;                                                                    \
    }                                                                                     \
    static inline uint##bits##_t shrd_value##bits(struct soft_cpu *cpu, uint##bits##_t a, \
                                                  uint##bits##_t b, unsigned count)       \
    {                                                                                     \
        uint##bits##_t result;                                                            \
        bool carry;                                                                       \
                                                                                          \
        if (count > bits) {                                                               \
            uint##bits##_t first = a;                                                     \
                                                                                          \
            count -= bits;                                                                \
            a = b;                                                                        \
            b = first;                                                                    \
        }                                                                                 \
        result = count == bits ? b : (uint##bits##_t)(a >> count | b << (bits - count));  \
        carry = (a >> (count - 1)) & 1;                                                   \
        shift_flags##bits(cpu, result, carry, TOP(bits, result) != TOP(bits, a));         \
        return result;                                                                    \
    }

DOUBLES_OF(16)
DOUBLES_OF(32)
DOUBLES_OF(64)

#define DOUBLE_FORM(name, bits)                                                           \
    static const struct op *name##_r##bits(struct soft_cpu *cpu, const struct op *op)     \
    {                                                                                     \
        uint64_t source = op->detail != 0 ? cpu->state.gpr[X86_RCX] : op->imm;            \
        unsigned count = (unsigned)source & MASK_OF(bits);                                \
        uint##bits##_t value = soft_get##bits(cpu, op->reg);                              \
                                                                                          \
        if (count != 0) {                                                                 \
            value = name##_value##bits(cpu, value, soft_get##bits(cpu, op->reg2), count); \
        }                                                                                 \
        soft_put##bits(cpu, op->reg, value);                                              \
        return SOFT_NEXT(cpu, op);                                                        \
    }                                                                                     \
    static const struct op *name##_m##bits(struct soft_cpu *cpu, const struct op *op)     \
    {                                                                                     \
        uint64_t source = op->detail != 0 ? cpu->state.gpr[X86_RCX] : op->imm;            \
        unsigned count = (unsigned)source & MASK_OF(bits);                                \
        struct soft_flags flags = cpu->flags;                                             \
        uint##bits##_t value;                                                             \
        uint64_t linear;                                                                  \
        void *host;                                                                       \
                                                                                          \
        if (!soft_modify_begin##bits(cpu, op, &linear, &host, &value)) {                  \
            return soft_fault(cpu, op);                                                   \
        }                                                                                 \
        if (count != 0) {                                                                 \
            value = name##_value##bits(cpu, value, soft_get##bits(cpu, op->reg2), count); \
        }                                                                                 \
        if (!soft_modify_end##bits(cpu, linear, host, value)) {                           \
            cpu->flags = flags;                                                           \
            return soft_fault(cpu, op);                                                   \
        }                                                                                 \
        return SOFT_NEXT(cpu, op);                                                        \
    }

#define DOUBLE(name)                                       \
    DOUBLE_FORM(name, 16)                                  \
    DOUBLE_FORM(name, 32)                                  \
    DOUBLE_FORM(name, 64)                                  \
    static const struct soft_unary name##_forms = {        \
        .r = { NULL, name##_r16, name##_r32, name##_r64 }, \
        .m = { NULL, name##_m16, name##_m32, name##_m64 }, \
    };

DOUBLE(shld)
DOUBLE(shrd)

static void translate_double(struct soft_translation *t)
{
    soft_translate_unary(t);
    t->op->reg2 = soft_operand_register(t, 1);
    t->op->detail = soft_operand_is_register(t, 2);
    t->op->imm = t->op->detail != 0 ? 0 : soft_operand_immediate(t, 2);
}

/* clang-format off */
static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_SHL,  0, soft_translate_forms, &shl_forms },
    { ZYDIS_MNEMONIC_SHR,  0, soft_translate_forms, &shr_forms },
    { ZYDIS_MNEMONIC_SAR,  0, soft_translate_forms, &sar_forms },
    { ZYDIS_MNEMONIC_ROL,  0, soft_translate_forms, &rol_forms },
    { ZYDIS_MNEMONIC_ROR,  0, soft_translate_forms, &ror_forms },
    { ZYDIS_MNEMONIC_RCL,  0, soft_translate_forms, &rcl_forms },
    { ZYDIS_MNEMONIC_RCR,  0, soft_translate_forms, &rcr_forms },
    { ZYDIS_MNEMONIC_SHLD, 0, translate_double, &shld_forms },
    { ZYDIS_MNEMONIC_SHRD, 0, translate_double, &shrd_forms },
};
/* clang-format on */
SOFT_DEFINE_GROUP(soft_group_shift, rows);
