/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_net.c - libslirp in the event loop: one source that asks it before each sleep which descriptors and how long, and
 * tells it afterwards. What it is configured with is read by host_net_options.c.
 */
#include "host/host_net.h"

#include <libslirp.h>

#include "base/error.h"
#include "host/host_clock.h"
#include "host/host_internal.h"

#define NS_PER_MS 1000000u
#define US_PER_MS 1000

struct net_fd {
    int fd;
    gpointer tag; /* in the source; NULL = the place is free */
    GIOCondition events;
    bool is_wanted;
};

struct net_source {
    GSource source;
    struct host_net *net;
};

struct net_timer {
    GSource *source;
    SlirpTimerCb fn;
    void *opaque;
};

struct host_net {
    struct host_loop *loop;
    Slirp *slirp;
    GSource *source;
    GArray *fds; /* struct net_fd; libslirp knows them by their place */
    uint64_t deadline_ns;
    host_net_receive_fn receive;
    void *opaque;
};

/* ---- descriptors ---- */

static GIOCondition events_of(int slirp_events)
{
    return ((slirp_events & SLIRP_POLL_IN) != 0 ? G_IO_IN : 0) |
           ((slirp_events & SLIRP_POLL_OUT) != 0 ? G_IO_OUT : 0) |
           ((slirp_events & SLIRP_POLL_PRI) != 0 ? G_IO_PRI : 0) |
           ((slirp_events & SLIRP_POLL_ERR) != 0 ? G_IO_ERR : 0) |
           ((slirp_events & SLIRP_POLL_HUP) != 0 ? G_IO_HUP : 0);
}

static int slirp_events_of(GIOCondition events)
{
    return ((events & G_IO_IN) != 0 ? SLIRP_POLL_IN : 0) |
           ((events & G_IO_OUT) != 0 ? SLIRP_POLL_OUT : 0) |
           ((events & G_IO_PRI) != 0 ? SLIRP_POLL_PRI : 0) |
           ((events & (G_IO_ERR | G_IO_NVAL)) != 0 ? SLIRP_POLL_ERR : 0) |
           ((events & G_IO_HUP) != 0 ? SLIRP_POLL_HUP : 0);
}

static struct net_fd *place(struct host_net *net, guint index)
{
    return &g_array_index(net->fds, struct net_fd, index);
}

/* The descriptor's own place, or a free one. */
static guint find_place(struct host_net *net, int fd)
{
    struct net_fd empty = { .fd = -1 };
    guint found = net->fds->len;

    for (guint i = 0; i < net->fds->len; i++) {
        const struct net_fd *at = place(net, i);

        if (at->tag != NULL && at->fd == fd && !at->is_wanted) {
            return i;
        }
        if (at->tag == NULL && found == net->fds->len) {
            found = i;
        }
    }
    if (found == net->fds->len) {
        g_array_append_val(net->fds, empty);
    }
    return found;
}

/* Only what has changed is told to the loop: each change wakes it. */
static int add_poll(int fd, int slirp_events, void *opaque)
{
    struct host_net *net = opaque;
    GIOCondition events = events_of(slirp_events);
    guint index = find_place(net, fd);
    struct net_fd *at = place(net, index);

    if (at->tag == NULL) {
        *at = (struct net_fd){ .fd = fd, .tag = g_source_add_unix_fd(net->source, fd, events) };
    } else if (at->events != events) {
        g_source_modify_unix_fd(net->source, at->tag, events);
    }
    at->events = events;
    at->is_wanted = true;
    return (int)index;
}

static int get_events(int index, void *opaque)
{
    struct host_net *net = opaque;
    const struct net_fd *at;

    if (index < 0 || (guint)index >= net->fds->len) {
        return 0;
    }
    at = place(net, (guint)index);
    return at->tag != NULL ? slirp_events_of(g_source_query_unix_fd(net->source, at->tag)) : 0;
}

/* ---- the source ---- */

static gboolean source_prepare(GSource *source, gint *timeout_ms)
{
    struct host_net *net = ((struct net_source *)source)->net;
    uint32_t wait_ms = UINT32_MAX;

    for (guint i = 0; i < net->fds->len; i++) {
        place(net, i)->is_wanted = false;
    }
    slirp_pollfds_fill(net->slirp, &wait_ms, add_poll, net);
    for (guint i = 0; i < net->fds->len; i++) {
        struct net_fd *at = place(net, i);

        if (at->tag != NULL && !at->is_wanted) {
            g_source_remove_unix_fd(source, at->tag);
            at->tag = NULL;
        }
    }
    *timeout_ms = wait_ms > G_MAXINT ? -1 : (gint)wait_ms;
    net->deadline_ns =
        wait_ms > G_MAXINT ? UINT64_MAX : host_clock_monotonic_ns() + (uint64_t)wait_ms * NS_PER_MS;
    return FALSE;
}

