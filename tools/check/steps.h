/* SPDX-License-Identifier: GPL-2.0-or-later */
/* steps.h - how the steps of an instance go on with each event. */
#ifndef REPLUG_CHECK_STEPS_H
#define REPLUG_CHECK_STEPS_H

#include "check/instance.h"

/* The step and what is in it are fresh; it sees the events behind the moment. */
void step_start(struct instance *instance, const struct step *step, const struct moment *moment);

bool step_is_guard(const struct step *step);

#endif
