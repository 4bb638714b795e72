/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diff_recording.c - walks two recordings in step, record by record, up to their first difference,
 * counts what is left, then goes back in the first one to show what came before.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "replay/payload_fields.h"
#include "replay/recording_reader.h"
#include "state/state_layout.h"
#include "tracedump/diff.h"
#include "tracedump/recording_print.h"
#include "tracedump/recording_tally.h"

#define CONTEXT_TURNS   2u  /* in front of the one that differs */
#define CONTEXT_RECORDS 8u  /* of that one */
#define FIELDS_SHOWN    32u /* of the state */

static const char *const labels[2] = { "in the first", "in the second" };

struct side {
    const char *path;
    struct recording_reader *reader;
    struct recording_record record;
    bool has_record; /* false: the recording is through */
    GBytes *payload; /* of record, kept behind the difference */
    GBytes *state;   /* behind the last turn that was read; NULL = not known */
    GBytes *layout;  /* of the state; NULL = the recording has not told it yet */
    struct recording_tally rest;
};

struct diff_recording {
    struct output *output;
    struct diff_options *options;
    struct side sides[2];
    uint64_t turns[CONTEXT_TURNS + 1]; /* numbers of the last common begins: a ring */
    uint64_t common_turns;             /* whole ones in front of the difference */
    uint64_t begun_turns;
};

static bool advance(struct side *side)
{
    const struct recording_record *record = &side->record;

    side->has_record = recording_reader_next(side->reader, &side->record);
    if (side->has_record && record->group == RECORDING_GROUP_EFFECT &&
        record->kind == RECORDING_EFFECT_state_layout) {
        g_bytes_unref(side->layout);
        side->layout = g_bytes_new(record->payload, record->payload_bytes);
    }
    return side->has_record;
}

static bool payloads_agree(const struct recording_record *a, const struct recording_record *b)
{
    return a->payload_bytes == b->payload_bytes &&
           (a->payload_bytes == 0 || memcmp(a->payload, b->payload, a->payload_bytes) == 0);
}

static bool begins_agree(const struct diff_options *options, const struct recording_record *a,
                         const struct recording_record *b)
{
    return (a->turn == b->turn || options->ignore_turn) &&
           (a->vcpu == b->vcpu || options->ignore_vcpu) &&
           ((a->now_ns == b->now_ns && a->icount == b->icount) || options->ignore_time);
}

static bool records_agree(const struct diff_options *options, const struct recording_record *a,
                          const struct recording_record *b)
{
    const char *name = recording_kind_name(a->group, a->kind);

    if (a->group != b->group || a->kind != b->kind ||
        (a->group == RECORDING_GROUP_TURN && !begins_agree(options, a, b))) {
        return false;
    }
    if (name != NULL && diff_ignores(options, a->group == RECORDING_GROUP_END ? "state" : name)) {
        return true;
    }
    return payloads_agree(a, b);
}

/* False: both are through. True: their current records differ, or one has none. */
static bool walk_to_difference(struct diff_recording *diff)
{
    struct side *a = &diff->sides[0], *b = &diff->sides[1];

    for (;;) {
        bool has_a = advance(a), has_b = advance(b);

        if (terminal_progress_is_due(&diff->options->progress)) {
            terminal_progress_show(&diff->options->progress, recording_permille(a->reader));
        }
        if (!has_a && !has_b) {
            return false;
        }
        if (has_a != has_b || !records_agree(diff->options, &a->record, &b->record)) {
            return true;
        }
        if (a->record.group == RECORDING_GROUP_TURN) {
            diff->turns[diff->begun_turns++ % (CONTEXT_TURNS + 1)] = a->record.turn;
        } else if (a->record.group == RECORDING_GROUP_END) {
            diff->common_turns++;
        }
    }
}

/* ---- behind the difference ---- */

/* The readers go on and away from the records that differ. */
static void keep_record(struct side *side)
{
    const uint8_t *bytes;
    size_t size;

    if (!side->has_record) {
        return;
    }
    side->payload = g_bytes_new(side->record.payload, side->record.payload_bytes);
    side->record.payload = g_bytes_get_data(side->payload, NULL);
    if (side->record.group == RECORDING_GROUP_END &&
        recording_reader_state(side->reader, &bytes, &size)) {
        side->state = g_bytes_new(bytes, size);
    }
}

