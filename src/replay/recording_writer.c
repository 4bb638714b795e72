/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recording_writer.c - collects records, compresses them and appends frames by plain write(2). */
#include "replay/recording_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/invariant.h"
#include "replay/recording.h"
#include "replay/recording_frame.h"
#include "replay/recording_header.h"
#include "replay/recording_state.h"

/* tests/bench/bench_recording.c: level 3 saves 6 % of the bytes where turns are alike, and costs twice
 * the time where they are not. */
#define FRAME_BYTES       (256u * 1024)
#define FRAME_WORTH_BYTES (FRAME_BYTES - 32u * 1024) /* a turn's end writes from this size on */
#define ZSTD_LEVEL        1
/* Tag, four numbers of a turn, the payload's size. */
#define RECORD_HEAD_MAX   (1 + 5 * RECORDING_VARINT_BYTES_MAX)
#define INDEX_ENTRIES_MAX (RECORDING_FRAME_RAW_MAX / RECORDING_INDEX_ENTRY_BYTES)

struct recording_writer {
    int fd;
    char *path;
    struct fault_plan *faults;
    GError *error;
    bool finished;
    bool made_file;
    GPtrArray *held;     /* GBytes: frames, until the writing begins; then NULL */
    uint64_t file_bytes; /* of whole frames */
    uint64_t frame_count;
    GArray *index; /* struct recording_index_entry */
    ZSTD_CCtx *zstd;
    uint8_t *stored; /* a frame as it goes to the file */
    size_t stored_bytes_max;

    uint8_t *raw; /* payload of the frame being filled */
    size_t used;
    struct recording_frame frame; /* its header, as far as its first record decides it */
    uint64_t last_turn, last_now_ns, last_icount;

    bool in_turn;
    uint64_t turn;
    uint64_t turn_count; /* that ended */
    uint64_t record_count;
    struct recording_state state;
    GByteArray *change;
};

static void fail(struct recording_writer *writer, int number)
{
    if (writer->error != NULL) {
        return;
    }
    g_set_error(&writer->error, REPLUG_ERROR, REPLUG_ERROR_IO, "Can't write recording '%s': %s",
                writer->path, g_strerror(number));
    /* A part of a frame may stay behind where this fails too: readers stop in front of it. */
    (void)!ftruncate(writer->fd, (off_t)writer->file_bytes);
}

static void write_all(struct recording_writer *writer, const uint8_t *bytes, size_t size)
{
    while (size > 0 && writer->error == NULL) {
        int fault = fault_take(writer->faults, FAULT_recording_write);
        ssize_t written;

        if (fault != 0) {
            fail(writer, fault);
            return;
        }
        written = write(writer->fd, bytes, size);
        if (written > 0) {
            bytes += written;
            size -= (size_t)written;
        } else if (written == 0 || errno != EINTR) {
            fail(writer, written == 0 ? EIO : errno);
        }
    }
}

static void write_frame(struct recording_writer *writer, struct recording_frame *frame,
                        const uint8_t *raw, size_t raw_bytes)
{
    uint8_t *payload = writer->stored + RECORDING_FRAME_HEADER_BYTES;
    size_t stored = frame->coding == RECORDING_CODING_ZSTD
                        ? ZSTD_compressCCtx(writer->zstd, payload,
                                            writer->stored_bytes_max - RECORDING_FRAME_HEADER_BYTES,
                                            raw, raw_bytes, ZSTD_LEVEL)
                        : raw_bytes;

    if (ZSTD_isError(stored) || stored >= raw_bytes) {
        frame->coding = RECORDING_CODING_PLAIN;
        memcpy(payload, raw, raw_bytes);
        stored = raw_bytes;
    }
    frame->stored_bytes = (uint32_t)stored;
    frame->raw_bytes = (uint32_t)raw_bytes;
    frame->turns_ended = writer->turn_count;
    frame->state_digest = recording_state_digest(&writer->state);
    frame->checksum = XXH3_64bits(payload, stored);
    recording_frame_store(frame, writer->stored);
    if (writer->held != NULL) {
        g_ptr_array_add(writer->held,
                        g_bytes_new(writer->stored, RECORDING_FRAME_HEADER_BYTES + stored));
    } else {
        write_all(writer, writer->stored, RECORDING_FRAME_HEADER_BYTES + stored);
    }
    if (writer->error == NULL) {
        writer->file_bytes += RECORDING_FRAME_HEADER_BYTES + stored;
        writer->frame_count++;
    }
}

