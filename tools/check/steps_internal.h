/* SPDX-License-Identifier: GPL-2.0-or-later */
/* steps_internal.h - between the files that give steps their meaning. */
#ifndef REPLUG_CHECK_STEPS_INTERNAL_H
#define REPLUG_CHECK_STEPS_INTERNAL_H

#include "check/steps.h"

static inline struct step_state *step_state_of(const struct instance *instance,
                                               const struct step *step)
{
    return &instance->states[step->index];
}

static inline bool step_is_open(const struct step_state *state)
{
    return state->status == STATUS_RUNNING || state->status == STATUS_INSIDE;
}

enum outcome step_done(struct step_state *state, const struct moment *moment);

/* Keeps the innermost reason, which comes first. */
enum outcome step_fail(struct instance *instance, const struct step *step, enum fail_reason reason,
                       const struct moment *moment);

/* The step and what is in it are idle again. */
void step_forget(struct instance *instance, const struct step *step);

/* In order: the guards up to the next other step begin, and that one too. */
void sequence_start_next(struct instance *instance, const struct step *step,
                         const struct moment *moment);

bool sequence_has_guard(const struct instance *instance, const struct step *step);
enum outcome sequence_close_guards(struct instance *instance, const struct step *step,
                                   const struct moment *moment);

/* How often a guard's event is to come. */
bool guard_count(const struct instance *instance, const struct step *step, check_number *out_count);
enum outcome guard_close(struct instance *instance, const struct step *step,
                         const struct moment *moment);

/* This span does not do; the next one may. */
void within_give_up(struct instance *instance, const struct step *step);

/* leave is NULL when the trace doesn't have it. Done, or open when the span does not do. */
enum outcome within_leave(struct instance *instance, const struct step *step,
                          const struct match *leave, const struct moment *moment);

#endif