static void count_rest(struct side *side)
{
    struct recording_record record;

    if (side->has_record) {
        recording_tally_add(&side->rest, &side->record);
        while (recording_reader_next(side->reader, &record)) {
            recording_tally_add(&side->rest, &record);
        }
    }
}

static void print_record(struct output *output, const char *mark,
                         const struct recording_record *record)
{
    output_text(output, mark);
    recording_print(output, record, false);
    output_char(output, '\n');
}

/* What the first recording holds in front of the record with this sequence: the last turns' begins,
 * then the records of the turn that differs. */
static void print_context(const struct diff_recording *diff, uint64_t sequence)
{
    struct recording_reader *reader = diff->sides[0].reader;
    uint64_t oldest = diff->begun_turns > CONTEXT_TURNS ? diff->begun_turns - CONTEXT_TURNS - 1 : 0;
    uint64_t last = diff->turns[(diff->begun_turns - 1) % (CONTEXT_TURNS + 1)];
    struct recording_record record;
    bool is_cut = false;

    if (diff->begun_turns == 0 ||
        !recording_reader_seek(reader, diff->turns[oldest % (CONTEXT_TURNS + 1)])) {
        return;
    }
    while (recording_reader_next(reader, &record) && record.sequence < sequence) {
        bool is_near = record.sequence + CONTEXT_RECORDS >= sequence;

        if (record.group == RECORDING_GROUP_TURN || (record.turn == last && is_near)) {
            print_record(diff->output, " ", &record);
        } else if (record.turn == last && !is_cut) {
            output_text(diff->output, "     ...\n");
            is_cut = true;
        }
    }
}

static void print_lines(struct output *output, const GString *lines)
{
    output_bytes(output, lines->str, lines->len);
}

static struct payload payload_of(const struct recording_record *record)
{
    return (struct payload){ record->group, record->kind, record->payload, record->payload_bytes };
}

/* Both are of one kind: the fields of the payload that differ. */
static void print_fields(struct output *output, const struct recording_record *a,
                         const struct recording_record *b)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    struct payload payload_a = payload_of(a), payload_b = payload_of(b);

    payload_compare(&payload_a, &payload_b, labels, lines);
    output_text(output, "fields that differ:\n");
    print_lines(output, lines);
}

/* Without a layout, as in files of format 1.0. */
static void print_state_place(struct output *output, GBytes *a, GBytes *b)
{
    gsize size_a, size_b, at = 0;
    const uint8_t *bytes_a = g_bytes_get_data(a, &size_a);
    const uint8_t *bytes_b = g_bytes_get_data(b, &size_b);
    char text[128];

    while (at < MIN(size_a, size_b) && bytes_a[at] == bytes_b[at]) {
        at++;
    }
    if (at < MIN(size_a, size_b)) {
        (void)snprintf(
            text, sizeof(text),
            "the states differ from byte %zu on: %02x in the first, %02x in the second\n", at,
            bytes_a[at], bytes_b[at]);
    } else if (size_a != size_b) {
        (void)snprintf(text, sizeof(text), "the states differ in size: %zu and %zu bytes\n", size_a,
                       size_b);
    } else {
        return;
    }
    output_text(output, text);
}

static void print_state(struct output *output, const struct side *a, const struct side *b)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    unsigned count = 0;

    if (a->layout != NULL && b->layout != NULL && g_bytes_equal(a->layout, b->layout) &&
        g_bytes_get_size(a->state) == g_bytes_get_size(b->state)) {
        count = state_layout_compare(a->layout, a->state, b->state, labels, FIELDS_SHOWN, lines);
    }
    if (count == 0) {
        print_state_place(output, a->state, b->state);
        return;
    }
    output_text(output, "fields of the state that differ: ");
    output_decimal(output, count, 0);
    output_char(output, '\n');
    print_lines(output, lines);
    if (count > FIELDS_SHOWN) {
        output_text(output, "...\n");
    }
}

static void print_difference(const struct diff_recording *diff)
{
    const struct side *a = &diff->sides[0], *b = &diff->sides[1];
    struct output *output = diff->output;

    if (a->has_record) {
        print_record(output, "-", &a->record);
    }
    if (b->has_record) {
        print_record(output, "+", &b->record);
    }
    if (!a->has_record || !b->has_record || a->record.group != b->record.group ||
        a->record.kind != b->record.kind) {
        return;
    }
    if (a->state != NULL && b->state != NULL) {
        print_state(output, a, b);
    } else if (!payloads_agree(&a->record, &b->record) && a->record.group != RECORDING_GROUP_END) {
        print_fields(output, &a->record, &b->record);
    }
}