/* Room for a payload that does not compress. */
static void reserve_stored(struct recording_writer *writer, size_t raw_bytes)
{
    size_t needed = RECORDING_FRAME_HEADER_BYTES + ZSTD_compressBound(raw_bytes);

    if (needed > writer->stored_bytes_max) {
        g_free(writer->stored);
        writer->stored = g_malloc(needed);
        writer->stored_bytes_max = needed;
    }
}

static bool store_header(struct recording_writer *writer, const struct recording_header *header,
                         GError **error)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();
    /* Plain, so that file(1), strings(1) and every version of the format can read it. */
    struct recording_frame frame = { .type = RECORDING_FRAME_HEADER,
                                     .coding = RECORDING_CODING_PLAIN };

    if (!recording_header_encode(header, payload, error)) {
        return false;
    }
    reserve_stored(writer, payload->len);
    write_frame(writer, &frame, payload->data, payload->len);
    return true;
}

/* An older file of that name stays as it is until there is something to put in its place. */
static void open_file(struct recording_writer *writer)
{
    writer->fd = open(writer->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    writer->made_file = writer->fd >= 0;
    if (writer->fd < 0 && errno == EEXIST) {
        writer->fd = open(writer->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    }
}

struct recording_writer *
recording_writer_create(const char *path, const struct recording_header *header, GError **error)
{
    struct recording_writer *writer = g_new0(struct recording_writer, 1);

    writer->path = g_strdup(path);
    writer->index = g_array_new(FALSE, FALSE, sizeof(struct recording_index_entry));
    writer->change = g_byte_array_new();
    writer->zstd = ZSTD_createCCtx();
    writer->raw = g_malloc(FRAME_BYTES);
    reserve_stored(writer, FRAME_BYTES);
    writer->held = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    open_file(writer);
    if (writer->fd < 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO, "Can't create recording '%s': %s", path,
                    g_strerror(errno));
    } else if (writer->zstd == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NO_SPACE,
                    "Can't create recording '%s': no memory to compress", path);
    } else if (store_header(writer, header, error)) {
        return writer;
    }
    recording_writer_destroy(writer);
    return NULL;
}

static void write_held(struct recording_writer *writer, GBytes *frame)
{
    gsize size;
    const uint8_t *bytes = g_bytes_get_data(frame, &size);

    write_all(writer, bytes, size);
    if (writer->error == NULL) {
        writer->file_bytes += size;
    }
}

bool recording_writer_begin(struct recording_writer *writer, GError **error)
{
    g_autoptr(GPtrArray) held = g_steal_pointer(&writer->held);
    struct fault_plan *faults = writer->faults;

    if (held == NULL) {
        return true;
    }
    (void)!ftruncate(writer->fd, 0); /* a device or a pipe has no size */
    writer->file_bytes = 0;
    for (guint i = 0; i < held->len; i++) {
        writer->faults = i > 0 ? faults : NULL; /* faults come behind the header */
        write_held(writer, g_ptr_array_index(held, i));
        if (i == 0 && writer->error != NULL) {
            g_propagate_error(error, g_error_copy(writer->error));
            return false;
        }
    }
    writer->faults = faults;
    writer->made_file = false;
    return true;
}

void recording_writer_set_faults(struct recording_writer *writer, struct fault_plan *faults)
{
    writer->faults = faults;
}

/* A frame begins: nothing in it refers to the frames before. */
static void begin_frame(struct recording_writer *writer, uint64_t turn, size_t carry_bytes)
{
    writer->used = 0;
    writer->frame = (struct recording_frame){ .type = RECORDING_FRAME_RECORDS,
                                              .coding = RECORDING_CODING_ZSTD,
                                              .carry_bytes = (uint32_t)carry_bytes,
                                              .first_sequence = writer->record_count,
                                              .first_turn = turn };
    writer->last_turn = turn;
    writer->last_now_ns = 0;
    writer->last_icount = 0;
}

