/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * i8259.h - "isa-i8259": one 8259A of a PC's pair (Intel 8259A datasheet; ELCR: 82371SB).
 *
 *   IRQ 0,1,3-7 --> master --INT--> intr
 *   IRQ 8-15 --> slave --INT--> master IR2
 *
 * Properties "iobase" (0x20, 0xa0), "elcr_addr" (0x4d0, 0x4d1), "elcr_mask", "master". The bits of
 * ICW1 and ICW4 that mean other machines (LTIM, which the ELCR replaces, MCS-80 mode, buffering) do
 * nothing.
 */
#ifndef REPLUG_HW_INTC_I8259_H
#define REPLUG_HW_INTC_I8259_H

#include "hw/core/device.h"
#include "hw/core/irq_line.h"

struct irq_statistics;

#define TYPE_I8259 "isa-i8259"

extern const struct type_info i8259_type_info;

/* Properties and wires of the pair, both not realized yet. statistics (of 16 lines) may be NULL. */
void i8259_connect(struct device *master, struct device *slave, struct irq_line intr,
                   struct irq_statistics *statistics);

/* The input of ISA interrupt 0 to 15 of a connected pair. */
struct irq_line i8259_input(struct device *master, unsigned irq);

/* The CPU's INTA cycle: the vector. Where no request is left that is IRQ 7's or 15's. */
int i8259_acknowledge(struct device *master);

#endif
