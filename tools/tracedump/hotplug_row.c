/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hotplug_row.c - prints cells of tables of operations. */
#include "tracedump/hotplug_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tracedump/report.h"

#define COLUMN_WIDTH 9u

const char *const hotplug_clock_names[] = { "virtual", "host", "turn", "instructions", NULL };

uint64_t hotplug_offset(const struct hotplug_moment *moment, const struct hotplug_moment *start,
                        enum hotplug_clock clock)
{
    switch (clock) {
    case CLOCK_NOW: return moment->now_ns - start->now_ns;
    case CLOCK_HOST: return moment->host_ns - start->host_ns;
    case CLOCK_TURN: return moment->turn - start->turn;
    case CLOCK_INSTRUCTIONS: return moment->icount - start->icount;
    }
    return 0;
}

void hotplug_print_cell(struct output *output, const char *text, unsigned width)
{
    size_t length = strlen(text);

    output_plain(output, text, length);
    output_spaces(output, length < width ? width - (unsigned)length : 1);
}

void hotplug_print_names(struct output *output, const char *device, const char *operation,
                         const char *result)
{
    hotplug_print_cell(output, device, 14);
    hotplug_print_cell(output, operation, 11);
    hotplug_print_cell(output, result, 9);
}

static void print_right(struct output *output, const char *text)
{
    output_spaces(output, strlen(text) < COLUMN_WIDTH ? COLUMN_WIDTH - (unsigned)strlen(text) : 1);
    output_text(output, text);
}

void hotplug_print_stage_names(struct output *output)
{
    for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
        print_right(output, hotplug_stage_name(stage));
    }
    output_char(output, '\n');
}

void hotplug_print_stages(struct output *output, const struct hotplug_moment *stages,
                          enum hotplug_clock clock)
{
    for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
        char text[REPORT_DURATION_MAX] = "-";
        uint64_t offset = hotplug_offset(&stages[stage], &stages[STAGE_QMP], clock);

        if (stages[stage].reached && (clock == CLOCK_NOW || clock == CLOCK_HOST)) {
            report_duration(text, offset);
        } else if (stages[stage].reached) {
            (void)snprintf(text, sizeof(text), "%" PRIu64, offset);
        }
        print_right(output, text);
    }
}
