/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * generate_filter.c - which instructions the harness runs: those that soft has a row for and the host
 * has by CPUID, that need no privilege, and whose result is defined.
 */
#include "generate_filter.h"

#include <cpuid.h>

#include "cpu/soft_translate.h"
#include "silicon.h"

static bool host_has[SOFT_FEATURE_COUNT];
static const struct soft_row *rows[ZYDIS_MNEMONIC_MAX_VALUE + 1];

static bool host_bit(unsigned leaf, unsigned subleaf, char reg, unsigned bit)
{
    unsigned a, b, c, d;

    if (__get_cpuid_count(leaf, subleaf, &a, &b, &c, &d) == 0) {
        return false;
    }
    return ((reg == 'a' ? a : reg == 'b' ? b : reg == 'c' ? c : d) >> bit & 1) != 0;
}

void silicon_probe_host(void)
{
#define PROBE(name, text, leaf, subleaf, reg, bit) \
    host_has[SOFT_FEATURE_##name] = host_bit(leaf, subleaf, reg, bit);
    SOFT_FEATURES(PROBE)
#undef PROBE
    host_has[SOFT_FEATURE_NONE] = true;
    for (unsigned i = 0; i < soft_group_count; i++) {
        for (unsigned k = 0; k < soft_groups[i]->count; k++) {
            rows[soft_groups[i]->rows[k].mnemonic] = &soft_groups[i]->rows[k];
        }
    }
}

bool silicon_host_has_avx(void)
{
    return host_has[SOFT_FEATURE_AVX] && host_has[SOFT_FEATURE_XSAVE];
}

/* Control flow, system calls, segments, what asks for the machine, for time or for chance. */
static bool is_forbidden(ZydisMnemonic mnemonic)
{
    switch ((int)mnemonic) {
    case ZYDIS_MNEMONIC_CPUID:
    case ZYDIS_MNEMONIC_RDTSC:
    case ZYDIS_MNEMONIC_RDTSCP:
    case ZYDIS_MNEMONIC_RDPID:
    case ZYDIS_MNEMONIC_RDPMC:
    case ZYDIS_MNEMONIC_RDRAND:
    case ZYDIS_MNEMONIC_RDSEED:
    case ZYDIS_MNEMONIC_SYSCALL:
    case ZYDIS_MNEMONIC_SYSENTER:
    case ZYDIS_MNEMONIC_INT:
    case ZYDIS_MNEMONIC_INT1:
    case ZYDIS_MNEMONIC_INT3:
    case ZYDIS_MNEMONIC_POPF:
    case ZYDIS_MNEMONIC_POPFD:
    case ZYDIS_MNEMONIC_POPFQ:
    case ZYDIS_MNEMONIC_ENTER:
    case ZYDIS_MNEMONIC_LAR:
    case ZYDIS_MNEMONIC_LSL:
    case ZYDIS_MNEMONIC_VERR:
    case ZYDIS_MNEMONIC_VERW:
    case ZYDIS_MNEMONIC_SGDT:
    case ZYDIS_MNEMONIC_SIDT:
    case ZYDIS_MNEMONIC_SLDT:
    case ZYDIS_MNEMONIC_STR:
    case ZYDIS_MNEMONIC_SMSW:
    case ZYDIS_MNEMONIC_XGETBV:
    case ZYDIS_MNEMONIC_RDFSBASE:
    case ZYDIS_MNEMONIC_RDGSBASE:
    case ZYDIS_MNEMONIC_WRFSBASE:
    case ZYDIS_MNEMONIC_WRGSBASE:
    case ZYDIS_MNEMONIC_LFS:
    case ZYDIS_MNEMONIC_LGS:
    case ZYDIS_MNEMONIC_LSS: return true;
    default: return false;
    }
}

/* Results that are defined by us, or images that hold the x87 pointers. */
static bool has_own_result(ZydisMnemonic mnemonic)
{
    switch ((int)mnemonic) {
    case ZYDIS_MNEMONIC_RCPPS:
    case ZYDIS_MNEMONIC_RCPSS:
    case ZYDIS_MNEMONIC_RSQRTPS:
    case ZYDIS_MNEMONIC_RSQRTSS:
    case ZYDIS_MNEMONIC_VRCPPS:
    case ZYDIS_MNEMONIC_VRCPSS:
    case ZYDIS_MNEMONIC_VRSQRTPS:
    case ZYDIS_MNEMONIC_VRSQRTSS:
    case ZYDIS_MNEMONIC_FSIN:
    case ZYDIS_MNEMONIC_FCOS:
    case ZYDIS_MNEMONIC_FSINCOS:
    case ZYDIS_MNEMONIC_FPTAN:
    case ZYDIS_MNEMONIC_FPATAN:
    case ZYDIS_MNEMONIC_F2XM1:
    case ZYDIS_MNEMONIC_FYL2X:
    case ZYDIS_MNEMONIC_FYL2XP1:
    case ZYDIS_MNEMONIC_FNSTENV:
    case ZYDIS_MNEMONIC_FNSAVE:
    case ZYDIS_MNEMONIC_FXSAVE:
    case ZYDIS_MNEMONIC_FXSAVE64:
    case ZYDIS_MNEMONIC_XSAVE:
    case ZYDIS_MNEMONIC_XSAVE64:
    case ZYDIS_MNEMONIC_XSAVEC:
    case ZYDIS_MNEMONIC_XSAVEC64:
    case ZYDIS_MNEMONIC_XSAVEOPT:
    case ZYDIS_MNEMONIC_XSAVEOPT64: return true;
    default: return false;
    }
}

static bool is_control_flow(const ZydisDecodedInstruction *instruction)
{
    switch ((int)instruction->meta.category) {
    case ZYDIS_CATEGORY_CALL:
    case ZYDIS_CATEGORY_COND_BR:
    case ZYDIS_CATEGORY_INTERRUPT:
    case ZYDIS_CATEGORY_IO:
    case ZYDIS_CATEGORY_IOSTRINGOP:
    case ZYDIS_CATEGORY_RET:
    case ZYDIS_CATEGORY_SYSCALL:
    case ZYDIS_CATEGORY_SYSRET:
    case ZYDIS_CATEGORY_UNCOND_BR: return true;
    default: return false;
    }
}

/* SHLD and SHRD of 16 bits by more than 16: the result is undefined. */
static bool has_undefined_result(const ZydisDecodedInstruction *instruction)
{
    return (instruction->mnemonic == ZYDIS_MNEMONIC_SHLD ||
            instruction->mnemonic == ZYDIS_MNEMONIC_SHRD) &&
           instruction->operand_width == 16;
}

/* 0F 0D with a register operand: nothing on one maker's processors, undefined on the other's. */
static bool is_prefetch_of_register(const ZydisDecodedInstruction *instruction,
                                    const ZydisDecodedOperand *operands)
{
    return instruction->opcode_map == ZYDIS_OPCODE_MAP_0F && instruction->opcode == 0x0d &&
           operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER;
}

/* Where the makers' processors differ: SHA of unaligned memory is no fault on AMD. */
static bool is_disputed(const ZydisDecodedInstruction *instruction,
                        const ZydisDecodedOperand *operands)
{
    return (instruction->meta.isa_ext == ZYDIS_ISA_EXT_SHA &&
            operands[1].type == ZYDIS_OPERAND_TYPE_MEMORY);
}

static bool touches_system_registers(const ZydisDecodedInstruction *instruction,
                                     const ZydisDecodedOperand *operands)
{
    for (unsigned i = 0; i < instruction->operand_count_visible; i++) {
        if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER) {
            switch ((int)ZydisRegisterGetClass(operands[i].reg.value)) {
            case ZYDIS_REGCLASS_SEGMENT:
            case ZYDIS_REGCLASS_CONTROL:
            case ZYDIS_REGCLASS_DEBUG:
            case ZYDIS_REGCLASS_TEST: return true;
            default: break;
            }
        }
    }
    return false;
}

bool silicon_is_wanted(const ZydisDecodedInstruction *instruction,
                       const ZydisDecodedOperand *operands)
{
    const struct soft_row *row = rows[instruction->mnemonic];

    return row != NULL && host_has[row->feature] &&
           (instruction->attributes & ZYDIS_ATTRIB_IS_PRIVILEGED) == 0 &&
           instruction->encoding != ZYDIS_INSTRUCTION_ENCODING_EVEX &&
           instruction->encoding != ZYDIS_INSTRUCTION_ENCODING_XOP &&
           !is_forbidden(instruction->mnemonic) && !has_own_result(instruction->mnemonic) &&
           !is_control_flow(instruction) && !has_undefined_result(instruction) &&
           !is_prefetch_of_register(instruction, operands) && !is_disputed(instruction, operands) &&
           !touches_system_registers(instruction, operands);
}
