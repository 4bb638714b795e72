/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source_rpt.c - reads native traces (docs/formats/trace.md), one block in memory at a time.
 *
 * A buffer grows only as bytes arrive, so a length that lies costs nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "base/bytes.h"
#include "base/error.h"
#include "tracedump/cursor.h"
#include "tracedump/rpt_header.h"
#include "tracedump/source.h"

#define FILE_HEAD_BYTES  24u
#define BLOCK_HEAD_BYTES 24u
#define CLOCK_BYTES      32u /* of a payload, in front of the records */
#define FULL_HEAD_BYTES  64u
#define SHORT_HEAD_BYTES 12u
#define LENGTH_MAX       (16u << 20)
#define GROWTH_BYTES     (1u << 20)
#define FORMAT_MAJOR     2

#define RECORD_HAS_BACKTRACE 0x01u
#define RECORD_IS_SHORT      0x02u

__extension__ typedef unsigned __int128 uint128;

/* What the stamps of a block mean: two points at which both clocks were read. */
struct block_clock {
    uint64_t from_stamp, from_ns;
    uint64_t to_stamp, to_ns; /* to_stamp equal to from_stamp: the stamps are ns */
};

enum interest { INTEREST_UNKNOWN, INTEREST_WANTED, INTEREST_NONE };

struct rpt_source {
    struct source base;
    FILE *file;
    struct rpt_header *header;
    GByteArray *payload; /* of the current block */
    uint32_t at;         /* of the next record in it */
    uint32_t records_left;
    uint64_t offset;       /* in the file: behind the current block */
    uint64_t block_offset; /* of the current block */
    bool ended;
    struct block_clock clock;
    bool has_full;            /* a full record came in this block, so short ones may follow */
    uint64_t full_stamp;      /* of the last full record */
    uint64_t stamp;           /* of the last record */
    struct trace_event event; /* while the next is decoded, the one before */
    struct field_value *values;
    uint8_t *interest; /* enum interest, of each of the header's events, and of its leave */
    bool skipped;      /* the event that was decoded last is of no use to the reader */
    uint64_t frames[UINT8_MAX];
    char unknown_name[16];      /* event_65535 */
    struct field_decl raw_decl; /* the only field of what can't be decoded */
};

/* Up to wanted bytes at the end of out; how many there were. */
static size_t read_bytes(struct rpt_source *rpt, GByteArray *out, size_t wanted)
{
    size_t got = 0;

    g_byte_array_set_size(out, 0);
    while (got < wanted) {
        size_t step = MIN(wanted - got, GROWTH_BYTES);
        size_t count;

        g_byte_array_set_size(out, (guint)(got + step));
        count = fread(out->data + got, 1, step, rpt->file);
        got += count;
        if (count < step) {
            break;
        }
    }
    g_byte_array_set_size(out, (guint)got);
    rpt->offset += got;
    return got;
}

/* Reading ends here, though the file should go on: for good, or until more is written. */
static bool end_early(struct rpt_source *rpt, const char *what)
{
    if (rpt->base.follows && feof(rpt->file) && !ferror(rpt->file) &&
        fseeko(rpt->file, (off_t)rpt->block_offset, SEEK_SET) == 0) {
        rpt->offset = rpt->block_offset;
        rpt->ended = false;
        rpt->records_left = 0;
        rpt->at = 0;
        g_byte_array_set_size(rpt->payload, 0);
        return false;
    }
    rpt->ended = true;
    if (ferror(rpt->file)) {
        source_report(&rpt->base, REPORT_DAMAGE, "trace ends early: reading fails at byte %lu: %s",
                      (unsigned long)rpt->offset, g_strerror(errno));
    } else {
        source_report(&rpt->base, REPORT_DAMAGE, "trace ends early: %s at byte %lu", what,
                      (unsigned long)rpt->block_offset);
    }
    return false;
}

static void report_lost(struct rpt_source *rpt, uint32_t count)
{
    g_autofree char *text = g_strdup_printf(
        "events lost before the block at byte %lu: %u%s (the ring turned, or the file could not be "
        "written)",
        (unsigned long)rpt->block_offset, count, count == UINT32_MAX ? " or more" : "");

    source_report_lost(&rpt->base, count, count == UINT32_MAX, text);
}

