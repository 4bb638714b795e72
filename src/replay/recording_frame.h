/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording_frame.h - a recording's frames and the numbers in them, as bytes.
 *
 *     frame := header (RECORDING_FRAME_HEADER_BYTES) payload (stored_bytes)
 */
#ifndef REPLUG_REPLAY_RECORDING_FRAME_H
#define REPLUG_REPLAY_RECORDING_FRAME_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORDING_FRAME_HEADER_BYTES 72u
#define RECORDING_FRAME_RAW_MAX      (16u << 20)
#define RECORDING_INDEX_ENTRY_BYTES  32u
#define RECORDING_END_BYTES          40u
#define RECORDING_VARINT_BYTES_MAX   10u

enum recording_frame_type {
    RECORDING_FRAME_HEADER = 1,
    RECORDING_FRAME_RECORDS = 2,
    RECORDING_FRAME_INDEX = 3,
    RECORDING_FRAME_END = 4,
    RECORDING_FRAME_CHECKPOINT = 5, /* begin of one (recording_checkpoint.h) */
    RECORDING_FRAME_CHECKPOINT_PART = 6,
    RECORDING_FRAME_CHECKPOINT_END = 7,
};

enum recording_frame_coding {
    RECORDING_CODING_PLAIN = 0,
    RECORDING_CODING_ZSTD = 1,
};

struct recording_frame {
    uint8_t type;
    uint8_t coding;
    uint32_t stored_bytes;   /* of the payload in the file */
    uint32_t raw_bytes;      /* of the payload when decompressed */
    uint32_t carry_bytes;    /* of the record before that are still to come */
    uint32_t record_count;   /* records that begin in this frame */
    uint64_t first_sequence; /* of the first record that begins here, counted from 0 */
    uint64_t first_turn;     /* the turn of the payload's first byte */
    uint64_t turns_ended;    /* whole turns up to the end of this frame */
    uint64_t state_digest;   /* XXH3-64 of the state after the last of them */
    uint64_t checksum;       /* XXH3-64 of the payload as stored */
};

void recording_frame_store(const struct recording_frame *frame, uint8_t *header);
/* What is wrong with a header (a static string), NULL = nothing. */
const char *recording_frame_load(const uint8_t *header, struct recording_frame *out_frame);

/* Where records are, and the payload of the index frame. */
struct recording_index_entry {
    uint64_t offset;
    uint64_t first_turn;
    uint64_t first_sequence;
    uint64_t turns_ended;
};

void recording_index_entry_store(const struct recording_index_entry *entry, uint8_t *bytes);
void recording_index_entry_load(const uint8_t *bytes, struct recording_index_entry *out_entry);

/* The payload of the end frame. */
struct recording_end {
    uint64_t index_offset; /* of the index frame; 0 = there is none */
    uint64_t frame_count;  /* in front of the end frame */
    uint64_t turn_count;
    uint64_t record_count;
    uint64_t state_digest;
};

void recording_end_store(const struct recording_end *end, uint8_t *bytes);
void recording_end_load(const uint8_t *bytes, struct recording_end *out_end);

/* Numbers in records: seven bits a byte, the low ones first, bit 7 set in all but the last. */
static inline uint8_t *recording_varint_store(uint8_t *at, uint64_t value)
{
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

/* False: cut, longer than 64 bits, or not the shortest form. */
static inline bool recording_varint_load(const uint8_t *bytes, size_t size, size_t *at,
                                         uint64_t *out_value)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 70 && *at < size; shift += 7) {
        uint8_t byte = bytes[(*at)++];

        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out_value = value;
            return shift == 0 || (byte != 0 && (shift < 63 || byte == 1));
        }
    }
    return false;
}

/* Signed differences as small numbers: 0, -1, 1, -2 ... are 0, 1, 2, 3 ... */
static inline uint64_t recording_zigzag(uint64_t difference)
{
    return (difference << 1) ^ (0 - (difference >> 63));
}

static inline uint64_t recording_unzigzag(uint64_t number)
{
    return (number >> 1) ^ (0 - (number & 1));
}

#endif
