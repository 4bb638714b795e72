/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_irq.c - tracedump irq: what each interrupt line did at each hop from the device to the CPU. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracedump/command.h"
#include "tracedump/command_options.h"
#include "tracedump/irq_lines.h"
#include "tracedump/print_json.h"
#include "tracedump/report.h"
#include "tracedump/run.h"

struct show_irq {
    struct irq_lines *lines;
    uint64_t storm_raises;
    bool json;
};

static void handle_event(struct run *run, const struct trace_event *event, void *opaque)
{
    (void)run;
    irq_lines_event(((struct show_irq *)opaque)->lines, event);
}

static bool is_ignored(const struct trace_event *shape, void *opaque)
{
    return irq_lines_ignore(((struct show_irq *)opaque)->lines, shape);
}

static void print_line(struct output *output, const struct irq_line *line)
{
    const struct irq_hop *hop = &irq_hops[line->hop];
    g_autofree char *name =
        line->within == IRQ_HOP_NONE
            ? g_strdup(hop->event)
            : g_strdup_printf("%s < %s", hop->event, irq_hops[line->within].event);

    output_text(output, name);
    output_spaces(output, strlen(name) < 36 ? 36 - (unsigned)strlen(name) : 1);
    if (hop->line != NULL) {
        output_decimal(output, line->number, 5);
    } else {
        output_text(output, "    -");
    }
    output_decimal(output, line->count, 10);
    if (hop->level != NULL) {
        output_decimal(output, line->raised, 9);
        output_decimal(output, line->lowered, 9);
        output_decimal(output, line->repeated, 9);
    } else {
        output_text(output, "        -        -        -");
    }
    if (strcmp(hop->event, "kvm_set_irq") == 0) {
        output_decimal(output, line->coalesced, 10);
    } else {
        output_text(output, "         -");
    }
    output_decimal(output, line->peak, 8);
    output_decimal(output, line->storms, 8);
    if (line->storms > 0) {
        output_text(output, "  the first at ");
        report_seconds(output, line->first_storm_ns);
    }
    output_char(output, '\n');
}

static void print_json_line(struct output *output, const struct irq_line *line)
{
    const struct irq_hop *hop = &irq_hops[line->hop];

    output_text(output, "{\"hop\":");
    json_text(output, hop->event, strlen(hop->event));
    if (line->within != IRQ_HOP_NONE) {
        json_member_text(output, "within", irq_hops[line->within].event);
    }
    if (hop->line != NULL) {
        json_member(output, "line", line->number);
    }
    json_member(output, "count", line->count);
    if (hop->level != NULL) {
        json_member(output, "raised", line->raised);
        json_member(output, "lowered", line->lowered);
        json_member(output, "repeated", line->repeated);
    }
    if (strcmp(hop->event, "kvm_set_irq") == 0) {
        json_member(output, "coalesced", line->coalesced);
    }
    json_member(output, "peak", line->peak);
    json_member(output, "storms", line->storms);
    if (line->storms > 0) {
        json_member(output, "first_storm_ns", line->first_storm_ns);
    }
    output_text(output, "}\n");
}

static void print_lines(struct run *run, const struct show_irq *show)
{
    g_autoptr(GPtrArray) lines = irq_lines_sorted(show->lines);

    if (!show->json && lines->len > 0) {
        output_text(&run->output, "hop                                  line     count   raised  "
                                  "lowered repeated coalesced    peak  storms\n");
    }
    for (guint i = 0; i < lines->len && run->output.error == 0; i++) {
        (show->json ? print_json_line : print_line)(&run->output, lines->pdata[i]);
    }
    if (irq_lines_beyond(show->lines) > 0) {
        run_report(run, REPORT_NOTE, "there are more than 4096 lines; the rest is left out");
    }
    if (lines->len == 0) {
        run_report(run, REPORT_NOTE, "no event is a hop of an interrupt");
    }
}

static bool parse_options(int argc, char **argv, struct run *run, struct show_irq *show)
{
    const struct command_option options[] = {
        { .name = "storm", .kind = OPTION_COUNT, .value = &show->storm_raises },
        { .name = "json", .kind = OPTION_FLAG, .value = &show->json },
        { 0 },
    };

    return command_options_take(run, argc, argv, OPTIONS_FILTER | OPTIONS_RANGE | OPTIONS_INSIDE,
                                options);
}

static int irq_run(int argc, char **argv)
{
    struct show_irq show = { .storm_raises = IRQ_STORM_RAISES_DEFAULT };
    struct run run;

    run_init(&run);
    if (parse_options(argc, argv, &run, &show) && run_take_path(&run, argc, argv)) {
        show.lines = irq_lines_create(show.storm_raises);
        run.ignores = is_ignored;
        run.ignores_opaque = &show;
        if (run_events(&run, handle_event, &show)) {
            print_lines(&run, &show);
        }
        irq_lines_destroy(show.lines);
    }
    return run_fini(&run);
}

const struct command command_irq = {
    .name = "irq",
    .summary = "counts what each interrupt line did at each hop",
    .help =
        "usage: tracedump irq [--storm N] [--json] [--filter FILTER]... [--from WHEN] [--to WHEN]\n"
        "                     [--replay] FILE\n\n"
        "Prints a row for each hop of the way from a device to a CPU and each line there: how often\n"
        "it was set, how often that raised it, lowered it, or repeated the level that it had; for\n"
        "kvm_set_irq, how often KVM had it pending already. 'A < B' is A inside of B. The peak is\n"
        "the most raises (without a level: events) in 10 ms of virtual time; a storm is a window of\n"
        "10 ms with N of them or more.\n\n"
        "  --storm N        what is a storm (100)\n"
        "  --json           each line is a line of JSON\n"
        "  --filter FILTER  only events that pass (tracedump help filter)\n"
        "  --from WHEN      from there on: turn=12, 1.5s, or a filter that means an event\n"
        "  --to WHEN        up to there\n"
        "  --replay         replays a recording for its trace: what happened within\n\n"
        "Examples:\n"
        "  tracedump irq out.rpt\n"
        "  tracedump irq --filter 'gsi=9 or pin=9 or irq=9' out.rpt\n",
    .run = irq_run,
};
