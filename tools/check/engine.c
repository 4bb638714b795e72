/* SPDX-License-Identifier: GPL-2.0-or-later */
/* engine.c - the way of an event to the rules that care: kinds, open spans, time. */
#include <fnmatch.h>

#include "check/engine_internal.h"

static bool names_match(const GPtrArray *names, const char *name)
{
    for (guint i = 0; i < names->len; i++) {
        if (fnmatch(names->pdata[i], name, 0) == 0) {
            return true;
        }
    }
    return false;
}

/* phases: bits of those in which the rule wants to see events of the name. */
static void note_pattern(const struct pattern *pattern, const char *name, unsigned *phases,
                         bool *is_cause)
{
    if (pattern == NULL) {
        return;
    }
    if (names_match(pattern->event.names, name)) {
        *phases |= pattern->leave ? 1u << EVENT_LEAVE : 1u << EVENT_ENTER | 1u << EVENT_INSTANT;
    }
    for (guint i = 0; i < pattern->causes->len; i++) {
        *is_cause |= names_match(g_array_index(pattern->causes, struct cause, i).event.names, name);
    }
}

static unsigned wanted_phases(const struct rule *rule, const char *name, bool *is_cause)
{
    unsigned phases = 0;

    note_pattern(rule->trigger, name, &phases, is_cause);
    for (guint i = 0; i < rule->until->len; i++) {
        note_pattern(rule->until->pdata[i], name, &phases, is_cause);
    }
    for (guint i = 0; i < rule->unless->len; i++) {
        note_pattern(rule->unless->pdata[i], name, &phases, is_cause);
    }
    if (rule->trigger != NULL && (rule->kind == RULE_WITHIN_EACH || rule->results != NULL) &&
        names_match(rule->trigger->event.names, name)) {
        phases |= 1u << EVENT_LEAVE;
    }
    for (guint i = 0; i < rule->all_steps->len; i++) {
        const struct step *step = rule->all_steps->pdata[i];

        note_pattern(step->pattern, name, &phases, is_cause);
        note_pattern(step->without, name, &phases, is_cause);
        note_pattern(step->until, name, &phases, is_cause);
        if (step->kind == STEP_WITHIN && names_match(step->pattern->event.names, name)) {
            phases |= 1u << EVENT_LEAVE;
        }
    }
    return phases;
}

static struct event_kind *kind_create(struct engine *engine, const char *name)
{
    struct event_kind *kind = g_new0(struct event_kind, 1);

    kind->name = name;
    kind->id = engine->all_kinds->len;
    for (unsigned phase = 0; phase < 3; phase++) {
        kind->rules[phase] = g_ptr_array_new();
    }
    for (guint i = 0; i < engine->runs->len; i++) {
        struct rule_run *run = engine->runs->pdata[i];
        unsigned phases = wanted_phases(run->rule, name, &kind->is_cause);

        for (unsigned phase = 0; phase < 3; phase++) {
            if ((phases & 1u << phase) != 0) {
                g_ptr_array_add(kind->rules[phase], run);
            }
        }
        for (guint j = 0; j < run->rule->needs->len; j++) {
            if (fnmatch(run->rule->needs->pdata[j], name, 0) == 0) {
                run->needs_met->data[j] = 1;
            }
        }
    }
    g_ptr_array_add(engine->all_kinds, kind);
    g_hash_table_insert(engine->kinds, (gpointer)name, kind);
    return kind;
}

static const struct event_kind *kind_of(struct engine *engine, const char *name)
{
    const struct event_kind **recent = &engine->recent[(uintptr_t)name / 8 % 256];

    if (*recent == NULL || (*recent)->name != name) {
        *recent = g_hash_table_lookup(engine->kinds, name);
        if (*recent == NULL) {
            *recent = kind_create(engine, name);
        }
    }
    return *recent;
}

static void kind_destroy(gpointer data)
{
    struct event_kind *kind = data;

    for (unsigned phase = 0; phase < 3; phase++) {
        g_ptr_array_unref(kind->rules[phase]);
    }
    g_free(kind);
}

struct engine *engine_create(GPtrArray *specs)
{
    struct engine *engine = g_new0(struct engine, 1);

    engine->specs = specs;
    engine->runs = g_ptr_array_new_with_free_func((GDestroyNotify)rule_run_destroy);
    engine->kinds = g_hash_table_new(NULL, NULL);
    engine->all_kinds = g_ptr_array_new_with_free_func(kind_destroy);
    output_init(&engine->scratch, -1);
    for (guint i = 0; i < specs->len; i++) {
        const struct spec *spec = specs->pdata[i];

        for (guint j = 0; j < spec->rules->len; j++) {
            g_ptr_array_add(engine->runs, rule_run_create(engine, spec->rules->pdata[j]));
        }
    }
    return engine;
}

void engine_destroy(struct engine *engine)
{
    if (engine == NULL) {
        return;
    }
    for (unsigned i = 0; i < MATCH_DEPTH_MAX; i++) {
        event_copy_fini(&engine->stack[i].enter);
    }
    g_ptr_array_unref(engine->runs);
    g_ptr_array_unref(engine->all_kinds);
    g_hash_table_unref(engine->kinds);
    engine->scratch.length = 0;
    output_fini(&engine->scratch);
    for (guint i = 0; i < engine->specs->len; i++) {
        spec_destroy(engine->specs->pdata[i]);
    }
    g_ptr_array_unref(engine->specs);
    g_free(engine);
}

