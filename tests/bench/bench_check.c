/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_check.c - what all expectations that come with Replug cost on a long trace, beside merely
 * decoding it; CPU time, alternating, medians.
 *
 * usage: bench_check TRACE [ROUNDS]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "check/library.h"
#include "check/result.h"
#include "tracedump/source.h"

#define ROUNDS_MAX 15

static void ignore(enum report_kind kind, const char *text, void *opaque)
{
    (void)kind;
    (void)text;
    (void)opaque;
}

static double cpu_seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Reads it all; engine NULL: merely that. */
static double read_trace(const char *path, struct engine *engine, uint64_t *out_events)
{
    g_autoptr(GError) error = NULL;
    struct source *source = source_open(path, ignore, NULL, &error);
    const struct trace_event *event;
    double begin = cpu_seconds();

    *out_events = 0;
    if (source == NULL) {
        fprintf(stderr, "%s: %s\n", path, error->message);
        exit(1);
    }
    while ((event = source_next(source)) != NULL) {
        ++*out_events;
        if (engine != NULL) {
            engine_feed(engine, event);
        }
    }
    if (engine != NULL) {
        engine_finish(engine);
    }
    source_close(source);
    return cpu_seconds() - begin;
}

static double check_trace(const char *path, uint64_t *out_held)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *specs = g_ptr_array_new();
    struct engine *engine;
    uint64_t events;
    double seconds;

    if (!library_load_all(specs, &error)) {
        fprintf(stderr, "%s\n", error->message);
        exit(1);
    }
    engine = engine_create(specs);
    seconds = read_trace(path, engine, &events);
    *out_held = 0;
    for (guint i = 0; i < engine_rules(engine)->len; i++) {
        const struct rule_run *run = engine_rules(engine)->pdata[i];

        *out_held += run->held;
    }
    engine_destroy(engine);
    return seconds;
}

static int compare(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

int main(int argc, char **argv)
{
    int rounds = argc > 2 ? CLAMP(atoi(argv[2]), 1, ROUNDS_MAX) : 5;
    double decode[ROUNDS_MAX], check[ROUNDS_MAX];
    uint64_t events = 0, held = 0;
    struct rusage usage;

    if (argc < 2) {
        fprintf(stderr, "usage: %s TRACE [ROUNDS]\n", argv[0]);
        return 2;
    }
    for (int i = 0; i < rounds; i++) {
        decode[i] = read_trace(argv[1], NULL, &events);
        check[i] = check_trace(argv[1], &held);
    }
    qsort(decode, (size_t)rounds, sizeof(double), compare);
    qsort(check, (size_t)rounds, sizeof(double), compare);
    (void)getrusage(RUSAGE_SELF, &usage);
    printf("%" PRIu64 " events, %" PRIu64 " occasions held\n", events, held);
    printf("decoding      %7.1f ns an event\n", decode[rounds / 2] * 1e9 / (double)events);
    printf("and checking  %7.1f ns an event, %.2f times as long\n",
           check[rounds / 2] * 1e9 / (double)events, check[rounds / 2] / decode[rounds / 2]);
    printf("memory        %7.1f MiB at most\n", (double)usage.ru_maxrss / 1024);
    return 0;
}
