/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sink_ring.c - records in a ring of bytes. */
#include "trace/sink_ring.h"

#include <glib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/invariant.h"
#include "trace/trace_format.h"

struct sink_ring *sink_ring_create(uint32_t size)
{
    struct sink_ring *ring = g_new0(struct sink_ring, 1);

    invariant(size > TRACE_RECORD_BYTES_MAX);
    ring->bytes = g_malloc(size);
    memset(ring->bytes, 0, size); /* page faults come now, not with the events */
    ring->size = size;
    return ring;
}

void sink_ring_destroy(struct sink_ring *ring)
{
    if (ring != NULL) {
        g_free(ring->bytes);
        g_free(ring);
    }
}

static void drop_oldest(struct sink_ring *ring)
{
    ring->tail += bytes_load_le16(ring->bytes + ring->tail);
    ring->record_count--;
    ring->dropped_count++;
    if (ring->tail == ring->wrap && ring->head <= ring->tail) {
        ring->tail = 0;
    }
}

uint8_t *sink_ring_reserve(struct sink_ring *ring, uint32_t size)
{
    uint8_t *record;

    if (ring->head + size > ring->size) {
        /* What is left of the older part would lie behind the new wrap. */
        while (ring->record_count > 0 && ring->tail >= ring->head) {
            drop_oldest(ring);
        }
        ring->wrap = ring->head;
        ring->head = 0;
    }
    while (ring->record_count > 0 && ring->tail >= ring->head && ring->tail < ring->head + size) {
        drop_oldest(ring);
    }
    if (ring->record_count == 0) {
        ring->head = 0;
        ring->tail = 0;
    }
    record = ring->bytes + ring->head;
    ring->head += size;
    ring->record_count++;
    return record;
}

void sink_ring_pieces(const struct sink_ring *ring, const uint8_t *pieces[2], uint32_t sizes[2])
{
    bool wrapped = ring->record_count > 0 && ring->head <= ring->tail;

    pieces[0] = ring->bytes + ring->tail;
    sizes[0] = ring->record_count == 0 ? 0 : (wrapped ? ring->wrap : ring->head) - ring->tail;
    pieces[1] = ring->bytes;
    sizes[1] = wrapped ? ring->head : 0;
}
