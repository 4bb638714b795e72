/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording_events.h - the trace events that a recording's records say as well: what a client asked
 * for, what it was told, and what became of devices.
 */
#ifndef REPLUG_TRACEDUMP_RECORDING_EVENTS_H
#define REPLUG_TRACEDUMP_RECORDING_EVENTS_H

#include <glib.h>
#include <stdbool.h>

#include "tracedump/event.h"

#define RECORDING_EVENT_FIELDS_MAX 5u

struct recording_record;

struct recording_event {
    const char *name;
    enum event_phase phase;
    const struct field_decl *fields;
    unsigned field_count;
    struct field_value values[RECORDING_EVENT_FIELDS_MAX];
};

struct recording_events {
    GArray *queue;         /* struct recording_event: of one record */
    GStringChunk *texts;   /* that their values point into */
    const char *turn_name; /* of the turn; NULL = none has begun */
    char *command;         /* a client's, until its reply; NULL = none */
    const char *span_name; /* qmp_device_add or _del, until its reply; NULL = none is open */
    uint64_t command_span; /* its sequence; the source's */
};

void recording_events_init(struct recording_events *events);
void recording_events_fini(struct recording_events *events);

/* Empties the queue. */
void recording_events_clear(struct recording_events *events);

/* A text that lives until the queue is emptied. */
struct field_value recording_events_text(struct recording_events *events, const char *text,
                                         size_t length);

/* Adds what the record says; nothing for most. */
void recording_events_derive(struct recording_events *events,
                             const struct recording_record *record);

#endif
