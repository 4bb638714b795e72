/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_clock.c - clock_gettime and nothing else. */
#include "host/host_clock.h"

#include <time.h>

uint64_t host_clock_monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int64_t host_clock_realtime_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
