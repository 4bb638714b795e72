/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recording_replay.h - gives recorded turns and inputs, compares effects and state (recording.h). */
#ifndef REPLUG_REPLAY_RECORDING_REPLAY_H
#define REPLUG_REPLAY_RECORDING_REPLAY_H

#include "replay/recording.h"

struct recording_checkpoints;
struct recording_replay;

struct recording_replay *recording_replay_open(const char *path, GError **error);
void recording_replay_close(struct recording_replay *replay);

const struct recording_header *recording_replay_header(const struct recording_replay *replay);
const char *recording_replay_damage(const struct recording_replay *replay);
void recording_replay_progress(const struct recording_replay *replay, uint64_t *out_bytes,
                               uint64_t *out_bytes_total);
const struct recording_divergence *
recording_replay_divergence(const struct recording_replay *replay);
void recording_replay_diverge(struct recording_replay *replay, const char *text);

bool recording_replay_peek(struct recording_replay *replay, struct recording_turn *out_turn);
void recording_replay_begin(struct recording_replay *replay, const struct recording_turn *turn);
void recording_replay_input(struct recording_replay *replay, enum recording_input_kind kind,
                            void *bytes, size_t size);
GBytes *recording_replay_input_bytes(struct recording_replay *replay,
                                     enum recording_input_kind kind);
void recording_replay_effect(struct recording_replay *replay, enum recording_effect_kind kind,
                             const void *bytes, size_t size);
void recording_replay_end(struct recording_replay *replay, const void *state, size_t size,
                          recording_describe_fn describe, void *opaque);

/* ---- from a checkpoint on ---- */

/* The file's. */
struct recording_checkpoints *recording_replay_checkpoints(struct recording_replay *replay);
/* Makes turn number what recording_replay_peek() gives, and lets the turn pass without comparison:
 * inputs are given where the kind is asked for, else zeros. False: there is no such turn. */
bool recording_replay_revisit(struct recording_replay *replay, uint64_t number,
                              struct recording_turn *out_turn) G_GNUC_WARN_UNUSED_RESULT;
/* What comes next is the turn behind number, after which the state was this; compared again. */
void recording_replay_go_on(struct recording_replay *replay, uint64_t number, const uint8_t *state,
                            size_t size);

/* Of the state after the last turn that ended. */
uint64_t recording_replay_digest(const struct recording_replay *replay);

#endif
