/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lapic_lvt.c - the local vector table: interrupts of the LAPIC's own sources, pins LINT0 and LINT1,
 * errors (Intel SDM 3A 10.5).
 *
 *   31    18 17  16    15     14    13   12  11 10-8   7-0
 *   ---   timer  mask  level  rirr  pol  ds  -  mode   vector
 *
 * Levels of pins are assertions here: bit 13 (polarity) is kept and read back, and no more.
 */
#include "hw/intc/intc_internal.h"
#include "trace/trace.h"

#define LVT_POLARITY     0x00002000u
#define LVT_MODE_BITS    0x00000700u
#define LINT_COUNT       2
#define LVT_OF_LINT(pin) ((enum lapic_lvt)(LAPIC_LVT_LINT0 + (pin)))

static bool is_masked(const struct lapic *lapic, enum lapic_lvt which)
{
    return (lapic->state.lvt[which] & LAPIC_LVT_MASKED) != 0;
}

static bool is_level_triggered(uint32_t entry)
{
    return LAPIC_LVT_MODE(entry) == APIC_DELIVERY_FIXED && (entry & LAPIC_LVT_LEVEL) != 0;
}

/* ---- delivery ---- */

static void deliver_smi(struct lapic *lapic)
{
    if (lapic->ops->smi != NULL) {
        lapic->ops->smi(lapic->cpu);
    }
}

static void deliver_entry(struct lapic *lapic, enum lapic_lvt which, uint32_t entry)
{
    /* Timer and error have no mode: the bits are zero, which is fixed. */
    switch ((enum apic_delivery_mode)LAPIC_LVT_MODE(entry)) {
    case APIC_DELIVERY_FIXED:
        if (lapic_set_irq(lapic, (uint8_t)entry, is_level_triggered(entry)) &&
            is_level_triggered(entry)) {
            lapic->state.lvt[which] |= LAPIC_LVT_REMOTE_IRR;
        }
        break;
    case APIC_DELIVERY_SMI: deliver_smi(lapic); break;
    case APIC_DELIVERY_NMI: lapic->ops->nmi(lapic->cpu); break;
    case APIC_DELIVERY_INIT:
        lapic_reset_registers(lapic, true);
        lapic->ops->init(lapic->cpu);
        break;
    case APIC_DELIVERY_EXTINT: lapic_update(lapic); break; /* a level: lapic_has_extint() */
    case APIC_DELIVERY_LOWEST:
    case APIC_DELIVERY_RESERVED:
    case APIC_DELIVERY_SIPI:
        trace_guest_error(TYPE_APIC, which, entry, "reserved delivery mode in an LVT: dropped");
        break;
    }
}

void lapic_deliver_lvt(struct lapic *lapic, enum lapic_lvt which)
{
    uint32_t entry = lapic->state.lvt[which];

    if (is_masked(lapic, which)) {
        return;
    }
    trace_apic_local_deliver_enter(lapic->initial_id, (uint8_t)which, entry);
    deliver_entry(lapic, which, entry);
    trace_apic_local_deliver_leave();
}

void lapic_performance_overflow(struct lapic *lapic)
{
    lapic_deliver_lvt(lapic, LAPIC_LVT_PERFORMANCE);
    /* SDM 10.5.1: the mask is set by the delivery. */
    lapic->state.lvt[LAPIC_LVT_PERFORMANCE] |= LAPIC_LVT_MASKED;
}

void lapic_thermal_event(struct lapic *lapic)
{
    lapic_deliver_lvt(lapic, LAPIC_LVT_THERMAL);
}

void lapic_record_error(struct lapic *lapic, uint32_t error)
{
    bool armed = lapic->state.errors == 0;

    lapic->state.errors |= error;
    if (armed) {
        lapic_deliver_lvt(lapic, LAPIC_LVT_ERROR);
    }
}

/* ---- pins ---- */

