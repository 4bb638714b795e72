/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commands_trace.c - trace events, the flight recorder, faults on demand. */
#include <json-c/json.h>
#include <string.h>

#include "machine/machine.h"
#include "monitor/monitor_internal.h"
#include "trace/trace_session.h"

/* A pattern may match nothing; a name that does not exist is an error. */
static bool is_pattern(const char *name)
{
    return strpbrk(name, "*?") != NULL;
}

/* What is traced, and what was, is no matter of the machine: a replay may trace something else. */
static struct json_object *event_state(void *opaque, GError **error)
{
    const struct qmp_call *call = opaque;
    const char *name = qmp_argument_string(call, "name");
    struct json_object *events =
        trace_session_event_state(machine_trace(call->machine), name, error);

    if (events == NULL && is_pattern(name)) {
        g_clear_error(error);
        events = json_object_new_array();
    }
    return events;
}

struct json_object *qmp_trace_event_get_state(const struct qmp_call *call, GError **error)
{
    return machine_outside(call->machine, event_state, (struct qmp_call *)call, error);
}

struct json_object *qmp_trace_event_set_state(const struct qmp_call *call, GError **error)
{
    const char *name = qmp_argument_string(call, "name");
    bool ok = trace_session_set_event_state(machine_trace(call->machine), name,
                                            qmp_argument_bool(call, "enable"), error);

    machine_note_command(call->machine);
    if (!ok && is_pattern(name)) {
        g_clear_error(error);
        ok = true;
    }
    return ok ? json_object_new_object() : NULL;
}

/* Into a file: {}. Else {"text"}. */
static struct json_object *ring_dump(void *opaque, GError **error)
{
    const struct qmp_call *call = opaque;
    const char *filename = qmp_argument_string(call, "filename");
    g_autoptr(GString) text = g_string_new(NULL);
    struct json_object *reply;

    if (filename != NULL) {
        bool ok = trace_session_ring_dump_file(machine_trace(call->machine), filename, error);

        return ok ? json_object_new_object() : NULL;
    }
    trace_session_ring_dump(machine_trace(call->machine), text);
    reply = json_object_new_object();
    json_object_object_add(reply, "text", json_object_new_string(text->str));
    return reply;
}

struct json_object *qmp_trace_ring_dump(const struct qmp_call *call, GError **error)
{
    return machine_outside(call->machine, ring_dump, (struct qmp_call *)call, error);
}

struct json_object *qmp_fault_inject(const struct qmp_call *call, GError **error)
{
    bool ok = machine_inject_fault(call->machine, qmp_argument_string(call, "fault"), error);

    return ok ? json_object_new_object() : NULL;
}

struct json_object *qmp_query_faults(const struct qmp_call *call, GError **error)
{
    (void)error;
    return machine_query_faults(call->machine);
}
