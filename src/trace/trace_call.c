/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_call.c - the less frequent parts of an event: spans, backtraces, second sinks, long texts. */
#include "base/invariant.h"
#include "trace/trace_emit.h"
#include "trace/trace_format.h"
#include "trace/trace_internal.h"

void trace_span_enter(struct trace_session *session, enum trace_event_id event)
{
    struct trace_context *context = &session->context;

    context->parent = trace_innermost_span(session);
    context->span = context->sequence;
    if (session->span_count < TRACE_SPANS_MAX) {
        session->spans[session->span_count].sequence = context->sequence;
        session->spans[session->span_count].event = event;
    }
    session->span_count++;
}

/* LTTng switches on and off at any moment, so a leave may come without its enter, and the spans
 * above the one that it closes may have lost their leave. */
void trace_span_leave(struct trace_session *session, enum trace_event_id event)
{
    struct trace_context *context = &session->context;
    uint32_t at = MIN(session->span_count, TRACE_SPANS_MAX);

    context->span = 0;
    if (session->span_count > TRACE_SPANS_MAX) {
        session->span_count--;
        context->parent = trace_innermost_span(session);
        return;
    }
    while (at > 0 && session->spans[at - 1].event != event) {
        at--;
    }
    if (at > 0) {
        context->span = session->spans[at - 1].sequence;
        session->span_count = at - 1;
    }
    context->parent = trace_innermost_span(session);
}

uint32_t trace_call_backtrace(struct trace_session *session, const void *caller)
{
    session->context.frames = session->frames;
    session->context.frame_count = backtrace_take(session->modules, caller, session->frames);
    return 1 + 8 * session->context.frame_count;
}

/* The ring drops records, so each must tell all by itself. */
static void copy_to_ring(const struct trace_call *call)
{
    struct trace_session *session = call->session;
    uint32_t fields_size = (uint32_t)(call->end - call->fields);
    uint32_t size = TRACE_RECORD_FIXED_BYTES + fields_size;
    uint8_t *copy = sink_ring_reserve(session->ring, size);
    uint64_t stamp = session->file->full_stamp;

    if ((call->record[TRACE_RECORD_FLAGS] & TRACE_FLAG_SHORT) != 0) {
        stamp += bytes_load_le32(call->record + TRACE_SHORT_STAMP);
    }
    trace_put_head(copy, size, bytes_load_le16(call->record + TRACE_RECORD_EVENT),
                   call->record[TRACE_RECORD_PHASE],
                   call->record[TRACE_RECORD_FLAGS] & ~TRACE_FLAG_SHORT);
    trace_put_context(copy, call->context, stamp);
    memcpy(copy + TRACE_RECORD_FIXED_BYTES, call->fields, fields_size);
}

void trace_call_append(struct trace_call *call, uint8_t *at)
{
    struct trace_session *session = call->session;
    const struct trace_context *context = call->context;

    if (context->frame_count > 0) {
        at = trace_put_8(at, (uint8_t)context->frame_count);
        for (uint32_t i = 0; i < context->frame_count; i++) {
            at = trace_put_64(at, context->frames[i]);
        }
    }
    invariant(at == call->end);
    if ((session->routes[bytes_load_le16(call->record + TRACE_RECORD_EVENT)] &
         TRACE_ROUTE_RECORDS) == TRACE_ROUTE_RECORDS) {
        copy_to_ring(call);
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
