/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_diff.c - tracedump diff: where two traces or two recordings begin to differ. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tracedump/command.h"
#include "tracedump/diff.h"
#include "tracedump/file_kind.h"

bool diff_ignores(const struct diff_options *options, const char *name)
{
    for (guint i = 0; i < options->ignored->len; i++) {
        if (strcmp(options->ignored->pdata[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void print_path(struct output *output, const char *mark, const char *path)
{
    output_text(output, mark);
    output_plain(output, path, strlen(path));
    output_char(output, '\n');
}

void diff_print_paths(struct output *output, const struct diff_options *options)
{
    print_path(output, "--- ", options->paths[0]);
    print_path(output, "+++ ", options->paths[1]);
}

static void ignore(struct diff_options *options, const char *list)
{
    g_auto(GStrv) names = g_strsplit(list, ",", -1);

    for (char **name = names; *name != NULL; name++) {
        if (strcmp(*name, "time") == 0) {
            options->ignore_time = true;
        } else if (strcmp(*name, "turn") == 0) {
            options->ignore_turn = true;
        } else if (strcmp(*name, "vcpu") == 0) {
            options->ignore_vcpu = true;
        } else {
            g_ptr_array_add(options->ignored, g_strdup(*name));
        }
    }
}

static bool take_clock(const char *who, const char *name, enum hotplug_clock *out_clock)
{
    for (unsigned i = 0; name != NULL && hotplug_clock_names[i] != NULL; i++) {
        if (strcmp(hotplug_clock_names[i], name) == 0) {
            *out_clock = (enum hotplug_clock)i;
            return true;
        }
    }
    if (name != NULL) {
        fprintf(stderr, "%s: --stages '%s': expected virtual, host, turn or instructions\n", who,
                name);
    }
    return name == NULL;
}

static bool parse_options(int argc, char **argv, struct diff_options *options)
{
    static const struct option longs[] = {
        { "common", no_argument, NULL, 'c' },
        { "stages", optional_argument, NULL, 's' },
        { "ignore", required_argument, NULL, 'i' },
        SELECTION_OPTION_FILTER,
        SELECTION_OPTIONS_RANGE,
        { 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (option) {
        case 'c': options->common = true; break;
        case 's':
            options->stages = true;
            if (!take_clock(argv[0], optarg, &options->clock)) {
                return false;
            }
            break;
        case 'i': ignore(options, optarg); break;
        default:
            if (!selection_take_option(&options->selections[0], argv[0], option, optarg) ||
                !selection_take_option(&options->selections[1], argv[0], option, optarg)) {
                return false;
            }
            break;
        }
    }
    if (optind != argc - 2) {
        fprintf(stderr, "%s: expected two FILEs, got %d\nTry: %s --help\n", argv[0], argc - optind,
                argv[0]);
        return false;
    }
    options->paths[0] = argv[optind];
    options->paths[1] = argv[optind + 1];
    return true;
}

static int compare(struct output *output, struct diff_options *options)
{
    bool is_recording[2];
    int status;

    for (unsigned i = 0; i < 2; i++) {
        if (access(options->paths[i], R_OK) != 0) {
            fprintf(stderr, "tracedump: %s: can't open it: %s\n", options->paths[i],
                    g_strerror(errno));
            return DIFF_TROUBLE;
        }
        is_recording[i] = file_kind_of(options->paths[i]) == FILE_KIND_RECORDING;
    }
    if (is_recording[0] != is_recording[1]) {
        fprintf(stderr,
                "tracedump: '%s' is a recording, '%s' is none: expected two recordings or two "
                "traces\n",
                options->paths[is_recording[0] ? 0 : 1], options->paths[is_recording[0] ? 1 : 0]);
        return DIFF_TROUBLE;
    }
    terminal_progress_init(&options->progress);
    status = is_recording[0] ? diff_recordings(output, options) : diff_traces(output, options);
    terminal_progress_clear(&options->progress);
    if (options->stages || status != DIFF_SAME) {
        diff_stages(output, options);
    }
    return status;
}

static int diff_run(int argc, char **argv)
{
    struct diff_options options = { .ignored = g_ptr_array_new_with_free_func(g_free) };
    struct output output;
    int status = DIFF_TROUBLE;

    output_init(&output, 1);
    if (parse_options(argc, argv, &options)) {
        status = compare(&output, &options);
    }
    output_fini(&output);
    if (output.error != 0 && output.error != EPIPE) {
        fprintf(stderr, "tracedump: can't write: %s\n", g_strerror(output.error));
        status = DIFF_TROUBLE;
    }
    selection_fini(&options.selections[0]);
    selection_fini(&options.selections[1]);
    g_ptr_array_unref(options.ignored);
    return status;
}

const struct command command_diff = {
    .name = "diff",
    .summary = "shows where two traces or two recordings begin to differ",
    .help =
        "usage: tracedump diff [--common] [--ignore NAMES] [--stages[=CLOCK]] [--filter FILTER]\n"
        "                      [--from WHEN] [--to WHEN] A B\n\n"
        "Compares two traces, native or LTTng's in any mix, or two recordings. The host's time never\n"
        "counts, nor do addresses of backtraces or the numbers of a trace's events. Prints nothing\n"
        "if they are the same; else the first difference with what comes before it, marked as by\n"
        "diff(1): '-' only A has, '+' only B has; then how many events or records of each kind only\n"
        "one of them has from there on; then, of plugs and unplugs whose stages took another time or\n"
        "way, the times from their begin in both.\n\n"
        "  --common        only events of which both traces have some: for two traces of one session\n"
        "                  with different events switched on\n"
        "  --ignore NAMES  time (virtual time and instructions), turn (its number), vcpu, a field of\n"
        "                  traces' events, or a kind of a recording's records, with commas between\n"
        "  --stages        compares the stages of all plugs and unplugs, whether they differ or not, and\n"
        "                  however else the files compare; --stages=host by the host's time, or\n"
        "                  =turn, =instructions\n"
        "  --filter FILTER only traces' events that pass: names and conditions, see tracedump help\n"
        "                  filter\n"
        "  --from WHEN     only what comes from there on: turn=12, 1.5s, or a filter that means an\n"
        "                  event; of traces only, as is --to\n"
        "  --to WHEN       only what comes up to there\n\n"
        "Exit status: 0 the same; 1 they differ; 2 a file can't be used, or is damaged or incomplete.\n\n"
        "Examples:\n"
        "  tracedump diff recorded.rpt replayed.rpt\n"
        "  tracedump diff --common lean.rpt full.rpt\n"
        "  tracedump diff --stages=host before.rpt after.rpt\n"
        "  tracedump diff --ignore time,turn monday.rpt tuesday.rpt\n"
        "  tracedump diff --ignore time,realtime,host_fact monday.rpl tuesday.rpl\n",
    .run = diff_run,
};
