/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run.h - what every command does alike: open the trace, hand each event that the filter lets
 * through to the command, say on stderr what is wrong with the file, and know the exit status.
 */
#ifndef REPLUG_TRACEDUMP_RUN_H
#define REPLUG_TRACEDUMP_RUN_H

#include <stdbool.h>

#include "replay/recording_reader.h"
#include "tracedump/output.h"
#include "tracedump/selection.h"
#include "tracedump/source.h"
#include "tracedump/terminal.h"

/* tracedump's exit status. */
enum {
    STATUS_FINE,
    STATUS_DAMAGED,  /* what could be read was printed; stderr says what could not */
    STATUS_UNUSABLE, /* wrong usage, no trace, or the output can't be written */
};

struct run {
    const char *path;
    struct selection selection;
    struct source *source; /* open while events are handed out */
    struct output output;  /* to stdout, or a pager */
    pid_t pager;           /* 0 = none */
    bool no_pager;         /* the output is watched as it comes */
    struct terminal_progress progress;
    int status; /* STATUS_UNUSABLE until the trace is open */
    unsigned reports;
    bool looks_inside; /* the command has --replay and shows little of a recording without it */
    bool replays;      /* of a recording, the command wants the trace that a replay of it makes */
    source_ignores_fn ignores; /* what the command has no use for; NULL: nothing */
    void *ignores_opaque;
    uint64_t seen;  /* events that the command got */
    uint64_t limit; /* of events that the command gets to see */
};

/* A command gets run itself as well: the output, and the source for modules. */
typedef void (*run_event_fn)(struct run *run, const struct trace_event *event, void *opaque);

void run_init(struct run *run);

/* The command's only operand, behind its options (getopt's optind), is the trace. */
bool run_take_path(struct run *run, int argc, char **argv);

/* The pieces of run_events, for who reads otherwise. False: it can't be opened. */
bool run_open(struct run *run);

/* Hands out what is left, to the trace's end or until the output can't be written. */
void run_read(struct run *run, run_event_fn event, void *opaque);

/* Nobody wants more events. */
bool run_is_done(const struct run *run);

/* Gives the event to the command if it is selected. */
void run_hand_out(struct run *run, const struct trace_event *event, run_event_fn handle,
                  void *opaque);

/* Reads the trace to its end, or until the output can't be written. False: it can't be opened. */
bool run_events(struct run *run, run_event_fn event, void *opaque);

/* The same for a recording: opens it; NULL: it can't be opened. scan as for the reader. */
struct recording_reader *run_open_recording(struct run *run, enum recording_reader_scan scan);

/* Reports what the reader has found to be damaged or missing, and closes it. */
void run_close_recording(struct run *run, struct recording_reader *reader);

/* Says something about the trace on stderr, behind the output so far. */
void run_report(struct run *run, enum report_kind kind, const char *text);

/* Closes the trace, writes out what is left, and returns the exit status. */
int run_fini(struct run *run);

#endif
