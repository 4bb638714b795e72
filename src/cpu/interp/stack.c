/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stack.c - PUSH, POP and their kind. */
#include "cpu/interp/operands.h"

/* The offset in SS that RSP + change has, at the stack's size. */
static uint64_t stack_offset(const struct soft_cpu *cpu, int64_t change)
{
    uint64_t rsp = cpu->state.gpr[X86_RSP] + (uint64_t)change;

    return cpu->stack_size == 8 ? rsp : cpu->stack_size == 4 ? (uint32_t)rsp : (uint16_t)rsp;
}

/* SP alone, ESP (upper half kept, not cleared) or RSP. */
static void move_rsp(struct soft_cpu *cpu, uint64_t offset)
{
    uint64_t *rsp = &cpu->state.gpr[X86_RSP];

    *rsp = cpu->stack_size == 2 ? (*rsp & ~0xffffull) | offset : offset;
}

static bool fail_stack(struct soft_cpu *cpu)
{
    if (cpu->non_canonical) {
        cpu->non_canonical = false;
        cpu->exception.vector = SOFT_SS;
    }
    return false;
}

bool soft_push(struct soft_cpu *cpu, uint64_t value, unsigned size)
{
    uint64_t offset = stack_offset(cpu, -(int64_t)size);
    uint64_t linear;

    if (!soft_segment_linear(cpu, X86_SS, offset, size, SOFT_WRITE, &linear) ||
        !soft_store(cpu, linear, &value, size)) {
        return fail_stack(cpu);
    }
    move_rsp(cpu, offset);
    return true;
}

bool soft_pop(struct soft_cpu *cpu, uint64_t *value, unsigned size)
{
    uint64_t linear;

    *value = 0;
    if (!soft_segment_linear(cpu, X86_SS, stack_offset(cpu, 0), size, SOFT_READ, &linear) ||
        !soft_load(cpu, linear, value, size)) {
        return fail_stack(cpu);
    }
    move_rsp(cpu, stack_offset(cpu, size));
    return true;
}

/* ---- PUSH and POP ---- */

static const struct op *push_register64(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t rsp = cpu->state.gpr[X86_RSP] - 8;

    if (!soft_store64(cpu, rsp, cpu->state.gpr[op->reg])) {
        return soft_fault(cpu, op);
    }
    cpu->state.gpr[X86_RSP] = rsp;
    return SOFT_NEXT(cpu, op);
}

static const struct op *pop_register64(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t value;

    if (!soft_load64(cpu, cpu->state.gpr[X86_RSP], &value)) {
        return soft_fault(cpu, op);
    }
    cpu->state.gpr[X86_RSP] += 8;
    cpu->state.gpr[op->reg] = value;
    return SOFT_NEXT(cpu, op);
}

static const struct op *push_register(struct soft_cpu *cpu, const struct op *op)
{
    return soft_push(cpu, cpu->state.gpr[op->reg], op->operand_size) ? SOFT_NEXT(cpu, op)
                                                                     : soft_fault(cpu, op);
}

static const struct op *push_immediate(struct soft_cpu *cpu, const struct op *op)
{
    return soft_push(cpu, op->imm, op->operand_size) ? SOFT_NEXT(cpu, op) : soft_fault(cpu, op);
}

static const struct op *push_memory(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t value = 0;
    uint64_t linear;

    if (!soft_operand(cpu, op, op->operand_size, SOFT_READ, &linear) ||
        !soft_load(cpu, linear, &value, op->operand_size) ||
        !soft_push(cpu, value, op->operand_size)) {
        return soft_fault(cpu, op);
    }
    return SOFT_NEXT(cpu, op);
}

/* A 32-bit push of a selector writes 16 bits and leaves the rest of the slot (SDM 2B, PUSH); 64-bit ones
 * write zeros above. */
