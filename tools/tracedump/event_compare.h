/* SPDX-License-Identifier: GPL-2.0-or-later */
/* event_compare.h - whether two events of different traces mean the same. */
#ifndef REPLUG_TRACEDUMP_EVENT_COMPARE_H
#define REPLUG_TRACEDUMP_EVENT_COMPARE_H

#include <stdbool.h>

#include "tracedump/diff.h"
#include "tracedump/event.h"

/* Name, phase, turn, times, vCPU and fields; not the sequence, host's time and frames. */
bool events_agree(const struct trace_event *a, const struct trace_event *b,
                  const struct diff_options *options);

/* The same without turn and times. */
bool events_resemble(const struct trace_event *a, const struct trace_event *b,
                     const struct diff_options *options);

/* A line for each thing in which two events of the same name and phase differ. */
void events_print_differences(struct output *output, const struct trace_event *a,
                              const struct trace_event *b, const struct diff_options *options);

#endif
