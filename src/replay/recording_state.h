/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording_state.h - the machine's state between two turns, and its changes as bytes.
 *
 *     change := nothing (equal) | size { gap length byte[length] }
 *
 * The numbers are varints. A gap counts from the end of the run before. Where size differs from the
 * size before, one run holds the whole state (none does where size is 0).
 */
#ifndef REPLUG_REPLAY_RECORDING_STATE_H
#define REPLUG_REPLAY_RECORDING_STATE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recording_state {
    uint8_t *bytes;
    size_t size;
};

void recording_state_fini(struct recording_state *state);

/* Replaces what is in out_change by the change from before to the size bytes at after. */
void recording_state_diff(const struct recording_state *before, const uint8_t *after, size_t size,
                          GByteArray *out_change);

/* Makes a change. False, and an unspecified state of some size, when it is malformed. */
bool recording_state_apply(struct recording_state *state, const uint8_t *change,
                           size_t size) G_GNUC_WARN_UNUSED_RESULT;

uint64_t recording_state_digest(const struct recording_state *state);

#endif