bool lapic_has_extint(const struct lapic *lapic)
{
    if (!lapic_is_enabled(lapic)) {
        return lapic->state.lint_level[0] != 0; /* SDM 10.4.3: the pin is INTR */
    }
    for (unsigned pin = 0; pin < LINT_COUNT; pin++) {
        uint32_t entry = lapic->state.lvt[LVT_OF_LINT(pin)];

        if (lapic->state.lint_level[pin] != 0 && (entry & LAPIC_LVT_MASKED) == 0 &&
            LAPIC_LVT_MODE(entry) == APIC_DELIVERY_EXTINT) {
            return true;
        }
    }
    return lapic->state.extint_pending;
}

/* A level-triggered pin that is high interrupts unless it has and awaits its EOI. */
static void serve_level(struct lapic *lapic, unsigned pin)
{
    uint32_t entry = lapic->state.lvt[LVT_OF_LINT(pin)];

    if (lapic->state.lint_level[pin] != 0 && is_level_triggered(entry) &&
        (entry & LAPIC_LVT_REMOTE_IRR) == 0) {
        lapic_deliver_lvt(lapic, LVT_OF_LINT(pin));
    }
}

void lapic_set_lint(struct lapic *lapic, unsigned pin, int level)
{
    bool rises = level != 0 && lapic->state.lint_level[pin] == 0;

    lapic->state.lint_level[pin] = level != 0;
    if (!lapic_is_enabled(lapic)) {
        if (pin == 1 && rises) {
            lapic->ops->nmi(lapic->cpu);
        }
    } else if (is_level_triggered(lapic->state.lvt[LVT_OF_LINT(pin)])) {
        serve_level(lapic, pin);
    } else if (rises) {
        lapic_deliver_lvt(lapic, LVT_OF_LINT(pin));
    }
    lapic_update(lapic);
}

void lapic_lint_eoi(struct lapic *lapic, uint8_t vector)
{
    for (unsigned pin = 0; pin < LINT_COUNT; pin++) {
        uint32_t *entry = &lapic->state.lvt[LVT_OF_LINT(pin)];

        if ((*entry & LAPIC_LVT_REMOTE_IRR) != 0 && (*entry & LAPIC_LVT_VECTOR) == vector) {
            *entry &= ~LAPIC_LVT_REMOTE_IRR;
            serve_level(lapic, pin);
        }
    }
}

/* ---- the table ---- */

uint32_t lapic_lvt_writable(const struct lapic *lapic, enum lapic_lvt which)
{
    uint32_t bits = LAPIC_LVT_VECTOR | LAPIC_LVT_MASKED;

    switch (which) {
    case LAPIC_LVT_TIMER:
        bits |= LAPIC_TIMER_PERIODIC;
        return lapic->ops->tsc_to_ns != NULL ? bits | LAPIC_TIMER_TSC_DEADLINE : bits;
    case LAPIC_LVT_THERMAL:
    case LAPIC_LVT_PERFORMANCE: return bits | LVT_MODE_BITS;
    case LAPIC_LVT_LINT0:
    case LAPIC_LVT_LINT1: return bits | LVT_MODE_BITS | LVT_POLARITY | LAPIC_LVT_LEVEL;
    case LAPIC_LVT_ERROR:
    case LAPIC_LVT_COUNT: break;
    }
    return bits;
}

void lapic_write_lvt(struct lapic *lapic, enum lapic_lvt which, uint32_t value)
{
    uint32_t *entry = &lapic->state.lvt[which];

    value &= lapic_lvt_writable(lapic, which);
    if (!lapic_is_software_enabled(lapic)) {
        value |= LAPIC_LVT_MASKED; /* SDM 10.4.7.2 */
    }
    if (which == LAPIC_LVT_TIMER) {
        lapic_timer_write_lvt(lapic, value);
        return;
    }
    if (is_level_triggered(value)) {
        value |= *entry & LAPIC_LVT_REMOTE_IRR;
    }
    *entry = value;
    if (which == LAPIC_LVT_LINT0 || which == LAPIC_LVT_LINT1) {
        serve_level(lapic, which - LAPIC_LVT_LINT0);
        lapic_update(lapic);
    }
}

void lapic_mask_lvts(struct lapic *lapic)
{
    for (unsigned which = 0; which < LAPIC_LVT_COUNT; which++) {
        lapic_write_lvt(lapic, (enum lapic_lvt)which, lapic->state.lvt[which] | LAPIC_LVT_MASKED);
    }
}
