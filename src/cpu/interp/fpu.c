/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fpu.c - the base of x87: what comes before an instruction, the stack, exceptions; addition to
 * division and square root.
 */
#include "cpu/interp/fpu_internal.h"

#define CR0_MP 0x2ull
#define CR0_EM 0x4ull
#define CR0_TS 0x8ull
#define CR0_NE 0x20ull

const struct soft_f80 fpu_indefinite = { 0xc000000000000000ull, 0xffff, { 0 } };

/* ---- before an instruction ---- */

/* Without CR0.NE the exception leaves by FERR# to the interrupt controller; here nothing is wired to
 * it, and IGNNE# counts as asserted: the instruction goes on (SDM 1 8.7.2). */
bool fpu_check_pending(struct soft_cpu *cpu)
{
    if (soft_unlikely((cpu->state.vector.status & FPU_ES) != 0) &&
        (cpu->state.system.cr0 & CR0_NE) != 0) {
        return soft_fail(cpu, SOFT_MF);
    }
    return true;
}

bool fpu_begin_no_wait(struct soft_cpu *cpu)
{
    if (soft_unlikely((cpu->state.system.cr0 & (CR0_EM | CR0_TS)) != 0)) {
        return soft_fail(cpu, SOFT_NM);
    }
    return true;
}

bool fpu_begin(struct soft_cpu *cpu)
{
    return fpu_begin_no_wait(cpu) && fpu_check_pending(cpu);
}

void fpu_note(struct soft_cpu *cpu, const struct op *op)
{
    struct soft_vector_state *v = &cpu->state.vector;

    v->ip = soft_op_rip(cpu, op);
    v->cs = cpu->state.segments[X86_CS].selector;
    v->opcode = (uint16_t)((op->detail & 7u) << 8 | op->reg2);
}

void fpu_note_memory(struct soft_cpu *cpu, const struct op *op)
{
    struct soft_vector_state *v = &cpu->state.vector;
    uint64_t offset = soft_effective(cpu, op);
    unsigned segment = op->segment;

    if (segment == SOFT_SEGMENT_FLAT) {
        segment = (op->prefix & SOFT_PREFIX_STACK) != 0 ? X86_SS : X86_DS;
    }
    fpu_note(cpu, op);
    v->dp = op->address_size == 8   ? offset
            : op->address_size == 4 ? (uint32_t)offset
                                    : (uint16_t)offset;
    v->ds = cpu->state.segments[segment].selector;
}

/* ---- the stack ---- */

void fpu_push(struct soft_cpu *cpu, const struct soft_f80 *value)
{
    cpu->state.vector.top = (cpu->state.vector.top - 1) & 7;
    fpu_st(cpu, 0)->mantissa = value->mantissa;
    fpu_st(cpu, 0)->sign_exponent = value->sign_exponent;
    fpu_set_valid(cpu, 0);
}

/* ---- exceptions ---- */

void fpu_update_summary(struct soft_cpu *cpu)
{
    struct soft_vector_state *v = &cpu->state.vector;

    v->status &= (uint16_t) ~(FPU_ES | FPU_B);
    if ((v->status & ~v->control & FPU_FLAGS) != 0) {
        v->status |= FPU_ES | FPU_B;
    }
}

bool fpu_report(struct soft_cpu *cpu, unsigned status)
{
    const unsigned before_result = FPU_IE | FPU_DE | FPU_ZE;
    struct soft_vector_state *v = &cpu->state.vector;
    unsigned unmasked = ~v->control & FPU_FLAGS;
    unsigned flags = status & FPU_FLAGS;
    bool has_result = (flags & unmasked & before_result) == 0;

    if (!has_result) {
        flags &= before_result;
        status &= ~FPU_C1;
    }
    v->status = (uint16_t)((v->status & ~FPU_C1) | flags | (status & FPU_C1));
    if ((flags & unmasked) != 0) {
        v->status |= FPU_ES | FPU_B;
    }
    return has_result;
}

bool fpu_stack_fault(struct soft_cpu *cpu, bool overflow)
{
    struct soft_vector_state *v = &cpu->state.vector;

    v->status = (uint16_t)((v->status & ~FPU_C1) | FPU_IE | FPU_SF | (overflow ? FPU_C1 : 0));
    fpu_update_summary(cpu);
    return (v->control & FPU_IE) != 0;
}

bool fpu_needs(struct soft_cpu *cpu, const struct op *op, unsigned a, unsigned b, unsigned target)
{
    if (soft_likely(fpu_is_valid(cpu, a)) && soft_likely(fpu_is_valid(cpu, b))) {
        return true;
    }
    if (fpu_stack_fault(cpu, false)) {
        *fpu_st(cpu, target) = fpu_indefinite;
        fpu_set_valid(cpu, target);
        fpu_pops(cpu, op);
    }
    return false;
}

bool fpu_load(struct soft_cpu *cpu, const struct op *op, void *bytes)
{
    uint64_t linear;

    return soft_operand(cpu, op, op->operand_size, SOFT_READ, &linear) &&
           soft_load(cpu, linear, bytes, op->operand_size);
}

/* ---- arithmetic ---- */

