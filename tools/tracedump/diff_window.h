/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diff_window.h - the events of two traces behind their first difference: how many each has to itself
 * before both go on alike.
 */
#ifndef REPLUG_TRACEDUMP_DIFF_WINDOW_H
#define REPLUG_TRACEDUMP_DIFF_WINDOW_H

#include "tracedump/diff.h"
#include "tracedump/event_copy.h"

/* Beyond it two traces don't meet again. */
#define DIFF_WINDOW_EVENTS 256u

struct diff_window {
    GArray *events[2]; /* struct event_copy */
};

void diff_window_init(struct diff_window *window);
void diff_window_fini(struct diff_window *window);

/* False: it is full. */
bool diff_window_add(struct diff_window *window, unsigned side, const struct trace_event *event);

/* How many events of each side stand alone; false: they don't meet again in the window. */
bool diff_window_align(const struct diff_window *window, const struct diff_options *options,
                       unsigned out_alone[2]);

/* '-' and '+' lines of what stands alone, then what differs in a single pair, then some common ones. */
void diff_window_print(struct output *output, const struct diff_window *window,
                       const struct diff_options *options);

#endif
