/* SPDX-License-Identifier: GPL-2.0-or-later */
/* map_reader.c - applies events to a map until its moments have come. */
#include "tracedump/map/map_reader.h"

#include <stdio.h>
#include <string.h>

struct reading {
    struct memory_map *map;
    struct map_stop *stops;
    unsigned count;
    bool has_external; /* the trace tells what begins turns */
    uint64_t turn;     /* the last one that was begun so */
    bool is_torn_down;
};

static struct filter *parse(const char *who, const char *text, enum filter_side side)
{
    struct filter_problem problem;
    struct filter *filter = filter_parse_when(text, side, NULL, &problem);

    if (filter == NULL) {
        g_autofree char *words = filter_problem_describe(&problem, text);

        fprintf(stderr, "%s: %s\n", who, words);
    }
    return filter;
}

bool map_stop_init(struct map_stop *stop, const char *who, const char *text, bool before)
{
    *stop = (struct map_stop){ .text = text, .before = before };
    if (text == NULL) {
        return true;
    }
    stop->until = parse(who, text, before ? FILTER_BEFORE : FILTER_TO);
    if (stop->until != NULL) {
        stop->since = parse(who, text, FILTER_FROM);
    }
    return stop->since != NULL;
}

void map_stop_fini(struct map_stop *stop)
{
    filter_destroy(stop->until);
    filter_destroy(stop->since);
    memory_map_destroy(stop->map);
}

/* Devices are taken out one by one when the emulator ends: that is not what is asked for. */
static void watch_turns(struct reading *reading, const struct trace_event *event)
{
    if (strcmp(event->name, "external_event") == 0) {
        reading->has_external = true;
        reading->turn = event->turn;
    }
    reading->is_torn_down = reading->has_external && event->turn > reading->turn;
}

static void pass_stop(struct reading *reading, struct map_stop *stop,
                      const struct trace_event *event)
{
    if (stop->map != NULL) {
        return;
    }
    if (stop->text == NULL) {
        if (reading->is_torn_down) {
            stop->map = memory_map_copy(reading->map);
            stop->met = true;
        }
        return;
    }
    stop->met = filter_passes(stop->since, event) || stop->met;
    if (!filter_passes(stop->until, event)) {
        stop->map = memory_map_copy(reading->map);
        stop->met = true;
    }
}

static void map_event(struct run *run, const struct trace_event *event, void *opaque)
{
    struct reading *reading = opaque;

    (void)run;
    watch_turns(reading, event);
    for (unsigned i = 0; i < reading->count; i++) {
        pass_stop(reading, &reading->stops[i], event);
    }
    memory_map_apply(reading->map, event);
}

static void finish_stop(struct run *run, struct reading *reading, struct map_stop *stop)
{
    if (stop->map == NULL) {
        stop->map = memory_map_copy(reading->map);
    }
    if (stop->text != NULL && !stop->met) {
        g_autofree char *note = g_strdup_printf(
            "the trace does not come to '%s': the map is that of its end", stop->text);

        run_report(run, REPORT_NOTE, note);
    }
}

static void note_gaps(struct run *run, const struct memory_map *map)
{
    if (memory_map_has_gaps(map)) {
        run_report(run, REPORT_NOTE,
                   "the trace does not show the map from its beginning: what was there before and "
                   "has not changed is missing");
    }
    if (map->is_full) {
        run_report(run, REPORT_DAMAGE,
                   "the map has more parts than any machine: some are left out");
    }
}

bool map_read(struct run *run, struct map_stop *stops, unsigned count)
{
    struct reading reading = { .map = memory_map_create(), .stops = stops, .count = count };
    bool opened = run_events(run, map_event, &reading);

    for (unsigned i = 0; opened && i < count; i++) {
        finish_stop(run, &reading, &stops[i]);
    }
    if (opened) {
        note_gaps(run, reading.map);
    }
    memory_map_destroy(reading.map);
    return opened;
}
