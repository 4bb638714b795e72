/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * checkpoint.h - checkpoints of a machine with our own CPUs: all that decides how it goes on, in the
 * recording, so that a replay can begin there (docs/determinism.md, "Checkpoints").
 *
 *   history   what has changed the machine's composition: commands are carried out again, devices taken
 *             out that the guest has let go
 *   state     the state lists that every turn's end is compared by
 *   memory    pages that have changed since the checkpoint before
 *   the rest  timers' order, TLBs, counters; all else is derived (device_class.after_load)
 */
#ifndef REPLUG_MACHINE_CHECKPOINT_H
#define REPLUG_MACHINE_CHECKPOINT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct checkpoints;
struct machine;

/* ---- recording ---- */

/* One every interval_ns of virtual time from now on. */
void checkpoints_create(struct machine *machine, uint64_t interval_ns);
void checkpoints_destroy(struct checkpoints *checkpoints); /* NULL is fine */

/* When the next one is to be taken, in virtual time; UINT64_MAX = never. */
uint64_t checkpoint_due_ns(const struct machine *machine);
/* Between two turns and two instructions, under the lock: takes a checkpoint when it is time. */
void checkpoint_if_due(struct machine *machine);

/* For the history; without checkpoints they do nothing. The command under way must be carried out again; the device at
 * path is about to be destroyed; the machine is about to be reset. */
void checkpoint_note_command(struct machine *machine);
void checkpoint_note_gone(struct machine *machine, const char *path);
void checkpoint_note_reset(struct machine *machine);

/* ---- replay ---- */

/*
 * Makes a machine that has just been built what it was at a checkpoint: "3", "last", "turn:N" (the last one in
 * front of which turn N has ended). Errors: there is no such checkpoint (NOT_FOUND; lists those that are there), it is
 * damaged (CORRUPT).
 */
bool checkpoint_restore(struct machine *machine, const char *from,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
