/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stack.c - PUSH, POP and their kind. */
#include "cpu/soft_translate.h"

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

const struct soft_group soft_group_stack = { NULL, 0 };
