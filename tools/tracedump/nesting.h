/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nesting.h - which spans are open around an event.
 *
 * It works on what a filter lets through as well, and where leaves are missing (lost records, a
 * trace that begins or ends in the middle): a span is known to be over when an event is met that
 * can't be inside it.
 */
#ifndef REPLUG_TRACEDUMP_NESTING_H
#define REPLUG_TRACEDUMP_NESTING_H

#include <glib.h>
#include <stdbool.h>

#include "tracedump/event.h"

/* Deeper spans count as their ancestor at this depth: a hostile file can't make lines endless. */
#define NESTING_DEPTH_MAX 256u

struct open_span {
    uint64_t sequence; /* of its enter */
    uint64_t turn;
    const char *name;
    bool has_child;
    uint64_t host_ns;  /* of its enter */
    uint64_t inner_ns; /* the user's own, as is tag; both begin with 0 */
    uint32_t tag;
};

/* Called when a span is over, innermost first. */
typedef void (*nesting_closed_fn)(const struct open_span *span, void *opaque);

struct nesting {
    struct open_span spans[NESTING_DEPTH_MAX];
    unsigned depth;
    nesting_closed_fn closed; /* may be NULL */
    void *opaque;
};

/* Closes what is over when this event happens. A leave's own span is closed by nesting_leave. */
void nesting_advance(struct nesting *nesting, const struct trace_event *event);

/* Opens the span of an enter; NULL when it is too deep. To be called after nesting_advance. */
struct open_span *nesting_enter(struct nesting *nesting, const struct trace_event *event);

/* Closes the span of a leave, if it is open. To be called after nesting_advance. */
void nesting_leave(struct nesting *nesting, const struct trace_event *event);

/* Closes all: the trace is through. */
void nesting_finish(struct nesting *nesting);

#endif
