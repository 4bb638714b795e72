/* SPDX-License-Identifier: GPL-2.0-or-later */
/* diff.h - what tracedump diff is asked, and the two kinds of files that it compares. */
#ifndef REPLUG_TRACEDUMP_DIFF_H
#define REPLUG_TRACEDUMP_DIFF_H

#include <glib.h>
#include <stdbool.h>

#include "tracedump/hotplug_row.h"
#include "tracedump/selection.h"
#include "tracedump/terminal.h"

/* As diff(1). */
enum {
    DIFF_SAME,
    DIFF_DIFFERS,
    DIFF_TROUBLE, /* a file can't be used, is damaged or incomplete */
};

struct diff_options {
    const char *paths[2];
    struct selection selections[2]; /* of each trace's events */
    bool common;                    /* only events that both traces have some of */
    bool ignore_time;
    bool ignore_turn;
    bool ignore_vcpu;
    bool stages;              /* the stages of all plugs and unplugs, not only of others */
    enum hotplug_clock clock; /* of stages */
    struct terminal_progress progress;
    GPtrArray *ignored; /* names: of traces' fields, of recordings' kinds */
};

bool diff_ignores(const struct diff_options *options, const char *name);

/* Print to output, and to stderr what is wrong with a file; return one of the above. */
int diff_traces(struct output *output, struct diff_options *options);
int diff_recordings(struct output *output, struct diff_options *options);

/* Prints the stages of plugs and unplugs that took another time or way. */
void diff_stages(struct output *output, const struct diff_options *options);

/* "--- a.rpt", "+++ b.rpt" */
void diff_print_paths(struct output *output, const struct diff_options *options);

#endif
