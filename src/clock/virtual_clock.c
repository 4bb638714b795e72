/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtual_clock.c - time and tick arithmetic without overflow. */
#include "clock/virtual_clock.h"

#define NS_PER_SECOND 1000000000ull

__extension__ typedef unsigned __int128 uint128;

void virtual_clock_advance(struct virtual_clock *clock, uint64_t now_ns)
{
    if (now_ns > clock->now_ns) {
        clock->now_ns = now_ns;
    }
}

uint64_t virtual_clock_ticks(const struct virtual_clock *clock, uint64_t frequency_hz)
{
    return (uint64_t)((uint128)clock->now_ns * frequency_hz / NS_PER_SECOND);
}

uint64_t virtual_clock_ns_of_ticks(uint64_t ticks, uint64_t frequency_hz)
{
    uint128 ns = ((uint128)ticks * NS_PER_SECOND + frequency_hz - 1) / frequency_hz;

    return ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}
