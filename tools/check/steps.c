/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * steps.c - the meaning of the steps (docs/formats/expectations.md, "What a rule means").
 *
 * A step that runs is shown each event that its rule may care about, and is done, failed or still
 * open afterwards. A step takes an event at most once, and an event moves a sequence by one step.
 */
#include "check/steps_internal.h"

static enum outcome step_event(struct instance *instance, const struct match *match,
                               const struct step *step);

static bool limit_is_over(const struct step *step, const struct moment *from,
                          const struct moment *now)
{
    switch (step->limit) {
    case LIMIT_NONE: return false;
    case LIMIT_TURN: return now->turn != from->turn;
    case LIMIT_NS:
        return now->now_ns > from->now_ns && now->now_ns - from->now_ns > step->limit_amount;
    case LIMIT_INSTRUCTIONS:
        return now->icount > from->icount && now->icount - from->icount > step->limit_amount;
    }
    return false;
}

/* Remembers the event that comes closest; the first of those that come equally close. */
static void keep_near_miss(struct step_state *state, const struct match *match,
                           const struct miss *miss)
{
    struct near_miss *near = &state->near;

    if (miss->failed > 0 && (near->failed == 0 || miss->failed < near->failed)) {
        near->failed = miss->failed;
        near->condition = miss->condition;
        event_copy_store(&near->event, match->event);
    }
}

static enum outcome then_event(struct instance *instance, const struct match *match,
                               const struct step *step)
{
    struct step_state *state = step_state_of(instance, step);
    struct miss miss = { 0 };

    if (match->signal == SIGNAL_TICK && limit_is_over(step, &state->from, &match->now)) {
        return step_fail(instance, step, FAIL_TOO_LATE, &match->now);
    }
    if (pattern_matches(match, step->pattern, &miss)) {
        instance_keep(instance, step->pattern, NULL);
        return step_done(state, &match->now);
    }
    keep_near_miss(state, match, &miss);
    if (step->without != NULL && pattern_matches(match, step->without, NULL)) {
        return step_fail(instance, step, FAIL_WITHOUT, &match->now);
    }
    return OUTCOME_OPEN;
}

static enum outcome guard_event(struct instance *instance, const struct match *match,
                                const struct step *step)
{
    struct step_state *state = step_state_of(instance, step);
    check_number wanted = 0;

    if (step->until != NULL && pattern_matches(match, step->until, NULL)) {
        return guard_close(instance, step, &match->now);
    }
    if (!pattern_matches(match, step->pattern, NULL)) {
        return OUTCOME_OPEN;
    }
    state->count++;
    if (step->kind == STEP_NEVER) {
        return step_fail(instance, step, FAIL_FORBIDDEN, &match->now);
    }
    if (step->kind != STEP_AT_LEAST &&
        (!guard_count(instance, step, &wanted) || state->count > wanted)) {
        return step_fail(instance, step, FAIL_TOO_MANY, &match->now);
    }
    return OUTCOME_OPEN;
}

static bool has_only_guards(const struct step *step)
{
    for (guint i = 0; i < step->steps->len; i++) {
        if (!step_is_guard(step->steps->pdata[i])) {
            return false;
        }
    }
    return true;
}

/* A body, of a rule or a within, lasts as long as its guards; a group ends with its last step. */
static enum outcome sequence_is_through(struct instance *instance, const struct step *step,
                                        bool is_body, const struct moment *moment)
{
    struct step_state *state = step_state_of(instance, step);

    if (sequence_has_guard(instance, step)) {
        if (is_body || has_only_guards(step)) {
            return OUTCOME_OPEN;
        }
        if (sequence_close_guards(instance, step, moment) == OUTCOME_FAILED) {
            return step_fail(instance, step, FAIL_NONE, moment);
        }
    }
    return step_done(state, moment);
}

static void note_early(struct instance *instance, const struct match *match,
                       const struct step *step)
{
    for (guint i = step_state_of(instance, step)->at + 1;
         match->signal == SIGNAL_EVENT && i < step->steps->len; i++) {
        const struct step *child = step->steps->pdata[i];
        struct step_state *state = step_state_of(instance, child);

        if (child->pattern != NULL && state->early == 0 && !step_is_guard(child) &&
            child->pattern->leave == (match->event->phase == EVENT_LEAVE) &&
            pattern_names(&child->pattern->event, match->kind)) {
            state->early = match->event->sequence;
        }
    }
}

static enum outcome sequence_event(struct instance *instance, const struct match *match,
                                   const struct step *step, bool is_body)
{
    struct step_state *state = step_state_of(instance, step);
    enum outcome outcome;

    for (guint i = 0; i < step->steps->len; i++) {
        const struct step *child = step->steps->pdata[i];

        if (step_is_guard(child) && step_state_of(instance, child)->status == STATUS_RUNNING &&
            guard_event(instance, match, child) == OUTCOME_FAILED) {
            return step_fail(instance, step, FAIL_NONE, &match->now);
        }
    }
    if (state->at < step->steps->len) {
        note_early(instance, match, step);
        outcome = step_event(instance, match, step->steps->pdata[state->at]);
        if (outcome != OUTCOME_DONE) {
            return outcome;
        }
        state->at++;
        sequence_start_next(instance, step, &match->now);
    }
    return state->at < step->steps->len ? OUTCOME_OPEN
                                        : sequence_is_through(instance, step, is_body, &match->now);
}

