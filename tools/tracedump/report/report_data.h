/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report_data.h - a trace made ready for a report: events that are told, tallies of all, operations,
 * changes of the memory map; written as one JSON object (page.js says what is in it).
 */
#ifndef REPLUG_TRACEDUMP_REPORT_DATA_H
#define REPLUG_TRACEDUMP_REPORT_DATA_H

#include "tracedump/hotplug.h"
#include "tracedump/map/memory_map.h"
#include "tracedump/output.h"
#include "tracedump/report/story.h"
#include "tracedump/report/tallies.h"
#include "tracedump/source.h"

struct report_data {
    struct output *output; /* the JSON, written as events come */
    struct story story;
    struct tallies tallies;
    struct memory_map *map;
    struct hotplug *hotplug;
    GHashTable *shape_of; /* struct shape_key -> number */
    GPtrArray *shapes;    /* struct shape_key, by number */
    GString *operations;  /* JSON */
    GString *changes;     /* of the map, JSON */
    GString *errors;      /* numbers of events that are told, JSON */
    uint64_t change_count;
    uint64_t told;
    uint64_t bytes;              /* of events that are told, about */
    struct trace_event previous; /* the last one told: what follows is relative to it */
    bool has_external;
    uint64_t turn;
    bool is_torn_down;
};

void report_data_init(struct report_data *data, struct output *output);
void report_data_event(struct report_data *data, const struct trace_event *event);

/* The rest of the JSON. path is the trace's, as the user gave it. */
void report_data_finish(struct report_data *data, const char *path,
                        const struct source_facts *facts);
void report_data_fini(struct report_data *data);

#endif
