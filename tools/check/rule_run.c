/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rule_run.c - the instances of one rule: how they begin, go on, and are counted at their end. */
#include "check/engine_internal.h"

struct rule_run *rule_run_create(struct engine *engine, struct rule *rule)
{
    struct rule_run *run = g_new0(struct rule_run, 1);

    run->rule = rule;
    run->engine = engine;
    run->live = g_ptr_array_new_with_free_func((GDestroyNotify)instance_destroy);
    run->pool = g_ptr_array_new_with_free_func((GDestroyNotify)instance_destroy);
    run->failures = g_ptr_array_new_with_free_func((GDestroyNotify)check_failure_destroy);
    run->needs_met = g_byte_array_new();
    g_byte_array_set_size(run->needs_met, rule->needs->len);
    for (guint i = 0; i < rule->needs->len; i++) {
        run->needs_met->data[i] = 0;
    }
    if (rule->kind == RULE_IN_TRACE) {
        struct instance *instance = instance_create(rule);
        struct moment begin = { 0 };

        g_ptr_array_add(run->live, instance);
        run->occasions = 1;
        instance_begin(instance, &begin);
    }
    return run;
}

void rule_run_destroy(struct rule_run *run)
{
    for (guint i = 0; i < run->live->len; i++) {
        const struct instance *instance = run->live->pdata[i];

        check_failure_destroy(instance->failure);
    }
    g_ptr_array_unref(run->live);
    g_ptr_array_unref(run->pool);
    g_ptr_array_unref(run->failures);
    g_byte_array_unref(run->needs_met);
    g_free(run);
}

bool rule_run_applies(const struct rule_run *run)
{
    for (guint i = 0; i < run->needs_met->len; i++) {
        if (run->needs_met->data[i] == 0) {
            return false;
        }
    }
    return run->occasions > 0;
}

static void report(struct rule_run *run, struct check_failure *failure)
{
    run->failed++;
    if (failure == NULL) {
        return;
    }
    g_ptr_array_add(run->failures, failure);
    if (run->engine->hook != NULL) {
        run->engine->hook(failure, run->engine->hook_opaque);
    }
}

static struct check_failure *explain(const struct rule_run *run, const struct instance *instance)
{
    return run->failures->len < ENGINE_FAILURES_MAX ? failure_create(run->engine, instance) : NULL;
}

static bool waits_for_verdict(const struct instance *instance)
{
    return instance->rule->kind == RULE_WITHIN_EACH && instance->rule->results != NULL;
}

/* The body is decided, but the trigger's results may still say that it was no occasion. */
static void decide(struct rule_run *run, struct instance *instance, enum outcome outcome,
                   bool leave_is_known)
{
    bool waits = waits_for_verdict(instance) && !leave_is_known;

    if (outcome == OUTCOME_OPEN) {
        return;
    }
    if (outcome == OUTCOME_DONE) {
        instance->mode = waits ? INSTANCE_HELD : INSTANCE_GONE;
        run->held += !waits;
        return;
    }
    if (waits) {
        instance->failure = explain(run, instance);
        instance->mode = INSTANCE_FAILED;
        return;
    }
    report(run, explain(run, instance));
    instance->mode = INSTANCE_GONE;
}

static void dismiss(struct rule_run *run, struct instance *instance)
{
    g_clear_pointer(&instance->failure, check_failure_destroy);
    run->dismissed++;
    instance->mode = INSTANCE_GONE;
}

/* leave is NULL when the trace doesn't have it. */
static void leave_trigger(struct rule_run *run, struct instance *instance,
                          const struct match *leave)
{
    const struct rule *rule = instance->rule;
    enum outcome outcome;

    if (rule->results != NULL &&
        (leave == NULL || !conditions_hold(leave, leave->event, rule->results, NULL))) {
        dismiss(run, instance);
        return;
    }
    switch (instance->mode) {
    case INSTANCE_WAITS:
        instance_keep(instance, NULL, rule->results);
        instance_begin(instance, &run->engine->match.now);
        break;
    case INSTANCE_RUNS:
        outcome = instance_close(instance, &run->engine->match.now);
        decide(run, instance, outcome, true);
        break;
    case INSTANCE_HELD:
        run->held++;
        instance->mode = INSTANCE_GONE;
        break;
    case INSTANCE_FAILED:
        report(run, g_steal_pointer(&instance->failure));
        instance->mode = INSTANCE_GONE;
        break;
    case INSTANCE_GONE: break;
    }
}

static bool any_matches(const struct match *match, const GPtrArray *patterns)
{
    for (guint i = 0; i < patterns->len; i++) {
        if (pattern_matches(match, patterns->pdata[i], NULL)) {
            return true;
        }
    }
    return false;
}

