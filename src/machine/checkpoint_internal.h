/* SPDX-License-Identifier: GPL-2.0-or-later */
/* checkpoint_internal.h - what the files checkpoint*.c share. */
#ifndef REPLUG_MACHINE_CHECKPOINT_INTERNAL_H
#define REPLUG_MACHINE_CHECKPOINT_INTERNAL_H

#include "machine/checkpoint.h"
#include "machine/machine_internal.h"
#include "state/state_stream.h"

struct recording_checkpoints;
struct recording_writer;

struct checkpoints {
    uint64_t interval_ns;
    uint64_t next_ns;
    uint32_t count;     /* taken so far */
    GArray *history;    /* struct checkpoint_note */
    GHashTable *blocks; /* name -> struct page_digests; looked up only */
};

/* False with an error that says that the checkpoint does not fit. */
bool checkpoint_is_damaged(GError **error, const char *what);

/* ---- checkpoint_history.c ---- */

enum checkpoint_note_kind { CHECKPOINT_NOTE_COMMAND, CHECKPOINT_NOTE_GONE, CHECKPOINT_NOTE_RESET };

struct checkpoint_note {
    enum checkpoint_note_kind kind;
    uint64_t turn; /* of a command */
    char *path;    /* of a device that has gone; owned */
};

GArray *checkpoint_history_create(void);
void checkpoint_history_save(const GArray *history, GByteArray *out);
bool checkpoint_history_repeat(struct machine *machine, struct state_stream *stream,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- checkpoint_memory.c ---- */

GHashTable *checkpoint_blocks_create(void);
/* Which blocks there are, into out; then their pages as parts of the recording. */
void checkpoint_memory_save(struct machine *machine, struct checkpoints *checkpoints,
                            GByteArray *out);
void checkpoint_memory_write(struct machine *machine, struct checkpoints *checkpoints,
                             struct recording_writer *writer);
/* The blocks of checkpoint index, with pages of it and of those before. */
bool checkpoint_memory_load(struct machine *machine, struct recording_checkpoints *list,
                            uint32_t index, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Passes over the blocks in the part that says what the machine is. */
void checkpoint_memory_skip(struct state_stream *stream);

/* ---- checkpoint_derived.c: what no state list holds ---- */

void checkpoint_derived_save(struct machine *machine, GByteArray *out);
/* Once everything else is as it was. */
bool checkpoint_derived_load(struct machine *machine, struct state_stream *stream,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
