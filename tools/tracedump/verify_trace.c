/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify_trace.c - tracedump verify of a trace. */
#include <stdio.h>

#include "tracedump/report.h"
#include "tracedump/trace_tally.h"
#include "tracedump/verify.h"

/* A file that is damaged all over isn't worth more lines. */
#define FINDINGS_SHOWN 20u

struct verify {
    struct output *output;
    uint64_t damages;
    uint64_t losses;
    uint64_t findings;
};

static void found(enum report_kind kind, const char *text, void *opaque)
{
    struct verify *verify = opaque;

    verify->damages += kind == REPORT_DAMAGE;
    verify->losses += kind == REPORT_LOST;
    if (verify->findings++ < FINDINGS_SHOWN) {
        report_untrusted(verify->output,
                         kind == REPORT_DAMAGE ? "damage"
                         : kind == REPORT_LOST ? "missing"
                                               : "note",
                         text);
    }
}

static void print_spans(struct output *output, const struct trace_tally *tally)
{
    report_label(output, "spans");
    output_decimal(output, tally->spans_begun, 0);
    output_text(output, " begun, ");
    output_decimal(output, tally->spans_begun - tally->spans_ended, 0);
    output_text(output, " of them without an end, ");
    output_decimal(output, tally->leaves_strange, 0);
    output_text(output, " ends of others");
    if (tally->spans_too_deep > 0) {
        output_text(output, "; not followed beyond 256 levels: ");
        output_decimal(output, tally->spans_too_deep, 0);
    }
    output_char(output, '\n');
}

static void print_checks(struct output *output, const struct trace_tally *tally,
                         const struct verify *verify)
{
    if (verify->findings > FINDINGS_SHOWN) {
        report_label(output, "and");
        output_decimal(output, verify->findings - FINDINGS_SHOWN, 0);
        output_text(output, " more\n");
    }
    report_label(output, "events");
    report_count(output, tally->events, "event");
    output_text(output, " in ");
    report_count(output, tally->turns, "turn");
    output_char(output, '\n');
    report_label(output, "sequence");
    report_count(output, tally->missing, "number");
    output_text(output, " missing\n");
    print_spans(output, tally);
}

static void print_result(struct run *run, const struct trace_tally *tally,
                         const struct verify *verify)
{
    struct output *output = &run->output;

    report_label(output, "result");
    if (verify->damages == 0 && verify->losses == 0) {
        output_text(output, "whole\n");
        return;
    }
    run->status = STATUS_DAMAGED;
    output_text(output, verify->damages > 0 ? "damaged" : "incomplete");
    if (tally->events == 0) {
        output_text(output, ": no event can be read\n");
        return;
    }
    output_text(output, ", usable: ");
    report_count(output, tally->events, "event");
    output_text(output, ", the last is ");
    output_decimal(output, tally->last.sequence, 0);
    output_text(output, " in turn ");
    output_decimal(output, tally->last.turn, 0);
    output_char(output, '\n');
}

void verify_trace(struct run *run)
{
    struct verify verify = { .output = &run->output };
    g_autoptr(GError) error = NULL;
    const struct trace_event *event;
    struct trace_tally tally;

    run->source = source_open(run->path, found, &verify, &error);
    if (run->source == NULL) {
        fprintf(stderr, "tracedump: %s: %s\n", run->path, error->message);
        return;
    }
    run->status = STATUS_FINE;
    trace_tally_init(&tally);
    terminal_progress_init(&run->progress);
    while ((event = source_next(run->source)) != NULL) {
        trace_tally_add(&tally, event);
        if (terminal_progress_is_due(&run->progress)) {
            terminal_progress_show(&run->progress, source_progress(run->source));
        }
    }
    terminal_progress_clear(&run->progress);
    print_checks(&run->output, &tally, &verify);
    print_result(run, &tally, &verify);
    trace_tally_fini(&tally);
}
