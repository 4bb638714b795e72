/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace_clock.h - host time of events at the price of one rdtsc.
 *
 * A record is stamped with the processor's time-stamp counter where that runs at one constant rate
 * on all processors (AMD64 APM 2 §13.2.4, "TscInvariant"), elsewhere with the caller's clock. A
 * file's block holds two points at which both were read, between which a reader interpolates.
 * Without a caller's clock all is 0.
 */
#ifndef REPLUG_TRACE_TRACE_CLOCK_H
#define REPLUG_TRACE_TRACE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#if defined(__x86_64__)
#    include <x86intrin.h>
#endif

struct trace_clock {
    uint64_t (*host_time_ns)(void);
    bool counts_ticks;
};

struct trace_clock_point {
    uint64_t stamp;
    uint64_t ns;
};

void trace_clock_init(struct trace_clock *clock, uint64_t (*host_time_ns)(void));

static inline uint64_t trace_clock_stamp(const struct trace_clock *clock)
{
#if defined(__x86_64__)
    if (clock->counts_ticks) {
        return __rdtsc();
    }
#endif
    return clock->host_time_ns != NULL ? clock->host_time_ns() : 0;
}

struct trace_clock_point trace_clock_now(const struct trace_clock *clock);

/* Stores what a block says of its stamps, TRACE_BLOCK_CLOCK_BYTES: from was read before the first
 * of them, to behind the last. */
void trace_clock_store(const struct trace_clock *clock, struct trace_clock_point from,
                       struct trace_clock_point to, uint8_t *bytes);

#endif
