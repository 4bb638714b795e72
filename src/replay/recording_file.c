/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recording_file.c - finds a recording's frames by its index or by a scan, and reads them. */
#include "replay/recording_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include "base/error.h"
#include "replay/recording_header.h"

#define END_FRAME_BYTES (RECORDING_FRAME_HEADER_BYTES + RECORDING_END_BYTES)

/* What a scan knows about the frame before. */
struct scan {
    uint64_t offset;
    uint64_t frame_number; /* of the file's, from 0 */
    uint64_t next_sequence;
    uint64_t last_turn;
    uint64_t index_offset; /* 0 = no index so far */
};

static bool read_at(const struct recording_file *file, uint64_t offset, void *bytes, size_t size)
{
    uint8_t *at = bytes;

    while (size > 0) {
        ssize_t got = pread(file->fd, at, size, (off_t)offset);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        at += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return true;
}

G_GNUC_PRINTF(4, 5)

static void note_damage(struct recording_file *file, uint64_t frame_number, uint64_t offset,
                        const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list arguments;

    if (file->damage != NULL && offset >= file->damage_offset) {
        return;
    }
    va_start(arguments, format);
    what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_free(file->damage);
    file->damage_offset = offset;
    file->damage = g_strdup_printf("frame %" G_GUINT64_FORMAT " at byte %" G_GUINT64_FORMAT ": %s",
                                   frame_number, offset, what);
}

/* Header and, where wanted, payload (into stored) of one frame. False: the damage is noted. */
static bool read_frame(struct recording_file *file, uint64_t number, uint64_t offset,
                       bool with_payload, struct recording_frame *out_frame)
{
    uint64_t left = file->totals.file_bytes - offset;
    uint8_t header[RECORDING_FRAME_HEADER_BYTES];
    const char *problem;

    if (left < sizeof(header) || !read_at(file, offset, header, sizeof(header))) {
        note_damage(file, number, offset,
                    "it is cut, %" G_GUINT64_FORMAT " of %zu bytes of its header are there", left,
                    sizeof(header));
        return false;
    }
    problem = recording_frame_load(header, out_frame);
    if (problem != NULL) {
        note_damage(file, number, offset, "%s", problem);
        return false;
    }
    left -= sizeof(header);
    if (left < out_frame->stored_bytes) {
        note_damage(file, number, offset, "it is cut, %" G_GUINT64_FORMAT " of %u bytes are there",
                    left, out_frame->stored_bytes);
        return false;
    }
    if (!with_payload) {
        return true;
    }
    if (out_frame->stored_bytes > file->stored_bytes_max) {
        g_free(file->stored);
        file->stored = g_malloc(out_frame->stored_bytes);
        file->stored_bytes_max = out_frame->stored_bytes;
    }
    if (!read_at(file, offset + sizeof(header), file->stored, out_frame->stored_bytes)) {
        note_damage(file, number, offset, "its payload can't be read");
        return false;
    }
    if (XXH3_64bits(file->stored, out_frame->stored_bytes) != out_frame->checksum) {
        note_damage(file, number, offset, "the checksum of its payload is wrong");
        return false;
    }
    return true;
}

/* The payload in stored, decompressed. */
static bool unpack(struct recording_file *file, const struct recording_frame *frame, uint8_t *raw)
{
    size_t size;

    if (frame->coding == RECORDING_CODING_PLAIN) {
        memcpy(raw, file->stored, frame->raw_bytes);
        return true;
    }
    size =
        ZSTD_decompressDCtx(file->zstd, raw, frame->raw_bytes, file->stored, frame->stored_bytes);
    return !ZSTD_isError(size) && size == frame->raw_bytes;
}

static bool frame_follows(struct recording_file *file, const struct scan *scan,
                          const struct recording_frame *frame)
{
    if (frame->first_sequence != scan->next_sequence || frame->first_turn < scan->last_turn ||
        frame->turns_ended < file->totals.turn_count) {
        note_damage(file, scan->frame_number, scan->offset,
                    "it does not continue the frame before");
        return false;
    }
    return true;
}

static void take_records(struct recording_file *file, struct scan *scan,
                         const struct recording_frame *frame)
{
    struct recording_index_entry entry = { scan->offset, frame->first_turn, frame->first_sequence,
                                           frame->turns_ended };

    g_array_append_val(file->frames, entry);
    file->totals.turn_count = frame->turns_ended;
    file->totals.state_digest = frame->state_digest;
    file->totals.raw_bytes += frame->raw_bytes;
    file->totals.frame_count++;
    scan->next_sequence += frame->record_count;
    file->totals.record_count = scan->next_sequence;
    scan->last_turn = frame->first_turn;
}

/* The entries of an index frame whose payload is in stored; NULL when it does not unpack. */
static GArray *unpack_index(struct recording_file *file, const struct recording_frame *frame)
{
    g_autofree uint8_t *raw = g_malloc(frame->raw_bytes);
    GArray *entries;

    if (frame->raw_bytes % RECORDING_INDEX_ENTRY_BYTES != 0 || !unpack(file, frame, raw)) {
        return NULL;
    }
    entries = g_array_new(FALSE, FALSE, sizeof(struct recording_index_entry));
    for (size_t at = 0; at < frame->raw_bytes; at += RECORDING_INDEX_ENTRY_BYTES) {
        struct recording_index_entry entry;

        recording_index_entry_load(raw + at, &entry);
        g_array_append_val(entries, entry);
    }
    return entries;
}

static bool check_index(struct recording_file *file, struct scan *scan,
                        struct recording_frame *frame)
{
    g_autoptr(GArray) entries = NULL;

    if (scan->index_offset != 0) {
        note_damage(file, scan->frame_number, scan->offset, "a second index");
        return false;
    }
    if (!read_frame(file, scan->frame_number, scan->offset, true, frame)) {
        return false;
    }
    entries = unpack_index(file, frame);
    if (entries == NULL || entries->len != file->frames->len ||
        memcmp(entries->data, file->frames->data,
               entries->len * sizeof(struct recording_index_entry)) != 0) {
        note_damage(file, scan->frame_number, scan->offset,
                    "the index does not say where the frames are");
        return false;
    }
    scan->index_offset = scan->offset;
    file->totals.has_index = true;
    return true;
}

static bool check_end(struct recording_file *file, struct scan *scan,
                      const struct recording_frame *frame)
{
    uint8_t payload[RECORDING_END_BYTES];
    struct recording_end end;

    if (frame->raw_bytes != sizeof(payload) || frame->coding != RECORDING_CODING_PLAIN ||
        !read_at(file, scan->offset + RECORDING_FRAME_HEADER_BYTES, payload, sizeof(payload)) ||
        XXH3_64bits(payload, sizeof(payload)) != frame->checksum) {
        note_damage(file, scan->frame_number, scan->offset, "the end is malformed");
        return false;
    }
    recording_end_load(payload, &end);
    if (end.index_offset != scan->index_offset || end.frame_count != scan->frame_number ||
        end.turn_count != file->totals.turn_count ||
        end.record_count != file->totals.record_count ||
        (file->frames->len > 0 && end.state_digest != file->totals.state_digest)) {
        note_damage(file, scan->frame_number, scan->offset,
                    "the end does not say what the file holds");
        return false;
    }
    file->totals.state_digest = end.state_digest;
    file->totals.has_end = true;
    return true;
}

static bool take_frame(struct recording_file *file, struct scan *scan,
                       struct recording_frame *frame)
{
    switch (frame->type) {
    case RECORDING_FRAME_RECORDS:
        if (scan->index_offset != 0 || !frame_follows(file, scan, frame)) {
            note_damage(file, scan->frame_number, scan->offset, "it stands behind the index");
            return false;
        }
        take_records(file, scan, frame);
        return true;
    case RECORDING_FRAME_INDEX: return check_index(file, scan, frame);
    case RECORDING_FRAME_END: return check_end(file, scan, frame);
    case RECORDING_FRAME_HEADER:
        note_damage(file, scan->frame_number, scan->offset, "a second header");
        return false;
    default: return true; /* a higher minor version may have more types */
    }
}

/* From frame to frame until the end or the first damage. */
static void scan_frames(struct recording_file *file, uint64_t offset, bool with_payload)
{
    struct scan scan = { .offset = offset, .frame_number = 1 };

    while (!file->totals.has_end && scan.offset < file->totals.file_bytes) {
        struct recording_frame frame;

        if (!read_frame(file, scan.frame_number, scan.offset, with_payload, &frame) ||
            !take_frame(file, &scan, &frame)) {
            break;
        }
        scan.offset += RECORDING_FRAME_HEADER_BYTES + frame.stored_bytes;
        scan.frame_number++;
    }
    file->totals.sound_bytes = scan.offset;
    if (file->damage == NULL && !file->totals.has_end) {
        note_damage(file, scan.frame_number, scan.offset,
                    "the file ends here without an end frame");
    }
    if (file->damage == NULL && scan.offset < file->totals.file_bytes) {
        note_damage(file, scan.frame_number, scan.offset, "something stands behind the end frame");
    }
}

/* What the end and the index say, believed as far as it can be without reading the frames: each is
 * checked when it is read. False: scan instead. */
static bool load_index(struct recording_file *file, uint64_t first_offset)
{
    uint64_t size = file->totals.file_bytes;
    uint8_t bytes[END_FRAME_BYTES];
    struct recording_frame frame;
    struct recording_end end;
    g_autoptr(GArray) entries = NULL;

    if (size < first_offset + END_FRAME_BYTES ||
        !read_at(file, size - END_FRAME_BYTES, bytes, sizeof(bytes)) ||
        recording_frame_load(bytes, &frame) != NULL || frame.type != RECORDING_FRAME_END ||
        frame.stored_bytes != RECORDING_END_BYTES ||
        XXH3_64bits(bytes + RECORDING_FRAME_HEADER_BYTES, RECORDING_END_BYTES) != frame.checksum) {
        return false;
    }
    recording_end_load(bytes + RECORDING_FRAME_HEADER_BYTES, &end);
    if (end.index_offset < first_offset || end.index_offset > size - END_FRAME_BYTES ||
        !read_frame(file, end.frame_count - 1, end.index_offset, true, &frame) ||
        frame.type != RECORDING_FRAME_INDEX) {
        g_clear_pointer(&file->damage, g_free);
        return false;
    }
    entries = unpack_index(file, &frame);
    if (entries == NULL) {
        return false;
    }
    g_array_append_vals(file->frames, entries->data, entries->len);
    file->totals.frame_count = entries->len;
    file->totals.turn_count = end.turn_count;
    file->totals.record_count = end.record_count;
    file->totals.state_digest = end.state_digest;
    file->totals.has_index = true;
    file->totals.has_end = true;
    file->totals.sound_bytes = size;
    return true;
}

static bool read_header(struct recording_file *file, uint64_t *out_next, GError **error)
{
    struct recording_frame frame;

    if (!read_frame(file, 0, 0, true, &frame)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT,
                    "'%s' is no recording or its header is damaged: %s", file->path, file->damage);
        return false;
    }
    if (frame.type != RECORDING_FRAME_HEADER || frame.coding != RECORDING_CODING_PLAIN) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT,
                    "'%s' does not begin with a recording's header", file->path);
        return false;
    }
    if (!recording_header_decode(file->stored, frame.stored_bytes, &file->header,
                                 &file->totals.minor, error)) {
        g_prefix_error(error, "Can't read recording '%s': ", file->path);
        return false;
    }
    *out_next = RECORDING_FRAME_HEADER_BYTES + frame.stored_bytes;
    return true;
}