void engine_set_failure_hook(struct engine *engine, engine_failure_fn hook, void *opaque)
{
    engine->hook = hook;
    engine->hook_opaque = opaque;
}

static void deliver(struct engine *engine, const GPtrArray *runs)
{
    for (guint i = 0; i < runs->len; i++) {
        if (engine->match.signal == SIGNAL_EVENT) {
            rule_run_deliver(runs->pdata[i]);
        } else {
            rule_run_signal(runs->pdata[i]);
        }
    }
}

/* The innermost span is over, and the trace doesn't have its leave. */
static void lose_innermost(struct engine *engine)
{
    const struct open_cause *open = &engine->stack[--engine->depth];

    engine->match.signal = SIGNAL_LOST;
    engine->match.lost_span = open->sequence;
    engine->match.depth = engine->depth;
    deliver(engine, open->kind->rules[EVENT_LEAVE]);
}

/* As nesting_advance(): what was entered after the innermost span around the event is over. */
static void lose_spans(struct engine *engine, const struct trace_event *event)
{
    bool has_span = event->phase == EVENT_LEAVE && event->span != 0;
    uint64_t innermost = has_span ? event->span : event->parent;

    while (engine->depth > 0) {
        const struct open_cause *top = &engine->stack[engine->depth - 1];

        if (top->sequence <= innermost && top->turn == event->turn) {
            break;
        }
        lose_innermost(engine);
    }
}

static void tick(struct engine *engine)
{
    const struct moment *now = &engine->match.now, *last = &engine->last;

    if (now->turn == last->turn && now->now_ns == last->now_ns && now->icount == last->icount) {
        return;
    }
    engine->match.signal = SIGNAL_TICK;
    for (guint i = 0; i < engine->runs->len; i++) {
        struct rule_run *run = engine->runs->pdata[i];

        if (run->rule->has_limits && run->live->len > 0) {
            rule_run_signal(run);
        }
    }
}

static void enter(struct engine *engine, const struct trace_event *event,
                  const struct event_kind *kind)
{
    struct open_cause *open;

    if (engine->depth == MATCH_DEPTH_MAX) {
        return;
    }
    open = &engine->stack[engine->depth++];
    open->sequence = event->sequence;
    open->turn = event->turn;
    open->kind = kind;
    if (kind->is_cause) {
        event_copy_store(&open->enter, event);
    }
}

void engine_feed(struct engine *engine, const struct trace_event *event)
{
    const struct event_kind *kind = kind_of(engine, event->name);
    bool leaves_top;

    engine->gaps |= event->sequence != engine->last.sequence + 1;
    engine->event_count++;
    engine->match.event = event;
    engine->match.now = moment_of(event);
    engine->match.kind = kind;
    engine->match.stack = engine->stack;
    lose_spans(engine, event);
    tick(engine);
    leaves_top = event->phase == EVENT_LEAVE && engine->depth > 0 &&
                 engine->stack[engine->depth - 1].sequence == event->span;
    engine->depth -= leaves_top;
    engine->match.signal = SIGNAL_EVENT;
    engine->match.depth = engine->depth;
    deliver(engine, kind->rules[event->phase]);
    if (event->phase == EVENT_ENTER) {
        enter(engine, event, kind);
    }
    engine->last = engine->match.now;
}

void engine_finish(struct engine *engine)
{
    engine->ended = true;
    engine->match.event = NULL;
    engine->match.now = engine->last;
    engine->match.now.sequence = 0;
    for (guint i = 0; i < engine->runs->len; i++) {
        rule_run_dismiss_at_end(engine->runs->pdata[i]);
    }
    while (engine->depth > 0) {
        lose_innermost(engine);
    }
    for (guint i = 0; i < engine->runs->len; i++) {
        rule_run_close(engine->runs->pdata[i]);
    }
}

const GPtrArray *engine_rules(const struct engine *engine)
{
    return engine->runs;
}

const GPtrArray *engine_specs(const struct engine *engine)
{
    return engine->specs;
}

bool engine_saw_gaps(const struct engine *engine)
{
    return engine->gaps;
}

uint64_t engine_event_count(const struct engine *engine)
{
    return engine->event_count;
}

static bool is_seen(const struct engine *engine, const struct event_pattern *pattern)
{
    for (guint i = 0; i < engine->all_kinds->len; i++) {
        const struct event_kind *kind = engine->all_kinds->pdata[i];

        if (names_match(pattern->names, kind->name)) {
            return true;
        }
    }
    return false;
}

/* Of one branch or another not all need come. */
static bool steps_are_seen(const struct engine *engine, const struct step *step)
{
    const struct pattern *pattern = step->pattern;

    if (step->kind == STEP_ONE_OF) {
        return true;
    }
    if ((step->kind == STEP_THEN || step->kind == STEP_WITHIN) &&
        !is_seen(engine, &pattern->event)) {
        return false;
    }
    for (guint i = 0; pattern != NULL && i < pattern->causes->len; i++) {
        if (!is_seen(engine, &g_array_index(pattern->causes, struct cause, i).event)) {
            return false;
        }
    }
    for (guint i = 0; i < step->steps->len; i++) {
        if (!steps_are_seen(engine, step->steps->pdata[i])) {
            return false;
        }
    }
    return true;
}

bool rule_run_is_traced(const struct rule_run *run)
{
    return steps_are_seen(run->engine, run->rule->body);
}
