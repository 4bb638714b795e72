/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_guard.c - gives any bytes to tracedump's reader of CTF as the messages of the process that runs
 * babeltrace2: it may have been led astray by a hostile trace.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "tracedump/hotplug.h"
#include "tracedump/map/memory_map.h"
#include "tracedump/print_json.h"
#include "tracedump/source.h"

static void report(enum report_kind kind, const char *text, void *opaque)
{
    (void)kind;
    *(size_t *)opaque += text[0] != '\0';
}

static void through(const struct hotplug_operation *operation, void *opaque)
{
    *(size_t *)opaque += operation->device[0] != '\0';
}

static void read_all(struct source *source, size_t *seen)
{
    const struct hotplug_options options = { .through = through, .opaque = seen };
    struct hotplug *hotplug = hotplug_create(&options);
    struct memory_map *map = memory_map_create();
    const struct trace_event *event;
    struct output output;

    output_init(&output, -1);
    while ((event = source_next(source)) != NULL) {
        output.length = 0;
        print_json(&output, event, true);
        hotplug_event(hotplug, event);
        memory_map_apply(map, event);
        for (unsigned i = 0; i < event->frame_count; i++) {
            (void)source_module(source, FRAME_MODULE(event->frames[i]));
        }
    }
    hotplug_finish(hotplug);
    hotplug_destroy(hotplug);
    memory_map_destroy(map);
    g_free(output.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autofree uint8_t *copy = g_memdup2(bytes, size);
    FILE *from = size == 0 ? NULL : fmemopen(copy, size, "rb");
    struct source *source;
    size_t seen = 0;

    if (from == NULL) {
        return 0;
    }
    source = source_guard_from(from, &error);
    if (source != NULL) {
        source->report = report;
        source->report_opaque = &seen;
        read_all(source, &seen);
        source_close(source);
    }
    return 0;
}
