/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtual_clock.h - the machine's time: nanoseconds since start, constant within a turn (DESIGN:
 * the clock is sampled once a turn).
 *
 * The machine advances it at the start of each turn (from host time on KVM, from the instruction
 * count on soft); devices only read.
 */
#ifndef REPLUG_CLOCK_VIRTUAL_CLOCK_H
#define REPLUG_CLOCK_VIRTUAL_CLOCK_H

#include <stdint.h>

struct virtual_clock {
    uint64_t now_ns; /* never goes back */
};

/* Moves the clock to now_ns; an earlier time leaves it where it is. */
void virtual_clock_advance(struct virtual_clock *clock, uint64_t now_ns);

static inline uint64_t virtual_clock_now_ns(const struct virtual_clock *clock)
{
    return clock->now_ns;
}

/* Ticks of a counter of frequency_hz that started at 0: floor(now * frequency / 10^9), exact for
 * all 64-bit times. */
uint64_t virtual_clock_ticks(const struct virtual_clock *clock, uint64_t frequency_hz);

/* The earliest time (ns) at which virtual_clock_ticks() gives at least ticks; saturates at
 * UINT64_MAX. */
uint64_t virtual_clock_ns_of_ticks(uint64_t ticks, uint64_t frequency_hz);

#endif
