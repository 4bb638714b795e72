/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info_trace.c - tracedump info of a trace. */
#include "tracedump/info.h"
#include "tracedump/report.h"
#include "tracedump/trace_tally.h"

static void count_event(struct run *run, const struct trace_event *event, void *opaque)
{
    (void)run;
    trace_tally_add(opaque, event);
}

static uint64_t happened(const struct name_tally *entry)
{
    return entry->moments + MAX(entry->enters, entry->leaves);
}

/* The most frequent first, then by first appearance: qsort is not stable, but GPtrArray's is. */
static int compare_names(gconstpointer a, gconstpointer b)
{
    uint64_t left = happened(*(struct name_tally *const *)a);
    uint64_t right = happened(*(struct name_tally *const *)b);

    return left < right ? 1 : left > right ? -1 : 0;
}

static void print_names(struct output *output, GPtrArray *names)
{
    if (names->len > 0) {
        output_char(output, '\n');
    }
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++) {
        const struct name_tally *entry = names->pdata[i];

        output_decimal(output, happened(entry), 8);
        output_text(output, "  ");
        output_text(output, entry->name);
        output_text(output, entry->enters + entry->leaves > 0 ? " (span)\n" : "\n");
    }
}

static void print_lost(struct output *output, const struct source_facts *facts)
{
    report_label(output, "lost");
    report_count(output, facts->lost_events, "event");
    output_text(output, facts->lost_more ? " known of, or more\n" : "\n");
}

static void print_times(struct output *output, const struct trace_tally *tally)
{
    report_label(output, "turns");
    output_decimal(output, tally->turns, 0);
    output_text(output, ", from ");
    output_decimal(output, tally->first.turn, 0);
    output_text(output, " to ");
    output_decimal(output, tally->last.turn, 0);
    output_char(output, '\n');
    report_label(output, "virtual time");
    report_seconds(output, tally->first.now_ns);
    output_text(output, " to ");
    report_seconds(output, tally->last.now_ns);
    output_char(output, '\n');
    report_label(output, "host time");
    report_seconds(output, tally->last.host_ns - MIN(tally->first.host_ns, tally->last.host_ns));
    output_text(output, " from the first event to the last\n");
}

static void print_counts(struct output *output, const struct trace_tally *tally)
{
    report_label(output, "events");
    report_count(output, tally->events, "event");
    output_text(output, ", ");
    report_count(output, tally->spans_begun + tally->spans_too_deep, "span");
    output_text(output, " among them\n");
    if (tally->sessions > 1) {
        report_label(output, "sessions");
        output_decimal(output, tally->sessions, 0);
        output_char(output, '\n');
    }
    if (tally->events > 0) {
        print_times(output, tally);
    }
}

void info_trace(struct run *run, enum file_kind kind)
{
    struct output *output = &run->output;
    const struct source_facts *facts;
    struct trace_tally tally;

    trace_tally_init(&tally);
    if (run_events(run, count_event, &tally)) {
        facts = source_facts(run->source);
        report_text(output, "kind", kind == FILE_KIND_CTF ? "LTTng trace (CTF)" : "native trace");
        report_untrusted(output, "program", facts->program != NULL ? facts->program : "not said");
        report_untrusted(output, "build",
                         facts->build_id != NULL && *facts->build_id != '\0' ? facts->build_id
                                                                             : "not said");
        print_counts(output, &tally);
        print_lost(output, facts);
        print_names(output, tally.names);
    }
    trace_tally_fini(&tally);
}
