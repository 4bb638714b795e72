/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_table.h - names, fields and sentences of all events; the table is generated. */
#ifndef REPLUG_TRACE_TRACE_TABLE_H
#define REPLUG_TRACE_TRACE_TABLE_H

#include <stdbool.h>

#include "trace/trace_events.h"

enum trace_type {
    TRACE_TYPE_U8,
    TRACE_TYPE_U16,
    TRACE_TYPE_U32,
    TRACE_TYPE_U64,
    TRACE_TYPE_I32,
    TRACE_TYPE_I64,
    TRACE_TYPE_BOOL,
    TRACE_TYPE_X8,
    TRACE_TYPE_X16,
    TRACE_TYPE_X32,
    TRACE_TYPE_X64,
    TRACE_TYPE_STR,
};

/* Arrays of fields end with a NULL name. */
struct trace_field {
    enum trace_type type;
    const char *name;
};

struct trace_event {
    const char *name;
    bool is_span;
    const struct trace_field *fields;
    const struct trace_field *results; /* of a span's leave */
    const char *doc;
};

extern const struct trace_event trace_event_table[TRACE_EVENT_COUNT];

/* "u32" for TRACE_TYPE_U32. Static string. */
const char *trace_type_name(enum trace_type type);

#endif
