/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hotplug_row.h - the columns of tables of operations: device, operation, result, when which stage. */
#ifndef REPLUG_TRACEDUMP_HOTPLUG_ROW_H
#define REPLUG_TRACEDUMP_HOTPLUG_ROW_H

#include "tracedump/hotplug.h"
#include "tracedump/output.h"

/* By which clock stages are told; the order is that of hotplug_clock_names. */
enum hotplug_clock { CLOCK_NOW, CLOCK_HOST, CLOCK_TURN, CLOCK_INSTRUCTIONS };

extern const char *const hotplug_clock_names[]; /* up to a NULL */

/* How long after start, by this clock. */
uint64_t hotplug_offset(const struct hotplug_moment *moment, const struct hotplug_moment *start,
                        enum hotplug_clock clock);

/* Fills up to the column's width; what is longer gets one space. */
void hotplug_print_cell(struct output *output, const char *text, unsigned width);

void hotplug_print_names(struct output *output, const char *device, const char *operation,
                         const char *result);
void hotplug_print_stage_names(struct output *output);

/* Each stage's time from the first one; '-' where it was not reached. */
void hotplug_print_stages(struct output *output, const struct hotplug_moment *stages,
                          enum hotplug_clock clock);

#endif
