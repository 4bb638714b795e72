/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replayed.h - the trace of a recording: a replay makes it, with all events switched on.
 *
 * replug does it, as a program of its own, and needs no KVM. It is the one that the environment's
 * REPLUG names, else the one beside tracedump, else the one in PATH.
 */
#ifndef REPLUG_TRACEDUMP_REPLAYED_H
#define REPLUG_TRACEDUMP_REPLAYED_H

#include "tracedump/run.h"

/* Replays run's recording and opens its trace. How the replay went is said by run_report: a replay
 * that came off the recording is damage. */
struct source *replayed_open(struct run *run, source_report_fn report, void *opaque,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
