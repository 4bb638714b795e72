/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recording_tally.h - how many records a recording has of each kind. */
#ifndef REPLUG_TRACEDUMP_RECORDING_TALLY_H
#define REPLUG_TRACEDUMP_RECORDING_TALLY_H

#include "replay/recording_reader.h"
#include "tracedump/terminal.h"

struct kind_tally {
    uint64_t count;
    uint64_t bytes; /* of payloads */
};

struct recording_tally {
    struct kind_tally kinds[RECORDING_GROUP_COUNT][RECORDING_KINDS_MAX];
    uint64_t records;
    uint64_t unknown; /* records of kinds that this version doesn't know */
    uint64_t whole_turns;
    uint64_t last_whole_turn;
    uint64_t frame_offset; /* of the last record */
    uint64_t turns_before; /* whole_turns and last_whole_turn in front of that frame */
    uint64_t last_turn_before;
    bool in_turn; /* the last one has no end */
    uint64_t last_turn;
    uint64_t last_ns;
    uint64_t last_icount;
};

/* Counts one more record. */
void recording_tally_add(struct recording_tally *tally, const struct recording_record *record);

/* Without the turns that end in the last frame, if that turned out to be damaged at its end. */
void recording_tally_settle(struct recording_tally *tally, const struct recording_reader *reader);

/* All that the reader still gives; starts from nothing. */
void recording_tally_all(struct recording_tally *tally, struct recording_reader *reader,
                         struct terminal_progress *progress);

/* How much of the file has been read, of 1000. */
int recording_permille(const struct recording_reader *reader);

#endif
