/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event.h - one trace event in memory: what every source delivers, whatever the file's format, and
 * what filters and printers work on.
 */
#ifndef REPLUG_TRACEDUMP_EVENT_H
#define REPLUG_TRACEDUMP_EVENT_H

#include <stdint.h>

enum event_phase { EVENT_INSTANT, EVENT_ENTER, EVENT_LEAVE };

/* The types of docs/adding-a-trace-event.md, and raw bytes for what the file doesn't describe. */
enum field_type {
    FIELD_U8,
    FIELD_U16,
    FIELD_U32,
    FIELD_U64,
    FIELD_I32,
    FIELD_I64,
    FIELD_BOOL,
    FIELD_X8,
    FIELD_X16,
    FIELD_X32,
    FIELD_X64,
    FIELD_STR,
    FIELD_RAW,
};

struct field_decl {
    const char *name;
    enum field_type type;
};

struct field_value {
    uint64_t number;  /* sign-extended for i32 and i64; bool is 0 or 1 */
    const char *text; /* str and raw: not ended by a NUL, and may contain some */
    uint32_t length;
};

#define EVENT_VCPU_NONE 0xffffu

/* Valid until the source is asked for the next one. */
struct trace_event {
    const char *name; /* within one source, equal names are equal pointers */
    enum event_phase phase;
    uint16_t vcpu;
    uint64_t sequence;
    uint64_t turn;
    uint64_t now_ns;
    uint64_t icount;
    uint64_t span; /* enter and leave: the sequence of the enter, 0 if that was not traced */
    uint64_t parent;
    uint64_t host_ns;
    const struct field_decl *fields;
    const struct field_value *values;
    unsigned field_count;
    const uint64_t *frames; /* innermost first; module index in the top 16 bits, offset below */
    unsigned frame_count;
};

#define FRAME_NO_MODULE     0xffffu
#define FRAME_MODULE(frame) ((unsigned)((frame) >> 48))
#define FRAME_OFFSET(frame) ((frame)&UINT64_C(0xffffffffffff))

/* A loaded file that backtraces point into. */
struct trace_module {
    const char *path;
    const char *build_id; /* hex text, "" when the file has none */
};

#endif
