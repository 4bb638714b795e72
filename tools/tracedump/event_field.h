/* SPDX-License-Identifier: GPL-2.0-or-later */
/* event_field.h - an event's fields by their names. */
#ifndef REPLUG_TRACEDUMP_EVENT_FIELD_H
#define REPLUG_TRACEDUMP_EVENT_FIELD_H

#include <stdbool.h>

#include "tracedump/event.h"

/* Its index, below 0 when the event has none of this name. */
int event_field_index(const struct trace_event *event, const char *name);

/* False and out_number untouched when it has no such field, or that is no number. */
bool event_number(const struct trace_event *event, const char *name, uint64_t *out_number);

/* The same for a text, which no NUL ends. */
bool event_text(const struct trace_event *event, const char *name, const char **out_text,
                uint32_t *out_length);

/* It has a text of this name, and that says so. */
bool event_text_is(const struct trace_event *event, const char *name, const char *text);

#endif
