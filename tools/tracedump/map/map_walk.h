/* SPDX-License-Identifier: GPL-2.0-or-later */
/* map_walk.h - goes through two memory maps side by side and tells what is in one of them only. */
#ifndef REPLUG_TRACEDUMP_MAP_WALK_H
#define REPLUG_TRACEDUMP_MAP_WALK_H

#include "tracedump/map/memory_map.h"

/* gone = it is in the first only, else in the second only. By address; what is gone first. */
typedef void (*map_range_fn)(const struct map_range *range, bool gone, void *opaque);
typedef void (*map_slot_fn)(const struct map_slot *slot, bool gone, void *opaque);

/* Either may be NULL: it has no ranges. When a range came does not count. */
void map_walk_ranges(const struct map_space *before, const struct map_space *after,
                     map_range_fn differs, void *opaque);

bool map_walk_ranges_differ(const struct map_space *before, const struct map_space *after);

void map_walk_slots(const struct memory_map *before, const struct memory_map *after,
                    map_slot_fn differs, void *opaque);

/* The address spaces of both (const char *, each once; borrowed from the maps). */
GPtrArray *map_walk_space_names(const struct memory_map *before, const struct memory_map *after);

#endif
