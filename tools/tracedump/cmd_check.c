/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_check.c - tracedump check: holds expectations against a trace. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "check/library.h"
#include "check/result.h"
#include "tracedump/command.h"
#include "tracedump/run.h"

struct check {
    bool all;
    enum result_format format;
    GPtrArray *sets; /* of char *: NAME=VALUE */
    GPtrArray *specs;
    struct engine *engine;
};

static void check_event(struct run *run, const struct trace_event *event, void *opaque)
{
    const struct check *check = opaque;

    (void)run;
    engine_feed(check->engine, event);
}

static bool parse_options(int argc, char **argv, struct check *check)
{
    static const struct option options[] = {
        { "all", no_argument, NULL, 'a' },  { "set", required_argument, NULL, 's' },
        { "json", no_argument, NULL, 'j' }, { "junit", no_argument, NULL, 'u' },
        { "tap", no_argument, NULL, 't' },  { 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'a': check->all = true; break;
        case 's': g_ptr_array_add(check->sets, optarg); break;
        case 'j': check->format = RESULT_JSON; break;
        case 'u': check->format = RESULT_JUNIT; break;
        case 't': check->format = RESULT_TAP; break;
        default: return false;
        }
    }
    return true;
}

static bool apply_set(const struct check *check, const char *set)
{
    g_auto(GStrv) parts = g_strsplit(set, "=", 2);
    bool known = false;

    if (parts[0] == NULL || parts[1] == NULL) {
        fprintf(stderr, "tracedump check: --set takes NAME=VALUE, not '%s'\n", set);
        return false;
    }
    for (guint i = 0; i < check->specs->len; i++) {
        known |= spec_set(check->specs->pdata[i], parts[0], parts[1]);
    }
    if (!known) {
        fprintf(stderr, "tracedump check: no expectation has a parameter '%s'\n", parts[0]);
    }
    return known;
}

/* All but the last operand are expectations; with --all the library's come first. */
static bool load(struct check *check, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    bool ok = true;

    if (check->all) {
        ok = library_load_all(check->specs, &error);
    }
    for (int i = optind; ok && i < argc - 1; i++) {
        struct spec *spec = library_load(argv[i], &error);

        ok = spec != NULL;
        if (ok) {
            g_ptr_array_add(check->specs, spec);
        }
    }
    for (guint i = 0; ok && i < check->sets->len; i++) {
        if (!apply_set(check, check->sets->pdata[i])) {
            return false;
        }
    }
    for (guint i = 0; ok && i < check->specs->len; i++) {
        ok = spec_is_ready(check->specs->pdata[i], &error);
    }
    if (!ok) {
        fprintf(stderr, "tracedump check: %s\n", error->message);
    }
    return ok;
}

static void check_trace(struct check *check, struct run *run)
{
    struct result result = { .trace = run->path,
                             .must_apply = !check->all,
                             .gaps_are_doubt = check->all };
    bool damaged;

    check->engine = engine_create(g_steal_pointer(&check->specs));
    if (run_events(run, check_event, check)) {
        engine_finish(check->engine);
        result.engine = check->engine;
        result_print(&run->output, &result, check->format);
        damaged = run->status != STATUS_FINE;
        run->status = damaged ? STATUS_UNUSABLE : result_is_bad(&result) ? 1 : STATUS_FINE;
    }
}

static int check_run(int argc, char **argv)
{
    struct check check = { .sets = g_ptr_array_new(), .specs = g_ptr_array_new() };
    struct run run;
    int status;

    run_init(&run);
    if (parse_options(argc, argv, &check)) {
        if (argc - optind < (check.all ? 1 : 2)) {
            fprintf(stderr, "%s: expected %s\nTry: %s --help\n", argv[0],
                    check.all ? "FILE" : "SPEC... FILE", argv[0]);
        } else if (load(&check, argc, argv)) {
            run.path = argv[argc - 1];
            check_trace(&check, &run);
        }
    }
    status = run_fini(&run);
    engine_destroy(check.engine);
    for (guint i = 0; check.specs != NULL && i < check.specs->len; i++) {
        spec_destroy(check.specs->pdata[i]);
    }
    g_clear_pointer(&check.specs, g_ptr_array_unref);
    g_ptr_array_unref(check.sets);
    return status;
}

const struct command command_check = {
    .name = "check",
    .summary = "holds expectations against a trace",
    .help =
        "usage: tracedump check [--set NAME=VALUE]... [--json|--junit|--tap] SPEC... FILE\n"
        "       tracedump check --all [OPTION...] [SPEC...] FILE\n\n"
        "Says of each expectation whether the trace is as it wants, and of each failure why: the\n"
        "line, how far it came, the event that came closest. SPEC is a file, or the name of an\n"
        "expectation that comes with Replug. docs/formats/expectations.md is the language.\n\n"
        "  --all             all that come with Replug and have an occasion in the trace; what\n"
        "                    fails in a trace with gaps is unsure, not a failure\n"
        "  --set NAME=VALUE  gives a parameter its value\n"
        "  --json            the result for programs; --junit and --tap for test runners\n\n"
        "Exit status: 0 all hold, 1 one fails or had nothing to check, 2 trouble: the trace is\n"
        "damaged or can't be used, or an expectation or the command line is wrong.\n\n"
        "Examples:\n"
        "  tracedump check memory-plug out.rpt\n"
        "  tracedump check --set device=dimm0 my.expect out.rpt\n"
        "  tracedump check --all out.rpt\n",
    .run = check_run,
};
