/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_char.c - one stream with its watches, its handlers and the buffer of what waits to go out.
 *
 * The loop's thread owns everything but the fields below the lock. A writer on another thread tries
 * the descriptor itself, queues the rest and wakes the loop; serve() then brings the watches in line
 * with the state. Handlers are never called under the lock.
 */
#include "host/host_char.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/host_internal.h"

#define INPUT_BYTES           4096u
#define ACCEPT_RETRY_DELAY_US 100000

struct host_char {
    struct host_loop *loop;
    unsigned references; /* the owner and each callback of the loop that runs */
    bool closed;
    char *label, *filename;
    struct host_char_handlers handlers; /* all NULL = no frontend: input waits */
    GSource *wake, *input_watch, *hangup_watch, *output_watch, *listen_watch;
    int input_fd, listen_fd;
    bool is_socket, keeps_fds;
    bool peer_gone;     /* hung up with input or output left: the next client takes its place */
    bool input_ended;   /* the peer said its last; what waits still goes out to it */
    bool accept_paused; /* accept() failed for want of descriptors */
    int input_paused;   /* atomic: can_read said 0 */
    void (*fini)(void *backend);
    void *backend;

    GMutex lock;
    int output_fd; /* written by the loop's thread only, so that it may read it without the lock */
    bool connected;
    bool failed;     /* the peer takes nothing any more */
    bool disconnect; /* as asked for, or because of a lossless peer that does not read */
    bool lossless;
    GByteArray *output;
    size_t output_start; /* bytes of output that have gone already */
};

static void serve(struct host_char *chr);

/* ---- output, under the lock ---- */

static size_t queued(const struct host_char *chr)
{
    return chr->output->len - chr->output_start;
}

static void drop_queue(struct host_char *chr)
{
    g_byte_array_set_size(chr->output, 0);
    chr->output_start = 0;
}

static void fail(struct host_char *chr)
{
    chr->failed = true;
    drop_queue(chr);
}

/* Gives what the descriptor takes without waiting; the count that is done with. */
static size_t put(struct host_char *chr, const uint8_t *bytes, size_t count)
{
    size_t done = 0;

    while (done < count && !chr->failed) {
        ssize_t n = chr->is_socket ? send(chr->output_fd, bytes + done, count - done,
                                          MSG_NOSIGNAL | MSG_DONTWAIT)
                                   : write(chr->output_fd, bytes + done, count - done);

        if (n >= 0) {
            done += (size_t)n;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            break;
        } else if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) {
            return count; /* a full disk may have room again later; these bytes are lost */
        } else if (errno != EINTR) {
            fail(chr);
        }
    }
    return done;
}

static void flush(struct host_char *chr)
{
    if (chr->output_fd >= 0 && queued(chr) > 0) {
        chr->output_start += put(chr, chr->output->data + chr->output_start, queued(chr));
        if (chr->failed || queued(chr) == 0) {
            drop_queue(chr);
        }
    }
}

static void enqueue(struct host_char *chr, const uint8_t *bytes, size_t count)
{
    if (chr->lossless && count > HOST_CHAR_LOSSLESS_MAX - queued(chr)) {
        chr->disconnect = true;
        drop_queue(chr);
        return;
    }
    if (!chr->lossless && count > HOST_CHAR_OUTPUT_MAX) {
        bytes += count - HOST_CHAR_OUTPUT_MAX;
        count = HOST_CHAR_OUTPUT_MAX;
    }
    if (!chr->lossless && queued(chr) + count > HOST_CHAR_OUTPUT_MAX) {
        chr->output_start += queued(chr) + count - HOST_CHAR_OUTPUT_MAX;
    }
    /* Moving the rest down only when half is waste keeps it one copy a byte. */
    if (chr->output_start > chr->output->len / 2) {
        g_byte_array_remove_range(chr->output, 0, (guint)chr->output_start);
        chr->output_start = 0;
    }
    g_byte_array_append(chr->output, bytes, (guint)count);
}

