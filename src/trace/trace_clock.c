/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_clock.c - finds an invariant time-stamp counter and says what its stamps mean. */
#include <glib.h>
#include <stddef.h>
#include <string.h>
#if defined(__x86_64__)
#    include <cpuid.h>
#endif

#include "base/bytes.h"
#include "trace/trace_clock.h"
#include "trace/trace_format.h"

static bool counter_is_invariant(void)
{
#if defined(__x86_64__)
    unsigned eax, ebx, ecx, edx;

    /* __get_cpuid() is 0 when the processor has no such leaf. */
    return __get_cpuid(0x80000007u, &eax, &ebx, &ecx, &edx) != 0 && (edx & (1u << 8)) != 0;
#else
    return false;
#endif
}

void trace_clock_init(struct trace_clock *clock, uint64_t (*host_time_ns)(void))
{
    clock->host_time_ns = host_time_ns;
    clock->counts_ticks = host_time_ns != NULL && counter_is_invariant();
}

struct trace_clock_point trace_clock_now(const struct trace_clock *clock)
{
    struct trace_clock_point point = { 0, 0 };

    if (clock->host_time_ns != NULL) {
        point.stamp = trace_clock_stamp(clock);
        point.ns = clock->host_time_ns();
    }
    return point;
}

void trace_clock_store(const struct trace_clock *clock, struct trace_clock_point from,
                       struct trace_clock_point to, uint8_t *bytes)
{
    memset(bytes, 0, TRACE_BLOCK_CLOCK_BYTES); /* stamps are nanoseconds */
    if (clock->counts_ticks) {
        bytes_store_le64(bytes, from.stamp);
        bytes_store_le64(bytes + 8, from.ns);
        /* A counter may be a little behind on another processor. */
        bytes_store_le64(bytes + 16, MAX(to.stamp, from.stamp + 1));
        bytes_store_le64(bytes + 24, MAX(to.ns, from.ns));
    }
}
