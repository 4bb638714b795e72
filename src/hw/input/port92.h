/* SPDX-License-Identifier: GPL-2.0-or-later */
/* port92.h - "port92": A20 and reset of a PS/2, without the keyboard controller's slowness. */
#ifndef REPLUG_HW_INPUT_PORT92_H
#define REPLUG_HW_INPUT_PORT92_H

#include "hw/core/device.h"
#include "hw/core/irq_line.h"

#define TYPE_PORT92 "port92"

extern const struct type_info port92_type_info;

/* Before realize: high = this one opens A20. The machine opens it if any source does. */
void port92_connect_a20(struct device *port92, struct irq_line line);

#endif
