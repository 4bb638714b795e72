/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * char_devices.h - ISA character devices: the 16550A serial port and the debug ports that test
 * guests use.
 */
#ifndef REPLUG_HW_CHAR_CHAR_DEVICES_H
#define REPLUG_HW_CHAR_CHAR_DEVICES_H

#include "hw/core/char_port.h"
#include "hw/core/device.h"
#include "hw/core/irq_line.h"

extern const struct type_info
    isa_serial_type_info; /* "isa-serial": index, iobase, irq, chardev; NS16550A */
extern const struct type_info
    isa_debugcon_type_info; /* "isa-debugcon": iobase 0xe9, chardev, readback 0xe9 */
extern const struct type_info isa_debug_exit_type_info; /* "isa-debug-exit": iobase 0x501, iosize 2;
                                                           exits with value << 1 | 1 */

/* The device's byte stream, for the machine to connect. Valid after creation. NULL for another
 * type. */
struct char_port *char_device_port(struct device *device);

/* Wiring of isa-serial: its ISA pin. The pin number is its property "irq", chosen at the latest by
 * realize (by index: 4, 3, 4, 3): connect after it, before the guest runs. */
void isa_serial_connect_irq(struct device *serial, struct irq_line line);

#endif
