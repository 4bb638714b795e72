/* SPDX-License-Identifier: GPL-2.0-or-later */
/* follow.h - the events of a file that is still being written, as they come. */
#ifndef REPLUG_TRACEDUMP_FOLLOW_H
#define REPLUG_TRACEDUMP_FOLLOW_H

#include "tracedump/run.h"

struct follow_options {
    uint64_t interval_ms; /* between two looks */
    uint64_t idle_ms;     /* ends when nothing has come for so long; 0 = at the present end */
    bool forever;         /* idle_ms does not count */
    /* Called when all that was there has been read; may be NULL. */
    void (*tick)(struct run *run, void *opaque);
};

/* As run_events; ends as the options say, when the selection is over, or by a signal. */
bool follow_events(struct run *run, const struct follow_options *options, run_event_fn event,
                   void *opaque);

/* --interval's and --idle's argument as for a filter ("500ms", "2s"); what is wrong is said on stderr. */
bool follow_take_time(const char *who, const char *option, const char *text, uint64_t *out_ms);

#endif
