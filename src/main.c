/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - the program: command line to configuration, machine and monitors up, the loop, everything down.
 *
 * The only place that prints to the user and that decides on the exit status: what the user got wrong is one line
 * "replug: TEXT" and 1. A replay ends with 0 (equal), 3 (diverged) or 2 (the recording can't be used).
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/invariant.h"
#include "host/host_char.h"
#include "host/host_clock.h"
#include "host/host_file.h"
#include "host/host_loop.h"
#include "host/host_process.h"
#include "machine/machine.h"
#include "machine/machine_config.h"
#include "monitor/monitor.h"
#include "replay/recording.h"
#include "trace/backtrace.h"
#include "trace/trace_session.h"

#define PROGRAM_NAME      "replug 0.1.0"
#define FLUSH_INTERVAL_MS 100
#define EXIT_UNUSABLE     2 /* the recording */
#define EXIT_DIVERGED     3
#define LAST_EVENTS       32

/* Everything that runs; NULL until it exists. */
struct program {
    struct machine_config own;           /* the command line's */
    struct machine_config replayed;      /* the recording's machine */
    const struct machine_config *config; /* one of the two */
    struct host_loop *loop;
    struct trace_session *trace;
    struct machine *machine;
    struct monitors *monitors;
    struct recording *recording; /* of -record or -replay */
    int pid_fd;
    bool shows_progress;
    uint64_t turns; /* replayed */
    bool was_quit;
    char *last_events; /* before it diverged */
};

static bool is_replay(const struct program *program)
{
    return program->recording != NULL && recording_is_replay(program->recording);
}

static int fail(const GError *error)
{
    fprintf(stderr, "replug: %s\n", error->message);
    return EXIT_FAILURE;
}

static const char *text_of(const struct json_object *object, const char *key)
{
    struct json_object *value = NULL;

    return json_object_object_get_ex(object, key, &value) ? json_object_get_string(value) : NULL;
}

static void clear_progress(const struct program *program)
{
    if (program->shows_progress) {
        (void)fputs("\r\x1b[K", stderr);
    }
}

static void print_notice(void *opaque, const char *text)
{
    clear_progress(opaque);
    fprintf(stderr, "replug: %s\n", text);
}

/* ---- tracing ---- */

static void print_bound_ring(void)
{
    g_autoptr(GString) text = g_string_new(NULL);

    trace_session_bound_ring_dump(text);
    (void)fputs(text->str, stderr); /* there is nobody else to tell */
}

static bool start_trace(struct program *program, GError **error)
{
    program->trace = trace_session_create(host_clock_monotonic_ns);
    for (guint i = 0; i < program->config->traces->len; i++) {
        const char *option = g_ptr_array_index(program->config->traces, i);

        if (!trace_session_configure(program->trace, option, error)) {
            g_prefix_error(error, "-trace %s: ", option);
            return false;
        }
    }
    invariant_set_hook(print_bound_ring);
    trace_session_mute(program->trace, program->own.replay_from != NULL);
    /* The last events are part of a divergence's report. With patterns of the user's own they are
     * those: others would get numbers too, and the trace would differ from the recording's. */
    return !is_replay(program) || program->config->traces->len > 0 ||
           trace_session_configure(program->trace, "*,sink=ring", error);
}

static void stop_trace(struct program *program)
{
    g_autofree char *text = NULL;

    trace_session_flush(program->trace);
    text = program->trace != NULL ? trace_session_write_error(program->trace) : NULL;
    if (text != NULL) {
        print_notice(program, text);
    }
    trace_session_destroy(program->trace);
}

/* ---- -record ---- */

static char *own_build_id(void)
{
    struct trace_modules *modules = trace_modules_create();
    const struct trace_module *program = trace_modules_at(modules, 0);
    char *build_id = g_strdup(program != NULL ? program->build_id : "");

    trace_modules_destroy(modules);
    return build_id;
}

static bool start_recording(struct program *program, char **argv, GError **error)
{
    g_autofree char *build_id = own_build_id();
    char name[] = PROGRAM_NAME;
    struct recording_header header = {
        .program = name,
        .build_id = build_id,
        .arguments = argv + 1,
        .schema = machine_schema(),
        .realtime_us = host_clock_realtime_us(),
    };

    program->recording = recording_prepare(program->own.record_path, &header, error);
    if (program->recording == NULL) {
        g_prefix_error(error, "-record: ");
    }
    return program->recording != NULL;
}

/* ---- -replay ---- */

static bool check_schema(const struct recording_header *header, GError **error)
{
    g_autofree char *build_id = own_build_id();

    if (header->schema == machine_schema()) {
        return true;
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                "it was written by another version, whose state is made up differently: by %s "
                "(build %s, schema %016" G_GINT64_MODIFIER "x); this is " PROGRAM_NAME
                " (build %s, schema %016" G_GINT64_MODIFIER "x)",
                header->program, header->build_id[0] != '\0' ? header->build_id : "unknown",
                header->schema, build_id[0] != '\0' ? build_id : "unknown", machine_schema());
    return false;
}

/* The configuration becomes that of the recorded machine. */
static bool open_replay(struct program *program, GError **error)
{
    const struct recording_header *header;

    program->recording = recording_open(program->own.replay_path, error);
    if (program->recording == NULL) {
        return false;
    }
    header = recording_get_header(program->recording);
    if (!check_schema(header, error) ||
        !machine_config_replayed(&program->own, header->arguments, &program->replayed, error)) {
        g_prefix_error(error, "%s: ", program->own.replay_path);
        return false;
    }
    program->config = &program->replayed;
    program->shows_progress = host_stderr_is_terminal();
    return true;
}

static void show_progress(void *opaque, uint64_t turn, unsigned percent)
{
    const struct program *program = opaque;

    if (program->shows_progress) {
        fprintf(stderr, "\rreplaying: turn %" G_GUINT64_FORMAT ", %u %%\x1b[K", turn, percent);
    }
}

static void print_last_events(const char *text)
{
    const char *from = text + strlen(text);
    unsigned lines = 0;

    while (from > text && lines <= LAST_EVENTS) {
        lines += *--from == '\n';
    }
    from += from > text; /* behind the line before */
    if (*from != '\0') {
        fprintf(stderr, "the last events:\n%s", from);
    }
}

static int tell_verdict(const struct program *program)
{
    const struct recording_divergence *divergence = recording_divergence(program->recording);
    const char *damage = recording_damage(program->recording);

    clear_progress(program);
    if (divergence != NULL) {
        fprintf(stderr, "replug: the replay diverged at %s\n", divergence->text);
        print_last_events(program->last_events != NULL ? program->last_events : "");
        return EXIT_DIVERGED;
    }
    if (damage != NULL) {
        fprintf(stderr, "replug: the recording is not complete: %s\n", damage);
    }
    printf("replayed %" G_GUINT64_FORMAT " turns, digest %016" G_GINT64_MODIFIER "x, equal%s\n",
           program->turns, recording_digest(program->recording),
           program->was_quit ? " so far: ended by a client" : "");
    return EXIT_SUCCESS;
}

/* ---- monitors ---- */

/* -qmp and -monitor name a character device of their own. */
static struct host_char *open_monitor_char(struct program *program, const char *text,
                                           unsigned number, GError **error)
{
    struct host_char *chr;
    g_autofree char *label = g_strdup_printf("compat_monitor%u", number);

    if (g_str_has_prefix(text, "chardev:")) {
        return machine_claim_chardev(program->machine, text + strlen("chardev:"), error);
    }
    chr = host_char_open_text(program->loop, text, error);
    if (chr == NULL) {
        return NULL;
    }
    host_char_set_label(chr, label);
    return machine_add_chardev(program->machine, chr, error)
               ? machine_claim_chardev(program->machine, label, error)
               : NULL;
}

static bool read_mode(const struct json_object *options, enum monitor_mode *out_mode,
                      GError **error)
{
    const char *mode = text_of(options, "mode");

    if (mode == NULL || strcmp(mode, "readline") == 0) {
        *out_mode = MONITOR_MODE_READLINE;
    } else if (strcmp(mode, "control") == 0) {
        *out_mode = MONITOR_MODE_CONTROL;
    } else {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter 'mode' does not accept value '%s'; expected readline or control",
                    mode);
        return false;
    }
    return true;
}

