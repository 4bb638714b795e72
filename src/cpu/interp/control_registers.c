/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control_registers.c - what a write to CR0, CR3, CR4 or EFER checks and changes (SDM 3A 2.5). */
#include "cpu/soft_system.h"

static bool refuse(struct soft_cpu *cpu)
{
    return soft_fail_code(cpu, SOFT_GP, 0);
}

static bool uses_pae_alone(const struct soft_cpu *cpu, uint64_t cr0, uint64_t cr4)
{
    return (cr0 & SOFT_CR0_PG) != 0 && (cr4 & SOFT_CR4_PAE) != 0 &&
           (cpu->state.system.efer & SOFT_EFER_LME) == 0;
}

/* CR0 turns paging on while EFER.LME is set (SDM 3A 9.8.5). */
static bool may_enter_long_mode(const struct soft_cpu *cpu)
{
    const struct x86_segment *segments = cpu->state.segments;

    return (cpu->state.system.cr4 & SOFT_CR4_PAE) != 0 &&
           (segments[X86_CS].attributes & SOFT_SEGMENT_L) == 0 &&
           (segments[X86_TR].attributes & 8) != 0;
}

bool soft_write_cr0(struct soft_cpu *cpu, uint64_t value)
{
    const uint64_t defined = SOFT_CR0_PE | SOFT_CR0_MP | SOFT_CR0_EM | SOFT_CR0_TS | SOFT_CR0_NE |
                             SOFT_CR0_WP | SOFT_CR0_AM | SOFT_CR0_NW | SOFT_CR0_CD | SOFT_CR0_PG;
    const uint64_t mapping = SOFT_CR0_PG | SOFT_CR0_WP | SOFT_CR0_PE;
    struct soft_system_state *system = &cpu->state.system;
    uint64_t changed = value ^ system->cr0;

    if (value >> 32 != 0 || (value & (SOFT_CR0_PG | SOFT_CR0_PE)) == SOFT_CR0_PG ||
        (value & (SOFT_CR0_NW | SOFT_CR0_CD)) == SOFT_CR0_NW) {
        return refuse(cpu);
    }
    value = (value & defined) | SOFT_CR0_ET;
    if ((changed & SOFT_CR0_PG) != 0 && (value & SOFT_CR0_PG) != 0 &&
        (system->efer & SOFT_EFER_LME) != 0) {
        if (!may_enter_long_mode(cpu)) {
            return refuse(cpu);
        }
        system->efer |= SOFT_EFER_LMA;
    } else if ((changed & SOFT_CR0_PG) != 0 && (value & SOFT_CR0_PG) == 0) {
        if (cpu->is_64bit || (system->cr4 & SOFT_CR4_PCIDE) != 0) {
            return refuse(cpu);
        }
        system->efer &= ~SOFT_EFER_LMA;
    } else if (uses_pae_alone(cpu, value, system->cr4) &&
               (changed & (SOFT_CR0_CD | SOFT_CR0_NW)) != 0 &&
               !soft_pdptes_load(cpu, system->cr3)) {
        return refuse(cpu);
    }
    if ((changed & SOFT_CR0_PG) != 0 && uses_pae_alone(cpu, value, system->cr4) &&
        !soft_pdptes_load(cpu, system->cr3)) {
        return refuse(cpu);
    }
    system->cr0 = value;
    if ((changed & mapping) != 0) {
        soft_tlb_flush(cpu, true);
    }
    return true;
}

bool soft_write_cr3(struct soft_cpu *cpu, uint64_t value)
{
    struct soft_system_state *system = &cpu->state.system;
    bool keeps = (system->cr4 & SOFT_CR4_PCIDE) != 0 && (value >> 63) != 0;

    if (keeps) {
        value &= ~(1ull << 63);
    }
    if (cpu->long_mode ? (value & ~SOFT_PHYSICAL_MASK) != 0 : value >> 32 != 0) {
        return refuse(cpu);
    }
    if (uses_pae_alone(cpu, system->cr0, system->cr4) && !soft_pdptes_load(cpu, value)) {
        return refuse(cpu);
    }
    /* The TLB holds one PCID: only a write of the same one may keep what is there. */
    if (!keeps || value != system->cr3) {
        soft_tlb_flush(cpu, false);
    }
    system->cr3 = value;
    return true;
}

