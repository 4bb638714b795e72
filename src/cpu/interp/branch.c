/* SPDX-License-Identifier: GPL-2.0-or-later */
/* branch.c - Jcc, JMP, CALL, RET, LOOP, JCXZ; far transfers, INT and IRET by way of segment.c and
 * src/cpu/event. */
#include "cpu/interp/operands.h"

/* A near target in CS (below the limit, canonical), cut to the operand's size. */
static bool target_is_valid(struct soft_cpu *cpu, const struct op *op, uint64_t *target)
{
    if (cpu->is_64bit) {
        return soft_is_canonical(*target) || soft_fail_code(cpu, SOFT_GP, 0);
    }
    *target = op->operand_size == 2 ? (uint16_t)*target : (uint32_t)*target;
    return *target <= cpu->state.segments[X86_CS].limit || soft_fail_code(cpu, SOFT_GP, 0);
}

static uint64_t relative_target(const struct soft_cpu *cpu, const struct op *op)
{
    return cpu->state.gpr[SOFT_GPR_CODE] + (uint64_t)op->disp;
}

/* ---- conditional ---- */

#define JUMP_OF(name, code)                                                                   \
    static const struct op *j##name(struct soft_cpu *cpu, const struct op *op)                \
    {                                                                                         \
        return soft_condition(cpu, code) ? soft_branch(cpu, op, 0) : soft_branch(cpu, op, 1); \
    }

SOFT_CONDITIONS(JUMP_OF)

static uint64_t counter_of(const struct soft_cpu *cpu, const struct op *op)
{
    uint64_t rcx = cpu->state.gpr[X86_RCX];

    return op->address_size == 8 ? rcx : op->address_size == 4 ? (uint32_t)rcx : (uint16_t)rcx;
}

static const struct op *jcxz(struct soft_cpu *cpu, const struct op *op)
{
    return soft_branch(cpu, op, counter_of(cpu, op) == 0 ? 0 : 1);
}

/* detail: 0 LOOP, 1 LOOPE, 2 LOOPNE. */
static const struct op *loop(struct soft_cpu *cpu, const struct op *op)
{
    bool goes_on = op->detail == 0 || soft_zf(cpu) == (op->detail == 1);

    soft_put(cpu, X86_RCX, counter_of(cpu, op) - 1, op->address_size);
    return soft_branch(cpu, op, goes_on && counter_of(cpu, op) != 0 ? 0 : 1);
}

/* ---- JMP ---- */

static const struct op *jmp_relative(struct soft_cpu *cpu, const struct op *op)
{
    return soft_branch(cpu, op, 0);
}

/* The target of an indirect near branch. */
static bool load_target(struct soft_cpu *cpu, const struct op *op, uint64_t *target)
{
    uint64_t linear;

    *target = 0;
    return soft_operand(cpu, op, op->operand_size, SOFT_READ, &linear) &&
           soft_load(cpu, linear, target, op->operand_size);
}

static const struct op *jmp_register(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t target = cpu->state.gpr[op->reg];

    if (!target_is_valid(cpu, op, &target)) {
        return soft_fault(cpu, op);
    }
    return soft_jump(cpu, target);
}

static const struct op *jmp_memory(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t target;

    if (!load_target(cpu, op, &target) || !target_is_valid(cpu, op, &target)) {
        return soft_fault(cpu, op);
    }
    return soft_jump(cpu, target);
}

/* ---- CALL and RET ---- */

static inline bool push_return(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t rsp = cpu->state.gpr[X86_RSP] - 8;

    if (soft_unlikely(!cpu->is_64bit)) {
        return soft_push(cpu, soft_op_next_rip(cpu, op), op->operand_size);
    }
    if (!soft_store64(cpu, rsp, soft_op_next_rip(cpu, op))) {
        return false;
    }
    cpu->state.gpr[X86_RSP] = rsp;
    return true;
}

static const struct op *call_relative(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t target = relative_target(cpu, op);

    if (!target_is_valid(cpu, op, &target) || !push_return(cpu, op)) {
        return soft_fault(cpu, op);
    }
    return soft_branch(cpu, op, 0);
}

static const struct op *call_register(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t target = cpu->state.gpr[op->reg];

    if (!target_is_valid(cpu, op, &target) || !push_return(cpu, op)) {
        return soft_fault(cpu, op);
    }
    return soft_jump(cpu, target);
}

static const struct op *call_memory(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t target;

    if (!load_target(cpu, op, &target) || !target_is_valid(cpu, op, &target) ||
        !push_return(cpu, op)) {
        return soft_fault(cpu, op);
    }
    return soft_jump(cpu, target);
}

