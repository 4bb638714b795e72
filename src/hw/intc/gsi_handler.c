/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gsi_handler.c - which chips a global system interrupt reaches, and how often it rose there. */
#include "hw/intc/gsi_handler.h"

#include <inttypes.h>

#include "hw/intc/apic_bus.h"
#include "hw/intc/i8259.h"
#include "hw/intc/intc_internal.h"
#include "hw/intc/ioapic.h"
#include "trace/trace.h"

#define TIMER_GSI 0
#define TIMER_PIN 2
#define CASCADE   2 /* the 8259s' own wire: GSI 2 (an HPET's) is the IOAPIC's alone */

static void gsi_handler(void *sink, unsigned pin, int level)
{
    struct gsi_chips *gsi = sink;

    trace_gsi_handler_enter(pin, level);
    if (pin < ISA_NUM_IRQS && pin != CASCADE) {
        irq_line_set(&gsi->i8259_irq[pin], level);
    }
    irq_line_set(&gsi->ioapic_irq[pin == TIMER_GSI ? TIMER_PIN : pin], level);
    trace_gsi_handler_leave();
}

static int acknowledge_pic(void *pic)
{
    return i8259_acknowledge(pic);
}

static bool init_chip(struct device *chip, bool master, uint32_t iobase, GError **error)
{
    bool ok;

    trace_i8259_init_chip_enter(master, iobase);
    ok = device_set_realized(chip, true, error);
    trace_i8259_init_chip_leave();
    return ok;
}

static bool i8259_init(struct gsi_chips *gsi, GError **error)
{
    i8259_connect(gsi->i8259_master, gsi->i8259_slave, apic_bus_pic_line(gsi->bus),
                  &gsi->pic_statistics);
    gsi->bus->pic_acknowledge = acknowledge_pic;
    gsi->bus->pic = gsi->i8259_master;
    for (unsigned irq = 0; irq < ISA_NUM_IRQS; irq++) {
        gsi->i8259_irq[irq] = i8259_input(gsi->i8259_master, irq);
    }
    return init_chip(gsi->i8259_master, true, 0x20, error) &&
           init_chip(gsi->i8259_slave, false, 0xa0, error);
}

bool gsi_chips_init(struct gsi_chips *gsi, struct irq_line out_gsi[GSI_NUM_PINS], GError **error)
{
    gsi->pic_statistics = (struct irq_statistics){ .level = 0 };
    gsi->ioapic_statistics = (struct irq_statistics){ .level = 0 };
    trace_qemu_allocate_irqs_enter("gsi_handler", GSI_NUM_PINS);
    for (unsigned pin = 0; pin < GSI_NUM_PINS; pin++) {
        out_gsi[pin] = (struct irq_line){ .set = gsi_handler, .sink = gsi, .pin = pin };
    }
    trace_qemu_allocate_irqs_leave();
    if (!i8259_init(gsi, error)) {
        return false;
    }
    ioapic_connect(gsi->ioapic, gsi->bus, &gsi->ioapic_statistics);
    for (unsigned pin = 0; pin < IOAPIC_NUM_PINS; pin++) {
        gsi->ioapic_irq[pin] = ioapic_pin(gsi->ioapic, pin);
    }
    return device_set_realized(gsi->ioapic, true, error);
}

static void print_chip(const char *name, const struct irq_statistics *statistics, GString *out)
{
    g_string_append_printf(out, "IRQ statistics for %s:\n", name);
    for (unsigned pin = 0; pin < GSI_NUM_PINS; pin++) {
        if (statistics->raised[pin] != 0) {
            g_string_append_printf(out, "%2u: %" PRIu64 "\n", pin, statistics->raised[pin]);
        }
    }
}

void gsi_chips_print_statistics(const struct gsi_chips *gsi, GString *out)
{
    print_chip(TYPE_IOAPIC, &gsi->ioapic_statistics, out);
    print_chip(TYPE_I8259, &gsi->pic_statistics, out);
}
