/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watch.c - copies a growing file into a pipe. */
#include "check/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/error.h"

#define LOOK_EVERY_US 20000

struct watch {
    char *path;
    int pipe_fd;
    int ends; /* atomic */
    GThread *thread;
};

/* False: nobody reads any more. */
static bool pass_on(const struct watch *watch, const char *data, ssize_t length)
{
    while (length > 0) {
        ssize_t written = write(watch->pipe_fd, data, (size_t)length);

        if (written < 0 && errno != EINTR) {
            return false;
        }
        if (written > 0) {
            data += written;
            length -= written;
        }
    }
    return true;
}

/* Whether to end is asked before the file is read: what was there then is passed on. */
static gpointer pump(gpointer opaque)
{
    struct watch *watch = opaque;
    char data[65536];
    int fd = -1;
    ssize_t got;
    sigset_t pipe_signal;

    (void)sigemptyset(&pipe_signal);
    (void)sigaddset(&pipe_signal, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
    for (;;) {
        bool ends = g_atomic_int_get(&watch->ends) != 0;

        if (fd < 0) {
            fd = open(watch->path, O_RDONLY | O_CLOEXEC);
        }
        got = fd < 0 ? 0 : read(fd, data, sizeof(data));
        if (got > 0) {
            if (!pass_on(watch, data, got)) {
                break;
            }
        } else if (ends) {
            break;
        } else {
            g_usleep(LOOK_EVERY_US);
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    (void)close(watch->pipe_fd);
    return NULL;
}

struct watch *watch_start(const char *path, int *out_fd, GError **error)
{
    struct watch *watch;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO, "can't make a pipe: %s",
                    g_strerror(errno));
        return NULL;
    }
    watch = g_new0(struct watch, 1);
    watch->path = g_strdup(path);
    watch->pipe_fd = ends[1];
    *out_fd = ends[0];
    watch->thread = g_thread_new("watch", pump, watch);
    return watch;
}

void watch_end(struct watch *watch)
{
    g_atomic_int_set(&watch->ends, 1);
}

void watch_destroy(struct watch *watch)
{
    watch_end(watch);
    g_thread_join(watch->thread);
    g_free(watch->path);
    g_free(watch);
}
