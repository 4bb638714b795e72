/* SPDX-License-Identifier: GPL-2.0-or-later */
/* event_copy.h - an event kept while its source goes on. Names and fields stay the source's. */
#ifndef REPLUG_TRACEDUMP_EVENT_COPY_H
#define REPLUG_TRACEDUMP_EVENT_COPY_H

#include <glib.h>

#include "tracedump/event.h"

/* All zero is an empty one. */
struct event_copy {
    struct trace_event event; /* without frames */
    GArray *values;
    GByteArray *texts;
};

void event_copy_fini(struct event_copy *copy);

/* Replaces what was in it. */
void event_copy_store(struct event_copy *copy, const struct trace_event *event);

#endif
