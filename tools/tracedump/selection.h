/* SPDX-License-Identifier: GPL-2.0-or-later */
/* selection.h - which part of a trace a command gets to see: filters, from, to. */
#ifndef REPLUG_TRACEDUMP_SELECTION_H
#define REPLUG_TRACEDUMP_SELECTION_H

#include <getopt.h>
#include <stdbool.h>

#include "tracedump/filter.h"

/* All zero: everything. */
struct selection {
    GPtrArray *filters; /* of struct filter; one that passes is enough. NULL: none */
    struct filter *from;
    struct filter *to; /* counts from what from has let through first */
    bool over;         /* nothing passes any more */
};

void selection_fini(struct selection *selection);

/* For a command's table of long options, with the values that selection_take_option knows. */
enum { SELECTION_FILTER = 0x100, SELECTION_FROM, SELECTION_TO };

#define SELECTION_OPTION_FILTER                             \
    {                                                       \
        "filter", required_argument, NULL, SELECTION_FILTER \
    }
#define SELECTION_OPTIONS_RANGE                          \
    { "from", required_argument, NULL, SELECTION_FROM }, \
    {                                                    \
        "to", required_argument, NULL, SELECTION_TO      \
    }

/* False: it is another option, or its argument is wrong, which is said on stderr behind who
 * ("tracedump show"). */
bool selection_take_option(struct selection *selection, const char *who, int option,
                           const char *text);

bool selection_passes(struct selection *selection, const struct trace_event *event);

/* Events of this name, phase and fields need not even be given to selection_passes. */
bool selection_ignores(struct selection *selection, const struct trace_event *shape);

/* Whether selection_passes may be spared them where the command has no use for them. */
bool selection_may_skip(struct selection *selection, const struct trace_event *shape);

/* When the trace is through: filter_unmet() of all filters. */
char *selection_unmet(const struct selection *selection);

#endif
