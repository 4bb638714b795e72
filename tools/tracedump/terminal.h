/* SPDX-License-Identifier: GPL-2.0-or-later */
/* terminal.h - colour, a pager and progress, for people at a terminal and nobody else. */
#ifndef REPLUG_TRACEDUMP_TERMINAL_H
#define REPLUG_TRACEDUMP_TERMINAL_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* What --color and --no-pager set, and users may. */
#define TERMINAL_COLOUR_VARIABLE "TRACEDUMP_COLOR" /* always, never, auto */
#define TERMINAL_PAGER_VARIABLE  "TRACEDUMP_PAGER" /* a command; empty: none */

/* After so many ms of reading progress is shown (1000). */
#define TERMINAL_PROGRESS_VARIABLE "TRACEDUMP_PROGRESS"

/* Standard output is a terminal and NO_COLOR is not set, unless the variable says otherwise. */
bool terminal_wants_colour(void);

/* Starts a pager if standard output is a terminal and one is wanted. Returns its process and where it
 * reads from; 0: there is none. */
pid_t terminal_start_pager(int *out_fd);

/* Closes its input and waits until the user has seen enough. */
void terminal_end_pager(pid_t pager, int fd);

/* One line on standard error that says how far a long reading has come. */
struct terminal_progress {
    bool wanted;
    bool shown;
    gint64 next_us; /* when to show it again */
    guint64 counted;
};

void terminal_progress_init(struct terminal_progress *progress);

/* Counts one event more. True: it is time to show how far the reading has come. */
bool terminal_progress_is_due(struct terminal_progress *progress);

/* permille below 0: it is not known, and the count says more. */
void terminal_progress_show(struct terminal_progress *progress, int permille);
void terminal_progress_clear(struct terminal_progress *progress);

#endif
