/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recorded_state.h - all of the machine's state as one string of bytes, for recordings: the machine's
 * own, then every device's state struct in the order of the tree.
 */
#ifndef REPLUG_MACHINE_RECORDED_STATE_H
#define REPLUG_MACHINE_RECORDED_STATE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct device;
struct machine;
struct recorded_state;

struct recorded_state *recorded_state_create(struct machine *machine);
void recorded_state_destroy(struct recorded_state *state);

/* A device has come or gone. */
void recorded_state_changed(struct recorded_state *state);

/* Where each field lies (state/state_layout.h), when that is not what it was at the call before; else
 * NULL. recorded_state's, until the next call. */
const GString *recorded_state_new_layout(struct recorded_state *state);

/* The bytes now; recorded_state's, until the next call. */
const GByteArray *recorded_state_take(struct recorded_state *state);

/* Whether the bytes taken last differ from those when this was asked last; true the first time. */
bool recorded_state_has_news(struct recorded_state *state);

/* Guest memory into the state that is taken next; only where our own CPUs are all that write it. */
void recorded_state_take_ram(struct recorded_state *state);

/* Those taken last. */
const GByteArray *recorded_state_taken(const struct recorded_state *state);

/* recording_describe_fn: the fields in which the bytes taken last differ from expected. */
char *recorded_state_describe(void *opaque, GBytes *expected);

/* The hash of all state descriptors: equal hashes mean the same fields in the same places. */
uint64_t recorded_state_schema(void);

/* Flips a bit of the first device that has state, for tests that want a replay to go wrong. */
void recorded_state_spoil(struct recorded_state *state);

#endif
