/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flatview.h - the region tree rendered flat: sorted ranges that don't overlap, immutable, counted
 * by reference.
 *
 * Rendering: a region's children are painted before (= above) the region itself, higher priorities
 * first; what is painted stays. Neighbouring ranges of the same RAM or handler that continue each
 * other are merged.
 */
#ifndef REPLUG_MEMORY_FLATVIEW_H
#define REPLUG_MEMORY_FLATVIEW_H

#include "memory/region.h"

struct flat_range {
    gpa_t first;
    gpa_t last;                   /* inclusive: the range may end at 2^64 - 1 */
    struct memory_region *region; /* RAM, ROM or I/O; never an alias or a container */
    uint64_t region_offset;       /* of first in region */
    bool readonly;                /* ROM, or RAM set readonly (by itself or an alias above it) */
};

struct flatview {
    unsigned references;
    uint32_t count;
    struct flat_range *ranges; /* sorted by first */
    struct memory_region *root;
    GPtrArray
        *sources; /* tops of the region trees that it was rendered from: root, alias targets */
};

/* A new view with one reference. */
struct flatview *flatview_render(struct memory_region *root);

struct flatview *flatview_ref(struct flatview *view);
void flatview_unref(struct flatview *view);

/* The range that holds gpa, NULL = unassigned. Logarithmic. */
const struct flat_range *flatview_find(const struct flatview *view, gpa_t gpa);

/* Same place, same region, same offset, same rights. */
bool flat_range_equal(const struct flat_range *a, const struct flat_range *b);

#endif
