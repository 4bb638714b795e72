/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec_internal.h - between the parsers of steps, patterns and expressions. */
#ifndef REPLUG_CHECK_SPEC_INTERNAL_H
#define REPLUG_CHECK_SPEC_INTERNAL_H

#include "check/spec.h"
#include "check/spec_lex.h"

struct visible_variable {
    const char *name; /* the rule's */
    unsigned slot;
};

struct spec_parser {
    struct spec *spec;
    struct rule *rule;
    GArray *visible; /* of struct visible_variable: those that have a value at this place */
    unsigned depth;  /* of parentheses */
    struct lexer lexer;
};

/* A variable of the rule, as a fresh slot that is visible from now on. */
bool variable_add(struct spec_parser *parser, const char *name, unsigned *out_slot);

/* "slot=0, gpa < $base + $size": up to but without the closing parenthesis. */
bool parse_conditions(struct spec_parser *parser, GArray *conditions);

/* A number, $variable or sum. */
struct expr *parse_expression(struct spec_parser *parser);

/* "[leave] NAME|NAME(CONDITIONS) [[not] caused by NAME(CONDITIONS)]..."; NULL with an error. */
struct pattern *parse_pattern(struct spec_parser *parser);

/* The same, what it captures being visible in it alone. */
struct pattern *parse_closed_pattern(struct spec_parser *parser);

#endif