static bool start_monitor(struct program *program, const struct json_object *options,
                          unsigned *text_count, GError **error)
{
    const char *text = text_of(options, "text");
    const char *chardev = text_of(options, "chardev");
    const char *pretty = text_of(options, "pretty");
    struct host_char *chr;
    enum monitor_mode mode;

    if (text == NULL && chardev == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "Parameter 'chardev' is missing");
        return false;
    }
    if (!read_mode(options, &mode, error)) {
        return false;
    }
    chr = text != NULL ? open_monitor_char(program, text, (*text_count)++, error)
                       : machine_claim_chardev(program->machine, chardev, error);
    if (chr == NULL) {
        return false;
    }
    monitors_add(program->monitors, chr, mode,
                 pretty != NULL && (strcmp(pretty, "on") == 0 || strcmp(pretty, "true") == 0));
    return true;
}

static bool start_monitors(struct program *program, GError **error)
{
    const GPtrArray *entries = program->config->monitors;
    unsigned text_count = 0;

    program->monitors = monitors_create(program->machine, program->loop);
    for (guint i = 0; i < entries->len; i++) {
        const struct json_object *options = g_ptr_array_index(entries, i);

        if (!start_monitor(program, options, &text_count, error)) {
            const char *text = text_of(options, "text");
            const char *name = text != NULL ? text : text_of(options, "chardev");

            g_prefix_error(error, "monitor %s: ", name != NULL ? name : "");
            return false;
        }
    }
    return true;
}

