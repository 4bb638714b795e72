/* SPDX-License-Identifier: GPL-2.0-or-later */
/* result.h - what came out of a check, for people and for machines. */
#ifndef REPLUG_CHECK_RESULT_H
#define REPLUG_CHECK_RESULT_H

#include "check/engine.h"
#include "tracedump/output.h"

enum verdict {
    VERDICT_HOLDS,
    VERDICT_FAILS,
    VERDICT_NOTHING, /* it had no occasion: nothing was checked */
    VERDICT_UNSURE,  /* it fails, but events are missing that might have let it hold */
};

enum result_format { RESULT_TEXT, RESULT_JSON, RESULT_JUNIT, RESULT_TAP };

struct result {
    const struct engine *engine;
    const char *trace;   /* the file */
    bool must_apply;     /* an expectation without an occasion fails */
    bool gaps_are_doubt; /* what fails in a trace with gaps is unsure */
};

enum verdict result_of_rule(const struct result *result, const struct rule_run *run);

/* The worst of its rules; nothing if none had an occasion. */
enum verdict result_of_spec(const struct result *result, const struct spec *spec);

/* An expectation fails, or one that must apply does not. */
bool result_is_bad(const struct result *result);

void result_print(struct output *output, const struct result *result, enum result_format format);

/* The same as a text, to be freed. */
char *result_to_text(const struct result *result, enum result_format format);

/* One failure as text, for a session that is watched. */
void result_print_failure(struct output *output, const struct check_failure *failure);

/* "held 3 times", "nothing to check: no pc_dimm_plug", ... */
char *result_rule_note(const struct result *result, const struct rule_run *run);

#endif
