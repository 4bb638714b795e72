/* SPDX-License-Identifier: GPL-2.0-or-later */
/* translate.c - bytes to operations: decoding by Zydis, the operands' places, the ends of blocks. */
#include "cpu/decode/code_cache.h"

#define INSTRUCTION_BYTES_MAX 15u

/* ---- operations that are no instruction's own ---- */

static const struct op *op_undefined(struct soft_cpu *cpu, const struct op *op)
{
    return soft_raise(cpu, op, SOFT_UD);
}

static const struct op *op_too_long(struct soft_cpu *cpu, const struct op *op)
{
    return soft_raise_code(cpu, op, SOFT_GP, 0);
}

/* After the last instruction of a block that falls through; counts as none. */
static const struct op *op_fall_through(struct soft_cpu *cpu, const struct op *op)
{
    return soft_branch(cpu, op, 0);
}

static const struct op *op_back_to_loop(struct soft_cpu *cpu, const struct op *op)
{
    cpu->state.rip = soft_op_rip(cpu, op);
    return soft_leave_at_rip(cpu, SOFT_LEAVE_LOOKUP);
}

/* ---- operands ---- */

uint8_t soft_register(ZydisRegister reg)
{
    if (reg >= ZYDIS_REGISTER_AL && reg <= ZYDIS_REGISTER_BL) {
        return (uint8_t)((reg - ZYDIS_REGISTER_AL) * 8);
    }
    if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH) {
        return (uint8_t)((reg - ZYDIS_REGISTER_AH) * 8 + 1);
    }
    if (reg >= ZYDIS_REGISTER_SPL && reg <= ZYDIS_REGISTER_R15B) {
        return (uint8_t)((reg - ZYDIS_REGISTER_SPL + 4) * 8);
    }
    return (uint8_t)ZydisRegisterGetId(reg);
}

static uint8_t address_register(ZydisRegister reg)
{
    if (reg == ZYDIS_REGISTER_NONE) {
        return SOFT_GPR_ZERO;
    }
    if (reg == ZYDIS_REGISTER_RIP || reg == ZYDIS_REGISTER_EIP) {
        return SOFT_GPR_CODE;
    }
    return soft_register(reg);
}

static uint8_t segment_of(ZydisRegister reg)
{
    switch ((int)reg) {
    case ZYDIS_REGISTER_ES: return X86_ES;
    case ZYDIS_REGISTER_CS: return X86_CS;
    case ZYDIS_REGISTER_SS: return X86_SS;
    case ZYDIS_REGISTER_FS: return X86_FS;
    case ZYDIS_REGISTER_GS: return X86_GS;
    default: return X86_DS;
    }
}

void soft_translate_memory(struct soft_translation *t, const ZydisDecodedOperand *operand)
{
    struct op *op = t->op;
    static const uint8_t shift_of_scale[9] = { 0, 0, 1, 0, 2, 0, 0, 0, 3 };
    uint8_t segment = segment_of(operand->mem.segment);

    /* Zydis takes SIB base 101b without a base, under REX.B and 32-bit addresses, for R13D. */
    bool lacks_base = operand->encoding == ZYDIS_OPERAND_ENCODING_MODRM_RM &&
                      operand->mem.base == ZYDIS_REGISTER_R13D &&
                      t->instruction->raw.modrm.mod == 0;

    op->base = lacks_base ? SOFT_GPR_ZERO : address_register(operand->mem.base);
    op->index = address_register(operand->mem.index);
    op->scale = op->index == SOFT_GPR_ZERO ? 0 : shift_of_scale[operand->mem.scale];
    op->disp = lacks_base                           ? t->instruction->raw.disp.value
               : operand->mem.disp.has_displacement ? operand->mem.disp.value
                                                    : 0;
    if (op->base == SOFT_GPR_CODE) {
        op->disp += op->offset + op->length;
    }
    if (segment == X86_SS) {
        op->prefix |= SOFT_PREFIX_STACK;
    }
    if ((t->mode & SOFT_MODE_SIZE) == SOFT_MODE_64 && segment < X86_FS && op->address_size == 8) {
        segment = SOFT_SEGMENT_FLAT;
    }
    op->segment = segment;
}

void soft_translate_simple(struct soft_translation *t)
{
    const struct soft_simple *simple = t->table;

    t->op->run = simple->run;
    t->ends_block = simple->ends_block;
    t->alone = simple->alone;
}

/* ---- one instruction ---- */

