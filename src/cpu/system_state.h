/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * system_state.h - the system registers of the software CPU: control, debug and model-specific
 * registers (Intel SDM volume 4).
 */
#ifndef REPLUG_CPU_SYSTEM_STATE_H
#define REPLUG_CPU_SYSTEM_STATE_H

#include "state/state.h"

#define SOFT_MTRR_VARIABLE_COUNT 8

struct soft_system_state {
    uint64_t cr0, cr2, cr3, cr4, cr8;
    uint64_t efer;
    uint64_t pdpte[4]; /* of PAE paging outside long mode; loaded with CR3 */
    uint64_t gdt_base, idt_base;
    uint32_t gdt_limit, idt_limit;
    uint64_t dr[8]; /* 0-3, 6 and 7; 4 and 5 stay zero */
    uint64_t star, lstar, cstar, fmask, kernel_gs_base;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
    uint64_t tsc_offset, tsc_aux, tsc_adjust;
    uint64_t apic_base; /* where no callback serves it */
    uint64_t misc_enable, debugctl, pat;
    uint64_t mtrr_def_type;
    uint64_t mtrr_base[SOFT_MTRR_VARIABLE_COUNT], mtrr_mask[SOFT_MTRR_VARIABLE_COUNT];
    uint64_t mtrr_fixed[11];
    uint64_t mcg_status, microcode_version;
};

/* clang-format off */
#define SOFT_SYSTEM_STATE_FIELDS(FIELD, NESTED, T) \
    FIELD(T, cr0) FIELD(T, cr2) FIELD(T, cr3) FIELD(T, cr4) FIELD(T, cr8) FIELD(T, efer) \
    FIELD(T, pdpte) FIELD(T, gdt_base) FIELD(T, idt_base) FIELD(T, gdt_limit) FIELD(T, idt_limit) FIELD(T, dr) \
    FIELD(T, star) FIELD(T, lstar) FIELD(T, cstar) FIELD(T, fmask) FIELD(T, kernel_gs_base) \
    FIELD(T, sysenter_cs) FIELD(T, sysenter_esp) FIELD(T, sysenter_eip) \
    FIELD(T, tsc_offset) FIELD(T, tsc_aux) FIELD(T, tsc_adjust) FIELD(T, apic_base) \
    FIELD(T, misc_enable) FIELD(T, debugctl) FIELD(T, pat) FIELD(T, mtrr_def_type) \
    FIELD(T, mtrr_base) FIELD(T, mtrr_mask) FIELD(T, mtrr_fixed) \
    FIELD(T, mcg_status) FIELD(T, microcode_version)
/* clang-format on */
STATE_DECLARE(soft_system_state_desc, struct soft_system_state);

#endif
