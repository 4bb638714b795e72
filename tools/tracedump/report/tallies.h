/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tallies.h - what a report counts over all events, in memory that does not grow with the trace. */
#ifndef REPLUG_TRACEDUMP_TALLIES_H
#define REPLUG_TRACEDUMP_TALLIES_H

#include <glib.h>
#include <stdbool.h>

#include "tracedump/event.h"
#include "tracedump/histogram.h"

#define DENSITY_BINS 512u

/* How many events there were along an axis that begins at the first value and has any length. */
struct density {
    uint64_t first;
    uint64_t width; /* of a bin; 0 = nothing yet */
    uint64_t bins[DENSITY_BINS];
};

struct name_count {
    const char *name;
    uint64_t count;              /* moments and begins */
    struct histogram *durations; /* of spans, in ns of the host's time; NULL: none */
    struct histogram *instructions;
};

struct hop_count {
    const char *name;
    uint64_t line;
    uint64_t count;
    uint64_t raised;
    uint64_t lowered;
    uint64_t changes;
    int last; /* level, below 0 = none yet */
};

struct tallies {
    uint64_t events;
    GPtrArray *names; /* struct name_count, by first appearance */
    GHashTable *name_of;
    GArray *hops; /* struct hop_count, by first appearance */
    struct density by_host;
    struct density by_now;
    struct density by_icount;
    struct density by_sequence;
    struct trace_event first;
    struct trace_event last;
    bool is_full; /* more names or hops than are counted */
};

void tallies_init(struct tallies *tallies);
void tallies_fini(struct tallies *tallies);
void tallies_event(struct tallies *tallies, const struct trace_event *event);

/* A span has ended. */
void tallies_span(struct tallies *tallies, const char *name, uint64_t host_ns,
                  uint64_t instructions);

void density_add(struct density *density, uint64_t value);

#endif
