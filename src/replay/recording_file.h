/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording_file.h - a recording's frames: where they are, whether they are sound, what is in them.
 * What a reader of records is built on.
 */
#ifndef REPLUG_REPLAY_RECORDING_FILE_H
#define REPLUG_REPLAY_RECORDING_FILE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "replay/recording_frame.h"
#include "replay/recording_reader.h"

struct recording_reader;

typedef struct ZSTD_DCtx_s ZSTD_DCtx;

struct recording_file {
    int fd;
    char *path;
    char *damage; /* of what was found, the one nearest to the file's begin */
    uint64_t damage_offset;
    GArray *frames; /* struct recording_index_entry: those with records */
    struct recording_header header;
    struct recording_totals totals;
    ZSTD_DCtx *zstd;
    uint8_t *stored; /* payload as it is in the file */
    size_t stored_bytes_max;
};

bool recording_file_open(struct recording_file *file, const char *path,
                         enum recording_reader_scan scan, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void recording_file_fini(struct recording_file *file);

/*
 * Reads, checks and decompresses the records of frames[index] into *raw, which grows as needed
 * (*raw_bytes_max). Where that fails the damage is noted, and the file ends in front of the frame.
 */
bool recording_file_load(struct recording_file *file, guint index,
                         struct recording_frame *out_frame, uint8_t **raw,
                         size_t *raw_bytes_max) G_GNUC_WARN_UNUSED_RESULT;

/* The header of the frame at offset, 0 being the first one's. False: at the end, and in front of damage. */
bool recording_file_frame_at(struct recording_file *file, uint64_t offset,
                             struct recording_frame *out_frame) G_GNUC_WARN_UNUSED_RESULT;
/* The same with its payload, as recording_file_load(), but damage is not noted. */
bool recording_file_load_at(struct recording_file *file, uint64_t offset,
                            struct recording_frame *out_frame, uint8_t **raw,
                            size_t *raw_bytes_max) G_GNUC_WARN_UNUSED_RESULT;

/* Notes damage of frames[index] and ends the file in front of it. Damage in front of it counts instead. */
void recording_file_damage(struct recording_file *file, guint index, const char *what);

/* A reader's own. */
struct recording_file *recording_reader_file(struct recording_reader *reader);

#endif
