/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_loop.h - the main thread's event loop (GLib): file descriptors, one deadline, wake-ups from
 * other threads, signals.
 */
#ifndef REPLUG_HOST_HOST_LOOP_H
#define REPLUG_HOST_HOST_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct host_loop;

typedef void (*host_loop_fn)(void *opaque);

struct host_loop *host_loop_create(void);
void host_loop_destroy(struct host_loop *loop);

/* Runs until host_loop_quit(), which may have come before. */
void host_loop_run(struct host_loop *loop);
void host_loop_quit(struct host_loop *loop); /* from any thread */

/* Calls fn once on the main thread, soon, in the order of the calls. From any thread. What waits
 * when the loop is destroyed is dropped. */
void host_loop_post(struct host_loop *loop, host_loop_fn fn, void *opaque);

/* The one alarm: fn at monotonic time at_ns (host_clock_monotonic_ns); UINT64_MAX = none. Replaces
 * the one before. From any thread. */
void host_loop_set_alarm(struct host_loop *loop, uint64_t at_ns, host_loop_fn fn, void *opaque);

/* fn when the loop is about to sleep after having done something, at most every interval_ms. fn
 * NULL = none. Main thread. */
void host_loop_set_idle(struct host_loop *loop, unsigned interval_ms, host_loop_fn fn,
                        void *opaque);

/* SIGINT, SIGTERM, SIGHUP: fn(signal) on the main thread; one loop of a process at a time. NULL =
 * their default action again. Until this is called they end the process, also while
 * host_char_open() waits for a client. */
void host_loop_on_signal(struct host_loop *loop, void (*fn)(void *opaque, int signal),
                         void *opaque);

#endif
