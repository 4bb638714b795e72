/* SPDX-License-Identifier: GPL-2.0-or-later */
/* irq_line.c - gives a line its level, through to whatever it is connected to. */
#include "hw/core/irq_line.h"

#include <stddef.h>

#include "trace/trace.h"

void irq_line_set(const struct irq_line *line, int level)
{
    if (line->set == NULL) {
        return;
    }
    trace_qemu_set_irq_enter(line->pin, level);
    line->set(line->sink, line->pin, level);
    trace_qemu_set_irq_leave();
}

void irq_line_raise(const struct irq_line *line)
{
    irq_line_set(line, 1);
}

void irq_line_lower(const struct irq_line *line)
{
    irq_line_set(line, 0);
}