/* Reads the head of the next block. False: the file ends, or no block can follow. */
static bool read_block_head(struct rpt_source *rpt, uint32_t *out_length, uint64_t *out_checksum)
{
    const uint8_t *head;
    uint32_t lost;

    rpt->block_offset = rpt->offset;
    if (read_bytes(rpt, rpt->payload, BLOCK_HEAD_BYTES) < BLOCK_HEAD_BYTES) {
        rpt->ended = true;
        if (rpt->payload->len == 0 && !ferror(rpt->file) && !rpt->base.follows) {
            return false;
        }
        return end_early(rpt, "there is but a part of a block's head");
    }
    head = rpt->payload->data;
    if (memcmp(head, "RBLK", 4) != 0) {
        return end_early(rpt, "there is no block");
    }
    *out_length = bytes_load_le32(head + 4);
    rpt->records_left = bytes_load_le32(head + 8);
    lost = bytes_load_le32(head + 12);
    *out_checksum = bytes_load_le64(head + 16);
    if (*out_length > LENGTH_MAX) {
        return end_early(rpt, "there is a block longer than 16 MiB");
    }
    if (lost > 0) {
        report_lost(rpt, lost);
    }
    return true;
}

static void report_contradiction(struct rpt_source *rpt)
{
    source_report(&rpt->base, REPORT_DAMAGE,
                  "the block at byte %lu contradicts the format from its byte %u on; that part is "
                  "left out",
                  (unsigned long)rpt->block_offset, rpt->at);
    rpt->at = rpt->payload->len;
    rpt->records_left = 0;
}

/* Reads what comes in front of a block's records. */
static bool begin_payload(struct rpt_source *rpt)
{
    const uint8_t *bytes = rpt->payload->data;
    struct block_clock *clock = &rpt->clock;

    rpt->at = 0;
    rpt->has_full = false;
    if (rpt->payload->len >= CLOCK_BYTES) {
        *clock = (struct block_clock){ bytes_load_le64(bytes), bytes_load_le64(bytes + 8),
                                       bytes_load_le64(bytes + 16), bytes_load_le64(bytes + 24) };
        if (clock->to_stamp >= clock->from_stamp && clock->to_ns >= clock->from_ns) {
            rpt->at = CLOCK_BYTES;
            return true;
        }
    }
    report_contradiction(rpt);
    return false;
}

/* Makes the next intact block current. */
static bool read_block(struct rpt_source *rpt)
{
    uint64_t checksum = 0;
    uint32_t length = 0;

    while (!rpt->ended && read_block_head(rpt, &length, &checksum)) {
        if (read_bytes(rpt, rpt->payload, length) < length) {
            return end_early(rpt, "there is but a part of a block");
        }
        if (XXH3_64bits(rpt->payload->data, length) != checksum) {
            source_report(&rpt->base, REPORT_DAMAGE,
                          "the block at byte %lu is damaged and left out (records: %u)",
                          (unsigned long)rpt->block_offset, rpt->records_left);
        } else if (begin_payload(rpt)) {
            return true;
        }
    }
    rpt->at = 0;
    rpt->records_left = 0;
    g_byte_array_set_size(rpt->payload, 0);
    return false;
}

static unsigned type_size(enum field_type type)
{
    switch (type) {
    case FIELD_U8:
    case FIELD_X8:
    case FIELD_BOOL: return 1;
    case FIELD_U16:
    case FIELD_X16:
    case FIELD_STR: return 2; /* its length */
    case FIELD_U32:
    case FIELD_I32:
    case FIELD_X32: return 4;
    case FIELD_U64:
    case FIELD_I64:
    case FIELD_X64: return 8;
    case FIELD_RAW: break;
    }
    return 0;
}

static bool decode_field(struct cursor *cursor, enum field_type type, struct field_value *out_value)
{
    unsigned size = type_size(type);
    const uint8_t *at = cursor_take(cursor, size);

    if (at == NULL) {
        return false;
    }
    out_value->number = bytes_load_le(at, size);
    if (type == FIELD_I32) {
        out_value->number = (uint64_t)(int64_t)(int32_t)out_value->number;
    }
    if (type == FIELD_STR) {
        out_value->length = (uint32_t)out_value->number;
        out_value->text = (const char *)cursor_take(cursor, out_value->length);
        return out_value->text != NULL;
    }
    return type != FIELD_BOOL || out_value->number <= 1;
}

