/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtqueue.c - split rings: available buffers in, used ones out, chains of descriptors checked.
 *
 *   descriptor, 16 bytes: address 8, length 4, flags 2, next 2
 *   driver area: flags 2, index 2, ring of heads 2 each
 *   device area: flags 2, index 2, ring of head 4 and length 4
 */
#include "hw/virtio/virtqueue.h"

#include <stdatomic.h>

#include "base/bytes.h"
#include "base/invariant.h"
#include "memory/address_space.h"

#define DESCRIPTOR_BYTES   16u
#define RING_HEAD_BYTES    4u
#define DESC_NEXT          1u
#define DESC_WRITE         2u
#define DESC_INDIRECT      4u
#define AVAIL_NO_INTERRUPT 1u

STATE_DESCRIBE(virtqueue_desc, struct virtqueue_state, VIRTQUEUE_FIELDS);

struct descriptor {
    uint64_t gpa;
    uint32_t bytes;
    uint16_t flags, next;
};

/* A table of descriptors: the queue's own or an indirect one. */
struct table {
    gpa_t gpa;
    uint32_t count;
};

void virtqueue_break(struct virtqueue *queue, const char *why)
{
    if (queue->broken == NULL) {
        queue->broken = why;
        queue->state->broken = true;
    }
}

void virtqueue_after_load(struct virtqueue *queue)
{
    queue->broken = queue->state->broken ? "it was broken before" : NULL;
}

static bool break_queue(struct virtqueue *queue, const char *why)
{
    virtqueue_break(queue, why);
    return false;
}

static bool load16(struct virtqueue *queue, gpa_t gpa, uint16_t *out_value)
{
    uint8_t bytes[2];

    if (!queue->dma->read(queue->dma->opaque, gpa, bytes, sizeof(bytes))) {
        return break_queue(queue, "the queue's rings are not in memory");
    }
    *out_value = bytes_load_le16(bytes);
    return true;
}

static bool load_descriptor(struct virtqueue *queue, const struct table *table, uint32_t index,
                            struct descriptor *out)
{
    uint8_t bytes[DESCRIPTOR_BYTES];

    if (index >= table->count) {
        return break_queue(queue, "a descriptor's index is out of its table");
    }
    if (!queue->dma->read(queue->dma->opaque, table->gpa + (uint64_t)DESCRIPTOR_BYTES * index,
                          bytes, sizeof(bytes))) {
        return break_queue(queue, "a descriptor is not in memory");
    }
    *out = (struct descriptor){ .gpa = bytes_load_le64(bytes),
                                .bytes = bytes_load_le32(bytes + 8),
                                .flags = bytes_load_le16(bytes + 12),
                                .next = bytes_load_le16(bytes + 14) };
    return true;
}

/* ---- chains ---- */

static bool add_segment(struct virtqueue *queue, struct virtqueue_element *element,
                        const struct descriptor *descriptor)
{
    uint32_t count = (uint32_t)element->out_count + element->in_count;

    if (count >= queue->state->size) {
        return break_queue(queue, "a chain of descriptors is longer than its queue");
    }
    if ((descriptor->flags & DESC_WRITE) == 0 && element->in_count > 0) {
        return break_queue(queue, "a readable descriptor stands behind a writable one");
    }
    element->segments[count] =
        (struct virtqueue_segment){ .gpa = descriptor->gpa, .bytes = descriptor->bytes };
    if ((descriptor->flags & DESC_WRITE) != 0) {
        element->in_count++;
        element->in_bytes += descriptor->bytes;
    } else {
        element->out_count++;
        element->out_bytes += descriptor->bytes;
    }
    return true;
}

static bool enter_indirect(struct virtqueue *queue, const struct descriptor *descriptor,
                           struct table *table, bool is_inside)
{
    if (is_inside || (descriptor->flags & DESC_NEXT) != 0) {
        return break_queue(queue, "an indirect descriptor where none may be");
    }
    if (descriptor->bytes == 0 || descriptor->bytes % DESCRIPTOR_BYTES != 0) {
        return break_queue(queue, "an indirect table is not of whole descriptors");
    }
    *table =
        (struct table){ .gpa = descriptor->gpa, .count = descriptor->bytes / DESCRIPTOR_BYTES };
    return true;
}

/* Each step takes a segment, of which there is a limited number, or enters the one indirect table: loops end. */
static bool walk_chain(struct virtqueue *queue, struct virtqueue_element *element)
{
    struct table table = { .gpa = queue->state->desc_gpa, .count = queue->state->size };
    struct descriptor descriptor;
    uint32_t index = element->head;
    bool is_inside = false;

    for (;;) {
        if (!load_descriptor(queue, &table, index, &descriptor)) {
            return false;
        }
        if ((descriptor.flags & DESC_INDIRECT) != 0) {
            if (!enter_indirect(queue, &descriptor, &table, is_inside)) {
                return false;
            }
            is_inside = true;
            index = 0;
            continue;
        }
        if (!add_segment(queue, element, &descriptor)) {
            return false;
        }
        if ((descriptor.flags & DESC_NEXT) == 0) {
            return true;
        }
        index = descriptor.next;
    }
}

