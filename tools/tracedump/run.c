/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run.c - the way of events from the source through the filter to a command. */
#include "tracedump/run.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "tracedump/file_kind.h"
#include "tracedump/replayed.h"

/* A file that is damaged all over isn't worth more lines. */
#define REPORTS_SHOWN 20u

void run_init(struct run *run)
{
    *run = (struct run){ .status = STATUS_UNUSABLE, .limit = UINT64_MAX };
    output_init(&run->output, 1);
}

bool run_take_path(struct run *run, int argc, char **argv)
{
    if (optind != argc - 1) {
        fprintf(stderr, "%s: expected one FILE, got %d\nTry: %s --help\n", argv[0], argc - optind,
                argv[0]);
        return false;
    }
    run->path = argv[optind];
    return true;
}

/* The output so far goes first: on a terminal the report then stands where the damage is. */
void run_report(struct run *run, enum report_kind kind, const char *text)
{
    if (kind == REPORT_DAMAGE) {
        run->status = STATUS_DAMAGED;
    }
    if (run->reports++ < REPORTS_SHOWN) {
        output_flush(&run->output);
        terminal_progress_clear(&run->progress);
        fprintf(stderr, "tracedump: %s: %s%s\n", run->path,
                kind == REPORT_DAMAGE ? "warning: " : "", text);
    }
}

static void report(enum report_kind kind, const char *text, void *opaque)
{
    run_report(opaque, kind, text);
}

static bool ignores(const struct trace_event *shape, void *opaque)
{
    struct run *run = opaque;

    return selection_ignores(&run->selection, shape) ||
           (run->ignores != NULL && selection_may_skip(&run->selection, shape) &&
            run->ignores(shape, run->ignores_opaque));
}

/* The pager owns the terminal from here on. */
static void output_begins(struct output *output, void *opaque)
{
    struct run *run = opaque;

    terminal_progress_clear(&run->progress);
    run->pager = terminal_start_pager(&output->fd);
    run->progress.wanted &= run->pager == 0;
}

/* The file is open: there will be something to see. */
static void begin_output(struct run *run)
{
    if (run->status == STATUS_UNUSABLE) {
        run->status = STATUS_FINE;
    }
    run->output.colour = terminal_wants_colour();
    if (!run->no_pager) {
        run->output.begins = output_begins;
        run->output.opaque = run;
    }
    terminal_progress_init(&run->progress);
    run->progress.wanted &= !run->no_pager;
}

bool run_open(struct run *run)
{
    bool is_recording = file_kind_of(run->path) == FILE_KIND_RECORDING;
    g_autoptr(GError) error = NULL;

    run->source = run->replays && is_recording ? replayed_open(run, report, run, &error)
                                               : source_open(run->path, report, run, &error);
    if (run->source == NULL) {
        fprintf(stderr, "tracedump: %s: %s\n", run->path, error->message);
        return false;
    }
    begin_output(run);
    if (is_recording && run->looks_inside && !run->replays) {
        run_report(run, REPORT_NOTE,
                   "a recording: what came from outside and went there; --replay shows what "
                   "happened within");
    }
    source_ignore(run->source, ignores, run);
    return true;
}

bool run_is_done(const struct run *run)
{
    return run->output.error != 0 || run->selection.over || run->seen >= run->limit;
}

void run_hand_out(struct run *run, const struct trace_event *event, run_event_fn handle,
                  void *opaque)
{
    if (terminal_progress_is_due(&run->progress)) {
        terminal_progress_show(&run->progress, source_progress(run->source));
    }
    if (selection_passes(&run->selection, event)) {
        handle(run, event, opaque);
        run->seen++;
    }
}

void run_read(struct run *run, run_event_fn event, void *opaque)
{
    const struct trace_event *next;

    while (!run_is_done(run) && (next = source_next(run->source)) != NULL) {
        run_hand_out(run, next, event, opaque);
    }
    if (!run_is_done(run)) {
        g_autofree char *unmet = selection_unmet(&run->selection);

        if (unmet != NULL) {
            run_report(run, REPORT_NOTE, unmet);
        }
    }
}

bool run_events(struct run *run, run_event_fn event, void *opaque)
{
    if (!run_open(run)) {
        return false;
    }
    run_read(run, event, opaque);
    return true;
}

struct recording_reader *run_open_recording(struct run *run, enum recording_reader_scan scan)
{
    g_autoptr(GError) error = NULL;
    struct recording_reader *reader = recording_reader_open(run->path, scan, &error);

    if (reader == NULL) {
        fprintf(stderr, "tracedump: %s\n", error->message);
        return NULL;
    }
    begin_output(run);
    return reader;
}

void run_close_recording(struct run *run, struct recording_reader *reader)
{
    if (recording_reader_damage(reader) != NULL) {
        run_report(run, REPORT_DAMAGE, recording_reader_damage(reader));
    }
    recording_reader_close(reader);
}

int run_fini(struct run *run)
{
    terminal_progress_clear(&run->progress);
    output_fini(&run->output);
    if (run->pager > 0) {
        terminal_end_pager(run->pager, run->output.fd);
    }
    if (run->reports > REPORTS_SHOWN) {
        fprintf(stderr, "tracedump: %s: and %u more\n", run->path, run->reports - REPORTS_SHOWN);
    }
    /* A reader that has seen enough (head, less) is no failure. */
    if (run->output.error != 0 && run->output.error != EPIPE) {
        fprintf(stderr, "tracedump: can't write: %s\n", g_strerror(run->output.error));
        run->status = STATUS_UNUSABLE;
    }
    source_close(run->source);
    selection_fini(&run->selection);
    return run->status;
}
