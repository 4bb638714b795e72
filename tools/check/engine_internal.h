/* SPDX-License-Identifier: GPL-2.0-or-later */
/* engine_internal.h - between the engine, its instances of rules and the account of failures. */
#ifndef REPLUG_CHECK_ENGINE_INTERNAL_H
#define REPLUG_CHECK_ENGINE_INTERNAL_H

#include "check/engine.h"
#include "tracedump/output.h"

struct engine {
    GPtrArray *specs;
    GPtrArray *runs;
    GHashTable *kinds; /* by the name's address */
    const struct event_kind *recent[256];
    GPtrArray *all_kinds; /* by id */
    struct open_cause stack[MATCH_DEPTH_MAX];
    unsigned depth;
    struct match match;
    struct moment last; /* the last event's */
    uint64_t event_count;
    bool gaps;
    bool ended;
    engine_failure_fn hook;
    void *hook_opaque;
    struct output scratch; /* prints events for failures */
};

/* The event of engine->match, or a signal, reaches all instances, and may begin one. */
void rule_run_deliver(struct rule_run *run);
void rule_run_signal(struct rule_run *run);

/* The trace is over for instances that pass then. */
void rule_run_dismiss_at_end(struct rule_run *run);
void rule_run_close(struct rule_run *run);

struct rule_run *rule_run_create(struct engine *engine, struct rule *rule);
void rule_run_destroy(struct rule_run *run);

/* Why the instance has failed, while the event that did it is there. */
struct check_failure *failure_create(struct engine *engine, const struct instance *instance);

#endif
