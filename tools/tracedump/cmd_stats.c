/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_stats.c - tracedump stats: how often each event happened and how long its spans took. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracedump/command.h"
#include "tracedump/command_options.h"
#include "tracedump/histogram.h"
#include "tracedump/nesting.h"
#include "tracedump/print_json.h"
#include "tracedump/report.h"
#include "tracedump/run.h"

/* Only a hostile trace has more kinds of spans; the rest has counts alone. */
#define HISTOGRAMS_MAX 2000u

struct row {
    const char *name;
    uint64_t count; /* of instants, or of spans that were entered */
    bool is_span;
    struct histogram *took; /* ns of the host's time; NULL: none is known */
    guint order;            /* of first appearance */
};

enum sort { SORT_COUNT, SORT_TOTAL, SORT_MAX, SORT_NAME };

struct stats {
    struct nesting nesting;
    GHashTable *row_of; /* name's address -> struct row, owned by rows */
    GPtrArray *rows;
    unsigned histograms;
    const struct trace_event *leave;
    bool json;
    enum sort sort;
};

static void row_free(gpointer row)
{
    g_free(((struct row *)row)->took);
    g_free(row);
}

static struct row *row_of(struct stats *stats, const char *name)
{
    struct row *row = g_hash_table_lookup(stats->row_of, name);

    if (row == NULL) {
        row = g_new0(struct row, 1);
        row->name = name;
        row->order = stats->rows->len;
        g_ptr_array_add(stats->rows, row);
        g_hash_table_insert(stats->row_of, (gpointer)name, row);
    }
    return row;
}

static void span_closed(const struct open_span *span, void *opaque)
{
    struct stats *stats = opaque;
    struct row *row;

    if (stats->leave == NULL || stats->leave->host_ns < span->host_ns ||
        stats->leave->host_ns == 0) {
        return; /* Its end is not in the trace; or it is a recording's, which has no host time. */
    }
    row = row_of(stats, span->name);
    if (row->took == NULL && stats->histograms < HISTOGRAMS_MAX) {
        row->took = g_new0(struct histogram, 1);
        stats->histograms++;
    }
    if (row->took != NULL) {
        histogram_add(row->took, stats->leave->host_ns - span->host_ns);
    }
}

static void stats_event(struct run *run, const struct trace_event *event, void *opaque)
{
    struct stats *stats = opaque;

    (void)run;
    nesting_advance(&stats->nesting, event);
    if (event->phase == EVENT_LEAVE) {
        stats->leave = event;
        nesting_leave(&stats->nesting, event);
        stats->leave = NULL;
        return;
    }
    row_of(stats, event->name)->count++;
    if (event->phase == EVENT_ENTER) {
        row_of(stats, event->name)->is_span = true;
        (void)nesting_enter(&stats->nesting, event); /* Spans that are too deep have no time. */
    }
}

static int compare_numbers(uint64_t a, uint64_t b)
{
    return a < b ? 1 : a > b ? -1 : 0;
}

static int compare_rows(gconstpointer a, gconstpointer b, gpointer opaque)
{
    const struct row *left = *(struct row *const *)a, *right = *(struct row *const *)b;
    const struct histogram none = { 0 };
    const struct histogram *took_left = left->took != NULL ? left->took : &none;
    const struct histogram *took_right = right->took != NULL ? right->took : &none;
    int order = 0;

    switch (((const struct stats *)opaque)->sort) {
    case SORT_COUNT: order = compare_numbers(left->count, right->count); break;
    case SORT_TOTAL: order = compare_numbers(took_left->sum, took_right->sum); break;
    case SORT_MAX: order = compare_numbers(took_left->max, took_right->max); break;
    case SORT_NAME: order = strcmp(left->name, right->name); break;
    }
    return order != 0 ? order : left->order < right->order ? -1 : 1;
}

static void print_cell(struct output *output, const char *text)
{
    output_spaces(output, strlen(text) < 9 ? 9 - (unsigned)strlen(text) : 1);
    output_text(output, text);
}

static void print_duration(struct output *output, uint64_t ns)
{
    char text[REPORT_DURATION_MAX];

    report_duration(text, ns);
    print_cell(output, text);
}

