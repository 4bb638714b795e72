/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * soft_registers.h - bits of the control and debug registers, EFER and segment attributes, and what
 * follows from them (Intel SDM 3A chapters 2, 3, 17).
 */
#ifndef REPLUG_CPU_SOFT_REGISTERS_H
#define REPLUG_CPU_SOFT_REGISTERS_H

#include "cpu/soft_internal.h"

#define SOFT_CR0_PE 0x1ull
#define SOFT_CR0_MP 0x2ull
#define SOFT_CR0_EM 0x4ull
#define SOFT_CR0_TS 0x8ull
#define SOFT_CR0_ET 0x10ull
#define SOFT_CR0_NE 0x20ull
#define SOFT_CR0_WP 0x10000ull
#define SOFT_CR0_AM 0x40000ull
#define SOFT_CR0_NW 0x20000000ull
#define SOFT_CR0_CD 0x40000000ull
#define SOFT_CR0_PG 0x80000000ull

#define SOFT_CR4_VME        0x1ull
#define SOFT_CR4_PVI        0x2ull
#define SOFT_CR4_TSD        0x4ull
#define SOFT_CR4_DE         0x8ull
#define SOFT_CR4_PSE        0x10ull
#define SOFT_CR4_PAE        0x20ull
#define SOFT_CR4_MCE        0x40ull
#define SOFT_CR4_PGE        0x80ull
#define SOFT_CR4_PCE        0x100ull
#define SOFT_CR4_OSFXSR     0x200ull
#define SOFT_CR4_OSXMMEXCPT 0x400ull
#define SOFT_CR4_UMIP       0x800ull
#define SOFT_CR4_FSGSBASE   0x10000ull
#define SOFT_CR4_PCIDE      0x20000ull
#define SOFT_CR4_OSXSAVE    0x40000ull
#define SOFT_CR4_SMEP       0x100000ull
#define SOFT_CR4_SMAP       0x200000ull

#define SOFT_EFER_SCE 0x1ull
#define SOFT_EFER_LME 0x100ull
#define SOFT_EFER_LMA 0x400ull
#define SOFT_EFER_NXE 0x800ull

#define SOFT_DR6_FIXED 0xffff0ff0ull /* ones that no write clears */
#define SOFT_DR6_BD    0x2000ull
#define SOFT_DR6_BS    0x4000ull
#define SOFT_DR6_BT    0x8000ull
#define SOFT_DR7_GD    0x2000ull

/* Attributes of a segment register. */
#define SOFT_SEGMENT_ACCESSED  0x1u
#define SOFT_SEGMENT_SECOND    0x2u /* data: writable; code: readable */
#define SOFT_SEGMENT_THIRD     0x4u /* data: expands down; code: conforming */
#define SOFT_SEGMENT_CODE      0x8u
#define SOFT_SEGMENT_S         0x10u /* code or data, no system segment */
#define SOFT_SEGMENT_DPL_SHIFT 5
#define SOFT_SEGMENT_P         0x80u
#define SOFT_SEGMENT_L         0x2000u
#define SOFT_SEGMENT_DB        0x4000u
#define SOFT_SEGMENT_G         0x8000u
#define SOFT_SEGMENT_UNUSABLE  0x10000u

/* Physical addresses that CPUID reports; higher bits of paging entries are reserved. */
#define SOFT_PHYSICAL_BITS 40u
#define SOFT_PHYSICAL_MASK ((1ull << SOFT_PHYSICAL_BITS) - 1)

static inline bool soft_is_v86(const struct soft_cpu *cpu)
{
    return (cpu->state.rflags & SOFT_RFLAGS_VM) != 0;
}

static inline unsigned soft_iopl(const struct soft_cpu *cpu)
{
    return (unsigned)(cpu->state.rflags >> 12) & 3;
}

static inline bool soft_has_feature(const struct soft_cpu *cpu, enum soft_feature feature)
{
    return soft_features_has(&cpu->cluster->features, feature);
}

static inline unsigned soft_segment_dpl(const struct x86_segment *segment)
{
    return (segment->attributes >> SOFT_SEGMENT_DPL_SHIFT) & 3;
}

/* PAE paging outside long mode: reads the four PDPTEs at cr3; false = one has a reserved bit set, and
 * the old ones stay. No exception is set. */
bool soft_pdptes_load(struct soft_cpu *cpu, uint64_t cr3);

#endif
