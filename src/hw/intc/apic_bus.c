/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apic_bus.c - delivers messages among IOAPICs, MSI writers and LAPICs; decodes the window at
 * 0xfee00000 (Intel SDM 3A 10.6.2, 10.11). */
#include "hw/intc/apic_bus.h"

#include "base/invariant.h"
#include "hw/core/board.h"
#include "hw/intc/intc_internal.h"
#include "trace/trace.h"

#define MSI_DESTINATION(address) ((uint32_t)((address) >> 12 & 0xff))
#define MSI_REDIRECTION_HINT     0x8u
#define MSI_LOGICAL              0x4u
#define MSI_LEVEL                0x8000u
#define MSI_ASSERT               0x4000u
#define MSI_MODE(data)           ((uint8_t)((data) >> 8 & 7))
#define REGISTERS_BYTES          0x1000u
#define REGISTERS_FIRST          0x10u

/* ---- messages ---- */

/* Of equals the first in order of realize: the choice is a function of the LAPICs' state alone. */
static struct lapic *lowest_priority(struct apic_bus *bus, const struct apic_message *message)
{
    struct lapic *chosen = NULL;

    for (unsigned i = 0; i < bus->lapic_count; i++) {
        struct lapic *lapic = bus->lapics[i];

        if (lapic_is_software_enabled(lapic) && lapic_is_destination(lapic, message) &&
            (chosen == NULL || lapic_apr(lapic) < lapic_apr(chosen))) {
            chosen = lapic;
        }
    }
    return chosen;
}

static unsigned deliver(struct apic_bus *bus, const struct apic_message *message)
{
    unsigned accepted = 0;

    if (message->mode == APIC_DELIVERY_LOWEST) {
        struct lapic *lapic = lowest_priority(bus, message);

        return lapic != NULL && lapic_receive(lapic, message);
    }
    for (unsigned i = 0; i < bus->lapic_count; i++) {
        if (lapic_is_destination(bus->lapics[i], message)) {
            accepted += lapic_receive(bus->lapics[i], message);
        }
    }
    return accepted;
}

unsigned apic_bus_deliver(struct apic_bus *bus, const struct apic_message *message)
{
    unsigned accepted;

    trace_apic_deliver_irq_enter(message->destination, message->logical, message->shorthand,
                                 message->mode, message->vector, message->level_triggered);
    accepted = bus->forward != NULL ? bus->forward(bus->forwarder, message) : deliver(bus, message);
    trace_apic_deliver_irq_leave(accepted);
    return accepted;
}

void apic_bus_send_msi(struct apic_bus *bus, uint64_t address, uint32_t data)
{
    struct apic_message message = {
        .destination = MSI_DESTINATION(address),
        .logical = (address & MSI_LOGICAL) != 0,
        .level_triggered = (data & MSI_LEVEL) != 0,
        .mode = MSI_MODE(data),
        .vector = (uint8_t)data,
    };

    if (address - APIC_WINDOW_GPA >= APIC_WINDOW_BYTES) {
        trace_guest_error("apic-msi", address, data, "MSI to an address of no APIC: dropped");
        return;
    }
    if (message.level_triggered && (data & MSI_ASSERT) == 0) {
        return; /* a level goes away: nothing that a LAPIC would remember */
    }
    if ((address & MSI_REDIRECTION_HINT) != 0 && message.logical &&
        message.mode == APIC_DELIVERY_FIXED) {
        message.mode = APIC_DELIVERY_LOWEST;
    }
    trace_apic_msi_sent(address, data);
    (void)apic_bus_deliver(bus, &message);
}

void apic_bus_eoi(struct apic_bus *bus, uint8_t vector)
{
    for (unsigned i = 0; i < bus->ioapic_count; i++) {
        ioapic_eoi_broadcast(bus->ioapics[i], vector);
    }
}

/* ---- wires to all LAPICs ---- */

static void pic_irq_request(void *sink, unsigned pin, int level)
{
    struct apic_bus *bus = sink;

    trace_pic_irq_request_enter(pin, level);
    for (unsigned i = 0; i < bus->lapic_count; i++) {
        lapic_set_lint(bus->lapics[i], pin, level);
    }
    if (bus->forward_pic != NULL) {
        bus->forward_pic(bus->forwarder, pin, level);
    }
    trace_pic_irq_request_leave();
}

