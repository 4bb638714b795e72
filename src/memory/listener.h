/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * listener.h - who wants to know how an address space changed: called at commit with the difference
 * of old and new FlatView.
 *
 * Order within a commit: begin, all region_del (ascending), all region_add and region_nop
 * (ascending), coalesced del and add, commit. Listeners are called by ascending priority for
 * additions, descending for deletions.
 */
#ifndef REPLUG_MEMORY_LISTENER_H
#define REPLUG_MEMORY_LISTENER_H

#include "memory/flatview.h"

struct address_space;

/* One flat range as its listener sees it. Valid during the call. */
struct memory_region_section {
    struct address_space *address_space;
    struct memory_region *region;
    gpa_t gpa;
    uint64_t size;          /* bytes; MEMORY_SIZE_ALL for 2^64 */
    uint64_t region_offset; /* bytes */
    bool readonly;
};

struct memory_listener {
    const char *name;
    int priority;
    void *opaque;
    /* Any may be NULL. */
    void (*begin)(void *opaque, const struct flatview *old_view, const struct flatview *new_view);
    void (*region_del)(void *opaque, const struct memory_region_section *section);
    void (*region_add)(void *opaque, const struct memory_region_section *section);
    void (*region_nop)(void *opaque, const struct memory_region_section *section);
    void (*coalesced_io_del)(void *opaque, const struct memory_region_section *section);
    void (*coalesced_io_add)(void *opaque, const struct memory_region_section *section);
    void (*commit)(void *opaque);
};

/* The listener outlives its registration; what the address space holds already is replayed to it as
 * additions. */
void memory_listener_register(struct memory_listener *listener,
                              struct address_space *address_space);
/* What the address space holds is taken away from it first (region_del). */
void memory_listener_unregister(struct memory_listener *listener,
                                struct address_space *address_space);

#endif
