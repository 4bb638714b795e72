/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_loop.c - a GMainContext of its own, a timerfd for the alarm, a queue for posts. */
#include "host/host_loop.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/invariant.h"
#include "host/host_clock.h"
#include "host/host_internal.h"

#define NS_PER_SECOND 1000000000u

struct post {
    host_loop_fn fn;
    void *opaque;
};

struct wake_source {
    GSource source;
    host_loop_fn fn;
    void *opaque;
};

struct host_loop {
    GMainContext *context;
    int quit; /* atomic */

    GMutex lock; /* for posts and the alarm */
    GQueue posts;
    GSource *post_source;

    int alarm_fd;
    GSource *alarm_source;
    host_loop_fn alarm_fn; /* NULL = none */
    void *alarm_opaque;

    host_loop_fn idle_fn;
    void *idle_opaque;
    uint64_t idle_interval_ns, idle_next_ns;
    bool stdio_taken;
    bool idle_owed; /* something ran since the idle function did */
    GSource *idle_source;

    void (*signal_fn)(void *opaque, int signal);
    void *signal_opaque;
    GSource *signal_sources[3];
};

/* ---- wake-ups ---- */

static gboolean wake_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    struct wake_source *wake = (struct wake_source *)source;

    (void)callback;
    (void)data;
    /* First, so that a wake from here on counts anew. */
    g_source_set_ready_time(source, -1);
    wake->fn(wake->opaque);
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs wake_functions = { .dispatch = wake_dispatch };

GSource *host_wake_source_create(struct host_loop *loop, host_loop_fn fn, void *opaque)
{
    GSource *source = g_source_new(&wake_functions, sizeof(struct wake_source));
    struct wake_source *wake = (struct wake_source *)source;

    wake->fn = fn;
    wake->opaque = opaque;
    g_source_attach(source, loop->context);
    return source;
}

void host_wake(GSource *source)
{
    g_source_set_ready_time(source, 0);
}

void host_source_destroy(GSource **source)
{
    if (*source != NULL) {
        g_source_destroy(*source);
        g_source_unref(*source);
        *source = NULL;
    }
}

/* ---- posts ---- */

/* Only what waits now: a function that posts itself again does not starve the rest. */
static void posts_run(void *opaque)
{
    struct host_loop *loop = opaque;
    GQueue batch = G_QUEUE_INIT;
    struct post *post;

    g_mutex_lock(&loop->lock);
    batch = loop->posts;
    g_queue_init(&loop->posts);
    g_mutex_unlock(&loop->lock);
    while ((post = g_queue_pop_head(&batch)) != NULL) {
        post->fn(post->opaque);
        g_free(post);
    }
}

void host_loop_post(struct host_loop *loop, host_loop_fn fn, void *opaque)
{
    struct post *post = g_new(struct post, 1);

    *post = (struct post){ fn, opaque };
    g_mutex_lock(&loop->lock);
    g_queue_push_tail(&loop->posts, post);
    g_mutex_unlock(&loop->lock);
    host_wake(loop->post_source);
}

/* ---- alarm ---- */

static gboolean alarm_ring(int fd, GIOCondition condition, gpointer data)
{
    struct host_loop *loop = data;
    host_loop_fn fn = NULL;
    void *opaque = NULL;
    uint64_t expirations;

    (void)condition;
    g_mutex_lock(&loop->lock);
    /* EAGAIN: another thread has replaced the alarm since poll() returned. */
    if (read(fd, &expirations, sizeof(expirations)) == (ssize_t)sizeof(expirations)) {
        fn = loop->alarm_fn;
        opaque = loop->alarm_opaque;
        loop->alarm_fn = NULL;
    }
    g_mutex_unlock(&loop->lock);
    if (fn != NULL) {
        fn(opaque);
    }
    return G_SOURCE_CONTINUE;
}

void host_loop_set_alarm(struct host_loop *loop, uint64_t at_ns, host_loop_fn fn, void *opaque)
{
    struct itimerspec when = { 0 };

    if (at_ns != UINT64_MAX) {
        /* All zero would disarm; 1 ns after boot is just as much past. */
        at_ns = MAX(at_ns, 1u);
        when.it_value.tv_sec = (time_t)(at_ns / NS_PER_SECOND);
        when.it_value.tv_nsec = (long)(at_ns % NS_PER_SECOND);
    }
    g_mutex_lock(&loop->lock);
    loop->alarm_fn = at_ns != UINT64_MAX ? fn : NULL;
    loop->alarm_opaque = opaque;
    invariant(timerfd_settime(loop->alarm_fd, TFD_TIMER_ABSTIME, &when, NULL) == 0);
    g_mutex_unlock(&loop->lock);
}

/* ---- idle ---- */

static void idle_time_has_come(void *opaque)
{
    (void)opaque; /* it only ends the sleep; run_idle() does the rest */
}

