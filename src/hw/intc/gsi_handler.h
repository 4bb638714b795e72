/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gsi_handler.h - the GSI lines in front of our own 8259s and IOAPIC.
 *
 *   device -> gsi[n]: gsi_handler -> n < 16: pic_set_irq -> pic_update_irq -> pic_irq_request
 *                                 -> all: ioapic_set_irq -> ioapic_service -> apic_deliver_irq
 *
 * Each arrow between lines is a qemu_set_irq. GSI 0 is the IOAPIC's pin 2 (the MADT says so); GSI 2
 * reaches that pin alone, the 8259s have their cascade there.
 */
#ifndef REPLUG_HW_INTC_GSI_HANDLER_H
#define REPLUG_HW_INTC_GSI_HANDLER_H

#include "hw/intc/kvm_irqchip.h" /* pin counts, statistics */

struct apic_bus;

struct gsi_chips {
    /* Set before gsi_chips_init: in the tree, not realized yet; borrowed. */
    struct device *i8259_master, *i8259_slave; /* "isa-i8259" */
    struct device *ioapic;                     /* "ioapic" */
    struct apic_bus *bus;                      /* outlives the chips */
    /* Set by gsi_chips_init. */
    struct irq_line i8259_irq[ISA_NUM_IRQS];     /* pic_set_irq */
    struct irq_line ioapic_irq[IOAPIC_NUM_PINS]; /* ioapic_set_irq */
    struct irq_statistics pic_statistics, ioapic_statistics;
};

/*
 * Connects the chips to each other and to the bus, realizes them and gives GSI n's input in
 * out_gsi[n]. gsi stays where it is: the lines point at it. Errors: what realize says.
 */
bool gsi_chips_init(struct gsi_chips *gsi, struct irq_line out_gsi[GSI_NUM_PINS],
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* "info irq": one line a pin that was raised, below the chip that took it. */
void gsi_chips_print_statistics(const struct gsi_chips *gsi, GString *out);

#endif
