/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transaction.h - the memory system of one machine and its transactions: many region changes, one
 * new map.
 *
 * begin first lets the accelerator carry out coalesced writes (else the guest would see memory out
 * of order), then nests; the outermost commit renders a FlatView for each address space that
 * changed and hands the differences to the listeners. Nothing is rendered when nothing changed.
 * commit itself can't fail: a listener that meets a failure latches it (memory_system.errors), and
 * whoever opened the outermost transaction looks there and undoes.
 */
#ifndef REPLUG_MEMORY_TRANSACTION_H
#define REPLUG_MEMORY_TRANSACTION_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct address_space;
struct error_latch;
struct memory_region;
struct memory_system;
struct ram_calls;

struct memory_system *memory_system_create(struct error_latch *errors);
/* No address space may be left. NULL is fine. */
void memory_system_destroy(struct memory_system *system);

struct error_latch *memory_system_errors(struct memory_system *system);

/* Who answers what RAM blocks for this system ask of the host; NULL = the host. For
 * ram_block_options.calls: calls outlive the blocks. */
void memory_system_set_ram_calls(struct memory_system *system, const struct ram_calls *calls);
const struct ram_calls *memory_system_ram_calls(const struct memory_system *system);

/* The next region_add of a listener is left out: for tests that want a machine to go wrong. */
void memory_system_skip_region_add(struct memory_system *system);

/* Called at every begin, before the depth grows: traced as qemu_flush_coalesced_mmio_buffer. NULL
 * removes it. */
typedef void (*memory_flush_fn)(void *opaque);
void memory_system_set_coalesced_flush(struct memory_system *system, memory_flush_fn flush,
                                       void *opaque);

/* Called after each write to RAM through an address space (a device's DMA, a vCPU's access by the
 * slow path), with the host address: cached decoded code goes by it. NULL removes it. */
typedef void (*memory_ram_write_fn)(void *opaque, const void *host, uint64_t size);
void memory_system_set_ram_write_hook(struct memory_system *system, memory_ram_write_fn hook,
                                      void *opaque);

/* Called before each access that a region's handlers carry out. NULL removes it. */
typedef void (*memory_io_access_fn)(void *opaque, const struct memory_region *region);
void memory_system_set_io_access_hook(struct memory_system *system, memory_io_access_fn hook,
                                      void *opaque);

void memory_region_transaction_begin(struct memory_system *system);
void memory_region_transaction_commit(struct memory_system *system);
uint32_t memory_region_transaction_depth(const struct memory_system *system);

/* Commits that rendered, since creation; for queries and tests. */
uint64_t memory_system_generation(const struct memory_system *system);
/* Numbers given to regions, since creation. */
uint32_t memory_system_regions_made(const struct memory_system *system);
/* Goes on counting from here: for a machine that is made from a checkpoint. */
void memory_system_restore(struct memory_system *system, uint64_t generation,
                           uint32_t regions_made);

#endif
