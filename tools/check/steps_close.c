/* SPDX-License-Identifier: GPL-2.0-or-later */
/* steps_close.c - how steps begin, and what becomes of them when what they look into is over. */
#include "check/steps_internal.h"

bool step_is_guard(const struct step *step)
{
    switch (step->kind) {
    case STEP_NEVER:
    case STEP_EXACTLY:
    case STEP_AT_LEAST:
    case STEP_AT_MOST: return true;
    case STEP_THEN:
    case STEP_WITHIN:
    case STEP_IN_ORDER:
    case STEP_ANY_ORDER:
    case STEP_ONE_OF: break;
    }
    return false;
}

enum outcome step_done(struct step_state *state, const struct moment *moment)
{
    state->status = STATUS_DONE;
    state->met = *moment;
    return OUTCOME_DONE;
}

enum outcome step_fail(struct instance *instance, const struct step *step, enum fail_reason reason,
                       const struct moment *moment)
{
    step_state_of(instance, step)->status = STATUS_FAILED;
    if (instance->fail.reason == FAIL_NONE) {
        instance->fail = (struct fail){ .reason = reason, .step = step, .at = *moment };
    }
    return OUTCOME_FAILED;
}

void step_forget(struct instance *instance, const struct step *step)
{
    struct step_state *state = step_state_of(instance, step);
    struct event_copy copy = state->near.event;

    *state = (struct step_state){ .status = STATUS_IDLE };
    state->near.event = copy;
    for (guint i = 0; i < step->steps->len; i++) {
        step_forget(instance, step->steps->pdata[i]);
    }
}

static void start(struct instance *instance, const struct step *step, const struct moment *moment);

void sequence_start_next(struct instance *instance, const struct step *step,
                         const struct moment *moment)
{
    struct step_state *state = step_state_of(instance, step);

    for (; state->at < step->steps->len; state->at++) {
        const struct step *child = step->steps->pdata[state->at];

        start(instance, child, moment);
        if (!step_is_guard(child)) {
            break;
        }
    }
}

static void start(struct instance *instance, const struct step *step, const struct moment *moment)
{
    struct step_state *state = step_state_of(instance, step);

    state->status = STATUS_RUNNING;
    state->from = *moment;
    if (step->kind == STEP_IN_ORDER) {
        sequence_start_next(instance, step, moment);
    } else if (step->kind == STEP_ANY_ORDER || step->kind == STEP_ONE_OF) {
        for (guint i = 0; i < step->steps->len; i++) {
            start(instance, step->steps->pdata[i], moment);
        }
    }
}

void step_start(struct instance *instance, const struct step *step, const struct moment *moment)
{
    step_forget(instance, step);
    start(instance, step, moment);
}

bool guard_count(const struct instance *instance, const struct step *step, check_number *out_count)
{
    struct match match = { .variables = instance->variables };
    static const struct trace_event nothing;
    struct check_value value = expr_value(&match, &nothing, step->count);

    *out_count = value.number;
    return value.kind == VALUE_NUMBER || value.kind == VALUE_EITHER;
}

enum outcome guard_close(struct instance *instance, const struct step *step,
                         const struct moment *moment)
{
    struct step_state *state = step_state_of(instance, step);
    check_number wanted = 0;

    if ((step->kind == STEP_EXACTLY || step->kind == STEP_AT_LEAST) &&
        (!guard_count(instance, step, &wanted) || state->count < wanted)) {
        return step_fail(instance, step, FAIL_TOO_FEW, moment);
    }
    return step_done(state, moment);
}

bool sequence_has_guard(const struct instance *instance, const struct step *step)
{
    for (guint i = 0; i < step->steps->len; i++) {
        const struct step *child = step->steps->pdata[i];

        if (step_is_guard(child) && step_state_of(instance, child)->status == STATUS_RUNNING) {
            return true;
        }
    }
    return false;
}

enum outcome sequence_close_guards(struct instance *instance, const struct step *step,
                                   const struct moment *moment)
{
    for (guint i = 0; i < step->steps->len; i++) {
        const struct step *child = step->steps->pdata[i];

        if (step_is_guard(child) && step_state_of(instance, child)->status == STATUS_RUNNING &&
            guard_close(instance, child, moment) == OUTCOME_FAILED) {
            return OUTCOME_FAILED;
        }
    }
    return OUTCOME_DONE;
}

