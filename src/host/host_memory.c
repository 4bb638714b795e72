/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_memory.c - mmap and its relatives. */
#include "host/host_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PAGE_BYTES 4096u

#ifndef MADV_POPULATE_WRITE
#    define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

int host_memory_map(int fd, uint64_t size_bytes, uint64_t align_bytes, bool share, void **out_at)
{
    uint64_t slack = align_bytes > PAGE_BYTES ? align_bytes : 0;
    int flags = MAP_NORESERVE | (share ? MAP_SHARED : MAP_PRIVATE) | (fd < 0 ? MAP_ANONYMOUS : 0);
    uint8_t *area;
    uint8_t *at;

    if (size_bytes > SIZE_MAX - slack) {
        return ENOMEM;
    }
    /* Room for any alignment first, the mapping itself on top of it, the rest given back. */
    area = mmap(NULL, size_bytes + slack, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                -1, 0);
    if (area == MAP_FAILED) {
        return errno;
    }
    at = area;
    if (slack != 0) {
        at = area + (align_bytes - (uintptr_t)area % align_bytes) % align_bytes;
    }
    if (mmap(at, size_bytes, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0) == MAP_FAILED) {
        int error = errno;

        munmap(area, size_bytes + slack);
        return error;
    }
    if (at > area) {
        munmap(area, (size_t)(at - area));
    }
    if (area + slack > at) {
        munmap(at + size_bytes, (size_t)(area + slack - at));
    }
    *out_at = at;
    return 0;
}

void host_memory_unmap(void *at, uint64_t size_bytes)
{
    munmap(at, size_bytes);
}

int host_memory_create_memfd(const char *name, int *out_fd)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    if (fd < 0) {
        return errno;
    }
    *out_fd = fd;
    return 0;
}

static int open_in_directory(const char *path, int *out_fd)
{
    char *name = NULL;
    int fd;
    int error = 0;

    if (asprintf(&name, "%s/replug_mem.XXXXXX", path) < 0) {
        return ENOMEM;
    }
    fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0) {
        error = errno;
    } else {
        unlink(name);
        *out_fd = fd;
    }
    free(name);
    return error;
}

int host_memory_open_file(const char *path, int *out_fd, bool *out_created)
{
    int fd;

    *out_created = false;
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 && errno == EISDIR) {
        *out_created = true;
        return open_in_directory(path, out_fd);
    }
    if (fd < 0 && errno == ENOENT) {
        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        *out_created = fd >= 0;
    }
    if (fd < 0) {
        return errno;
    }
    *out_fd = fd;
    return 0;
}

void host_memory_remove_file(const char *path)
{
    (void)unlink(path); /* EISDIR for a directory is what we want */
}

int host_memory_set_file_size(int fd, uint64_t size_bytes)
{
    return ftruncate(fd, (off_t)size_bytes) != 0 ? errno : 0;
}

int host_memory_file_size(int fd, uint64_t *out_bytes)
{
    struct stat info;

    if (fstat(fd, &info) != 0) {
        return errno;
    }
    *out_bytes = (uint64_t)info.st_size;
    return 0;
}

void host_memory_close(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

uint64_t host_memory_page_size(int fd)
{
    struct statfs info;

    if (fd >= 0 && fstatfs(fd, &info) == 0 && info.f_type == HUGETLBFS_MAGIC) {
        return (uint64_t)info.f_bsize;
    }
    return PAGE_BYTES;
}

int host_memory_populate(void *at, uint64_t size_bytes)
{
    volatile uint8_t *byte = at;

    if (madvise(at, size_bytes, MADV_POPULATE_WRITE) == 0) {
        return 0;
    }
    if (errno != EINVAL) {
        return errno;
    }
    for (uint64_t i = 0; i < size_bytes; i += PAGE_BYTES) {
        byte[i] = byte[i];
    }
    return 0;
}
