/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report_tables.h - pieces of a report's JSON: operations, changes of the map, tallies. */
#ifndef REPLUG_TRACEDUMP_REPORT_TABLES_H
#define REPLUG_TRACEDUMP_REPORT_TABLES_H

#include "tracedump/hotplug.h"
#include "tracedump/map/memory_map.h"
#include "tracedump/output.h"
#include "tracedump/report/tallies.h"

/* Appends one, with a comma in front unless it is the first. */
void report_operation(GString *json, const struct hotplug_operation *operation);

/* The same; event is one of flat_range_* (is_range) or kvm_memslot_*, map what holds behind it. */
void report_map_change(GString *json, const struct memory_map *map, const struct trace_event *event,
                       bool is_range);

/* ,"names":[...],"hops":[...],"density":{...},"time":{...} */
void report_tallies(struct output *output, const struct tallies *tallies);

#endif
