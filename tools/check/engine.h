/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine.h - holds expectations against a stream of events: one pass, and memory that doesn't grow
 * with the trace.
 */
#ifndef REPLUG_CHECK_ENGINE_H
#define REPLUG_CHECK_ENGINE_H

#include "check/instance.h"

/* Occasions of one rule that may be open at once; a rule that needs more can't be checked. */
#define ENGINE_LIVE_MAX 4096u
/* Failures of one rule that are told in full; more are counted. */
#define ENGINE_FAILURES_MAX 16u

struct engine;

/* A step that an instance has behind it, or the one that it failed at. */
struct check_mark {
    unsigned line;
    char *text;
    uint64_t sequence; /* of the event that it took; 0: none */
};

/* One failure, in words; all texts are its own. */
struct check_failure {
    const struct rule *rule;
    unsigned line; /* of the step that failed, or of the rule's first line */
    char *step;
    enum fail_reason reason;
    char *why;      /* a sentence without a full stop */
    char *occasion; /* the event that began it, NULL in the whole trace */
    struct moment begun;
    struct moment at; /* where it was decided; sequence 0: at the trace's end */
    char *event;      /* that event, NULL at the trace's end */
    GArray *matched;  /* of struct check_mark */
    char *nearest;    /* the event that came closest, or NULL */
    char *difference; /* what of it did not fit */
    uint64_t early;   /* an event of the name came before its turn; 0: none did */
    char *chain;      /* the spans around, "a --> b" */
};

/* What became of one rule. */
struct rule_run {
    struct rule *rule;
    struct engine *engine;
    GPtrArray *live; /* of struct instance */
    GPtrArray *pool;
    GPtrArray *failures; /* of struct check_failure */
    uint64_t occasions;
    uint64_t held;
    uint64_t dismissed;
    uint64_t failed;
    GByteArray *needs_met;
    bool gave_up; /* more than ENGINE_LIVE_MAX at once */
};

typedef void (*engine_failure_fn)(const struct check_failure *failure, void *opaque);

/* Takes over the expectations (of struct spec), which are ready. */
struct engine *engine_create(GPtrArray *specs);
void engine_destroy(struct engine *engine);

/* Called with each failure that is kept, as it is found. */
void engine_set_failure_hook(struct engine *engine, engine_failure_fn hook, void *opaque);

/* Events in the order of the trace. Names and fields stay as long as the engine. */
void engine_feed(struct engine *engine, const struct trace_event *event);

/* The trace is over. Nothing is fed after it. */
void engine_finish(struct engine *engine);

/* Of struct rule_run, in the order of files and lines. */
const GPtrArray *engine_rules(const struct engine *engine);
const GPtrArray *engine_specs(const struct engine *engine);

/* Numbers are missing in the sequence: events weren't traced, or are lost. */
bool engine_saw_gaps(const struct engine *engine);
uint64_t engine_event_count(const struct engine *engine);

/* The rule had an occasion, and the trace has what it requires. */
bool rule_run_applies(const struct rule_run *run);

/* Each event that a step waits for, or that a never excuses as a cause, came somewhere in the trace:
 * what came nowhere was perhaps not traced. */
bool rule_run_is_traced(const struct rule_run *run);

void check_failure_destroy(struct check_failure *failure);

#endif
