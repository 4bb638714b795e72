/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recording_reader.c - records out of frames, joined where a frame's end cuts one. */
#include "replay/recording_reader.h"

#include <string.h>

#include "replay/recording_file.h"
#include "replay/recording_state.h"

#define GROUP_BITS 3
#define GROUP_MASK 7u

struct recording_reader {
    struct recording_file file;
    guint next_frame; /* index into file.frames of the frame to load next */
    struct recording_frame frame;
    uint8_t *raw; /* payload of the frame loaded last */
    size_t raw_bytes_max;
    size_t raw_bytes;
    size_t at;
    uint32_t records_left; /* that begin in this frame */
    GByteArray *joined;    /* a payload that more than one frame holds */

    bool begun;   /* a record was read, or sought: what follows must fit */
    bool in_turn; /* as far as is known */
    uint64_t sequence;
    uint64_t turn;
    uint64_t now_ns, icount;

    bool state_is_known;
    struct recording_state state;
};

struct recording_reader *recording_reader_open(const char *path, enum recording_reader_scan scan,
                                               GError **error)
{
    struct recording_reader *reader = g_new0(struct recording_reader, 1);

    reader->joined = g_byte_array_new();
    reader->state_is_known = true;
    if (!recording_file_open(&reader->file, path, scan, error)) {
        recording_reader_close(reader);
        return NULL;
    }
    return reader;
}

void recording_reader_close(struct recording_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    recording_file_fini(&reader->file);
    recording_state_fini(&reader->state);
    g_byte_array_unref(reader->joined);
    g_free(reader->raw);
    g_free(reader);
}

struct recording_file *recording_reader_file(struct recording_reader *reader)
{
    return &reader->file;
}

const struct recording_header *recording_reader_header(const struct recording_reader *reader)
{
    return &reader->file.header;
}

const char *recording_reader_damage(const struct recording_reader *reader)
{
    return reader->file.damage;
}

void recording_reader_totals(const struct recording_reader *reader,
                             struct recording_totals *out_totals)
{
    *out_totals = reader->file.totals;
}

bool recording_reader_state(const struct recording_reader *reader, const uint8_t **out_bytes,
                            size_t *out_size)
{
    if (!reader->state_is_known) {
        return false;
    }
    *out_bytes = reader->state.bytes;
    *out_size = reader->state.size;
    return true;
}

uint64_t recording_reader_position(const struct recording_reader *reader)
{
    const GArray *frames = reader->file.frames;

    return reader->next_frame < frames->len
               ? g_array_index(frames, struct recording_index_entry, reader->next_frame).offset
               : reader->file.totals.sound_bytes;
}

/* The frame in hand contradicts the format: nothing behind it is read. */
static bool damaged(struct recording_reader *reader, const char *what)
{
    if (reader->next_frame > 0 && reader->next_frame <= reader->file.frames->len) {
        recording_file_damage(&reader->file, reader->next_frame - 1, what);
    }
    reader->at = reader->raw_bytes;
    reader->records_left = 0;
    return false;
}

/* The next frame, whose first carry_bytes belong to the record that is being read. */
static bool load_frame(struct recording_reader *reader, size_t carry_bytes)
{
    struct recording_frame *frame = &reader->frame;

    if (reader->raw_bytes > 0 && reader->state_is_known &&
        recording_state_digest(&reader->state) != frame->state_digest) {
        return damaged(reader, "the state at its end does not have its digest");
    }
    reader->at = 0;
    reader->raw_bytes = 0;
    reader->records_left = 0;
    if (reader->next_frame >= reader->file.frames->len ||
        !recording_file_load(&reader->file, reader->next_frame, frame, &reader->raw,
                             &reader->raw_bytes_max)) {
        return false;
    }
    reader->next_frame++;
    if (reader->begun &&
        (frame->first_sequence != reader->sequence || frame->carry_bytes != carry_bytes ||
         (reader->in_turn ? frame->first_turn != reader->turn
                          : frame->first_turn <= reader->turn && reader->sequence > 0))) {
        return damaged(reader, "it does not continue the frame before");
    }
    reader->raw_bytes = frame->raw_bytes;
    reader->records_left = frame->record_count;
    reader->sequence = frame->first_sequence;
    reader->turn = frame->first_turn;
    reader->now_ns = 0;
    reader->icount = 0;
    return true;
}

