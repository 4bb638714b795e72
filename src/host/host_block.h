/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_block.h - an image file: opened, read and written at offsets, flushed. */
#ifndef REPLUG_HOST_HOST_BLOCK_H
#define REPLUG_HOST_HOST_BLOCK_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Regular files and block devices. Errors name the file. */
bool host_block_open(const char *path, bool read_only, int *out_fd, uint64_t *out_bytes,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* -1 is fine. */
void host_block_close(int fd);

/*
 * Claims an open image for one user: others may read what is only read, and nobody else a written one. By locks of the open
 * file, on the bytes where QEMU has its own, so that each sees the other. path: for the error.
 */
bool host_block_lock(int fd, bool read_only, const char *path,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Also what is not locked, and -1. */
void host_block_unlock(int fd);

/* Whole requests: each gives 0 or an errno. Behind the file's end it reads as zeros. */
int host_block_read(int fd, uint64_t offset, void *bytes, size_t size);
int host_block_write(int fd, uint64_t offset, const void *bytes, size_t size);
int host_block_flush(int fd);

#endif
