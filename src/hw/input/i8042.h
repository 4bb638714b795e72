/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * i8042.h - "i8042": the keyboard controller with a PS/2 keyboard and a mouse that answers but never
 * moves (IBM PS/2 technical reference; 8042 firmware of a PC-AT).
 *
 *   keyboard --> translation --> output buffer --> port 0x60, IRQ 1
 *   mouse ---------------------> output buffer --> port 0x60, IRQ 12
 *   output port: bit 0 low resets the machine, bit 1 is A20
 */
#ifndef REPLUG_HW_INPUT_I8042_H
#define REPLUG_HW_INPUT_I8042_H

#include "hw/core/device.h"
#include "hw/core/irq_line.h"

#define TYPE_I8042 "i8042"

extern const struct type_info i8042_type_info;

struct i8042_lines {
    struct irq_line keyboard; /* IRQ 1 */
    struct irq_line mouse;    /* IRQ 12 */
    struct irq_line a20;      /* high: addresses have their bit 20; high after reset */
};

/* Before realize. */
void i8042_connect(struct device *i8042, const struct i8042_lines *lines);

/* A key by its code of scan set 2, extended = with the prefix e0. A keyboard that is full or
 * switched off drops it. */
void i8042_key(struct device *i8042, uint8_t code, bool extended, bool pressed);

#endif
