/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * soft_translate.h - from a decoded instruction to an operation: what a group of instructions
 * registers.
 *
 * Each group is one file with a table of rows, listed in src/cpu/decode/groups.c. A row's translate
 * function picks op->run and fills the operands; leaving run NULL means "not mine": the next row of the
 * same mnemonic is asked (MOV has rows for general, segment and control registers), and where none
 * takes it the instruction is undefined.
 */
#ifndef REPLUG_CPU_SOFT_TRANSLATE_H
#define REPLUG_CPU_SOFT_TRANSLATE_H

#include <Zydis/Zydis.h>

#include "cpu/soft_internal.h"

struct soft_translation {
    struct soft_cluster *cluster;
    const ZydisDecodedInstruction *instruction;
    const ZydisDecodedOperand *operands; /* visible ones first */
    uint32_t mode;                       /* SOFT_MODE_* */
    const void *table;                   /* of the row */
    /* The operation to fill: zero but for length, offset, address_size, operand_size, prefix, base,
     * index (both SOFT_GPR_ZERO) and a memory operand, which is in place already. */
    struct op *op;
    bool has_memory; /* a visible operand is memory */
    /* To be set by the translate function. */
    bool ends_block; /* the operation never returns SOFT_NEXT */
    bool alone;      /* it must be the only one of its block: it reaches devices or changes mode
                      * so that what follows is to be decoded anew; implies ends_block's effect */
};

typedef void (*soft_translate_fn)(struct soft_translation *t);

struct soft_row {
    uint16_t mnemonic; /* ZydisMnemonic */
    uint16_t feature;  /* enum soft_feature */
    soft_translate_fn translate;
    const void *table; /* the translate function's own */
};

struct soft_group {
    const struct soft_row *rows;
    uint32_t count;
};

#define SOFT_DEFINE_GROUP(name, rows) \
    const struct soft_group name = { rows, sizeof(rows) / sizeof((rows)[0]) }

extern const struct soft_group soft_group_alu, soft_group_move, soft_group_conditional,
    soft_group_shift, soft_group_muldiv, soft_group_bits, soft_group_branch, soft_group_stack,
    soft_group_string, soft_group_flagops, soft_group_io, soft_group_bcd, soft_group_time;
/* segment.c, system.c, msr.c, cpuid.c */
extern const struct soft_group soft_group_segment, soft_group_system, soft_group_msr,
    soft_group_cpuid;
/* Each in the file of its name. */
extern const struct soft_group soft_group_fpu, soft_group_fpu_load, soft_group_fpu_compare,
    soft_group_fpu_control, soft_group_fpu_math, soft_group_mmx, soft_group_sse,
    soft_group_sse_arith, soft_group_sse_integer, soft_group_sse_shuffle, soft_group_sse_convert,
    soft_group_sse_move, soft_group_sse_mask, soft_group_sse_ssse3, soft_group_sse_blend,
    soft_group_sse_string, soft_group_crypto, soft_group_avx, soft_group_avx_permute,
    soft_group_avx_masked, soft_group_avx_fma, soft_group_bmi, soft_group_xsave;

/* All groups, in one visible array. */
extern const struct soft_group *const soft_groups[];
extern const unsigned soft_group_count;

/* ---- helpers for translate functions ---- */

static inline bool soft_operand_is_register(const struct soft_translation *t, unsigned index)
{
    return t->operands[index].type == ZYDIS_OPERAND_TYPE_REGISTER;
}

static inline bool soft_operand_is_memory(const struct soft_translation *t, unsigned index)
{
    return t->operands[index].type == ZYDIS_OPERAND_TYPE_MEMORY;
}

static inline bool soft_operand_is_immediate(const struct soft_translation *t, unsigned index)
{
    return t->operands[index].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
}

/* What op->reg holds for a register operand: GPR number (8-bit: byte offset in gpr[]), or the number
 * of an x87, MMX, XMM, YMM, segment, control or debug register. */
uint8_t soft_register(ZydisRegister reg);

static inline uint8_t soft_operand_register(const struct soft_translation *t, unsigned index)
{
    return soft_register(t->operands[index].reg.value);
}

/* An immediate operand, sign-extended where the instruction does so. */
static inline uint64_t soft_operand_immediate(const struct soft_translation *t, unsigned index)
{
    return t->operands[index].imm.value.u;
}

/* Bytes of an operand. */
static inline unsigned soft_operand_bytes(const struct soft_translation *t, unsigned index)
{
    return t->operands[index].size / 8;
}

/* 0, 1, 2, 3 for 1, 2, 4, 8 bytes. */
static inline unsigned soft_size_index(unsigned bytes)
{
    return bytes == 8 ? 3 : bytes / 2;
}

/* Puts a memory operand of an instruction into op (done for visible ones before translate). */
void soft_translate_memory(struct soft_translation *t, const ZydisDecodedOperand *operand);

/* Of string instructions: element size, source operand, REP and REPNE. */
void soft_translate_string_operands(struct soft_translation *t);

/* For rows that need no more than one function (table = a struct soft_simple): operands and all else
 * by themselves. */
struct soft_simple {
    op_fn run;
    bool ends_block, alone;
};

void soft_translate_simple(struct soft_translation *t);

/* MOVSD and CMPSD are mnemonics of string instructions and of SSE2: these are the latter. */
void sse_translate_movsd(struct soft_translation *t);
void sse_translate_cmpsd(struct soft_translation *t);

#endif
