/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_char_file.c - character devices on files, named pipes and nothing; inherited descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "host/host_char.h"
#include "host/host_internal.h"

bool host_fd_adopt(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

int host_fd_parse(const char *text, GError **error)
{
    char *end = NULL;
    guint64 number = g_ascii_strtoull(text, &end, 10);

    if (!g_ascii_isdigit(text[0]) || *end != '\0' || number > G_MAXINT) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "'%s' is no file descriptor; expected its number", text);
        return -1;
    }
    if (fcntl((int)number, F_GETFD) < 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "file descriptor %d is not open",
                    (int)number);
        return -1;
    }
    return (int)number;
}

static bool check_path(const char *backend, const char *path, GError **error)
{
    if (path == NULL || path[0] == '\0') {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "chardev: %s: no filename given; expected path=FILE", backend);
        return false;
    }
    return true;
}

static int open_path(const char *path, int flags, GError **error)
{
    int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);

    if (fd < 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO, "Could not open '%s': %s", path,
                    g_strerror(errno));
    }
    return fd;
}

struct host_char *host_char_open_file(struct host_loop *loop,
                                      const struct host_char_settings *settings, GError **error)
{
    struct host_char_stream stream = { .filename = "file", .input_fd = -1, .listen_fd = -1 };

    if (!check_path("file", settings->path, error)) {
        return NULL;
    }
    stream.output_fd = open_path(
        settings->path, O_WRONLY | O_CREAT | (settings->append ? O_APPEND : O_TRUNC), error);
    return stream.output_fd >= 0 ? host_char_create(loop, &stream) : NULL;
}

/* PATH.in and PATH.out where they exist, else PATH for both ways. O_RDWR, so that opening does not
 * wait for the other side and its leaving is no end (Linux, fifo(7)). */
struct host_char *host_char_open_pipe(struct host_loop *loop,
                                      const struct host_char_settings *settings, GError **error)
{
    struct host_char_stream stream = { .filename = "pipe", .listen_fd = -1 };
    g_autofree char *path_in = NULL;
    g_autofree char *path_out = NULL;

    if (!check_path("pipe", settings->path, error)) {
        return NULL;
    }
    path_in = g_strconcat(settings->path, ".in", NULL);
    path_out = g_strconcat(settings->path, ".out", NULL);
    stream.input_fd = open_path(path_in, O_RDWR, NULL);
    stream.output_fd = open_path(path_out, O_RDWR, NULL);
    if (stream.input_fd < 0 || stream.output_fd < 0) {
        if (stream.input_fd >= 0) {
            close(stream.input_fd);
        }
        if (stream.output_fd >= 0) {
            close(stream.output_fd);
        }
        stream.input_fd = open_path(settings->path, O_RDWR, error);
        stream.output_fd = stream.input_fd;
    }
    return stream.input_fd >= 0 ? host_char_create(loop, &stream) : NULL;
}

struct host_char *host_char_open_null(struct host_loop *loop,
                                      const struct host_char_settings *settings, GError **error)
{
    static const struct host_char_stream stream = {
        .filename = "null", .input_fd = -1, .output_fd = -1, .listen_fd = -1
    };

    (void)settings;
    (void)error;
    return host_char_create(loop, &stream);
}