bool recording_file_open(struct recording_file *file, const char *path,
                         enum recording_reader_scan scan, GError **error)
{
    struct stat status;
    uint64_t next;

    *file = (struct recording_file){ .path = g_strdup(path) };
    file->frames = g_array_new(FALSE, FALSE, sizeof(struct recording_index_entry));
    file->zstd = ZSTD_createDCtx();
    /* Not to wait for a FIFO's writer. */
    file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file->fd < 0 || fstat(file->fd, &status) != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO, "Can't open recording '%s': %s", path,
                    g_strerror(errno));
        return false;
    }
    if (!S_ISREG(status.st_mode)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO,
                    "Can't open recording '%s': it is no regular file", path);
        return false;
    }
    if (file->zstd == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NO_SPACE,
                    "Can't open recording '%s': no memory to decompress", path);
        return false;
    }
    file->totals.file_bytes = (uint64_t)status.st_size;
    if (!read_header(file, &next, error)) {
        return false;
    }
    if (scan == RECORDING_SCAN_CHECKSUMS || !load_index(file, next)) {
        scan_frames(file, next, scan == RECORDING_SCAN_CHECKSUMS);
    }
    return true;
}

void recording_file_fini(struct recording_file *file)
{
    if (file->fd >= 0) {
        close(file->fd);
    }
    ZSTD_freeDCtx(file->zstd);
    recording_header_fini(&file->header);
    g_array_unref(file->frames);
    g_free(file->stored);
    g_free(file->damage);
    g_free(file->path);
}

