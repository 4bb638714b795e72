/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bmi.c - BMI1 and BMI2 (but for TZCNT) and ADX: VEX-encoded integer instructions on general
 * registers.
 */
#include "cpu/soft_translate.h"

__extension__ typedef unsigned __int128 soft_uint128;

/* ---- operands: reg, reg2, reg3 or memory in the third's place; operand_size 4 or 8 ---- */

static uint64_t trim(const struct op *op, uint64_t value)
{
    return op->operand_size == 8 ? value : (uint32_t)value;
}

static unsigned bits_of(const struct op *op)
{
    return op->operand_size * 8u;
}

/* Register reg3 or, where that is SOFT_GPR_ZERO, memory. */
static bool source(struct soft_cpu *cpu, const struct op *op, uint64_t *value)
{
    uint64_t linear;

    *value = trim(op, cpu->state.gpr[op->reg3]);
    if (op->reg3 != SOFT_GPR_ZERO) {
        return true;
    }
    return soft_operand(cpu, op, op->operand_size, SOFT_READ, &linear) &&
           soft_load(cpu, linear, value, op->operand_size);
}

/* VEX instructions are undefined in real and virtual-8086 mode. */
static bool is_usable(const struct soft_cpu *cpu)
{
    return soft_is_protected(cpu) && (cpu->state.rflags & SOFT_RFLAGS_VM) == 0;
}

/* ---- flags ---- */

/* ZF and SF of the result, CF as given; OF, AF and PF (undefined or cleared) become zero. */
static void set_flags(struct soft_cpu *cpu, const struct op *op, uint64_t result, bool carry)
{
    bool sign = (result >> (bits_of(op) - 1) & 1) != 0;

    soft_set_arithmetic_flags(cpu, (result == 0 ? SOFT_RFLAGS_ZF : 0) |
                                       (sign ? SOFT_RFLAGS_SF : 0) | (carry ? SOFT_RFLAGS_CF : 0));
}

/* ---- one function for each: value and second operand to result and, where it has flags, CF ---- */

struct bmi {
    uint64_t (*function)(uint64_t value, uint64_t second, unsigned bits, bool *carry);
    bool has_flags;
};

static uint64_t do_andn(uint64_t value, uint64_t second, unsigned bits, bool *carry)
{
    (void)bits;
    *carry = false;
    return ~second & value;
}

static uint64_t do_bextr(uint64_t value, uint64_t second, unsigned bits, bool *carry)
{
    unsigned start = second & 0xff, length = second >> 8 & 0xff;

    *carry = false;
    value = start < bits ? value >> start : 0;
    return length < bits ? value & ((1ull << length) - 1) : value;
}

static uint64_t do_bzhi(uint64_t value, uint64_t second, unsigned bits, bool *carry)
{
    unsigned index = second & 0xff;

    *carry = index > bits - 1;
    return index < bits ? value & ((1ull << index) - 1) : value;
}

static uint64_t do_blsi(uint64_t value, uint64_t second, unsigned bits, bool *carry)
{
    (void)second;
    (void)bits;
    *carry = value != 0;
    return value & -value;
}

static uint64_t do_blsmsk(uint64_t value, uint64_t second, unsigned bits, bool *carry)
{
    (void)second;
    (void)bits;
    *carry = value == 0;
    return value ^ (value - 1);
}

static uint64_t do_blsr(uint64_t value, uint64_t second, unsigned bits, bool *carry)
{
    (void)second;
    (void)bits;
    *carry = value == 0;
    return value & (value - 1);
}

/* Low bits of second to the places of the mask's bits. */
static uint64_t do_pdep(uint64_t mask, uint64_t second, unsigned bits, bool *carry)
{
    uint64_t result = 0;

    (void)bits;
    (void)carry;
    for (; mask != 0; mask &= mask - 1) {
        result |= (second & 1) != 0 ? mask & -mask : 0;
        second >>= 1;
    }
    return result;
}

