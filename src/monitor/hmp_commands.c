/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hmp_commands.c - the human monitor's commands that change something, and the table of all. */
#include <json-c/json.h>
#include <string.h>

#include "base/options.h"
#include "machine/machine.h"
#include "machine/machine_config.h"
#include "monitor/monitor_internal.h"
#include "trace/trace_session.h"

static void say_error(const struct hmp_call *call, GError *error)
{
    if (error != NULL) {
        g_string_append_printf(call->out, "Error: %s\n", error->message);
        g_error_free(error);
    }
}

/* Through the QMP command's checks; a value that it returns is not shown. */
static void run_qmp(const struct hmp_call *call, const char *name,
                    const struct json_object *arguments)
{
    struct qmp_call qmp = { call->machine, NULL, arguments };
    GError *error = NULL;
    struct json_object *value = qmp_command_run(qmp_command_find(qmp_commands, name), &qmp, &error);

    json_object_put(value);
    say_error(call, error);
}

static void run_qmp_id(const struct hmp_call *call, const char *name)
{
    struct json_object *arguments = json_object_new_object();

    json_object_object_add(arguments, "id", json_object_new_string(call->arguments[0]));
    run_qmp(call, name, arguments);
    json_object_put(arguments);
}

static void run_help(const struct hmp_call *call)
{
    if (!hmp_print_help(call->table, call->arguments[0], call->out)) {
        g_string_append_printf(call->out, "unknown command: '%s'\n", call->arguments[0]);
    }
}

static void run_device_add(const struct hmp_call *call)
{
    GError *error = NULL;
    struct json_object *options = options_parse(call->arguments[0], "driver", &error);

    if (options != NULL) {
        run_qmp(call, "device_add", options);
    }
    json_object_put(options);
    say_error(call, error);
}

static void run_device_del(const struct hmp_call *call)
{
    run_qmp_id(call, "device_del");
}

static void run_netdev_add(const struct hmp_call *call)
{
    GError *error = NULL;
    struct json_object *options =
        options_parse_lists(call->arguments[0], "type", machine_netdev_lists, &error);

    if (options != NULL) {
        run_qmp(call, "netdev_add", options);
    }
    json_object_put(options);
    say_error(call, error);
}

static void run_netdev_del(const struct hmp_call *call)
{
    run_qmp_id(call, "netdev_del");
}

static void run_set_link(const struct hmp_call *call)
{
    GError *error = NULL;
    bool is_up;

    if (options_parse_bool(call->arguments[1], &is_up, &error) &&
        machine_set_link(call->machine, call->arguments[0], is_up, &error)) {
        return;
    }
    say_error(call, error);
}

/* Not by the QMP command: there, a size is no text. */
static void run_object_add(const struct hmp_call *call)
{
    GError *error = NULL;
    struct json_object *options = options_parse(call->arguments[0], "qom-type", &error);

    if (options != NULL) {
        (void)qmp_object_add_text(call->machine, options, &error); /* error says it */
    }
    json_object_put(options);
    say_error(call, error);
}

static void run_object_del(const struct hmp_call *call)
{
    run_qmp_id(call, "object-del");
}

static void run_stop(const struct hmp_call *call)
{
    machine_stop(call->machine);
}

static void run_cont(const struct hmp_call *call)
{
    run_qmp(call, "cont", NULL);
}

static void run_system_reset(const struct hmp_call *call)
{
    machine_system_reset(call->machine);
}

static void run_system_powerdown(const struct hmp_call *call)
{
    machine_system_powerdown(call->machine);
}

static void run_quit(const struct hmp_call *call)
{
    machine_quit(call->machine);
}

static void run_trace_event(const struct hmp_call *call)
{
    bool on = strcmp(call->arguments[1], "on") == 0;
    GError *error = NULL;

    if (!on && strcmp(call->arguments[1], "off") != 0) {
        g_string_append(call->out, "Expected 'on' or 'off'\n"
                                   "Try \"help trace-event\" for more information\n");
        return;
    }
    machine_note_command(call->machine);
    if (!trace_session_set_event_state(machine_trace(call->machine), call->arguments[0], on,
                                       &error)) {
        say_error(call, error);
    }
}

/* The ring's text, or an empty string once it is in a file. */
static struct json_object *ring_dump(void *opaque, GError **error)
{
    const struct hmp_call *call = opaque;
    g_autoptr(GString) text = g_string_new(NULL);

    if (call->arguments[0] == NULL) {
        trace_session_ring_dump(machine_trace(call->machine), text);
    } else if (!trace_session_ring_dump_file(machine_trace(call->machine), call->arguments[0],
                                             error)) {
        return NULL;
    }
    return json_object_new_string_len(text->str, (int)MIN(text->len, (gsize)G_MAXINT));
}

static void run_trace_ring_dump(const struct hmp_call *call)
{
    GError *error = NULL;
    struct json_object *text =
        machine_outside(call->machine, ring_dump, (struct hmp_call *)call, &error);

    g_string_append(call->out, text != NULL ? json_object_get_string(text) : "");
    json_object_put(text);
    say_error(call, error);
}

static void run_fault(const struct hmp_call *call)
{
    GError *error = NULL;

    if (!machine_inject_fault(call->machine, call->arguments[0], &error)) {
        say_error(call, error);
    }
}

/* clang-format off */
const struct hmp_command hmp_commands[] = {
    { "help|?", "[cmd]", "show the help", .run = run_help, .optional = 1, .rest_of_line = true },
    { "info", "[subcommand]", "show various information about the system state",
      .sub = hmp_info_commands },
    { "device_add", "driver[,prop=value][,...]", "add device, like -device on the command line",
      .run = run_device_add, .required = 1, .rest_of_line = true, .changes = true },
    { "device_del", "device", "remove device", .run = run_device_del, .required = 1, .changes = true },
    { "netdev_add", "[type=]user,id=str[,prop=value][,...]", "add host network device",
      .run = run_netdev_add, .required = 1, .rest_of_line = true, .changes = true },
    { "netdev_del", "id", "remove host network device", .run = run_netdev_del, .required = 1, .changes = true },
    { "set_link", "name on|off", "change the link status of a network adapter",
      .run = run_set_link, .required = 2, .changes = true },
    { "object_add", "[qom-type=]type,id=str[,prop=value][,...]", "create QOM object",
      .run = run_object_add, .required = 1, .rest_of_line = true, .changes = true },
    { "object_del", "id", "destroy QOM object", .run = run_object_del, .required = 1, .changes = true },
    { "stop|s", "", "stop emulation", .run = run_stop },
    { "cont|c", "", "resume emulation", .run = run_cont },
    { "system_reset", "", "reset the system", .run = run_system_reset, .changes = true },
    { "system_powerdown", "", "send system power down event", .run = run_system_powerdown, .changes = true },
    { "trace-event", "name on|off", "change the state of the trace events that match name",
      .run = run_trace_event, .required = 2 },
    { "trace-ring-dump", "[filename]", "show the flight recorder's events, or write them to a file",
      .run = run_trace_ring_dump, .optional = 1 },
    { "fault", "POINT=ERRNO[,at=N]", "let the Nth call of that kind fail; POINT=off ends it",
      .run = run_fault, .required = 1, .changes = true },
    { "quit|q", "", "end the emulator", .run = run_quit },
    { .name = NULL },
};
/* clang-format on */
