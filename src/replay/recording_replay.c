/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording_replay.c - the replay's side: each call of the machine takes the next record and must fit
 * it. Texts of divergences are written here.
 */
#include "replay/recording_replay.h"

#include <string.h>

#include "base/invariant.h"
#include "replay/payload_fields.h"
#include "replay/recording_checkpoint.h"
#include "replay/recording_reader.h"
#include "replay/recording_state.h"

/* Of an input whose size the recording decides. */
#define SIZE_ANY SIZE_MAX

struct recording_replay {
    struct recording_reader *reader;
    struct recording_divergence divergence; /* text NULL = none */
    char *text;

    bool is_peeked;
    bool in_turn;
    uint64_t turn_count; /* that were peeked at */
    uint64_t turn_count_total;
    struct recording_turn turn;
    GByteArray *turn_payload;
    unsigned record_number; /* of the turn's, from 1 */
    bool is_silent;         /* nothing is compared */
    bool silent_turn_ended;
    struct recording_checkpoints *checkpoints; /* NULL until somebody asks */
};

struct recording_replay *recording_replay_open(const char *path, GError **error)
{
    struct recording_reader *reader = recording_reader_open(path, RECORDING_SCAN_CHECKSUMS, error);
    struct recording_replay *replay;
    struct recording_totals totals;

    if (reader == NULL) {
        return NULL;
    }
    replay = g_new0(struct recording_replay, 1);
    recording_reader_totals(reader, &totals);
    replay->reader = reader;
    replay->turn_count_total = totals.turn_count;
    replay->turn_payload = g_byte_array_new();
    return replay;
}

void recording_replay_close(struct recording_replay *replay)
{
    recording_checkpoints_free(replay->checkpoints);
    recording_reader_close(replay->reader);
    g_byte_array_unref(replay->turn_payload);
    g_free(replay->text);
    g_free(replay);
}

const struct recording_header *recording_replay_header(const struct recording_replay *replay)
{
    return recording_reader_header(replay->reader);
}

const char *recording_replay_damage(const struct recording_replay *replay)
{
    return recording_reader_damage(replay->reader);
}

void recording_replay_progress(const struct recording_replay *replay, uint64_t *out_bytes,
                               uint64_t *out_bytes_total)
{
    struct recording_totals totals;

    recording_reader_totals(replay->reader, &totals);
    *out_bytes = replay->turn_count == replay->turn_count_total
                     ? totals.sound_bytes
                     : recording_reader_position(replay->reader);
    *out_bytes_total = totals.sound_bytes;
}

/* As the recording has it. */
static struct recording_state expected_state(const struct recording_replay *replay)
{
    const uint8_t *bytes = NULL;
    size_t size = 0;

    /* Known but where a turn passes silently, when nobody asks. */
    invariant(recording_reader_state(replay->reader, &bytes, &size));
    return (struct recording_state){ (uint8_t *)bytes, size };
}

uint64_t recording_replay_digest(const struct recording_replay *replay)
{
    struct recording_state state = expected_state(replay);

    return recording_state_digest(&state);
}

const struct recording_divergence *
recording_replay_divergence(const struct recording_replay *replay)
{
    return replay->text != NULL ? &replay->divergence : NULL;
}

void recording_replay_diverge(struct recording_replay *replay, const char *text)
{
    const char *kind = recording_turn_kind_name(replay->turn.kind);

    if (replay->text != NULL) {
        return;
    }
    if (replay->turn_count == 0) {
        replay->text = g_strdup_printf("in front of the first turn: %s", text);
    } else {
        replay->text = g_strdup_printf("turn %" G_GUINT64_FORMAT " (%s): %s", replay->turn.number,
                                       kind != NULL ? kind : "of an unknown kind", text);
    }
    replay->divergence.turn = replay->turn.number;
    replay->divergence.text = replay->text;
}

/* ---- texts ---- */

/* "effect kvm_call target=vm vcpu=0 request=KVM_IRQ_LINE gsi=9 level=1" */
static void append_side(GString *out, const struct payload *side)
{
    const char *name = recording_kind_name(side->group, side->kind);

    if (side->group == RECORDING_GROUP_END) {
        g_string_append(out, "the turn's end");
        return;
    }
    g_string_append_printf(out, "%s ", recording_group_name(side->group));
    if (name != NULL) {
        g_string_append(out, name);
    } else {
        g_string_append_printf(out, "of unknown kind %u", side->kind);
    }
    if (side->size == SIZE_ANY) {
        g_string_append(out, ", any number of bytes");
    } else if (side->bytes == NULL) {
        g_string_append_printf(out, ", %zu byte%s", side->size, side->size == 1 ? "" : "s");
    } else {
        g_string_append(out, side->size > 0 ? " " : ", 0 bytes");
        payload_print(side, out);
    }
}