static uint64_t do_pext(uint64_t mask, uint64_t second, unsigned bits, bool *carry)
{
    uint64_t result = 0;

    (void)bits;
    (void)carry;
    for (unsigned place = 0; mask != 0; mask &= mask - 1) {
        result |= (uint64_t)((second & mask & -mask) != 0) << place++;
    }
    return result;
}

static uint64_t do_sarx(uint64_t value, uint64_t second, unsigned bits, bool *carry)
{
    unsigned count = (unsigned)second & (bits - 1);

    (void)carry;
    return bits == 64 ? (uint64_t)((int64_t)value >> count)
                      : (uint32_t)((int32_t)(uint32_t)value >> count);
}

static uint64_t do_shlx(uint64_t value, uint64_t second, unsigned bits, bool *carry)
{
    (void)carry;
    return value << (second & (bits - 1));
}

static uint64_t do_shrx(uint64_t value, uint64_t second, unsigned bits, bool *carry)
{
    (void)carry;
    return value >> (second & (bits - 1));
}

static uint64_t do_rorx(uint64_t value, uint64_t second, unsigned bits, bool *carry)
{
    unsigned count = (unsigned)second & (bits - 1);

    (void)carry;
    return count == 0 ? value : value >> count | value << (bits - count);
}

static const struct op *op_bmi(struct soft_cpu *cpu, const struct op *op)
{
    const struct bmi *bmi = (const struct bmi *)(uintptr_t)op->imm;
    uint64_t second = op->reg2 == SOFT_GPR_ZERO ? op->detail : cpu->state.gpr[op->reg2];
    uint64_t value, result;
    bool carry = false;

    if (!is_usable(cpu)) {
        return soft_raise(cpu, op, SOFT_UD);
    }
    if (!source(cpu, op, &value)) {
        return soft_fault(cpu, op);
    }
    result = trim(op, bmi->function(value, trim(op, second), bits_of(op), &carry));
    cpu->state.gpr[op->reg] = result;
    if (bmi->has_flags) {
        set_flags(cpu, op, result, carry);
    }
    return SOFT_NEXT(cpu, op);
}

/* source_index: the operand that may be in memory; the other one, if any, is second. */
static void translate(struct soft_translation *t, unsigned source_index, unsigned second_index)
{
    struct op *op = t->op;

    if (t->instruction->encoding != ZYDIS_INSTRUCTION_ENCODING_VEX) {
        return;
    }
    op->imm = (uintptr_t)t->table;
    op->operand_size = (uint8_t)soft_operand_bytes(t, 0);
    op->reg = soft_operand_register(t, 0);
    op->reg3 = t->has_memory ? SOFT_GPR_ZERO : soft_operand_register(t, source_index);
    op->reg2 = SOFT_GPR_ZERO;
    if (second_index < t->instruction->operand_count_visible) {
        if (soft_operand_is_immediate(t, second_index)) {
            op->detail = (uint8_t)soft_operand_immediate(t, second_index);
        } else {
            op->reg2 = soft_operand_register(t, second_index);
        }
    }
    op->run = op_bmi;
}

/* ANDN, PDEP, PEXT: (dst, second, r/m). */
static void translate_last(struct soft_translation *t)
{
    translate(t, 2, 1);
}

/* BEXTR, BZHI, shifts, RORX: (dst, r/m, second); BLSI and the like: (dst, r/m). */
static void translate_middle(struct soft_translation *t)
{
    translate(t, 1, 2);
}

/* ---- MULX: high, low = RDX * r/m ---- */

static const struct op *op_mulx(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t value;
    soft_uint128 product;

    if (!is_usable(cpu)) {
        return soft_raise(cpu, op, SOFT_UD);
    }
    if (!source(cpu, op, &value)) {
        return soft_fault(cpu, op);
    }
    product = (soft_uint128)value * trim(op, cpu->state.gpr[X86_RDX]);
    cpu->state.gpr[op->reg2] = trim(op, (uint64_t)product);
    cpu->state.gpr[op->reg] = trim(op, (uint64_t)(product >> bits_of(op)));
    return SOFT_NEXT(cpu, op);
}

static void translate_mulx(struct soft_translation *t)
{
    translate_last(t);
    if (t->op->run != NULL) {
        t->op->run = op_mulx;
    }
}