static void print_row(struct output *output, const struct row *row)
{
    static const unsigned quantiles[] = { 500, 900, 990 };

    output_decimal(output, row->count, 10);
    if (row->took != NULL) {
        print_duration(output, row->took->sum);
        print_duration(output, row->took->min);
        for (size_t i = 0; i < G_N_ELEMENTS(quantiles); i++) {
            print_duration(output, histogram_quantile(row->took, quantiles[i]));
        }
        print_duration(output, row->took->max);
    } else {
        for (unsigned i = 0; i < 6; i++) {
            print_cell(output, row->is_span ? "?" : "-");
        }
    }
    output_text(output, "  ");
    output_text(output, row->name);
    output_char(output, '\n');
}

static void print_json_row(struct output *output, const struct row *row)
{
    output_text(output, "{\"event\":");
    json_text(output, row->name, strlen(row->name));
    json_member(output, "count", row->count);
    if (row->took != NULL) {
        json_member(output, "ended", row->took->count);
        json_member(output, "total_ns", row->took->sum);
        json_member(output, "min_ns", row->took->min);
        json_member(output, "p50_ns", histogram_quantile(row->took, 500));
        json_member(output, "p90_ns", histogram_quantile(row->took, 900));
        json_member(output, "p99_ns", histogram_quantile(row->took, 990));
        json_member(output, "max_ns", row->took->max);
    }
    output_text(output, "}\n");
}

static void print_rows(struct run *run, struct stats *stats)
{
    g_ptr_array_sort_with_data(stats->rows, compare_rows, stats);
    if (!stats->json) {
        output_text(&run->output,
                    "     count    total      min      50%      90%      99%      max  event\n");
    }
    for (guint i = 0; i < stats->rows->len && run->output.error == 0; i++) {
        (stats->json ? print_json_row : print_row)(&run->output, stats->rows->pdata[i]);
    }
}

static bool parse_options(int argc, char **argv, struct run *run, struct stats *stats)
{
    static const char *const sorts[] = { "count", "total", "max", "name", NULL };
    const struct command_option options[] = {
        { .name = "sort", .kind = OPTION_CHOICE, .value = &stats->sort, .choices = sorts },
        { .name = "json", .kind = OPTION_FLAG, .value = &stats->json },
        { 0 },
    };

    return command_options_take(run, argc, argv, OPTIONS_FILTER | OPTIONS_RANGE | OPTIONS_REPLAY,
                                options);
}

static int stats_run(int argc, char **argv)
{
    struct stats stats = { .nesting = { .closed = span_closed, .opaque = &stats } };
    struct run run;

    run_init(&run);
    stats.row_of = g_hash_table_new(NULL, NULL);
    stats.rows = g_ptr_array_new_with_free_func(row_free);
    if (parse_options(argc, argv, &run, &stats) && run_take_path(&run, argc, argv) &&
        run_events(&run, stats_event, &stats)) {
        nesting_finish(&stats.nesting);
        print_rows(&run, &stats);
    }
    g_hash_table_unref(stats.row_of);
    g_ptr_array_unref(stats.rows);
    return run_fini(&run);
}

const struct command command_stats = {
    .name = "stats",
    .summary = "counts events and says how long spans took, with percentiles",
    .help =
        "usage: tracedump stats [--sort KEY] [--json] [--filter FILTER]... [--from WHEN] [--to WHEN]\n"
        "                       [--replay] FILE\n\n"
        "Prints how often each event happened and, of spans, what they took of the host's time: in\n"
        "all, the shortest, half of them at most, 90 and 99 of 100 at most, the longest. Percentiles\n"
        "are exact below 64 ns and else at most 3.2 % too high. '-': it is no span; '?': no end of\n"
        "such a span is in the trace.\n\n"
        "  --sort KEY       count (the default), total, max or name\n"
        "  --json           each event is a line of JSON, times in ns\n"
        "  --filter FILTER  only events that pass (tracedump help filter)\n"
        "  --from WHEN      from there on: turn=12, 1.5s, or a filter that means an event\n"
        "  --to WHEN        up to there\n"
        "  --replay         replays a recording for its trace: what happened within\n\n"
        "Examples:\n"
        "  tracedump stats --sort total out.rpt\n"
        "  tracedump stats --filter 'within qmp_device_add(id=dimm0)' out.rpt\n",
    .run = stats_run,
};
