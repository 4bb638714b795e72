/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flatview_diff.c - walks an old and a new FlatView side by side and tells the listeners. */
#include "base/invariant.h"
#include "memory/memory_internal.h"
#include "trace/trace.h"

static struct memory_region_section section_of(struct address_space *address_space,
                                               const struct flat_range *range)
{
    return (struct memory_region_section){ .address_space = address_space,
                                           .region = range->region,
                                           .gpa = range->first,
                                           .size = range->last - range->first + 1,
                                           .region_offset = range->region_offset,
                                           .readonly = range->readonly };
}

typedef void (*section_fn)(void *opaque, const struct memory_region_section *section);

enum change { CHANGE_ADD, CHANGE_DEL, CHANGE_NOP };

static section_fn function_of(const struct memory_listener *listener, enum change change)
{
    switch (change) {
    case CHANGE_ADD: return listener->region_add;
    case CHANGE_DEL: return listener->region_del;
    case CHANGE_NOP: return listener->region_nop;
    }
    return NULL;
}

/* The part of the section that a coalesced range of its region covers; false = none. */
static bool coalesced_part(const struct memory_region_section *section, uint64_t offset,
                           uint64_t size, struct memory_region_section *out_part)
{
    uint64_t first = MAX(offset, section->region_offset);
    uint64_t last = MIN(offset + (size - 1), section->region_offset + (section->size - 1));

    if (first > last) {
        return false;
    }
    *out_part = *section;
    out_part->gpa = section->gpa + (first - section->region_offset);
    out_part->region_offset = first;
    out_part->size = last - first + 1;
    return true;
}

static void tell_coalesced(const struct memory_listener *listener,
                           const struct memory_region_section *section, bool adding)
{
    section_fn fn = adding ? listener->coalesced_io_add : listener->coalesced_io_del;
    const GArray *ranges = section->region->coalesced;
    struct memory_region_section part;

    for (guint i = 0; fn != NULL && ranges != NULL && i < ranges->len; i++) {
        const struct memory_coalesced_range *range =
            &g_array_index(ranges, struct memory_coalesced_range, i);

        if (coalesced_part(section, range->offset, range->size, &part)) {
            fn(listener->opaque, &part);
        }
    }
}

static bool is_skipped(struct address_space *address_space, enum change change)
{
    bool skipped = change == CHANGE_ADD && address_space->system->skips_region_add;

    address_space->system->skips_region_add &= !skipped;
    return skipped;
}

static void tell_one(const struct memory_listener *listener,
                     const struct memory_region_section *section, enum change change)
{
    section_fn fn = function_of(listener, change);

    if (change == CHANGE_DEL) {
        tell_coalesced(listener, section, false);
    }
    if (fn != NULL && !is_skipped(section->address_space, change)) {
        fn(listener->opaque, section);
    }
    if (change == CHANGE_ADD) {
        tell_coalesced(listener, section, true);
    }
}

/* Ascending priority for what comes, descending for what goes. */
static void tell_all(struct address_space *address_space, const struct flat_range *range,
                     enum change change)
{
    struct memory_region_section section = section_of(address_space, range);
    guint count = address_space->listeners->len;

    if (change == CHANGE_ADD) {
        trace_flat_range_added(address_space->name, section.gpa, section.size, section.region->name,
                               section.region_offset, section.readonly, section.region->number);
    } else if (change == CHANGE_DEL) {
        trace_flat_range_removed(address_space->name, section.gpa, section.size,
                                 section.region->name, section.region_offset, section.readonly,
                                 section.region->number);
    }
    for (guint i = 0; i < count; i++) {
        guint index = change == CHANGE_DEL ? count - 1 - i : i;

        tell_one(address_space->listeners->pdata[index], &section, change);
    }
}

static void update_topology_pass(struct address_space *address_space, const struct flatview *old,
                                 const struct flatview *new_view, bool adding)
{
    uint32_t o = 0;
    uint32_t n = 0;
    uint32_t changed = 0;

    trace_address_space_update_topology_pass_enter(address_space->name, adding);
    while (o < old->count || n < new_view->count) {
        const struct flat_range *before = o < old->count ? &old->ranges[o] : NULL;
        const struct flat_range *after = n < new_view->count ? &new_view->ranges[n] : NULL;

        if (before != NULL && after != NULL && flat_range_equal(before, after)) {
            if (adding) {
                tell_all(address_space, after, CHANGE_NOP);
            }
            o++;
            n++;
        } else if (before != NULL && (after == NULL || before->first <= after->first)) {
            if (!adding) {
                tell_all(address_space, before, CHANGE_DEL);
                changed++;
            }
            o++;
        } else {
            if (adding) {
                tell_all(address_space, after, CHANGE_ADD);
                changed++;
            }
            n++;
        }
    }
    trace_address_space_update_topology_pass_leave(changed);
}

void address_space_set_flatview(struct address_space *address_space, struct flatview *view)
{
    struct flatview *old = address_space->view;
    const GPtrArray *listeners = address_space->listeners;

    trace_address_space_set_flatview_enter(address_space->name, old->count, view->count);
    address_space->view = view;
    for (guint i = 0; i < listeners->len; i++) {
        const struct memory_listener *listener = listeners->pdata[i];

        if (listener->begin != NULL) {
            listener->begin(listener->opaque, old, view);
        }
    }
    update_topology_pass(address_space, old, view, false);
    update_topology_pass(address_space, old, view, true);
    for (guint i = 0; i < listeners->len; i++) {
        const struct memory_listener *listener = listeners->pdata[i];

        if (listener->commit != NULL) {
            listener->commit(listener->opaque);
        }
    }
    trace_address_space_set_flatview_leave();
    flatview_unref(old);
}

static void listener_walk(struct memory_listener *listener, struct address_space *address_space,
                          bool adding)
{
    struct flatview empty = { .references = 1, .root = address_space->root };
    const struct flatview *view = address_space->view;

    if (listener->begin != NULL) {
        listener->begin(listener->opaque, adding ? &empty : view, adding ? view : &empty);
    }
    for (uint32_t i = 0; i < view->count; i++) {
        struct memory_region_section section = section_of(address_space, &view->ranges[i]);

        tell_one(listener, &section, adding ? CHANGE_ADD : CHANGE_DEL);
    }
    if (listener->commit != NULL) {
        listener->commit(listener->opaque);
    }
}

void listener_add_all(struct memory_listener *listener, struct address_space *address_space)
{
    listener_walk(listener, address_space, true);
}

void listener_del_all(struct memory_listener *listener, struct address_space *address_space)
{
    listener_walk(listener, address_space, false);
}

void address_space_tell_coalescing(struct address_space *address_space,
                                   const struct memory_region *region, uint64_t offset,
                                   uint64_t size, bool adding)
{
    for (uint32_t r = 0; r < address_space->view->count; r++) {
        struct memory_region_section section =
            section_of(address_space, &address_space->view->ranges[r]);
        struct memory_region_section part;

        if (section.region != region || !coalesced_part(&section, offset, size, &part)) {
            continue;
        }
        for (guint i = 0; i < address_space->listeners->len; i++) {
            const struct memory_listener *listener = address_space->listeners->pdata[i];
            section_fn fn = adding ? listener->coalesced_io_add : listener->coalesced_io_del;

            if (fn != NULL) {
                fn(listener->opaque, &part);
            }
        }
    }
}