static const struct op *ret64(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t rsp = cpu->state.gpr[X86_RSP];
    uint64_t target;

    if (!soft_load64(cpu, rsp, &target) || !target_is_valid(cpu, op, &target)) {
        return soft_fault(cpu, op);
    }
    cpu->state.gpr[X86_RSP] = rsp + 8 + op->imm;
    return soft_jump(cpu, target);
}

static const struct op *ret_legacy(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t rsp = cpu->state.gpr[X86_RSP];
    uint64_t target;

    if (!soft_pop(cpu, &target, op->operand_size)) {
        return soft_fault(cpu, op);
    }
    if (!target_is_valid(cpu, op, &target)) {
        cpu->state.gpr[X86_RSP] = rsp;
        return soft_fault(cpu, op);
    }
    soft_put(cpu, X86_RSP, cpu->state.gpr[X86_RSP] + op->imm, cpu->stack_size);
    return soft_jump(cpu, target);
}

/* ---- far ---- */

static const struct op *after_far(struct soft_cpu *cpu, const struct op *op, bool ok)
{
    return ok ? soft_leave_at_rip(cpu, SOFT_LEAVE_LOOKUP) : soft_fault(cpu, op);
}

/* selector in reg2:reg3 is too small a place: imm holds offset, disp the selector. */
static const struct op *far_pointer(struct soft_cpu *cpu, const struct op *op)
{
    uint16_t selector = (uint16_t)op->disp;
    uint64_t next = soft_op_next_rip(cpu, op);

    return after_far(cpu, op,
                     op->detail != 0
                         ? soft_far_call(cpu, selector, op->imm, op->operand_size, next)
                         : soft_far_jump(cpu, selector, op->imm, op->operand_size, next));
}

static const struct op *far_memory(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t next = soft_op_next_rip(cpu, op);
    unsigned size = op->operand_size;
    uint64_t offset = 0;
    uint16_t selector;
    uint64_t linear;

    if (!soft_operand(cpu, op, size + 2, SOFT_READ, &linear) ||
        !soft_load(cpu, linear, &offset, size) || !soft_load16(cpu, linear + size, &selector)) {
        return soft_fault(cpu, op);
    }
    return after_far(cpu, op,
                     op->detail != 0 ? soft_far_call(cpu, selector, offset, size, next)
                                     : soft_far_jump(cpu, selector, offset, size, next));
}

static const struct op *far_return(struct soft_cpu *cpu, const struct op *op)
{
    return after_far(cpu, op, soft_far_return(cpu, op->operand_size, (unsigned)op->imm));
}

static const struct op *software_interrupt(struct soft_cpu *cpu, const struct op *op)
{
    return after_far(cpu, op,
                     soft_software_interrupt(cpu, (uint8_t)op->imm, soft_op_next_rip(cpu, op)));
}

static const struct op *into(struct soft_cpu *cpu, const struct op *op)
{
    if (!soft_of(cpu)) {
        return soft_leave(cpu, op, SOFT_LEAVE_LOOKUP);
    }
    return after_far(cpu, op, soft_software_interrupt(cpu, SOFT_OF, soft_op_next_rip(cpu, op)));
}

static const struct op *iret(struct soft_cpu *cpu, const struct op *op)
{
    return after_far(cpu, op,
                     soft_interrupt_return(cpu, op->operand_size, soft_op_next_rip(cpu, op)));
}

/* ---- translation ---- */

struct branch_forms {
    op_fn relative, reg, memory;
    bool is_call;
};

static const struct branch_forms jmp_forms = { jmp_relative, jmp_register, jmp_memory, false };
static const struct branch_forms call_forms = { call_relative, call_register, call_memory, true };

static void set_relative(struct soft_translation *t)
{
    t->op->disp = t->op->offset + t->op->length + (int64_t)t->operands[0].imm.value.s;
}

static void translate_conditional(struct soft_translation *t)
{
    set_relative(t);
    t->op->run = ((const struct soft_simple *)t->table)->run;
    t->ends_block = true;
}

static void translate_loop(struct soft_translation *t)
{
    translate_conditional(t);
    t->op->detail = t->instruction->mnemonic == ZYDIS_MNEMONIC_LOOPE    ? 1
                    : t->instruction->mnemonic == ZYDIS_MNEMONIC_LOOPNE ? 2
                                                                        : 0;
}

