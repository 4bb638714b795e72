/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * traced_program.c - a program that traces a fixed series of events, as the machine does, to a file
 * and to whatever LTTng session listens. Its two threads stay on two CPUs where there are two, so
 * that LTTng's streams interleave.
 *
 * usage: traced_program FILE
 */
#include <sched.h>
#include <stdio.h>
#include <time.h>

#include "trace/trace.h"
#include "trace/trace_session.h"

#define TURNS 400u

struct program {
    struct trace_session *session;
    GMutex lock;
    GCond next;
    uint64_t turn; /* even turns belong to the first thread */
};

static uint64_t host_time_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Three functions for `tracedump backtraces` to name, the middle one inlined. */
static __attribute__((noinline)) void innermost_function(uint64_t turn)
{
    trace_memory_region_transaction_commit_enter((uint32_t)turn);
    trace_memory_region_access("ram\"\\\n", UINT64_C(0xfedcba9876543210), turn, 4, turn % 3 == 0);
    trace_memory_region_transaction_commit_leave(turn % 2 == 0);
}

static inline __attribute__((always_inline)) void inlined_function(uint64_t turn)
{
    innermost_function(turn);
    __asm__ volatile("");
}

static __attribute__((noinline)) void outermost_function(uint64_t turn)
{
    trace_pc_dimm_plug_enter("dimm0", 0x100000000 + turn, UINT64_MAX, -1 - (int32_t)turn);
    inlined_function(turn);
    trace_pc_dimm_plug_leave(true);
    __asm__ volatile("");
}

static void run_turn(struct program *program, unsigned thread)
{
    uint64_t turn = program->turn;

    trace_session_bind(program->session);
    trace_session_turn_begin(program->session, turn, turn * 1000,
                             thread == 0 ? 0 : TRACE_VCPU_NONE);
    trace_external_event("qmp");
    outermost_function(turn);
    trace_session_turn_end(program->session);
    trace_session_bind(NULL);
}

static void run_thread(struct program *program, unsigned thread)
{
    cpu_set_t cpus;

    CPU_ZERO(&cpus);
    CPU_SET(thread, &cpus);
    (void)sched_setaffinity(0, sizeof(cpus), &cpus); /* One CPU is enough, only less of a test. */
    g_mutex_lock(&program->lock);
    while (program->turn < TURNS) {
        if (program->turn % 2 == thread) {
            run_turn(program, thread);
            program->turn++;
            g_cond_broadcast(&program->next);
        } else {
            g_cond_wait(&program->next, &program->lock);
        }
    }
    g_mutex_unlock(&program->lock);
}

static gpointer second_thread(gpointer program)
{
    run_thread(program, 1);
    return NULL;
}

int main(int argc, char **argv)
{
    struct program program = { .session = trace_session_create(host_time_ns) };
    g_autofree char *option = g_strdup_printf("*,file=%s", argc == 2 ? argv[1] : "");
    g_autoptr(GError) error = NULL;
    GThread *thread;

    if (!trace_session_configure(program.session, option, &error) ||
        !trace_session_configure(program.session, "memory_region_access,backtrace=on", &error)) {
        fprintf(stderr, "traced_program: %s\n", error->message);
        trace_session_destroy(program.session);
        return 1;
    }
    thread = g_thread_new("second", second_thread, &program);
    run_thread(&program, 0);
    g_thread_join(thread);
    trace_session_destroy(program.session);
    return 0;
}
