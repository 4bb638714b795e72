/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verify_recording.c - tracedump verify of a recording. The reader checks frames, records and digests;
 * here it is made to read everything, and asked what it found.
 */
#include <inttypes.h>
#include <stdio.h>

#include "tracedump/checkpoint_list.h"
#include "tracedump/recording_tally.h"
#include "tracedump/report.h"
#include "tracedump/verify.h"

static void print_parts(struct output *output, const struct recording_totals *totals,
                        const struct recording_tally *tally)
{
    const char *missing =
        totals->sound_bytes == totals->file_bytes ? "missing" : "missing, or behind the damage";
    char digest[24];

    report_label(output, "frames");
    report_count(output, totals->frame_count, "frame");
    output_text(output, " of records, ");
    output_decimal(output, totals->sound_bytes, 0);
    output_text(output, " of ");
    report_count(output, totals->file_bytes, "byte");
    output_text(output, totals->file_bytes == 1 ? " is sound\n" : " are sound\n");
    report_label(output, "records");
    report_count(output, tally->records, "record");
    output_text(output, " in ");
    report_count(output, tally->whole_turns, "whole turn");
    output_char(output, '\n');
    (void)snprintf(digest, sizeof(digest), "%016" PRIx64, totals->state_digest);
    report_text(output, "state digest", totals->state_digest != 0 ? digest : "not known");
    report_text(output, "index",
                totals->has_index ? "there, and right"
                : totals->has_end ? "none"
                                  : missing);
    report_text(output, "end", totals->has_end ? "there" : missing);
}

static void print_notes(struct output *output, const struct recording_totals *totals,
                        const struct recording_tally *tally)
{
    if (totals->minor > RECORDING_FORMAT_MINOR || tally->unknown > 0) {
        report_label(output, "note");
        output_text(output, "format 1.");
        output_decimal(output, totals->minor, 0);
        output_text(output, ", with ");
        report_count(output, tally->unknown, "record");
        output_text(output, " of kinds that this version does not know\n");
    }
    if (tally->in_turn) {
        report_label(output, "missing");
        output_text(output, "the end of turn ");
        output_decimal(output, tally->last_turn, 0);
        output_text(output, ", which does not count therefore\n");
    }
}

static void print_result(struct run *run, const struct recording_totals *totals,
                         const struct recording_tally *tally, const char *damage)
{
    struct output *output = &run->output;
    bool is_cut = totals->sound_bytes == totals->file_bytes;

    if (damage != NULL) {
        report_untrusted(output, is_cut ? "missing" : "damage", damage);
    }
    report_label(output, "result");
    if (damage == NULL && !tally->in_turn) {
        output_text(output, "whole\n");
        return;
    }
    run->status = STATUS_DAMAGED;
    output_text(output, is_cut ? "incomplete" : "damaged");
    if (tally->whole_turns == 0) {
        run->status = STATUS_UNUSABLE;
        output_text(output, ": there is no whole turn\n");
        return;
    }
    output_text(output, ", usable up to the end of turn ");
    output_decimal(output, tally->last_whole_turn, 0);
    output_char(output, '\n');
}

void verify_recording(struct run *run)
{
    struct recording_reader *reader = run_open_recording(run, RECORDING_SCAN_CHECKSUMS);
    struct recording_totals totals;
    struct recording_tally tally;
    bool are_whole;

    if (reader == NULL) {
        return;
    }
    recording_tally_all(&tally, reader, &run->progress);
    recording_reader_totals(reader, &totals);
    print_parts(&run->output, &totals, &tally);
    print_notes(&run->output, &totals, &tally);
    are_whole = checkpoint_list_verify(&run->output, reader);
    print_result(run, &totals, &tally, recording_reader_damage(reader));
    if (!are_whole && run->status == STATUS_FINE) {
        run->status = STATUS_DAMAGED;
    }
    recording_reader_close(reader);
}
