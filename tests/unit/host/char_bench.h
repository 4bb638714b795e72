/* SPDX-License-Identifier: GPL-2.0-or-later */
/* char_bench.h - a loop, a character device and a frontend that counts, for tests of streams. */
#ifndef REPLUG_TESTS_UNIT_HOST_CHAR_BENCH_H
#define REPLUG_TESTS_UNIT_HOST_CHAR_BENCH_H

#include <glib.h>

#include "host/host_char.h"
#include "host/host_loop.h"

struct bench {
    struct host_loop *loop;
    struct host_char *chr;
    char *directory; /* for sockets and files; removed at the end */
    size_t room;     /* what can_read answers, taken down by what is read */
    GString *input;
    unsigned opened, closed;
    size_t wanted_input; /* the loop ends when one of these is reached */
    unsigned wanted_opened, wanted_closed;
};

int bench_setup(void **state);
int bench_teardown(void **state);

/* Opens and takes the frontend's place; the test fails when it can't be opened. */
void bench_open(struct bench *bench, const char *text);
void bench_open_json(struct bench *bench, const char *json);
/* On one end of a socketpair; the other is the caller's, non-blocking. */
int bench_open_pair(struct bench *bench);
void bench_set_handlers(struct bench *bench);
/* Opening must fail with a text that has both parts in it. */
void bench_refuse(struct bench *bench, const char *text, const char *part, const char *other_part);
char *bench_path(struct bench *bench, const char *name); /* the caller's */

void bench_run_until_read(struct bench *bench, size_t count);
void bench_run_until_opened(struct bench *bench, unsigned count);
void bench_run_until_closed(struct bench *bench, unsigned count);
/* Runs until the loop has nothing to do now. */
void bench_settle(struct bench *bench);

void bench_say(int fd, const char *text);
/* Waits for exactly this text. */
void bench_expect(int fd, const char *text);
/* Appends what is there now, at most count bytes; false = nothing was. */
bool bench_take_some(int fd, GString *got, size_t count);
bool bench_take(int fd, GString *got);
/* Bytes of which any part tells its place. */
char *bench_pattern(size_t count);

#endif
