/* SPDX-License-Identifier: GPL-2.0-or-later */
/* checkpoint_list.c - lines for checkpoints. */
#include "tracedump/checkpoint_list.h"

#include <glib.h>

#include "replay/recording_checkpoint.h"
#include "tracedump/report.h"

static void print_one(struct output *output, const struct recording_checkpoint *checkpoint)
{
    output_decimal(output, checkpoint->number, 8);
    output_text(output, "  behind turn ");
    output_decimal(output, checkpoint->turn, 0);
    output_text(output, ", ");
    report_seconds(output, checkpoint->now_ns);
    output_text(output, ", ");
    report_count(output, checkpoint->icount, "instruction");
    output_text(output, ", ");
    report_count(output, checkpoint->file_bytes, "byte");
    output_char(output, '\n');
}

void checkpoint_list_print(struct output *output, struct recording_reader *reader)
{
    struct recording_checkpoints *checkpoints = recording_checkpoints_find(reader);
    uint32_t count = recording_checkpoints_count(checkpoints);

    if (count > 0) {
        output_text(output, "\n checkpoints, for -replay FILE,from=NUMBER\n");
    }
    for (uint32_t i = 0; i < count; i++) {
        print_one(output, recording_checkpoints_at(checkpoints, i));
    }
    recording_checkpoints_free(checkpoints);
}

static bool is_whole(struct recording_checkpoints *checkpoints, uint32_t index, GError **error)
{
    const struct recording_checkpoint *checkpoint = recording_checkpoints_at(checkpoints, index);
    GBytes *state = recording_checkpoint_state(checkpoints, index, error);
    bool ok = state != NULL;

    for (uint32_t i = 0; ok && i < checkpoint->part_count; i++) {
        const uint8_t *bytes;
        unsigned kind;
        size_t size;

        ok = recording_checkpoint_load(checkpoints, index, i, &kind, &bytes, &size, error);
    }
    g_bytes_unref(state);
    return ok;
}

bool checkpoint_list_verify(struct output *output, struct recording_reader *reader)
{
    struct recording_checkpoints *checkpoints = recording_checkpoints_find(reader);
    uint32_t count = recording_checkpoints_count(checkpoints);
    uint32_t whole = 0;

    for (uint32_t i = 0; i < count; i++) {
        g_autoptr(GError) error = NULL;

        if (is_whole(checkpoints, i, &error)) {
            whole++;
        } else {
            report_label(output, "checkpoint");
            output_decimal(output, i + 1, 0);
            output_text(output, ": ");
            output_text(output, error->message);
            output_char(output, '\n');
        }
    }
    if (count > 0) {
        report_label(output, "checkpoints");
        output_decimal(output, whole, 0);
        output_text(output, " of ");
        output_decimal(output, count, 0);
        output_text(output, count == 1 ? " is whole\n" : " are whole\n");
    }
    recording_checkpoints_free(checkpoints);
    return whole == count;
}