struct irq_line apic_bus_pic_line(struct apic_bus *bus)
{
    return (struct irq_line){ .set = pic_irq_request, .sink = bus, .pin = 0 };
}

struct irq_line apic_bus_nmi_line(struct apic_bus *bus)
{
    return (struct irq_line){ .set = pic_irq_request, .sink = bus, .pin = 1 };
}

/* ---- the window ---- */

/* The LAPIC whose registers the running access means, NULL = none. */
static struct lapic *addressed_lapic(struct apic_bus *bus, uint64_t offset)
{
    struct lapic *lapic = bus->current;

    if (lapic == NULL || offset >= REGISTERS_BYTES || offset < REGISTERS_FIRST) {
        return NULL;
    }
    return (lapic_base(lapic) & LAPIC_BASE_ADDRESS) == APIC_WINDOW_GPA ? lapic : NULL;
}

static uint64_t window_read(void *opaque, uint64_t offset, unsigned size)
{
    struct apic_bus *bus = opaque;
    struct lapic *lapic = addressed_lapic(bus, offset);

    (void)size;
    if (lapic == NULL) {
        trace_guest_error("apic-msi", offset, 0, "read where no register is: all-ones");
        return UINT32_MAX;
    }
    return lapic_mmio_read(lapic, (uint32_t)offset);
}

static void window_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct apic_bus *bus = opaque;
    struct lapic *lapic = addressed_lapic(bus, offset);

    (void)size;
    if (lapic != NULL) {
        lapic_mmio_write(lapic, (uint32_t)offset, (uint32_t)value);
    } else {
        apic_bus_send_msi(bus, APIC_WINDOW_GPA + offset, (uint32_t)value);
    }
}

static const struct memory_region_ops window_ops = {
    .read = window_read,
    .write = window_write,
    .size_min = 4,
    .size_max = 4,
};

/* ---- life ---- */

void apic_bus_init(struct apic_bus *bus, const struct board *board)
{
    *bus = (struct apic_bus){ .container = board->system_memory };
    memory_region_init_io(&bus->window, board->memory, "apic-msi", &window_ops, bus,
                          APIC_WINDOW_BYTES);
    memory_region_add_subregion_overlap(bus->container, APIC_WINDOW_GPA, &bus->window, 0x1000);
}

void apic_bus_fini(struct apic_bus *bus)
{
    invariant(bus->lapic_count == 0);
    invariant(bus->ioapic_count == 0);
    if (bus->container != NULL) {
        memory_region_del_subregion(bus->container, &bus->window);
        memory_region_fini(&bus->window);
        bus->container = NULL;
    }
}

void apic_bus_add_lapic(struct apic_bus *bus, struct lapic *lapic)
{
    invariant(bus->lapic_count < APIC_BUS_LAPICS_MAX);
    bus->lapics[bus->lapic_count++] = lapic;
}

void apic_bus_remove_lapic(struct apic_bus *bus, struct lapic *lapic)
{
    unsigned at = 0;

    while (bus->lapics[at] != lapic) {
        at++;
        invariant(at < bus->lapic_count);
    }
    bus->lapic_count--;
    for (; at < bus->lapic_count; at++) {
        bus->lapics[at] = bus->lapics[at + 1];
    }
    bus->current = bus->current == lapic ? NULL : bus->current;
}

void apic_bus_add_ioapic(struct apic_bus *bus, struct ioapic *ioapic)
{
    invariant(bus->ioapic_count < APIC_BUS_IOAPICS_MAX);
    bus->ioapics[bus->ioapic_count++] = ioapic;
}

void apic_bus_remove_ioapic(struct apic_bus *bus, struct ioapic *ioapic)
{
    unsigned at = 0;

    while (bus->ioapics[at] != ioapic) {
        at++;
        invariant(at < bus->ioapic_count);
    }
    bus->ioapic_count--;
    for (; at < bus->ioapic_count; at++) {
        bus->ioapics[at] = bus->ioapics[at + 1];
    }
}
