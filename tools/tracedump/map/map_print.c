/* SPDX-License-Identifier: GPL-2.0-or-later */
/* map_print.c - FlatViews, memslots, sizes and addresses as text. */
#include "tracedump/map/map_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tracedump/map/map_walk.h"

#define KVM_MEM_READONLY_FLAG 2u /* KVM API, KVM_SET_USER_MEMORY_REGION */

void map_print_address(struct output *output, uint64_t address)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%016" PRIx64, address);
    output_text(output, text);
}

void map_print_size(struct output *output, uint64_t size_bytes)
{
    static const char *const units[] = { " B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB" };
    unsigned unit = 0;

    if (size_bytes == 0) {
        output_text(output, "16 EiB");
        return;
    }
    while (unit + 1 < G_N_ELEMENTS(units) && size_bytes % 1024 == 0) {
        size_bytes /= 1024;
        unit++;
    }
    output_decimal(output, size_bytes, 0);
    output_text(output, units[unit]);
}

static void print_name(struct output *output, const char *name)
{
    output_plain(output, name, strlen(name));
}

static void print_since(struct output *output, const struct map_moment *since)
{
    output_text(output, " since turn ");
    output_decimal(output, since->turn, 0);
    output_text(output, " seq ");
    output_decimal(output, since->sequence, 0);
}

static void print_range(struct output *output, const struct memory_map *map,
                        const struct map_range *range)
{
    const char *kind = memory_map_kind_text(map, range->number, range->readonly);
    const struct map_region *region = memory_map_region(map, range->number);

    map_print_address(output, range->gpa);
    output_char(output, '-');
    map_print_address(output, map_last(range->gpa, range->size_bytes));
    if (kind != NULL && region != NULL) {
        char text[32];

        (void)snprintf(text, sizeof(text), " (prio %d, %s): ", region->priority, kind);
        output_text(output, text);
    } else {
        output_text(output, range->readonly ? " (read-only): " : " : ");
    }
    print_name(output, range->region);
    if (range->region_offset != 0) {
        output_text(output, " @");
        map_print_address(output, range->region_offset);
    }
}

static const char *root_name(const struct memory_map *map, const struct map_space *space)
{
    const struct map_region *root = memory_map_region(map, space->root);

    return root != NULL ? root->name : "?";
}

static void print_space_line(struct output *output, const struct memory_map *map,
                             const struct map_space *space)
{
    output_text(output, " AS \"");
    print_name(output, space->name);
    output_text(output, "\", root: ");
    print_name(output, root_name(map, space));
    output_char(output, '\n');
}

static bool same_view(const struct map_space *a, const struct map_space *b)
{
    return a == b || (a->root != 0 && a->root == b->root);
}

static bool shown_before(const struct memory_map *map, guint index)
{
    for (guint i = 0; i < index; i++) {
        if (same_view(map->spaces->pdata[i], map->spaces->pdata[index])) {
            return true;
        }
    }
    return false;
}

static void print_view(struct output *output, const struct memory_map *map,
                       const struct map_space *space, bool since)
{
    output_text(output, " Root memory region: ");
    print_name(output, root_name(map, space));
    output_char(output, '\n');
    for (guint i = 0; i < space->ranges->len; i++) {
        const struct map_range *range = &g_array_index(space->ranges, struct map_range, i);

        output_text(output, "  ");
        print_range(output, map, range);
        if (since) {
            print_since(output, &range->since);
        }
        output_char(output, '\n');
    }
    if (space->ranges->len == 0) {
        output_text(output, "  No rendered FlatView\n");
    }
    output_char(output, '\n');
}

void map_print_flatviews(struct output *output, const struct memory_map *map, bool since)
{
    uint64_t number = 0;

    for (guint i = 0; i < map->spaces->len; i++) {
        const struct map_space *space = map->spaces->pdata[i];

        if (shown_before(map, i)) {
            continue;
        }
        output_text(output, "FlatView #");
        output_decimal(output, number++, 0);
        output_char(output, '\n');
        for (guint k = i; k < map->spaces->len; k++) {
            if (same_view(space, map->spaces->pdata[k])) {
                print_space_line(output, map, map->spaces->pdata[k]);
            }
        }
        print_view(output, map, space, since);
    }
}

static void print_slot(struct output *output, const struct map_slot *slot)
{
    output_text(output, "slot ");
    output_decimal(output, slot->slot, 0);
    output_text(output, ": ");
    map_print_address(output, slot->gpa);
    output_char(output, '-');
    map_print_address(output, map_last(slot->gpa, slot->size_bytes));
    output_text(output, " size ");
    output_hex(output, slot->size_bytes);
    output_text(output, (slot->flags & KVM_MEM_READONLY_FLAG) != 0 ? " rom: " : " ram: ");
    print_name(output, slot->region);
    output_text(output, slot->stale ? " (deletion failed)" : "");
}

void map_print_slots(struct output *output, const struct memory_map *map, bool since)
{
    output_text(output, "memslots: ");
    output_decimal(output, map->slots->len, 0);
    if (map->slots_max != 0) {
        output_text(output, " of ");
        output_decimal(output, map->slots_max, 0);
    }
    output_text(output, " used\n");
    for (guint i = 0; i < map->slots->len; i++) {
        const struct map_slot *slot = &g_array_index(map->slots, struct map_slot, i);

        print_slot(output, slot);
        if (since) {
            print_since(output, &slot->since);
        }
        output_char(output, '\n');
    }
}

/* ---- differences ---- */

struct difference {
    struct output *output;
    const struct memory_map *before;
    const struct memory_map *after;
    bool any;
    const char *space; /* whose heading has still to be printed; NULL: it was */
};

static void range_differs(const struct map_range *range, bool gone, void *opaque)
{
    struct difference *difference = opaque;
    struct output *output = difference->output;

    if (difference->space != NULL) {
        output_text(output, "address-space: ");
        print_name(output, difference->space);
        output_char(output, '\n');
        difference->space = NULL;
    }
    output_text(output, gone ? "-  " : "+  ");
    print_range(output, gone ? difference->before : difference->after, range);
    output_text(output, ", ");
    map_print_size(output, range->size_bytes);
    output_char(output, '\n');
    difference->any = true;
}

static void slot_differs(const struct map_slot *slot, bool gone, void *opaque)
{
    struct difference *difference = opaque;
    struct output *output = difference->output;

    if (difference->space != NULL) {
        output_text(output, "memslots\n");
        difference->space = NULL;
    }
    output_text(output, gone ? "-  " : "+  ");
    print_slot(output, slot);
    output_char(output, '\n');
    difference->any = true;
}

void map_print_difference(struct output *output, const struct memory_map *before,
                          const struct memory_map *after)
{
    struct difference difference = { .output = output, .before = before, .after = after };
    g_autoptr(GPtrArray) names = map_walk_space_names(before, after);

    for (guint i = 0; i < names->len; i++) {
        difference.space = names->pdata[i];
        map_walk_ranges(memory_map_space(before, difference.space),
                        memory_map_space(after, difference.space), range_differs, &difference);
    }
    difference.space = "memslots";
    map_walk_slots(before, after, slot_differs, &difference);
    if (!difference.any) {
        output_text(output, "no difference\n");
    }
}