/* NULL where there is none: a header without any field has no array. */
static const struct field_decl *first_field(const struct rpt_source *rpt,
                                            const struct rpt_fields *fields)
{
    return fields->count == 0
               ? NULL
               : &g_array_index(rpt->header->fields, struct field_decl, fields->first);
}

static bool decode_fields(struct rpt_source *rpt, struct cursor *cursor,
                          const struct rpt_fields *fields)
{
    struct trace_event *event = &rpt->event;

    event->fields = first_field(rpt, fields);
    event->values = rpt->values;
    event->field_count = fields->count;
    for (uint32_t i = 0; i < fields->count; i++) {
        if (!decode_field(cursor, event->fields[i].type, &rpt->values[i])) {
            return false;
        }
    }
    return true;
}

static bool decode_backtrace(struct rpt_source *rpt, struct cursor *cursor)
{
    const uint8_t *at = cursor_take(cursor, 1);
    unsigned count = at == NULL ? 0 : *at;

    at = at == NULL ? NULL : cursor_take(cursor, (size_t)8 * count);
    if (at == NULL) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        rpt->frames[i] = bytes_load_le64(at + (size_t)8 * i);
    }
    rpt->event.frames = rpt->frames;
    rpt->event.frame_count = count;
    return true;
}

/* An event that the table doesn't know, or has a field of a type from a newer version. */
static void show_raw(struct rpt_source *rpt, const struct cursor *cursor)
{
    rpt->event.fields = &rpt->raw_decl;
    rpt->event.values = rpt->values;
    rpt->event.field_count = 1;
    rpt->values[0].text = (const char *)cursor->at;
    rpt->values[0].length = (uint32_t)cursor->left;
}

static uint64_t host_time(const struct block_clock *clock, uint64_t stamp)
{
    uint64_t ticks = clock->to_stamp - clock->from_stamp;

    if (ticks == 0) {
        return stamp;
    }
    /* A counter that is a little apart on another processor must not leave the interval. */
    stamp = CLAMP(stamp, clock->from_stamp, clock->to_stamp);
    return clock->from_ns + (uint64_t)((uint128)(stamp - clock->from_stamp) *
                                       (clock->to_ns - clock->from_ns) / ticks);
}

static void decode_full_context(struct rpt_source *rpt, const uint8_t *head)
{
    struct trace_event *event = &rpt->event;

    event->phase = (enum event_phase)head[4];
    event->vcpu = bytes_load_le16(head + 6);
    event->sequence = bytes_load_le64(head + 8);
    event->turn = bytes_load_le64(head + 16);
    event->now_ns = bytes_load_le64(head + 24);
    event->icount = bytes_load_le64(head + 32);
    event->span = bytes_load_le64(head + 40);
    event->parent = bytes_load_le64(head + 48);
    rpt->full_stamp = bytes_load_le64(head + 56);
    rpt->stamp = rpt->full_stamp;
    rpt->has_full = true;
}

/* Turn, times and vCPU stay those of the record before. False: its parent is nowhere. */
static bool decode_short_context(struct rpt_source *rpt, const uint8_t *head)
{
    struct trace_event *event = &rpt->event;
    uint64_t innermost = event->phase == EVENT_ENTER ? event->span : event->parent;
    uint16_t distance = bytes_load_le16(head + 6);

    event->phase = (enum event_phase)head[4];
    event->sequence++;
    event->span = event->phase == EVENT_ENTER   ? event->sequence
                  : event->phase == EVENT_LEAVE ? innermost
                                                : 0;
    event->parent = distance != 0 ? event->sequence - distance : 0;
    rpt->stamp = rpt->full_stamp + bytes_load_le32(head + 8);
    return distance < event->sequence;
}

/* Nobody wants events of this shape: what comes behind their context need not be decoded. */
static bool is_ignored(struct rpt_source *rpt, const struct rpt_event *decl,
                       const struct rpt_fields *fields)
{
    size_t index = (size_t)(decl - &g_array_index(rpt->header->events, struct rpt_event, 0)) * 2 +
                   (rpt->event.phase == EVENT_LEAVE);

    if (rpt->base.ignores == NULL) {
        return false;
    }
    if (rpt->interest[index] == INTEREST_UNKNOWN) {
        rpt->event.fields = fields->known ? first_field(rpt, fields) : &rpt->raw_decl;
        rpt->event.field_count = fields->known ? fields->count : 1;
        rpt->interest[index] = rpt->base.ignores(&rpt->event, rpt->base.ignores_opaque)
                                   ? INTEREST_NONE
                                   : INTEREST_WANTED;
    }
    return rpt->interest[index] == INTEREST_NONE;
}

