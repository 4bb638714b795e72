/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtqueue.h - a split virtqueue (Virtual I/O Device 1.2, 2.7) in guest memory, seen from the device.
 *
 * Everything in it is the guest's and may be nonsense or change under our hands: indices, lengths and chains are checked
 * as they are taken, and what is out of bounds breaks the queue, never the device.
 *
 *     while (virtqueue_pop(queue, &element)) {
 *         virtqueue_read(queue, &element, 0, header, sizeof(header));
 *         written = virtqueue_write(queue, &element, 0, data, size);
 *         virtqueue_push(queue, element.head, written);
 *     }
 */
#ifndef REPLUG_HW_VIRTIO_VIRTQUEUE_H
#define REPLUG_HW_VIRTIO_VIRTQUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "memory/region.h"
#include "state/state.h"

struct dma_port;

#define VIRTQUEUE_SIZE_MAX 256u

struct virtqueue_state {
    uint64_t desc_gpa, driver_gpa, device_gpa;
    uint16_t size; /* a power of two */
    uint16_t last_avail;
    uint16_t used_index;
    uint16_t vector;
    bool enabled;
    bool broken; /* the guest did something wrong; why is in struct virtqueue */
    uint8_t pad[6];
};

/* clang-format off */
#define VIRTQUEUE_FIELDS(FIELD, NESTED, T) \
    FIELD(T, desc_gpa) FIELD(T, driver_gpa) FIELD(T, device_gpa) FIELD(T, size) \
    FIELD(T, last_avail) FIELD(T, used_index) FIELD(T, vector) FIELD(T, enabled) FIELD(T, broken) FIELD(T, pad)
/* clang-format on */
STATE_DECLARE(virtqueue_desc, struct virtqueue_state);

struct virtqueue_segment {
    gpa_t gpa;
    uint32_t bytes;
};

/* A buffer: out_count segments that the device reads, then in_count that it writes. */
struct virtqueue_element {
    uint16_t head;
    uint16_t out_count, in_count;
    uint64_t out_bytes, in_bytes;
    struct virtqueue_segment segments[VIRTQUEUE_SIZE_MAX];
};

struct virtqueue {
    struct virtqueue_state *state; /* lives in the device's state struct */
    struct dma_port *dma;
    const char *broken; /* what the guest did wrong; NULL = nothing */
};

/* Nothing goes on until the driver resets the device. why: static. */
void virtqueue_break(struct virtqueue *queue, const char *why);
/* The state has been loaded. */
void virtqueue_after_load(struct virtqueue *queue);

/* The next buffer that the guest has made available. False: none, or the queue is broken. */
bool virtqueue_pop(struct virtqueue *queue, struct virtqueue_element *out_element);
/* A buffer popped before, found again by its head. False: the queue is broken. */
bool virtqueue_find(struct virtqueue *queue, uint16_t head, struct virtqueue_element *out_element);
/* Takes the last buffer popped back, and with each more call the one before it: they have not been given back. */
void virtqueue_unpop(struct virtqueue *queue);
/* Buffers that the guest has made available, at most the queue's size. */
unsigned virtqueue_available(struct virtqueue *queue);
/* Gives the buffer back, of which the device has written the first bytes. */
void virtqueue_push(struct virtqueue *queue, uint16_t head, uint32_t written_bytes);
/* The same for buffers that the guest must see together: each is filled in as the nth from 0, then all of them show. */
void virtqueue_fill(struct virtqueue *queue, uint16_t head, uint32_t written_bytes, unsigned nth);
void virtqueue_flush(struct virtqueue *queue, unsigned count);
/* Whether the guest wants an interrupt for buffers given back. */
bool virtqueue_wants_interrupt(struct virtqueue *queue);

/* From the readable part, or into the writable one, at offset: give the number of bytes that it had. Memory that is not
 * there reads all-ones. */
uint64_t virtqueue_read(const struct virtqueue *queue, const struct virtqueue_element *element,
                        uint64_t offset, void *bytes, uint64_t size);
uint64_t virtqueue_write(const struct virtqueue *queue, const struct virtqueue_element *element,
                         uint64_t offset, const void *bytes, uint64_t size);

#endif