/* The first frame after opening or seeking: what belongs to a record before it is passed over. */
static bool enter_first_frame(struct recording_reader *reader)
{
    size_t carry;

    if (!load_frame(reader, 0)) {
        return false;
    }
    if (reader->next_frame == 1 && (reader->frame.carry_bytes != 0 || reader->sequence != 0 ||
                                    (reader->raw[0] & GROUP_MASK) != RECORDING_GROUP_TURN)) {
        return damaged(reader, "the first records are missing");
    }
    carry = reader->frame.carry_bytes;
    reader->begun = true;
    reader->in_turn = carry != 0 || (reader->raw[0] & GROUP_MASK) != RECORDING_GROUP_TURN;
    while (carry > reader->raw_bytes) {
        if (reader->records_left != 0) {
            return damaged(reader, "it holds fewer records than it says");
        }
        carry -= reader->raw_bytes;
        if (!load_frame(reader, carry)) {
            return false;
        }
    }
    reader->at = carry;
    return true;
}

static bool take_number(struct recording_reader *reader, uint64_t *out)
{
    return recording_varint_load(reader->raw, reader->raw_bytes, &reader->at, out);
}

static bool take_turn(struct recording_reader *reader, struct recording_record *record)
{
    uint64_t turn, now, icount, vcpu;
    bool is_first = reader->records_left == reader->frame.record_count;

    if (!take_number(reader, &turn) || !take_number(reader, &now) ||
        !take_number(reader, &icount) || !take_number(reader, &vcpu)) {
        return damaged(reader, "the begin of a turn is cut");
    }
    if (reader->in_turn) {
        return damaged(reader, "a turn begins within a turn");
    }
    if ((turn == 0 && !(is_first && reader->frame.carry_bytes == 0)) ||
        turn > UINT64_MAX - reader->turn || vcpu > RECORDING_VCPU_NONE) {
        return damaged(reader, "a turn has an impossible number");
    }
    reader->turn += turn;
    reader->now_ns += recording_unzigzag(now);
    reader->icount += recording_unzigzag(icount);
    reader->in_turn = true;
    record->now_ns = reader->now_ns;
    record->icount = reader->icount;
    record->vcpu = (uint32_t)(vcpu - 1) & 0xffff;
    return true;
}

/* A payload that goes on in the next frames. What is not there is never allocated. */
static bool join_payload(struct recording_reader *reader, size_t size)
{
    size_t left = size - (reader->raw_bytes - reader->at);

    g_byte_array_set_size(reader->joined, 0);
    g_byte_array_append(reader->joined, reader->raw + reader->at, (guint)(size - left));
    while (left > 0) {
        size_t part;

        if (!load_frame(reader, left)) {
            return false;
        }
        part = MIN(left, reader->raw_bytes);
        g_byte_array_append(reader->joined, reader->raw, (guint)part);
        reader->at = part;
        left -= part;
    }
    return true;
}

static bool take_payload(struct recording_reader *reader, struct recording_record *record)
{
    uint64_t size;

    if (!take_number(reader, &size) || size > RECORDING_PAYLOAD_BYTES_MAX) {
        return damaged(reader, "a record has an impossible length");
    }
    record->payload_bytes = size;
    if (size <= reader->raw_bytes - reader->at) {
        record->payload = reader->raw + reader->at;
        reader->at += size;
        return true;
    }
    if (reader->records_left != 0) {
        return damaged(reader, "records are missing behind one that is cut");
    }
    if (!join_payload(reader, size)) {
        return false;
    }
    record->payload = reader->joined->data;
    return true;
}

