/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hmp_session.c - a human on a character device: banner, prompt, lines. The terminal does the
 * editing. */
#include <json-c/json.h>
#include <string.h>

#include "host/host_char.h"
#include "machine/machine.h"
#include "monitor/monitor_internal.h"

#define LINE_BYTES_MAX 4096u
#define PROMPT         "(replug) "
#define BANNER         "Replug 0.1.0 monitor - type 'help' for more information\r\n"

struct hmp_session {
    struct monitor_session base;
    GString *line;
    bool too_long;
    bool after_return; /* a line feed now belongs to the carriage return before it */
};

static void say(struct hmp_session *session, const char *text)
{
    if (session->base.connected) {
        host_char_write(session->base.chr, text, strlen(text));
    }
}

struct json_object *hmp_run_in_turn(struct machine *machine, const struct json_object *command)
{
    const char *line = json_object_get_string(json_object_object_get(command, "command-line"));
    g_autofree char *text = monitor_run_hmp(machine, line != NULL ? line : "");

    return json_object_new_string(text);
}

static void run_line(struct hmp_session *session)
{
    struct json_object *command = json_object_new_object();
    struct json_object *text;
    unsigned client = session->base.client;

    json_object_object_add(command, "command-line", json_object_new_string(session->line->str));
    text = machine_run_command(session->base.monitors->machine, client, command);
    json_object_put(command);
    monitors_flush_events(session->base.monitors);
    if (session->base.client == client) {
        say(session, json_object_get_string(text));
    }
    json_object_put(text);
}

static void line_complete(struct hmp_session *session)
{
    if (session->too_long) {
        say(session, "Error: the line is longer than 4096 bytes\r\n");
    } else if (strspn(session->line->str, " \t") < session->line->len) {
        run_line(session); /* an empty line is no input of the machine's */
    }
    g_string_truncate(session->line, 0);
    session->too_long = false;
    say(session, PROMPT);
}

static void take_byte(struct hmp_session *session, char byte)
{
    bool after_return = session->after_return;

    session->after_return = byte == '\r';
    if (byte == '\r' || (byte == '\n' && !after_return)) {
        line_complete(session);
    } else if (byte == '\b' || byte == 0x7f) {
        g_string_truncate(session->line, MAX(session->line->len, 1) - 1);
    } else if ((guchar)byte < ' ' && byte != '\t') {
        return; /* no terminal would send it in a line */
    } else if (session->line->len < LINE_BYTES_MAX) {
        g_string_append_c(session->line, byte);
    } else {
        session->too_long = true;
    }
}

static void on_read(void *opaque, const uint8_t *bytes, size_t count)
{
    struct hmp_session *session = opaque;
    unsigned client = session->base.client;

    for (size_t i = 0; i < count && session->base.connected && session->base.client == client &&
                       !machine_is_ending(session->base.monitors->machine);
         i++) {
        take_byte(session, (char)bytes[i]);
    }
}

static void on_opened(void *opaque)
{
    struct hmp_session *session = opaque;

    if (!session->base.connected) {
        session->base.connected = true;
        session->base.client = ++session->base.monitors->clients;
        g_string_truncate(session->line, 0);
        session->too_long = session->after_return = false;
        say(session, BANNER PROMPT);
    }
}

static void on_closed(void *opaque)
{
    struct hmp_session *session = opaque;

    session->base.connected = false;
}

static void session_destroy(struct monitor_session *base)
{
    struct hmp_session *session = (struct hmp_session *)base;

    host_char_set_handlers(base->chr, NULL);
    g_string_free(session->line, TRUE);
    g_free(session);
}

struct monitor_session *hmp_session_create(struct monitors *monitors, struct host_char *chr)
{
    struct hmp_session *session = g_new0(struct hmp_session, 1);
    struct host_char_handlers handlers = {
        .opened = on_opened, .closed = on_closed, .read = on_read, .opaque = session
    };

    session->base.monitors = monitors;
    session->base.chr = chr;
    session->base.destroy = session_destroy;
    session->line = g_string_new(NULL);
    host_char_set_lossless(chr, true);
    host_char_set_handlers(chr, &handlers);
    return &session->base;
}
