/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * region.h - the tree of memory regions: containers, RAM, ROM, I/O, aliases, with offsets,
 * priorities and switches.
 *
 * A region is embedded in its owner (a device, the machine) and belongs to one memory_system.
 * Changes are made inside a transaction (memory/transaction.h); each function here opens one of its
 * own, so that a single change needs no ceremony. Where regions overlap the higher priority wins;
 * at equal priority the one added later. Sizes may be the whole 2^64: MEMORY_SIZE_ALL.
 *
 *      container "system"  [0, 2^64)
 *        |- alias "ram-below-4g" @0          --> RAM "pc.ram" offset 0
 *        |- container "device-memory" @4 GiB
 *        |    '- RAM "ram0" @0               (pc-dimm)
 *        '- I/O "..." @0xfed00000 priority 1
 */
#ifndef REPLUG_MEMORY_REGION_H
#define REPLUG_MEMORY_REGION_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef uint64_t gpa_t; /* guest physical address */

#define MEMORY_SIZE_ALL 0ull /* as a size: 2^64 bytes. No region has size 0. */

struct memory_region;
struct memory_system;
struct ram_block;

enum memory_region_kind {
    MEMORY_REGION_CONTAINER,
    MEMORY_REGION_RAM,
    MEMORY_REGION_ROM, /* guest writes are dropped */
    MEMORY_REGION_IO,
    MEMORY_REGION_ALIAS,
};

/* Which guest-visible state a region's handlers can change; a recorder looks there alone. */
enum memory_reach {
    MEMORY_REACH_ANYTHING, /* the default */
    MEMORY_REACH_OWNER, /* the device's that is the region's opaque, and interrupt lines to KVM */
    MEMORY_REACH_NOTHING,
};

/*
 * Handlers of an I/O region. The dispatcher splits and widens: handlers see only sizes within
 * [size_min, size_max] (powers of two, 1 to 8), naturally aligned unless unaligned is set. A guest
 * access smaller than access_min reads all-ones and writes nothing; a larger one than access_max is
 * split. A write smaller than size_min is widened with zeros, not read back first. offset is from the
 * region's start. Read values are in the low size bytes.
 */
struct memory_region_ops {
    uint64_t (*read)(void *opaque, uint64_t offset, unsigned size);
    void (*write)(void *opaque, uint64_t offset, uint64_t value, unsigned size);
    unsigned size_min, size_max;     /* implemented; 0 = 1 and 8 */
    unsigned access_min, access_max; /* accepted from the guest; 0 = 1 and 8 */
    bool unaligned;
    enum memory_reach reach;
};

struct memory_coalesced_range {
    uint64_t offset; /* bytes from the region's start */
    uint64_t size;
};

struct memory_region {
    /* Read these, change them only through the functions below. */
    struct memory_system *system;
    char *name;      /* owned */
    uint32_t number; /* of all regions of the system, from 1: names are not unique */
    enum memory_region_kind kind;
    uint64_t size; /* bytes; MEMORY_SIZE_ALL */
    bool enabled;
    bool readonly; /* of RAM, by memory_region_set_readonly */
    const struct memory_region_ops *ops;
    void *opaque;
    struct ram_block *ram;        /* borrowed */
    struct memory_region *target; /* of an alias; borrowed */
    uint64_t target_offset;
    struct memory_region *container; /* NULL = not mapped */
    uint64_t offset;                 /* in the container */
    int32_t priority;
    uint64_t sequence;     /* grows with each mapping: where equals overlap, the later one wins */
    GPtrArray *subregions; /* struct memory_region *, highest priority first; equals by offset where
                          they don't overlap, else latest added first */
    GArray *coalesced;     /* struct memory_coalesced_range; NULL = none */
};

void memory_region_init_container(struct memory_region *region, struct memory_system *system,
                                  const char *name, uint64_t size);
/* ram outlives the region; the region's size is the block's. */
void memory_region_init_ram(struct memory_region *region, struct memory_system *system,
                            const char *name, struct ram_block *ram);
void memory_region_init_rom(struct memory_region *region, struct memory_system *system,
                            const char *name, struct ram_block *ram);
void memory_region_init_io(struct memory_region *region, struct memory_system *system,
                           const char *name, const struct memory_region_ops *ops, void *opaque,
                           uint64_t size);
/* A window of size bytes on target, from target_offset on; target must outlive it. */
void memory_region_init_alias(struct memory_region *region, struct memory_system *system,
                              const char *name, struct memory_region *target,
                              uint64_t target_offset, uint64_t size);
/* The region must be unmapped and hold no subregions. Zeroed regions are fine. */
void memory_region_fini(struct memory_region *region);

/* Invariants: subregion is not mapped, container is a container, no cycle. Parts beyond the
 * container are not visible. */
void memory_region_add_subregion(struct memory_region *container, uint64_t offset,
                                 struct memory_region *subregion);
void memory_region_add_subregion_overlap(struct memory_region *container, uint64_t offset,
                                         struct memory_region *subregion, int32_t priority);
void memory_region_del_subregion(struct memory_region *container, struct memory_region *subregion);

void memory_region_set_enabled(struct memory_region *region, bool enabled);
void memory_region_set_offset(struct memory_region *region, uint64_t offset);
void memory_region_set_size(struct memory_region *region, uint64_t size);
void memory_region_set_alias_offset(struct memory_region *region, uint64_t target_offset);
void memory_region_set_readonly(struct memory_region *region, bool readonly);

/* Writes to this part of an I/O region may be batched by the accelerator (KVM's coalesced MMIO). */
void memory_region_add_coalescing(struct memory_region *region, uint64_t offset, uint64_t size);
void memory_region_clear_coalescing(struct memory_region *region);

bool memory_region_is_mapped(const struct memory_region *region);

#endif
