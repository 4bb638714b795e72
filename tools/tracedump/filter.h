/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter.h - the language that says which events are meant (docs/tracedump.md, "Filters").
 *
 *     kvm_* and within pc_dimm_plug(device=dimm0) and not gpa=0x100000000..0x1ffffffff
 *
 * A filter is parsed once and then sees one trace's events in their order, each once. It keeps a
 * fixed amount of state whatever the trace's length. What names and fields mean is looked up once
 * for each shape of event (name, phase, fields), so most events cost one look-up.
 */
#ifndef REPLUG_TRACEDUMP_FILTER_H
#define REPLUG_TRACEDUMP_FILTER_H

#include <glib.h>
#include <stdbool.h>

#include "tracedump/event.h"

struct filter;

/* A text longer than this, or nested deeper, is refused. */
#define FILTER_LENGTH_MAX 65536u
#define FILTER_DEPTH_MAX  100u

/* What a variable ($NAME) holds when an event is judged. */
struct filter_value {
    bool is_text;
    bool is_signed; /* number is two's complement */
    uint64_t number;
    const char *text; /* not ended by a NUL */
    uint32_t length;
};

/* What a filter may speak of besides events; NULL where a filter stands alone. */
struct filter_scope {
    /* Index of the variable, below 0 when there is none. NULL: there are no variables. */
    int (*variable)(const char *name, void *opaque);
    void *opaque;
    bool stateless; /* within, before and after are refused: one filter may judge any events */
};

/* Where a text is wrong, in bytes from its begin, and why. */
struct filter_problem {
    size_t at;
    size_t length; /* 0 = only the place is meant */
    char text[256];
};

/* The whole text is one expression. NULL: see the problem. */
struct filter *filter_parse(const char *text, const struct filter_scope *scope,
                            struct filter_problem *out_problem) G_GNUC_WARN_UNUSED_RESULT;

/* A moment: turn=12, icount=5000, now=1.5s, 20ms, seq=7, or a filter that means an event. */
enum filter_side {
    FILTER_FROM,   /* passes the moment itself and what comes later */
    FILTER_TO,     /* passes what comes earlier and the moment; a span's is its end */
    FILTER_BEFORE, /* what comes earlier */
    FILTER_AFTER,  /* what comes later; a span's is its end */
};

struct filter *filter_parse_when(const char *text, enum filter_side side,
                                 const struct filter_scope *scope,
                                 struct filter_problem *out_problem) G_GNUC_WARN_UNUSED_RESULT;

/* Three lines: the problem, the text, a caret below the place; to be freed. */
char *filter_problem_describe(const struct filter_problem *problem, const char *text);

/* NULL is fine. */
void filter_destroy(struct filter *filter);

/* Forgets all events, and the trace: names and fields of another source may follow. */
void filter_reset(struct filter *filter);

bool filter_passes(struct filter *filter, const struct trace_event *event);

/* The same with the values of the scope's variables, by index. */
bool filter_passes_with(struct filter *filter, const struct trace_event *event,
                        const struct filter_value *variables);

/* No event of this name, phase and fields can pass. Unless the filter watches them too, a source need
 * not even decode them. */
bool filter_rejects(struct filter *filter, const struct trace_event *shape);

/* Events of this name, phase and fields may change what passes later. */
bool filter_watches(struct filter *filter, const struct trace_event *shape);

/* No later event can pass. */
bool filter_is_over(const struct filter *filter);

/* When the trace is through: a name or field of the filter that no event has had, as a note for the
 * user ("no event has a field 'slto'"), to be freed; NULL: there is none. */
char *filter_unmet(const struct filter *filter);

/* ---- literals, for whoever has a language around this one ---- */

struct filter_number {
    bool negative;
    uint64_t magnitude;
    bool is_time; /* it had a unit of time; magnitude is ns */
};

/* 12, -1, 0x1f, 1.5s, 20ms, 3us, 7ns, 4K, 256M, 1G, 2T; all of the text must be the number. */
bool filter_parse_number(const char *text, size_t length, struct filter_number *out_number);

/* Below 0, 0 or above 0, as memcmp(3); is_signed = value is two's complement. */
int filter_compare_number(uint64_t value, bool is_signed, const struct filter_number *with);

#endif
