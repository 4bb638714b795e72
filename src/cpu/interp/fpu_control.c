/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fpu_control.c - x87 control: FNINIT, control and status words, the environment and the whole state
 * in their 16-bit and 32-bit formats of real and protected mode (SDM 1 8.1.10).
 */
#include "cpu/interp/fpu_internal.h"

#define CR0_MP 0x2ull
#define CR0_TS 0x8ull

/* ---- words ---- */

uint16_t fpu_status_word(const struct soft_cpu *cpu)
{
    return (uint16_t)(cpu->state.vector.status | cpu->state.vector.top << FPU_TOP_SHIFT);
}

/* ES and B follow from flags and masks, whatever was loaded. */
void fpu_set_status_word(struct soft_cpu *cpu, uint16_t status)
{
    struct soft_vector_state *v = &cpu->state.vector;

    v->top = status >> FPU_TOP_SHIFT & 7;
    v->status = status & (uint16_t) ~(7u << FPU_TOP_SHIFT);
    fpu_update_summary(cpu);
}

static void set_control_word(struct soft_cpu *cpu, uint16_t control)
{
    cpu->state.vector.control = (control & FPU_CONTROL_VALID) | 0x40u;
    fpu_update_summary(cpu);
}

void fpu_init(struct soft_cpu *cpu)
{
    struct soft_vector_state *v = &cpu->state.vector;

    v->control = FPU_CONTROL_INIT;
    v->status = 0;
    v->top = 0;
    v->valid = 0;
    v->ip = v->dp = 0;
    v->cs = v->ds = v->opcode = 0;
}

/* Two bits for each physical register: valid, zero, special, empty. */
static unsigned tag_of(const struct soft_cpu *cpu, unsigned i)
{
    const struct soft_f80 *value = &cpu->state.vector.r[i];
    unsigned exponent = value->sign_exponent & 0x7fffu;

    if ((cpu->state.vector.valid >> i & 1) == 0) {
        return 3;
    }
    if (exponent == 0 && value->mantissa == 0) {
        return 1;
    }
    return exponent == 0 || exponent == 0x7fff || value->mantissa >> 63 == 0 ? 2 : 0;
}

static uint16_t tag_word(const struct soft_cpu *cpu)
{
    unsigned tags = 0;

    for (unsigned i = 0; i < 8; i++) {
        tags |= tag_of(cpu, i) << (2 * i);
    }
    return (uint16_t)tags;
}

static uint8_t valid_of_tags(uint16_t tags)
{
    unsigned valid = 0;

    for (unsigned i = 0; i < 8; i++) {
        valid |= (unsigned)((tags >> (2 * i) & 3) != 3) << i;
    }
    return (uint8_t)valid;
}

/* ---- simple control ---- */

