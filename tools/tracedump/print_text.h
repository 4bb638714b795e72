/* SPDX-License-Identifier: GPL-2.0-or-later */
/* print_text.h - events as lines of text. */
#ifndef REPLUG_TRACEDUMP_PRINT_TEXT_H
#define REPLUG_TRACEDUMP_PRINT_TEXT_H

#include <stdbool.h>

#include "tracedump/event.h"
#include "tracedump/output.h"

/* Sequence, turn, virtual time, vCPU and, when wanted, host time: "       7 turn 2  1500 ns vcpu 0". */
void print_context(struct output *output, const struct trace_event *event, bool host_time);

/* "NAME: field=value field=value" with the arrow of its phase in front; no end of line. */
void print_event(struct output *output, const struct trace_event *event);

void print_value(struct output *output, enum field_type type, const struct field_value *value);

/* " field=value field=value" */
void print_fields(struct output *output, const struct trace_event *event);

#endif
