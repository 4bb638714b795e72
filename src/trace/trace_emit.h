/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace_emit.h - what the generated serializers (trace_emit.c) are made of: open a call, put the
 * fields into the record, close it.
 *
 * trace_call_open() numbers the event and finds its place among the open spans. It is false when
 * nobody wants the event. trace_record_open() makes room for exactly size bytes in the file's block
 * or in the ring and writes the context there; the serializer puts the fields behind it. NULL means
 * that only LTTng wants the event, or that the record was lost.
 */
#ifndef REPLUG_TRACE_TRACE_EMIT_H
#define REPLUG_TRACE_TRACE_EMIT_H

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "trace/trace_context.h"
#include "trace/trace_events.h"

#define TRACE_STRING_BYTES_MAX 1023u
#define TRACE_STRING_SPACE     (TRACE_STRING_BYTES_MAX + 1)

struct trace_session;

struct trace_call {
    struct trace_session *session;
    const struct trace_context *context; /* the session's; holds until its next event */
    uint8_t *record;
    enum trace_event_id event;
    enum trace_phase phase;
    uint32_t size;
    uint8_t routes;
};

bool trace_call_open(struct trace_call *call, enum trace_event_id event, enum trace_phase phase,
                     bool lttng, const void *caller);
uint8_t *trace_record_open(struct trace_call *call, uint32_t size);
void trace_record_close(struct trace_call *call, uint8_t *end);

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

#endif
