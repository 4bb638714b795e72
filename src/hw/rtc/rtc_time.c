/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtc_time.c - seconds since 1970 to and from the clock's registers: binary or BCD, 12 or 24 hours;
 * the alarm. (MC146818A datasheet, tables 2 and 3.) */
#include <glib.h>

#include "hw/rtc/rtc_internal.h"

#define SECONDS_PER_DAY    86400
#define JULIAN_DAY_OF_1970 719163   /* as GDate counts: 1 is the first day of the year 1 */
#define JULIAN_DAY_MAX     23936166 /* 31 December 65535, where GDate ends */
#define HOUR_IS_PM         0x80
#define ALARM_ANY          0xc0 /* both bits set: matches always */

static uint8_t encode(const uint8_t *cmos, unsigned value)
{
    bool binary = (cmos[RTC_B] & RTC_B_BINARY) != 0;

    return (uint8_t)(binary ? value : value / 10 << 4 | value % 10);
}

static unsigned decode(const uint8_t *cmos, unsigned value)
{
    bool binary = (cmos[RTC_B] & RTC_B_BINARY) != 0;

    return binary ? value : (value >> 4) * 10 + (value & 0x0f);
}

static uint8_t encode_hour(const uint8_t *cmos, unsigned hour)
{
    if ((cmos[RTC_B] & RTC_B_24H) != 0) {
        return encode(cmos, hour);
    }
    return (uint8_t)(encode(cmos, hour % 12 != 0 ? hour % 12 : 12) | (hour >= 12 ? HOUR_IS_PM : 0));
}

static unsigned decode_hour(const uint8_t *cmos, unsigned value)
{
    if ((cmos[RTC_B] & RTC_B_24H) != 0) {
        return decode(cmos, value);
    }
    return decode(cmos, value & ~(unsigned)HOUR_IS_PM) % 12 + ((value & HOUR_IS_PM) != 0 ? 12 : 0);
}

static int64_t day_of(int64_t seconds)
{
    return seconds / SECONDS_PER_DAY - (seconds % SECONDS_PER_DAY < 0);
}

static unsigned second_of_day(int64_t seconds)
{
    return (unsigned)(seconds - day_of(seconds) * SECONDS_PER_DAY);
}

/* 0 = Sunday; 1 January 1970 was a Thursday. */
static unsigned weekday_of(int64_t seconds)
{
    return (unsigned)(((day_of(seconds) + 4) % 7 + 7) % 7);
}

void rtc_time_store(uint8_t cmos[CMOS_BYTES], int64_t seconds, uint8_t weekday_offset)
{
    int64_t julian = CLAMP(day_of(seconds) + JULIAN_DAY_OF_1970, 1, JULIAN_DAY_MAX);
    unsigned second = second_of_day(seconds);
    unsigned year;
    GDate date;

    g_date_clear(&date, 1);
    g_date_set_julian(&date, (guint32)julian);
    year = g_date_get_year(&date);
    cmos[RTC_SECONDS] = encode(cmos, second % 60);
    cmos[RTC_MINUTES] = encode(cmos, second / 60 % 60);
    cmos[RTC_HOURS] = encode_hour(cmos, second / 3600);
    cmos[RTC_WEEKDAY] = encode(cmos, (weekday_of(seconds) + weekday_offset) % 7 + 1);
    cmos[RTC_DAY] = encode(cmos, g_date_get_day(&date));
    cmos[RTC_MONTH] = encode(cmos, g_date_get_month(&date));
    cmos[RTC_YEAR] = encode(cmos, year % 100);
    cmos[RTC_CENTURY] = encode(cmos, year / 100 % 100);
}

int64_t rtc_time_load(const uint8_t cmos[CMOS_BYTES], uint8_t *out_weekday_offset)
{
    unsigned year = decode(cmos, cmos[RTC_CENTURY]) * 100 + decode(cmos, cmos[RTC_YEAR]);
    unsigned month = decode(cmos, cmos[RTC_MONTH]);
    unsigned weekday = decode(cmos, cmos[RTC_WEEKDAY]);
    int64_t seconds;
    GDate date;

    month = CLAMP(month, 1, 12);
    g_date_clear(&date, 1);
    g_date_set_dmy(&date, 1, (GDateMonth)month, (GDateYear)MAX(year, 1));
    seconds =
        ((int64_t)g_date_get_julian(&date) - JULIAN_DAY_OF_1970 - 1 + decode(cmos, cmos[RTC_DAY])) *
            SECONDS_PER_DAY +
        (int64_t)decode_hour(cmos, cmos[RTC_HOURS]) * 3600 + decode(cmos, cmos[RTC_MINUTES]) * 60 +
        decode(cmos, cmos[RTC_SECONDS]);
    *out_weekday_offset = (uint8_t)((weekday + 6 + 7 - weekday_of(seconds)) % 7);
    return seconds;
}

#define ANY UINT32_MAX

static unsigned alarm_value(uint8_t raw, unsigned decoded)
{
    return (raw & ALARM_ANY) == ALARM_ANY ? ANY : decoded;
}

static bool alarm_can_match(unsigned hour, unsigned minute, unsigned second)
{
    return (hour == ANY || hour < 24) && (minute == ANY || minute < 60) &&
           (second == ANY || second < 60);
}

bool rtc_alarm_next(const uint8_t cmos[CMOS_BYTES], int64_t seconds, int64_t *out_seconds)
{
    unsigned hour = alarm_value(cmos[RTC_HOURS_ALARM], decode_hour(cmos, cmos[RTC_HOURS_ALARM]));
    unsigned minute = alarm_value(cmos[RTC_MINUTES_ALARM], decode(cmos, cmos[RTC_MINUTES_ALARM]));
    unsigned second = alarm_value(cmos[RTC_SECONDS_ALARM], decode(cmos, cmos[RTC_SECONDS_ALARM]));
    int64_t at = seconds + 1;

    if (!alarm_can_match(hour, minute, second)) {
        return false;
    }
    /* Skips whole hours, then minutes, then seconds: at most 24 + 60 + 2 rounds. */
    for (;;) {
        unsigned now = second_of_day(at);

        if (hour != ANY && now / 3600 != hour) {
            at += 3600 - now % 3600;
        } else if (minute != ANY && now / 60 % 60 != minute) {
            at += 60 - now % 60;
        } else if (second != ANY && now % 60 != second) {
            at += (second + 60 - now % 60) % 60;
        } else {
            *out_seconds = at;
            return true;
        }
    }
}