static void emit_frame(struct recording_writer *writer)
{
    struct recording_index_entry entry = { writer->file_bytes, writer->frame.first_turn,
                                           writer->frame.first_sequence, writer->turn_count };

    write_frame(writer, &writer->frame, writer->raw, writer->used);
    if (writer->error == NULL && writer->index->len < INDEX_ENTRIES_MAX) {
        g_array_append_val(writer->index, entry);
    }
    writer->used = 0;
}

/* Room for a record's head, in a frame that has begun. */
static uint8_t *begin_record(struct recording_writer *writer, uint64_t turn)
{
    if (FRAME_BYTES - writer->used < RECORD_HEAD_MAX) {
        emit_frame(writer);
    }
    if (writer->used == 0) {
        begin_frame(writer, turn, 0);
    }
    writer->record_count++;
    writer->frame.record_count++;
    return writer->raw + writer->used;
}

static void append_payload(struct recording_writer *writer, const uint8_t *bytes, size_t size)
{
    while (size > FRAME_BYTES - writer->used) {
        size_t part = FRAME_BYTES - writer->used;

        memcpy(writer->raw + writer->used, bytes, part);
        writer->used += part;
        emit_frame(writer);
        bytes += part;
        size -= part;
        begin_frame(writer, writer->turn, size);
    }
    if (size > 0) {
        memcpy(writer->raw + writer->used, bytes, size);
        writer->used += size;
    }
}

static bool size_is_in_limit(struct recording_writer *writer, const char *what, size_t size,
                             size_t size_max)
{
    if (writer->error == NULL && size > size_max) {
        g_set_error(&writer->error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "Can't write recording '%s': %s of %zu bytes, the limit is %zu", writer->path,
                    what, size, size_max);
    }
    return writer->error == NULL;
}

void recording_writer_turn(struct recording_writer *writer, const struct recording_turn *turn)
{
    uint8_t *at;

    if (!size_is_in_limit(writer, "a turn", turn->payload_bytes, RECORDING_PAYLOAD_BYTES_MAX)) {
        return;
    }
    invariant(!writer->in_turn);
    invariant(turn->number > writer->turn || writer->turn_count == 0);
    invariant(turn->vcpu <= RECORDING_VCPU_NONE);
    writer->in_turn = true;
    writer->turn = turn->number;
    at = begin_record(writer, turn->number);
    *at++ = (uint8_t)(RECORDING_GROUP_TURN | (unsigned)turn->kind << 3);
    at = recording_varint_store(at, turn->number - writer->last_turn);
    at = recording_varint_store(at, recording_zigzag(turn->now_ns - writer->last_now_ns));
    at = recording_varint_store(at, recording_zigzag(turn->icount - writer->last_icount));
    at = recording_varint_store(at, (turn->vcpu + 1) & 0xffff);
    at = recording_varint_store(at, turn->payload_bytes);
    writer->used = (size_t)(at - writer->raw);
    writer->last_turn = turn->number;
    writer->last_now_ns = turn->now_ns;
    writer->last_icount = turn->icount;
    append_payload(writer, turn->payload, turn->payload_bytes);
}

void recording_writer_record(struct recording_writer *writer, enum recording_group group,
                             unsigned kind, const void *bytes, size_t size)
{
    uint8_t *at;

    if (!size_is_in_limit(writer, "a record", size, RECORDING_PAYLOAD_BYTES_MAX)) {
        return;
    }
    invariant(writer->in_turn);
    at = begin_record(writer, writer->turn);
    *at++ = (uint8_t)((unsigned)group | kind << 3);
    at = recording_varint_store(at, size);
    writer->used = (size_t)(at - writer->raw);
    append_payload(writer, bytes, size);
}

static void turn_ended(struct recording_writer *writer)
{
    writer->in_turn = false;
    writer->turn_count++;
    if (writer->used >= FRAME_WORTH_BYTES) {
        emit_frame(writer);
    }
}

void recording_writer_end_turn(struct recording_writer *writer, const void *after, size_t size)
{
    if (!size_is_in_limit(writer, "a state", size, RECORDING_STATE_BYTES_MAX)) {
        return;
    }
    recording_state_diff(&writer->state, after, size, writer->change);
    recording_writer_record(writer, RECORDING_GROUP_END, 0, writer->change->data,
                            writer->change->len);
    if (!recording_state_apply(&writer->state, writer->change->data, writer->change->len)) {
        invariant(!"a change that was just made is well-formed");
    }
    turn_ended(writer);
}

