/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec_steps.h - the parser of a rule's indented lines. */
#ifndef REPLUG_CHECK_SPEC_STEPS_H
#define REPLUG_CHECK_SPEC_STEPS_H

#include "check/spec_internal.h"

struct spec_line {
    unsigned indent;
    unsigned number;
    const char *text; /* with its indentation: columns in errors count from there */
};

struct spec_lines {
    GArray *items; /* of struct spec_line, without empty lines and comments */
    GStringChunk *texts;
    guint at;
};

static inline const struct spec_line *spec_lines_next(struct spec_lines *lines)
{
    return &g_array_index(lines->items, struct spec_line, lines->at++);
}

/* The next line's indentation; 0 at the end. */
static inline unsigned spec_lines_indent(const struct spec_lines *lines)
{
    return lines->at < lines->items->len
               ? g_array_index(lines->items, struct spec_line, lines->at).indent
               : 0;
}

/* All indented lines that follow are the body of the current rule. */
bool parse_body(struct spec_parser *parser, struct spec_lines *lines);

/* "-> (CONDITIONS)", if it is there. */
bool parse_results(struct spec_parser *parser, GArray **out_results, const struct pattern *pattern);

#endif
