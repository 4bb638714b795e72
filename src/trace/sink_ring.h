/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sink_ring.h - the flight recorder: the newest records in bounded memory.
 *
 *     bytes  | newer ....... |  free  | oldest ............. | unused |
 *            0             head      tail                  wrap    size
 *
 * Records lie in one piece each. A record that does not fit before the end of the memory starts at
 * 0 again, and wrap marks where the older part ends. The oldest records make room.
 */
#ifndef REPLUG_TRACE_SINK_RING_H
#define REPLUG_TRACE_SINK_RING_H

#include <stdbool.h>
#include <stdint.h>

#define SINK_RING_BYTES (1024u * 1024)

struct sink_ring {
    uint8_t *bytes;
    uint32_t size;
    uint32_t head; /* where the next record goes */
    uint32_t tail; /* the oldest record */
    uint32_t wrap; /* end of the older part while head <= tail and the ring is not empty */
    uint32_t record_count;
    uint64_t dropped_count;
};

struct sink_ring *sink_ring_create(uint32_t size);
void sink_ring_destroy(struct sink_ring *ring);

/* Room for one record (at most 65535 bytes); it must be filled before the ring is looked at. */
uint8_t *sink_ring_reserve(struct sink_ring *ring, uint32_t size);

/* The ring's records as up to two pieces, the oldest first; the second may be empty. */
void sink_ring_pieces(const struct sink_ring *ring, const uint8_t *pieces[2], uint32_t sizes[2]);

#endif
