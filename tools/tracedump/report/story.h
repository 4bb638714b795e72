/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * story.h - which events a report shows one by one; the others it only counts.
 *
 * A session of Linux has millions of events, of which some thousands tell of hotplug: those with
 * telling names with all that happens within them, and while an operation is under way the guest's
 * register accesses and interrupts too. Each class has a limit, and what is beyond is counted.
 */
#ifndef REPLUG_TRACEDUMP_STORY_H
#define REPLUG_TRACEDUMP_STORY_H

#include <glib.h>
#include <stdbool.h>

#include "tracedump/event.h"

/* An open span and what the report wants to know at its end. */
struct story_span {
    uint64_t sequence;
    uint64_t host_ns;
    uint64_t icount;
    uint64_t turn;
    bool is_told;
};

#define STORY_DEPTH_MAX 256u

struct story {
    struct story_span spans[STORY_DEPTH_MAX];
    unsigned depth;
    GHashTable *class_of;   /* by the name's address */
    uint64_t told_in_build; /* turn 0 */
    uint64_t told_by_name;
    uint64_t told_in_window;
    unsigned window;   /* events that an operation under way may still add */
    uint64_t left_out; /* events that should have been told */
};

void story_init(struct story *story);
void story_fini(struct story *story);

/* Whether this event is to be told; events must come in order. out_span gets the span that a leave
 * ends; sequence 0: none is known. */
bool story_event(struct story *story, const struct trace_event *event, bool is_error,
                 struct story_span *out_span);

/* An operation has come to its end: its window closes. */
void story_close_window(struct story *story);

/* The event says that something went wrong. */
bool story_is_error(const struct trace_event *event);

#endif
