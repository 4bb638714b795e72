/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_process.c - the program once more in the background, and the socket on which it says
 * "ready": a parent that was killed meanwhile must not cost the child a SIGPIPE. */
#include "host/host_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

/* "FD,INODE" of the child's socket. The inode tells whether that number is still that socket. */
#define READY_VARIABLE "REPLUG_DAEMON_READY"

extern char **environ;

static bool parse_variable(int *out_fd, unsigned long long *out_inode)
{
    const char *text = getenv(READY_VARIABLE);
    int used = 0;

    return text != NULL && sscanf(text, "%9d,%19llu%n", out_fd, out_inode, &used) == 2 &&
           text[used] == '\0';
}

bool host_daemon_is_child(void)
{
    unsigned long long inode;
    int fd;

    return parse_variable(&fd, &inode);
}

/* ---- the parent ---- */

/* Our environment with the variable; what an outer launch left of it is replaced. */
static char **child_environment(int ready_fd)
{
    struct stat info = { 0 };
    GPtrArray *list = g_ptr_array_new();

    (void)fstat(ready_fd, &info); /* it was opened just now */
    for (char **at = environ; at != NULL && *at != NULL; at++) {
        if (!g_str_has_prefix(*at, READY_VARIABLE "=")) {
            g_ptr_array_add(list, g_strdup(*at));
        }
    }
    g_ptr_array_add(list, g_strdup_printf(READY_VARIABLE "=%d,%llu", ready_fd,
                                          (unsigned long long)info.st_ino));
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_free(list, FALSE);
}

static int spawn(char **argv, int ready_fd, pid_t *out_pid)
{
    char **environment = child_environment(ready_fd);
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    sigset_t nothing;
    int number;

    sigemptyset(&nothing);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_setsigmask(&attributes, &nothing);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
    /* Onto itself: stays open across exec (glibc 2.29, posix_spawn_file_actions_adddup2). */
    number = posix_spawn_file_actions_adddup2(&actions, ready_fd, ready_fd);
    if (number == 0) {
        number = posix_spawn(out_pid, "/proc/self/exe", &actions, &attributes, argv, environment);
    }
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    g_strfreev(environment);
    return number;
}

/* True when the child said that it is ready; false when it closed the socket, most likely by ending. */
static bool wait_for_ready(int fd)
{
    char byte;
    ssize_t count;

    do {
        count = read(fd, &byte, 1);
    } while (count < 0 && errno == EINTR);
    return count == 1;
}

static int wait_for_end(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return EXIT_FAILURE;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int host_daemon_launch(char **argv, GError **error)
{
    int ends[2];
    pid_t pid;
    int number = 0;
    int status = 0;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO,
                    "cannot go to the background: socketpair: %s", g_strerror(errno));
        return -1;
    }
    number = spawn(argv, ends[1], &pid);
    close(ends[1]);
    if (number != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO,
                    "cannot go to the background: starting /proc/self/exe: %s", g_strerror(number));
        status = -1;
    } else if (!wait_for_ready(ends[0])) {
        status = wait_for_end(pid);
    }
    close(ends[0]);
    return status;
}

/* ---- the child ---- */

static void detach_standard_streams(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0) {
        return; /* no /dev: the streams stay, the work goes on */
    }
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fd == null) {
            (void)fcntl(fd, F_SETFD, 0);
        } else {
            (void)dup2(null, fd);
        }
    }
    if (null > STDERR_FILENO) {
        close(null);
    }
}

void host_daemon_ready(void)
{
    unsigned long long inode;
    struct stat info;
    int fd;

    if (!parse_variable(&fd, &inode) || fstat(fd, &info) != 0 || !S_ISSOCK(info.st_mode) ||
        info.st_ino != inode) {
        return; /* no child, or ready already */
    }
    detach_standard_streams();
    while (send(fd, "", 1, MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
    close(fd);
}

bool host_stderr_is_terminal(void)
{
    return isatty(STDERR_FILENO) == 1;
}
