/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mc146818.h - "mc146818rtc": CMOS RAM behind ports 0x70 and 0x71 with the memory sizes that
 * firmware reads, and the clock registers.
 */
#ifndef REPLUG_HW_RTC_MC146818_H
#define REPLUG_HW_RTC_MC146818_H

#include "hw/core/device.h"
#include "hw/core/irq_line.h"

extern const struct type_info mc146818_type_info;

/* A CMOS byte as firmware finds it after reset; index 0x00 to 0x7f. */
void mc146818_set_cmos(struct device *rtc, uint8_t index, uint8_t value);

/* Seconds since 1970 that the clock showed at virtual time 0 (-rtc base=). */
void mc146818_set_base(struct device *rtc, int64_t seconds);

void mc146818_connect_irq(struct device *rtc, struct irq_line line);

/* Memory sizes where the PC's firmware looks: 0x15-0x18, 0x30-0x31 (KiB), 0x34-0x35 (64 KiB above
 * 16 MiB), 0x5b-0x5d (above 4 GiB). */
void mc146818_set_memory_sizes(struct device *rtc, uint64_t below_4g_bytes,
                               uint64_t above_4g_bytes);

#endif
