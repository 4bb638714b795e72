/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ioapic.h - "ioapic": 24 interrupt pins that become messages on the APIC bus (Intel 82093AA
 * datasheet; version 0x20 with the EOI register of its successors).
 *
 * A pin's level is an assertion: redirection bit 13 (polarity) is kept and read back, and no more.
 */
#ifndef REPLUG_HW_INTC_IOAPIC_H
#define REPLUG_HW_INTC_IOAPIC_H

#include "hw/core/device.h"
#include "hw/core/irq_line.h"

#define TYPE_IOAPIC     "ioapic"
#define IOAPIC_BASE_GPA 0xfec00000ull

struct apic_bus;
struct irq_statistics;

extern const struct type_info ioapic_type_info;

/* Before realize. bus outlives the IOAPIC; statistics may be NULL. */
void ioapic_connect(struct device *ioapic, struct apic_bus *bus, struct irq_statistics *statistics);

/* The input of a pin, 0 to 23. */
struct irq_line ioapic_pin(struct device *ioapic, unsigned pin);

#endif
