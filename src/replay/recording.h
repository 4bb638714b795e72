/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording.h - the session's log (*.rpl) as src/machine uses it: one object that either writes
 * down what happened, or says what happened and checks that the same happens again.
 *
 *     turn := begin { input | effect } end (with the change of state)
 *
 * Turn 0 is the building of the machine. Recording: recording_create(); replay: recording_open().
 * The functions under "both" work in both modes, so that the machine has one path through its code:
 *
 *     recording_input()   recording: writes the bytes down   replay: gives the recorded ones
 *     recording_effect()  recording: writes the bytes down   replay: compares
 *
 * In replay the first difference is kept (recording_divergence()); from then on inputs are zero
 * bytes and nothing is compared any more: the caller winds the turn up and stops. Not thread-safe:
 * called under the machine's lock. The format is docs/formats/recording.md. Nothing in a file is
 * trusted.
 */
#ifndef REPLUG_REPLAY_RECORDING_H
#define REPLUG_REPLAY_RECORDING_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/recording_format.h"

struct fault_plan;
struct recording;
struct recording_checkpoints;
struct recording_writer;

/* ---- recording ---- */

/*
 * Opens path, or makes it, without a change to what is there; copies header. Errors: the OS's. Until
 * recording_begin() everything is held back in memory; a recording that is closed without having
 * begun leaves no trace.
 */
struct recording *recording_prepare(const char *path, const struct recording_header *header,
                                    GError **error);
/* Empties the file and writes what was held back: when the session has come up. Later calls, and
 * those in a replay, do nothing. */
bool recording_begin(struct recording *recording, GError **error);
/* Both at once. */
struct recording *recording_create(const char *path, const struct recording_header *header,
                                   GError **error);

/* Each write(2) from now on asks the fault point recording_write. faults may be NULL. */
void recording_set_faults(struct recording *recording, struct fault_plan *faults);

/* Whole frames to the file: when idle, about every second. Cheap when there is nothing. */
void recording_flush(struct recording *recording);

/* The write error that stopped the recording, NULL = none. What was written before stays valid;
 * later calls do nothing. */
const GError *recording_write_error(const struct recording *recording);

/* Writes the index and the end, so that recording_write_error() can tell about them too: call it
 * behind the last turn. recording_close() does it where it was not called. */
void recording_finish(struct recording *recording);

/* ---- replay ---- */

/*
 * Opens a recording and finds its end: the last whole frame. Errors (REPLUG_ERROR_CORRUPT,
 * _UNSUPPORTED, _IO) say what is wrong with the file; damage behind the first frame is no error,
 * see recording_damage().
 */
struct recording *recording_open(const char *path, GError **error);
const struct recording_header *recording_get_header(const struct recording *recording);
/* What is missing at the end ("cut in frame 17 at byte 70321"), NULL = complete. */
const char *recording_damage(const struct recording *recording);

struct recording_turn {
    uint64_t number; /* 0 = building */
    enum recording_turn_kind kind;
    uint64_t now_ns; /* virtual time */
    uint64_t icount; /* instructions; 0 on KVM */
    uint32_t vcpu;   /* 0xffff = none */
    const void *payload;
    size_t payload_bytes;
};

/* The next turn, without beginning it; payload is valid until that turn's end. False at the end of
 * the recording (a turn that is not whole does not count) and after a divergence. */
bool recording_peek_turn(struct recording *recording, struct recording_turn *out_turn);

/* Bytes of the file read, and in all. */
void recording_progress(const struct recording *recording, uint64_t *out_bytes,
                        uint64_t *out_bytes_total);

struct recording_divergence {
    uint64_t turn;
    const char *text; /* lines: expected and actual effect, or the differing fields */
};

/* The first difference, NULL = none so far. Owned by the recording. */
const struct recording_divergence *recording_divergence(const struct recording *recording);
/* For differences that the machine finds by itself. The first one counts. */
void recording_diverge(struct recording *recording, const char *text);

/* ---- checkpoints (replay/recording_checkpoint.h) ---- */

/* The writer, for the functions there; NULL in a replay. */
struct recording_writer *recording_get_writer(struct recording *recording);
/* Replay: those of the file. */
struct recording_checkpoints *recording_get_checkpoints(struct recording *recording);
/* Replay: makes a turn the next one; it passes without comparison. False: there is no such turn. */
bool recording_revisit(struct recording *recording, uint64_t number,
                       struct recording_turn *out_turn) G_GNUC_WARN_UNUSED_RESULT;
/* Replay: goes on behind turn number, after which the state was this. */
void recording_go_on(struct recording *recording, uint64_t number, const uint8_t *state,
                     size_t size);

/* ---- both ---- */

bool recording_is_replay(const struct recording *recording);

/* In replay turn must be what recording_peek_turn() gave. */
void recording_turn_begin(struct recording *recording, const struct recording_turn *turn);

/* Replay: size must be what was recorded, else a divergence and zeros. */
void recording_input(struct recording *recording, enum recording_input_kind kind, void *bytes,
                     size_t size);
/* An input whose size only the outside knows. Recording: bytes are written, NULL is returned.
 * Replay: bytes is NULL, a new GBytes is returned (empty at a divergence). */
GBytes *recording_input_bytes(struct recording *recording, enum recording_input_kind kind,
                              GBytes *bytes);

void recording_effect(struct recording *recording, enum recording_effect_kind kind,
                      const void *bytes, size_t size);

/*
 * state: all of it after the turn, in an order that only the machine's composition decides. What has
 * changed since the turn before is written, respectively compared; a change of size writes it whole.
 * Replay: where the bytes differ, describe(opaque, expected) gives the text of the divergence, which
 * names the fields (the caller's to free; expected holds size bytes, or another number of them).
 */
typedef char *(*recording_describe_fn)(void *opaque, GBytes *expected);
void recording_turn_end(struct recording *recording, const void *state, size_t size,
                        recording_describe_fn describe, void *opaque);

/* The same while recording, where the state is that of the turn before. */
void recording_turn_end_unchanged(struct recording *recording);

/* XXH3-64 of the state after the last turn that ended: the session's digest. */
uint64_t recording_digest(const struct recording *recording);

/* Recording: writes what recording_finish() does. Replay: closes. NULL is fine. */
void recording_close(struct recording *recording);

#endif
