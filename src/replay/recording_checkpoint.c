/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recording_checkpoint.c - checkpoints as frames: written behind each other, found by a walk over headers. */
#include "replay/recording_checkpoint.h"

#include <xxhash.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/invariant.h"
#include "replay/recording_file.h"
#include "replay/recording_state.h"
#include "replay/recording_writer.h"

#define BEGIN_BYTES 24u /* turn, time, instructions; then the state after the turn */
#define KIND_BYTES  4u
#define END_BYTES   4u /* zeros */

/* ---- writing ---- */

void recording_checkpoint_begin(struct recording_writer *writer, uint64_t now_ns, uint64_t icount)
{
    const struct recording_state *state = recording_writer_state(writer);
    g_autoptr(GByteArray) payload = g_byte_array_new();

    g_byte_array_set_size(payload, BEGIN_BYTES);
    bytes_store_le64(payload->data, recording_writer_turn_number(writer));
    bytes_store_le64(payload->data + 8, now_ns);
    bytes_store_le64(payload->data + 16, icount);
    g_byte_array_append(payload, state->bytes, (guint)state->size);
    recording_writer_frame(writer, RECORDING_FRAME_CHECKPOINT, payload->data, payload->len);
}

void recording_checkpoint_part(struct recording_writer *writer, enum recording_part kind,
                               const void *bytes, size_t size)
{
    g_autofree uint8_t *payload = g_malloc(KIND_BYTES + size);

    invariant(size > 0);
    invariant(size <= RECORDING_PART_BYTES_MAX);
    bytes_store_le32(payload, kind);
    memcpy(payload + KIND_BYTES, bytes, size);
    recording_writer_frame(writer, RECORDING_FRAME_CHECKPOINT_PART, payload, KIND_BYTES + size);
}

void recording_checkpoint_end(struct recording_writer *writer)
{
    uint8_t payload[END_BYTES] = { 0 }; /* a frame has a payload */

    recording_writer_frame(writer, RECORDING_FRAME_CHECKPOINT_END, payload, sizeof(payload));
}

/* ---- finding ---- */

struct recording_checkpoints {
    struct recording_file *file;
    GArray *list;  /* struct recording_checkpoint */
    GArray *parts; /* uint64_t: offsets of frames */
    uint8_t *raw;  /* payload of the frame loaded last */
    size_t raw_bytes_max;
};

static bool read_begin(struct recording_checkpoints *checkpoints, uint64_t offset,
                       struct recording_checkpoint *out)
{
    struct recording_frame frame;

    if (!recording_file_load_at(checkpoints->file, offset, &frame, &checkpoints->raw,
                                &checkpoints->raw_bytes_max) ||
        frame.raw_bytes < BEGIN_BYTES) {
        return false;
    }
    *out = (struct recording_checkpoint){
        .number = checkpoints->list->len + 1,
        .turn = bytes_load_le64(checkpoints->raw),
        .now_ns = bytes_load_le64(checkpoints->raw + 8),
        .icount = bytes_load_le64(checkpoints->raw + 16),
        .offset = offset,
        .first_part = checkpoints->parts->len,
    };
    return true;
}

struct recording_checkpoints *recording_checkpoints_find(struct recording_reader *reader)
{
    struct recording_checkpoints *checkpoints = g_new0(struct recording_checkpoints, 1);
    struct recording_checkpoint open = { 0 };
    struct recording_frame frame;
    uint64_t offset = 0;
    bool is_open = false;

    checkpoints->file = recording_reader_file(reader);
    checkpoints->list = g_array_new(FALSE, FALSE, sizeof(struct recording_checkpoint));
    checkpoints->parts = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    while (recording_file_frame_at(checkpoints->file, offset, &frame)) {
        uint64_t bytes = RECORDING_FRAME_HEADER_BYTES + (uint64_t)frame.stored_bytes;

        if (frame.type == RECORDING_FRAME_CHECKPOINT) {
            is_open = read_begin(checkpoints, offset, &open);
        } else if (frame.type == RECORDING_FRAME_CHECKPOINT_PART && is_open) {
            g_array_append_val(checkpoints->parts, offset);
            open.part_count++;
        } else if (frame.type != RECORDING_FRAME_CHECKPOINT_END) {
            is_open = false;
        }
        if (is_open) {
            open.file_bytes += bytes;
            open.raw_bytes += frame.raw_bytes;
        }
        if (is_open && frame.type == RECORDING_FRAME_CHECKPOINT_END) {
            g_array_append_val(checkpoints->list, open);
            is_open = false;
        }
        offset += bytes;
    }
    return checkpoints;
}

void recording_checkpoints_free(struct recording_checkpoints *checkpoints)
{
    if (checkpoints != NULL) {
        g_array_unref(checkpoints->list);
        g_array_unref(checkpoints->parts);
        g_free(checkpoints->raw);
        g_free(checkpoints);
    }
}

uint32_t recording_checkpoints_count(const struct recording_checkpoints *checkpoints)
{
    return checkpoints->list->len;
}

const struct recording_checkpoint *
recording_checkpoints_at(const struct recording_checkpoints *checkpoints, uint32_t index)
{
    invariant(index < checkpoints->list->len);
    return &g_array_index(checkpoints->list, struct recording_checkpoint, index);
}

/* ---- loading ---- */

static bool load(struct recording_checkpoints *checkpoints, uint64_t offset, size_t bytes_min,
                 struct recording_frame *out_frame, GError **error)
{
    if (recording_file_load_at(checkpoints->file, offset, out_frame, &checkpoints->raw,
                               &checkpoints->raw_bytes_max) &&
        out_frame->raw_bytes >= bytes_min) {
        return true;
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT,
                "the frame of a checkpoint at byte %" G_GUINT64_FORMAT " is damaged", offset);
    return false;
}

GBytes *recording_checkpoint_state(struct recording_checkpoints *checkpoints, uint32_t index,
                                   GError **error)
{
    const struct recording_checkpoint *checkpoint = recording_checkpoints_at(checkpoints, index);
    struct recording_frame frame;

    if (!load(checkpoints, checkpoint->offset, BEGIN_BYTES, &frame, error)) {
        return NULL;
    }
    if (XXH3_64bits(checkpoints->raw + BEGIN_BYTES, frame.raw_bytes - BEGIN_BYTES) !=
        frame.state_digest) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT,
                    "the state in the checkpoint at byte %" G_GUINT64_FORMAT
                    " does not have its digest",
                    checkpoint->offset);
        return NULL;
    }
    return g_bytes_new(checkpoints->raw + BEGIN_BYTES, frame.raw_bytes - BEGIN_BYTES);
}

bool recording_checkpoint_load(struct recording_checkpoints *checkpoints, uint32_t index,
                               uint32_t part, unsigned *out_kind, const uint8_t **out_bytes,
                               size_t *out_size, GError **error)
{
    const struct recording_checkpoint *checkpoint = recording_checkpoints_at(checkpoints, index);
    struct recording_frame frame;

    invariant(part < checkpoint->part_count);
    if (!load(checkpoints,
              g_array_index(checkpoints->parts, uint64_t, checkpoint->first_part + part),
              KIND_BYTES + 1, &frame, error)) {
        return false;
    }
    *out_kind = bytes_load_le32(checkpoints->raw);
    *out_bytes = checkpoints->raw + KIND_BYTES;
    *out_size = frame.raw_bytes - KIND_BYTES;
    return true;
}