static const struct op *push_segment(struct soft_cpu *cpu, const struct op *op)
{
    uint16_t selector = cpu->state.segments[op->reg].selector;
    uint64_t offset;
    uint64_t linear;

    if (op->operand_size != 4) {
        return soft_push(cpu, selector, op->operand_size) ? SOFT_NEXT(cpu, op)
                                                          : soft_fault(cpu, op);
    }
    offset = stack_offset(cpu, -4);
    if (!soft_segment_linear(cpu, X86_SS, offset, 4, SOFT_WRITE, &linear) ||
        !soft_store16(cpu, linear, selector)) {
        return soft_fault(cpu, op);
    }
    move_rsp(cpu, offset);
    return SOFT_NEXT(cpu, op);
}

static const struct op *pop_register(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t value;

    if (!soft_pop(cpu, &value, op->operand_size)) {
        return soft_fault(cpu, op);
    }
    soft_put(cpu, op->reg, value, op->operand_size);
    return SOFT_NEXT(cpu, op);
}

/* The address is computed with RSP as it is after the pop. */
static const struct op *pop_memory(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t rsp = cpu->state.gpr[X86_RSP];
    uint64_t value;
    uint64_t linear;

    if (!soft_pop(cpu, &value, op->operand_size)) {
        return soft_fault(cpu, op);
    }
    if (!soft_operand(cpu, op, op->operand_size, SOFT_WRITE, &linear) ||
        !soft_store(cpu, linear, &value, op->operand_size)) {
        cpu->state.gpr[X86_RSP] = rsp;
        return soft_fault(cpu, op);
    }
    return SOFT_NEXT(cpu, op);
}

static const struct op *pop_segment(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t rsp = cpu->state.gpr[X86_RSP];
    uint64_t selector;
    uint64_t after;

    /* Only the selector's 16 bits are read. */
    if (!soft_pop(cpu, &selector, 2)) {
        return soft_fault(cpu, op);
    }
    cpu->state.gpr[X86_RSP] = rsp;
    after = stack_offset(cpu, op->operand_size);
    if (!soft_load_segment(cpu, op->reg, (uint16_t)selector)) {
        return soft_fault(cpu, op);
    }
    /* The old stack's size counts, so this is not stack_offset() of the new one. */
    soft_put(cpu, X86_RSP, after, op->detail == 8 ? 8 : op->detail);
    if (op->reg == X86_SS) {
        cpu->state.shadow = SOFT_SHADOW_SS;
        soft_cpu_update_mode(cpu);
    }
    return soft_leave(cpu, op, SOFT_LEAVE_LOOKUP);
}

/* ---- all registers ---- */

static const struct op *pusha(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t rsp = cpu->state.gpr[X86_RSP];

    for (unsigned reg = X86_RAX; reg <= X86_RDI; reg++) {
        if (!soft_push(cpu, reg == X86_RSP ? rsp : cpu->state.gpr[reg], op->operand_size)) {
            cpu->state.gpr[X86_RSP] = rsp;
            return soft_fault(cpu, op);
        }
    }
    return SOFT_NEXT(cpu, op);
}

static const struct op *popa(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t rsp = cpu->state.gpr[X86_RSP];
    uint64_t values[8];

    for (unsigned i = 0; i < 8; i++) {
        if (!soft_pop(cpu, &values[7 - i], op->operand_size)) {
            cpu->state.gpr[X86_RSP] = rsp;
            return soft_fault(cpu, op);
        }
    }
    for (unsigned reg = X86_RAX; reg <= X86_RDI; reg++) {
        if (reg != X86_RSP) {
            soft_put(cpu, reg, values[reg], op->operand_size);
        }
    }
    return SOFT_NEXT(cpu, op);
}

/* ---- flags ---- */

static bool is_virtual_8086(const struct soft_cpu *cpu)
{
    return (cpu->state.rflags & SOFT_RFLAGS_VM) != 0;
}

static unsigned io_privilege(const struct soft_cpu *cpu)
{
    return (unsigned)(cpu->state.rflags / 0x1000) & 3;
}

