/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * undefined.c - the list of RFLAGS bits that an instruction leaves undefined (SDM 2, "Flags Affected"):
 * the only flags that the harness does not compare.
 */
#include <Zydis/Zydis.h>

#include "silicon.h"

#define CF 0x001u
#define PF 0x004u
#define AF 0x010u
#define ZF 0x040u
#define SF 0x080u
#define OF 0x800u

/* Shifts and rotates: OF is defined for a count of one alone. */
static bool count_is_one(const ZydisDecodedInstruction *instruction,
                         const ZydisDecodedOperand *operands)
{
    const ZydisDecodedOperand *count = &operands[instruction->operand_count_visible - 1];

    if (count->type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
        unsigned mask = instruction->operand_width == 64 ? 63 : 31;

        return (count->imm.value.u & mask) == 1 || (count->imm.value.u & mask) == 0;
    }
    return false;
}

uint32_t silicon_undefined_flags(const ZydisDecodedInstruction *instruction,
                                 const ZydisDecodedOperand *operands)
{
    switch ((int)instruction->mnemonic) {
    case ZYDIS_MNEMONIC_AND:
    case ZYDIS_MNEMONIC_OR:
    case ZYDIS_MNEMONIC_XOR:
    case ZYDIS_MNEMONIC_TEST: return AF;
    case ZYDIS_MNEMONIC_MUL:
    case ZYDIS_MNEMONIC_IMUL: return SF | ZF | AF | PF;
    case ZYDIS_MNEMONIC_DIV:
    case ZYDIS_MNEMONIC_IDIV: return CF | PF | AF | ZF | SF | OF;
    case ZYDIS_MNEMONIC_BSF:
    case ZYDIS_MNEMONIC_BSR: return CF | PF | AF | SF | OF;
    case ZYDIS_MNEMONIC_BT:
    case ZYDIS_MNEMONIC_BTC:
    case ZYDIS_MNEMONIC_BTR:
    case ZYDIS_MNEMONIC_BTS: return OF | SF | AF | PF;
    case ZYDIS_MNEMONIC_TZCNT:
    case ZYDIS_MNEMONIC_LZCNT: return OF | SF | PF | AF;
    case ZYDIS_MNEMONIC_SHL:
    case ZYDIS_MNEMONIC_SHR:
    case ZYDIS_MNEMONIC_SAR:
        /* CF too, where a count reaches the width of 8 or 16 bits. */
        return AF | (count_is_one(instruction, operands) ? 0 : OF) |
               (!count_is_one(instruction, operands) && operands[0].size < 32 ? CF : 0);
    case ZYDIS_MNEMONIC_SHLD:
    case ZYDIS_MNEMONIC_SHRD: return AF | (count_is_one(instruction, operands) ? 0 : OF);
    case ZYDIS_MNEMONIC_RCL:
    case ZYDIS_MNEMONIC_RCR:
    case ZYDIS_MNEMONIC_ROL:
    case ZYDIS_MNEMONIC_ROR: return count_is_one(instruction, operands) ? 0 : OF;
    case ZYDIS_MNEMONIC_ANDN:
    case ZYDIS_MNEMONIC_BLSI:
    case ZYDIS_MNEMONIC_BLSMSK:
    case ZYDIS_MNEMONIC_BLSR:
    case ZYDIS_MNEMONIC_BZHI: return AF | PF;
    case ZYDIS_MNEMONIC_BEXTR: return AF | PF | SF;
    default: return 0;
    }
}
