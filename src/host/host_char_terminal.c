/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_char_terminal.c - character devices on standard input and output and on pseudoterminals. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "host/host_char.h"
#include "host/host_internal.h"

/* ---- standard input and output ---- */

/* What they were like before, to be put back. */
struct stdio {
    struct host_loop *loop;
    int input_flags, output_flags; /* -1 = not open */
    bool input_is_terminal;
    struct termios terminal;
};

static void stdio_fini(void *backend)
{
    struct stdio *stdio = backend;

    if (stdio->input_is_terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &stdio->terminal); /* the terminal may have gone */
    }
    /* Both are often one open file: the flags were read before either was changed. */
    if (stdio->input_flags >= 0) {
        (void)fcntl(STDIN_FILENO, F_SETFL, stdio->input_flags);
    }
    if (stdio->output_flags >= 0) {
        (void)fcntl(STDOUT_FILENO, F_SETFL, stdio->output_flags);
    }
    host_loop_give_stdio(stdio->loop);
    g_free(stdio);
}

/* Keys come one by one and unseen; lines still end in CR LF on output, as a guest's do anyway. */
static void make_raw(const struct termios *before, bool signal)
{
    struct termios raw = *before;

    raw.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    raw.c_oflag |= OPOST;
    raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
    if (!signal) {
        raw.c_lflag &= ~(tcflag_t)ISIG;
    }
    raw.c_cflag = (raw.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw); /* cooked input is better than none */
}

struct host_char *host_char_open_stdio(struct host_loop *loop,
                                       const struct host_char_settings *settings, GError **error)
{
    struct host_char_stream stream = {
        .filename = "stdio", .listen_fd = -1, .keeps_fds = true, .fini = stdio_fini
    };
    struct stdio *stdio;

    if (!host_loop_take_stdio(loop)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY,
                    "cannot use stdio by multiple character devices");
        return NULL;
    }
    stdio = g_new0(struct stdio, 1);
    stdio->loop = loop;
    stdio->input_flags = fcntl(STDIN_FILENO, F_GETFL);
    stdio->output_flags = fcntl(STDOUT_FILENO, F_GETFL);
    stdio->input_is_terminal = tcgetattr(STDIN_FILENO, &stdio->terminal) == 0;
    if (stdio->input_is_terminal) {
        make_raw(&stdio->terminal, settings->signal);
    }
    if (stdio->input_flags >= 0) {
        (void)fcntl(STDIN_FILENO, F_SETFL, stdio->input_flags | O_NONBLOCK);
    }
    if (stdio->output_flags >= 0) {
        (void)fcntl(STDOUT_FILENO, F_SETFL, stdio->output_flags | O_NONBLOCK);
    }
    stream.input_fd = stdio->input_flags >= 0 ? STDIN_FILENO : -1;
    stream.output_fd = stdio->output_flags >= 0 ? STDOUT_FILENO : -1;
    stream.backend = stdio;
    return host_char_create(loop, &stream);
}

/* ---- pseudoterminals ---- */

struct pty {
    int slave_fd;
};

static void pty_fini(void *backend)
{
    struct pty *pty = backend;

    close(pty->slave_fd);
    g_free(pty);
}

static struct host_char *pty_failed(int master_fd, const char *what, GError **error)
{
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO, "Failed to create PTY: %s: %s", what,
                g_strerror(errno));
    if (master_fd >= 0) {
        close(master_fd);
    }
    return NULL;
}

/* The other side stays open here as well. So the master never hangs up while no program has it
 * open, and what is written meanwhile waits for the first one that does. */
struct host_char *host_char_open_pty(struct host_loop *loop,
                                     const struct host_char_settings *settings, GError **error)
{
    struct host_char_stream stream = { .listen_fd = -1, .fini = pty_fini };
    g_autofree char *filename = NULL;
    char name[64];
    struct termios raw;
    struct pty *pty;
    int master, slave;

    (void)settings;
    master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0) {
        return pty_failed(-1, "posix_openpt", error);
    }
    if (grantpt(master) != 0 || unlockpt(master) != 0 ||
        ptsname_r(master, name, sizeof(name)) != 0) {
        return pty_failed(master, "unlockpt", error);
    }
    slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0) {
        return pty_failed(master, name, error);
    }
    if (tcgetattr(slave, &raw) == 0) {
        cfmakeraw(&raw);
        (void)tcsetattr(slave, TCSANOW, &raw); /* a fresh pseudoterminal takes it */
    }
    (void)host_fd_adopt(master); /* it is open */
    pty = g_new(struct pty, 1);
    pty->slave_fd = slave;
    filename = g_strdup_printf("pty:%s", name);
    stream.filename = filename;
    stream.input_fd = master;
    stream.output_fd = master;
    stream.backend = pty;
    return host_char_create(loop, &stream);
}
