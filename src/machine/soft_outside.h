/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * soft_outside.h - what comes to our own CPUs at a fixed place of theirs instead of whenever the host has it: a script's
 * console input.
 */
#ifndef REPLUG_MACHINE_SOFT_OUTSIDE_H
#define REPLUG_MACHINE_SOFT_OUTSIDE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct machine;

/* Reads -console-script; once the consoles are there. Errors: the file, a line of it, no console. */
bool soft_outside_open(struct machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void soft_outside_close(struct machine *machine);

/* Where the guest must stop for the next thing: never beyond icount_max. UINT64_MAX: no such time. */
uint64_t soft_outside_icount(struct machine *machine, uint64_t icount_max);
uint64_t soft_outside_ns(struct machine *machine);

/*
 * Starts a turn for what is due, between two instructions; true = it did. Has the machine's lock, and gives it away in
 * between.
 */
bool soft_outside_serve(struct machine *machine);

/* A console has room, within a run: what waits for that comes right behind the instruction. */
void soft_outside_console_has_room(struct machine *machine);

#endif
