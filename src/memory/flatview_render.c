/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flatview_render.c - paints a region tree flat.
 *
 * Depth first with the highest priority first; a region paints only what is still blank, so what is
 * painted stays. Positions are 128 bits wide here: an alias may place its target's start below zero,
 * and the whole space is 2^64 bytes long.
 */
#include <string.h>

#include "base/invariant.h"
#include "memory/memory_internal.h"
#include "trace/trace.h"

__extension__ typedef __int128 wide_t;

#define DEPTH_MAX 64 /* an alias that holds itself is our bug */

struct painter {
    struct flatview *view;
    uint32_t capacity;
    uint32_t regions; /* visited */
    unsigned depth;
};

static wide_t size_of(const struct memory_region *region)
{
    return region->size == MEMORY_SIZE_ALL ? (wide_t)1 << 64 : (wide_t)region->size;
}

static void insert_range(struct painter *painter, uint32_t at, const struct flat_range *range)
{
    struct flatview *view = painter->view;

    if (view->count == painter->capacity) {
        painter->capacity = painter->capacity == 0 ? 64 : painter->capacity * 2;
        view->ranges = g_renew(struct flat_range, view->ranges, painter->capacity);
    }
    memmove(&view->ranges[at + 1], &view->ranges[at],
            (view->count - at) * sizeof(struct flat_range));
    view->ranges[at] = *range;
    view->count++;
}

/* The first range that ends at or behind gpa. */
static uint32_t lower_bound(const struct flatview *view, gpa_t gpa)
{
    uint32_t low = 0;
    uint32_t high = view->count;

    if (high > 0 && view->ranges[high - 1].last < gpa) {
        return high; /* the usual case: painting goes upwards */
    }
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (view->ranges[middle].last < gpa) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Fills what is blank between first and last. */
static void paint(struct painter *painter, struct memory_region *region, wide_t base, gpa_t first,
                  gpa_t last, bool readonly)
{
    uint32_t at = lower_bound(painter->view, first);

    for (;;) {
        const struct flatview *view = painter->view;
        bool blocked = at < view->count && view->ranges[at].first <= last;
        gpa_t next = blocked ? view->ranges[at].first : last;

        if (!blocked || next > first) {
            struct flat_range range = { .first = first,
                                        .last = blocked ? next - 1 : last,
                                        .region = region,
                                        .region_offset = (uint64_t)((wide_t)first - base),
                                        .readonly = readonly };

            insert_range(painter, at, &range);
            at++;
        }
        if (!blocked || painter->view->ranges[at].last >= last) {
            return;
        }
        first = painter->view->ranges[at].last + 1;
        at++;
    }
}

static void note_source(struct flatview *view, struct memory_region *region)
{
    while (region->container != NULL) {
        region = region->container;
    }
    if (!g_ptr_array_find(view->sources, region, NULL)) {
        g_ptr_array_add(view->sources, region);
    }
}

static void render(struct painter *painter, struct memory_region *region, wide_t base,
                   wide_t clip_first, wide_t clip_last, bool readonly)
{
    wide_t first = MAX(base, clip_first);
    wide_t last = MIN(base + size_of(region) - 1, clip_last);

    painter->regions++;
    if (region->kind == MEMORY_REGION_ALIAS) {
        note_source(painter->view, region->target); /* disabled ones too: they may be enabled */
    }
    if (!region->enabled || first > last) {
        return;
    }
    invariant(painter->depth < DEPTH_MAX);
    painter->depth++;
    readonly = readonly || region->readonly || region->kind == MEMORY_REGION_ROM;
    if (region->kind == MEMORY_REGION_ALIAS) {
        render(painter, region->target, base - (wide_t)region->target_offset, first, last,
               readonly);
    } else {
        for (guint i = 0; region->subregions != NULL && i < region->subregions->len; i++) {
            struct memory_region *sub = region->subregions->pdata[i];

            render(painter, sub, base + (wide_t)sub->offset, first, last, readonly);
        }
        if (region->kind != MEMORY_REGION_CONTAINER) {
            paint(painter, region, base, (gpa_t)first, (gpa_t)last, readonly);
        }
    }
    painter->depth--;
}

static bool continues(const struct flat_range *a, const struct flat_range *b)
{
    return a->last + 1 == b->first && a->region == b->region && a->readonly == b->readonly &&
           a->region_offset + (b->first - a->first) == b->region_offset;
}

static void merge_neighbours(struct flatview *view)
{
    uint32_t kept = 0;

    for (uint32_t i = 1; i < view->count; i++) {
        if (continues(&view->ranges[kept], &view->ranges[i])) {
            view->ranges[kept].last = view->ranges[i].last;
        } else {
            view->ranges[++kept] = view->ranges[i];
        }
    }
    view->count = view->count > 0 ? kept + 1 : 0;
}

struct flatview *flatview_render(struct memory_region *root)
{
    struct flatview *view = g_new0(struct flatview, 1);
    struct painter painter = { .view = view };

    view->references = 1;
    view->root = root;
    view->sources = g_ptr_array_new();
    note_source(view, root);
    trace_render_memory_region_enter(root->name);
    render(&painter, root, 0, 0, ((wide_t)1 << 64) - 1, false);
    merge_neighbours(view);
    trace_render_memory_region_leave(painter.regions, view->count);
    return view;
}

struct flatview *generate_memory_topology(struct memory_region *root)
{
    struct flatview *view;

    trace_generate_memory_topology_enter(root->name);
    view = flatview_render(root);
    trace_generate_memory_topology_leave(view->count);
    return view;
}

struct flatview *flatview_ref(struct flatview *view)
{
    view->references++;
    return view;
}

void flatview_unref(struct flatview *view)
{
    invariant(view->references > 0);
    if (--view->references == 0) {
        g_ptr_array_unref(view->sources);
        g_free(view->ranges);
        g_free(view);
    }
}

const struct flat_range *flatview_find(const struct flatview *view, gpa_t gpa)
{
    uint32_t at = lower_bound(view, gpa);

    return at < view->count && view->ranges[at].first <= gpa ? &view->ranges[at] : NULL;
}

bool flat_range_equal(const struct flat_range *a, const struct flat_range *b)
{
    return a->first == b->first && a->last == b->last && a->region == b->region &&
           a->region_offset == b->region_offset && a->readonly == b->readonly;
}
