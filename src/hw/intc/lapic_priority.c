/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lapic_priority.c - IRR, ISR and TMR, and which vector may interrupt (Intel SDM 3A 10.8). */
#include "hw/intc/intc_internal.h"
#include "trace/trace.h"

#define CLASS_MASK 0xf0u

static bool bit_is_set(const uint32_t *bits, unsigned vector)
{
    return (bits[vector / 32] >> vector % 32 & 1) != 0;
}

static void set_bit(uint32_t *bits, unsigned vector, bool value)
{
    uint32_t bit = 1u << vector % 32;

    bits[vector / 32] = value ? bits[vector / 32] | bit : bits[vector / 32] & ~bit;
}

/* -1 = none. */
static int highest_bit(const uint32_t *bits)
{
    for (int word = 7; word >= 0; word--) {
        if (bits[word] != 0) {
            return word * 32 + 31 - __builtin_clz(bits[word]);
        }
    }
    return -1;
}

/* The priority class of the highest vector, in place: 0 where there is none. */
static uint8_t highest_class(const uint32_t *bits)
{
    int vector = highest_bit(bits);

    return vector < 0 ? 0 : (uint8_t)((unsigned)vector & CLASS_MASK);
}

uint8_t lapic_ppr(const struct lapic *lapic)
{
    uint8_t in_service = highest_class(lapic->state.isr);

    return (lapic->state.tpr & CLASS_MASK) >= in_service ? lapic->state.tpr : in_service;
}

/* SDM 10.6.2.4, the arbitration priority register. */
uint8_t lapic_apr(const struct lapic *lapic)
{
    uint8_t task = lapic->state.tpr & CLASS_MASK;
    uint8_t requested = highest_class(lapic->state.irr);
    uint8_t in_service = highest_class(lapic->state.isr);

    if (task >= requested && task > in_service) {
        return lapic->state.tpr;
    }
    return MAX(MAX(task, requested), in_service);
}

int lapic_deliverable(const struct lapic *lapic)
{
    int vector = highest_bit(lapic->state.irr);

    return vector >= 0 && ((unsigned)vector & CLASS_MASK) > (lapic_ppr(lapic) & CLASS_MASK) ? vector
                                                                                            : -1;
}

bool lapic_set_irq(struct lapic *lapic, uint8_t vector, bool level_triggered)
{
    if (!lapic_is_enabled(lapic) || !lapic_is_software_enabled(lapic)) {
        return false;
    }
    trace_apic_set_irq_enter(lapic->initial_id, vector, level_triggered);
    if (vector < LAPIC_VECTOR_MIN) {
        lapic_record_error(lapic, LAPIC_ERROR_RECEIVE_VECTOR);
    } else {
        set_bit(lapic->state.irr, vector, true);
        set_bit(lapic->state.tmr, vector, level_triggered);
        lapic_update(lapic);
    }
    trace_apic_set_irq_leave();
    return true;
}

void lapic_start_service(struct lapic *lapic, uint8_t vector)
{
    set_bit(lapic->state.irr, vector, false);
    set_bit(lapic->state.isr, vector, true);
}

void lapic_eoi(struct lapic *lapic)
{
    int vector = highest_bit(lapic->state.isr);

    if (vector < 0) {
        return; /* SDM 10.8.5: nothing is in service, after a spurious vector for one */
    }
    set_bit(lapic->state.isr, (unsigned)vector, false);
    trace_apic_eoi(lapic->initial_id, (uint8_t)vector);
    if (bit_is_set(lapic->state.tmr, (unsigned)vector)) {
        lapic_lint_eoi(lapic, (uint8_t)vector);
        if ((lapic->state.svr & LAPIC_SVR_NO_BROADCAST) == 0) {
            apic_bus_eoi(lapic->bus, (uint8_t)vector);
        }
    }
    lapic_update(lapic);
}
