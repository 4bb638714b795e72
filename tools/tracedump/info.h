/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info.h - what tracedump info says of each kind of file. */
#ifndef REPLUG_TRACEDUMP_INFO_H
#define REPLUG_TRACEDUMP_INFO_H

#include "tracedump/file_kind.h"
#include "tracedump/run.h"

/* Reads run->path to its end and prints to run->output. */
void info_trace(struct run *run, enum file_kind kind);
void info_recording(struct run *run);

#endif
