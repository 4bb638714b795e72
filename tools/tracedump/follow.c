/* SPDX-License-Identifier: GPL-2.0-or-later */
/* follow.c - reads to the present end, waits, and reads on. */
#include "tracedump/follow.h"

#include <poll.h>

/* How many events there were. */
static uint64_t read_on(struct run *run, run_event_fn event, void *opaque)
{
    const struct trace_event *next;
    uint64_t count = 0;

    while (!run_is_done(run) && (next = source_next(run->source)) != NULL) {
        run_hand_out(run, next, event, opaque);
        count++;
    }
    return count;
}

bool follow_events(struct run *run, const struct follow_options *options, run_event_fn event,
                   void *opaque)
{
    uint64_t idle_ms = 0;

    run->no_pager = true;
    if (!run_open(run)) {
        return false;
    }
    source_follow(run->source);
    for (;;) {
        idle_ms = read_on(run, event, opaque) > 0 ? 0 : idle_ms + options->interval_ms;
        if (options->tick != NULL) {
            options->tick(run, opaque);
        }
        output_flush(&run->output);
        if (run_is_done(run) || source_is_over(run->source) || idle_ms >= options->idle_ms) {
            return true;
        }
        (void)poll(NULL, 0,
                   (int)MIN(options->interval_ms, 60000)); /* A signal only makes it shorter. */
    }
}
