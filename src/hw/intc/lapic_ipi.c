/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lapic_ipi.c - messages out by the interrupt command register, and in: whom they name, what they do
 * (Intel SDM 3A 10.6, 10.12.9, 10.12.10). */
#include "hw/intc/intc_internal.h"
#include "trace/trace.h"

#define ICR_LOGICAL        0x00000800u
#define ICR_ASSERT         0x00004000u
#define ICR_LEVEL          0x00008000u
#define ICR_MODE(low)      ((low) >> 8 & 7)
#define ICR_SHORTHAND(low) ((low) >> 18 & 3)
#define BROADCAST_8        0xffu
#define DFR_MODEL(dfr)     ((dfr) >> 28)
#define DFR_FLAT           0xfu
#define DFR_CLUSTER        0x0u
#define CLUSTER_ALL        0xfu

/* ---- out ---- */

/* SDM tables 10-3 and 10-4: what "self" and "all" can't carry. */
static bool shorthand_takes(enum apic_shorthand shorthand, enum apic_delivery_mode mode)
{
    return shorthand == APIC_SHORTHAND_NONE || shorthand == APIC_SHORTHAND_OTHERS ||
           mode == APIC_DELIVERY_FIXED;
}

static bool mode_has_vector(enum apic_delivery_mode mode)
{
    return mode == APIC_DELIVERY_FIXED || mode == APIC_DELIVERY_LOWEST;
}

void lapic_send_icr(struct lapic *lapic)
{
    uint32_t low = lapic->state.icr[0];
    enum apic_delivery_mode mode = (enum apic_delivery_mode)ICR_MODE(low);
    struct apic_message message = {
        .wide = lapic_is_x2apic(lapic),
        .logical = (low & ICR_LOGICAL) != 0,
        .mode = (uint8_t)mode,
        .vector = (uint8_t)low,
        .shorthand = ICR_SHORTHAND(low),
        .sender = lapic,
    };

    message.destination = message.wide ? lapic->state.icr[1] : lapic->state.icr[1] >> 24;
    if (mode == APIC_DELIVERY_RESERVED || mode == APIC_DELIVERY_EXTINT ||
        !shorthand_takes((enum apic_shorthand)message.shorthand, mode)) {
        trace_guest_error(TYPE_APIC, 0x300, low, "command that the ICR does not take: dropped");
        return;
    }
    if (mode_has_vector(mode) && message.vector < LAPIC_VECTOR_MIN) {
        lapic_record_error(lapic, LAPIC_ERROR_SEND_VECTOR);
        return;
    }
    if (mode == APIC_DELIVERY_INIT && (low & ICR_LEVEL) != 0 && (low & ICR_ASSERT) == 0) {
        return; /* INIT level de-assert: no processor since the Pentium 4 does anything then */
    }
    (void)apic_bus_deliver(lapic->bus, &message);
}

void lapic_send_self(struct lapic *lapic, uint8_t vector)
{
    if (vector < LAPIC_VECTOR_MIN) {
        lapic_record_error(lapic, LAPIC_ERROR_SEND_VECTOR);
        return;
    }
    (void)lapic_set_irq(lapic, vector, false);
}

/* ---- in ---- */

uint32_t lapic_x2apic_ldr(const struct lapic *lapic)
{
    uint32_t id = lapic->initial_id;

    return id >> 4 << 16 | 1u << (id & 0xf);
}

static bool matches_logical(const struct lapic *lapic, uint32_t destination)
{
    uint32_t own = lapic->state.ldr >> 24;

    if (lapic_is_x2apic(lapic)) {
        own = lapic_x2apic_ldr(lapic);
        return own >> 16 == destination >> 16 && (own & destination & 0xffff) != 0;
    }
    if (destination > BROADCAST_8) {
        return false;
    }
    switch (DFR_MODEL(lapic->state.dfr)) {
    case DFR_FLAT: return (own & destination) != 0;
    case DFR_CLUSTER:
        return (destination >> 4 == CLUSTER_ALL || destination >> 4 == own >> 4) &&
               (own & destination & 0xf) != 0;
    default: return false;
    }
}

bool lapic_is_destination(const struct lapic *lapic, const struct apic_message *message)
{
    uint32_t all = message->wide ? UINT32_MAX : BROADCAST_8;
    uint32_t own = lapic_is_x2apic(lapic) ? lapic->initial_id : lapic->state.id;

    if (!lapic_is_enabled(lapic)) {
        return false;
    }
    switch ((enum apic_shorthand)message->shorthand) {
    case APIC_SHORTHAND_SELF: return lapic == message->sender;
    case APIC_SHORTHAND_ALL: return true;
    case APIC_SHORTHAND_OTHERS: return lapic != message->sender;
    case APIC_SHORTHAND_NONE: break;
    }
    if (message->destination == all) {
        return true;
    }
    return message->logical ? matches_logical(lapic, message->destination)
                            : message->destination == own;
}

bool lapic_receive(struct lapic *lapic, const struct apic_message *message)
{
    switch ((enum apic_delivery_mode)message->mode) {
    case APIC_DELIVERY_FIXED:
    case APIC_DELIVERY_LOWEST:
        return lapic_set_irq(lapic, message->vector, message->level_triggered);
    case APIC_DELIVERY_SMI:
        if (lapic->ops->smi != NULL) {
            lapic->ops->smi(lapic->cpu);
        }
        return true;
    case APIC_DELIVERY_NMI: lapic->ops->nmi(lapic->cpu); return true;
    case APIC_DELIVERY_INIT:
        lapic_reset_registers(lapic, true);
        lapic->ops->init(lapic->cpu);
        return true;
    case APIC_DELIVERY_SIPI: lapic->ops->sipi(lapic->cpu, message->vector); return true;
    case APIC_DELIVERY_EXTINT:
        lapic->state.extint_pending = true;
        lapic_update(lapic);
        return true;
    case APIC_DELIVERY_RESERVED: break;
    }
    trace_guest_error(TYPE_APIC, message->destination, message->mode,
                      "message of a reserved delivery mode: dropped");
    return false;
}