void within_give_up(struct instance *instance, const struct step *step)
{
    struct step_state *state = step_state_of(instance, step);

    state->attempt = instance->fail;
    instance->fail.reason = FAIL_NONE;
    state->status = STATUS_RUNNING;
    state->span = 0;
}

static enum outcome step_close(struct instance *instance, const struct step *step,
                               const struct moment *moment);

/* What is left of the sequence must do with no further event. */
static enum outcome sequence_close(struct instance *instance, const struct step *step,
                                   const struct moment *moment)
{
    struct step_state *state = step_state_of(instance, step);

    if (sequence_close_guards(instance, step, moment) == OUTCOME_FAILED) {
        return OUTCOME_FAILED;
    }
    while (state->at < step->steps->len) {
        if (step_close(instance, step->steps->pdata[state->at], moment) == OUTCOME_FAILED) {
            return OUTCOME_FAILED;
        }
        state->at++;
        sequence_start_next(instance, step, moment);
        if (sequence_close_guards(instance, step, moment) == OUTCOME_FAILED) {
            return OUTCOME_FAILED;
        }
    }
    return OUTCOME_DONE;
}

enum outcome within_leave(struct instance *instance, const struct step *step,
                          const struct match *leave, const struct moment *moment)
{
    struct step_state *state = step_state_of(instance, step);
    struct moment met = state->met;
    struct miss miss = { 0 };

    if (sequence_close(instance, step, moment) == OUTCOME_FAILED) {
        within_give_up(instance, step);
        return OUTCOME_OPEN;
    }
    if (step->results != NULL &&
        (leave == NULL || !conditions_hold(leave, leave->event, step->results, &miss))) {
        (void)step_fail(instance, step, FAIL_RESULTS, moment);
        instance->fail.condition = miss.condition;
        if (leave != NULL) {
            state->near.failed = 1;
            state->near.condition = miss.condition;
            event_copy_store(&state->near.event, leave->event);
        }
        within_give_up(instance, step);
        return OUTCOME_OPEN;
    }
    instance_keep(instance, NULL, step->results);
    return step_done(state, &met);
}

static enum outcome within_close(struct instance *instance, const struct step *step,
                                 const struct moment *moment)
{
    if (step_state_of(instance, step)->status == STATUS_INSIDE &&
        within_leave(instance, step, NULL, moment) == OUTCOME_DONE) {
        return OUTCOME_DONE;
    }
    return step_fail(instance, step, FAIL_NOT_FOUND, moment);
}

static enum outcome any_order_close(struct instance *instance, const struct step *step,
                                    const struct moment *moment)
{
    for (guint i = 0; i < step->steps->len; i++) {
        const struct step *child = step->steps->pdata[i];

        if (step_is_open(step_state_of(instance, child)) &&
            step_close(instance, child, moment) == OUTCOME_FAILED) {
            return step_fail(instance, step, FAIL_NONE, moment);
        }
    }
    return step_done(step_state_of(instance, step), moment);
}

static enum outcome one_of_close(struct instance *instance, const struct step *step,
                                 const struct moment *moment)
{
    for (guint i = 0; i < step->steps->len; i++) {
        const struct step *child = step->steps->pdata[i];

        if (!step_is_open(step_state_of(instance, child))) {
            continue;
        }
        if (step_close(instance, child, moment) == OUTCOME_DONE) {
            return step_done(step_state_of(instance, step), moment);
        }
        instance->fail.reason = FAIL_NONE;
    }
    return step_fail(instance, step, FAIL_BRANCHES, moment);
}

static enum outcome step_close(struct instance *instance, const struct step *step,
                               const struct moment *moment)
{
    switch (step->kind) {
    case STEP_THEN: return step_fail(instance, step, FAIL_NOT_FOUND, moment);
    case STEP_WITHIN: return within_close(instance, step, moment);
    case STEP_NEVER:
    case STEP_EXACTLY:
    case STEP_AT_LEAST:
    case STEP_AT_MOST: return guard_close(instance, step, moment);
    case STEP_IN_ORDER:
        return sequence_close(instance, step, moment) == OUTCOME_DONE
                   ? step_done(step_state_of(instance, step), moment)
                   : step_fail(instance, step, FAIL_NONE, moment);
    case STEP_ANY_ORDER: return any_order_close(instance, step, moment);
    case STEP_ONE_OF: break;
    }
    return one_of_close(instance, step, moment);
}

enum outcome instance_close(struct instance *instance, const struct moment *moment)
{
    return step_close(instance, instance->rule->body, moment);
}
