/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_internal.h - a session from the inside; shared by the files of src/trace only. */
#ifndef REPLUG_TRACE_TRACE_INTERNAL_H
#define REPLUG_TRACE_TRACE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/backtrace.h"
#include "trace/sink_file.h"
#include "trace/sink_ring.h"
#include "trace/trace_clock.h"
#include "trace/trace_context.h"
#include "trace/trace_events.h"

#define TRACE_SPANS_MAX 256u

/* Where an event's records go. */
enum {
    TRACE_ROUTE_FILE = 1,
    TRACE_ROUTE_RING = 2,
    TRACE_ROUTE_RECORDS = TRACE_ROUTE_FILE | TRACE_ROUTE_RING,
    TRACE_ROUTE_BACKTRACE = 4, /* with frames, in LTTng as well */
};

enum trace_pending {
    TRACE_PENDING_NONE,
    TRACE_PENDING_ENABLE,
    TRACE_PENDING_DISABLE,
};

struct trace_open_span {
    uint64_t sequence;
    enum trace_event_id event;
};

struct trace_session {
    uint8_t routes[TRACE_EVENT_COUNT];
    struct trace_context context; /* of the last event, and what of it holds for the next */
    struct trace_open_span spans[TRACE_SPANS_MAX];
    uint32_t span_count; /* may exceed the array: those above are open but not known */
    bool in_turn;
    bool is_muted;
    bool has_pending;
    bool lttng_knows_modules;
    uint8_t pending[TRACE_EVENT_COUNT]; /* enum trace_pending, until the turn's end */
    struct trace_clock clock;
    struct trace_clock_point created;
    struct trace_modules *modules;
    struct sink_file *file; /* NULL while no pattern has named one */
    struct sink_ring *ring; /* NULL while nothing goes there */
    uint64_t frames[BACKTRACE_FRAMES_MAX];
};

/* The session that the calling thread's probes go to. */
extern __thread struct trace_session *trace_bound_session;

static inline uint64_t trace_innermost_span(const struct trace_session *session)
{
    uint32_t known = MIN(session->span_count, TRACE_SPANS_MAX);

    return known > 0 ? session->spans[known - 1].sequence : 0;
}

/* Sets where an event goes and keeps trace_switches right. */
void trace_session_route(struct trace_session *session, enum trace_event_id event, uint8_t routes);

/* Carries out what trace_session_set_event_state left for the turn's end. */
void trace_session_apply_pending(struct trace_session *session);

/* Sends replug:trace_module for each module once after LTTng has switched it on. */
void sink_lttng_describe_modules(struct trace_session *session);

#endif
