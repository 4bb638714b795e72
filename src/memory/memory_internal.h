/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory_internal.h - what the files of src/memory share: the memory system and address spaces. */
#ifndef REPLUG_MEMORY_MEMORY_INTERNAL_H
#define REPLUG_MEMORY_MEMORY_INTERNAL_H

#include "memory/address_space.h"
#include "memory/listener.h"
#include "memory/transaction.h"

struct memory_system {
    struct error_latch *errors;
    memory_flush_fn flush;
    void *flush_opaque;
    memory_ram_write_fn ram_write;
    void *ram_write_opaque;
    memory_io_access_fn io_access;
    void *io_access_opaque;
    uint32_t depth;            /* open transactions */
    GPtrArray *dirty_roots;    /* struct memory_region *: tops of the trees that changed */
    GPtrArray *address_spaces; /* struct address_space *, in order of creation */
    uint64_t generation;
    uint64_t next_sequence; /* of a region's mapping */
    uint32_t regions_made;  /* numbers given to regions */
    const struct ram_calls *ram_calls;
    bool skips_region_add; /* a test's wish */
};

struct address_space {
    struct memory_system *system;
    struct memory_region *root;
    char *name;
    struct flatview *view;
    GPtrArray *listeners; /* struct memory_listener *, ascending priority */
};

/* The tree that region belongs to has changed. */
void memory_system_mark(struct memory_region *region);

/* Renders what an address space shows now. */
struct flatview *generate_memory_topology(struct memory_region *root);

/* Makes view (whose reference it takes) the address space's own and tells the listeners. */
void address_space_set_flatview(struct address_space *address_space, struct flatview *view);

/* One listener alone, from nothing to view or back. */
void listener_add_all(struct memory_listener *listener, struct address_space *address_space);
void listener_del_all(struct memory_listener *listener, struct address_space *address_space);

/* Listeners learn that a range of region may be batched now, or no longer. */
void address_space_tell_coalescing(struct address_space *address_space,
                                   const struct memory_region *region, uint64_t offset,
                                   uint64_t size, bool adding);

#endif
