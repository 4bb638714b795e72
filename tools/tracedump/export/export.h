/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export.h - a trace in the forms of other tools, written event by event. */
#ifndef REPLUG_TRACEDUMP_EXPORT_H
#define REPLUG_TRACEDUMP_EXPORT_H

#include <glib.h>
#include <stdbool.h>

#include "tracedump/event.h"
#include "tracedump/output.h"
#include "tracedump/source.h"

/* One line an event; a field is a cell "name=value". */
void export_csv_head(struct output *output);
void export_csv_event(struct output *output, const struct trace_event *event);

/* Chrome's JSON of trace events, which ui.perfetto.dev opens: a track for each vCPU. */
struct export_perfetto {
    struct output *output;
    bool host_time;     /* else virtual */
    GHashTable *tracks; /* vCPU + 1 -> a GArray of open spans' sequences */
};

void export_perfetto_begin(struct export_perfetto *perfetto, struct output *output, bool host_time);
void export_perfetto_event(struct export_perfetto *perfetto, const struct trace_event *event);
void export_perfetto_end(struct export_perfetto *perfetto);

/* A folder of CTF 1.8 with the same events, names and fields as LTTng's (docs/formats/trace.md). */
struct export_ctf;

/* NULL: it can't be made, or exists already. */
struct export_ctf *export_ctf_create(const char *folder, GError **error);
void export_ctf_event(struct export_ctf *ctf, const struct source *source,
                      const struct trace_event *event);

/* Writes what is left; NULL is fine. False: something could not be written. */
bool export_ctf_close(struct export_ctf *ctf, GError **error);

#endif
