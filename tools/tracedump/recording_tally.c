/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recording_tally.c - counts records in one pass. */
#include "tracedump/recording_tally.h"

#include "base/invariant.h"

void recording_tally_add(struct recording_tally *tally, const struct recording_record *record)
{
    struct kind_tally *entry;

    invariant(record->kind < RECORDING_KINDS_MAX);
    entry = &tally->kinds[record->group][record->kind];
    entry->count++;
    entry->bytes += record->payload_bytes;
    tally->records++;
    if (record->frame_offset != tally->frame_offset) {
        tally->frame_offset = record->frame_offset;
        tally->turns_before = tally->whole_turns;
        tally->last_turn_before = tally->last_whole_turn;
    }
    if (recording_kind_name(record->group, record->kind) == NULL) {
        tally->unknown++;
    }
    if (record->group == RECORDING_GROUP_TURN) {
        tally->in_turn = true;
        tally->last_turn = record->turn;
        tally->last_ns = record->now_ns;
        tally->last_icount = record->icount;
    } else if (record->group == RECORDING_GROUP_END) {
        tally->in_turn = false;
        tally->whole_turns++;
        tally->last_whole_turn = record->turn;
    }
}

void recording_tally_settle(struct recording_tally *tally, const struct recording_reader *reader)
{
    struct recording_totals totals;

    recording_reader_totals(reader, &totals);
    if (tally->records > 0 && totals.sound_bytes <= tally->frame_offset) {
        tally->whole_turns = tally->turns_before;
        tally->last_whole_turn = tally->last_turn_before;
    }
}

int recording_permille(const struct recording_reader *reader)
{
    struct recording_totals totals;

    recording_reader_totals(reader, &totals);
    return totals.file_bytes == 0
               ? 0
               : (int)(recording_reader_position(reader) * 1000 / totals.file_bytes);
}

void recording_tally_all(struct recording_tally *tally, struct recording_reader *reader,
                         struct terminal_progress *progress)
{
    struct recording_record record;

    *tally = (struct recording_tally){ 0 };
    while (recording_reader_next(reader, &record)) {
        recording_tally_add(tally, &record);
        if (terminal_progress_is_due(progress)) {
            terminal_progress_show(progress, recording_permille(reader));
        }
    }
    terminal_progress_clear(progress);
    recording_tally_settle(tally, reader);
}
