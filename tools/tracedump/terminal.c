/* SPDX-License-Identifier: GPL-2.0-or-later */
/* terminal.c - asks what standard output and standard error are. */
#include "tracedump/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRESS_AFTER_US (G_USEC_PER_SEC)
#define PROGRESS_EVERY_US (G_USEC_PER_SEC / 5)

/* Between two looks at the clock. */
#define EVENTS_A_LOOK 65536u

bool terminal_wants_colour(void)
{
    const char *wish = getenv(TERMINAL_COLOUR_VARIABLE);
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

    if (wish != NULL && strcmp(wish, "always") == 0) {
        return true;
    }
    if ((wish != NULL && strcmp(wish, "never") == 0) || (no_colour != NULL && *no_colour != '\0') ||
        (term != NULL && strcmp(term, "dumb") == 0)) {
        return false;
    }
    return isatty(STDOUT_FILENO) == 1;
}

/* NULL: none is wanted. */
static const char *pager_command(void)
{
    const char *command = getenv(TERMINAL_PAGER_VARIABLE);

    if (command == NULL) {
        command = getenv("PAGER");
    }
    if (command == NULL) {
        command = "less";
    }
    return *command == '\0' || strcmp(command, "cat") == 0 ? NULL : command;
}

pid_t terminal_start_pager(int *out_fd)
{
    const char *command = pager_command();
    int ends[2];
    pid_t pager;

    if (command == NULL || isatty(STDOUT_FILENO) != 1 || pipe2(ends, O_CLOEXEC) < 0) {
        return 0;
    }
    pager = fork();
    if (pager == 0) {
        (void)dup2(ends[0], STDIN_FILENO);
        (void)setenv("LESS", "FRSX", 0); /* Ends by itself when it fits on the screen. */
        (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(ends[0]);
    if (pager < 0) {
        close(ends[1]);
        return 0;
    }
    *out_fd = ends[1];
    return pager;
}

void terminal_end_pager(pid_t pager, int fd)
{
    close(fd);
    while (waitpid(pager, NULL, 0) < 0 && errno == EINTR) {
    }
}

void terminal_progress_init(struct terminal_progress *progress)
{
    const char *wish = getenv(TERMINAL_PROGRESS_VARIABLE);
    guint64 after_us = PROGRESS_AFTER_US;

    if (wish != NULL && g_ascii_string_to_unsigned(wish, 10, 0, 3600000, &after_us, NULL)) {
        after_us *= 1000;
    }
    *progress = (struct terminal_progress){
        .wanted = isatty(STDERR_FILENO) == 1,
        .next_us = g_get_monotonic_time() + (gint64)after_us,
    };
}

bool terminal_progress_is_due(struct terminal_progress *progress)
{
    return ++progress->counted % EVENTS_A_LOOK == 0 && progress->wanted &&
           g_get_monotonic_time() >= progress->next_us;
}

void terminal_progress_show(struct terminal_progress *progress, int permille)
{
    progress->next_us = g_get_monotonic_time() + PROGRESS_EVERY_US;
    progress->shown = true;
    if (permille >= 0) {
        fprintf(stderr, "\r%d %% read, %" G_GUINT64_FORMAT " events\033[K", permille / 10,
                progress->counted);
    } else {
        fprintf(stderr, "\r%" G_GUINT64_FORMAT " events read\033[K", progress->counted);
    }
}

void terminal_progress_clear(struct terminal_progress *progress)
{
    if (progress->shown) {
        fputs("\r\033[K", stderr);
        progress->shown = false;
    }
}