static gboolean source_check(GSource *source)
{
    struct host_net *net = ((struct net_source *)source)->net;

    for (guint i = 0; i < net->fds->len; i++) {
        const struct net_fd *at = place(net, i);

        if (at->tag != NULL && g_source_query_unix_fd(source, at->tag) != 0) {
            return TRUE;
        }
    }
    return host_clock_monotonic_ns() >= net->deadline_ns;
}

static gboolean source_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    struct host_net *net = ((struct net_source *)source)->net;

    (void)callback;
    (void)data;
    slirp_pollfds_poll(net->slirp, 0, get_events, net);
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_functions = { .prepare = source_prepare,
                                         .check = source_check,
                                         .dispatch = source_dispatch };

/* ---- what libslirp calls ---- */

static ssize_t on_packet(const void *bytes, size_t count, void *opaque)
{
    struct host_net *net = opaque;

    net->receive(net->opaque, bytes, count);
    return (ssize_t)count;
}

static void on_guest_error(const char *text, void *opaque)
{
    (void)text; /* What a guest sends is its own affair. */
    (void)opaque;
}

static int64_t on_clock(void *opaque)
{
    (void)opaque;
    return (int64_t)host_clock_monotonic_ns();
}

static void timer_rings(void *opaque)
{
    const struct net_timer *timer = opaque;

    timer->fn(timer->opaque);
}

static void *on_timer_new(SlirpTimerCb fn, void *fn_opaque, void *opaque)
{
    const struct host_net *net = opaque;
    struct net_timer *timer = g_new0(struct net_timer, 1);

    timer->fn = fn;
    timer->opaque = fn_opaque;
    timer->source = host_wake_source_create(net->loop, timer_rings, timer);
    return timer;
}

static void on_timer_free(void *timer_opaque, void *opaque)
{
    struct net_timer *timer = timer_opaque;

    (void)opaque;
    host_source_destroy(&timer->source);
    g_free(timer);
}

static void on_timer_mod(void *timer_opaque, int64_t at_ms, void *opaque)
{
    const struct net_timer *timer = timer_opaque;

    (void)opaque;
    g_source_set_ready_time(timer->source, at_ms * US_PER_MS);
}

static void on_poll_fd(int fd, void *opaque)
{
    (void)fd; /* The source asks for all of them each time. */
    (void)opaque;
}

static void on_notify(void *opaque)
{
    (void)opaque; /* Everything happens on the loop's thread, which asks again before it sleeps. */
}

static const SlirpCb callbacks = {
    .send_packet = on_packet,
    .guest_error = on_guest_error,
    .clock_get_ns = on_clock,
    .timer_new = on_timer_new,
    .timer_free = on_timer_free,
    .timer_mod = on_timer_mod,
    .register_poll_fd = on_poll_fd,
    .unregister_poll_fd = on_poll_fd,
    .notify = on_notify,
};

/* ---- life ---- */

static void start(struct host_net *net)
{
    net->source = g_source_new(&source_functions, sizeof(struct net_source));
    ((struct net_source *)net->source)->net = net;
    g_source_attach(net->source, host_loop_context(net->loop));
}

struct host_net *host_net_open(struct host_loop *loop, const struct json_object *options,
                               host_net_receive_fn receive, void *opaque, GError **error)
{
    struct host_net *net;
    struct host_net_settings *settings = host_net_settings_read(options, error);

    if (settings == NULL) {
        return NULL;
    }
    net = g_new0(struct host_net, 1);
    *net = (struct host_net){ .loop = loop,
                              .fds = g_array_new(FALSE, TRUE, sizeof(struct net_fd)),
                              .receive = receive,
                              .opaque = opaque };
    net->slirp = slirp_new(host_net_settings_config(settings), &callbacks, net);
    if (net->slirp == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO, "libslirp did not start");
    } else if (host_net_settings_forward(settings, net->slirp, error)) {
        start(net);
        host_net_settings_free(settings);
        return net;
    }
    host_net_settings_free(settings);
    host_net_close(net);
    return NULL;
}

void host_net_close(struct host_net *net)
{
    if (net != NULL) {
        host_source_destroy(&net->source);
        if (net->slirp != NULL) {
            slirp_cleanup(net->slirp);
        }
        g_array_unref(net->fds);
        g_free(net);
    }
}

void host_net_send(struct host_net *net, const uint8_t *frame, size_t bytes)
{
    if (bytes <= G_MAXINT) {
        slirp_input(net->slirp, frame, (int)bytes);
    }
}
