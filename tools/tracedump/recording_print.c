/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recording_print.c - context, group and kind of a record, then its payload in words. */
#include "tracedump/recording_print.h"

#include "replay/recording_reader.h"
#include "tracedump/recording_words.h"

#define TURN_WIDTH 8
#define TIME_WIDTH 12

void recording_print_kind(struct output *output, const struct recording_record *record)
{
    const char *name = recording_kind_name(record->group, record->kind);

    if (name != NULL) {
        output_text(output, name);
    } else {
        output_text(output, "kind ");
        output_decimal(output, record->kind, 0);
    }
}

static void print_turn(struct output *output, const struct recording_record *record)
{
    output_text(output, "turn ");
    output_decimal(output, record->turn, TURN_WIDTH);
    output_char(output, ' ');
    output_decimal(output, record->now_ns, TIME_WIDTH);
    output_text(output, " ns ");
    if (record->icount != 0) {
        output_decimal(output, record->icount, TIME_WIDTH);
        output_text(output, " instructions ");
    }
    output_text(output, "vcpu ");
    if (record->vcpu == RECORDING_VCPU_NONE) {
        output_char(output, '-');
    } else {
        output_decimal(output, record->vcpu, 0);
    }
    output_char(output, ' ');
}

void recording_print(struct output *output, const struct recording_record *record, bool full)
{
    if (record->group == RECORDING_GROUP_TURN) {
        print_turn(output, record);
    } else {
        output_text(output, "    ");
        output_text(output, recording_group_name(record->group));
        output_text(output, record->group == RECORDING_GROUP_END ? "" : " ");
    }
    recording_print_kind(output, record);
    if (record->payload_bytes > 0 || record->group != RECORDING_GROUP_TURN) {
        output_text(output, ": ");
        recording_words(output, record, full);
    }
}