/* Frames are numbered from the header's 0 on, and records follow it directly. */
static void end_before(struct recording_file *file, guint index)
{
    uint64_t offset = g_array_index(file->frames, struct recording_index_entry, index).offset;

    g_array_set_size(file->frames, index);
    file->totals.sound_bytes = MIN(file->totals.sound_bytes, offset);
    file->totals.frame_count = index;
    file->totals.has_end = false;
    file->totals.state_digest = 0;
    if (index > 0) {
        const struct recording_index_entry *last =
            &g_array_index(file->frames, struct recording_index_entry, index - 1);

        file->totals.turn_count = last->turns_ended;
    } else {
        file->totals.turn_count = 0;
    }
}

void recording_file_damage(struct recording_file *file, guint index, const char *what)
{
    note_damage(file, index + 1,
                g_array_index(file->frames, struct recording_index_entry, index).offset, "%s",
                what);
    end_before(file, index);
}

static bool entry_fits(const struct recording_index_entry *entry,
                       const struct recording_frame *frame)
{
    return frame->type == RECORDING_FRAME_RECORDS && frame->first_turn == entry->first_turn &&
           frame->first_sequence == entry->first_sequence &&
           frame->turns_ended == entry->turns_ended;
}

/* The payload of frame, which is in stored, into *raw. */
static bool unpack_into(struct recording_file *file, const struct recording_frame *frame,
                        uint8_t **raw, size_t *raw_bytes_max)
{
    if (frame->raw_bytes > *raw_bytes_max) {
        g_free(*raw);
        *raw = g_malloc(frame->raw_bytes);
        *raw_bytes_max = frame->raw_bytes;
    }
    return unpack(file, frame, *raw);
}

