/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_memory.h - mappings that hold guest RAM: mmap, memfd_create, backing files.
 *
 * Each returns 0 or an errno; -1 is never seen above. Descriptors belong to the caller.
 */
#ifndef REPLUG_HOST_HOST_MEMORY_H
#define REPLUG_HOST_HOST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Maps size_bytes, read and write, at an address that is a multiple of align_bytes (a power of two).
 * fd -1 = anonymous memory. Nothing is reserved in swap. */
int host_memory_map(int fd, uint64_t size_bytes, uint64_t align_bytes, bool share, void **out_at);
void host_memory_unmap(void *at, uint64_t size_bytes);

int host_memory_create_memfd(const char *name, int *out_fd);

/* Opens or creates a file; a directory gives an unlinked temporary file in it. */
int host_memory_open_file(const char *path, int *out_fd, bool *out_created);
/* Removes a regular file; a directory stays. */
void host_memory_remove_file(const char *path);
int host_memory_set_file_size(int fd, uint64_t size_bytes);
int host_memory_file_size(int fd, uint64_t *out_bytes);
void host_memory_close(int fd);

/* 4096, or the page size of the hugetlbfs that holds the file. */
uint64_t host_memory_page_size(int fd);

/* Touches every page, keeping the contents. */
int host_memory_populate(void *at, uint64_t size_bytes);

#endif
