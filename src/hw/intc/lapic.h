/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lapic.h - "apic": the local APIC of one CPU (Intel SDM 3A chapter 10), xAPIC and x2APIC.
 *
 * It knows its CPU by struct lapic_cpu_ops alone; the CPU asks it for vectors, CR8 and the MSRs.
 * The timer counts at 1 GHz of virtual time before its divider. Property "id" is the APIC's id;
 * 0 is the bootstrap processor's.
 *
 * Limits: no CMCI LVT; a window that was moved from 0xfee00000 is not in the memory map: a CPU that
 * wants it calls lapic_mmio_read and lapic_mmio_write.
 */
#ifndef REPLUG_HW_INTC_LAPIC_H
#define REPLUG_HW_INTC_LAPIC_H

#include "hw/core/device.h"

#define TYPE_APIC          "apic"
#define LAPIC_MSR_BASE     0x1bu  /* IA32_APIC_BASE */
#define LAPIC_MSR_DEADLINE 0x6e0u /* IA32_TSC_DEADLINE */
#define LAPIC_MSR_X2_FIRST 0x800u
#define LAPIC_MSR_X2_LAST  0x8ffu
#define LAPIC_BUS_HZ       1000000000u
#define LAPIC_BASE_BSP     (1ull << 8)
#define LAPIC_BASE_X2APIC  (1ull << 10)
#define LAPIC_BASE_ENABLED (1ull << 11)
#define LAPIC_BASE_ADDRESS 0x000ffffffffff000ull

struct apic_bus;
struct lapic;

extern const struct type_info lapic_type_info;

/*
 * What a LAPIC tells its CPU. They may come while that CPU executes an instruction (a store to its
 * own LAPIC) and only note it.
 */
struct lapic_cpu_ops {
    void (*set_intr)(void *cpu, bool level); /* when it changes: lapic_acknowledge has a vector */
    void (*nmi)(void *cpu);
    void (*smi)(void *cpu); /* NULL = the CPU has no SMM */
    void (*init)(void *cpu);
    void (*sipi)(void *cpu, uint8_t vector); /* the CPU drops it unless it waits for one */
    /* The earliest virtual time at which the CPU's TSC is at least tsc. NULL = no TSC-deadline. */
    uint64_t (*tsc_to_ns)(void *cpu, uint64_t tsc);
};

struct lapic *lapic_of(struct device *apic);

/* Before realize. ops, bus and cpu outlive the LAPIC. */
void lapic_connect(struct device *apic, struct apic_bus *bus, const struct lapic_cpu_ops *ops,
                   void *cpu);

/* The CPU takes the interrupt: its vector, -1 = there is none (any more). */
int lapic_acknowledge(struct lapic *lapic);
/* What set_intr was told last. */
bool lapic_intr(const struct lapic *lapic);

/* CR8: bits 7:4 of TPR. */
uint8_t lapic_cr8(const struct lapic *lapic);
void lapic_set_cr8(struct lapic *lapic, uint8_t value);

uint64_t lapic_base(const struct lapic *lapic);
/* IA32_APIC_BASE. false = #GP: reserved bits, a transition of SDM figure 10-27 that does not exist. */
bool lapic_set_base(struct lapic *lapic, uint64_t value) G_GNUC_WARN_UNUSED_RESULT;

/*
 * IA32_APIC_BASE, IA32_TSC_DEADLINE (where there is one) and the registers of x2APIC at 0x800 to
 * 0x8ff. false = #GP, out_value is untouched.
 */
bool lapic_read_msr(struct lapic *lapic, uint32_t msr,
                    uint64_t *out_value) G_GNUC_WARN_UNUSED_RESULT;
bool lapic_write_msr(struct lapic *lapic, uint32_t msr, uint64_t value) G_GNUC_WARN_UNUSED_RESULT;

uint64_t lapic_tsc_deadline(const struct lapic *lapic);
void lapic_set_tsc_deadline(struct lapic *lapic, uint64_t tsc);
/* The CPU's TSC was set: virtual times of deadlines are others now. */
void lapic_tsc_changed(struct lapic *lapic);

/* The registers' page, offset 0 to 0xfff. An access that is not 4 bytes at 16 does nothing. */
uint32_t lapic_mmio_read(struct lapic *lapic, uint32_t offset);
void lapic_mmio_write(struct lapic *lapic, uint32_t offset, uint32_t value);

/* The CPU's own events: a performance counter overflowed, the CPU is too hot. */
void lapic_performance_overflow(struct lapic *lapic);
void lapic_thermal_event(struct lapic *lapic);

/* Pins LINT0 and LINT1. The bus drives both. */
void lapic_set_lint(struct lapic *lapic, unsigned pin, int level);

#endif