void host_char_write(struct host_char *chr, const void *bytes, size_t count)
{
    bool loop_must_act = false;
    size_t done;

    g_mutex_lock(&chr->lock);
    if (chr->output_fd >= 0 && !chr->failed && !chr->disconnect) {
        done = queued(chr) == 0 ? put(chr, bytes, count) : 0;
        if (!chr->failed && done < count) {
            enqueue(chr, (const uint8_t *)bytes + done, count - done);
        }
        loop_must_act = chr->failed || chr->disconnect || queued(chr) > 0;
    }
    g_mutex_unlock(&chr->lock);
    if (loop_must_act) {
        host_wake(chr->wake);
    }
}

/* ---- clients come and go ---- */

static void connect_stream(struct host_char *chr, int input_fd, int output_fd)
{
    chr->input_fd = input_fd;
    chr->peer_gone = false;
    chr->input_ended = false;
    g_atomic_int_set(&chr->input_paused, 0);
    g_mutex_lock(&chr->lock);
    chr->output_fd = output_fd;
    chr->connected = true;
    chr->failed = false;
    chr->disconnect = false;
    drop_queue(chr);
    g_mutex_unlock(&chr->lock);
    if (chr->handlers.opened != NULL) {
        chr->handlers.opened(chr->handlers.opaque);
    }
}

/* True when it was connected: its frontend has to hear of it. */
static bool set_unconnected(struct host_char *chr, int output_fd)
{
    bool was_connected;

    g_mutex_lock(&chr->lock);
    if (output_fd < 0 && !chr->failed) {
        flush(chr);
    }
    was_connected = chr->connected;
    chr->output_fd = output_fd;
    chr->connected = false;
    if (output_fd < 0) {
        chr->disconnect = false;
        chr->failed = false;
        drop_queue(chr);
    }
    g_mutex_unlock(&chr->lock);
    return was_connected;
}

static void drop_stream(struct host_char *chr)
{
    int input_fd = chr->input_fd;
    int output_fd = chr->output_fd;
    bool was_connected = set_unconnected(chr, -1);

    host_source_destroy(&chr->input_watch);
    host_source_destroy(&chr->hangup_watch);
    host_source_destroy(&chr->output_watch);
    chr->input_fd = -1;
    chr->peer_gone = false;
    chr->input_ended = false;
    if (!chr->keeps_fds) {
        if (input_fd >= 0) {
            close(input_fd);
        }
        if (output_fd >= 0 && output_fd != input_fd) {
            close(output_fd);
        }
    }
    if (was_connected && !chr->closed && chr->handlers.closed != NULL) {
        chr->handlers.closed(chr->handlers.opaque);
    }
}

/* A pipe or a terminal that ends says nothing about the way out. */
static void end_input(struct host_char *chr)
{
    if (chr->is_socket || chr->output_fd < 0) {
        chr->peer_gone = true;
        chr->input_ended = true; /* serve() drops it once nothing waits */
        return;
    }
    host_source_destroy(&chr->input_watch);
    if (!chr->keeps_fds && chr->input_fd != chr->output_fd) {
        close(chr->input_fd);
    }
    chr->input_fd = -1;
    if (set_unconnected(chr, chr->output_fd) && chr->handlers.closed != NULL) {
        chr->handlers.closed(chr->handlers.opaque);
    }
}

bool host_char_accept(struct host_char *chr)
{
    int fd = accept4(chr->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        return false;
    }
    connect_stream(chr, fd, fd);
    return true;
}

/* ---- what the loop calls ---- */

static void release(struct host_char *chr)
{
    if (--chr->references == 0) {
        g_byte_array_unref(chr->output);
        g_mutex_clear(&chr->lock);
        g_free(chr->label);
        g_free(chr->filename);
        g_free(chr);
    }
}

