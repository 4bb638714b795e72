/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter.h - which events a command gets to see; it stands between the source and the command. */
#ifndef REPLUG_TRACEDUMP_FILTER_H
#define REPLUG_TRACEDUMP_FILTER_H

#include <glib.h>
#include <stdbool.h>

struct filter {
    GPtrArray *globs;    /* of char *; empty: everything passes */
    GHashTable *verdict; /* name's address -> verdict, once it was decided */
};

void filter_init(struct filter *filter);
void filter_fini(struct filter *filter);

/* Adds one glob (fnmatch(3)) over event names, or several with commas between. */
void filter_add(struct filter *filter, const char *globs);

/* At least one glob matches the name, or there is no glob. Names as in struct trace_event. */
bool filter_passes(struct filter *filter, const char *name);

#endif
