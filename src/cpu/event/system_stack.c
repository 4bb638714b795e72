/* SPDX-License-Identifier: GPL-2.0-or-later */
/* system_stack.c - frames on a stack before SS and RSP change, and the inner stacks of a TSS. */
#include "cpu/soft_segment.h"

#define TYPE_EXPAND_DOWN SOFT_SEGMENT_THIRD

static uint64_t mask_of(unsigned size)
{
    return size == 8 ? UINT64_MAX : size == 4 ? UINT32_MAX : UINT16_MAX;
}

static unsigned stack_size(const struct x86_segment *ss)
{
    return (ss->attributes & SOFT_SEGMENT_DB) != 0 ? 4 : 2;
}

void soft_stack_current(const struct soft_cpu *cpu, struct soft_stack *stack)
{
    *stack = (struct soft_stack){ .ss = cpu->state.segments[X86_SS],
                                  .rsp = cpu->state.gpr[X86_RSP],
                                  .size = cpu->stack_size };
}

/* SP alone moves where SS has 16 bits. */
void soft_stack_add(struct soft_stack *stack, uint64_t bytes)
{
    uint64_t mask = mask_of(stack->size);
    uint64_t kept = stack->size == 2 ? stack->rsp & ~mask : 0;

    stack->rsp = kept | ((stack->rsp + bytes) & mask);
}

static bool fail_stack(struct soft_cpu *cpu, const struct soft_stack *stack)
{
    return soft_fail_code(cpu, SOFT_SS, stack->code);
}

/* Limit or canonical form of bytes at RSP. */
static bool stack_linear(struct soft_cpu *cpu, const struct soft_stack *stack, unsigned bytes,
                         uint64_t *linear)
{
    uint64_t offset = stack->rsp & mask_of(stack->size);
    uint64_t last = offset + bytes - 1;
    const struct x86_segment *ss = &stack->ss;

    if (stack->size == 8) {
        *linear = offset;
        return (soft_is_canonical(offset) && soft_is_canonical(last)) || fail_stack(cpu, stack);
    }
    if ((ss->attributes & (SOFT_SEGMENT_CODE | TYPE_EXPAND_DOWN)) == TYPE_EXPAND_DOWN) {
        if (offset <= ss->limit || last > mask_of(stack_size(ss))) {
            return fail_stack(cpu, stack);
        }
    } else if (last > ss->limit) {
        return fail_stack(cpu, stack);
    }
    *linear = (uint32_t)(ss->base + offset);
    return true;
}

bool soft_stack_push(struct soft_cpu *cpu, struct soft_stack *stack, uint64_t value, unsigned bytes)
{
    uint64_t linear;

    soft_stack_add(stack, -(uint64_t)bytes);
    return stack_linear(cpu, stack, bytes, &linear) && soft_store(cpu, linear, &value, bytes);
}

bool soft_stack_pop(struct soft_cpu *cpu, struct soft_stack *stack, uint64_t *value, unsigned bytes)
{
    uint64_t linear;

    *value = 0;
    if (!stack_linear(cpu, stack, bytes, &linear) || !soft_load(cpu, linear, value, bytes)) {
        return false;
    }
    soft_stack_add(stack, bytes);
    return true;
}

void soft_stack_commit(struct soft_cpu *cpu, const struct soft_stack *stack)
{
    cpu->state.segments[X86_SS] = stack->ss;
    cpu->state.gpr[X86_RSP] = stack->rsp;
}

void soft_access_as(struct soft_cpu *cpu, unsigned cpl)
{
    bool ac = (cpu->state.rflags & SOFT_RFLAGS_AC) != 0;
    bool smap = (cpu->state.system.cr4 & SOFT_CR4_SMAP) != 0;

    cpu->mmu_index = cpl == 3     ? SOFT_MMU_USER
                     : ac && smap ? SOFT_MMU_SUPERVISOR_AC
                                  : SOFT_MMU_SUPERVISOR;
    cpu->tlb = cpu->data[cpu->mmu_index];
    cpu->align_check = false;
}

/* ---- the TSS's stacks ---- */

static bool read_tss(struct soft_cpu *cpu, uint32_t offset, void *bytes, unsigned size)
{
    const struct x86_segment *tr = &cpu->state.segments[X86_TR];

    if (offset + size - 1 > tr->limit) {
        return soft_fail_selector(cpu, SOFT_TS, tr->selector);
    }
    return soft_load_system(cpu, tr->base + offset, bytes, size);
}

static bool inner_stack_long(struct soft_cpu *cpu, unsigned cpl, unsigned ist,
                             struct soft_stack *stack)
{
    if (!read_tss(cpu, ist != 0 ? 0x24 + (ist - 1) * 8 : 4 + cpl * 8, &stack->rsp, 8)) {
        return false;
    }
    stack->size = 8;
    stack->code = 0;
    soft_set_null_segment(&stack->ss, (uint16_t)cpl, cpl);
    return true;
}

bool soft_inner_stack(struct soft_cpu *cpu, unsigned cpl, unsigned ist, struct soft_stack *stack)
{
    const struct x86_segment *tr = &cpu->state.segments[X86_TR];
    uint16_t selector = 0;
    bool ok;

    *stack = (struct soft_stack){ .rsp = 0 };
    if (cpu->long_mode) {
        return inner_stack_long(cpu, cpl, ist, stack);
    }
    if ((tr->attributes & SOFT_TYPE_IS_32) != 0) {
        uint8_t bytes[6];

        ok = read_tss(cpu, 4 + cpl * 8, bytes, sizeof(bytes));
        if (ok) {
            memcpy(&stack->rsp, bytes, 4);
            memcpy(&selector, bytes + 4, 2);
        }
    } else {
        uint16_t words[2];

        ok = read_tss(cpu, 2 + cpl * 4, words, sizeof(words));
        if (ok) {
            stack->rsp = words[0];
            selector = words[1];
        }
    }
    if (!ok || !soft_check_stack_segment(cpu, selector, cpl, SOFT_TS, &stack->ss)) {
        return false;
    }
    stack->size = stack_size(&stack->ss);
    stack->code = selector & 0xfffcu;
    return true;
}
