/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording_reader.h - a recording's records one after the other, for tools and for the replay. It
 * knows the format and no machine.
 *
 * Nothing in a file is trusted. Damage behind the first frame is no error: the records in front of it
 * are given, and recording_reader_damage() says what is wrong and where.
 */
#ifndef REPLUG_REPLAY_RECORDING_READER_H
#define REPLUG_REPLAY_RECORDING_READER_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/recording_format.h"

struct recording_reader;

enum recording_reader_scan {
    RECORDING_SCAN_CHECKSUMS, /* reads the whole file: all damage of frames is known at once */
    RECORDING_SCAN_INDEX,     /* goes by the index where there is one, else from header to header */
};

/*
 * Errors: REPLUG_ERROR_IO, _CORRUPT or _UNSUPPORTED; the text names the file, and for another version
 * of the format also the program and build that wrote it.
 */
struct recording_reader *recording_reader_open(const char *path, enum recording_reader_scan scan,
                                               GError **error);
void recording_reader_close(struct recording_reader *reader); /* NULL is fine */

const struct recording_header *recording_reader_header(const struct recording_reader *reader);

struct recording_record {
    enum recording_group group;
    unsigned kind;          /* may be one that this program does not know */
    uint64_t sequence;      /* counted from 0 */
    uint64_t turn;          /* number of its turn */
    uint64_t frame_offset;  /* of the frame in which it begins */
    const uint8_t *payload; /* until the next call */
    size_t payload_bytes;
    /* Of a turn's begin, else 0. */
    uint64_t now_ns;
    uint64_t icount;
    uint32_t vcpu; /* RECORDING_VCPU_NONE = none */
};

/* The next record. False at the end and in front of damage. */
bool recording_reader_next(struct recording_reader *reader, struct recording_record *out_record);

/* Makes the first turn with this or a higher number the next record. False: there is none. */
bool recording_reader_seek(struct recording_reader *reader, uint64_t turn);

/* The state after the last turn that was read whole, until the next call. False where it is not known,
 * as a seek can leave it. */
bool recording_reader_state(const struct recording_reader *reader, const uint8_t **out_bytes,
                            size_t *out_size);

/* Behind a seek: the state in front of the record that comes next, from a checkpoint. */
void recording_reader_set_state(struct recording_reader *reader, const uint8_t *bytes, size_t size);

/* "frame 17 at byte 70321: ...", NULL = none found so far; until the next call. A missing end is
 * damage too. */
const char *recording_reader_damage(const struct recording_reader *reader);

struct recording_totals {
    uint64_t file_bytes;
    uint64_t sound_bytes;  /* in front of the damage found so far */
    uint64_t raw_bytes;    /* of records, decompressed; 0 when the index told where frames are */
    uint64_t frame_count;  /* that hold records */
    uint64_t turn_count;   /* whole ones */
    uint64_t record_count; /* whole or begun */
    uint64_t state_digest; /* XXH3-64 of the state after the last whole turn; 0 = not known */
    unsigned minor;        /* of the format's version */
    bool has_end;
    bool has_index;
};

/* Of all that lies in front of the damage found so far. */
void recording_reader_totals(const struct recording_reader *reader,
                             struct recording_totals *out_totals);

/* Bytes of the file up to the frame that is being read. */
uint64_t recording_reader_position(const struct recording_reader *reader);

/* A turn's change of state, run by run; *at starts at 0. False behind the last one. */
struct recording_run {
    uint64_t offset;
    const uint8_t *bytes;
    size_t size;
};

bool recording_run_next(const uint8_t *change, size_t size, size_t *at, struct recording_run *run);

#endif
