/* SPDX-License-Identifier: GPL-2.0-or-later */
/* soft_event.c - exceptions and interrupts through the table; real mode alone for now. */
#include "cpu/soft_internal.h"

/* SDM 3A 21.1.4: FLAGS, CS, IP; IF, TF, AC cleared. */
static bool deliver_real(struct soft_cpu *cpu, uint8_t vector, uint64_t return_rip)
{
    struct x86_segment *cs = &cpu->state.segments[X86_CS];
    uint64_t saved_rsp = cpu->state.gpr[X86_RSP];
    uint16_t entry[2];

    if (vector * 4u + 3 > cpu->state.system.idt_limit) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    if (!soft_load_system(cpu, cpu->state.system.idt_base + vector * 4u, entry, 4) ||
        !soft_push(cpu, soft_rflags(cpu), 2) || !soft_push(cpu, cs->selector, 2) ||
        !soft_push(cpu, return_rip, 2)) {
        cpu->state.gpr[X86_RSP] = saved_rsp;
        return false;
    }
    cpu->state.rflags &= ~(SOFT_RFLAGS_IF | SOFT_RFLAGS_TF | SOFT_RFLAGS_AC);
    cs->selector = entry[1];
    cs->base = (uint64_t)entry[1] << 4;
    cpu->state.rip = entry[0];
    soft_cpu_update_mode(cpu);
    return true;
}

bool soft_deliver_exception(struct soft_cpu *cpu)
{
    return !soft_is_protected(cpu) && deliver_real(cpu, cpu->exception.vector, cpu->state.rip);
}

bool soft_deliver_interrupt(struct soft_cpu *cpu, uint8_t vector, enum soft_event_kind kind)
{
    (void)kind;
    return !soft_is_protected(cpu) && deliver_real(cpu, vector, cpu->state.rip);
}

bool soft_software_interrupt(struct soft_cpu *cpu, uint8_t vector, uint64_t next_rip)
{
    if (soft_is_protected(cpu)) {
        return soft_fail_code(cpu, SOFT_GP, vector * 8u + 2);
    }
    return deliver_real(cpu, vector, next_rip);
}

bool soft_interrupt_return(struct soft_cpu *cpu, unsigned operand_size, uint64_t next_rip)
{
    uint64_t saved_rsp = cpu->state.gpr[X86_RSP];
    uint64_t frame[3];

    (void)next_rip;
    if (soft_is_protected(cpu)) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    for (unsigned i = 0; i < 3; i++) {
        if (!soft_pop(cpu, &frame[i], operand_size)) {
            cpu->state.gpr[X86_RSP] = saved_rsp;
            return false;
        }
    }
    cpu->state.rip = frame[0];
    cpu->state.segments[X86_CS].selector = (uint16_t)frame[1];
    cpu->state.segments[X86_CS].base = (frame[1] & 0xffff) << 4;
    soft_set_rflags(cpu, frame[2]);
    cpu->state.nmi_blocked = false;
    soft_cpu_update_mode(cpu);
    return true;
}

void soft_enter_init(struct soft_cpu *cpu)
{
    struct x86_state registers;

    x86_state_reset(&registers, cpu->options.index == 0);
    soft_cpu_load_registers(cpu, &registers);
}

void soft_enter_sipi(struct soft_cpu *cpu, uint8_t vector)
{
    struct x86_segment *cs = &cpu->state.segments[X86_CS];

    cs->selector = (uint16_t)(vector << 8);
    cs->base = (uint64_t)vector << 12;
    cpu->state.rip = 0;
    cpu->state.activity = SOFT_ACTIVITY_RUNNING;
}

bool soft_debug_before(struct soft_cpu *cpu)
{
    (void)cpu;
    return true;
}

bool soft_debug_after(struct soft_cpu *cpu, bool trap_flag_before)
{
    if (trap_flag_before) {
        return soft_fail(cpu, SOFT_DB);
    }
    return true;
}

void soft_debug_watch(struct soft_cpu *cpu, uint64_t linear, unsigned size, enum soft_access access)
{
    (void)cpu, (void)linear, (void)size, (void)access;
}
