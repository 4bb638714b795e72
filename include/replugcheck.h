/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replugcheck.h - libreplugcheck: holds expectations against a trace of Replug, or against a machine
 * while it runs. docs/formats/expectations.md is their language.
 *
 *     struct replugcheck *check = replugcheck_create();
 *     if (replugcheck_add(check, "memory-plug") != 0 || replugcheck_watch(check, "out.rpt") != 0)
 *         errx(1, "%s", replugcheck_error(check));
 *     ...use the machine, which was started with -trace '*,file=out.rpt'...
 *     failed = replugcheck_stop(check) != REPLUGCHECK_HOLDS;
 *
 * One object is for one trace and one thread; only the hook is called on another.
 */
#ifndef REPLUGCHECK_H
#define REPLUGCHECK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct replugcheck;

enum replugcheck_verdict {
    REPLUGCHECK_HOLDS = 0,
    REPLUGCHECK_FAILS = 1,   /* one expectation fails, or had nothing to check */
    REPLUGCHECK_TROUBLE = 2, /* see replugcheck_error() */
};

/* Texts live while the hook runs. */
struct replugcheck_failure {
    const char *expectation;
    const char *rule;
    const char *file;
    unsigned line;
    const char *step; /* the line's text */
    const char *why;
    const char *nearest;    /* the event that came closest, or NULL */
    const char *difference; /* what of it did not fit, or NULL */
    const char *chain;      /* the spans around */
    uint64_t sequence;      /* of the event that decided; 0: the trace's end */
};

typedef void (*replugcheck_failure_fn)(const struct replugcheck_failure *failure, void *opaque);

struct replugcheck *replugcheck_create(void);

/* Ends watching, if it goes on. NULL is fine. */
void replugcheck_destroy(struct replugcheck *check);

/* These give 0, or -1 with an error. A spec is a file, or the name of one that comes with Replug. */
int replugcheck_add(struct replugcheck *check, const char *spec);
int replugcheck_add_text(struct replugcheck *check, const char *name, const char *text);
int replugcheck_set(struct replugcheck *check, const char *name, const char *value);

/* Called for each failure, at most 16 for a rule, on the thread that reads the trace. */
void replugcheck_on_failure(struct replugcheck *check, replugcheck_failure_fn hook, void *opaque);

/* Reads a whole trace: a .rpt file or a directory of LTTng's. */
enum replugcheck_verdict replugcheck_run(struct replugcheck *check, const char *trace);

/* Follows a .rpt file that is being written, or will be. 0, or -1 with an error. */
int replugcheck_watch(struct replugcheck *check, const char *trace);

/* Waits for the first failure: 1 when there is one, 0 when the time is over. */
int replugcheck_wait(struct replugcheck *check, unsigned timeout_ms);

/* Reads what is in the file now, and ends: occasions that are still open end with the trace. */
enum replugcheck_verdict replugcheck_stop(struct replugcheck *check);

/* What went wrong last; "" before. */
const char *replugcheck_error(const struct replugcheck *check);

/* After the end: the result as `tracedump check` prints it ("text", "json", "junit" or "tap"), to be
 * freed with free(); NULL for another format or too early. */
char *replugcheck_report(const struct replugcheck *check, const char *format);

#ifdef __cplusplus
}
#endif

#endif
