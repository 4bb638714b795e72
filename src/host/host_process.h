/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_process.h - going to the background (-daemonize).
 *
 * The program starts itself anew (fork, setsid, exec) instead of going on after a fork: tracing and
 * other libraries have threads by then, and a fork would lose them.
 */
#ifndef REPLUG_HOST_HOST_PROCESS_H
#define REPLUG_HOST_HOST_PROCESS_H

#include <glib.h>
#include <stdbool.h>

/* True in the process that host_daemon_launch() started. */
bool host_daemon_is_child(void);

/*
 * Starts this program with the same arguments in a session of its own and waits until the child
 * calls host_daemon_ready() or ends. Returns the exit status for the caller to end with: 0 when the
 * child is ready, else the child's own (128 + signal when one killed it). -1 with an error when
 * nothing could be started. For the start of main(): descriptors that are adopted later (fd=N)
 * reach the child, those opened by Replug do not.
 */
int host_daemon_launch(char **argv, GError **error);

/* In the child, once: standard input, output and error become /dev/null, and the waiting parent
 * ends with 0. No effect in any other process. */
void host_daemon_ready(void);

/* Whether somebody may watch standard error as it is written. */
bool host_stderr_is_terminal(void);

#endif