/* ---- ADCX, ADOX: one flag each, the others stay; no VEX ---- */

static const struct op *add_with(struct soft_cpu *cpu, const struct op *op, uint64_t flag)
{
    uint64_t flags = soft_rflags(cpu) & SOFT_RFLAGS_ARITHMETIC;
    uint64_t value;
    soft_uint128 sum;

    if (!source(cpu, op, &value)) {
        return soft_fault(cpu, op);
    }
    sum = (soft_uint128)value + trim(op, cpu->state.gpr[op->reg]) + ((flags & flag) != 0);
    cpu->state.gpr[op->reg] = trim(op, (uint64_t)sum);
    flags = (flags & ~flag) | ((sum >> bits_of(op)) != 0 ? flag : 0);
    soft_set_arithmetic_flags(cpu, flags);
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_adcx(struct soft_cpu *cpu, const struct op *op)
{
    return add_with(cpu, op, SOFT_RFLAGS_CF);
}

static const struct op *op_adox(struct soft_cpu *cpu, const struct op *op)
{
    return add_with(cpu, op, SOFT_RFLAGS_OF);
}

static void translate_add(struct soft_translation *t)
{
    t->op->operand_size = (uint8_t)soft_operand_bytes(t, 0);
    t->op->reg = soft_operand_register(t, 0);
    t->op->reg3 = t->has_memory ? SOFT_GPR_ZERO : soft_operand_register(t, 1);
    t->op->run = ((const struct soft_simple *)t->table)->run;
}

#define BMI(name, has_flags) static const struct bmi bmi_##name = { do_##name, has_flags };

BMI(andn, true)
BMI(bextr, true)
BMI(bzhi, true)
BMI(blsi, true)
BMI(blsmsk, true)
BMI(blsr, true)
BMI(pdep, false)
BMI(pext, false)
BMI(sarx, false)
BMI(shlx, false)
BMI(shrx, false)
BMI(rorx, false)
static const struct soft_simple adcx = { op_adcx, false, false };
static const struct soft_simple adox = { op_adox, false, false };

static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_ANDN, SOFT_FEATURE_BMI1, translate_last, &bmi_andn },
    { ZYDIS_MNEMONIC_BEXTR, SOFT_FEATURE_BMI1, translate_middle, &bmi_bextr },
    { ZYDIS_MNEMONIC_BLSI, SOFT_FEATURE_BMI1, translate_middle, &bmi_blsi },
    { ZYDIS_MNEMONIC_BLSMSK, SOFT_FEATURE_BMI1, translate_middle, &bmi_blsmsk },
    { ZYDIS_MNEMONIC_BLSR, SOFT_FEATURE_BMI1, translate_middle, &bmi_blsr },
    { ZYDIS_MNEMONIC_BZHI, SOFT_FEATURE_BMI2, translate_middle, &bmi_bzhi },
    { ZYDIS_MNEMONIC_PDEP, SOFT_FEATURE_BMI2, translate_last, &bmi_pdep },
    { ZYDIS_MNEMONIC_PEXT, SOFT_FEATURE_BMI2, translate_last, &bmi_pext },
    { ZYDIS_MNEMONIC_SARX, SOFT_FEATURE_BMI2, translate_middle, &bmi_sarx },
    { ZYDIS_MNEMONIC_SHLX, SOFT_FEATURE_BMI2, translate_middle, &bmi_shlx },
    { ZYDIS_MNEMONIC_SHRX, SOFT_FEATURE_BMI2, translate_middle, &bmi_shrx },
    { ZYDIS_MNEMONIC_RORX, SOFT_FEATURE_BMI2, translate_middle, &bmi_rorx },
    { ZYDIS_MNEMONIC_MULX, SOFT_FEATURE_BMI2, translate_mulx, NULL },
    { ZYDIS_MNEMONIC_ADCX, SOFT_FEATURE_ADX, translate_add, &adcx },
    { ZYDIS_MNEMONIC_ADOX, SOFT_FEATURE_ADX, translate_add, &adox },
};
SOFT_DEFINE_GROUP(soft_group_bmi, rows);
