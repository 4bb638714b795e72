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
struct state_desc;
struct state_stream;

/* The machine's memory system is to go first. */
struct recorded_state *recorded_state_create(struct machine *machine);
void recorded_state_destroy(struct recorded_state *state);

/* A device has come or gone. */
void recorded_state_changed(struct recorded_state *state);

/* Where each field lies (state/state_layout.h), when that is not what it was at the call before; else
 * NULL. recorded_state's, until the next call. */
const GString *recorded_state_new_layout(struct recorded_state *state);

/*
 * What a turn can have touched, so that not all has to be compared at its end. Every turn counts as one that
 * touches everything, until it says that it is narrow: then only what regions' handlers say of themselves
 * (enum memory_reach) and what is told here. A replay always compares everything, so that a turn that
 * touched more than it said ends in a divergence that names the field.
 */
void recorded_state_narrow(struct recorded_state *state);
void recorded_state_touched_all(struct recorded_state *state);

/* Compares everything all the same: a field that was touched without a word is a bug of ours, and
 * found at once. On by default under sanitizers. */
void recorded_state_set_checked(struct recorded_state *state, bool checked);

/* The bytes now; recorded_state's, until the next call. */
const GByteArray *recorded_state_take(struct recorded_state *state);

/* Whether the bytes taken last differ from those when this was asked last; true the first time. */
bool recorded_state_has_news(struct recorded_state *state);

/* Guest memory into the state that is taken next; only where our own CPUs are all that write it. */
void recorded_state_take_ram(struct recorded_state *state);

/* The digest of RECORDED_RAM_WINDOW_BYTES of guest memory, never 0 where there is memory: the number'th window, over and over
 * again. Beginning there, counted without gaps. */
#define RECORDED_RAM_WINDOW_BYTES ((uint64_t)4 << 20)
uint64_t recorded_state_ram_window(const struct recorded_state *state, uint64_t number,
                                   uint64_t *out_offset);

/* XXH3-64 of those taken last. */
uint64_t recorded_state_digest(const struct recorded_state *state);

/* Appends all of it: the layout, the one that was told last, the bytes. For a checkpoint. */
void recorded_state_save(struct recorded_state *state, GByteArray *out);
/*
 * Makes the machine's and all devices' state what was saved; gives the bytes. NULL: the devices are not those
 * of the checkpoint, or it is damaged.
 */
GBytes *recorded_state_load(struct recorded_state *state, struct state_stream *stream,
                            GError **error);
/* The same from those bytes, once devices have derived what they derive from them. */
bool recorded_state_load_again(struct recorded_state *state, GBytes *bytes,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Those taken last. */
const GByteArray *recorded_state_taken(const struct recorded_state *state);

/* recording_describe_fn: the fields in which the bytes taken last differ from expected. */
char *recorded_state_describe(void *opaque, GBytes *expected);

/* Of the machine's own. */
extern const struct state_desc machine_state_desc;
/* The hash of all state descriptors: equal hashes mean the same fields in the same places. */
uint64_t recorded_state_schema(void);

/* Flips a bit of the first device that has state, for tests that want a replay to go wrong. */
void recorded_state_spoil(struct recorded_state *state);

#endif