/* actual->bytes is NULL where only its size is known. */
static void diverge_sides(struct recording_replay *replay, const struct payload *recorded,
                          const struct payload *actual)
{
    static const char *const labels[2] = { "expected", "got" };
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_append_printf(text, "record %u: expected ", replay->record_number);
    append_side(text, recorded);
    g_string_append(text, "; got ");
    append_side(text, actual);
    if (recorded->group == actual->group && recorded->kind == actual->kind &&
        actual->bytes != NULL) {
        g_string_append(text, "\nfields that differ:\n");
        payload_compare(recorded, actual, labels, text);
        g_string_truncate(text, text->len - 1); /* the end of the last line */
    }
    recording_replay_diverge(replay, text->str);
}

static void diverge_damage(struct recording_replay *replay)
{
    const char *damage = recording_reader_damage(replay->reader);
    g_autofree char *text = g_strdup_printf("the recording breaks off in this turn: %s",
                                            damage != NULL ? damage : "it ends");

    recording_replay_diverge(replay, text);
}

/* ---- turns ---- */

static void take_turn(struct recording_replay *replay, const struct recording_record *record)
{
    g_byte_array_set_size(replay->turn_payload, 0);
    g_byte_array_append(replay->turn_payload, record->payload, (guint)record->payload_bytes);
    replay->turn = (struct recording_turn){
        .number = record->turn,
        .kind = (enum recording_turn_kind)record->kind,
        .now_ns = record->now_ns,
        .icount = record->icount,
        .vcpu = record->vcpu,
        .payload = replay->turn_payload->data,
        .payload_bytes = record->payload_bytes,
    };
    replay->is_peeked = true;
    replay->turn_count++;
}

bool recording_replay_peek(struct recording_replay *replay, struct recording_turn *out_turn)
{
    struct recording_record record;

    invariant(!replay->in_turn);
    if (replay->text != NULL) {
        return false;
    }
    if (!replay->is_peeked) {
        if (replay->turn_count == replay->turn_count_total ||
            !recording_reader_next(replay->reader, &record)) {
            return false;
        }
        /* The reader lets nothing else stand between two turns. */
        invariant(record.group == RECORDING_GROUP_TURN);
        take_turn(replay, &record);
        if (record.kind >= RECORDING_TURN_COUNT) {
            recording_replay_diverge(replay, "this program does not know that kind of turn");
            return false;
        }
    }
    *out_turn = replay->turn;
    return true;
}

void recording_replay_begin(struct recording_replay *replay, const struct recording_turn *turn)
{
    invariant(replay->is_peeked);
    invariant(turn->number == replay->turn.number);
    replay->is_peeked = false;
    replay->in_turn = true;
    replay->record_number = 0;
}

/* The next record of the turn. False: nothing to compare with, now or before. */
static bool take_record(struct recording_replay *replay, struct recording_record *record)
{
    if (replay->text != NULL) {
        return false;
    }
    invariant(replay->in_turn);
    replay->record_number++;
    if (!recording_reader_next(replay->reader, record)) {
        diverge_damage(replay);
        return false;
    }
    return true;
}

static bool is_same(const struct recording_record *record, enum recording_group group,
                    unsigned kind)
{
    return record->group == group && record->kind == kind;
}

static void diverge_record(struct recording_replay *replay, const struct recording_record *record,
                           const struct payload *actual)
{
    struct payload recorded = { record->group, record->kind, record->payload,
                                record->payload_bytes };

    diverge_sides(replay, &recorded, actual);
}

/* The next input of the kind in a turn that passes silently. False: none is left. */
static bool find_input(struct recording_replay *replay, enum recording_input_kind kind,
                       struct recording_record *record)
{
    while (!replay->silent_turn_ended && recording_reader_next(replay->reader, record)) {
        replay->silent_turn_ended = record->group == RECORDING_GROUP_END;
        if (is_same(record, RECORDING_GROUP_INPUT, kind)) {
            return true;
        }
    }
    return false;
}

static void give_input(struct recording_replay *replay, enum recording_input_kind kind, void *bytes,
                       size_t size)
{
    struct recording_record record;

    if (find_input(replay, kind, &record) && record.payload_bytes == size) {
        memcpy(bytes, record.payload, size);
    } else {
        memset(bytes, 0, size);
    }
}

