/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_file.h - whole small files: kernels to boot, pid files. */
#ifndef REPLUG_HOST_HOST_FILE_H
#define REPLUG_HOST_HOST_FILE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads at most bytes_max bytes; a larger file is an error that names both sizes. The caller frees
 * with g_bytes_unref. */
GBytes *host_file_read(const char *path, size_t bytes_max, GError **error);

/* The first size bytes of a file or device. Errors: it can't be opened or has fewer. */
bool host_file_read_head(const char *path, void *bytes, size_t size,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Creates or truncates; for -pidfile: locks it (fcntl), so that a second emulator with the same
 * file is refused. Descriptor stays open. */
bool host_file_write_pid(const char *path, int *out_fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* At the end: removes the file, if it is still ours, and closes fd (-1 is fine). */
void host_file_remove_pid(const char *path, int fd);

#endif
