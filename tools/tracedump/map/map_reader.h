/* SPDX-License-Identifier: GPL-2.0-or-later */
/* map_reader.h - reads a trace and keeps the memory map of the moments that somebody asked for. */
#ifndef REPLUG_TRACEDUMP_MAP_READER_H
#define REPLUG_TRACEDUMP_MAP_READER_H

#include "tracedump/filter.h"
#include "tracedump/map/memory_map.h"
#include "tracedump/run.h"

/* A moment and, once the trace was read, its map. */
struct map_stop {
    const char *text; /* as the user gave it; NULL: the session's end */
    bool before;      /* the map before the moment, not behind it */
    struct filter *until;
    struct filter *since;
    bool met; /* the trace has come to the moment */
    struct memory_map *map;
};

/* False: it is no moment, which is said on stderr behind who. text NULL = the session's end: behind
 * the last turn that something from outside began, before all is taken down. */
bool map_stop_init(struct map_stop *stop, const char *who, const char *text, bool before);
void map_stop_fini(struct map_stop *stop);

/* Reads run's trace; a recording is replayed for its trace. True: each stop has its map. */
bool map_read(struct run *run, struct map_stop *stops, unsigned count);

#endif
