/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * i8254.h - "isa-pit": the 8254 with its three counters at 1.193182 MHz, and port 0x61 (Intel 8254
 * datasheet; NMI status and control: 82371SB).
 *
 *   counter 0 OUT --> irq_control gate --> IRQ 0
 *   counter 1     refresh: only its toggle shows, at port 0x61
 *   counter 2 OUT --> port 0x61 bit 5; its GATE is bit 0
 */
#ifndef REPLUG_HW_TIMER_I8254_H
#define REPLUG_HW_TIMER_I8254_H

#include "hw/core/device.h"
#include "hw/core/irq_line.h"

#define TYPE_I8254 "isa-pit"
#define I8254_HZ   1193182u

extern const struct type_info i8254_type_info;

/* Before realize: where IRQ 0 goes. */
void i8254_connect_irq(struct device *pit, struct irq_line line);

/* An input: high takes IRQ 0 away from counter 0 (an HPET in legacy replacement mode has it). */
struct irq_line i8254_irq_control(struct device *pit);

/* The counter behind the speaker drives it: port 0x61 bit 1 and OUT 2. */
bool i8254_speaker_is_on(struct device *pit);

#endif