static void fill_common(struct soft_translation *t, unsigned offset)
{
    const ZydisDecodedInstruction *instruction = t->instruction;
    struct op *op = t->op;

    *op = (struct op){ .length = instruction->length,
                       .offset = (uint16_t)offset,
                       .position = op->position,
                       .base = SOFT_GPR_ZERO,
                       .index = SOFT_GPR_ZERO,
                       .segment = SOFT_SEGMENT_FLAT,
                       .address_size = instruction->address_width / 8,
                       .operand_size = instruction->operand_width / 8 };
    if ((instruction->attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE)) != 0) {
        op->prefix |= SOFT_PREFIX_REP;
    }
    if ((instruction->attributes & ZYDIS_ATTRIB_HAS_REPNE) != 0) {
        op->prefix |= SOFT_PREFIX_REPNE;
    }
    if ((instruction->attributes & ZYDIS_ATTRIB_HAS_LOCK) != 0) {
        op->prefix |= SOFT_PREFIX_LOCK;
    }
    for (unsigned i = 0; i < instruction->operand_count_visible; i++) {
        if (soft_operand_is_memory(t, i)) {
            t->has_memory = true;
            soft_translate_memory(t, &t->operands[i]);
        }
    }
}

static void undefined(struct op *op, unsigned offset, unsigned length, op_fn run)
{
    uint16_t position = op->position;

    *op = (struct op){
        .run = run, .offset = (uint16_t)offset, .length = (uint8_t)length, .position = position
    };
}

/* F3 90 is PAUSE only without REX.B, with it XCHG of R8 and RAX (AMD APM 3, XCHG). Zydis 4.0 says PAUSE. A prefix without a
 * meaning there in the place of F3 makes it the other. */
static ZyanStatus decode(const ZydisDecoder *decoder, const uint8_t *bytes, size_t available,
                         ZydisDecodedInstruction *instruction, ZydisDecodedOperand *operands)
{
    ZyanStatus status = ZydisDecoderDecodeFull(decoder, bytes, available, instruction, operands);
    uint8_t copy[INSTRUCTION_BYTES_MAX];

    if (ZYAN_FAILED(status) || instruction->mnemonic != ZYDIS_MNEMONIC_PAUSE ||
        instruction->raw.rex.B == 0) {
        return status;
    }
    for (unsigned i = 0; i < instruction->length; i++) {
        copy[i] = bytes[i] == 0xf3 ? 0x3e : bytes[i];
    }
    return ZydisDecoderDecodeFull(decoder, copy, instruction->length, instruction, operands);
}

/* What one step of the translation found. */
enum step { STEP_NEXT, STEP_END, STEP_ALONE, STEP_NEEDS_MORE, STEP_UNDEFINED };

static enum step translate_one(struct soft_code *code, const struct soft_source *source,
                               unsigned done, struct op *op)
{
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    unsigned available = MIN(source->available - done, INSTRUCTION_BYTES_MAX);
    struct soft_translation t = { .cluster = code->cluster,
                                  .instruction = &instruction,
                                  .operands = operands,
                                  .mode = source->mode,
                                  .op = op };
    ZyanStatus status = decode(&code->decoders[source->mode & SOFT_MODE_SIZE], source->bytes + done,
                               available, &instruction, operands);

    if (status == ZYDIS_STATUS_NO_MORE_DATA && available < INSTRUCTION_BYTES_MAX) {
        return STEP_NEEDS_MORE;
    }
    if (ZYAN_FAILED(status)) {
        undefined(op, source->offset + done, available,
                  status == ZYDIS_STATUS_INSTRUCTION_TOO_LONG || status == ZYDIS_STATUS_NO_MORE_DATA
                      ? op_too_long
                      : op_undefined);
        return STEP_UNDEFINED;
    }
    fill_common(&t, source->offset + done);
    /* Zydis knows VEX forms of POPCNT, TZCNT and LZCNT, which Knights Corner alone had. */
    if (instruction.meta.isa_ext == ZYDIS_ISA_EXT_KNC) {
        undefined(op, source->offset + done, instruction.length, op_undefined);
        return STEP_UNDEFINED;
    }
    for (uint32_t i = code->first_row[instruction.mnemonic];
         i < code->first_row[instruction.mnemonic + 1] && op->run == NULL; i++) {
        const struct soft_row *row = code->rows[i];

        if (row->feature == SOFT_FEATURE_NONE ||
            soft_features_has(&code->cluster->features, row->feature)) {
            t.table = row->table;
            row->translate(&t);
        }
    }
    if (op->run == NULL) {
        undefined(op, source->offset + done, instruction.length, op_undefined);
        return STEP_UNDEFINED;
    }
    return t.alone ? STEP_ALONE : t.ends_block ? STEP_END : STEP_NEXT;
}

