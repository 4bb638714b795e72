/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qmp_server.c - a QMP session: greeting, negotiation, requests, replies, events (QEMU's
 * qmp-spec).
 *
 * Protocol matters (malformed input, negotiation, unknown commands) are answered here; a known
 * command with its arguments runs as one turn of the machine.
 */
#include <json-c/json.h>
#include <string.h>

#include "base/error.h"
#include "host/host_char.h"
#include "machine/machine.h"
#include "monitor/monitor_internal.h"
#include "monitor/qmp_parse.h"
#include "monitor/qmp_print.h"
#include "trace/trace.h"

#define TRACED_ARGUMENTS_BYTES_MAX 256u

struct qmp_session {
    struct monitor_session base;
    struct qmp_parser *parser;
    bool pretty;
    bool negotiated;
    bool oob_enabled;
};

static void send(struct qmp_session *session, const struct json_object *message)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (session->base.connected) {
        qmp_print(message, session->pretty, text);
        g_string_append(text, "\r\n");
        host_char_write(session->base.chr, text->str, text->len);
    }
}

/* Takes reply over. Events that the command caused go out first. */
static void send_reply(struct qmp_session *session, unsigned client, struct json_object *reply)
{
    monitors_flush_events(session->base.monitors);
    if (session->base.client == client) {
        send(session, reply);
    }
    json_object_put(reply);
}

/* ---- commands ---- */

static void trace_command(const struct qmp_request *request)
{
    g_autoptr(GString) arguments = g_string_new(NULL);

    if (trace_qmp_command_enabled()) {
        if (request->arguments != NULL) {
            qmp_print(request->arguments, false, arguments);
        }
        g_string_truncate(arguments, MIN(arguments->len, TRACED_ARGUMENTS_BYTES_MAX));
        trace_qmp_command(request->name, arguments->str);
    }
}

/* A session lets through only what passes here; a replay may have other things. */
static struct json_object *run_request(struct monitors *monitors, const struct qmp_request *request)
{
    const struct qmp_command *command = qmp_command_find(qmp_commands, request->name);
    struct qmp_call call = { monitors->machine, monitors, request->arguments };
    g_autoptr(GError) error = NULL;
    struct json_object *value = NULL;

    trace_command(request);
    if (command != NULL) {
        value = qmp_command_run(command, &call, &error);
    } else {
        g_set_error(&error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "The command %s has not been found",
                    request->name);
    }
    trace_qmp_reply(request->name, error == NULL, error != NULL ? error->message : "");
    if (error != NULL) {
        json_object_put(value);
        return qmp_reply_error(request, replug_error_qmp_class(error), error->message);
    }
    return qmp_reply_return(request, value);
}

struct json_object *monitor_run_command(void *opaque, const struct json_object *command)
{
    struct monitors *monitors = opaque;
    g_autoptr(GError) error = NULL;
    struct qmp_request request;

    if (json_object_object_get_ex(command, "command-line", NULL)) {
        return hmp_run_in_turn(monitors->machine, command);
    }
    if (!qmp_request_read(command, false, &request, &error)) {
        return qmp_reply_error(&request, "GenericError", error->message);
    }
    return run_request(monitors, &request);
}

/* ---- negotiation ---- */

static bool read_capabilities(const struct json_object *enable, bool *out_oob, GError **error)
{
    *out_oob = false;
    for (size_t i = 0; enable != NULL && i < json_object_array_length(enable); i++) {
        struct json_object *name = json_object_array_get_idx(enable, i);

        if (!json_object_is_type(name, json_type_string)) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                        "Invalid parameter type for 'enable[%zu]', expected: string", i);
            return false;
        }
        if (strcmp(json_object_get_string(name), "oob") != 0) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                        "Parameter 'enable' does not accept value '%s'",
                        json_object_get_string(name));
            return false;
        }
        *out_oob = true;
    }
    return true;
}

static struct json_object *negotiate(struct qmp_session *session, const struct qmp_request *request)
{
    const struct qmp_command *command = qmp_command_find(qmp_commands, "qmp_capabilities");
    struct qmp_call call = { .arguments = request->arguments };
    g_autoptr(GError) error = NULL;

    if (!qmp_arguments_check(command, request->arguments, &error) ||
        !read_capabilities(qmp_argument_value(&call, "enable"), &session->oob_enabled, &error)) {
        return qmp_reply_error(request, "GenericError", error->message);
    }
    session->negotiated = true;
    return qmp_reply_return(request, json_object_new_object());
}

