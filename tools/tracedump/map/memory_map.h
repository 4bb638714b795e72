/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory_map.h - the guest's memory map at one moment of a trace: regions, the flat ranges of each
 * address space, KVM's memslots.
 *
 * It is built by applying the trace's events one after the other. What the trace does not tell (it
 * begins in the middle, or lacks some events) is missing here, and the map knows that it is.
 * Nothing in a trace is trusted: what contradicts the map is dropped, and there is a limit to each
 * kind of thing.
 */
#ifndef REPLUG_TRACEDUMP_MEMORY_MAP_H
#define REPLUG_TRACEDUMP_MEMORY_MAP_H

#include <glib.h>
#include <stdbool.h>

#include "tracedump/event.h"

/* When something came to be. */
struct map_moment {
    uint64_t sequence;
    uint64_t turn;
    uint64_t now_ns;
};

enum map_kind { MAP_UNKNOWN, MAP_CONTAINER, MAP_RAM, MAP_ROM, MAP_IO, MAP_ALIAS };

struct map_region {
    uint64_t number;
    const char *name;
    enum map_kind kind;
    uint64_t size_bytes; /* 0 = 2^64 */
    bool enabled;
    bool readonly;
    uint64_t target; /* number of an alias's target, or 0 */
    uint64_t target_offset;
    uint64_t container; /* 0 = not mapped */
    uint64_t offset;
    int32_t priority;
    uint64_t order; /* grows with each mapping */
};

struct map_range {
    uint64_t gpa;
    uint64_t size_bytes; /* 0 = 2^64 */
    const char *region;
    uint64_t number; /* the region's; 0 = unknown */
    uint64_t region_offset;
    bool readonly;
    struct map_moment since;
};

struct map_space {
    const char *name;
    uint64_t root;  /* its region's number; 0 = unknown */
    GArray *ranges; /* struct map_range, by gpa */
};

struct map_slot {
    uint64_t slot;
    uint64_t gpa;
    uint64_t size_bytes;
    uint64_t flags;
    const char *region;
    bool stale; /* its deletion has failed */
    struct map_moment since;
};

struct memory_map {
    GPtrArray *regions;   /* struct map_region, by number */
    GPtrArray *spaces;    /* struct map_space, in order of creation */
    GArray *slots;        /* struct map_slot, by number */
    uint64_t slots_max;   /* of KVM; 0 = the trace doesn't say */
    bool has_regions;     /* the trace tells of regions */
    bool lacks_beginning; /* there were things that the trace did not show coming */
    bool has_beginning;   /* the trace shows address spaces being made */
    bool is_full;         /* something was dropped, because there is too much of it */
    uint64_t next_order;
    bool deleting; /* within kvm_set_phys_mem that deletes */
    uint64_t deleting_gpa;
    size_t name_bytes;
    GStringChunk *names;
    GHashTable *applier_of; /* by the name's address: names of one source */
};

struct memory_map *memory_map_create(void);

/* NULL is fine. */
void memory_map_destroy(struct memory_map *map);

/* What the map is after this event. Events must come in order. */
void memory_map_apply(struct memory_map *map, const struct trace_event *event);

/* A copy that later events don't change. */
struct memory_map *memory_map_copy(const struct memory_map *map);

/* Something may be there that the trace did not show. */
bool memory_map_has_gaps(const struct memory_map *map);

/* NULL: unknown. */
const struct map_region *memory_map_region(const struct memory_map *map, uint64_t number);
const struct map_space *memory_map_space(const struct memory_map *map, const char *name);

/* Last byte; sizes of 0 are 2^64. */
uint64_t map_last(uint64_t gpa, uint64_t size_bytes);

/* "ram", "rom", "i/o" as "info mtree" says them; NULL: the trace doesn't tell. */
const char *memory_map_kind_text(const struct memory_map *map, uint64_t region, bool readonly);

#endif
