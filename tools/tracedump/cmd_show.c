/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_show.c - tracedump show: one event a line. */

#include "tracedump/command.h"
#include "tracedump/command_options.h"
#include "tracedump/nesting.h"
#include "tracedump/print_json.h"
#include "tracedump/print_text.h"
#include "tracedump/run.h"

struct show {
    bool tree;
    bool host_time;
    bool json;
    struct nesting nesting;
    bool line_is_open;  /* tree: the last line is an enter, and its leave may still join it */
    uint64_t open_span; /* that enter's sequence */
};

static void show_json(struct run *run, const struct trace_event *event, void *opaque)
{
    const struct show *show = opaque;

    print_json(&run->output, event, show->host_time);
}

static void show_flat(struct run *run, const struct trace_event *event, void *opaque)
{
    const struct show *show = opaque;

    print_context(&run->output, event, show->host_time);
    output_char(&run->output, ' ');
    print_event(&run->output, event);
    output_char(&run->output, '\n');
}

static void end_open_line(struct run *run, struct show *show)
{
    if (show->line_is_open) {
        output_char(&run->output, '\n');
        show->line_is_open = false;
    }
}

static void show_in_tree(struct run *run, const struct trace_event *event, void *opaque)
{
    struct show *show = opaque;
    unsigned depth;

    nesting_advance(&show->nesting, event);
    if (event->phase == EVENT_LEAVE) {
        nesting_leave(&show->nesting, event);
        if (show->line_is_open && show->open_span == event->span) {
            output_text(&run->output, " <--");
            print_fields(&run->output, event);
            end_open_line(run, show);
            return;
        }
    }
    end_open_line(run, show);
    depth = show->nesting.depth;
    print_context(&run->output, event, show->host_time);
    output_spaces(&run->output, 1 + 2 * depth);
    print_event(&run->output, event);
    if (event->phase == EVENT_ENTER) {
        nesting_enter(&show->nesting, event);
        show->open_span = event->sequence;
    }
    show->line_is_open = true;
    if (event->phase != EVENT_ENTER) {
        end_open_line(run, show);
    }
}

static bool parse_options(int argc, char **argv, struct run *run, struct show *show)
{
    const struct command_option options[] = {
        { .name = "tree", .kind = OPTION_FLAG, .value = &show->tree },
        { .name = "host-time", .kind = OPTION_FLAG, .value = &show->host_time },
        { .name = "json", .kind = OPTION_FLAG, .value = &show->json },
        { .name = "limit", .kind = OPTION_COUNT, .value = &run->limit },
        { 0 },
    };

    return command_options_take(run, argc, argv, OPTIONS_FILTER | OPTIONS_RANGE | OPTIONS_REPLAY,
                                options);
}

static int show_run(int argc, char **argv)
{
    struct show show = { 0 };
    struct run run;

    run_init(&run);
    if (parse_options(argc, argv, &run, &show) && run_take_path(&run, argc, argv)) {
        run_events(&run, show.json ? show_json : show.tree ? show_in_tree : show_flat, &show);
        end_open_line(&run, &show);
    }
    return run_fini(&run);
}

const struct command command_show = {
    .name = "show",
    .summary = "prints the events, one a line",
    .help =
        "usage: tracedump show [--tree] [--filter FILTER]... [--from WHEN] [--to WHEN]\n"
        "                      [--json] [--limit N] [--host-time] [--replay] FILE\n\n"
        "Prints one event a line, in the order in which they happened: its sequence, its turn, the\n"
        "virtual time, the vCPU it concerns, its name and fields. A span has two lines: it begins\n"
        "with --> and ends with <--.\n\n"
        "  --tree           indents by nesting; a span with nothing inside takes one line\n"
        "  --filter FILTER  only events that pass: names and conditions, see tracedump help filter;\n"
        "                   of several filters one is enough\n"
        "  --from WHEN      from there on: turn=12, 1.5s, or a filter that means an event\n"
        "  --to WHEN        up to there\n"
        "  --json           each event is a line of JSON\n"
        "  --limit N        ends behind that many events\n"
        "  --host-time      adds the host's monotonic time, which differs from run to run\n"
        "  --replay         replays a recording for its trace: what happened within\n\n"
        "Examples:\n"
        "  tracedump show out.rpt\n"
        "  tracedump show --tree --filter 'pc_dimm_*,kvm_*' out.rpt\n"
        "  tracedump show --from 'qmp_device_add id=dimm0' --to acpi_device_ost out.rpt\n"
        "  tracedump show ~/lttng-traces/replug-20240101-120000\n",
    .run = show_run,
};
