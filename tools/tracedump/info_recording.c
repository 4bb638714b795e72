/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info_recording.c - tracedump info of a recording. */
#include <inttypes.h>
#include <stdio.h>

#include "tracedump/checkpoint_list.h"
#include "tracedump/info.h"
#include "tracedump/recording_tally.h"
#include "tracedump/report.h"
#include "tracedump/words.h"

static void print_hex64(struct output *output, const char *label, uint64_t number)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%016" PRIx64, number);
    report_text(output, label, text);
}

/* As a shell takes it. */
static void print_arguments(struct output *output, char *const *arguments)
{
    report_label(output, "arguments");
    for (char *const *at = arguments; *at != NULL; at++) {
        g_autofree char *quoted =
            strpbrk(*at, " \t\n\\\"'`$&|;<>()*?[]#~!{}") != NULL || **at == '\0'
                ? g_shell_quote(*at)
                : g_strdup(*at);

        output_text(output, at == arguments ? "" : " ");
        output_plain(output, quoted, strlen(quoted));
    }
    output_char(output, '\n');
}

static void print_header(struct output *output, const struct recording_header *header,
                         unsigned minor)
{
    struct words words = { .output = output };
    char format[48];

    (void)snprintf(format, sizeof(format), "recording, format %d.%u", RECORDING_FORMAT_MAJOR,
                   minor);
    report_text(output, "kind", format);
    report_untrusted(output, "program", header->program);
    report_untrusted(output, "build", *header->build_id != '\0' ? header->build_id : "not said");
    print_arguments(output, header->arguments);
    report_label(output, "recorded");
    words_time(&words, header->realtime_us);
    output_char(output, '\n');
    print_hex64(output, "schema", header->schema);
}

static void print_totals(struct output *output, const struct recording_totals *totals,
                         const struct recording_tally *tally)
{
    report_label(output, "size");
    report_count(output, totals->file_bytes, "byte");
    output_text(output, ", ");
    report_count(output, totals->frame_count, "frame");
    output_text(output, " of records, ");
    report_count(output, totals->raw_bytes, "byte");
    output_text(output, " decompressed\n");
    report_label(output, "turns");
    output_decimal(output, tally->whole_turns, 0);
    if (tally->whole_turns > 0) {
        output_text(output, ", the last is ");
        output_decimal(output, tally->last_whole_turn, 0);
    }
    output_char(output, '\n');
    report_label(output, "virtual time");
    report_seconds(output, tally->last_ns);
    if (tally->last_icount != 0) {
        output_text(output, ", ");
        report_count(output, tally->last_icount, "instruction");
    }
    output_char(output, '\n');
    if (totals->state_digest != 0) {
        print_hex64(output, "state digest", totals->state_digest);
    } else {
        report_text(output, "state digest", "not known");
    }
    report_text(output, "complete",
                totals->has_end ? "yes" : "no: what is missing is said on stderr");
}

static void print_kind(struct output *output, enum recording_group group, unsigned kind,
                       const struct kind_tally *entry)
{
    const char *name = recording_kind_name(group, kind);
    char unknown[16];

    (void)snprintf(unknown, sizeof(unknown), "kind %u", kind);
    output_decimal(output, entry->count, 8);
    output_decimal(output, entry->bytes, 14);
    output_text(output, "  ");
    output_text(output, name != NULL ? name : unknown);
    output_char(output, '\n');
}

static void print_kinds(struct output *output, const struct recording_tally *tally,
                        enum recording_group group, const char *title)
{
    bool is_empty = true;

    for (unsigned kind = 0; kind < RECORDING_KINDS_MAX; kind++) {
        const struct kind_tally *entry = &tally->kinds[group][kind];

        if (entry->count == 0) {
            continue;
        }
        if (is_empty) {
            output_text(output, title);
            is_empty = false;
        }
        print_kind(output, group, kind, entry);
    }
}

void info_recording(struct run *run)
{
    struct recording_reader *reader = run_open_recording(run, RECORDING_SCAN_CHECKSUMS);
    struct output *output = &run->output;
    struct recording_totals totals;
    struct recording_tally tally;

    if (reader == NULL) {
        return;
    }
    recording_tally_all(&tally, reader, &run->progress);
    recording_reader_totals(reader, &totals);
    print_header(output, recording_reader_header(reader), totals.minor);
    print_totals(output, &totals, &tally);
    print_kinds(output, &tally, RECORDING_GROUP_TURN, "\n   turns         bytes\n");
    print_kinds(output, &tally, RECORDING_GROUP_INPUT, "\n  inputs         bytes\n");
    print_kinds(output, &tally, RECORDING_GROUP_EFFECT, "\n effects         bytes\n");
    output_text(output, "\n changes of state: ");
    report_count(output, tally.kinds[RECORDING_GROUP_END][0].bytes, "byte");
    output_char(output, '\n');
    checkpoint_list_print(output, reader);
    run_close_recording(run, reader);
}
