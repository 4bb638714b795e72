/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_call.c - the path of an event that is on: number, place among the spans, room for a record. */
#include "base/invariant.h"
#include "trace/trace_emit.h"
#include "trace/trace_format.h"
#include "trace/trace_internal.h"

static uint64_t innermost_span(const struct trace_session *session)
{
    uint32_t known = MIN(session->span_count, TRACE_SPANS_MAX);

    return known > 0 ? session->spans[known - 1].sequence : 0;
}

static void span_enter(struct trace_session *session, enum trace_event_id event,
                       struct trace_context *context)
{
    context->parent = innermost_span(session);
    context->span = context->sequence;
    if (session->span_count < TRACE_SPANS_MAX) {
        session->spans[session->span_count].sequence = context->sequence;
        session->spans[session->span_count].event = event;
    }
    session->span_count++;
}

/* LTTng switches on and off at any moment, so a leave may come without its enter, and the spans
 * above the one that it closes may have lost their leave. */
static void span_leave(struct trace_session *session, enum trace_event_id event,
                       struct trace_context *context)
{
    uint32_t at = MIN(session->span_count, TRACE_SPANS_MAX);

    context->span = 0;
    if (session->span_count > TRACE_SPANS_MAX) {
        session->span_count--;
        context->parent = innermost_span(session);
        return;
    }
    while (at > 0 && session->spans[at - 1].event != event) {
        at--;
    }
    if (at > 0) {
        context->span = session->spans[at - 1].sequence;
        session->span_count = at - 1;
    }
    context->parent = innermost_span(session);
}

bool trace_call_open(struct trace_call *call, enum trace_event_id event, enum trace_phase phase,
                     bool lttng, const void *caller)
{
    struct trace_session *session = trace_bound_session;
    struct trace_context *context;
    uint8_t routes;

    if (session == NULL) {
        return false;
    }
    routes = session->routes[event];
    if ((routes & TRACE_ROUTE_RECORDS) == 0 && !lttng) {
        return false;
    }
    context = &session->context;
    context->sequence++;
    context->frame_count = 0;
    switch (phase) {
    case TRACE_PHASE_INSTANT:
        context->span = 0;
        context->parent = innermost_span(session);
        break;
    case TRACE_PHASE_ENTER: span_enter(session, event, context); break;
    case TRACE_PHASE_LEAVE: span_leave(session, event, context); break;
    }
    call->session = session;
    call->context = context;
    call->event = event;
    call->phase = phase;
    call->routes = routes;
    if (G_UNLIKELY((routes & TRACE_ROUTE_BACKTRACE) != 0) && phase != TRACE_PHASE_LEAVE) {
        context->frames = session->frames;
        context->frame_count = backtrace_take(session->modules, caller, session->frames);
    }
    return true;
}

uint8_t *trace_record_open(struct trace_call *call, uint32_t size)
{
    struct trace_session *session = call->session;
    const struct trace_context *context = call->context;
    uint8_t *record;

    if ((call->routes & TRACE_ROUTE_RECORDS) == 0) {
        return NULL;
    }
    if (context->frame_count > 0) {
        size += 1 + 8 * context->frame_count;
    }
    if ((call->routes & TRACE_ROUTE_FILE) != 0) {
        record = sink_file_reserve(session->file, size);
    } else {
        record = sink_ring_reserve(session->ring, size);
    }
    call->record = record;
    call->size = size;
    bytes_store_le16(record, (uint16_t)size);
    bytes_store_le16(record + TRACE_RECORD_EVENT, (uint16_t)call->event);
    record[TRACE_RECORD_PHASE] = (uint8_t)call->phase;
    record[TRACE_RECORD_FLAGS] = context->frame_count > 0 ? TRACE_FLAG_BACKTRACE : 0;
    bytes_store_le16(record + TRACE_RECORD_VCPU, context->vcpu);
    bytes_store_le64(record + TRACE_RECORD_SEQUENCE, context->sequence);
    bytes_store_le64(record + TRACE_RECORD_TURN, context->turn);
    bytes_store_le64(record + TRACE_RECORD_NOW_NS, context->now_ns);
    bytes_store_le64(record + TRACE_RECORD_ICOUNT, context->icount);
    bytes_store_le64(record + TRACE_RECORD_SPAN, context->span);
    bytes_store_le64(record + TRACE_RECORD_PARENT, context->parent);
    bytes_store_le64(record + TRACE_RECORD_HOST_NS, trace_clock_stamp(&session->clock));
    return record + TRACE_RECORD_FIXED_BYTES;
}

void trace_record_close(struct trace_call *call, uint8_t *end)
{
    const struct trace_context *context = call->context;

    if (context->frame_count > 0) {
        end = trace_put_8(end, (uint8_t)context->frame_count);
        for (uint32_t i = 0; i < context->frame_count; i++) {
            end = trace_put_64(end, context->frames[i]);
        }
    }
    invariant(end == call->record + call->size);
    if ((call->routes & TRACE_ROUTE_RECORDS) == TRACE_ROUTE_RECORDS) {
        memcpy(sink_ring_reserve(call->session->ring, call->size), call->record, call->size);
    }
}

uint32_t trace_string_cut_length(const char *text)
{
    uint32_t cut = TRACE_STRING_BYTES_MAX;

    /* A character has at most three bytes behind its first (RFC 3629 §3). */
    while (cut > TRACE_STRING_BYTES_MAX - 3 && ((uint8_t)text[cut] & 0xc0) == 0x80) {
        cut--;
    }
    return cut;
}

const char *trace_string_cut(const char *text, uint32_t length, char *space)
{
    if (text == NULL) {
        return "";
    }
    if (text[length] == '\0') {
        return text;
    }
    memcpy(space, text, length);
    space[length] = '\0';
    return space;
}