#define DEFINE_ARITHMETIC(name)                                                              \
    FPU_HOST_BINARY(name##_reg, "f" #name " %%st(1), %%st")                                  \
    FPU_HOST_MEMORY(name##_m32, "f" #name "s", uint32_t)                                     \
    FPU_HOST_MEMORY(name##_m64, "f" #name "l", uint64_t)                                     \
    FPU_HOST_MEMORY(name##_i16, "fi" #name "s", uint16_t)                                    \
    FPU_HOST_MEMORY(name##_i32, "fi" #name "l", uint32_t)                                    \
    static const struct arithmetic arithmetic_##name = { name##_reg, name##_m32, name##_m64, \
                                                         name##_i16, name##_i32 };

struct arithmetic {
    fpu_host_fn reg, m32, m64, i16, i32;
};

DEFINE_ARITHMETIC(add)
DEFINE_ARITHMETIC(mul)
DEFINE_ARITHMETIC(sub)
DEFINE_ARITHMETIC(subr)
DEFINE_ARITHMETIC(div)
DEFINE_ARITHMETIC(divr)

static const struct op *finish(struct soft_cpu *cpu, const struct op *op, const void *source)
{
    fpu_host_fn function = (fpu_host_fn)(uintptr_t)op->imm;
    struct soft_f80 result = *fpu_st(cpu, op->reg);

    if (fpu_report(cpu, function(&result, source, fpu_host_control(cpu)))) {
        *fpu_st(cpu, op->reg) = result;
        fpu_pops(cpu, op);
    }
    return SOFT_NEXT(cpu, op);
}

static const struct op *op_arithmetic_reg(struct soft_cpu *cpu, const struct op *op)
{
    if (!fpu_begin(cpu)) {
        return soft_fault(cpu, op);
    }
    fpu_note(cpu, op);
    if (!fpu_needs(cpu, op, op->reg, op->reg3, op->reg)) {
        return SOFT_NEXT(cpu, op);
    }
    return finish(cpu, op, fpu_st(cpu, op->reg3));
}

static const struct op *op_arithmetic_mem(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t source;

    if (!fpu_begin(cpu) || !fpu_load(cpu, op, &source)) {
        return soft_fault(cpu, op);
    }
    fpu_note_memory(cpu, op);
    if (!fpu_needs(cpu, op, 0, 0, 0)) {
        return SOFT_NEXT(cpu, op);
    }
    return finish(cpu, op, &source);
}

/* FADD m; FADD st(i), st(0) and the like; FADDP. */
static void translate_arithmetic(struct soft_translation *t)
{
    const struct arithmetic *a = t->table;
    ZydisMnemonic mnemonic = t->instruction->mnemonic;
    bool pop = mnemonic == ZYDIS_MNEMONIC_FADDP || mnemonic == ZYDIS_MNEMONIC_FMULP ||
               mnemonic == ZYDIS_MNEMONIC_FSUBP || mnemonic == ZYDIS_MNEMONIC_FSUBRP ||
               mnemonic == ZYDIS_MNEMONIC_FDIVP || mnemonic == ZYDIS_MNEMONIC_FDIVRP;
    bool is_m64 = t->instruction->opcode == 0xdc;

    fpu_translate_common(t, pop ? 1 : 0);
    if (t->has_memory) {
        t->op->imm = (uintptr_t)(is_m64 ? a->m64 : a->m32);
        t->op->run = op_arithmetic_mem;
    } else {
        t->op->reg = fpu_operand(t, 0);
        t->op->reg3 = fpu_operand(t, 1);
        t->op->imm = (uintptr_t)a->reg;
        t->op->run = op_arithmetic_reg;
    }
}

static void translate_integer_arithmetic(struct soft_translation *t)
{
    const struct arithmetic *a = t->table;

    fpu_translate_common(t, 0);
    t->op->imm = (uintptr_t)(t->instruction->opcode == 0xde ? a->i16 : a->i32);
    t->op->run = op_arithmetic_mem;
}

/* ---- translation ---- */

void fpu_translate_common(struct soft_translation *t, unsigned pops)
{
    t->op->detail = (uint8_t)((t->instruction->opcode & 7) | pops << 3);
    t->op->reg2 = (uint8_t)(t->instruction->raw.modrm.mod << 6 |
                            t->instruction->raw.modrm.reg << 3 | t->instruction->raw.modrm.rm);
    if (t->has_memory) {
        t->op->operand_size = (uint8_t)soft_operand_bytes(t, 0);
    }
}

void fpu_translate_simple(struct soft_translation *t)
{
    fpu_translate_common(t, 0);
    soft_translate_simple(t);
}

#define ROWS(NAME, name)                                                                           \
    { ZYDIS_MNEMONIC_F##NAME, SOFT_FEATURE_FPU, translate_arithmetic, &arithmetic_##name },        \
        { ZYDIS_MNEMONIC_F##NAME##P, SOFT_FEATURE_FPU, translate_arithmetic, &arithmetic_##name }, \
    {                                                                                              \
        ZYDIS_MNEMONIC_FI##NAME, SOFT_FEATURE_FPU, translate_integer_arithmetic,                   \
            &arithmetic_##name                                                                     \
    }

static const struct soft_row rows[] = {
    ROWS(ADD, add),   ROWS(MUL, mul), ROWS(SUB, sub),
    ROWS(SUBR, subr), ROWS(DIV, div), ROWS(DIVR, divr),
};
SOFT_DEFINE_GROUP(soft_group_fpu, rows);
