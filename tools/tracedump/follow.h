/* SPDX-License-Identifier: GPL-2.0-or-later */
/* follow.h - the events of a file that is still being written, as they come. */
#ifndef REPLUG_TRACEDUMP_FOLLOW_H
#define REPLUG_TRACEDUMP_FOLLOW_H

#include "tracedump/run.h"

#define FOLLOW_FOREVER UINT64_MAX /* as idle_ms */

struct follow_options {
    uint64_t interval_ms; /* between two looks */
    uint64_t idle_ms;     /* ends when nothing has come for so long; 0 = at the present end */
    /* Called when all that was there has been read; may be NULL. */
    void (*tick)(struct run *run, void *opaque);
};

/* As run_events; ends as the options say, when the selection is over, or by a signal. */
bool follow_events(struct run *run, const struct follow_options *options, run_event_fn event,
                   void *opaque);

#endif
