/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bcd.c - AAA, AAS, AAM, AAD, DAA, DAS: outside 64-bit mode only, which the decoder sees to. */
#include "cpu/interp/operands.h"

#define AH (X86_RAX * 8 + 1)

/* SF, ZF, PF by AL; CF and AF as given; OF, undefined, is 0. */
static void set_flags(struct soft_cpu *cpu, uint8_t value, bool carry, bool adjust)
{
    soft_flags_logic8(cpu, value);
    cpu->flags.carry = (uint64_t)carry << 63 | (adjust ? 8 : 0);
}

static const struct op *ascii_adjust(struct soft_cpu *cpu, const struct op *op, int direction)
{
    uint16_t ax = soft_get16(cpu, X86_RAX);
    bool adjusts = (ax & 0xf) > 9 || soft_af(cpu);

    if (adjusts) {
        ax = (uint16_t)(ax + direction * 0x106);
    }
    ax &= 0xff0f;
    soft_put16(cpu, X86_RAX, ax);
    set_flags(cpu, (uint8_t)ax, adjusts, adjusts);
    return SOFT_NEXT(cpu, op);
}

static const struct op *aaa(struct soft_cpu *cpu, const struct op *op)
{
    return ascii_adjust(cpu, op, 1);
}

static const struct op *aas(struct soft_cpu *cpu, const struct op *op)
{
    return ascii_adjust(cpu, op, -1);
}

static const struct op *aam(struct soft_cpu *cpu, const struct op *op)
{
    uint8_t al = soft_get8(cpu, X86_RAX);
    uint8_t base = (uint8_t)op->imm;

    if (base == 0) {
        return soft_raise(cpu, op, SOFT_DE);
    }
    soft_put8(cpu, AH, (uint8_t)(al / base));
    soft_put8(cpu, X86_RAX, (uint8_t)(al % base));
    set_flags(cpu, (uint8_t)(al % base), false, false);
    return SOFT_NEXT(cpu, op);
}

static const struct op *aad(struct soft_cpu *cpu, const struct op *op)
{
    uint8_t al = (uint8_t)(soft_get8(cpu, X86_RAX) + soft_get8(cpu, AH) * op->imm);

    soft_put16(cpu, X86_RAX, al);
    set_flags(cpu, al, false, false);
    return SOFT_NEXT(cpu, op);
}

/* SDM 2A, DAA and DAS: the two digits one after the other. */
static const struct op *decimal_adjust(struct soft_cpu *cpu, const struct op *op, int direction)
{
    uint8_t old = soft_get8(cpu, X86_RAX);
    uint8_t al = old;
    bool old_carry = soft_cf(cpu);
    bool carry = false;
    bool adjust = (old & 0xf) > 9 || soft_af(cpu);

    if (adjust) {
        al = (uint8_t)(al + direction * 6);
        carry = old_carry || (direction < 0 && old < 6);
    }
    if (old > 0x99 || old_carry) {
        al = (uint8_t)(al + direction * 0x60);
        carry = true;
    }
    soft_put8(cpu, X86_RAX, al);
    set_flags(cpu, al, carry, adjust);
    return SOFT_NEXT(cpu, op);
}

static const struct op *daa(struct soft_cpu *cpu, const struct op *op)
{
    return decimal_adjust(cpu, op, 1);
}

static const struct op *das(struct soft_cpu *cpu, const struct op *op)
{
    return decimal_adjust(cpu, op, -1);
}

static void translate_with_base(struct soft_translation *t)
{
    t->op->imm = soft_operand_immediate(t, 0) & 0xff;
    t->op->run = ((const struct soft_simple *)t->table)->run;
}

#define SIMPLE(name) static const struct soft_simple simple_##name = { name, false, false };
SIMPLE(aaa)
SIMPLE(aas)
SIMPLE(aam)
SIMPLE(aad)
SIMPLE(daa)
SIMPLE(das)

/* clang-format off */
static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_AAA, 0, soft_translate_simple, &simple_aaa },
    { ZYDIS_MNEMONIC_AAS, 0, soft_translate_simple, &simple_aas },
    { ZYDIS_MNEMONIC_AAM, 0, translate_with_base, &simple_aam },
    { ZYDIS_MNEMONIC_AAD, 0, translate_with_base, &simple_aad },
    { ZYDIS_MNEMONIC_DAA, 0, soft_translate_simple, &simple_daa },
    { ZYDIS_MNEMONIC_DAS, 0, soft_translate_simple, &simple_das },
};
/* clang-format on */
SOFT_DEFINE_GROUP(soft_group_bcd, rows);
