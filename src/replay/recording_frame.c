/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recording_frame.c - headers of frames, entries of the index and the end, as bytes. */
#include "replay/recording_frame.h"

#include <string.h>
#include <xxhash.h>

#include "base/bytes.h"
#include "replay/recording_format.h"

#define FRAME_MAGIC      "RPLF"
#define CHECKED_BYTES    64u                       /* in front of the header's own checksum */
#define FRAME_STORED_MAX (RECORDING_FRAME_RAW_MAX) /* what grows by zstd is stored plain */

void recording_frame_store(const struct recording_frame *frame, uint8_t *header)
{
    memcpy(header, FRAME_MAGIC, 4);
    header[4] = frame->type;
    header[5] = frame->coding;
    bytes_store_le16(header + 6, 0);
    bytes_store_le32(header + 8, frame->stored_bytes);
    bytes_store_le32(header + 12, frame->raw_bytes);
    bytes_store_le32(header + 16, frame->carry_bytes);
    bytes_store_le32(header + 20, frame->record_count);
    bytes_store_le64(header + 24, frame->first_sequence);
    bytes_store_le64(header + 32, frame->first_turn);
    bytes_store_le64(header + 40, frame->turns_ended);
    bytes_store_le64(header + 48, frame->state_digest);
    bytes_store_le64(header + 56, frame->checksum);
    bytes_store_le64(header + CHECKED_BYTES, XXH3_64bits(header, CHECKED_BYTES));
}

static const char *frame_problem(const struct recording_frame *frame)
{
    if (frame->coding > RECORDING_CODING_ZSTD) {
        return "the payload's coding is unknown";
    }
    if (frame->raw_bytes == 0 || frame->raw_bytes > RECORDING_FRAME_RAW_MAX ||
        frame->stored_bytes == 0 || frame->stored_bytes > FRAME_STORED_MAX) {
        return "the payload's length is outside 1 byte to 16 MiB";
    }
    if (frame->coding == RECORDING_CODING_PLAIN && frame->stored_bytes != frame->raw_bytes) {
        return "a plain payload has two lengths";
    }
    if (frame->carry_bytes > RECORDING_PAYLOAD_BYTES_MAX) {
        return "a record is longer than 256 MiB";
    }
    return NULL;
}

const char *recording_frame_load(const uint8_t *header, struct recording_frame *out_frame)
{
    struct recording_frame frame;
    const char *problem;

    if (memcmp(header, FRAME_MAGIC, 4) != 0) {
        return "it does not begin with RPLF";
    }
    if (bytes_load_le64(header + CHECKED_BYTES) != XXH3_64bits(header, CHECKED_BYTES)) {
        return "the checksum of its header is wrong";
    }
    frame.type = header[4];
    frame.coding = header[5];
    frame.stored_bytes = bytes_load_le32(header + 8);
    frame.raw_bytes = bytes_load_le32(header + 12);
    frame.carry_bytes = bytes_load_le32(header + 16);
    frame.record_count = bytes_load_le32(header + 20);
    frame.first_sequence = bytes_load_le64(header + 24);
    frame.first_turn = bytes_load_le64(header + 32);
    frame.turns_ended = bytes_load_le64(header + 40);
    frame.state_digest = bytes_load_le64(header + 48);
    frame.checksum = bytes_load_le64(header + 56);
    problem = frame_problem(&frame);
    if (problem == NULL) {
        *out_frame = frame;
    }
    return problem;
}

void recording_index_entry_store(const struct recording_index_entry *entry, uint8_t *bytes)
{
    bytes_store_le64(bytes, entry->offset);
    bytes_store_le64(bytes + 8, entry->first_turn);
    bytes_store_le64(bytes + 16, entry->first_sequence);
    bytes_store_le64(bytes + 24, entry->turns_ended);
}

void recording_index_entry_load(const uint8_t *bytes, struct recording_index_entry *out_entry)
{
    out_entry->offset = bytes_load_le64(bytes);
    out_entry->first_turn = bytes_load_le64(bytes + 8);
    out_entry->first_sequence = bytes_load_le64(bytes + 16);
    out_entry->turns_ended = bytes_load_le64(bytes + 24);
}

void recording_end_store(const struct recording_end *end, uint8_t *bytes)
{
    bytes_store_le64(bytes, end->index_offset);
    bytes_store_le64(bytes + 8, end->frame_count);
    bytes_store_le64(bytes + 16, end->turn_count);
    bytes_store_le64(bytes + 24, end->record_count);
    bytes_store_le64(bytes + 32, end->state_digest);
}

void recording_end_load(const uint8_t *bytes, struct recording_end *out_end)
{
    out_end->index_offset = bytes_load_le64(bytes);
    out_end->frame_count = bytes_load_le64(bytes + 8);
    out_end->turn_count = bytes_load_le64(bytes + 16);
    out_end->record_count = bytes_load_le64(bytes + 24);
    out_end->state_digest = bytes_load_le64(bytes + 32);
}
