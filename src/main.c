/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - the program: command line to configuration, machine and monitors up, the loop, everything down.
 *
 * The only place that prints to the user and that decides on the exit status: what the user got wrong is one line
 * "replug: TEXT" and 1.
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
#include "trace/trace_session.h"

#define TRACE_FLUSH_INTERVAL_MS 100

/* Everything that runs; NULL until it exists. */
struct program {
    struct machine_config config;
    struct host_loop *loop;
    struct trace_session *trace;
    struct machine *machine;
    struct monitors *monitors;
    int pid_fd;
};

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

static bool start_trace(struct program *program, GError **error)
{
    program->trace = trace_session_create(host_clock_monotonic_ns);
    for (guint i = 0; i < program->config.traces->len; i++) {
        const char *option = g_ptr_array_index(program->config.traces, i);

        if (!trace_session_configure(program->trace, option, error)) {
            g_prefix_error(error, "-trace %s: ", option);
            return false;
        }
    }
    invariant_set_hook(trace_session_dump_bound_ring);
    return true;
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
    const GPtrArray *entries = program->config.monitors;
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

    machine_flush_trace(program->machine);
}

static bool start(struct program *program, GError **error)
{
    program->loop = host_loop_create();
    if (!start_trace(program, error)) {
        return false;
    }
    program->machine = machine_create(&program->config, program->loop, program->trace, error);
    if (program->machine == NULL || !start_monitors(program, error)) {
        return false;
    }
    if (program->config.pidfile != NULL &&
        !host_file_write_pid(program->config.pidfile, &program->pid_fd, error)) {
        g_prefix_error(error, "-pidfile: ");
        return false;
    }
    host_loop_on_signal(program->loop, on_signal, program);
    host_loop_set_idle(program->loop, TRACE_FLUSH_INTERVAL_MS, on_idle, program);
    return machine_start(program->machine, error);
}

static void stop(struct program *program)
{
    if (program->loop != NULL) {
        host_loop_set_idle(program->loop, 0, NULL, NULL);
    }
    if (program->monitors != NULL) {
        monitors_destroy(program->monitors);
    }
    machine_destroy(program->machine);
    trace_session_destroy(program->trace);
    if (program->config.pidfile != NULL) {
        host_file_remove_pid(program->config.pidfile, program->pid_fd);
    }
    /* A signal while all this went on was none too many: the end is the same. */
    if (program->loop != NULL) {
        host_loop_on_signal(program->loop, NULL, NULL);
        host_loop_destroy(program->loop);
    }
}

static int run(struct program *program)
{
    g_autoptr(GError) error = NULL;
    int status;

    if (!start(program, &error)) {
        status = fail(error);
    } else {
        if (program->config.daemonize) {
            host_daemon_ready();
        }
        host_loop_run(program->loop);
        status = machine_exit_status(program->machine);
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

    machine_config_init(&program.config);
    if (!machine_config_parse(&program.config, argc, argv, &text, &error)) {
        status = fail(error);
    } else if (text != NULL) {
        status = fputs(text, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    } else if (program.config.daemonize && !host_daemon_is_child()) {
        status = launch_daemon(argv);
    } else {
        status = run(&program);
    }
    machine_config_fini(&program.config);
    return status;
}
