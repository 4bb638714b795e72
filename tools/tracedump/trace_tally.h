/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_tally.h - how many events, turns and spans a trace has, and what is missing among them. */
#ifndef REPLUG_TRACEDUMP_TRACE_TALLY_H
#define REPLUG_TRACEDUMP_TRACE_TALLY_H

#include <glib.h>

#include "tracedump/event.h"
#include "tracedump/nesting.h"

struct name_tally {
    const char *name;
    uint64_t moments;
    uint64_t enters;
    uint64_t leaves;
};

struct trace_tally {
    uint64_t events;
    uint64_t turns;
    uint64_t sessions; /* a CTF folder may hold several, one behind the other */
    uint64_t missing;  /* sequence numbers */
    uint64_t spans_begun;
    uint64_t spans_ended;    /* of those */
    uint64_t leaves_strange; /* without an enter */
    uint64_t spans_too_deep; /* to be followed; neither begun nor ended */
    struct trace_event first;
    struct trace_event last; /* context only, no fields */
    GPtrArray *names;        /* of struct name_tally, by first appearance */
    GHashTable *name_of;     /* the same, by the name's address */
    struct nesting nesting;
};

void trace_tally_init(struct trace_tally *tally);
void trace_tally_fini(struct trace_tally *tally);
void trace_tally_add(struct trace_tally *tally, const struct trace_event *event);

#endif
