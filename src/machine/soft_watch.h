/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * soft_watch.h - proves, in a recording of our own CPUs, that a replay's guest does the same: what it does with devices, and
 * its memory, by digests each SOFT_INTERVAL instructions; with -record FILE,verify=io each access of a device.
 *
 * A turn "interval" closes an interval. It only compares: nothing acts in it, so a session that is recorded is the one that
 * is not. A list of accesses is cut short in front of each turn from outside, so that a replay, which sees the next turn
 * only, has the accesses in front of it and notices a difference at its very instruction.
 */
#ifndef REPLUG_MACHINE_SOFT_WATCH_H
#define REPLUG_MACHINE_SOFT_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/payload_accesses.h"

struct machine;
struct recording_turn;
struct soft_watch;

/* NULL where nothing is recorded or replayed. */
struct soft_watch *soft_watch_create(const struct machine *machine);
void soft_watch_destroy(struct soft_watch *watch);

/* The guest did something with a device, or took an interrupt. */
void soft_watch_access(struct machine *machine, const struct payload_access *access);

/* Where the next interval ends: never beyond icount_max. Recording only. */
uint64_t soft_watch_icount(const struct machine *machine, uint64_t icount_max);
/* Closes the interval that ends here, between two instructions; under the lock. Recording only. */
void soft_watch_serve(struct machine *machine);
/* A turn from outside is about to begin, or (is_last) the machine to go down; under the lock. Recording only. */
void soft_watch_flush(struct machine *machine, bool is_last);

/* ---- replay ---- */

/* The guest is about to run up to this turn. */
void soft_watch_expect(struct machine *machine, const struct recording_turn *turn);
/* A recorded turn "interval". */
void soft_watch_turn(struct machine *machine, const void *payload, size_t size);

#endif
