/* SPDX-License-Identifier: GPL-2.0-or-later */
/* name_globs.h - which events a command gets to see; it stands between the source and the command. */
#ifndef REPLUG_TRACEDUMP_NAME_GLOBS_H
#define REPLUG_TRACEDUMP_NAME_GLOBS_H

#include <glib.h>
#include <stdbool.h>

struct name_globs {
    GPtrArray *patterns; /* of char *; empty: everything passes */
    GHashTable *verdict; /* name's address -> verdict, once it was decided */
};

void name_globs_init(struct name_globs *globs);
void name_globs_fini(struct name_globs *globs);

/* Adds one glob (fnmatch(3)) over event names, or several with commas between. */
void name_globs_add(struct name_globs *globs, const char *list);

/* At least one glob matches the name, or there is no glob. Names as in struct trace_event. */
bool name_globs_pass(struct name_globs *globs, const char *name);

#endif
