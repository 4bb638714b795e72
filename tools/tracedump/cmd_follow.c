/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_follow.c - tracedump follow: a trace's events as they are written. */
#include "tracedump/command.h"
#include "tracedump/command_options.h"
#include "tracedump/follow.h"
#include "tracedump/print_json.h"
#include "tracedump/print_text.h"

struct show_follow {
    struct follow_options options;
    bool json;
    bool host_time;
};

static void show_event(struct run *run, const struct trace_event *event, void *opaque)
{
    const struct show_follow *show = opaque;

    if (show->json) {
        print_json(&run->output, event, show->host_time);
        return;
    }
    print_context(&run->output, event, show->host_time);
    output_char(&run->output, ' ');
    print_event(&run->output, event);
    output_char(&run->output, '\n');
}

static bool parse_options(int argc, char **argv, struct run *run, struct show_follow *show)
{
    const struct command_option options[] = {
        { .name = "json", .kind = OPTION_FLAG, .value = &show->json },
        { .name = "host-time", .kind = OPTION_FLAG, .value = &show->host_time },
        { .name = "limit", .kind = OPTION_COUNT, .value = &run->limit },
        { .name = "interval", .kind = OPTION_TIME, .value = &show->options.interval_ms },
        { .name = "idle", .kind = OPTION_TIME, .value = &show->options.idle_ms },
        { 0 },
    };

    return command_options_take(run, argc, argv, OPTIONS_FILTER | OPTIONS_RANGE, options);
}

static int follow_run(int argc, char **argv)
{
    struct show_follow show = { .options = { .interval_ms = 200, .idle_ms = FOLLOW_FOREVER } };
    struct run run;

    run_init(&run);
    if (parse_options(argc, argv, &run, &show) && run_take_path(&run, argc, argv)) {
        (void)follow_events(&run, &show.options, show_event, &show);
    }
    return run_fini(&run);
}

const struct command command_follow = {
    .name = "follow",
    .summary = "prints events as they are written",
    .help =
        "usage: tracedump follow [--filter FILTER]... [--from WHEN] [--to WHEN] [--json]\n"
        "                        [--limit N] [--host-time] [--interval TIME] [--idle TIME] FILE\n\n"
        "Prints a file's events as show does and goes on with what is written behind them: to a\n"
        "native trace, a recording, the folder of an LTTng session (what LTTng has brought to disk:\n"
        "lttng rotate, or small sub-buffers, make that sooner), or a live session (lttng create\n"
        "--live) as it comes, by its URL in FILE's place: net://RELAY/host/HOST/SESSION. It ends with\n"
        "the session.\n\n"
        "  --filter FILTER  only events that pass (tracedump help filter)\n"
        "  --from WHEN      from there on: turn=12, 1.5s, or a filter that means an event\n"
        "  --to WHEN        ends there\n"
        "  --json           each event is a line of JSON\n"
        "  --limit N        ends behind that many events\n"
        "  --host-time      adds the host's monotonic time\n"
        "  --interval TIME  between two looks at the file (200ms)\n"
        "  --idle TIME      ends when nothing has come for so long\n\n"
        "Examples:\n"
        "  tracedump follow --filter 'qmp_* or acpi_device_ost' out.rpt\n"
        "  tracedump follow net://localhost/host/$(hostname)/my-session\n"
        "  tracedump follow --to 'device_deleted device=dimm0' out.rpt\n",
    .run = follow_run,
};