/* To the next byte of a record. False: end or damage. */
static bool find_record(struct recording_reader *reader)
{
    if (!reader->begun && !enter_first_frame(reader)) {
        return false;
    }
    while (reader->at == reader->raw_bytes) {
        if (reader->records_left != 0) {
            return damaged(reader, "it holds fewer records than it says");
        }
        if (!load_frame(reader, 0)) {
            return false;
        }
    }
    if (reader->records_left == 0) {
        return damaged(reader, "it holds more records than it says");
    }
    return true;
}

bool recording_reader_next(struct recording_reader *reader, struct recording_record *out_record)
{
    struct recording_record record = { .group = RECORDING_GROUP_TURN };
    uint8_t tag;

    if (!find_record(reader)) {
        return false;
    }
    tag = reader->raw[reader->at++];
    if ((tag & GROUP_MASK) >= RECORDING_GROUP_COUNT) {
        return damaged(reader, "a record is of an unknown group");
    }
    record.group = (enum recording_group)(tag & GROUP_MASK);
    record.kind = tag >> GROUP_BITS;
    record.frame_offset =
        g_array_index(reader->file.frames, struct recording_index_entry, reader->next_frame - 1)
            .offset;
    if (record.group == RECORDING_GROUP_TURN) {
        if (!take_turn(reader, &record)) {
            return false;
        }
    } else if (!reader->in_turn) {
        return damaged(reader, "a record stands outside of turns");
    }
    record.turn = reader->turn;
    record.sequence = reader->sequence++;
    reader->records_left--;
    if (!take_payload(reader, &record)) {
        return false;
    }
    if (record.group == RECORDING_GROUP_END) {
        reader->in_turn = false;
        if (reader->state_is_known &&
            !recording_state_apply(&reader->state, record.payload, record.payload_bytes)) {
            return damaged(reader, "a change of state is malformed");
        }
    }
    *out_record = record;
    return true;
}

/* The last frame that begins with a lower turn: the wanted one begins in it or behind it. */
static guint frame_before(const GArray *frames, uint64_t turn)
{
    guint low = 0, high = frames->len;

    while (high - low > 1) {
        guint middle = low + (high - low) / 2;

        if (g_array_index(frames, struct recording_index_entry, middle).first_turn < turn) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Back to the tag of the record that was read last. */
static bool step_back(struct recording_reader *reader, const struct recording_reader *before)
{
    if (reader->next_frame != before->next_frame) {
        reader->next_frame = before->next_frame - 1;
        reader->begun = false;
        reader->raw_bytes = 0;
        if (!enter_first_frame(reader)) {
            return false;
        }
    }
    reader->at = before->at;
    reader->records_left = before->records_left;
    reader->sequence = before->sequence;
    reader->turn = before->turn;
    reader->now_ns = before->now_ns;
    reader->icount = before->icount;
    reader->in_turn = before->in_turn;
    return true;
}

bool recording_reader_seek(struct recording_reader *reader, uint64_t turn)
{
    struct recording_record record;
    struct recording_reader before;

    reader->begun = false;
    reader->in_turn = false;
    reader->next_frame = frame_before(reader->file.frames, turn);
    reader->at = 0;
    reader->raw_bytes = 0;
    reader->records_left = 0;
    recording_state_fini(&reader->state);
    reader->state_is_known = reader->next_frame == 0;
    do {
        if (!find_record(reader)) {
            return false;
        }
        before = *reader;
        if (!recording_reader_next(reader, &record)) {
            return false;
        }
    } while (record.group != RECORDING_GROUP_TURN || record.turn < turn);
    return step_back(reader, &before);
}

void recording_reader_set_state(struct recording_reader *reader, const uint8_t *bytes, size_t size)
{
    recording_state_fini(&reader->state);
    reader->state = (struct recording_state){ g_memdup2(bytes, size), size };
    reader->state_is_known = true;
}
