/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording_writer.h - records into frames, frames into the file.
 *
 * The first error ends the writing: the file is cut back to its whole frames, and all further calls
 * do nothing.
 */
#ifndef REPLUG_REPLAY_RECORDING_WRITER_H
#define REPLUG_REPLAY_RECORDING_WRITER_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/recording_format.h"
#include "replay/recording_frame.h"

struct fault_plan;
struct recording_header;
struct recording_state;
struct recording_turn;
struct recording_writer;

/* Opens the file, or makes it, and leaves its contents alone; holds what is written back in memory. */
struct recording_writer *
recording_writer_create(const char *path, const struct recording_header *header, GError **error);
/* From here on the file is the recording: what was held back is written. Once; false: nothing was. */
bool recording_writer_begin(struct recording_writer *writer, GError **error);
void recording_writer_set_faults(struct recording_writer *writer, struct fault_plan *faults);

void recording_writer_turn(struct recording_writer *writer, const struct recording_turn *turn);
void recording_writer_record(struct recording_writer *writer, enum recording_group group,
                             unsigned kind, const void *bytes, size_t size);
/* Ends the turn: writes the change to the size bytes at after, and makes it in the writer's state. */
void recording_writer_end_turn(struct recording_writer *writer, const void *after, size_t size);
void recording_writer_end_turn_unchanged(struct recording_writer *writer);

/* The state after the last turn that ended; the writer's. */
const struct recording_state *recording_writer_state(const struct recording_writer *writer);

/* The turn that ended last. */
uint64_t recording_writer_turn_number(const struct recording_writer *writer);

/* Between two turns: a frame that holds no records, behind all records so far. */
void recording_writer_frame(struct recording_writer *writer, enum recording_frame_type type,
                            const void *bytes, size_t size);

void recording_writer_flush(struct recording_writer *writer);
/* Flushes, writes index and end; once. */
void recording_writer_finish(struct recording_writer *writer);
const GError *recording_writer_error(const struct recording_writer *writer);
void recording_writer_destroy(
    struct recording_writer
        *writer); /* without finishing; takes away a file that it made for nothing */

#endif