/* ---- running ---- */

static void on_signal(void *opaque, int signal)
{
    struct program *program = opaque;

    (void)signal;
    machine_host_signal(program->machine);
}

static void on_idle(void *opaque)
{
    struct program *program = opaque;

    machine_flush(program->machine);
}

static bool start_guest(struct program *program, GError **error)
{
    const struct machine_config *own = &program->own;
    struct machine_replay_options options = {
        .is_paused = own->start_stopped,
        .has_until = own->replay_has_until,
        .until = own->replay_until,
        .plant = own->replay_plant,
        .from = own->replay_from,
        .progress = show_progress,
        .opaque = program,
    };

    return is_replay(program) ? machine_replay_start(program->machine, &options, error)
                              : machine_start(program->machine, error);
}

static bool start(struct program *program, char **argv, GError **error)
{
    program->loop = host_loop_create();
    if ((program->own.replay_path != NULL && !open_replay(program, error)) ||
        (program->own.record_path != NULL && !start_recording(program, argv, error)) ||
        !start_trace(program, error)) {
        return false;
    }
    program->machine =
        machine_create(program->config, program->loop, program->trace, program->recording, error);
    if (program->machine == NULL) {
        return false;
    }
    machine_set_notice_handler(program->machine, print_notice, program);
    if (!start_monitors(program, error)) {
        return false;
    }
    if (program->config->pidfile != NULL &&
        !host_file_write_pid(program->config->pidfile, &program->pid_fd, error)) {
        g_prefix_error(error, "-pidfile: ");
        return false;
    }
    host_loop_on_signal(program->loop, on_signal, program);
    host_loop_set_idle(program->loop, FLUSH_INTERVAL_MS, on_idle, program);
    return start_guest(program, error);
}

static void stop_machine(struct program *program)
{
    struct recording_turn turn;

    if (program->loop != NULL) {
        host_loop_set_idle(program->loop, 0, NULL, NULL);
    }
    if (program->monitors != NULL) {
        monitors_destroy(program->monitors);
    }
    if (is_replay(program) && program->machine != NULL) {
        program->turns = machine_turns(program->machine);
        program->was_quit = machine_replay_was_quit(program->machine);
        program->last_events = g_strdup(machine_last_events(program->machine));
        program->turns +=
            recording_peek_turn(program->recording, &turn) && turn.kind == RECORDING_TURN_teardown;
    }
    machine_destroy(program->machine);
}

static void stop(struct program *program)
{
    stop_trace(program);
    recording_close(program->recording);
    if (program->config->pidfile != NULL) {
        host_file_remove_pid(program->config->pidfile, program->pid_fd);
    }
    /* A signal while all this went on was none too many: the end is the same. */
    if (program->loop != NULL) {
        host_loop_on_signal(program->loop, NULL, NULL);
        host_loop_destroy(program->loop);
    }
}

/* What kept it from running to the end: the user's mistake, the recording, or a divergence. */
static int fail_start(const struct program *program, const GError *error, bool was_built)
{
    if (is_replay(program) && recording_divergence(program->recording) != NULL) {
        return tell_verdict(program);
    }
    (void)fail(error);
    return program->own.replay_path != NULL &&
                   (!was_built || g_error_matches(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT))
               ? EXIT_UNUSABLE
               : EXIT_FAILURE;
}

static int run(struct program *program, char **argv)
{
    g_autoptr(GError) error = NULL;
    bool runs = start(program, argv, &error);
    bool was_built = program->machine != NULL;
    int status = EXIT_FAILURE;

    if (runs) {
        if (program->config->daemonize) {
            host_daemon_ready();
        }
        host_loop_run(program->loop);
        status = machine_exit_status(program->machine);
    }
    stop_machine(program);
    if (!runs) {
        status = fail_start(program, error, was_built);
    } else if (is_replay(program)) {
        status = tell_verdict(program);
    }
    stop(program);
    return status;
}

static int launch_daemon(char **argv)
{
    g_autoptr(GError) error = NULL;
    int status = host_daemon_launch(argv, &error);

    return status >= 0 ? status : fail(error);
}

int main(int argc, char **argv)
{
    struct program program = { .pid_fd = -1 };
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    int status;

    machine_config_init(&program.own);
    machine_config_init(&program.replayed);
    program.config = &program.own;
    if (!machine_config_parse(&program.own, argc, argv, &text, &error)) {
        status = fail(error);
    } else if (text != NULL) {
        status = fputs(text, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    } else if (program.own.daemonize && !host_daemon_is_child()) {
        status = launch_daemon(argv);
    } else {
        status = run(&program, argv);
    }
    g_free(program.last_events);
    machine_config_fini(&program.replayed);
    machine_config_fini(&program.own);
    return status;
}