static const struct op *op_fninit(struct soft_cpu *cpu, const struct op *op)
{
    if (!fpu_begin_no_wait(cpu)) {
        return soft_fault(cpu, op);
    }
    fpu_init(cpu);
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_fnclex(struct soft_cpu *cpu, const struct op *op)
{
    if (!fpu_begin_no_wait(cpu)) {
        return soft_fault(cpu, op);
    }
    cpu->state.vector.status &= (uint16_t) ~(FPU_FLAGS | FPU_SF | FPU_ES | FPU_B);
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_fwait(struct soft_cpu *cpu, const struct op *op)
{
    const uint64_t both = CR0_MP | CR0_TS;

    if ((cpu->state.system.cr0 & both) == both) {
        return soft_raise(cpu, op, SOFT_NM);
    }
    return fpu_check_pending(cpu) ? SOFT_NEXT(cpu, op) : soft_fault(cpu, op);
}

/* FENI, FDISI and FSETPM have done nothing since the 387. */
static const struct op *op_nothing(struct soft_cpu *cpu, const struct op *op)
{
    return fpu_begin_no_wait(cpu) ? SOFT_NEXT(cpu, op) : soft_fault(cpu, op);
}

static bool store16(struct soft_cpu *cpu, const struct op *op, uint16_t value)
{
    uint64_t linear;

    return fpu_begin_no_wait(cpu) && soft_operand(cpu, op, 2, SOFT_WRITE, &linear) &&
           soft_store16(cpu, linear, value);
}

static const struct op *op_fnstcw(struct soft_cpu *cpu, const struct op *op)
{
    return store16(cpu, op, cpu->state.vector.control) ? SOFT_NEXT(cpu, op) : soft_fault(cpu, op);
}

static const struct op *op_fnstsw_mem(struct soft_cpu *cpu, const struct op *op)
{
    return store16(cpu, op, fpu_status_word(cpu)) ? SOFT_NEXT(cpu, op) : soft_fault(cpu, op);
}

static const struct op *op_fnstsw_ax(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t *rax = &cpu->state.gpr[X86_RAX];

    if (!fpu_begin_no_wait(cpu)) {
        return soft_fault(cpu, op);
    }
    *rax = (*rax & ~0xffffull) | fpu_status_word(cpu);
    return SOFT_NEXT(cpu, op);
}

static void translate_fnstsw(struct soft_translation *t)
{
    t->op->run = t->has_memory ? op_fnstsw_mem : op_fnstsw_ax;
}

static const struct op *op_fldcw(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t linear;
    uint16_t control;

    if (!fpu_begin(cpu) || !soft_operand(cpu, op, 2, SOFT_READ, &linear) ||
        !soft_load16(cpu, linear, &control)) {
        return soft_fault(cpu, op);
    }
    set_control_word(cpu, control);
    return SOFT_NEXT(cpu, op);
}

/* ---- the environment: seven words or doublewords ---- */

static bool is_real_format(const struct soft_cpu *cpu)
{
    return !soft_is_protected(cpu) || (cpu->state.rflags & SOFT_RFLAGS_VM) != 0;
}

/* Real mode's pointers are linear: 20 or 32 bits. */
static uint32_t real_pointer(uint16_t selector, uint64_t offset)
{
    return ((uint32_t)selector << 4) + (uint32_t)offset;
}

static void environment_words(const struct soft_cpu *cpu, uint32_t words[7])
{
    const struct soft_vector_state *v = &cpu->state.vector;
    uint32_t ip = real_pointer(v->cs, v->ip);
    uint32_t dp = real_pointer(v->ds, v->dp);

    words[0] = 0xffff0000u | v->control;
    words[1] = 0xffff0000u | fpu_status_word(cpu);
    words[2] = 0xffff0000u | tag_word(cpu);
    if (is_real_format(cpu)) {
        words[3] = ip & 0xffff;
        words[4] = (ip >> 16) << 12 | v->opcode;
        words[5] = dp & 0xffff;
        words[6] = (dp >> 16) << 12;
    } else {
        words[3] = (uint32_t)v->ip;
        words[4] = (uint32_t)v->opcode << 16 | v->cs;
        words[5] = (uint32_t)v->dp;
        words[6] = 0xffff0000u | v->ds;
    }
}

/* Returns the bytes: 14 or 28. */
static unsigned encode_environment(const struct soft_cpu *cpu, bool is_16bit, uint8_t *bytes)
{
    uint32_t words[7];

    environment_words(cpu, words);
    if (!is_16bit) {
        memcpy(bytes, words, sizeof(words));
        return sizeof(words);
    }
    for (unsigned i = 0; i < 7; i++) {
        uint16_t word = (uint16_t)words[i];

        memcpy(bytes + (size_t)i * 2, &word, 2);
    }
    return 14;
}

static void load_words(struct soft_cpu *cpu, const uint32_t words[7], bool is_16bit)
{
    struct soft_vector_state *v = &cpu->state.vector;

    if (is_real_format(cpu)) {
        v->ip = (words[4] >> 12 & 0xffff) << 16 | (words[3] & 0xffff);
        v->dp = (words[6] >> 12 & 0xffff) << 16 | (words[5] & 0xffff);
        v->opcode = words[4] & 0x7ff;
        v->cs = v->ds = 0;
    } else {
        v->ip = words[3];
        v->dp = words[5];
        v->cs = (uint16_t)words[4];
        v->ds = (uint16_t)words[6];
        v->opcode = is_16bit ? 0 : words[4] >> 16 & 0x7ff;
    }
    v->control = (words[0] & FPU_CONTROL_VALID) | 0x40u;
    fpu_set_status_word(cpu, (uint16_t)words[1]);
    v->valid = valid_of_tags((uint16_t)words[2]);
}

static unsigned decode_environment(struct soft_cpu *cpu, bool is_16bit, const uint8_t *bytes)
{
    uint32_t words[7] = { 0 };
    unsigned size = is_16bit ? 2 : 4;

    for (unsigned i = 0; i < 7; i++) {
        memcpy(&words[i], bytes + (size_t)i * size, size);
    }
    load_words(cpu, words, is_16bit);
    return 7 * size;
}

/* ---- FNSTENV, FLDENV, FNSAVE, FRSTOR: detail = with the registers ---- */

static unsigned image_bytes(const struct op *op)
{
    return (op->operand_size == 2 ? 14u : 28u) + (op->detail != 0 ? 80u : 0);
}

static const struct op *op_save(struct soft_cpu *cpu, const struct op *op)
{
    uint8_t bytes[108];
    unsigned done;
    uint64_t linear;

    if (!fpu_begin_no_wait(cpu) || !soft_operand(cpu, op, image_bytes(op), SOFT_WRITE, &linear)) {
        return soft_fault(cpu, op);
    }
    done = encode_environment(cpu, op->operand_size == 2, bytes);
    for (unsigned i = 0; i < 8 && op->detail != 0; i++) {
        memcpy(bytes + done, &fpu_st(cpu, i)->mantissa, 8);
        memcpy(bytes + done + 8, &fpu_st(cpu, i)->sign_exponent, 2);
        done += 10;
    }
    if (!soft_store(cpu, linear, bytes, done)) {
        return soft_fault(cpu, op);
    }
    if (op->detail != 0) {
        fpu_init(cpu);
    } else {
        cpu->state.vector.control |= FPU_FLAGS;
        fpu_update_summary(cpu);
    }
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_restore(struct soft_cpu *cpu, const struct op *op)
{
    uint8_t bytes[108];
    unsigned done;
    uint64_t linear;

    if (!fpu_begin(cpu) || !soft_operand(cpu, op, image_bytes(op), SOFT_READ, &linear) ||
        !soft_load(cpu, linear, bytes, image_bytes(op))) {
        return soft_fault(cpu, op);
    }
    done = decode_environment(cpu, op->operand_size == 2, bytes);
    for (unsigned i = 0; i < 8 && op->detail != 0; i++) {
        memcpy(&fpu_st(cpu, i)->mantissa, bytes + done, 8);
        memcpy(&fpu_st(cpu, i)->sign_exponent, bytes + done + 8, 2);
        done += 10;
    }
    return SOFT_NEXT(cpu, op);
}

/* table: NULL for the environment alone. */
static const bool with_registers = true;

static void translate_save(struct soft_translation *t)
{
    t->op->detail = t->table != NULL;
    t->op->run = op_save;
}

static void translate_restore(struct soft_translation *t)
{
    t->op->detail = t->table != NULL;
    t->op->run = op_restore;
}

static const struct soft_simple fninit = { op_fninit, false, false };
static const struct soft_simple fnclex = { op_fnclex, false, false };
static const struct soft_simple fwait = { op_fwait, false, false };
static const struct soft_simple nothing = { op_nothing, false, false };
static const struct soft_simple fnstcw = { op_fnstcw, false, false };
static const struct soft_simple fldcw = { op_fldcw, false, false };

static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_FNINIT, SOFT_FEATURE_FPU, soft_translate_simple, &fninit },
    { ZYDIS_MNEMONIC_FNCLEX, SOFT_FEATURE_FPU, soft_translate_simple, &fnclex },
    { ZYDIS_MNEMONIC_FWAIT, SOFT_FEATURE_NONE, soft_translate_simple, &fwait },
    { ZYDIS_MNEMONIC_FDISI8087_NOP, SOFT_FEATURE_FPU, soft_translate_simple, &nothing },
    { ZYDIS_MNEMONIC_FENI8087_NOP, SOFT_FEATURE_FPU, soft_translate_simple, &nothing },
    { ZYDIS_MNEMONIC_FSETPM287_NOP, SOFT_FEATURE_FPU, soft_translate_simple, &nothing },
    { ZYDIS_MNEMONIC_FNSTCW, SOFT_FEATURE_FPU, soft_translate_simple, &fnstcw },
    { ZYDIS_MNEMONIC_FLDCW, SOFT_FEATURE_FPU, soft_translate_simple, &fldcw },
    { ZYDIS_MNEMONIC_FNSTSW, SOFT_FEATURE_FPU, translate_fnstsw, NULL },
    { ZYDIS_MNEMONIC_FNSTENV, SOFT_FEATURE_FPU, translate_save, NULL },
    { ZYDIS_MNEMONIC_FLDENV, SOFT_FEATURE_FPU, translate_restore, NULL },
    { ZYDIS_MNEMONIC_FNSAVE, SOFT_FEATURE_FPU, translate_save, &with_registers },
    { ZYDIS_MNEMONIC_FRSTOR, SOFT_FEATURE_FPU, translate_restore, &with_registers },
};
SOFT_DEFINE_GROUP(soft_group_fpu_control, rows);