void recording_writer_end_turn_unchanged(struct recording_writer *writer)
{
    recording_writer_record(writer, RECORDING_GROUP_END, 0, NULL, 0);
    if (writer->error == NULL) {
        turn_ended(writer);
    }
}

const struct recording_state *recording_writer_state(const struct recording_writer *writer)
{
    return &writer->state;
}

void recording_writer_flush(struct recording_writer *writer)
{
    if (writer->used > 0 && writer->error == NULL) {
        emit_frame(writer);
    }
}

uint64_t recording_writer_turn_number(const struct recording_writer *writer)
{
    return writer->turn;
}

void recording_writer_frame(struct recording_writer *writer, enum recording_frame_type type,
                            const void *bytes, size_t size)
{
    struct recording_frame frame = { .type = (uint8_t)type,
                                     .coding = RECORDING_CODING_ZSTD,
                                     .first_sequence = writer->record_count,
                                     .first_turn = writer->turn };

    invariant(!writer->in_turn);
    if (!size_is_in_limit(writer, "a frame", size, RECORDING_FRAME_RAW_MAX)) {
        return;
    }
    recording_writer_flush(writer);
    if (writer->error == NULL) {
        reserve_stored(writer, size);
        write_frame(writer, &frame, bytes, size);
    }
}

static uint64_t write_index(struct recording_writer *writer)
{
    guint count = writer->index->len;
    g_autofree uint8_t *payload = g_malloc((size_t)count * RECORDING_INDEX_ENTRY_BYTES);
    struct recording_frame frame = { .type = RECORDING_FRAME_INDEX,
                                     .coding = RECORDING_CODING_ZSTD,
                                     .first_sequence = writer->record_count,
                                     .first_turn = writer->turn };
    uint64_t offset = writer->file_bytes;

    /* Without an index a reader scans; at the limit a part of one would mislead. */
    if (count == 0 || count == INDEX_ENTRIES_MAX) {
        return 0;
    }
    for (guint i = 0; i < count; i++) {
        recording_index_entry_store(&g_array_index(writer->index, struct recording_index_entry, i),
                                    payload + (size_t)i * RECORDING_INDEX_ENTRY_BYTES);
    }
    reserve_stored(writer, (size_t)count * RECORDING_INDEX_ENTRY_BYTES);
    write_frame(writer, &frame, payload, (size_t)count * RECORDING_INDEX_ENTRY_BYTES);
    return offset;
}

static void write_end(struct recording_writer *writer, uint64_t index_offset)
{
    uint8_t payload[RECORDING_END_BYTES];
    struct recording_end end = { index_offset, writer->frame_count, writer->turn_count,
                                 writer->record_count, recording_state_digest(&writer->state) };
    struct recording_frame frame = { .type = RECORDING_FRAME_END,
                                     .coding = RECORDING_CODING_PLAIN,
                                     .first_sequence = writer->record_count,
                                     .first_turn = writer->turn };

    recording_end_store(&end, payload);
    write_frame(writer, &frame, payload, sizeof(payload));
}

void recording_writer_finish(struct recording_writer *writer)
{
    uint64_t index_offset;

    if (writer->finished) {
        return;
    }
    writer->finished = true;
    recording_writer_flush(writer);
    index_offset = writer->error == NULL ? write_index(writer) : 0;
    if (writer->error == NULL) {
        write_end(writer, index_offset);
    }
}

const GError *recording_writer_error(const struct recording_writer *writer)
{
    return writer->error;
}

void recording_writer_destroy(struct recording_writer *writer)
{
    if (writer->made_file) {
        (void)unlink(writer->path); /* what can't be taken away stays, empty */
    }
    if (writer->fd >= 0) {
        close(writer->fd);
    }
    g_clear_pointer(&writer->held, g_ptr_array_unref);
    ZSTD_freeCCtx(writer->zstd);
    recording_state_fini(&writer->state);
    g_byte_array_unref(writer->change);
    g_array_unref(writer->index);
    g_clear_error(&writer->error);
    g_free(writer->stored);
    g_free(writer->raw);
    g_free(writer->path);
    g_free(writer);
}
