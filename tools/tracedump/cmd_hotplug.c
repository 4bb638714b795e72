/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_hotplug.c - tracedump hotplug: a row for each plug and unplug, or one device's story. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tracedump/command.h"
#include "tracedump/command_options.h"
#include "tracedump/hotplug_row.h"
#include "tracedump/print_json.h"
#include "tracedump/run.h"

struct show_hotplug {
    struct run *run;
    struct hotplug *hotplug;
    const char *device; /* NULL: all, as a table */
    enum hotplug_clock clock;
    bool json;
    bool has_header;
    uint64_t operations;
};

static void print_row(struct show_hotplug *show, const struct hotplug_operation *operation)
{
    const struct hotplug_moment *start = &operation->stages[STAGE_QMP];
    g_autofree char *why = hotplug_diagnose(operation);
    struct output *output = &show->run->output;

    if (!show->has_header) {
        hotplug_print_names(output, "device", "operation", "result");
        output_text(output, "    turn          time");
        hotplug_print_stage_names(output);
        show->has_header = true;
    }
    hotplug_print_names(output, operation->device, operation->is_unplug ? "unplug" : "plug",
                        hotplug_result_name(operation));
    output_decimal(output, start->turn, 8);
    output_decimal(output, start->now_ns, 14);
    hotplug_print_stages(output, operation->stages, show->clock);
    if (why != NULL) {
        output_text(output, "  ");
        output_plain(output, why, strlen(why));
    }
    output_char(output, '\n');
}

static void print_json_row(struct show_hotplug *show, const struct hotplug_operation *operation)
{
    g_autofree char *why = hotplug_diagnose(operation);
    struct output *output = &show->run->output;
    bool first = true;

    output_text(output, "{\"device\":");
    json_text(output, operation->device, strlen(operation->device));
    if (operation->driver != NULL) {
        json_member_text(output, "driver", operation->driver);
    }
    json_member_text(output, "operation", operation->is_unplug ? "unplug" : "plug");
    json_member_text(output, "result", hotplug_result_name(operation));
    if (why != NULL) {
        json_member_text(output, "why", why);
    }
    json_member_text(output, "last", hotplug_stage_name(operation->last));
    output_text(output, ",\"stages\":{");
    for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
        const struct hotplug_moment *moment = &operation->stages[stage];

        if (!moment->reached) {
            continue;
        }
        json_key(output, hotplug_stage_name(stage), first);
        first = false;
        output_text(output, "{\"turn\":");
        output_decimal(output, moment->turn, 0);
        json_member(output, "now_ns", moment->now_ns);
        json_member(output, "icount", moment->icount);
        if (show->clock == CLOCK_HOST) {
            json_member(output, "host_ns", moment->host_ns);
        }
        output_char(output, '}');
    }
    output_text(output, "}}\n");
}

static void print_story(struct show_hotplug *show, const struct hotplug_operation *operation)
{
    g_autofree char *why = hotplug_diagnose(operation);
    struct output *output = &show->run->output;

    if (show->operations > 1) {
        output_char(output, '\n');
    }
    output_text(output, operation->is_unplug ? "unplug of " : "plug of ");
    output_plain(output, operation->device, strlen(operation->device));
    output_text(output, ": ");
    output_text(output, hotplug_result_name(operation));
    output_char(output, '\n');
    for (const char *line = operation->story->str; *line != '\0';) {
        const char *end = strchr(line, '\n');

        output_plain(output, line, (size_t)(end - line));
        output_char(output, '\n');
        line = end + 1;
    }
    if (operation->story->len > HOTPLUG_STORY_MAX) {
        output_text(output, "(and so on)\n");
    }
    if (why != NULL) {
        output_text(output, "It stopped behind ");
        output_text(output, hotplug_stage_name(operation->last));
        output_text(output, ": ");
        output_plain(output, why, strlen(why));
        output_text(output, ".\n");
    } else {
        output_text(output, operation->is_unplug ? "It is gone.\n"
                            : operation->stages[STAGE_QMP].turn == 0
                                ? "It is there from the start.\n"
                            : operation->family == FAMILY_PCI ? "The guest has seen it.\n"
                                                              : "The guest uses it.\n");
    }
}