static void translate_branch(struct soft_translation *t)
{
    const struct branch_forms *forms = t->table;
    const ZydisDecodedOperand *operand = &t->operands[0];
    struct op *op = t->op;

    t->ends_block = true;
    op->detail = forms->is_call;
    if (operand->type == ZYDIS_OPERAND_TYPE_POINTER) {
        op->imm = operand->ptr.offset;
        op->disp = operand->ptr.segment;
        op->run = far_pointer;
        return;
    }
    if (t->instruction->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR) {
        op->run = far_memory;
        op->operand_size = (uint8_t)(soft_operand_bytes(t, 0) - 2);
        return;
    }
    if (forms->is_call) {
        op->prefix |= SOFT_PREFIX_STACK;
    }
    if (soft_operand_is_immediate(t, 0)) {
        set_relative(t);
        op->run = forms->relative;
    } else if (soft_operand_is_memory(t, 0)) {
        op->run = forms->memory;
    } else {
        op->reg = soft_operand_register(t, 0);
        op->run = forms->reg;
    }
}

static void translate_ret(struct soft_translation *t)
{
    struct op *op = t->op;
    bool has_immediate = t->instruction->operand_count_visible > 0;

    op->imm = has_immediate ? soft_operand_immediate(t, 0) & 0xffff : 0;
    op->prefix |= SOFT_PREFIX_STACK;
    t->ends_block = true;
    if (t->instruction->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR) {
        op->run = far_return;
    } else {
        op->run = (t->mode & SOFT_MODE_SIZE) == SOFT_MODE_64 ? ret64 : ret_legacy;
    }
}

static void translate_interrupt(struct soft_translation *t)
{
    struct op *op = t->op;

    t->ends_block = true;
    op->run = software_interrupt;
    switch ((int)t->instruction->mnemonic) {
    case ZYDIS_MNEMONIC_INT: op->imm = soft_operand_immediate(t, 0); break;
    case ZYDIS_MNEMONIC_INT1: op->imm = SOFT_DB; break;
    default: op->imm = SOFT_BP; break;
    }
    op->imm &= 0xff;
}

static void translate_iret(struct soft_translation *t)
{
    t->ends_block = true;
    t->op->run = iret;
    t->op->operand_size = t->instruction->mnemonic == ZYDIS_MNEMONIC_IRETQ   ? 8
                          : t->instruction->mnemonic == ZYDIS_MNEMONIC_IRETD ? 4
                                                                             : 2;
}

#define SIMPLE_OF(name, code) \
    static const struct soft_simple simple_##name = { j##name, true, false };
SOFT_CONDITIONS(SIMPLE_OF)
static const struct soft_simple simple_jcxz = { jcxz, true, false };
static const struct soft_simple simple_loop = { loop, true, false };
static const struct soft_simple simple_into = { into, true, false };

/* clang-format off */
#define ROW(upper, name) { ZYDIS_MNEMONIC_J##upper, 0, translate_conditional, &simple_##name },
static const struct soft_row rows[] = {
    ROW(O, o) ROW(NO, no) ROW(B, b) ROW(NB, nb) ROW(Z, z) ROW(NZ, nz) ROW(BE, be) ROW(NBE, nbe)
    ROW(S, s) ROW(NS, ns) ROW(P, p) ROW(NP, np) ROW(L, l) ROW(NL, nl) ROW(LE, le) ROW(NLE, nle)
    { ZYDIS_MNEMONIC_JCXZ,   0, translate_conditional, &simple_jcxz },
    { ZYDIS_MNEMONIC_JECXZ,  0, translate_conditional, &simple_jcxz },
    { ZYDIS_MNEMONIC_JRCXZ,  0, translate_conditional, &simple_jcxz },
    { ZYDIS_MNEMONIC_LOOP,   0, translate_loop, &simple_loop },
    { ZYDIS_MNEMONIC_LOOPE,  0, translate_loop, &simple_loop },
    { ZYDIS_MNEMONIC_LOOPNE, 0, translate_loop, &simple_loop },
    { ZYDIS_MNEMONIC_JMP,    0, translate_branch, &jmp_forms },
    { ZYDIS_MNEMONIC_CALL,   0, translate_branch, &call_forms },
    { ZYDIS_MNEMONIC_RET,    0, translate_ret, NULL },
    { ZYDIS_MNEMONIC_INT,    0, translate_interrupt, NULL },
    { ZYDIS_MNEMONIC_INT1,   0, translate_interrupt, NULL },
    { ZYDIS_MNEMONIC_INT3,   0, translate_interrupt, NULL },
    { ZYDIS_MNEMONIC_INTO,   0, soft_translate_simple, &simple_into },
    { ZYDIS_MNEMONIC_IRET,   0, translate_iret, NULL },
    { ZYDIS_MNEMONIC_IRETD,  0, translate_iret, NULL },
    { ZYDIS_MNEMONIC_IRETQ,  0, translate_iret, NULL },
};
/* clang-format on */
SOFT_DEFINE_GROUP(soft_group_branch, rows);
