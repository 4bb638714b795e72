/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording_checkpoint.h - the checkpoints of a recording: frames between those of records, from which
 * a machine can be made as it was there. What is in a part is its writer's business.
 *
 *     checkpoint := begin part* end
 */
#ifndef REPLUG_REPLAY_RECORDING_CHECKPOINT_H
#define REPLUG_REPLAY_RECORDING_CHECKPOINT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recording_checkpoints;
struct recording_reader;
struct recording_writer;

#define RECORDING_PART_BYTES_MAX (4u << 20)

/* Kinds of parts. */
enum recording_part {
    RECORDING_PART_MACHINE, /* all but the guest's memory */
    RECORDING_PART_PAGES,   /* of the guest's memory, that changed since the checkpoint before */
};

struct recording_checkpoint {
    uint32_t number; /* from 1 on, in order of the file */
    uint64_t turn;   /* the last turn that ended before it */
    uint64_t now_ns; /* virtual time */
    uint64_t icount;
    uint64_t offset;     /* of its first frame in the file */
    uint64_t file_bytes; /* of all its frames */
    uint64_t raw_bytes;  /* the same decompressed */
    uint32_t first_part; /* the parts' frames, for this module */
    uint32_t part_count;
};

/* ---- writing, between two turns ---- */

/* Begins checkpoint number; what was collected so far is written first. */
void recording_checkpoint_begin(struct recording_writer *writer, uint64_t now_ns, uint64_t icount);
/* At most RECORDING_PART_BYTES_MAX bytes, at least one. */
void recording_checkpoint_part(struct recording_writer *writer, enum recording_part kind,
                               const void *bytes, size_t size);
void recording_checkpoint_end(struct recording_writer *writer);

/* ---- reading ---- */

/* Those that are whole and lie in front of any damage found so far. The reader outlives the list. */
struct recording_checkpoints *recording_checkpoints_find(struct recording_reader *reader);
void recording_checkpoints_free(struct recording_checkpoints *checkpoints); /* NULL is fine */
uint32_t recording_checkpoints_count(const struct recording_checkpoints *checkpoints);
const struct recording_checkpoint *
recording_checkpoints_at(const struct recording_checkpoints *checkpoints, uint32_t index);

/* The state after the checkpoint's last turn; new. NULL: damaged. */
GBytes *recording_checkpoint_state(struct recording_checkpoints *checkpoints, uint32_t index,
                                   GError **error);
/* Bytes of one part, until the next call. False: damaged. The kind may be an unknown one. */
bool recording_checkpoint_load(struct recording_checkpoints *checkpoints, uint32_t index,
                               uint32_t part, unsigned *out_kind, const uint8_t **out_bytes,
                               size_t *out_size, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
