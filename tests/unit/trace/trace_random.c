/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace_random.c - traces a story of chance into a file and the ring, and dumps the ring as a second
 * file: what a file leaves out of its records stands whole in the ring's.
 *
 * usage: trace_random FILE RING_FILE SEED
 *
 * The story has all that a short record must not hide: spans that nest deeply, lose their enter or
 * leave, or began long ago; events that only the ring gets; turns, instructions and vCPUs that change
 * in between; blocks that end.
 */
#include <stdio.h>
#include <stdlib.h>

#include "host/host_clock.h"
#include "trace/trace.h"
#include "trace/trace_session.h"

#define EVENTS     6000
#define LONG_AGO   70000 /* more events than a short record can look back */
#define DEPTH_STEP 300   /* more spans than a session knows */

static uint32_t next_random(uint64_t *random)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX */
    return (uint32_t)(*random >> 33);
}

static bool configure(struct trace_session *session, const char *pattern, const char *path)
{
    g_autofree char *option =
        path != NULL ? g_strdup_printf("%s,file=%s", pattern, path) : g_strdup(pattern);
    g_autoptr(GError) error = NULL;

    if (!trace_session_configure(session, option, &error)) {
        fprintf(stderr, "trace_random: %s\n", error->message);
        return false;
    }
    return true;
}

static void change_context(struct trace_session *session, uint32_t random)
{
    switch (random % 4) {
    case 0: trace_session_turn_end(session); break;
    case 1: trace_session_turn_begin(session, random, random / 2, random % 3); break;
    case 2: trace_session_set_time(session, random, random / 2); break;
    case 3: trace_session_flush(session); break;
    }
}

static void tell_something(struct trace_session *session, uint64_t *random)
{
    uint32_t value = next_random(random);

    switch (value % 16) {
    case 0:
    case 1:
    case 2:
    case 3: trace_memory_region_transaction_commit_enter(value); break;
    case 4:
    case 5: trace_memory_region_transaction_commit_leave(value % 3 == 0); break;
    case 6: trace_flatviews_reset_enter(value); break;
    case 7: trace_flatviews_reset_leave(); break;
    case 8: trace_ram_block_destroyed("the ring's", value); break;
    case 9: change_context(session, next_random(random)); break;
    default: trace_guest_error("device", value, next_random(random), "what"); break;
    }
}

static void tell(struct trace_session *session, uint64_t random)
{
    trace_session_turn_begin(session, 1, 1, 1);
    trace_memory_region_transaction_commit_enter(0);
    for (unsigned i = 0; i < LONG_AGO; i++) {
        trace_guest_error("", 0, i, "");
    }
    for (unsigned i = 0; i < DEPTH_STEP; i++) {
        trace_flatviews_reset_enter(i);
    }
    for (unsigned i = 0; i < DEPTH_STEP; i++) {
        trace_guest_error("", 0, i, "");
        trace_flatviews_reset_leave();
    }
    trace_memory_region_transaction_commit_leave(true);
    for (unsigned i = 0; i < EVENTS; i++) {
        tell_something(session, &random);
    }
}

int main(int argc, char **argv)
{
    struct trace_session *session = trace_session_create(host_clock_monotonic_ns);
    int status = EXIT_FAILURE;

    if (argc != 4) {
        fprintf(stderr, "usage: trace_random FILE RING_FILE SEED\n");
    } else if (configure(session, "memory_region_*", argv[1]) &&
               configure(session, "guest_error", argv[1]) &&
               configure(session, "flatviews_reset,backtrace=on", argv[1]) &&
               configure(session, "*", NULL)) {
        trace_session_bind(session);
        tell(session, strtoull(argv[3], NULL, 0));
        status = trace_session_ring_dump_file(session, argv[2], NULL) ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    trace_session_destroy(session);
    return status;
}
