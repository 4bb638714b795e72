/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * address_space.h - a root region with its current FlatView: where accesses by vCPUs and devices
 * are dispatched.
 */
#ifndef REPLUG_MEMORY_ADDRESS_SPACE_H
#define REPLUG_MEMORY_ADDRESS_SPACE_H

#include "memory/flatview.h"

struct address_space;

/* root stays the caller's and outlives the address space. */
struct address_space *address_space_create(struct memory_system *system, struct memory_region *root,
                                           const char *name);
void address_space_destroy(struct address_space *address_space);

const char *address_space_name(const struct address_space *address_space);

/* The current view, borrowed: valid until the next commit. flatview_ref() to keep it. */
struct flatview *address_space_flatview(const struct address_space *address_space);

/*
 * One access by a vCPU or a device: splits at range borders and to the handlers' sizes. RAM is
 * copied. False when any byte was unassigned or refused: reads give all-ones there, writes are
 * dropped, and a guest_error event says so.
 */
bool address_space_read(struct address_space *address_space, gpa_t gpa, void *buffer,
                        uint64_t size);
bool address_space_write(struct address_space *address_space, gpa_t gpa, const void *buffer,
                         uint64_t size);

/* A little-endian number of size 1, 2, 4 or 8. */
uint64_t address_space_load(struct address_space *address_space, gpa_t gpa, unsigned size);
void address_space_store(struct address_space *address_space, gpa_t gpa, uint64_t value,
                         unsigned size);

/* Host address of RAM at gpa with at least size bytes behind it in one range, else NULL. Valid
 * until the next commit. */
void *address_space_ram(struct address_space *address_space, gpa_t gpa, uint64_t size);

/*
 * DMA port: how devices reach guest memory. The machine may put functions of its own between
 * (recording reads of RAM that a KVM guest writes behind our back); without them it is
 * address_space_read/write.
 */
struct dma_port {
    bool (*read)(void *opaque, gpa_t gpa, void *buffer, uint64_t size);
    bool (*write)(void *opaque, gpa_t gpa, const void *buffer, uint64_t size);
    void *opaque;
};

void dma_port_init(struct dma_port *port, struct address_space *address_space);

#endif