static const struct op *pushf(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t value = soft_rflags(cpu) & ~(SOFT_RFLAGS_VM | SOFT_RFLAGS_RF);

    if (is_virtual_8086(cpu) && io_privilege(cpu) < 3) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    return soft_push(cpu, value, op->operand_size) ? SOFT_NEXT(cpu, op) : soft_fault(cpu, op);
}

static const struct op *popf(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t changes = SOFT_RFLAGS_ARITHMETIC | SOFT_RFLAGS_TF | SOFT_RFLAGS_DF | SOFT_RFLAGS_NT |
                       SOFT_RFLAGS_AC | SOFT_RFLAGS_ID;
    uint64_t value;

    if (is_virtual_8086(cpu) && io_privilege(cpu) < 3) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    if (!soft_pop(cpu, &value, op->operand_size)) {
        return soft_fault(cpu, op);
    }
    if (cpu->cpl == 0) {
        changes |= SOFT_RFLAGS_IOPL;
    }
    if (cpu->cpl <= io_privilege(cpu)) {
        changes |= SOFT_RFLAGS_IF;
    }
    if (op->operand_size == 2) {
        changes &= 0xffff;
    }
    soft_set_rflags(cpu, (soft_rflags(cpu) & ~(changes | SOFT_RFLAGS_RF)) | (value & changes));
    soft_cpu_update_mode(cpu);
    return soft_leave(cpu, op, SOFT_LEAVE_LOOKUP);
}

/* ---- ENTER and LEAVE ---- */

static bool enter_frames(struct soft_cpu *cpu, const struct op *op, unsigned level, uint64_t frame)
{
    uint64_t rbp = cpu->state.gpr[X86_RBP];

    for (unsigned i = 1; i < level; i++) {
        uint64_t offset = rbp - (uint64_t)i * op->operand_size;
        uint64_t value = 0;
        uint64_t linear;

        offset = cpu->stack_size == 8   ? offset
                 : cpu->stack_size == 4 ? (uint32_t)offset
                                        : (uint16_t)offset;
        if (!soft_segment_linear(cpu, X86_SS, offset, op->operand_size, SOFT_READ, &linear) ||
            !soft_load(cpu, linear, &value, op->operand_size) ||
            !soft_push(cpu, value, op->operand_size)) {
            return false;
        }
    }
    return level == 0 || soft_push(cpu, frame, op->operand_size);
}

/* imm: bytes of locals; detail: nesting level. */
static const struct op *enter(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t rsp = cpu->state.gpr[X86_RSP];
    uint64_t frame;
    uint64_t offset;
    uint64_t linear;

    if (!soft_push(cpu, cpu->state.gpr[X86_RBP], op->operand_size)) {
        return soft_fault(cpu, op);
    }
    frame = cpu->state.gpr[X86_RSP];
    /* The new top of the stack must be writable (SDM 2A, ENTER). */
    if (!enter_frames(cpu, op, op->detail, frame)) {
        cpu->state.gpr[X86_RSP] = rsp;
        return soft_fault(cpu, op);
    }
    offset = stack_offset(cpu, -(int64_t)op->imm);
    if (!soft_segment_linear(cpu, X86_SS, offset, op->operand_size, SOFT_WRITE, &linear) ||
        !soft_probe_store(cpu, linear, op->operand_size)) {
        cpu->state.gpr[X86_RSP] = rsp;
        return soft_fault(cpu, op);
    }
    move_rsp(cpu, offset);
    soft_put(cpu, X86_RBP, frame, op->operand_size);
    return SOFT_NEXT(cpu, op);
}

static const struct op *leave(struct soft_cpu *cpu, const struct op *op)
{
    uint64_t rsp = cpu->state.gpr[X86_RSP];
    uint64_t value;

    soft_put(cpu, X86_RSP, cpu->state.gpr[X86_RBP], cpu->stack_size);
    if (!soft_pop(cpu, &value, op->operand_size)) {
        cpu->state.gpr[X86_RSP] = rsp;
        return soft_fault(cpu, op);
    }
    soft_put(cpu, X86_RBP, value, op->operand_size);
    return SOFT_NEXT(cpu, op);
}

