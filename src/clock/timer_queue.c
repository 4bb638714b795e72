/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timer_queue.c - a list sorted by deadline; a machine has a handful of timers, so insertion by
 * walking is the fast way. */
#include "clock/timer_queue.h"

#include <stddef.h>

void timer_queue_init(struct timer_queue *queue)
{
    *queue = (struct timer_queue){ .first = NULL };
}

void timer_init(struct timer *timer, struct timer_queue *queue, timer_fn fire, void *opaque)
{
    *timer = (struct timer){ .queue = queue, .fire = fire, .opaque = opaque };
}

void timer_arm(struct timer *timer, uint64_t deadline_ns)
{
    struct timer **at = &timer->queue->first;

    timer_cancel(timer);
    while (*at != NULL && (*at)->deadline_ns <= deadline_ns) {
        at = &(*at)->next;
    }
    timer->deadline_ns = deadline_ns;
    timer->armed = true;
    timer->next = *at;
    *at = timer;
    if (timer->queue->first == timer && timer->queue->closer != NULL) {
        timer->queue->closer(timer->queue->closer_opaque);
    }
}

void timer_cancel(struct timer *timer)
{
    struct timer **at;

    if (!timer->armed) {
        return;
    }
    for (at = &timer->queue->first; *at != timer; at = &(*at)->next) {
    }
    *at = timer->next;
    timer->next = NULL;
    timer->armed = false;
}

uint64_t timer_queue_deadline_ns(const struct timer_queue *queue)
{
    return queue->first != NULL ? queue->first->deadline_ns : UINT64_MAX;
}

unsigned timer_queue_run(struct timer_queue *queue, uint64_t now_ns)
{
    unsigned fired = 0;

    while (queue->first != NULL && queue->first->deadline_ns <= now_ns) {
        struct timer *timer = queue->first;

        timer_cancel(timer);
        timer->fire(timer->opaque);
        fired++;
    }
    return fired;
}
