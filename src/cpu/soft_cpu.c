/* SPDX-License-Identifier: GPL-2.0-or-later */
/* soft_cpu.c - one software CPU: its life, its lines, its state. */
#include "cpu/soft_cpu.h"

#include "cpu/soft_registers.h"

/* clang-format off */
STATE_DESCRIBE(soft_system_state_desc, struct soft_system_state, SOFT_SYSTEM_STATE_FIELDS);
STATE_DESCRIBE(soft_f80_desc, struct soft_f80, SOFT_F80_FIELDS);
STATE_DESCRIBE(soft_vector_desc, struct soft_vector, SOFT_VECTOR_FIELDS);
STATE_DESCRIBE(soft_vector_state_desc, struct soft_vector_state, SOFT_VECTOR_STATE_FIELDS);
STATE_DESCRIBE(soft_cpu_state_desc, struct soft_cpu_state, SOFT_CPU_STATE_FIELDS);
/* clang-format on */

#define MXCSR_RESET       0x1f80u
#define X87_CONTROL_RESET 0x37fu /* as FNINIT; power-up's 0040h is unknown to all software */
#define DR6_RESET         0xffff0ff0u
#define DR7_RESET         0x400u
#define PAT_RESET         0x0007040600070406ull
#define MISC_ENABLE_RESET 1u /* fast strings */

struct soft_cpu *soft_cpu_create(const struct soft_cpu_options *options)
{
    struct soft_cpu *cpu = g_new0(struct soft_cpu, 1);

    cpu->cluster = options->cluster;
    cpu->options = *options;
    cpu->jump_cache = soft_code_jump_cache(options->cluster->code);
    soft_tlb_init(cpu);
    g_ptr_array_add(options->cluster->cpus, cpu);
    soft_cpu_reset(cpu);
    return cpu;
}

void soft_cpu_destroy(struct soft_cpu *cpu)
{
    if (cpu != NULL) {
        g_ptr_array_remove(cpu->cluster->cpus, cpu);
        g_free(cpu);
    }
}

void soft_cpu_reset(struct soft_cpu *cpu)
{
    struct x86_state registers;

    memset(&cpu->state, 0, sizeof(cpu->state));
    x86_state_reset(&registers, cpu->options.index == 0);
    registers.gpr[X86_RDX] = soft_cpu_signature(cpu);
    cpu->state.system.dr[6] = DR6_RESET;
    cpu->state.system.dr[7] = DR7_RESET;
    cpu->state.system.pat = PAT_RESET;
    cpu->state.system.misc_enable = MISC_ENABLE_RESET;
    cpu->state.vector.mxcsr = MXCSR_RESET;
    cpu->state.vector.control = X87_CONTROL_RESET;
    cpu->state.vector.xcr0 = 1;
    soft_cpu_load_registers(cpu, &registers);
}

/* ---- lines ---- */

void soft_cpu_break(struct soft_cpu *cpu)
{
    cpu->break_requested = true;
}

void soft_cpu_set_intr(struct soft_cpu *cpu, bool level)
{
    cpu->state.intr_level = level;
}

void soft_cpu_nmi(struct soft_cpu *cpu)
{
    cpu->state.nmi_pending = true;
}

void soft_cpu_init(struct soft_cpu *cpu)
{
    cpu->state.init_pending = true;
    cpu->state.sipi_pending = false;
}

/* Only a CPU that waits for it takes it (SDM 3A 9.4.1); INIT may still be on its way to it. */
void soft_cpu_sipi(struct soft_cpu *cpu, uint8_t vector)
{
    if (cpu->state.activity == SOFT_ACTIVITY_WAIT_FOR_SIPI || cpu->state.init_pending) {
        cpu->state.sipi_pending = true;
        cpu->state.sipi_vector = vector;
    }
}

bool soft_cpu_is_runnable(const struct soft_cpu *cpu)
{
    const struct soft_cpu_state *state = &cpu->state;

    switch ((enum soft_activity)state->activity) {
    case SOFT_ACTIVITY_RUNNING: return true;
    case SOFT_ACTIVITY_WAIT_FOR_SIPI: return state->sipi_pending || state->init_pending;
    case SOFT_ACTIVITY_HALTED:
        return state->init_pending || (state->nmi_pending && !state->nmi_blocked) ||
               (state->intr_level && (state->rflags & SOFT_RFLAGS_IF) != 0);
    case SOFT_ACTIVITY_SHUTDOWN: return state->init_pending;
    }
    return false;
}