/* ---- rings ---- */

static bool load_available(struct virtqueue *queue, uint16_t *out_count)
{
    uint16_t index = 0;

    if (!queue->state->enabled || queue->broken != NULL ||
        !load16(queue, queue->state->driver_gpa + 2, &index)) {
        return false;
    }
    *out_count = (uint16_t)(index - queue->state->last_avail);
    if (*out_count > queue->state->size) {
        return break_queue(queue, "more buffers are available than the queue has places");
    }
    return true;
}

unsigned virtqueue_available(struct virtqueue *queue)
{
    uint16_t count = 0;

    return load_available(queue, &count) ? count : 0;
}

bool virtqueue_find(struct virtqueue *queue, uint16_t head, struct virtqueue_element *out_element)
{
    out_element->head = head;
    out_element->out_count = 0;
    out_element->in_count = 0;
    out_element->out_bytes = 0;
    out_element->in_bytes = 0;
    return walk_chain(queue, out_element);
}

bool virtqueue_pop(struct virtqueue *queue, struct virtqueue_element *out_element)
{
    struct virtqueue_state *state = queue->state;
    uint16_t count = 0, head = 0;

    invariant(state->size <= VIRTQUEUE_SIZE_MAX);
    if (!load_available(queue, &count) || count == 0) {
        return false;
    }
    if (!load16(queue,
                state->driver_gpa + RING_HEAD_BYTES +
                    (uint64_t)2 * (state->last_avail % state->size),
                &head) ||
        !virtqueue_find(queue, head, out_element)) {
        return false;
    }
    state->last_avail++;
    return true;
}

void virtqueue_unpop(struct virtqueue *queue)
{
    queue->state->last_avail--;
}

void virtqueue_fill(struct virtqueue *queue, uint16_t head, uint32_t written_bytes, unsigned nth)
{
    const struct virtqueue_state *state = queue->state;
    uint8_t entry[8];

    if (!state->enabled || queue->broken != NULL) {
        return;
    }
    bytes_store_le32(entry, head);
    bytes_store_le32(entry + 4, written_bytes);
    if (!queue->dma->write(queue->dma->opaque,
                           state->device_gpa + RING_HEAD_BYTES +
                               (uint64_t)8 * ((state->used_index + nth) % state->size),
                           entry, sizeof(entry))) {
        (void)break_queue(queue, "the queue's rings are not in memory");
    }
}

void virtqueue_flush(struct virtqueue *queue, unsigned count)
{
    struct virtqueue_state *state = queue->state;
    uint16_t used_index = (uint16_t)(state->used_index + count);
    uint8_t index[2];

    if (!state->enabled || queue->broken != NULL) {
        return;
    }
    bytes_store_le16(index, used_index);
    if (!queue->dma->write(queue->dma->opaque, state->device_gpa + 2, index, sizeof(index))) {
        (void)break_queue(queue, "the queue's rings are not in memory");
        return;
    }
    state->used_index = used_index;
}

void virtqueue_push(struct virtqueue *queue, uint16_t head, uint32_t written_bytes)
{
    virtqueue_fill(queue, head, written_bytes, 0);
    virtqueue_flush(queue, 1);
}

bool virtqueue_wants_interrupt(struct virtqueue *queue)
{
    uint16_t flags = 0;

    /* On KVM the guest runs beside us: it must see the used index before we look at what it wants (2.7.7.1). */
    atomic_thread_fence(memory_order_seq_cst);
    return load16(queue, queue->state->driver_gpa, &flags) && (flags & AVAIL_NO_INTERRUPT) == 0;
}

/* ---- data ---- */

/* Calls dma for the parts of [offset, offset + size) of the segments; gives the bytes that there are. */
static uint64_t copy(const struct virtqueue *queue, const struct virtqueue_segment *segments,
                     unsigned count, uint64_t offset, uint8_t *to, const uint8_t *from,
                     uint64_t size)
{
    uint64_t done = 0;

    for (unsigned i = 0; i < count && done < size; i++) {
        uint64_t bytes;

        if (offset >= segments[i].bytes) {
            offset -= segments[i].bytes;
            continue;
        }
        bytes = segments[i].bytes - offset;
        bytes = bytes < size - done ? bytes : size - done;
        if (to != NULL) {
            (void)queue->dma->read(queue->dma->opaque, segments[i].gpa + offset, to + done, bytes);
        } else {
            (void)queue->dma->write(queue->dma->opaque, segments[i].gpa + offset, from + done,
                                    bytes);
        }
        done += bytes;
        offset = 0;
    }
    return done;
}

uint64_t virtqueue_read(const struct virtqueue *queue, const struct virtqueue_element *element,
                        uint64_t offset, void *bytes, uint64_t size)
{
    return copy(queue, element->segments, element->out_count, offset, bytes, NULL, size);
}

uint64_t virtqueue_write(const struct virtqueue *queue, const struct virtqueue_element *element,
                         uint64_t offset, const void *bytes, uint64_t size)
{
    return copy(queue, element->segments + element->out_count, element->in_count, offset, NULL,
                bytes, size);
}
