/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spec.h - an expectation as its file says it, made ready to be matched: rules, their steps, and
 * the patterns of events in them. docs/formats/expectations.md is the language.
 *
 * Nothing here changes once it was parsed, but for the hints that make looking up fields quick.
 */
#ifndef REPLUG_CHECK_SPEC_H
#define REPLUG_CHECK_SPEC_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "check/value.h"
#include "tracedump/filter.h"

#define SPEC_LINES_MAX     10000u
#define SPEC_STEPS_MAX     256u /* of a rule */
#define SPEC_VARIABLES_MAX 64u  /* of a rule, the parameters among them */
#define SPEC_DEPTH_MAX     24u  /* of blocks in blocks */

enum expr_kind {
    EXPR_VALUE,
    EXPR_FIELD,
    EXPR_VARIABLE,
    EXPR_NOT,
    EXPR_AND,
    EXPR_OR,
    EXPR_EQ,
    EXPR_NE,
    EXPR_LT,
    EXPR_LE,
    EXPR_GT,
    EXPR_GE,
    EXPR_ADD,
    EXPR_SUB,
    EXPR_MASK,
};

struct expr {
    enum expr_kind kind;
    struct check_value value; /* EXPR_VALUE; its text is the expression's */
    char *field;              /* EXPR_FIELD */
    unsigned hint;            /* where the field stood last time */
    unsigned variable;        /* EXPR_VARIABLE */
    struct expr *left, *right;
};

/* One of the comma-separated things in a pattern's parentheses: it has one of the first three. */
struct condition {
    struct expr *test;
    struct filter *filter; /* what is no sum or plain comparison is tracedump's own filter */
    struct expr *field;    /* captured to the variable */
    unsigned variable;
    uint64_t used; /* by filter: variables, as bits */
    char *text;    /* as written */
};

/* Names of events, as globs, and conditions on the fields. */
struct event_pattern {
    GPtrArray *names; /* of char * */
    GArray *conditions;
    GByteArray *verdicts; /* the engine's: by kind of event, whether its name matches */
};

struct cause {
    bool negated;
    struct event_pattern event;
};

struct pattern {
    bool leave;
    struct event_pattern event;
    GArray *causes; /* of struct cause: spans that the event is or is not inside of */
};

enum step_kind {
    STEP_THEN,
    STEP_WITHIN,
    STEP_NEVER,
    STEP_EXACTLY,
    STEP_AT_LEAST,
    STEP_AT_MOST,
    STEP_IN_ORDER,
    STEP_ANY_ORDER,
    STEP_ONE_OF,
};

enum limit_kind { LIMIT_NONE, LIMIT_NS, LIMIT_INSTRUCTIONS, LIMIT_TURN };

struct step {
    enum step_kind kind;
    unsigned line;
    char *text;              /* the line without its indentation */
    unsigned index;          /* of the step in the rule: where an instance keeps its state */
    struct pattern *pattern; /* none for groups */
    GArray *results;         /* within: conditions on the leave; NULL: none are asked for */
    struct pattern *without; /* then */
    struct pattern *until;   /* guards: never and the counts */
    struct expr *count;
    enum limit_kind limit;
    uint64_t limit_amount;
    GPtrArray *steps; /* within and groups */
};

enum rule_kind { RULE_FOR_EACH, RULE_WITHIN_EACH, RULE_IN_TRACE };

struct rule {
    const struct spec *spec;
    char *name;
    unsigned line;
    enum rule_kind kind;
    unsigned header_line;
    char *header; /* "within each ...", as written */
    struct pattern *trigger;
    GArray *results;
    struct step *body;    /* an in-order step without a line of its own */
    GPtrArray *until;     /* of struct pattern */
    GPtrArray *unless;    /* of struct pattern */
    bool unless_ends;     /* unless the trace ends */
    GPtrArray *needs;     /* of char *: events that the trace must have for the rule to apply */
    GPtrArray *all_steps; /* by index; the body owns them */
    GPtrArray *variables; /* of char *: names by slot, parameters first */
    bool has_limits;
};

struct spec_param {
    char *name;
    unsigned line;
    bool is_set;
    struct check_value value;
};

struct spec {
    char *file; /* as given; for messages */
    char *name;
    char *title;
    GArray *params;   /* of struct spec_param */
    GPtrArray *rules; /* of struct rule */
};

/* Reads an expectation. The error's text says file, line and column, and shows the place. */
struct spec *spec_parse(const char *file, const char *text,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

struct spec *spec_load(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives a parameter its value; false when there is none of that name. */
bool spec_set(struct spec *spec, const char *name, const char *value) G_GNUC_WARN_UNUSED_RESULT;

/* Every parameter has a value. */
bool spec_is_ready(const struct spec *spec, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void spec_destroy(struct spec *spec);

/* For the parser: what spec_destroy() uses too. */
void expr_destroy(struct expr *expr);
void pattern_destroy(struct pattern *pattern);
void step_destroy(struct step *step);
GArray *conditions_create(void);

#endif
