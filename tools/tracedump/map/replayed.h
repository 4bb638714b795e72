/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replayed.h - the events of a trace, or of a recording: that is replayed, which gives its trace.
 *
 * replug does it, as a program of its own, and needs no KVM. It is the one that the environment's
 * REPLUG names, else the one beside tracedump, else the one in PATH.
 */
#ifndef REPLUG_TRACEDUMP_REPLAYED_H
#define REPLUG_TRACEDUMP_REPLAYED_H

#include "tracedump/run.h"

/* As run_events(). patterns are those of -trace, "*" for all events; a trace has what it has. */
bool replayed_events(struct run *run, const char *patterns, run_event_fn event, void *opaque);

#endif
