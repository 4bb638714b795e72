/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * timer_queue.h - one-shot timers in virtual time, run in order of deadline, then of arming.
 *
 * A device embeds struct timer; its deadline belongs to the device's state too, so that loading a
 * checkpoint can arm it again. No allocation: the queue is a list through the timers.
 */
#ifndef REPLUG_CLOCK_TIMER_QUEUE_H
#define REPLUG_CLOCK_TIMER_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct timer_queue;

typedef void (*timer_fn)(void *opaque);

struct timer {
    struct timer_queue *queue;
    struct timer *next;
    timer_fn fire;
    void *opaque;
    uint64_t deadline_ns; /* meaningful while armed */
    bool armed;
};

struct timer_queue {
    struct timer *first; /* the earliest deadline */
    /* Called when a timer was armed before all others; NULL = nobody waits. */
    void (*closer)(void *opaque);
    void *closer_opaque;
};

void timer_queue_init(struct timer_queue *queue);

void timer_init(struct timer *timer, struct timer_queue *queue, timer_fn fire, void *opaque);

/* Arms or moves the timer. */
void timer_arm(struct timer *timer, uint64_t deadline_ns);

void timer_cancel(struct timer *timer);

/* UINT64_MAX when nothing is armed. */
uint64_t timer_queue_deadline_ns(const struct timer_queue *queue);

/* Fires every timer due at now_ns, also those that a fired timer arms for now or earlier. Returns
 * how many fired. */
unsigned timer_queue_run(struct timer_queue *queue, uint64_t now_ns);

#endif