static enum outcome all_done(const struct instance *instance, const struct step *step)
{
    for (guint i = 0; i < step->steps->len; i++) {
        if (step_state_of(instance, step->steps->pdata[i])->status != STATUS_DONE) {
            return OUTCOME_OPEN;
        }
    }
    return OUTCOME_DONE;
}

/* After each of the branches has had its turn. */
static enum outcome group_outcome(struct instance *instance, const struct step *step,
                                  const struct moment *moment)
{
    struct step_state *state = step_state_of(instance, step);
    bool any_open = false;

    if (step->kind == STEP_ANY_ORDER) {
        return all_done(instance, step) == OUTCOME_DONE ? step_done(state, moment) : OUTCOME_OPEN;
    }
    for (guint i = 0; i < step->steps->len; i++) {
        const struct step_state *child = step_state_of(instance, step->steps->pdata[i]);

        if (child->status == STATUS_DONE) {
            return step_done(state, moment);
        }
        any_open |= step_is_open(child);
    }
    if (any_open) {
        return OUTCOME_OPEN;
    }
    instance->fail.reason = FAIL_NONE;
    return step_fail(instance, step, FAIL_BRANCHES, moment);
}

static enum outcome group_event(struct instance *instance, const struct match *match,
                                const struct step *step)
{

    for (guint i = 0; i < step->steps->len; i++) {
        const struct step *child = step->steps->pdata[i];

        if (!step_is_open(step_state_of(instance, child))) {
            continue;
        }
        if (step_event(instance, match, child) == OUTCOME_FAILED) {
            step_state_of(instance, child)->status = STATUS_FAILED;
            if (step->kind == STEP_ANY_ORDER) {
                return step_fail(instance, step, FAIL_NONE, &match->now);
            }
            instance->fail.reason = FAIL_NONE; /* Another branch may do. */
        }
    }
    return group_outcome(instance, step, &match->now);
}

static void enter_span(struct instance *instance, const struct match *match,
                       const struct step *step)
{
    struct step_state *state = step_state_of(instance, step);

    instance_keep(instance, step->pattern, NULL);
    state->status = STATUS_INSIDE;
    state->span = match->event->sequence;
    state->met = match->now;
    state->at = 0;
    for (guint i = 0; i < step->steps->len; i++) {
        step_forget(instance, step->steps->pdata[i]);
    }
    sequence_start_next(instance, step, &match->now);
}

static enum outcome inside_event(struct instance *instance, const struct match *match,
                                 const struct step *step)
{
    struct step_state *state = step_state_of(instance, step);
    struct moment entered = state->met;

    if (match->signal == SIGNAL_LOST && match->lost_span == state->span) {
        return within_leave(instance, step, NULL, &match->now);
    }
    if (match->signal == SIGNAL_EVENT && match->event->phase == EVENT_LEAVE &&
        match->event->span == state->span) {
        return within_leave(instance, step, match, &match->now);
    }
    if (state->at == step->steps->len && !sequence_has_guard(instance, step)) {
        return OUTCOME_OPEN; /* Only the leave is missing. */
    }
    if (sequence_event(instance, match, step, true) == OUTCOME_FAILED) {
        within_give_up(instance, step);
    } else {
        state->status = STATUS_INSIDE;
        state->met = entered;
    }
    return OUTCOME_OPEN;
}

static enum outcome within_event(struct instance *instance, const struct match *match,
                                 const struct step *step)
{
    struct step_state *state = step_state_of(instance, step);
    struct miss miss = { 0 };

    if (state->status == STATUS_INSIDE) {
        return inside_event(instance, match, step);
    }
    if (match->signal == SIGNAL_EVENT && match->event->phase == EVENT_ENTER &&
        pattern_matches(match, step->pattern, &miss)) {
        enter_span(instance, match, step);
        return OUTCOME_OPEN;
    }
    keep_near_miss(state, match, &miss);
    return OUTCOME_OPEN;
}

static enum outcome step_event(struct instance *instance, const struct match *match,
                               const struct step *step)
{
    switch (step->kind) {
    case STEP_THEN: return then_event(instance, match, step);
    case STEP_WITHIN: return within_event(instance, match, step);
    case STEP_NEVER:
    case STEP_EXACTLY:
    case STEP_AT_LEAST:
    case STEP_AT_MOST: return guard_event(instance, match, step);
    case STEP_IN_ORDER: return sequence_event(instance, match, step, step == instance->rule->body);
    case STEP_ANY_ORDER:
    case STEP_ONE_OF: break;
    }
    return group_event(instance, match, step);
}

enum outcome instance_event(struct instance *instance, const struct match *match)
{
    return step_event(instance, match, instance->rule->body);
}