void host_loop_set_idle(struct host_loop *loop, unsigned interval_ms, host_loop_fn fn, void *opaque)
{
    loop->idle_fn = fn;
    loop->idle_opaque = opaque;
    loop->idle_interval_ns = (uint64_t)interval_ms * 1000000u;
    loop->idle_next_ns = 0;
    loop->idle_owed = true;
    g_source_set_ready_time(loop->idle_source, -1);
}

/* The loop has nothing to do. True when the idle function ran (which may have made work). */
static bool run_idle(struct host_loop *loop)
{
    uint64_t now_ns = host_clock_monotonic_ns();

    if (loop->idle_fn == NULL || !loop->idle_owed) {
        return false;
    }
    if (now_ns < loop->idle_next_ns) {
        g_source_set_ready_time(loop->idle_source, (int64_t)(loop->idle_next_ns / 1000u) + 1);
        return false;
    }
    loop->idle_owed = false;
    loop->idle_next_ns = now_ns + loop->idle_interval_ns;
    loop->idle_fn(loop->idle_opaque);
    return true;
}

/* ---- signals ---- */

static gboolean signal_interrupt(gpointer data)
{
    struct host_loop *loop = data;

    loop->signal_fn(loop->signal_opaque, SIGINT);
    return G_SOURCE_CONTINUE;
}

static gboolean signal_terminate(gpointer data)
{
    struct host_loop *loop = data;

    loop->signal_fn(loop->signal_opaque, SIGTERM);
    return G_SOURCE_CONTINUE;
}

static gboolean signal_hangup(gpointer data)
{
    struct host_loop *loop = data;

    loop->signal_fn(loop->signal_opaque, SIGHUP);
    return G_SOURCE_CONTINUE;
}

void host_loop_on_signal(struct host_loop *loop, void (*fn)(void *opaque, int signal), void *opaque)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
    static const GSourceFunc callbacks[] = { signal_interrupt, signal_terminate, signal_hangup };

    loop->signal_fn = fn;
    loop->signal_opaque = opaque;
    for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++) {
        host_source_destroy(&loop->signal_sources[i]);
        if (fn != NULL) {
            loop->signal_sources[i] = g_unix_signal_source_new(numbers[i]);
            g_source_set_callback(loop->signal_sources[i], callbacks[i], loop, NULL);
            g_source_attach(loop->signal_sources[i], loop->context);
        }
    }
}

/* ---- life ---- */

GMainContext *host_loop_context(struct host_loop *loop)
{
    return loop->context;
}

bool host_loop_take_stdio(struct host_loop *loop)
{
    bool is_free = !loop->stdio_taken;

    loop->stdio_taken = true;
    return is_free;
}

void host_loop_give_stdio(struct host_loop *loop)
{
    loop->stdio_taken = false;
}

struct host_loop *host_loop_create(void)
{
    struct host_loop *loop = g_new0(struct host_loop, 1);

    /* A reader that has gone is an error of write(), not the end of the program. */
    signal(SIGPIPE, SIG_IGN);
    loop->context = g_main_context_new();
    g_mutex_init(&loop->lock);
    g_queue_init(&loop->posts);
    loop->post_source = host_wake_source_create(loop, posts_run, loop);
    loop->idle_source = host_wake_source_create(loop, idle_time_has_come, loop);
    loop->alarm_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    invariant(loop->alarm_fd >= 0);
    loop->alarm_source = g_unix_fd_source_new(loop->alarm_fd, G_IO_IN);
    g_source_set_callback(loop->alarm_source, G_SOURCE_FUNC(alarm_ring), loop, NULL);
    g_source_attach(loop->alarm_source, loop->context);
    return loop;
}

void host_loop_destroy(struct host_loop *loop)
{
    if (loop == NULL) {
        return;
    }
    host_loop_on_signal(loop, NULL, NULL);
    host_source_destroy(&loop->alarm_source);
    host_source_destroy(&loop->idle_source);
    host_source_destroy(&loop->post_source);
    close(loop->alarm_fd);
    g_queue_clear_full(&loop->posts, g_free);
    g_mutex_clear(&loop->lock);
    g_main_context_unref(loop->context);
    g_free(loop);
}

void host_loop_run(struct host_loop *loop)
{
    while (!g_atomic_int_get(&loop->quit)) {
        if (g_main_context_iteration(loop->context, FALSE)) {
            loop->idle_owed = true;
        } else if (!run_idle(loop) && !g_atomic_int_get(&loop->quit)) {
            /* Asked again: the iteration that found nothing may have used up the quit's wake-up. */
            g_main_context_iteration(loop->context, TRUE);
            loop->idle_owed = true;
        }
    }
    g_atomic_int_set(&loop->quit, 0);
}

void host_loop_quit(struct host_loop *loop)
{
    g_atomic_int_set(&loop->quit, 1);
    g_main_context_wakeup(loop->context);
}
