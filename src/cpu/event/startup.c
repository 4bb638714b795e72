/* SPDX-License-Identifier: GPL-2.0-or-later */
/* startup.c - INIT and the start-up IPI (Intel SDM 3A 8.4, 9.1, table 9-1). */
#include "cpu/soft_registers.h"

#define APIC_BASE_BSP 0x100u

/* FPU, vector registers, MSRs and TSC stay; CR0 keeps CD and NW. */
void soft_enter_init(struct soft_cpu *cpu)
{
    struct soft_system_state *system = &cpu->state.system;
    bool is_bootstrap = cpu->options.index == 0;
    uint64_t kept = system->cr0 & (SOFT_CR0_CD | SOFT_CR0_NW);
    uint64_t apic_base = system->apic_base;
    struct x86_state registers;

    x86_state_reset(&registers, is_bootstrap);
    registers.apic_base = apic_base;
    registers.cr0 = SOFT_CR0_ET | kept;
    registers.gpr[X86_RDX] = soft_cpu_signature(cpu);
    soft_cpu_load_registers(cpu, &registers);
    for (unsigned i = 0; i < 4; i++) {
        system->dr[i] = 0;
    }
    system->dr[6] = SOFT_DR6_FIXED;
    system->dr[7] = 0x400;
    cpu->state.nmi_pending = false;
    cpu->state.nmi_blocked = false;
    cpu->state.shadow = SOFT_SHADOW_NONE;
    soft_cpu_update_mode(cpu);
}

void soft_enter_sipi(struct soft_cpu *cpu, uint8_t vector)
{
    struct x86_segment *cs = &cpu->state.segments[X86_CS];

    cs->selector = (uint16_t)(vector << 8);
    cs->base = (uint64_t)vector << 12;
    cpu->state.rip = 0;
    cpu->state.activity = SOFT_ACTIVITY_RUNNING;
}
