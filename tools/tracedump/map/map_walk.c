/* SPDX-License-Identifier: GPL-2.0-or-later */
/* map_walk.c - merges two sorted lists. */
#include "tracedump/map/map_walk.h"

#include <string.h>

static bool same_range(const struct map_range *a, const struct map_range *b)
{
    return a->gpa == b->gpa && a->size_bytes == b->size_bytes && a->number == b->number &&
           a->region_offset == b->region_offset && a->readonly == b->readonly &&
           strcmp(a->region, b->region) == 0;
}

static const struct map_range *range_at(const struct map_space *space, guint index)
{
    return space != NULL && index < space->ranges->len
               ? &g_array_index(space->ranges, struct map_range, index)
               : NULL;
}

void map_walk_ranges(const struct map_space *before, const struct map_space *after,
                     map_range_fn differs, void *opaque)
{
    const struct map_range *old, *fresh;
    guint o = 0;
    guint n = 0;

    while ((old = range_at(before, o)) != NULL || range_at(after, n) != NULL) {
        fresh = range_at(after, n);
        if (old != NULL && fresh != NULL && same_range(old, fresh)) {
            o++;
            n++;
        } else if (old != NULL && (fresh == NULL || old->gpa <= fresh->gpa)) {
            differs(old, true, opaque);
            o++;
        } else {
            differs(fresh, false, opaque);
            n++;
        }
    }
}

static void note_difference(const struct map_range *range, bool gone, void *opaque)
{
    bool *differs = opaque;

    (void)range;
    (void)gone;
    *differs = true;
}

bool map_walk_ranges_differ(const struct map_space *before, const struct map_space *after)
{
    bool differs = false;

    map_walk_ranges(before, after, note_difference, &differs);
    return differs;
}

static bool same_slot(const struct map_slot *a, const struct map_slot *b)
{
    return a->slot == b->slot && a->gpa == b->gpa && a->size_bytes == b->size_bytes &&
           a->flags == b->flags && a->stale == b->stale && strcmp(a->region, b->region) == 0;
}

static const struct map_slot *slot_at(const struct memory_map *map, guint index)
{
    return index < map->slots->len ? &g_array_index(map->slots, struct map_slot, index) : NULL;
}

void map_walk_slots(const struct memory_map *before, const struct memory_map *after,
                    map_slot_fn differs, void *opaque)
{
    const struct map_slot *old, *fresh;
    guint o = 0;
    guint n = 0;

    while ((old = slot_at(before, o)) != NULL || slot_at(after, n) != NULL) {
        fresh = slot_at(after, n);
        if (old != NULL && fresh != NULL && same_slot(old, fresh)) {
            o++;
            n++;
        } else if (old != NULL && (fresh == NULL || old->slot <= fresh->slot)) {
            differs(old, true, opaque);
            o++;
        } else {
            differs(fresh, false, opaque);
            n++;
        }
    }
}

static void add_names(GPtrArray *names, const struct memory_map *map)
{
    for (guint i = 0; i < map->spaces->len; i++) {
        const struct map_space *space = map->spaces->pdata[i];

        if (!g_ptr_array_find_with_equal_func(names, space->name, g_str_equal, NULL)) {
            g_ptr_array_add(names, (gpointer)space->name);
        }
    }
}

GPtrArray *map_walk_space_names(const struct memory_map *before, const struct memory_map *after)
{
    GPtrArray *names = g_ptr_array_new();

    add_names(names, before);
    add_names(names, after);
    return names;
}
