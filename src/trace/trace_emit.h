/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace_emit.h - what the generated serializers (trace_emit.c) are made of: begin a call, put the
 * fields into the record, end it.
 *
 * trace_call_begin() numbers the event, finds its place among the open spans, makes room for its
 * record (size bytes when it is a full one) in the file's block or in the ring and writes the
 * context there; the serializer puts the fields behind it. NULL means that nobody but LTTng wants the event, and call->lttng says
 * whether even that may have it.
 *
 * Inline, because a call costs as much as half of the work in it.
 */
#ifndef REPLUG_TRACE_TRACE_EMIT_H
#define REPLUG_TRACE_TRACE_EMIT_H

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "base/invariant.h"
#include "trace/trace_context.h"
#include "trace/trace_events.h"
#include "trace/trace_format.h"
#include "trace/trace_internal.h"

#define TRACE_STRING_BYTES_MAX 1023u
#define TRACE_STRING_SPACE     (TRACE_STRING_BYTES_MAX + 1)

struct trace_call {
    const struct trace_context *context; /* the session's; holds until its next event */
    struct trace_session *session;
    uint8_t *record;
    uint8_t *fields; /* of the record, behind its context */
    uint8_t *end;
    bool lttng;
    bool has_more; /* a backtrace to append or a second sink to serve */
};

void trace_span_enter(struct trace_session *session, enum trace_event_id event);
void trace_span_leave(struct trace_session *session, enum trace_event_id event);

/* Takes the frames of this event; returns the bytes that they add to its record. */
uint32_t trace_call_backtrace(struct trace_session *session, const void *caller);

/* What trace_call_end() does when call->has_more. */
void trace_call_append(struct trace_call *call, uint8_t *at);

/* How much of a text that is too long a trace keeps: up to 1023 bytes, cut between two characters. */
uint32_t trace_string_cut_length(const char *text);

/* text itself when nothing of it is cut, else a copy of length bytes in space. */
const char *trace_string_cut(const char *text, uint32_t length, char *space);

/* The bytes that a trace keeps of a text. NULL has none. */
static inline uint32_t trace_string_length(const char *text)
{
    size_t length = text != NULL ? strnlen(text, TRACE_STRING_BYTES_MAX + 1) : 0;

    return length <= TRACE_STRING_BYTES_MAX ? (uint32_t)length : trace_string_cut_length(text);
}

static inline uint8_t *trace_put_8(uint8_t *at, uint8_t value)
{
    *at = value;
    return at + 1;
}

static inline uint8_t *trace_put_16(uint8_t *at, uint16_t value)
{
    bytes_store_le16(at, value);
    return at + 2;
}

static inline uint8_t *trace_put_32(uint8_t *at, uint32_t value)
{
    bytes_store_le32(at, value);
    return at + 4;
}

static inline uint8_t *trace_put_64(uint8_t *at, uint64_t value)
{
    bytes_store_le64(at, value);
    return at + 8;
}

static inline uint8_t *trace_put_string(uint8_t *at, const char *text, uint32_t length)
{
    bytes_store_le16(at, (uint16_t)length);
    at += 2;
    /* Names are short: two copies that overlap cost less than a call. */
    if (length >= 4 && length <= 8) {
        memcpy(at, text, 4);
        memcpy(at + length - 4, text + length - 4, 4);
    } else if (length > 8 && length <= 16) {
        memcpy(at, text, 8);
        memcpy(at + length - 8, text + length - 8, 8);
    } else if (length > 0) {
        memcpy(at, text, length);
    }
    return at + length;
}

static inline void trace_place_among_spans(struct trace_session *session, enum trace_event_id event,
                                           enum trace_phase phase)
{
    switch (phase) {
    case TRACE_PHASE_INSTANT:
        session->context.span = 0;
        session->context.parent = trace_innermost_span(session);
        break;
    case TRACE_PHASE_ENTER: trace_span_enter(session, event); break;
    case TRACE_PHASE_LEAVE: trace_span_leave(session, event); break;
    }
}

static inline void trace_put_head(uint8_t *record, uint32_t size, enum trace_event_id event,
                                  enum trace_phase phase, unsigned flags)
{
    bytes_store_le16(record, (uint16_t)size);
    bytes_store_le16(record + TRACE_RECORD_EVENT, (uint16_t)event);
    record[TRACE_RECORD_PHASE] = (uint8_t)phase;
    record[TRACE_RECORD_FLAGS] = (uint8_t)flags;
}