static struct json_object *answer(struct qmp_session *session, struct json_object *message)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    struct machine *machine = session->base.monitors->machine;
    const struct qmp_command *command;
    struct qmp_request request;
    bool allowed;

    if (!qmp_request_read(message, session->oob_enabled, &request, &error)) {
        return qmp_reply_error(&request, "GenericError", error->message);
    }
    if (!session->negotiated && strcmp(request.name, "qmp_capabilities") == 0) {
        return negotiate(session, &request);
    }
    if (!session->negotiated) {
        return qmp_reply_error(&request, "CommandNotFound",
                               "Expecting capabilities negotiation with 'qmp_capabilities'");
    }
    if (strcmp(request.name, "qmp_capabilities") == 0) {
        return qmp_reply_error(&request, "CommandNotFound",
                               "Capabilities negotiation is already complete, command ignored");
    }
    command = qmp_command_find(qmp_commands, request.name);
    if (command == NULL) {
        text = g_strdup_printf("The command %s has not been found", request.name);
        return qmp_reply_error(&request, "CommandNotFound", text);
    }
    if (request.out_of_band) {
        text = g_strdup_printf("The command %s does not support OOB", request.name);
        return qmp_reply_error(&request, "GenericError", text);
    }
    allowed = command->looks || machine_takes_changes(machine, request.name, &error);
    return allowed ? machine_run_command(machine, session->base.client, message)
                   : qmp_reply_error(&request, "GenericError", error->message);
}

/* ---- input ---- */

/* The bytes that follow in the same read are still meant for us. */
static bool goes_on(const struct qmp_session *session, unsigned client)
{
    return session->base.connected && session->base.client == client &&
           !machine_is_ending(session->base.monitors->machine);
}

static bool on_message(void *opaque, struct json_object *message)
{
    struct qmp_session *session = opaque;
    unsigned client = session->base.client;

    send_reply(session, client, answer(session, message));
    return goes_on(session, client);
}

static bool on_malformed(void *opaque, const char *text)
{
    struct qmp_session *session = opaque;
    unsigned client = session->base.client;

    send_reply(session, client, qmp_reply_error(NULL, "GenericError", text));
    return goes_on(session, client);
}

static void on_read(void *opaque, const uint8_t *bytes, size_t count)
{
    struct qmp_session *session = opaque;

    if (!machine_is_ending(session->base.monitors->machine)) {
        qmp_parser_feed(session->parser, bytes, count);
    }
}

static void on_opened(void *opaque)
{
    struct qmp_session *session = opaque;
    struct json_object *greeting, *body, *capabilities;

    if (session->base.connected) {
        return;
    }
    session->base.connected = true;
    session->base.client = ++session->base.monitors->clients;
    session->negotiated = session->oob_enabled = false;
    qmp_parser_reset(session->parser);
    greeting = json_object_new_object();
    body = json_object_new_object();
    capabilities = json_object_new_array();
    json_object_array_add(capabilities, json_object_new_string("oob"));
    json_object_object_add(body, "version", monitor_version());
    json_object_object_add(body, "capabilities", capabilities);
    json_object_object_add(greeting, "QMP", body);
    send(session, greeting);
    json_object_put(greeting);
}

static void on_closed(void *opaque)
{
    struct qmp_session *session = opaque;

    session->base.connected = session->negotiated = false;
}

static void on_event(struct monitor_session *base, const struct json_object *event)
{
    struct qmp_session *session = (struct qmp_session *)base;

    if (session->negotiated) {
        send(session, event);
    }
}

static void session_destroy(struct monitor_session *base)
{
    struct qmp_session *session = (struct qmp_session *)base;

    host_char_set_handlers(base->chr, NULL);
    qmp_parser_destroy(session->parser);
    g_free(session);
}

struct monitor_session *qmp_session_create(struct monitors *monitors, struct host_char *chr,
                                           bool pretty)
{
    struct qmp_session *session = g_new0(struct qmp_session, 1);
    struct qmp_parser_sink sink = { on_message, on_malformed, session };
    struct host_char_handlers handlers = {
        .opened = on_opened, .closed = on_closed, .read = on_read, .opaque = session
    };

    session->base.monitors = monitors;
    session->base.chr = chr;
    session->base.event = on_event;
    session->base.destroy = session_destroy;
    session->pretty = pretty;
    session->parser = qmp_parser_create(&sink);
    host_char_set_lossless(chr, true);
    host_char_set_handlers(chr, &handlers);
    return &session->base;
}