static void through(const struct hotplug_operation *operation, void *opaque)
{
    struct show_hotplug *show = opaque;

    if (show->device != NULL && strcmp(show->device, operation->device) != 0) {
        return;
    }
    show->operations++;
    if (show->json) {
        print_json_row(show, operation);
    } else if (show->device != NULL) {
        print_story(show, operation);
    } else {
        print_row(show, operation);
    }
}

static void handle_event(struct run *run, const struct trace_event *event, void *opaque)
{
    (void)run;
    hotplug_event(((struct show_hotplug *)opaque)->hotplug, event);
}

static bool is_ignored(const struct trace_event *shape, void *opaque)
{
    return hotplug_ignores(((struct show_hotplug *)opaque)->hotplug, shape);
}

static bool parse_options(int argc, char **argv, struct show_hotplug *show)
{
    const struct command_option options[] = {
        { .name = "clock",
          .kind = OPTION_CHOICE,
          .value = &show->clock,
          .choices = hotplug_clock_names },
        { .name = "json", .kind = OPTION_FLAG, .value = &show->json },
        { 0 },
    };

    if (!command_options_take(show->run, argc, argv, OPTIONS_RANGE | OPTIONS_INSIDE, options)) {
        return false;
    }
    if (optind == argc - 2) {
        show->device = argv[optind++];
    }
    return true;
}

static int hotplug_run(int argc, char **argv)
{
    struct run run;
    struct show_hotplug show = { .run = &run };

    run_init(&run);
    if (parse_options(argc, argv, &show) && run_take_path(&run, argc, argv)) {
        const struct hotplug_options options = { .story_of = show.device,
                                                 .through = through,
                                                 .opaque = &show };

        show.hotplug = hotplug_create(&options);
        run.ignores = is_ignored;
        run.ignores_opaque = &show;
        if (run_events(&run, handle_event, &show)) {
            hotplug_finish(show.hotplug);
            if (show.operations == 0) {
                run_report(&run, REPORT_NOTE,
                           show.device != NULL ? "nothing was done with this device"
                                               : "no device was plugged or unplugged");
            }
        }
        hotplug_destroy(show.hotplug);
    }
    return run_fini(&run);
}

const struct command command_hotplug = {
    .name = "hotplug",
    .summary = "shows what became of each plug and unplug",
    .help =
        "usage: tracedump hotplug [--clock CLOCK] [--json] [--from WHEN] [--to WHEN] [--replay]\n"
        "                         [DEVICE] FILE\n\n"
        "Prints a row for each plug and unplug, whether it came to its end, was refused or is\n"
        "pending: the device, the result, the turn and virtual time of its begin, and when it\n"
        "reached each stage, counted from there: QMP, realize, pre_plug, plug (of an unplug: the\n"
        "request), commit, render, ioctl, GPE, SCI, the guest's first read of its registers, _OST,\n"
        "eject, deleted. '-' is a stage that it did not reach; why it has got no further stands at\n"
        "the row's end.\n\n"
        "With a DEVICE (its id), tells all that was done with it in plain words.\n\n"
        "  --clock CLOCK  virtual (the default; it stands still within a turn), host, turn or\n"
        "                 instructions\n"
        "  --json         each operation is a line of JSON\n"
        "  --from WHEN    only what comes from there on: turn=12, 1.5s, or a filter that means an\n"
        "                 event (tracedump help filter)\n"
        "  --to WHEN      only what comes up to there\n"
        "  --replay       replays a recording for its trace: what happened within\n\n"
        "Examples:\n"
        "  tracedump hotplug out.rpt\n"
        "  tracedump hotplug --clock host out.rpt\n"
        "  tracedump hotplug dimm0 out.rpt\n",
    .run = hotplug_run,
};