/* ---- blocks ---- */

static void end_block(struct soft_block *block, const struct soft_source *source, unsigned done)
{
    block->ops[block->instruction_count] =
        (struct op){ .run = block->single ? op_back_to_loop : op_fall_through,
                     .offset = (uint16_t)(source->offset + done),
                     .disp = source->offset + done,
                     .position = block->instruction_count };
}

enum soft_decoded soft_translate_block(struct soft_code *code, const struct soft_source *source,
                                       struct soft_block *block)
{
    bool single = (source->mode & SOFT_MODE_SINGLE) != 0;
    unsigned done = 0;
    enum step step = STEP_NEXT;

    memset(block, 0, sizeof(*block));
    while (step == STEP_NEXT && block->instruction_count < (single ? 1 : SOFT_BLOCK_OPS_MAX) &&
           done < source->available) {
        struct op *op = &block->ops[block->instruction_count];

        op->position = block->instruction_count;
        step = translate_one(code, source, done, op);
        if (step == STEP_NEEDS_MORE && done == 0) {
            return SOFT_DECODED_NEEDS_MORE;
        }
        if (step == STEP_NEEDS_MORE || (step == STEP_ALONE && done > 0)) {
            break;
        }
        done += op->length;
        block->instruction_count++;
    }
    block->single = single || (step == STEP_ALONE && block->instruction_count == 1);
    block->length = (uint16_t)done;
    end_block(block, source, done);
    return SOFT_DECODED;
}

/* ---- tables ---- */

static void init_decoder(struct soft_code *code, unsigned size, ZydisMachineMode mode,
                         ZydisStackWidth width)
{
    const struct soft_features *features = &code->cluster->features;
    ZydisDecoder *decoder = &code->decoders[size];

    ZydisDecoderInit(decoder, mode, width);
    ZydisDecoderEnableMode(decoder, ZYDIS_DECODER_MODE_MPX, ZYAN_FALSE);
    ZydisDecoderEnableMode(decoder, ZYDIS_DECODER_MODE_CET, ZYAN_FALSE);
    ZydisDecoderEnableMode(decoder, ZYDIS_DECODER_MODE_WBNOINVD, ZYAN_FALSE);
    ZydisDecoderEnableMode(decoder, ZYDIS_DECODER_MODE_CLDEMOTE, ZYAN_FALSE);
    ZydisDecoderEnableMode(decoder, ZYDIS_DECODER_MODE_LZCNT,
                           soft_features_has(features, SOFT_FEATURE_ABM));
    ZydisDecoderEnableMode(decoder, ZYDIS_DECODER_MODE_TZCNT,
                           soft_features_has(features, SOFT_FEATURE_BMI1));
}

/* All rows by mnemonic, those of one mnemonic in the groups' order. */
static void sort_rows(struct soft_code *code)
{
    uint32_t total = 0;
    uint32_t at = 0;

    for (unsigned i = 0; i < soft_group_count; i++) {
        total += soft_groups[i]->count;
    }
    code->rows = g_new0(const struct soft_row *, total + 1);
    code->first_row = g_new0(uint32_t, ZYDIS_MNEMONIC_MAX_VALUE + 2);
    for (unsigned mnemonic = 0; mnemonic <= ZYDIS_MNEMONIC_MAX_VALUE; mnemonic++) {
        code->first_row[mnemonic] = at;
        for (unsigned i = 0; i < soft_group_count; i++) {
            for (unsigned k = 0; k < soft_groups[i]->count; k++) {
                if (soft_groups[i]->rows[k].mnemonic == mnemonic) {
                    code->rows[at++] = &soft_groups[i]->rows[k];
                }
            }
        }
    }
    code->first_row[ZYDIS_MNEMONIC_MAX_VALUE + 1] = at;
    invariant(at == total);
}

void soft_translate_init(struct soft_code *code)
{
    init_decoder(code, SOFT_MODE_16, ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
    init_decoder(code, SOFT_MODE_32, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
    init_decoder(code, SOFT_MODE_64, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    sort_rows(code);
}

void soft_translate_fini(struct soft_code *code)
{
    g_free(code->rows);
    g_free(code->first_row);
}
