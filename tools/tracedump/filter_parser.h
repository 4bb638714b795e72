/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter_parser.h - what the two halves of the filter's parser share: structure and values. */
#ifndef REPLUG_TRACEDUMP_FILTER_PARSER_H
#define REPLUG_TRACEDUMP_FILTER_PARSER_H

#include "tracedump/filter_internal.h"

struct filter_parser {
    const char *text;
    size_t length;
    size_t at;
    unsigned depth;
    const struct filter_scope *scope; /* may be NULL */
    struct filter *filter;
    struct filter_problem *problem;
};

/* False always. */
bool filter_parser_fail(struct filter_parser *parser, size_t at, size_t length, const char *format,
                        ...) G_GNUC_PRINTF(4, 5);

void filter_parser_skip_space(struct filter_parser *parser);

/* The character so far ahead, NUL at the end. */
char filter_parser_peek(const struct filter_parser *parser, size_t ahead);

/* An operator of a comparison comes next, maybe behind space. */
bool filter_parser_sees_operator(const struct filter_parser *parser);

/* Operator and values of a NODE_COMPARE whose field is known. */
bool filter_parse_values(struct filter_parser *parser, struct filter_node *node);

#endif