bool recording_file_load(struct recording_file *file, guint index,
                         struct recording_frame *out_frame, uint8_t **raw, size_t *raw_bytes_max)
{
    struct recording_index_entry entry =
        g_array_index(file->frames, struct recording_index_entry, index);

    if (entry.offset >= file->totals.file_bytes ||
        !read_frame(file, index + 1, entry.offset, true, out_frame)) {
        recording_file_damage(file, index, "the index leads behind the end");
        return false;
    }
    if (!entry_fits(&entry, out_frame)) {
        recording_file_damage(file, index, "it is not what the index says");
        return false;
    }
    if (!unpack_into(file, out_frame, raw, raw_bytes_max)) {
        recording_file_damage(file, index, "its payload does not decompress");
        return false;
    }
    return true;
}

/* What is behind the damage found so far is not looked at, and what is found here is the same or later. */
static bool read_silently(struct recording_file *file, uint64_t offset, bool with_payload,
                          struct recording_frame *out_frame)
{
    char *damage = file->damage;
    uint64_t damage_offset = file->damage_offset;
    bool ok;

    if (offset >= file->totals.sound_bytes) {
        return false;
    }
    file->damage = NULL;
    ok = read_frame(file, 0, offset, with_payload, out_frame);
    g_free(file->damage);
    file->damage = damage;
    file->damage_offset = damage_offset;
    return ok;
}

bool recording_file_frame_at(struct recording_file *file, uint64_t offset,
                             struct recording_frame *out_frame)
{
    return read_silently(file, offset, false, out_frame);
}

bool recording_file_load_at(struct recording_file *file, uint64_t offset,
                            struct recording_frame *out_frame, uint8_t **raw, size_t *raw_bytes_max)
{
    return read_silently(file, offset, true, out_frame) &&
           unpack_into(file, out_frame, raw, raw_bytes_max);
}
