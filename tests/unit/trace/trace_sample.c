/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace_sample.c - a program that traces a known story, for tests that look at traces from outside.
 *
 * usage: trace_sample [-wait] [-turns N] [-dump] [-trace OPTION]...
 *
 * It prints "ready" and, with -wait, waits for a byte on standard input before the story. Each turn
 * tells the same story: a span in a span with events of all kinds. With -dump the ring comes last.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/host_clock.h"
#include "trace/trace.h"
#include "trace/trace_session.h"

__attribute__((noinline)) static void inner(unsigned turn)
{
    trace_memory_region_add_subregion_common_enter("system", 0x100000000u, "dimm0", -1);
    trace_guest_error("piix4_pm", turn, UINT64_MAX, "a \"quoted\"\nlate w\xc3\xb6rd");
    trace_memory_region_add_subregion_common_leave();
}

__attribute__((noinline)) static void outer(unsigned turn)
{
    char text[2001];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    memcpy(text + 1021, "\xe2\x82\xac", 3); /* the euro sign lies across the limit */
    trace_memory_region_transaction_commit_enter(turn);
    inner(turn);
    trace_memory_region_access(text, 0xcf8, turn, 4, true);
    trace_memory_region_transaction_commit_leave(turn % 2 != 0);
}

static void tell(struct trace_session *session, unsigned turns)
{
    for (unsigned turn = 1; turn <= turns; turn++) {
        trace_session_turn_begin(session, turn, 1000 * turn, turn % 2 ? 3 : TRACE_VCPU_NONE);
        trace_session_set_time(session, 7 * turn, 1000 * turn);
        outer(turn);
        trace_session_turn_end(session);
    }
}

static void wait_for_byte(void)
{
    char byte;

    if (read(STDIN_FILENO, &byte, 1) < 0) {
        perror("trace_sample: read");
    }
}

static void dump(const struct trace_session *session)
{
    g_autoptr(GString) text = g_string_new(NULL);

    trace_session_ring_dump(session, text);
    fputs(text->str, stdout);
}

static void finish(struct trace_session *session)
{
    g_autofree char *text = NULL;

    trace_session_flush(session);
    text = trace_session_write_error(session);
    if (text != NULL) {
        fprintf(stderr, "trace_sample: %s\n", text);
    }
    trace_session_destroy(session);
}

int main(int argc, char **argv)
{
    struct trace_session *session = trace_session_create(host_clock_monotonic_ns);
    unsigned turns = 1;
    bool waits = false, dumps = false;

    for (int i = 1; i < argc; i++) {
        g_autoptr(GError) error = NULL;

        if (strcmp(argv[i], "-wait") == 0) {
            waits = true;
        } else if (strcmp(argv[i], "-dump") == 0) {
            dumps = true;
        } else if (strcmp(argv[i], "-turns") == 0 && i + 1 < argc) {
            turns = (unsigned)atoi(argv[++i]);
        } else if (i + 1 == argc || !trace_session_configure(session, argv[++i], &error)) {
            fprintf(stderr, "trace_sample: %s\n", error != NULL ? error->message : argv[i]);
            trace_session_destroy(session);
            return EXIT_FAILURE;
        }
    }
    trace_session_bind(session);
    printf("ready\n");
    fflush(stdout);
    if (waits) {
        wait_for_byte();
    }
    tell(session, turns);
    if (dumps) {
        dump(session);
    }
    finish(session);
    return EXIT_SUCCESS;
}