static bool looks_at_leave(const struct instance *instance)
{
    return instance->span != 0 &&
           (instance->rule->kind == RULE_WITHIN_EACH || instance->mode == INSTANCE_WAITS);
}

static void go_on(struct rule_run *run, struct instance *instance)
{
    struct match *match = &run->engine->match;
    const struct trace_event *event = match->event;
    enum outcome outcome;

    match->variables = instance->variables;
    if (looks_at_leave(instance)) {
        if (match->signal == SIGNAL_LOST && match->lost_span == instance->span) {
            leave_trigger(run, instance, NULL);
            return;
        }
        if (match->signal == SIGNAL_EVENT && event->phase == EVENT_LEAVE &&
            event->span == instance->span) {
            leave_trigger(run, instance, match);
            return;
        }
    }
    if (instance->mode != INSTANCE_RUNS) {
        return;
    }
    if (match->signal == SIGNAL_EVENT && any_matches(match, instance->rule->unless)) {
        dismiss(run, instance);
        return;
    }
    outcome = match->signal == SIGNAL_EVENT && any_matches(match, instance->rule->until)
                  ? instance_close(instance, &match->now)
                  : instance_event(instance, match);
    decide(run, instance, outcome, false);
}

static void drop_gone(struct rule_run *run)
{
    guint kept = 0;

    for (guint i = 0; i < run->live->len; i++) {
        struct instance *instance = run->live->pdata[i];

        if (instance->mode == INSTANCE_GONE) {
            g_ptr_array_add(run->pool, instance);
        } else {
            run->live->pdata[kept++] = instance;
        }
    }
    /* The pointers behind have moved: they are not to be freed. */
    run->live->len = kept;
}

static void all_go_on(struct rule_run *run)
{
    bool any_gone = false;

    for (guint i = 0; i < run->live->len; i++) {
        struct instance *instance = run->live->pdata[i];

        go_on(run, instance);
        any_gone |= instance->mode == INSTANCE_GONE;
    }
    if (any_gone) {
        drop_gone(run);
    }
}

static struct instance *take_instance(struct rule_run *run)
{
    return run->pool->len > 0 ? g_ptr_array_steal_index_fast(run->pool, run->pool->len - 1)
                              : instance_create(run->rule);
}

static void begin(struct rule_run *run, const struct match *match)
{
    const struct rule *rule = run->rule;
    struct instance *instance = take_instance(run);
    bool is_enter = match->event->phase == EVENT_ENTER;

    /* Variables are the pooled instance's: the trigger captures into it. */
    run->engine->match.variables = instance->variables;
    if (!pattern_matches(match, rule->trigger, NULL)) {
        g_ptr_array_add(run->pool, instance);
        return;
    }
    run->occasions++;
    if (run->live->len == ENGINE_LIVE_MAX) {
        run->gave_up = true;
        g_ptr_array_add(run->pool, instance);
        return;
    }
    instance_keep(instance, rule->trigger, NULL);
    instance->span = is_enter ? match->event->sequence : 0;
    event_copy_store(&instance->trigger, match->event);
    g_ptr_array_add(run->live, instance);
    if (rule->kind == RULE_FOR_EACH && rule->results != NULL) {
        instance->mode = INSTANCE_WAITS;
    } else {
        instance_begin(instance, &match->now);
    }
}

void rule_run_deliver(struct rule_run *run)
{
    const struct match *match = &run->engine->match;
    const struct rule *rule = run->rule;
    bool needs_span =
        rule->kind == RULE_WITHIN_EACH || (rule->kind == RULE_FOR_EACH && rule->results != NULL);

    all_go_on(run);
    if (rule->trigger != NULL && pattern_names(&rule->trigger->event, match->kind) &&
        (!needs_span || match->event->phase == EVENT_ENTER)) {
        begin(run, match);
    }
}

void rule_run_signal(struct rule_run *run)
{
    all_go_on(run);
}

void rule_run_dismiss_at_end(struct rule_run *run)
{
    for (guint i = 0; run->rule->unless_ends && i < run->live->len; i++) {
        struct instance *instance = run->live->pdata[i];

        if (instance->mode == INSTANCE_RUNS) {
            dismiss(run, instance);
        }
    }
    drop_gone(run);
}

void rule_run_close(struct rule_run *run)
{
    for (guint i = 0; i < run->live->len; i++) {
        struct instance *instance = run->live->pdata[i];

        run->engine->match.variables = instance->variables;
        if (instance->mode == INSTANCE_RUNS) {
            decide(run, instance, instance_close(instance, &run->engine->match.now), true);
        } else if (instance->mode != INSTANCE_GONE) {
            dismiss(run, instance);
        }
    }
    drop_gone(run);
}