/* Fills the event from one record. False: the record contradicts its length or its event. */
static bool decode_record(struct rpt_source *rpt, const uint8_t *head, uint16_t length,
                          unsigned head_bytes)
{
    struct cursor cursor = { .at = head + head_bytes, .left = length - head_bytes };
    uint16_t id = bytes_load_le16(head + 2);
    const struct rpt_event *decl = rpt_header_event(rpt->header, id);
    const struct rpt_fields *fields;
    uint8_t flags = head[5];

    if (head[4] > EVENT_LEAVE) {
        return false;
    }
    rpt->event.frame_count = 0;
    if (head_bytes == FULL_HEAD_BYTES) {
        decode_full_context(rpt, head);
    } else if (!decode_short_context(rpt, head)) {
        return false;
    }
    rpt->skipped = false;
    if (decl == NULL) {
        rpt->event.host_ns = host_time(&rpt->clock, rpt->stamp);
        (void)snprintf(rpt->unknown_name, sizeof(rpt->unknown_name), "event_%u", id);
        rpt->event.name = g_string_chunk_insert_const(rpt->header->strings, rpt->unknown_name);
        show_raw(rpt, &cursor);
        return true;
    }
    if (decl->is_span == (rpt->event.phase == EVENT_INSTANT)) {
        return false;
    }
    rpt->event.name = decl->name;
    fields = rpt->event.phase == EVENT_LEAVE ? &decl->results : &decl->fields;
    rpt->skipped = is_ignored(rpt, decl, fields);
    if (rpt->skipped) {
        return true;
    }
    rpt->event.host_ns = host_time(&rpt->clock, rpt->stamp);
    if (!fields->known) {
        show_raw(rpt, &cursor);
        return true;
    }
    if (!decode_fields(rpt, &cursor, fields)) {
        return false;
    }
    if ((flags & RECORD_HAS_BACKTRACE) != 0 && !decode_backtrace(rpt, &cursor)) {
        return false;
    }
    return cursor.left == 0;
}

/* How many bytes come before a record's fields; 0 when there can't be a record. */
static unsigned head_bytes_of(const struct rpt_source *rpt, const uint8_t *head, uint32_t left)
{
    uint16_t length = left < SHORT_HEAD_BYTES ? 0 : bytes_load_le16(head);
    bool is_short = left >= SHORT_HEAD_BYTES && (head[5] & RECORD_IS_SHORT) != 0;
    unsigned size = is_short ? SHORT_HEAD_BYTES : FULL_HEAD_BYTES;

    if (length < size || length > left || (is_short && !rpt->has_full)) {
        return 0;
    }
    return size;
}

/* Takes the next record out of the current block. NULL: the block is through. */
static const struct trace_event *next_record(struct rpt_source *rpt)
{
    uint32_t left = rpt->payload->len - rpt->at;
    const uint8_t *head = rpt->payload->data + rpt->at;
    unsigned head_bytes = head_bytes_of(rpt, head, left);

    if (left == 0 && rpt->records_left == 0) {
        return NULL;
    }
    if (rpt->records_left == 0 || head_bytes == 0 ||
        !decode_record(rpt, head, bytes_load_le16(head), head_bytes)) {
        report_contradiction(rpt);
        return NULL;
    }
    rpt->at += bytes_load_le16(head);
    rpt->records_left--;
    return &rpt->event;
}

static const struct trace_event *rpt_next(struct source *source)
{
    struct rpt_source *rpt = (struct rpt_source *)source;

    for (;;) {
        const struct trace_event *event = next_record(rpt);

        if (event == NULL ? !read_block(rpt) : !rpt->skipped) {
            return event;
        }
    }
}

static const struct trace_module *rpt_module(const struct source *source, unsigned index)
{
    const GArray *modules = ((const struct rpt_source *)source)->header->modules;

    return index < modules->len ? &g_array_index(modules, struct trace_module, index) : NULL;
}