static void read_once(struct host_char *chr)
{
    const struct host_char_handlers handlers = chr->handlers;
    uint8_t buffer[INPUT_BYTES];
    size_t room = sizeof(buffer);
    ssize_t count;

    /* Paused before the question: host_char_accept_input() on another thread may come right after
     * the answer. */
    g_atomic_int_set(&chr->input_paused, 1);
    if (handlers.can_read != NULL) {
        room = MIN(room, handlers.can_read(handlers.opaque));
    }
    if (room == 0 || chr->closed || chr->input_fd < 0) {
        return;
    }
    g_atomic_int_set(&chr->input_paused, 0);
    count = read(chr->input_fd, buffer, room);
    if (count > 0) {
        handlers.read(handlers.opaque, buffer, (size_t)count);
    } else if (count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
        end_input(chr);
    }
}

static gboolean on_input(int fd, GIOCondition condition, gpointer data)
{
    struct host_char *chr = data;

    (void)fd;
    (void)condition;
    chr->references++;
    if (chr->handlers.read != NULL) {
        read_once(chr);
    }
    serve(chr);
    release(chr);
    return G_SOURCE_CONTINUE;
}

static gboolean on_hangup(int fd, GIOCondition condition, gpointer data)
{
    struct host_char *chr = data;
    uint8_t next;

    (void)condition;
    chr->references++;
    chr->peer_gone = true;
    chr->input_ended = chr->input_ended || recv(fd, &next, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
    serve(chr);
    release(chr);
    return G_SOURCE_CONTINUE;
}

static gboolean on_output(int fd, GIOCondition condition, gpointer data)
{
    struct host_char *chr = data;

    (void)fd;
    (void)condition;
    chr->references++;
    g_mutex_lock(&chr->lock);
    flush(chr);
    g_mutex_unlock(&chr->lock);
    serve(chr);
    release(chr);
    return G_SOURCE_CONTINUE;
}

static gboolean on_listen(int fd, GIOCondition condition, gpointer data)
{
    struct host_char *chr = data;

    (void)fd;
    (void)condition;
    chr->references++;
    if (chr->input_fd >= 0) {
        drop_stream(chr); /* peer_gone: what it said last can wait no longer */
    }
    if (!chr->closed && !host_char_accept(chr) &&
        (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
        /* The listener stays readable: without a pause the loop would spin. */
        chr->accept_paused = true;
        g_source_set_ready_time(chr->wake, g_get_monotonic_time() + ACCEPT_RETRY_DELAY_US);
    }
    serve(chr);
    release(chr);
    return G_SOURCE_CONTINUE;
}

static void on_wake(void *opaque)
{
    struct host_char *chr = opaque;

    chr->references++;
    chr->accept_paused = false;
    serve(chr);
    release(chr);
}

/* ---- the watches follow the state ---- */

static void watch(struct host_char *chr, GSource **source, bool wanted, int fd,
                  GIOCondition condition, GUnixFDSourceFunc callback)
{
    if (!wanted || fd < 0) {
        host_source_destroy(source);
    } else if (*source == NULL) {
        *source = g_unix_fd_source_new(fd, condition);
        g_source_set_callback(*source, G_SOURCE_FUNC(callback), chr, NULL);
        g_source_attach(*source, host_loop_context(chr->loop));
    }
}

static bool has_input(int fd)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

    return fd >= 0 && poll(&poll_fd, 1, 0) > 0 && (poll_fd.revents & POLLIN) != 0;
}

/* What a peer said before it vanished still counts, and what waits for one that only said its
 * last. */
static bool stream_is_over(struct host_char *chr)
{
    bool disconnect, failed, output_waits;

    g_mutex_lock(&chr->lock);
    disconnect = chr->disconnect;
    failed = chr->failed;
    output_waits = queued(chr) > 0;
    g_mutex_unlock(&chr->lock);
    if (failed && !(chr->is_socket && !chr->input_ended && has_input(chr->input_fd))) {
        return true;
    }
    return disconnect || (chr->input_ended && !output_waits);
}

static void serve(struct host_char *chr)
{
    bool stalled, output_waits, reads;

    if (!chr->closed && stream_is_over(chr)) {
        drop_stream(chr);
    }
    if (chr->closed) {
        return;
    }
    g_mutex_lock(&chr->lock);
    stalled = chr->lossless && queued(chr) >= HOST_CHAR_OUTPUT_MAX;
    output_waits = queued(chr) > 0;
    g_mutex_unlock(&chr->lock);
    reads = chr->handlers.read != NULL && !stalled && !chr->input_ended &&
            !g_atomic_int_get(&chr->input_paused);
    watch(chr, &chr->input_watch, reads, chr->input_fd, G_IO_IN, on_input);
    watch(chr, &chr->hangup_watch, !reads && chr->is_socket && !chr->peer_gone, chr->input_fd, 0,
          on_hangup);
    watch(chr, &chr->output_watch, output_waits, chr->output_fd, G_IO_OUT, on_output);
    watch(chr, &chr->listen_watch, (chr->input_fd < 0 || chr->peer_gone) && !chr->accept_paused,
          chr->listen_fd, G_IO_IN, on_listen);
}

/* ---- life ---- */

struct host_char *host_char_create(struct host_loop *loop, const struct host_char_stream *stream)
{
    struct host_char *chr = g_new0(struct host_char, 1);

    chr->loop = loop;
    chr->references = 1;
    chr->label = g_strdup("");
    chr->filename = g_strdup(stream->filename);
    chr->input_fd = -1;
    chr->output_fd = -1;
    chr->listen_fd = stream->listen_fd;
    chr->is_socket = stream->is_socket;
    chr->keeps_fds = stream->keeps_fds;
    chr->fini = stream->fini;
    chr->backend = stream->backend;
    g_mutex_init(&chr->lock);
    chr->output = g_byte_array_new();
    chr->wake = host_wake_source_create(loop, on_wake, chr);
    if (stream->listen_fd < 0) {
        connect_stream(chr, stream->input_fd, stream->output_fd);
    }
    serve(chr);
    return chr;
}

void host_char_close(struct host_char *chr)
{
    if (chr == NULL) {
        return;
    }
    chr->closed = true;
    drop_stream(chr);
    host_source_destroy(&chr->listen_watch);
    host_source_destroy(&chr->wake);
    if (chr->listen_fd >= 0) {
        close(chr->listen_fd);
    }
    if (chr->fini != NULL) {
        chr->fini(chr->backend);
    }
    release(chr);
}

void host_char_set_handlers(struct host_char *chr, const struct host_char_handlers *handlers)
{
    static const struct host_char_handlers none = { 0 };

    chr->references++;
    chr->handlers = handlers != NULL ? *handlers : none;
    g_atomic_int_set(&chr->input_paused, 0);
    if (chr->handlers.opened != NULL && host_char_is_connected(chr)) {
        chr->handlers.opened(chr->handlers.opaque);
    }
    serve(chr);
    release(chr);
}

void host_char_set_lossless(struct host_char *chr, bool lossless)
{
    g_mutex_lock(&chr->lock);
    chr->lossless = lossless;
    g_mutex_unlock(&chr->lock);
}

void host_char_accept_input(struct host_char *chr)
{
    if (g_atomic_int_compare_and_exchange(&chr->input_paused, 1, 0)) {
        host_wake(chr->wake);
    }
}

void host_char_disconnect(struct host_char *chr)
{
    g_mutex_lock(&chr->lock);
    if (chr->is_socket && chr->connected) {
        flush(chr);
        chr->disconnect = true;
    }
    g_mutex_unlock(&chr->lock);
    host_wake(chr->wake);
}

const char *host_char_label(const struct host_char *chr)
{
    return chr->label;
}

void host_char_set_label(struct host_char *chr, const char *label)
{
    g_free(chr->label);
    chr->label = g_strdup(label);
}

const char *host_char_filename(const struct host_char *chr)
{
    return chr->filename;
}

bool host_char_is_connected(const struct host_char *chr)
{
    GMutex *lock = (GMutex *)&chr->lock; /* a look that changes nothing */
    bool connected;

    g_mutex_lock(lock);
    connected = chr->connected && !chr->disconnect;
    g_mutex_unlock(lock);
    return connected;
}
