/* SPDX-License-Identifier: GPL-2.0-or-later */
/* soft_mode.c - what follows from the control registers and segments, and RFLAGS. */
#include "cpu/soft_internal.h"

#define EFER_LMA    0x400u
#define CR0_AM      0x40000u
#define CR4_SMAP    0x200000u
#define CS_L        0x2000u
#define SEGMENT_DB  0x4000u
#define DR7_ENABLES 0xffu

#define RFLAGS_DEFINED                                                                      \
    (SOFT_RFLAGS_ARITHMETIC | SOFT_RFLAGS_TF | SOFT_RFLAGS_IF | SOFT_RFLAGS_DF |            \
     SOFT_RFLAGS_IOPL | SOFT_RFLAGS_NT | SOFT_RFLAGS_RF | SOFT_RFLAGS_VM | SOFT_RFLAGS_AC | \
     SOFT_RFLAGS_VIF | SOFT_RFLAGS_VIP | SOFT_RFLAGS_ID)

uint64_t soft_rflags(const struct soft_cpu *cpu)
{
    return (cpu->state.rflags & ~SOFT_RFLAGS_ARITHMETIC) | SOFT_RFLAGS_ONE |
           (soft_cf(cpu) ? SOFT_RFLAGS_CF : 0) | (soft_pf(cpu) ? SOFT_RFLAGS_PF : 0) |
           (soft_af(cpu) ? SOFT_RFLAGS_AF : 0) | (soft_zf(cpu) ? SOFT_RFLAGS_ZF : 0) |
           (soft_sf(cpu) ? SOFT_RFLAGS_SF : 0) | (soft_of(cpu) ? SOFT_RFLAGS_OF : 0);
}

void soft_set_arithmetic_flags(struct soft_cpu *cpu, uint64_t rflags)
{
    const uint64_t top = 1ull << 63;

    cpu->flags = (struct soft_flags){
        .zero = (rflags & SOFT_RFLAGS_ZF) == 0,
        .sign = ((rflags & SOFT_RFLAGS_SF) != 0 ? top : 0) | ((rflags & SOFT_RFLAGS_PF) == 0),
        .carry =
            ((rflags & SOFT_RFLAGS_CF) != 0 ? top : 0) | ((rflags & SOFT_RFLAGS_AF) != 0 ? 8 : 0),
        .overflow = (rflags & SOFT_RFLAGS_OF) != 0 ? top : 0,
    };
}

void soft_set_rflags(struct soft_cpu *cpu, uint64_t rflags)
{
    cpu->state.rflags = (rflags & RFLAGS_DEFINED) | SOFT_RFLAGS_ONE;
    soft_set_arithmetic_flags(cpu, rflags);
}

static uint32_t code_mode(const struct soft_cpu *cpu)
{
    const struct x86_segment *cs = &cpu->state.segments[X86_CS];
    const struct x86_segment *ss = &cpu->state.segments[X86_SS];
    uint32_t mode;

    if (cpu->is_64bit) {
        return SOFT_MODE_64;
    }
    mode = (cs->attributes & SEGMENT_DB) != 0 ? SOFT_MODE_32 : SOFT_MODE_16;
    if ((ss->attributes & SEGMENT_DB) != 0) {
        mode |= SOFT_MODE_STACK_32;
    }
    if (cs->limit != UINT32_MAX) {
        mode |= SOFT_MODE_CS_LIMITED;
    }
    return mode;
}

static uint8_t privilege(const struct soft_cpu *cpu)
{
    if (!soft_is_protected(cpu)) {
        return 0;
    }
    if ((cpu->state.rflags & SOFT_RFLAGS_VM) != 0) {
        return 3;
    }
    return (uint8_t)((cpu->state.segments[X86_SS].attributes >> 5) & 3);
}

void soft_cpu_update_mode(struct soft_cpu *cpu)
{
    const struct soft_system_state *system = &cpu->state.system;
    bool ac = (cpu->state.rflags & SOFT_RFLAGS_AC) != 0;

    cpu->long_mode = (system->efer & EFER_LMA) != 0;
    cpu->is_64bit = cpu->long_mode && (cpu->state.segments[X86_CS].attributes & CS_L) != 0;
    cpu->mode = code_mode(cpu);
    cpu->cpl = privilege(cpu);
    cpu->stack_size = cpu->is_64bit ? 8 : (cpu->mode & SOFT_MODE_STACK_32) != 0 ? 4 : 2;
    cpu->mmu_index = cpu->cpl == 3                         ? SOFT_MMU_USER
                     : ac && (system->cr4 & CR4_SMAP) != 0 ? SOFT_MMU_SUPERVISOR_AC
                                                           : SOFT_MMU_SUPERVISOR;
    cpu->align_check = cpu->cpl == 3 && ac && (system->cr0 & CR0_AM) != 0;
    cpu->tlb = cpu->align_check ? cpu->cluster->no_tlb : cpu->data[cpu->mmu_index];
    cpu->tlb_exec = cpu->exec[cpu->mmu_index];
    cpu->stepping = (cpu->state.rflags & (SOFT_RFLAGS_TF | SOFT_RFLAGS_RF)) != 0 ||
                    (system->dr[7] & DR7_ENABLES) != 0;
}