/* ---- state ---- */

void *soft_cpu_state(struct soft_cpu *cpu)
{
    return &cpu->state;
}

void soft_cpu_flush(struct soft_cpu *cpu)
{
    soft_tlb_flush(cpu, true);
}

void soft_cpu_after_load(struct soft_cpu *cpu)
{
    soft_tlb_flush(cpu, true);
    soft_set_rflags(cpu, cpu->state.rflags);
    soft_cpu_update_mode(cpu);
}

static uint32_t mp_state_of(uint8_t activity)
{
    return activity == SOFT_ACTIVITY_WAIT_FOR_SIPI ? 1 : activity == SOFT_ACTIVITY_HALTED ? 3 : 0;
}

void soft_cpu_save_registers(const struct soft_cpu *cpu, struct x86_state *state)
{
    const struct soft_cpu_state *from = &cpu->state;
    const struct soft_system_state *system = &from->system;

    memset(state, 0, sizeof(*state));
    memcpy(state->gpr, from->gpr, sizeof(state->gpr));
    memcpy(state->segments, from->segments, sizeof(state->segments));
    state->rip = from->rip;
    state->rflags = from->rflags;
    state->gdt_base = system->gdt_base;
    state->gdt_limit = system->gdt_limit;
    state->idt_base = system->idt_base;
    state->idt_limit = system->idt_limit;
    state->cr0 = system->cr0;
    state->cr2 = system->cr2;
    state->cr3 = system->cr3;
    state->cr4 = system->cr4;
    state->cr8 = system->cr8;
    state->efer = system->efer;
    state->apic_base = system->apic_base;
    state->mp_state = mp_state_of(from->activity);
}

void soft_cpu_load_registers(struct soft_cpu *cpu, const struct x86_state *state)
{
    struct soft_cpu_state *to = &cpu->state;
    struct soft_system_state *system = &to->system;

    memcpy(to->gpr, state->gpr, sizeof(state->gpr));
    memcpy(to->segments, state->segments, sizeof(to->segments));
    to->rip = state->rip;
    to->rflags = state->rflags;
    system->gdt_base = state->gdt_base;
    system->gdt_limit = state->gdt_limit;
    system->idt_base = state->idt_base;
    system->idt_limit = state->idt_limit;
    system->cr0 = state->cr0;
    system->cr2 = state->cr2;
    system->cr3 = state->cr3;
    system->cr4 = state->cr4;
    system->cr8 = state->cr8;
    system->efer = state->efer;
    system->apic_base = state->apic_base;
    to->activity = state->mp_state == 1   ? SOFT_ACTIVITY_WAIT_FOR_SIPI
                   : state->mp_state == 3 ? SOFT_ACTIVITY_HALTED
                                          : SOFT_ACTIVITY_RUNNING;
    if ((state->efer & SOFT_EFER_LMA) == 0 && (state->cr4 & SOFT_CR4_PAE) != 0) {
        (void)soft_pdptes_load(cpu, state->cr3); /* refused ones stay what they were: not present */
    }
    soft_cpu_after_load(cpu);
}

bool soft_cpu_debug_access(struct soft_cpu *cpu, uint64_t linear, void *buffer, uint64_t size,
                           bool is_write)
{
    uint8_t *bytes = buffer;

    while (size > 0) {
        uint64_t step = MIN(size, SOFT_PAGE_SIZE - linear % SOFT_PAGE_SIZE);
        uint64_t gpa;
        uint8_t *host;

        if (!soft_translate_debug(cpu, linear, &gpa)) {
            return false;
        }
        host = address_space_ram(cpu->cluster->options.memory, gpa, step);
        if (host == NULL) {
            return false;
        }
        memcpy(is_write ? host : bytes, is_write ? bytes : host, step);
        if (is_write) {
            soft_code_written(cpu->cluster->code, host, step);
        }
        linear += step;
        bytes += step;
        size -= step;
    }
    return true;
}
