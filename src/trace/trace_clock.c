/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_clock.c - finds an invariant time-stamp counter and turns its stamps into nanoseconds. */
#include <stddef.h>
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

void trace_clock_convert(const struct trace_clock *clock, struct trace_clock_point from,
                         struct trace_clock_point to, uint8_t *records, uint32_t size)
{
    double ns_per_tick;

    if (!clock->counts_ticks) {
        return;
    }
    ns_per_tick =
        to.stamp > from.stamp ? (double)(to.ns - from.ns) / (double)(to.stamp - from.stamp) : 0;
    for (uint32_t at = 0; at < size; at += bytes_load_le16(records + at)) {
        uint8_t *field = records + at + TRACE_RECORD_HOST_NS;
        uint64_t stamp = bytes_load_le64(field);
        uint64_t ns = to.ns;

        /* A counter a little apart on another processor must not leave the interval. */
        if (stamp <= from.stamp) {
            ns = from.ns;
        } else if (stamp < to.stamp) {
            ns = from.ns + (uint64_t)((double)(stamp - from.stamp) * ns_per_tick);
        }
        bytes_store_le64(field, ns);
    }
}