/* ---- translation ---- */

static bool is_segment(const struct soft_translation *t, unsigned index)
{
    return soft_operand_is_register(t, index) &&
           ZydisRegisterGetClass(t->operands[index].reg.value) == ZYDIS_REGCLASS_SEGMENT;
}

static unsigned stack_bytes(const struct soft_translation *t)
{
    return (t->mode & SOFT_MODE_SIZE) == SOFT_MODE_64 ? 8
           : (t->mode & SOFT_MODE_STACK_32) != 0      ? 4
                                                      : 2;
}

static void translate_push(struct soft_translation *t)
{
    struct op *op = t->op;

    if (soft_operand_is_memory(t, 0)) {
        op->run = push_memory;
    } else if (soft_operand_is_immediate(t, 0)) {
        op->imm = soft_operand_immediate(t, 0);
        op->run = push_immediate;
    } else {
        op->reg = soft_operand_register(t, 0);
        op->run = is_segment(t, 0)        ? push_segment
                  : op->operand_size == 8 ? push_register64
                                          : push_register;
    }
    if (!soft_operand_is_memory(t, 0)) {
        op->prefix |= SOFT_PREFIX_STACK;
    }
}

static void translate_pop(struct soft_translation *t)
{
    struct op *op = t->op;

    if (soft_operand_is_memory(t, 0)) {
        op->run = pop_memory;
        return;
    }
    op->prefix |= SOFT_PREFIX_STACK;
    op->reg = soft_operand_register(t, 0);
    if (is_segment(t, 0)) {
        op->detail = (uint8_t)stack_bytes(t);
        op->run = pop_segment;
        t->ends_block = true;
    } else {
        op->run = op->operand_size == 8 ? pop_register64 : pop_register;
    }
}

static void translate_enter(struct soft_translation *t)
{
    t->op->imm = soft_operand_immediate(t, 0) & 0xffff;
    t->op->detail = soft_operand_immediate(t, 1) & 31;
    t->op->prefix |= SOFT_PREFIX_STACK;
    t->op->run = enter;
}

static const struct soft_simple simple_pusha = { pusha, false, false };
static const struct soft_simple simple_popa = { popa, false, false };
static const struct soft_simple simple_pushf = { pushf, false, false };
static const struct soft_simple simple_popf = { popf, true, false };
static const struct soft_simple simple_leave = { leave, false, false };

/* clang-format off */
static const struct soft_row rows[] = {
    { ZYDIS_MNEMONIC_PUSH,   0, translate_push, NULL },
    { ZYDIS_MNEMONIC_POP,    0, translate_pop, NULL },
    { ZYDIS_MNEMONIC_PUSHA,  0, soft_translate_simple, &simple_pusha },
    { ZYDIS_MNEMONIC_PUSHAD, 0, soft_translate_simple, &simple_pusha },
    { ZYDIS_MNEMONIC_POPA,   0, soft_translate_simple, &simple_popa },
    { ZYDIS_MNEMONIC_POPAD,  0, soft_translate_simple, &simple_popa },
    { ZYDIS_MNEMONIC_PUSHF,  0, soft_translate_simple, &simple_pushf },
    { ZYDIS_MNEMONIC_PUSHFD, 0, soft_translate_simple, &simple_pushf },
    { ZYDIS_MNEMONIC_PUSHFQ, 0, soft_translate_simple, &simple_pushf },
    { ZYDIS_MNEMONIC_POPF,   0, soft_translate_simple, &simple_popf },
    { ZYDIS_MNEMONIC_POPFD,  0, soft_translate_simple, &simple_popf },
    { ZYDIS_MNEMONIC_POPFQ,  0, soft_translate_simple, &simple_popf },
    { ZYDIS_MNEMONIC_ENTER,  0, translate_enter, NULL },
    { ZYDIS_MNEMONIC_LEAVE,  0, soft_translate_simple, &simple_leave },
};
/* clang-format on */
SOFT_DEFINE_GROUP(soft_group_stack, rows);
