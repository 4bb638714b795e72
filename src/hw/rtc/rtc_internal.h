/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtc_internal.h - what the files of src/hw/rtc share: register numbers and the time in them. */
#ifndef REPLUG_HW_RTC_RTC_INTERNAL_H
#define REPLUG_HW_RTC_RTC_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#define CMOS_BYTES 128

enum rtc_register {
    RTC_SECONDS = 0x00,
    RTC_SECONDS_ALARM = 0x01,
    RTC_MINUTES = 0x02,
    RTC_MINUTES_ALARM = 0x03,
    RTC_HOURS = 0x04,
    RTC_HOURS_ALARM = 0x05,
    RTC_WEEKDAY = 0x06, /* 1 = Sunday */
    RTC_DAY = 0x07,
    RTC_MONTH = 0x08,
    RTC_YEAR = 0x09,
    RTC_A = 0x0a,
    RTC_B = 0x0b,
    RTC_C = 0x0c,
    RTC_D = 0x0d,
    RTC_CENTURY = 0x32, /* not the chip's, the PC's: plain CMOS RAM that software keeps */
    RTC_CENTURY_PS2 = 0x37,
};

#define RTC_B_24H    0x02
#define RTC_B_BINARY 0x04
#define RTC_B_UIE    0x10
#define RTC_B_AIE    0x20
#define RTC_B_PIE    0x40
#define RTC_B_SET    0x80

/*
 * All in the format that register B in cmos asks for. seconds: since 1970. weekday_offset: by how
 * much the guest's idea of the weekday is ahead of the calendar's.
 */
void rtc_time_store(uint8_t cmos[CMOS_BYTES], int64_t seconds, uint8_t weekday_offset);

/* What the registers say; nonsense in them (a 13th month) gives some time, never a failure. */
int64_t rtc_time_load(const uint8_t cmos[CMOS_BYTES], uint8_t *out_weekday_offset);

/* The first second after seconds at which the alarm registers match; false = never. */
bool rtc_alarm_next(const uint8_t cmos[CMOS_BYTES], int64_t seconds, int64_t *out_seconds);

#endif
