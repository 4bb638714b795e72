/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rpt_header.h - a native trace's header: its table of events and modules (docs/formats/trace.md). */
#ifndef REPLUG_TRACEDUMP_RPT_HEADER_H
#define REPLUG_TRACEDUMP_RPT_HEADER_H

#include <glib.h>
#include <stdbool.h>

#include "tracedump/event.h"

/* Names longer than LTTng's limit, or with other than visible ASCII characters, are refused. */
#define RPT_NAME_MAX 255

/* Of a path, a build id, a program's name (Linux's PATH_MAX). */
#define RPT_MODULE_TEXT_MAX 4096

/* A run of entries in rpt_header.fields. */
struct rpt_fields {
    uint32_t first;
    uint32_t count;
    bool known; /* false: a type of a newer minor version is among them */
};

struct rpt_event {
    const char *name;
    bool is_span;
    struct rpt_fields fields;
    struct rpt_fields results;
};

struct rpt_header {
    GStringChunk *strings; /* equal names are equal pointers */
    GArray *events;        /* struct rpt_event */
    GArray *fields;        /* struct field_decl */
    GArray *modules;       /* struct trace_module */
    const char *program;   /* NULL = not there */
    const char *build_id;  /* the program's; NULL = not there */
    uint32_t *event_of_id; /* 65536 entries: index into events plus one, 0 = unknown */
};

/* NULL with REPLUG_ERROR_CORRUPT when the text is no header. */
struct rpt_header *rpt_header_parse(const char *text, size_t length,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* NULL is fine. */
void rpt_header_destroy(struct rpt_header *header);

/* NULL when the table has no such id. */
const struct rpt_event *rpt_header_event(const struct rpt_header *header, uint16_t id);

#endif
