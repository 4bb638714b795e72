/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recording.c - one object for both directions: each call goes to the writer or to the replay. */
#include "replay/recording.h"

#include <string.h>

#include "base/error.h"
#include "base/invariant.h"
#include "replay/recording_replay.h"
#include "replay/recording_state.h"
#include "replay/recording_writer.h"

struct recording {
    /* Exactly one of the two. */
    struct recording_writer *writer;
    struct recording_replay *replay;
};

struct recording *recording_prepare(const char *path, const struct recording_header *header,
                                    GError **error)
{
    struct recording_writer *writer = recording_writer_create(path, header, error);
    struct recording *recording;

    if (writer == NULL) {
        return NULL;
    }
    recording = g_new0(struct recording, 1);
    recording->writer = writer;
    return recording;
}

bool recording_begin(struct recording *recording, GError **error)
{
    return recording->writer == NULL || recording_writer_begin(recording->writer, error);
}

struct recording *recording_create(const char *path, const struct recording_header *header,
                                   GError **error)
{
    struct recording *recording = recording_prepare(path, header, error);

    if (recording != NULL && !recording_begin(recording, error)) {
        recording_close(recording);
        return NULL;
    }
    return recording;
}

struct recording *recording_open(const char *path, GError **error)
{
    struct recording_replay *replay = recording_replay_open(path, error);
    struct recording *recording;

    if (replay == NULL) {
        return NULL;
    }
    recording = g_new0(struct recording, 1);
    recording->replay = replay;
    return recording;
}

void recording_close(struct recording *recording)
{
    if (recording == NULL) {
        return;
    }
    if (recording->writer != NULL) {
        recording_writer_finish(recording->writer);
        recording_writer_destroy(recording->writer);
    }
    if (recording->replay != NULL) {
        recording_replay_close(recording->replay);
    }
    g_free(recording);
}

bool recording_is_replay(const struct recording *recording)
{
    return recording->replay != NULL;
}

void recording_set_faults(struct recording *recording, struct fault_plan *faults)
{
    if (recording->writer != NULL) {
        recording_writer_set_faults(recording->writer, faults);
    }
}

void recording_flush(struct recording *recording)
{
    if (recording->writer != NULL) {
        recording_writer_flush(recording->writer);
    }
}

void recording_finish(struct recording *recording)
{
    if (recording->writer != NULL) {
        recording_writer_finish(recording->writer);
    }
}

const GError *recording_write_error(const struct recording *recording)
{
    return recording->writer != NULL ? recording_writer_error(recording->writer) : NULL;
}

const struct recording_header *recording_get_header(const struct recording *recording)
{
    invariant(recording->replay != NULL);
    return recording_replay_header(recording->replay);
}

const char *recording_damage(const struct recording *recording)
{
    return recording->replay != NULL ? recording_replay_damage(recording->replay) : NULL;
}

bool recording_peek_turn(struct recording *recording, struct recording_turn *out_turn)
{
    invariant(recording->replay != NULL);
    return recording_replay_peek(recording->replay, out_turn);
}

void recording_progress(const struct recording *recording, uint64_t *out_bytes,
                        uint64_t *out_bytes_total)
{
    invariant(recording->replay != NULL);
    recording_replay_progress(recording->replay, out_bytes, out_bytes_total);
}

const struct recording_divergence *recording_divergence(const struct recording *recording)
{
    return recording->replay != NULL ? recording_replay_divergence(recording->replay) : NULL;
}

void recording_diverge(struct recording *recording, const char *text)
{
    if (recording->replay != NULL) {
        recording_replay_diverge(recording->replay, text);
    }
}

struct recording_writer *recording_get_writer(struct recording *recording)
{
    return recording->writer;
}

struct recording_checkpoints *recording_get_checkpoints(struct recording *recording)
{
    invariant(recording->replay != NULL);
    return recording_replay_checkpoints(recording->replay);
}

bool recording_revisit(struct recording *recording, uint64_t number,
                       struct recording_turn *out_turn)
{
    invariant(recording->replay != NULL);
    return recording_replay_revisit(recording->replay, number, out_turn);
}

void recording_go_on(struct recording *recording, uint64_t number, const uint8_t *state,
                     size_t size)
{
    invariant(recording->replay != NULL);
    recording_replay_go_on(recording->replay, number, state, size);
}

void recording_turn_begin(struct recording *recording, const struct recording_turn *turn)
{
    if (recording->writer != NULL) {
        recording_writer_turn(recording->writer, turn);
    } else {
        recording_replay_begin(recording->replay, turn);
    }
}

void recording_input(struct recording *recording, enum recording_input_kind kind, void *bytes,
                     size_t size)
{
    if (recording->writer != NULL) {
        recording_writer_record(recording->writer, RECORDING_GROUP_INPUT, kind, bytes, size);
    } else {
        recording_replay_input(recording->replay, kind, bytes, size);
    }
}

GBytes *recording_input_bytes(struct recording *recording, enum recording_input_kind kind,
                              GBytes *bytes)
{
    if (recording->writer != NULL) {
        gsize size;
        const void *data = g_bytes_get_data(bytes, &size);

        recording_writer_record(recording->writer, RECORDING_GROUP_INPUT, kind, data, size);
        return NULL;
    }
    return recording_replay_input_bytes(recording->replay, kind);
}

void recording_effect(struct recording *recording, enum recording_effect_kind kind,
                      const void *bytes, size_t size)
{
    if (recording->writer != NULL) {
        recording_writer_record(recording->writer, RECORDING_GROUP_EFFECT, kind, bytes, size);
    } else {
        recording_replay_effect(recording->replay, kind, bytes, size);
    }
}

void recording_turn_end(struct recording *recording, const void *state, size_t size,
                        recording_describe_fn describe, void *opaque)
{
    if (recording->writer != NULL) {
        recording_writer_end_turn(recording->writer, state, size);
    } else {
        recording_replay_end(recording->replay, state, size, describe, opaque);
    }
}

void recording_turn_end_unchanged(struct recording *recording)
{
    invariant(recording->writer != NULL);
    recording_writer_end_turn_unchanged(recording->writer);
}

uint64_t recording_digest(const struct recording *recording)
{
    return recording->writer != NULL
               ? recording_state_digest(recording_writer_state(recording->writer))
               : recording_replay_digest(recording->replay);
}
