/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_control.c - which events are on: -trace options and QMP's trace-event-*-state. */
#include <json-c/json.h>
#include <string.h>

#include "base/error.h"
#include "base/invariant.h"
#include "base/options.h"
#include "trace/trace_internal.h"
#include "trace/trace_session.h"
#include "trace/trace_table.h"

/* A -trace option; the texts belong to the parsed options. */
struct trace_request {
    const char *pattern;
    const char *file;
    uint8_t routes;
    bool has_backtrace;
    bool backtrace;
};

void trace_session_route(struct trace_session *session, enum trace_event_id event, uint8_t routes)
{
    bool was_on = (session->routes[event] & TRACE_ROUTE_RECORDS) != 0;
    bool is_on = (routes & TRACE_ROUTE_RECORDS) != 0;

    session->routes[event] = routes;
    if (was_on != is_on) {
        (void)__atomic_add_fetch(&trace_switches[event], is_on ? 1u : UINT32_MAX, __ATOMIC_RELAXED);
    }
}

static bool matches(const char *pattern, unsigned event)
{
    return g_pattern_match_simple(pattern, trace_event_table[event].name);
}

static bool matches_any(const char *pattern, GError **error)
{
    for (unsigned i = 0; i < TRACE_EVENT_COUNT; i++) {
        if (matches(pattern, i)) {
            return true;
        }
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "unknown event \"%s\"", pattern);
    return false;
}

static bool read_sink(const char *name, struct trace_request *request, GError **error)
{
    if (strcmp(name, "file") == 0) {
        request->routes = TRACE_ROUTE_FILE;
    } else if (strcmp(name, "ring") == 0) {
        request->routes = TRACE_ROUTE_RING;
    } else if (strcmp(name, "lttng") != 0) { /* LTTng's own session says what it wants */
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Invalid parameter '%s' for 'sink'; expected lttng, file or ring", name);
        return false;
    }
    return true;
}

static bool read_request(struct json_object *options, struct trace_request *request, GError **error)
{
    const char *sink = NULL;

    json_object_object_foreach(options, key, value)
    {
        const char *text = json_object_get_string(value);

        if (strcmp(key, "enable") == 0) {
            request->pattern = text;
        } else if (strcmp(key, "sink") == 0) {
            sink = text;
        } else if (strcmp(key, "file") == 0) {
            request->file = text;
        } else if (strcmp(key, "backtrace") == 0) {
            request->has_backtrace = true;
            if (!options_parse_bool(text, &request->backtrace, error)) {
                return false;
            }
        } else {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                        "Invalid parameter '%s'; expected enable, sink, file or backtrace", key);
            return false;
        }
    }
    if (request->pattern == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "A pattern of events is missing; expected [enable=]PATTERN");
        return false;
    }
    if (sink == NULL) {
        sink = request->file != NULL ? "file" : "ring";
    }
    return read_sink(sink, request, error);
}

static bool check_file(const struct trace_session *session, const struct trace_request *request,
                       GError **error)
{
    if ((request->routes & TRACE_ROUTE_FILE) == 0) {
        if (request->file == NULL) {
            return true;
        }
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter 'file' goes with sink=file only");
        return false;
    }
    if (request->file == NULL && session->file == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "sink=file needs file=PATH");
        return false;
    }
    if (request->file != NULL && session->file != NULL &&
        strcmp(request->file, session->file->path) != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "The trace file is '%s' already; '%s' can't be a second one",
                    session->file->path, request->file);
        return false;
    }
    return true;
}

static bool open_sinks(struct trace_session *session, const struct trace_request *request,
                       GError **error)
{
    if ((request->routes & TRACE_ROUTE_FILE) != 0 && session->file == NULL) {
        session->file = sink_file_create(request->file, &session->clock, session->modules, error);
        if (session->file == NULL) {
            return false;
        }
    }
    if ((request->routes & TRACE_ROUTE_RING) != 0 && session->ring == NULL) {
        session->ring = sink_ring_create(SINK_RING_BYTES);
    }
    return true;
}

bool trace_session_configure(struct trace_session *session, const char *option, GError **error)
{
    struct json_object *options = options_parse(option, "enable", error);
    struct trace_request request = { 0 };
    bool ok;

    if (options == NULL) {
        return false;
    }
    ok = read_request(options, &request, error) && matches_any(request.pattern, error) &&
         check_file(session, &request, error) && open_sinks(session, &request, error);
    for (unsigned i = 0; ok && i < TRACE_EVENT_COUNT; i++) {
        uint8_t routes = session->routes[i] | request.routes;

        if (!matches(request.pattern, i)) {
            continue;
        }
        if (request.has_backtrace) {
            routes = request.backtrace ? routes | TRACE_ROUTE_BACKTRACE
                                       : routes & (uint8_t)~TRACE_ROUTE_BACKTRACE;
        }
        trace_session_route(session, i, routes);
    }
    json_object_put(options);
    return ok;
}

struct json_object *trace_session_event_state(struct trace_session *session, const char *pattern,
                                              GError **error)
{
    struct json_object *array;

    if (!matches_any(pattern, error)) {
        return NULL;
    }
    array = json_object_new_array();
    for (unsigned i = 0; i < TRACE_EVENT_COUNT; i++) {
        bool is_on = (session->routes[i] & TRACE_ROUTE_RECORDS) != 0;
        struct json_object *state;

        if (!matches(pattern, i)) {
            continue;
        }
        state = json_object_new_object();
        json_object_object_add(state, "name", json_object_new_string(trace_event_table[i].name));
        json_object_object_add(state, "state",
                               json_object_new_string(is_on ? "enabled" : "disabled"));
        json_object_array_add(array, state);
    }
    return array;
}

void trace_session_apply_pending(struct trace_session *session)
{
    uint8_t sink = session->file != NULL ? TRACE_ROUTE_FILE : TRACE_ROUTE_RING;

    for (unsigned i = 0; i < TRACE_EVENT_COUNT; i++) {
        uint8_t routes = session->routes[i];

        if (session->pending[i] == TRACE_PENDING_DISABLE) {
            trace_session_route(session, i, routes & (uint8_t)~TRACE_ROUTE_RECORDS);
        } else if (session->pending[i] == TRACE_PENDING_ENABLE &&
                   (routes & TRACE_ROUTE_RECORDS) == 0) {
            trace_session_route(session, i, routes | sink);
        }
        session->pending[i] = TRACE_PENDING_NONE;
    }
    session->has_pending = false;
}

bool trace_session_set_event_state(struct trace_session *session, const char *pattern, bool enable,
                                   GError **error)
{
    if (!matches_any(pattern, error)) {
        return false;
    }
    if (enable && session->file == NULL && session->ring == NULL) {
        session->ring = sink_ring_create(SINK_RING_BYTES);
    }
    for (unsigned i = 0; i < TRACE_EVENT_COUNT; i++) {
        if (matches(pattern, i)) {
            session->pending[i] = enable ? TRACE_PENDING_ENABLE : TRACE_PENDING_DISABLE;
        }
    }
    session->has_pending = true;
    if (!session->in_turn) {
        trace_session_apply_pending(session);
    }
    return true;
}
