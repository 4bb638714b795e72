/* SPDX-License-Identifier: GPL-2.0-or-later */
/* accept.h - writes an expectation from what a good trace has. */
#ifndef REPLUG_CHECK_ACCEPT_H
#define REPLUG_CHECK_ACCEPT_H

#include <glib.h>

#include "tracedump/event.h"
#include "tracedump/filter.h"

struct accept;

/* of means the span to write down; only the first one that passes it counts. Conditions in its
 * text's parentheses are those of the rule, too. */
struct accept *accept_create(struct filter *of, const char *of_text);
void accept_destroy(struct accept *accept);

/* Events in the order of the trace. */
void accept_feed(struct accept *accept, const struct trace_event *event);

/* The expectation's text; NULL with an error when there was no such span. */
char *accept_text(const struct accept *accept, const char *name, GError **error);

#endif