static int rpt_progress(const struct source *source)
{
    const struct rpt_source *rpt = (const struct rpt_source *)source;
    struct stat status;

    if (fstat(fileno(rpt->file), &status) < 0 || status.st_size <= 0) {
        return -1; /* a pipe */
    }
    return (int)(MIN(rpt->offset, (uint64_t)status.st_size) * 1000 / (uint64_t)status.st_size);
}

static void rpt_close(struct source *source)
{
    struct rpt_source *rpt = (struct rpt_source *)source;

    (void)fclose(rpt->file); /* It was only read. */
    rpt_header_destroy(rpt->header);
    g_byte_array_unref(rpt->payload);
    g_free(rpt->values);
    g_free(rpt->interest);
    g_free(rpt);
}

static bool check_file_head(const uint8_t *head, size_t length, GError **error)
{
    unsigned major, minor;

    if (length >= 4 && memcmp(head, "RPLF", 4) == 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "it is a recording, not a trace: tracedump events, info, verify and diff read "
                    "it");
        return false;
    }
    if (length < 8 || memcmp(head, "RPLTRACE", 8) != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT,
                    "it is neither a trace nor a recording: a native trace begins with RPLTRACE, a "
                    "recording with RPLF, and a trace of LTTng is a directory");
        return false;
    }
    if (length < FILE_HEAD_BYTES) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT,
                    "the file ends in its first %u bytes", FILE_HEAD_BYTES);
        return false;
    }
    major = bytes_load_le16(head + 8);
    minor = bytes_load_le16(head + 10);
    if (major != FORMAT_MAJOR) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "it has format %u.%u; this tracedump reads format %d", major, minor,
                    FORMAT_MAJOR);
        return false;
    }
    return true;
}

/* Reads all that comes before the first block. */
static bool read_header(struct rpt_source *rpt, GError **error)
{
    uint8_t head[FILE_HEAD_BYTES] = { 0 };
    size_t head_length = read_bytes(rpt, rpt->payload, FILE_HEAD_BYTES);
    uint32_t length;

    if (ferror(rpt->file)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO, "can't read it: %s", g_strerror(errno));
        return false;
    }
    memcpy(head, rpt->payload->data, head_length);
    if (!check_file_head(head, head_length, error)) {
        return false;
    }
    length = bytes_load_le32(head + 12);
    if (length > LENGTH_MAX) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT,
                    "its header claims %u bytes; 16 MiB are allowed", length);
        return false;
    }
    if (read_bytes(rpt, rpt->payload, length) < length) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT,
                    "the file ends in its header (%u of %u bytes)", rpt->payload->len, length);
        return false;
    }
    if (XXH3_64bits(rpt->payload->data, length) != bytes_load_le64(head + 16)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT,
                    "its header is damaged: the checksum is wrong");
        return false;
    }
    rpt->header = rpt_header_parse((const char *)rpt->payload->data, length, error);
    return rpt->header != NULL;
}

/* The most fields that a record may have: a field takes a byte at least. */
static size_t values_needed(const struct rpt_header *header)
{
    return 1 + MIN(header->fields->len, UINT16_MAX);
}

struct source *source_rpt_open(int fd, GError **error)
{
    struct rpt_source *rpt = g_new0(struct rpt_source, 1);

    rpt->base = (struct source){ .next = rpt_next, .module = rpt_module, .close = rpt_close };
    rpt->base.progress = rpt_progress;
    rpt->payload = g_byte_array_new();
    rpt->raw_decl = (struct field_decl){ .name = "raw", .type = FIELD_RAW };
    rpt->file = fdopen(fd, "rb");
    if (rpt->file == NULL) {
        g_error("fdopen: %s", g_strerror(errno)); /* Only for want of memory. */
    }
    if (!read_header(rpt, error)) {
        rpt_close(&rpt->base);
        return NULL;
    }
    g_byte_array_set_size(rpt->payload, 0);
    rpt->base.facts.program = rpt->header->program;
    rpt->base.facts.build_id = rpt->header->build_id;
    rpt->values = g_new0(struct field_value, values_needed(rpt->header));
    rpt->interest = g_new0(uint8_t, 2 * (size_t)rpt->header->events->len);
    return &rpt->base;
}