void recording_replay_input(struct recording_replay *replay, enum recording_input_kind kind,
                            void *bytes, size_t size)
{
    struct recording_record record;

    if (replay->is_silent) {
        if (size > 0) {
            give_input(replay, kind, bytes, size);
        }
        return;
    }
    if (take_record(replay, &record)) {
        if (is_same(&record, RECORDING_GROUP_INPUT, kind) && record.payload_bytes == size) {
            if (size > 0) {
                memcpy(bytes, record.payload, size);
            }
            return;
        }
        diverge_record(replay, &record,
                       &(struct payload){ RECORDING_GROUP_INPUT, kind, NULL, size });
    }
    if (size > 0) {
        memset(bytes, 0, size);
    }
}

GBytes *recording_replay_input_bytes(struct recording_replay *replay,
                                     enum recording_input_kind kind)
{
    struct recording_record record;

    if (replay->is_silent) {
        return find_input(replay, kind, &record) ? g_bytes_new(record.payload, record.payload_bytes)
                                                 : g_bytes_new(NULL, 0);
    }
    if (take_record(replay, &record)) {
        if (is_same(&record, RECORDING_GROUP_INPUT, kind)) {
            return g_bytes_new(record.payload, record.payload_bytes);
        }
        diverge_record(replay, &record,
                       &(struct payload){ RECORDING_GROUP_INPUT, kind, NULL, SIZE_ANY });
    }
    return g_bytes_new(NULL, 0);
}

void recording_replay_effect(struct recording_replay *replay, enum recording_effect_kind kind,
                             const void *bytes, size_t size)
{
    struct recording_record record;

    if (!replay->is_silent && take_record(replay, &record) &&
        !(is_same(&record, RECORDING_GROUP_EFFECT, kind) && record.payload_bytes == size &&
          (size == 0 || memcmp(record.payload, bytes, size) == 0))) {
        diverge_record(replay, &record,
                       &(struct payload){ RECORDING_GROUP_EFFECT, kind, bytes, size });
    }
}

static void compare_state(struct recording_replay *replay, const void *state, size_t size,
                          recording_describe_fn describe, void *opaque)
{
    struct recording_state expected = expected_state(replay);
    g_autoptr(GBytes) bytes = NULL;
    g_autofree char *words = NULL;
    g_autofree char *text = NULL;

    if (expected.size == size && (size == 0 || memcmp(expected.bytes, state, size) == 0)) {
        return;
    }
    bytes = g_bytes_new(expected.bytes, expected.size);
    words = describe != NULL ? describe(opaque, bytes) : NULL;
    if (expected.size == size) {
        text = g_strdup_printf("the state differs%s%s", words != NULL ? ":\n" : "",
                               words != NULL ? words : "");
    } else {
        text = g_strdup_printf("the state differs: expected %zu bytes, got %zu%s%s", expected.size,
                               size, words != NULL ? "\n" : "", words != NULL ? words : "");
    }
    recording_replay_diverge(replay, text);
}

void recording_replay_end(struct recording_replay *replay, const void *state, size_t size,
                          recording_describe_fn describe, void *opaque)
{
    struct recording_record record;

    if (!replay->is_silent && take_record(replay, &record)) {
        if (record.group != RECORDING_GROUP_END) {
            diverge_record(replay, &record, &(struct payload){ RECORDING_GROUP_END, 0, NULL, 0 });
        } else {
            compare_state(replay, state, size, describe, opaque);
        }
    }
    replay->in_turn = false;
}

/* ---- from a checkpoint on ---- */

struct recording_checkpoints *recording_replay_checkpoints(struct recording_replay *replay)
{
    if (replay->checkpoints == NULL) {
        replay->checkpoints = recording_checkpoints_find(replay->reader);
    }
    return replay->checkpoints;
}

bool recording_replay_revisit(struct recording_replay *replay, uint64_t number,
                              struct recording_turn *out_turn)
{
    struct recording_record record;

    invariant(!replay->in_turn);
    if (!recording_reader_seek(replay->reader, number) ||
        !recording_reader_next(replay->reader, &record) || record.turn != number) {
        return false;
    }
    take_turn(replay, &record);
    replay->is_silent = true;
    replay->silent_turn_ended = false;
    *out_turn = replay->turn;
    return record.kind < RECORDING_TURN_COUNT;
}

void recording_replay_go_on(struct recording_replay *replay, uint64_t number, const uint8_t *state,
                            size_t size)
{
    invariant(!replay->in_turn);
    (void)recording_reader_seek(replay->reader, number + 1); /* false: it was the last one */
    recording_reader_set_state(replay->reader, state, size);
    replay->is_silent = false;
    replay->is_peeked = false;
    replay->turn_count = MIN(number + 1, replay->turn_count_total);
}
