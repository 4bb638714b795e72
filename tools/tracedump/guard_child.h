/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guard_child.h - the side of a guarded source that reads the trace. */
#ifndef REPLUG_TRACEDUMP_GUARD_CHILD_H
#define REPLUG_TRACEDUMP_GUARD_CHILD_H

#include <stdio.h>

/* Reads the CTF trace at path and sends what it holds; runs in a process of its own. */
void guard_child_run(const char *path, FILE *to);

#endif