static inline void trace_put_context(uint8_t *record, const struct trace_context *context,
                                     uint64_t stamp)
{
    bytes_store_le16(record + TRACE_RECORD_VCPU, context->vcpu);
    bytes_store_le64(record + TRACE_RECORD_SEQUENCE, context->sequence);
    bytes_store_le64(record + TRACE_RECORD_TURN, context->turn);
    bytes_store_le64(record + TRACE_RECORD_NOW_NS, context->now_ns);
    bytes_store_le64(record + TRACE_RECORD_ICOUNT, context->icount);
    bytes_store_le64(record + TRACE_RECORD_SPAN, context->span);
    bytes_store_le64(record + TRACE_RECORD_PARENT, context->parent);
    bytes_store_le64(record + TRACE_RECORD_STAMP, stamp);
}

static inline void trace_begin_full(struct trace_call *call, enum trace_event_id event,
                                    enum trace_phase phase, uint32_t size, uint64_t stamp)
{
    trace_put_head(call->record, size, event, phase,
                   call->context->frame_count > 0 ? TRACE_FLAG_BACKTRACE : 0);
    trace_put_context(call->record, call->context, stamp);
    call->fields = call->record + TRACE_RECORD_FIXED_BYTES;
    call->end = call->record + size;
}

static inline void trace_begin_short(struct trace_call *call, enum trace_event_id event,
                                     enum trace_phase phase, uint32_t size, uint32_t stamp)
{
    const struct trace_context *context = call->context;
    uint64_t distance = context->parent != 0 ? context->sequence - context->parent : 0;

    trace_put_head(call->record, size, event, phase,
                   TRACE_FLAG_SHORT | (context->frame_count > 0 ? TRACE_FLAG_BACKTRACE : 0));
    bytes_store_le16(call->record + TRACE_SHORT_PARENT, (uint16_t)distance);
    bytes_store_le32(call->record + TRACE_SHORT_STAMP, stamp);
    call->fields = call->record + TRACE_SHORT_FIXED_BYTES;
    call->end = call->record + size;
}

/* A record in the file: short where what it leaves out is as in the record before. */
static inline void trace_begin_in_file(struct trace_call *call, enum trace_event_id event,
                                       enum trace_phase phase, uint32_t size)
{
    struct sink_file *file = call->session->file;
    uint64_t stamp = trace_clock_stamp(&call->session->clock);

    call->record = sink_file_reserve(file, size);
    if (sink_file_can_be_short(file, call->context, phase, stamp)) {
        size -= TRACE_RECORD_FIXED_BYTES - TRACE_SHORT_FIXED_BYTES;
        trace_begin_short(call, event, phase, size, (uint32_t)(stamp - file->full_stamp));
    } else {
        trace_begin_full(call, event, phase, size, stamp);
        file->full_stamp = stamp;
    }
    sink_file_take(file, call->context, phase, size);
}

__attribute__((always_inline)) static inline uint8_t *
trace_call_begin(struct trace_call *call, enum trace_event_id event, enum trace_phase phase,
                 uint32_t size, bool lttng, const void *caller)
{
    struct trace_session *session = trace_bound_session;
    uint8_t routes = session != NULL ? session->routes[event] : 0;

    call->lttng = lttng && session != NULL;
    if ((routes & TRACE_ROUTE_RECORDS) == 0 && !call->lttng) {
        return NULL;
    }
    session->context.sequence++;
    session->context.frame_count = 0;
    trace_place_among_spans(session, event, phase);
    if (G_UNLIKELY((routes & TRACE_ROUTE_BACKTRACE) != 0) && phase != TRACE_PHASE_LEAVE) {
        size += trace_call_backtrace(session, caller);
    }
    call->context = &session->context;
    if ((routes & TRACE_ROUTE_RECORDS) == 0) {
        return NULL;
    }
    call->session = session;
    call->has_more =
        session->context.frame_count > 0 || (routes & TRACE_ROUTE_RECORDS) == TRACE_ROUTE_RECORDS;
    if ((routes & TRACE_ROUTE_FILE) != 0) {
        trace_begin_in_file(call, event, phase, size);
    } else {
        call->record = sink_ring_reserve(session->ring, size);
        trace_begin_full(call, event, phase, size, trace_clock_stamp(&session->clock));
    }
    return call->fields;
}

/* at is behind the last field. */
static inline void trace_call_end(struct trace_call *call, uint8_t *at)
{
    if (G_UNLIKELY(call->has_more)) {
        trace_call_append(call, at);
    } else {
        invariant(at == call->end);
    }
}

#endif
