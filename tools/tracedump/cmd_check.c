/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_check.c - tracedump check: holds expectations against a trace. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "check/accept.h"
#include "check/library.h"
#include "check/result.h"
#include "check/watch.h"
#include "tracedump/command.h"
#include "tracedump/run.h"

#define STATUS_FAILED 1

struct check {
    bool all;
    bool follow;
    const char *accept; /* the file to write */
    const char *of;
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

static bool parse_options(int argc, char **argv, struct run *run, struct check *check)
{
    static const struct option options[] = {
        { "all", no_argument, NULL, 'a' },          { "set", required_argument, NULL, 's' },
        { "json", no_argument, NULL, 'j' },         { "junit", no_argument, NULL, 'u' },
        { "tap", no_argument, NULL, 't' },          { "follow", no_argument, NULL, 'f' },
        { "accept", required_argument, NULL, 'A' }, { "of", required_argument, NULL, 'o' },
        { "replay", no_argument, NULL, 'r' },       { 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'a': check->all = true; break;
        case 's': g_ptr_array_add(check->sets, optarg); break;
        case 'j': check->format = RESULT_JSON; break;
        case 'u': check->format = RESULT_JUNIT; break;
        case 'f': check->follow = true; break;
        case 'A': check->accept = optarg; break;
        case 'o': check->of = optarg; break;
        case 't': check->format = RESULT_TAP; break;
        case 'r': run->replays = true; break;
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

static void print_result(const struct check *check, struct run *run)
{
    const struct result result = { .engine = check->engine,
                                   .trace = run->path,
                                   .must_apply = !check->all,
                                   .gaps_are_doubt = check->all };

    engine_finish(check->engine);
    result_print(&run->output, &result, check->format);
    if (run->status != STATUS_FINE) {
        run->status = STATUS_UNUSABLE; /* Nothing that a damaged trace says is proof. */
    } else if (result_is_bad(&result)) {
        run->status = STATUS_FAILED;
    }
}

/* Ended by a signal; a handler can be given nothing else. */
static struct watch *followed;

static void end_following(int signal_number)
{
    (void)signal_number;
    watch_end(followed);
}

static void print_found(const struct check_failure *failure, void *opaque)
{
    struct run *run = opaque;

    result_print_failure(&run->output, failure);
    output_flush(&run->output);
    watch_end(followed);
}

static void follow_report(enum report_kind kind, const char *text, void *opaque)
{
    run_report(opaque, kind, text);
}

static void follow_trace(struct check *check, struct run *run)
{
    g_autoptr(GError) error = NULL;
    const struct trace_event *event;
    int fd = -1;

    followed = watch_start(run->path, &fd, &error);
    if (followed != NULL) {
        (void)signal(SIGINT, end_following);
        (void)signal(SIGTERM, end_following);
        run->source = source_rpt_open(fd, &error);
    }
    if (run->source == NULL) {
        fprintf(stderr, "tracedump: %s: %s\n", run->path, error->message);
    } else {
        run->status = STATUS_FINE;
        run->source->report = follow_report;
        run->source->report_opaque = run;
        engine_set_failure_hook(check->engine, print_found, run);
        while ((event = source_next(run->source)) != NULL) {
            engine_feed(check->engine, event);
        }
        engine_set_failure_hook(check->engine, NULL, NULL);
        print_result(check, run);
    }
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGTERM, SIG_DFL);
    g_clear_pointer(&followed, watch_destroy);
}

static void check_trace(struct check *check, struct run *run)
{
    check->engine = engine_create(g_steal_pointer(&check->specs));
    if (check->follow) {
        follow_trace(check, run);
    } else if (run_events(run, check_event, check)) {
        print_result(check, run);
    }
}

static void accept_event(struct run *run, const struct trace_event *event, void *opaque)
{
    (void)run;
    accept_feed(opaque, event);
}

/* NEW.expect from the first span that --of means. */
static void accept_trace(const struct check *check, struct run *run)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *name = g_path_get_basename(check->accept);
    g_autofree char *text = NULL;
    g_autofree char *place = NULL;
    struct filter_problem problem;
    struct filter *of = filter_parse(check->of, NULL, &problem);
    struct accept *accept;

    if (of == NULL) {
        place = filter_problem_describe(&problem, check->of);
        fprintf(stderr, "tracedump check: --of: %s\n", place);
        return;
    }
    if (strchr(name, '.') != NULL) {
        *strchr(name, '.') = '\0';
    }
    accept = accept_create(of, check->of);
    if (run_events(run, accept_event, accept)) {
        text = accept_text(accept, *name != '\0' ? name : "accepted", &error);
        if (text == NULL || !g_file_set_contents(check->accept, text, -1, &error)) {
            fprintf(stderr, "tracedump check: %s\n", error->message);
            run->status = STATUS_UNUSABLE;
        }
    }
    accept_destroy(accept);
    filter_destroy(of);
}

static bool count_fits(const struct check *check, int operands)
{
    return check->accept != NULL ? operands == 1 : operands >= (check->all ? 1 : 2);
}

static int check_run(int argc, char **argv)
{
    struct check check = { .sets = g_ptr_array_new(),
                           .specs = g_ptr_array_new(),
                           .of = "qmp_device_add" };
    struct run run;
    int status;

    run_init(&run);
    run.looks_inside = true;
    if (parse_options(argc, argv, &run, &check)) {
        run.path = argv[argc - 1];
        if (!count_fits(&check, argc - optind)) {
            fprintf(stderr, "%s: expected %s\nTry: %s --help\n", argv[0],
                    check.all || check.accept != NULL ? "FILE" : "SPEC... FILE", argv[0]);
        } else if (check.accept != NULL) {
            accept_trace(&check, &run);
        } else if (load(&check, argc, argv)) {
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
        "       tracedump check --all [OPTION...] [SPEC...] FILE\n"
        "       tracedump check --accept NEW.expect [--of FILTER] FILE\n\n"
        "Says of each expectation whether the trace is as it wants, and of each failure why: the\n"
        "line, how far it came, the event that came closest. SPEC is a file, or the name of an\n"
        "expectation that comes with Replug. docs/formats/expectations.md is the language.\n\n"
        "  --all             all that come with Replug and have an occasion in the trace; what\n"
        "                    fails in a trace with gaps is unsure, not a failure\n"
        "  --set NAME=VALUE  gives a parameter its value\n"
        "  --follow          reads a .rpt file that is being written, prints failures as they happen,\n"
        "                    and ends with the first one or at Ctrl-C\n"
        "  --accept NEW      writes an expectation from the first span that FILTER means\n"
        "                    (qmp_device_add); values that come again are variables in it,\n"
        "                    conditions in FILTER's parentheses are its own, too\n"
        "  --replay          replays a recording for its trace: what happened within\n"
        "  --json            the result for programs; --junit and --tap for test runners\n\n"
        "Exit status: 0 all hold, 1 one fails or had nothing to check, 2 trouble: the trace is\n"
        "damaged or can't be used, or an expectation or the command line is wrong.\n\n"
        "Examples:\n"
        "  tracedump check memory-plug out.rpt\n"
        "  tracedump check --set device=dimm0 my.expect out.rpt\n"
        "  tracedump check --all out.rpt\n",
    .run = check_run,
};
