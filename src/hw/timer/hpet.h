/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hpet.h - "hpet": three comparators on a counter at 100 MHz (IA-PC HPET Specification 1.0a).
 *
 *   timer n --> gsi[route n], or by FSB message
 *   legacy replacement: timer 0 --> gsi[0], timer 1 --> gsi[8], and the owners of those lose them:
 *     the 8254 by pit_control, the RTC because its line goes through rtc_input
 *
 * Properties: "hpet-intcap", the GSIs that timers may be routed to (by bit); "msi", whether they can
 * send FSB messages.
 */
#ifndef REPLUG_HW_TIMER_HPET_H
#define REPLUG_HW_TIMER_HPET_H

#include "hw/core/device.h"
#include "hw/core/irq_line.h"

#define TYPE_HPET                 "hpet"
#define HPET_BASE_GPA             0xfed00000ull
#define HPET_BYTES                0x400u
#define HPET_GSI_COUNT            32
#define HPET_TIMER_COUNT          3
#define HPET_TICK_NS              10u
#define HPET_EVENT_TIMER_BLOCK_ID 0x8086a201u /* what the ACPI table HPET says of it */

extern const struct type_info hpet_type_info;

/* Before realize. gsi: count lines, those that are not there stay unconnected. */
void hpet_connect(struct device *hpet, const struct irq_line *gsi, unsigned count,
                  struct irq_line pit_control);

/* Where the RTC's interrupt goes: through to gsi[8] unless timer 1 has that. */
struct irq_line hpet_rtc_input(struct device *hpet);

#endif
