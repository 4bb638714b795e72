/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * irq_line.h - an interrupt line is a value: a function, its sink and a pin. Outputs are named
 * members; machine/pc_wiring.c draws the wires.
 */
#ifndef REPLUG_HW_CORE_IRQ_LINE_H
#define REPLUG_HW_CORE_IRQ_LINE_H

#include <stdint.h>

typedef void (*irq_set_fn)(void *sink, unsigned pin, int level);

struct irq_line {
    irq_set_fn set; /* NULL = not connected */
    void *sink;
    unsigned pin;
};

/* Traced as span qemu_set_irq(pin, level); level 0 = low, 1 = high. An unconnected line takes it
 * silently. */
void irq_line_set(const struct irq_line *line, int level);
void irq_line_raise(const struct irq_line *line);
void irq_line_lower(const struct irq_line *line);

#endif