static void print_head(const struct diff_recording *diff)
{
    const struct side *a = &diff->sides[0], *b = &diff->sides[1];
    const struct recording_record *record = a->has_record ? &a->record : &b->record;
    struct output *output = diff->output;

    diff_print_paths(output, diff->options);
    output_text(output, "first difference in turn ");
    output_decimal(output, record->turn, 0);
    output_text(output, ", behind ");
    output_decimal(output, diff->common_turns, 0);
    output_text(output, diff->common_turns == 1 ? " common turn" : " common turns");
    if (!a->has_record || !b->has_record) {
        output_text(output, ": there the ");
        output_text(output, a->has_record ? "second" : "first");
        output_text(output, " recording ends");
    }
    output_char(output, '\n');
}

static void print_counts(const struct diff_recording *diff)
{
    const struct recording_tally *a = &diff->sides[0].rest, *b = &diff->sides[1].rest;
    struct output *output = diff->output;
    bool is_first = true;

    output_text(output, "from there on: ");
    output_decimal(output, a->records, 0);
    output_text(output, " and ");
    output_decimal(output, b->records, 0);
    output_text(output, " records");
    for (unsigned group = 0; group < RECORDING_GROUP_END; group++) {
        for (unsigned kind = 0; kind < RECORDING_KINDS_MAX; kind++) {
            const struct recording_record record = { .group = (enum recording_group)group,
                                                     .kind = kind };

            if (a->kinds[group][kind].count == b->kinds[group][kind].count) {
                continue;
            }
            output_text(output, is_first ? "; not as many of\n" : "");
            is_first = false;
            output_decimal(output, a->kinds[group][kind].count, 8);
            output_decimal(output, b->kinds[group][kind].count, 8);
            output_text(output, "  ");
            output_text(output, recording_group_name(record.group));
            output_char(output, ' ');
            recording_print_kind(output, &record);
            output_char(output, '\n');
        }
    }
    output_text(output, is_first ? ", as many of each kind\n" : "");
}

static void show_difference(struct diff_recording *diff)
{
    struct side *a = &diff->sides[0];
    uint64_t sequence;

    for (unsigned i = 0; i < 2; i++) {
        keep_record(&diff->sides[i]);
        count_rest(&diff->sides[i]);
    }
    sequence = a->record.sequence + (a->has_record ? 0 : 1);
    print_head(diff);
    print_context(diff, sequence);
    print_difference(diff);
    print_counts(diff);
}

/* ---- all of it ---- */

static bool open_side(struct side *side)
{
    g_autoptr(GError) error = NULL;

    side->reader = recording_reader_open(side->path, RECORDING_SCAN_INDEX, &error);
    if (side->reader == NULL) {
        fprintf(stderr, "tracedump: %s\n", error->message);
    }
    return side->reader != NULL;
}

/* Says what is wrong with a file that was read to its end. True: nothing. */
static bool check_side(const struct side *side)
{
    const char *damage = recording_reader_damage(side->reader);

    if (damage != NULL) {
        fprintf(stderr, "tracedump: %s: warning: %s\n", side->path, damage);
    }
    return damage == NULL;
}

static int compare(struct diff_recording *diff)
{
    bool is_sound = true;
    int status = DIFF_SAME;

    for (unsigned i = 0; i < 2; i++) {
        diff->sides[i].path = diff->options->paths[i];
        if (!open_side(&diff->sides[i])) {
            return DIFF_TROUBLE;
        }
    }
    if (walk_to_difference(diff)) {
        show_difference(diff);
        status = DIFF_DIFFERS;
    }
    terminal_progress_clear(&diff->options->progress);
    output_flush(diff->output);
    for (unsigned i = 0; i < 2; i++) {
        is_sound &= check_side(&diff->sides[i]);
    }
    return is_sound ? status : DIFF_TROUBLE;
}

int diff_recordings(struct output *output, struct diff_options *options)
{
    struct diff_recording diff = { .output = output, .options = options };
    int status = compare(&diff);

    for (unsigned i = 0; i < 2; i++) {
        recording_reader_close(diff.sides[i].reader);
        g_bytes_unref(diff.sides[i].payload);
        g_bytes_unref(diff.sides[i].state);
        g_bytes_unref(diff.sides[i].layout);
    }
    return status;
}
