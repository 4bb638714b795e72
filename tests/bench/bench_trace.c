/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_trace.c - what a tracepoint costs: switched off, into the ring, into a file, and into LTTng
 * when a session of it listens. The event is vcpu_exit: six integers and a string. CPU time of the
 * thread (its system calls included), median of several runs.
 *
 * usage: bench_trace [FOLDER]     The trace is written below FOLDER (default: the current one) and
 * removed afterwards.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "trace/trace.h"
#include "trace/trace_session.h"

#define RUNS             21
#define EVENTS_PER_TURN  64
#define EVENTS_PER_RUN   (128u * 1024)
#define DISABLED_PER_RUN (40u * 1000 * 1000)

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t host_time_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return a < b ? -1 : a > b;
}

/* Eight probes for one turn of the loop, whose own cost is counted in. The empty asm keeps the
 * compiler from looking once for all of them. */
static void disabled_loop(unsigned count)
{
    for (unsigned i = 0; i < count; i += 8) {
#define PROBE()                                 \
    __asm__ volatile("" : : "r"(i) : "memory"); \
    trace_vcpu_exit(0, "mmio", i, 4, true, 1, i)
        PROBE();
        PROBE();
        PROBE();
        PROBE();
        PROBE();
        PROBE();
        PROBE();
        PROBE();
#undef PROBE
    }
}

static void enabled_loop(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        trace_vcpu_exit(0, "mmio", i, 4, true, 1, i);
    }
}

/* Turns as the machine has them, so that blocks leave for the file as they do there. */
static void turns_loop(struct trace_session *session, unsigned count)
{
    for (unsigned i = 0; i < count / EVENTS_PER_TURN; i++) {
        trace_session_turn_begin(session, i, i, 0);
        enabled_loop(EVENTS_PER_TURN);
        trace_session_turn_end(session);
    }
    trace_session_flush(session);
}

static double median(double *runs)
{
    qsort(runs, RUNS, sizeof(runs[0]), by_value);
    return runs[RUNS / 2];
}

static double measure_disabled(void)
{
    double runs[RUNS];

    for (unsigned run = 0; run < RUNS; run++) {
        uint64_t begin = clock_ns(CLOCK_THREAD_CPUTIME_ID);

        disabled_loop(DISABLED_PER_RUN);
        runs[run] = (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin) / DISABLED_PER_RUN;
    }
    return median(runs);
}

static void report(const char *what, double ns)
{
    printf("%-20s %7.2f ns per event\n", what, ns);
}

/* Each run is a session of its own, so that a file does not grow without bounds. */
static int measure_sink(const char *what, const char *option)
{
    double runs[RUNS];

    for (unsigned run = 0; run < RUNS; run++) {
        struct trace_session *session = trace_session_create(host_time_ns);
        g_autoptr(GError) error = NULL;
        uint64_t begin;

        if (!trace_session_configure(session, option, &error)) {
            fprintf(stderr, "bench_trace: %s\n", error->message);
            trace_session_destroy(session);
            return EXIT_FAILURE;
        }
        trace_session_bind(session);
        begin = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        turns_loop(session, EVENTS_PER_RUN);
        runs[run] = (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin) / EVENTS_PER_RUN;
        trace_session_destroy(session);
    }
    report(what, median(runs));
    return EXIT_SUCCESS;
}

static int measure_file(const char *folder)
{
    g_autofree char *template = g_build_filename(folder, "bench_trace.XXXXXX", NULL);
    g_autofree char *option = NULL;
    int status;
    int fd = g_mkstemp(template);

    if (fd < 0) {
        perror("bench_trace: mkstemp");
        return EXIT_FAILURE;
    }
    close(fd);
    option = g_strdup_printf("vcpu_exit,file=%s", template);
    status = measure_sink("enabled, file", option);
    (void)g_unlink(template); /* nothing to do about it if it stays */
    return status;
}

int main(int argc, char **argv)
{
    int status;

    if (trace_vcpu_exit_enabled()) {
        return measure_sink("enabled, LTTng", "vcpu_exit,sink=lttng");
    }
    report("disabled", measure_disabled());
    status = measure_sink("enabled, ring", "vcpu_exit");
    if (status == EXIT_SUCCESS) {
        status = measure_file(argc > 1 ? argv[1] : ".");
    }
    printf("LTTng: no session listens to replug:vcpu_exit\n");
    return status;
}
