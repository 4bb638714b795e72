/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * instance.h - one occasion on which a rule must hold: how far its steps have come, and the values
 * captured so far. It has a fixed size, whatever the trace brings.
 */
#ifndef REPLUG_CHECK_INSTANCE_H
#define REPLUG_CHECK_INSTANCE_H

#include "check/match.h"

enum step_status { STATUS_IDLE, STATUS_RUNNING, STATUS_INSIDE, STATUS_DONE, STATUS_FAILED };

enum fail_reason {
    FAIL_NONE,
    FAIL_NOT_FOUND, /* what it looks into ended before */
    FAIL_TOO_LATE,
    FAIL_WITHOUT,   /* what must not come before it came */
    FAIL_FORBIDDEN, /* never */
    FAIL_TOO_MANY,
    FAIL_TOO_FEW,
    FAIL_RESULTS, /* the span's leave says something else */
    FAIL_BRANCHES,
    FAIL_TOO_MANY_LIVE, /* the engine keeps no more instances of the rule */
};

/* Where and why an instance failed; the event is only there while it is delivered. */
struct fail {
    enum fail_reason reason;
    const struct step *step;
    const struct condition *condition; /* of the results */
    struct moment at;                  /* sequence 0: the trace's end */
};

struct near_miss {
    unsigned failed; /* 0: none so far */
    const struct condition *condition;
    struct event_copy event;
};

struct step_state {
    enum step_status status;
    unsigned at;        /* in order: the step that is waited for */
    uint64_t count;     /* guards */
    uint64_t span;      /* within: the one it is inside of */
    uint64_t early;     /* the first event of its name that came before its turn */
    struct moment from; /* limits count from here */
    struct moment met;
    struct near_miss near;
    struct fail attempt; /* within: why the last span did not do */
};

enum instance_mode {
    INSTANCE_WAITS, /* for the leave of its trigger, before it begins */
    INSTANCE_RUNS,
    INSTANCE_HELD,   /* but the leave of its trigger may still dismiss it */
    INSTANCE_FAILED, /* the same */
    INSTANCE_GONE,
};

struct instance {
    const struct rule *rule;
    enum instance_mode mode;
    uint64_t span; /* the trigger's, 0 = none */
    struct event_copy trigger;
    struct check_value *variables;
    GByteArray **texts; /* by variable: what captured texts are copied to */
    struct step_state *states;
    struct fail fail;
    struct check_failure *failure; /* INSTANCE_FAILED: what will be reported */
};

enum outcome { OUTCOME_OPEN, OUTCOME_DONE, OUTCOME_FAILED };

struct instance *instance_create(const struct rule *rule);
void instance_destroy(struct instance *instance);

/* Makes the variables that a pattern or results captured the instance's own. */
void instance_keep(struct instance *instance, const struct pattern *pattern, const GArray *results);

/* Everything as before the first step; the body begins behind the moment. */
void instance_begin(struct instance *instance, const struct moment *moment);

struct moment moment_of(const struct trace_event *event);

/* The body sees an event or a signal; match->variables are the instance's. */
enum outcome instance_event(struct instance *instance, const struct match *match);

/* What the body looks into is over. */
enum outcome instance_close(struct instance *instance, const struct moment *moment);

#endif