static uint64_t cr4_defined(const struct soft_cpu *cpu)
{
    static const struct {
        uint64_t bits;
        uint8_t feature;
    } rows[] = {
        { SOFT_CR4_TSD, SOFT_FEATURE_TSC },     { SOFT_CR4_DE, SOFT_FEATURE_DE },
        { SOFT_CR4_PSE, SOFT_FEATURE_PSE },     { SOFT_CR4_PAE, SOFT_FEATURE_PAE },
        { SOFT_CR4_MCE, SOFT_FEATURE_MCE },     { SOFT_CR4_PGE, SOFT_FEATURE_PGE },
        { SOFT_CR4_OSFXSR, SOFT_FEATURE_FXSR }, { SOFT_CR4_OSXMMEXCPT, SOFT_FEATURE_SSE },
        { SOFT_CR4_UMIP, SOFT_FEATURE_UMIP },   { SOFT_CR4_FSGSBASE, SOFT_FEATURE_FSGSBASE },
        { SOFT_CR4_PCIDE, SOFT_FEATURE_PCID },  { SOFT_CR4_OSXSAVE, SOFT_FEATURE_XSAVE },
        { SOFT_CR4_SMEP, SOFT_FEATURE_SMEP },   { SOFT_CR4_SMAP, SOFT_FEATURE_SMAP },
        { SOFT_CR4_PCE, SOFT_FEATURE_MSR },
    };

    uint64_t defined = 0;

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        defined |= soft_has_feature(cpu, rows[i].feature) ? rows[i].bits : 0;
    }
    return defined;
}

bool soft_write_cr4(struct soft_cpu *cpu, uint64_t value)
{
    const uint64_t mapping =
        SOFT_CR4_PSE | SOFT_CR4_PAE | SOFT_CR4_PGE | SOFT_CR4_PCIDE | SOFT_CR4_SMEP | SOFT_CR4_SMAP;
    const uint64_t pdpte_bits = SOFT_CR4_PAE | SOFT_CR4_PGE | SOFT_CR4_PSE | SOFT_CR4_SMEP;
    struct soft_system_state *system = &cpu->state.system;
    uint64_t changed = value ^ system->cr4;

    if ((value & ~cr4_defined(cpu)) != 0 || (cpu->long_mode && (value & SOFT_CR4_PAE) == 0)) {
        return refuse(cpu);
    }
    if ((changed & value & SOFT_CR4_PCIDE) != 0 &&
        (!cpu->long_mode || (system->cr3 & 0xfff) != 0)) {
        return refuse(cpu);
    }
    if ((changed & pdpte_bits) != 0 && uses_pae_alone(cpu, system->cr0, value) &&
        !soft_pdptes_load(cpu, system->cr3)) {
        return refuse(cpu);
    }
    system->cr4 = value;
    if ((changed & mapping) != 0) {
        soft_tlb_flush(cpu, true);
    }
    return true;
}

bool soft_write_efer(struct soft_cpu *cpu, uint64_t value)
{
    struct soft_system_state *system = &cpu->state.system;
    uint64_t defined = (soft_has_feature(cpu, SOFT_FEATURE_SYSCALL) ? SOFT_EFER_SCE : 0) |
                       (soft_has_feature(cpu, SOFT_FEATURE_LM) ? SOFT_EFER_LME : 0) |
                       (soft_has_feature(cpu, SOFT_FEATURE_NX) ? SOFT_EFER_NXE : 0);
    uint64_t changed;

    value &= ~SOFT_EFER_LMA;
    if ((value & ~defined) != 0) {
        return refuse(cpu);
    }
    changed = value ^ (system->efer & ~SOFT_EFER_LMA);
    if ((changed & SOFT_EFER_LME) != 0 && (system->cr0 & SOFT_CR0_PG) != 0) {
        return refuse(cpu);
    }
    system->efer = value | (system->efer & SOFT_EFER_LMA);
    if ((changed & SOFT_EFER_NXE) != 0) {
        soft_tlb_flush(cpu, true);
    }
    return true;
}
