/* SPDX-License-Identifier: GPL-2.0-or-later */
/* match.h - whether an event is one that a pattern means, and which condition says no. */
#ifndef REPLUG_CHECK_MATCH_H
#define REPLUG_CHECK_MATCH_H

#include "check/spec.h"
#include "tracedump/event_copy.h"

/* Spans deeper than this are not seen as causes. */
#define MATCH_DEPTH_MAX 256u

/* All events of one name. */
struct event_kind {
    const char *name;
    unsigned id;
    GPtrArray *rules[3]; /* of struct rule_run, by phase: those that want to see it */
    bool is_cause;       /* some pattern asks for what happens inside of it */
};

struct open_cause {
    uint64_t sequence;
    uint64_t turn;
    const struct event_kind *kind;
    struct event_copy enter; /* only of kinds that are causes */
};

struct moment {
    uint64_t sequence;
    uint64_t turn;
    uint64_t now_ns;
    uint64_t icount;
};

enum match_signal {
    SIGNAL_EVENT,
    SIGNAL_TICK, /* time has gone on to the moment: limits may be over */
    SIGNAL_LOST, /* a span is over, without a leave in the trace */
};

/* An event, what it happens inside of, and where captured values are. */
struct match {
    enum match_signal signal;
    struct moment now;
    uint64_t lost_span;              /* SIGNAL_LOST */
    const struct trace_event *event; /* SIGNAL_EVENT */
    const struct event_kind *kind;
    const struct open_cause *stack; /* outermost first; not the event's own span */
    unsigned depth;
    struct check_value *variables; /* captured texts are borrowed from the event */
};

/* How an event with the right name misses a pattern. */
struct miss {
    unsigned failed;                   /* conditions that don't hold; 0: another name */
    const struct condition *condition; /* the first of them; NULL: it is about a cause */
};

bool pattern_names(struct event_pattern *pattern, const struct event_kind *kind);

/* out_miss may be NULL. */
bool pattern_matches(const struct match *match, struct pattern *pattern, struct miss *out_miss);

bool conditions_hold(const struct match *match, const struct trace_event *event, GArray *conditions,
                     struct miss *out_miss);

struct check_value expr_value(const struct match *match, const struct trace_event *event,
                              struct expr *expr);

#endif
