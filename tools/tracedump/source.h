/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source.h - a trace that is read from its beginning to its end, one event at a time, whatever its
 * format is.
 *
 * Nothing in a file is trusted. What makes it unusable is an error of source_open(); damage met
 * later is reported and the source goes on with what is left. Memory stays bounded: neither format
 * is loaded whole.
 */
#ifndef REPLUG_TRACEDUMP_SOURCE_H
#define REPLUG_TRACEDUMP_SOURCE_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

#include "tracedump/event.h"

enum report_kind {
    REPORT_NOTE,   /* the file is whole, but the user should know this */
    REPORT_LOST,   /* the same about events that the writer could not keep */
    REPORT_DAMAGE, /* something in the file can't be used */
};

/* Called while source_next() runs; text is one sentence without a full stop. */
typedef void (*source_report_fn)(enum report_kind kind, const char *text, void *opaque);

/* What is known about the trace so far; texts live as long as the source. */
struct source_facts {
    const char *program;  /* NULL = the trace doesn't say */
    const char *build_id; /* the program's; NULL or "" = the trace doesn't say */
    uint64_t lost_events;
    bool lost_more; /* nobody knows how many */
};

/* Whether events of this name, phase and fields are of no use to the reader; their values are not set. */
typedef bool (*source_ignores_fn)(const struct trace_event *shape, void *opaque);

/* What each format implements; only source*.c look inside. */
struct source {
    struct source_facts facts;
    const struct trace_event *(*next)(struct source *source);
    const struct trace_module *(*module)(const struct source *source, unsigned index);
    int (*progress)(const struct source *source); /* NULL: not known */
    void (*close)(struct source *source);
    source_report_fn report; /* NULL while it is opened: nobody listens yet */
    void *report_opaque;
    bool follows;              /* source_follow was called */
    bool waits;                /* next's NULL is no end: a live session has nothing now */
    bool over;                 /* a live session has ended: nothing will come any more */
    source_ignores_fn ignores; /* NULL: none is */
    void *ignores_opaque;
};

/* Opens a native trace, a directory with LTTng's CTF, a recording, or a live LTTng session by its
 * net://RELAY/host/HOST/SESSION. */
struct source *source_open(const char *path, source_report_fn report, void *opaque,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* To be called before the first event is read: events that the function ignores may be left out. It is
 * asked once for each shape, when the first such event is met. */
void source_ignore(struct source *source, source_ignores_fn ignores, void *opaque);

/* To be called before the first event is read: the file is still being written. Its end is where it
 * ends now, and source_next may be called again later. */
void source_follow(struct source *source);

/* Nothing will come any more, however long one waits. */
bool source_is_over(const struct source *source);

/* The next event, in the order of sequence; NULL at the end. */
const struct trace_event *source_next(struct source *source);

/* The file that a frame's module index means; NULL when the trace doesn't say. */
const struct trace_module *source_module(const struct source *source, unsigned index);

/* How much of the file has been read, of 1000; below 0: that is not known. */
int source_progress(const struct source *source);

const struct source_facts *source_facts(const struct source *source);

/* NULL is fine. */
void source_close(struct source *source);

/* For the formats: says something about the file. */
void source_report(const struct source *source, enum report_kind kind, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* For the formats: says that so many events were lost; more = at least so many. */
void source_report_lost(struct source *source, uint64_t count, bool more, const char *text);

struct source *source_rpt_open(int fd, GError **error); /* takes over fd */
struct source *source_recording_open(const char *path, GError **error);
struct source *source_ctf_open(const char *path, GError **error);
struct source *source_guard_open(const char *path, GError **error); /* the same, made safe */

/* For tests: what another source_guard_open()'s child would have sent; takes over from. */
struct source *source_guard_from(FILE *from, GError **error);

#endif
