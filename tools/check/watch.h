/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watch.h - a file that grows as a stream that waits: a pipe, and a thread that fills it. */
#ifndef REPLUG_CHECK_WATCH_H
#define REPLUG_CHECK_WATCH_H

#include <glib.h>

struct watch;

/* out_fd is the stream's reading end, the caller's; the file need not be there yet. */
struct watch *watch_start(const char *path, int *out_fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The stream ends with what is in the file now. May be called from a signal handler. */
void watch_end(struct watch *watch);

/* After the stream was closed or read to its end. */
void watch_destroy(struct watch *watch);

#endif
