/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * histogram.h - percentiles of any number of values in constant memory.
 *
 * Values below 64 are counted exactly, others in buckets whose width is 1/32 of their begin or less:
 * a percentile is off by 3.2 % at most, and never beyond the smallest or largest value.
 */
#ifndef REPLUG_TRACEDUMP_HISTOGRAM_H
#define REPLUG_TRACEDUMP_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB_BITS 5u
#define HISTOGRAM_BUCKETS  ((64u - HISTOGRAM_SUB_BITS + 1u) << HISTOGRAM_SUB_BITS)

/* All zero is an empty one. */
struct histogram {
    uint64_t count;
    uint64_t sum; /* UINT64_MAX: that or more */
    uint64_t min;
    uint64_t max;
    uint32_t buckets[HISTOGRAM_BUCKETS]; /* they stay at their highest value */
};

void histogram_add(struct histogram *histogram, uint64_t value);

/* The smallest value that permille of all do not exceed; 0 when there is none. */
uint64_t histogram_quantile(const struct histogram *histogram, unsigned permille);

#endif
