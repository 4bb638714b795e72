/* SPDX-License-Identifier: GPL-2.0-or-later */
/* histogram.c - buckets by a value's highest bits: its power of two and the five bits below. */
#include "tracedump/histogram.h"

#include <glib.h>

static unsigned bucket_of(uint64_t value)
{
    unsigned shift;

    if (value < 1u << (HISTOGRAM_SUB_BITS + 1)) {
        return (unsigned)value;
    }
    shift = 63u - (unsigned)__builtin_clzll(value) - HISTOGRAM_SUB_BITS;
    return (shift << HISTOGRAM_SUB_BITS) + (unsigned)(value >> shift);
}

/* The highest value that the bucket counts. */
static uint64_t bucket_end(unsigned bucket)
{
    unsigned shift = bucket >> HISTOGRAM_SUB_BITS;
    uint64_t top = bucket & ((1u << HISTOGRAM_SUB_BITS) - 1);

    if (shift < 2) {
        return bucket;
    }
    shift--;
    top += 1u << HISTOGRAM_SUB_BITS;
    return (top << shift) + ((UINT64_C(1) << shift) - 1);
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
    uint32_t *bucket = &histogram->buckets[bucket_of(value)];

    if (histogram->count++ == 0 || value < histogram->min) {
        histogram->min = value;
    }
    histogram->max = MAX(histogram->max, value);
    if (__builtin_add_overflow(histogram->sum, value, &histogram->sum)) {
        histogram->sum = UINT64_MAX;
    }
    *bucket += *bucket < UINT32_MAX;
}

uint64_t histogram_quantile(const struct histogram *histogram, unsigned permille)
{
    uint64_t wanted =
        histogram->count / 1000 * permille + (histogram->count % 1000 * permille + 999) / 1000;
    uint64_t seen = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS && histogram->count > 0; i++) {
        seen += histogram->buckets[i];
        if (seen >= wanted && seen > 0) {
            return CLAMP(bucket_end(i), histogram->min, histogram->max);
        }
    }
    return histogram->max;
}
