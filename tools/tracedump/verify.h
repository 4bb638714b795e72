/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify.h - what tracedump verify does with each kind of file. */
#ifndef REPLUG_TRACEDUMP_VERIFY_H
#define REPLUG_TRACEDUMP_VERIFY_H

#include "tracedump/run.h"

/* Reads run->path to its end, prints to run->output and sets run->status. */
void verify_trace(struct run *run);
void verify_recording(struct run *run);

#endif
