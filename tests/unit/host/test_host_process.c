/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_host_process.c - going to the background. This program is its own daemon: started by
 * host_daemon_launch(), it does what its first argument says.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "host/host_process.h"
#include "unit.h"

/* ---- the daemon ---- */

static void report_link(int fd, const char *path)
{
    char target[256] = "";
    ssize_t length = readlink(path, target, sizeof(target) - 1);

    dprintf(fd, "%.*s ", (int)MAX(length, 0), target);
}

/* One line about itself: leads a session, sees its arguments, has no signal blocked, streams. */
static void report(int fd, int argc, char **argv)
{
    sigset_t blocked;

    sigprocmask(SIG_SETMASK, NULL, &blocked);
    dprintf(fd, "%s %d %s %s ", getsid(0) == getpid() ? "leader" : "member", argc, argv[2],
            sigismember(&blocked, SIGUSR2) ? "blocked" : "open");
    report_link(fd, "/proc/self/fd/0");
    report_link(fd, "/proc/self/fd/1");
    report_link(fd, "/proc/self/fd/2");
    dprintf(fd, "%s", host_daemon_is_child() ? "child" : "parent");
}

/* argv: what to do, a word, the descriptor to report to, one that was open before and stays so. */
static int daemon_main(int argc, char **argv)
{
    int fd = argc > 3 ? atoi(argv[3]) : -1;

    if (strcmp(argv[1], "ready") == 0) {
        host_daemon_ready();
        report(fd, argc, argv);
        return 9; /* too late for the parent to hear of it */
    }
    if (strcmp(argv[1], "ready-twice") == 0) {
        int pair[2];
        int old = atoi(getenv("REPLUG_DAEMON_READY"));

        host_daemon_ready();
        /* The number of the old descriptor is taken again: it must not be written to. */
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0 ||
            dup2(pair[0], old) != old) {
            return 9;
        }
        host_daemon_ready();
        dprintf(fd, "%s",
                recv(pair[0], argv[2], 1, 0) < 0 && recv(pair[1], argv[2], 1, 0) < 0 ? "untouched"
                                                                                     : "written");
        return 0;
    }
    if (strcmp(argv[1], "signal") == 0) {
        raise(SIGKILL);
    }
    return atoi(argv[2]);
}

/* ---- the tests ---- */

static int launch(const char *what, const char *word, char *answer, size_t answer_bytes)
{
    g_autofree char *fd_text = NULL;
    char *argv[5] = { "replug", (char *)what, (char *)word, NULL, NULL };
    ssize_t count, total = 0;
    int ends[2];
    int status;

    assert_int_equal(pipe(ends), 0); /* the write end is inherited */
    assert_int_equal(fcntl(ends[0], F_SETFD, FD_CLOEXEC), 0);
    fd_text = g_strdup_printf("%d", ends[1]);
    argv[3] = fd_text;
    status = host_daemon_launch(argv, NULL);
    close(ends[1]);
    while ((count = read(ends[0], answer + total, answer_bytes - 1 - (size_t)total)) > 0) {
        total += count;
    }
    answer[total] = '\0';
    close(ends[0]);
    if (g_str_has_prefix(what, "ready")) {
        assert_true(waitpid(-1, NULL, 0) > 0); /* a launcher ends; this one lives on */
    }
    return status;
}

static void ready_child(void **state)
{
    char answer[512];
    sigset_t usr2, before;

    (void)state;
    sigemptyset(&usr2);
    sigaddset(&usr2, SIGUSR2);
    sigprocmask(SIG_BLOCK, &usr2, &before);
    assert_int_equal(launch("ready", "word", answer, sizeof(answer)), 0);
    sigprocmask(SIG_SETMASK, &before, NULL);
    assert_string_equal(answer, "leader 4 word open /dev/null /dev/null /dev/null child");
    assert_false(host_daemon_is_child());
}

static void child_that_ends_before(void **state)
{
    char answer[8];

    (void)state;
    assert_int_equal(launch("exit", "3", answer, sizeof(answer)), 3);
    assert_int_equal(launch("exit", "0", answer, sizeof(answer)), 0);
    assert_int_equal(launch("signal", "", answer, sizeof(answer)), 128 + SIGKILL);
    /* Waited for: no zombie is left. */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void ready_twice_is_once(void **state)
{
    char answer[16];

    (void)state;
    assert_int_equal(launch("ready-twice", "word", answer, sizeof(answer)), 0);
    assert_string_equal(answer, "untouched");
}

static void empty_environment(void **state)
{
    char answer[512];
    char **before = environ;

    (void)state;
    environ = NULL;
    assert_int_equal(launch("ready", "bare", answer, sizeof(answer)), 0);
    environ = before;
    assert_non_null(strstr(answer, "leader 4 bare"));
}

/* One argument may have 128 KiB at most (execve(2)). */
static void exec_that_fails(void **state)
{
    g_autofree char *endless = g_strnfill(1 << 20, 'x');
    char *argv[] = { "replug", endless, NULL };
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_int_equal(host_daemon_launch(argv, &error), -1);
    assert_true(g_error_matches(error, REPLUG_ERROR, REPLUG_ERROR_IO));
    assert_string_equal(error->message, "cannot go to the background: starting /proc/self/exe: "
                                        "Argument list too long");
}

static void stranger_is_no_child(void **state)
{
    static const char *const wrong[] = { "", "x", "3", "3,", "3,4x", ",4" };

    (void)state;
    assert_false(host_daemon_is_child());
    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
        setenv("REPLUG_DAEMON_READY", wrong[i], 1);
        assert_false(host_daemon_is_child());
        host_daemon_ready();
    }
    unsetenv("REPLUG_DAEMON_READY");
    assert_int_equal(fcntl(STDERR_FILENO, F_GETFD) >= 0, 1);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(stranger_is_no_child),   cmocka_unit_test(ready_child),
        cmocka_unit_test(child_that_ends_before), cmocka_unit_test(ready_twice_is_once),
        cmocka_unit_test(empty_environment),      cmocka_unit_test(exec_that_fails),
    };

    if (host_daemon_is_child()) {
        return daemon_main(argc, argv);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
