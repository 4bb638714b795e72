/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_file.c - open, read, lock, write of whole files. */
#include "host/host_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define READ_STEP_BYTES   ((size_t)1 << 20)
#define PID_FILE_ATTEMPTS 16
#define PID_TEXT_BYTES    24

static bool failed(const char *what, const char *path, int number, GError **error)
{
    g_set_error(error, REPLUG_ERROR, number == ENOENT ? REPLUG_ERROR_NOT_FOUND : REPLUG_ERROR_IO,
                "cannot %s '%s': %s", what, path, g_strerror(number));
    return false;
}

static bool too_large(const char *path, uint64_t bytes, bool at_least, size_t bytes_max,
                      GError **error)
{
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                "'%s' is too large: it has %s%" PRIu64 " bytes, at most %zu are accepted", path,
                at_least ? "at least " : "", bytes, bytes_max);
    return false;
}

/* Room for one step more than count, at most for limit bytes. */
static bool grow(uint8_t **buffer, size_t *capacity, size_t count, size_t limit)
{
    size_t want = MIN(limit, MAX(*capacity * 2, count + READ_STEP_BYTES));
    uint8_t *moved;

    if (count < *capacity) {
        return true;
    }
    moved = realloc(*buffer, want);
    if (moved == NULL) {
        return false;
    }
    *buffer = moved;
    *capacity = want;
    return true;
}

/* Reads to the end, one byte more than bytes_max at most: that one says "too large". The size that
 * fstat() tells is no help for pipes and files that grow. */
static bool read_all(int fd, const char *path, size_t bytes_max, uint8_t **buffer,
                     size_t *out_count, GError **error)
{
    size_t limit = bytes_max < SIZE_MAX ? bytes_max + 1 : SIZE_MAX;
    size_t count = 0, capacity = 0;
    ssize_t got;

    while (count < limit) {
        if (!grow(buffer, &capacity, count, limit)) {
            return failed("hold the content of", path, ENOMEM, error);
        }
        got = read(fd, *buffer + count, capacity - count);
        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            return failed("read", path, errno, error);
        }
        count += got > 0 ? (size_t)got : 0;
    }
    if (count > bytes_max) {
        return too_large(path, count, true, bytes_max, error);
    }
    *out_count = count;
    return true;
}

bool host_file_read_head(const char *path, void *bytes, size_t size, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    size_t count = 0;
    ssize_t got = 1;
    int number;

    if (fd < 0) {
        return failed("open", path, errno, error);
    }
    while (count < size && got != 0) {
        got = read(fd, (uint8_t *)bytes + count, size - count);
        if (got < 0 && errno != EINTR) {
            break;
        }
        count += got > 0 ? (size_t)got : 0;
    }
    number = got < 0 ? errno : ENODATA;
    (void)close(fd);
    return count == size || failed("read", path, number, error);
}

GBytes *host_file_read(const char *path, size_t bytes_max, GError **error)
{
    struct stat info;
    uint8_t *buffer = NULL;
    size_t count = 0;
    bool ok = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        failed("open", path, errno, error);
        return NULL;
    }
    if (fstat(fd, &info) != 0) {
        failed("examine", path, errno, error);
    } else if (S_ISREG(info.st_mode) && (uint64_t)info.st_size > bytes_max) {
        too_large(path, (uint64_t)info.st_size, false, bytes_max, error);
    } else {
        ok = read_all(fd, path, bytes_max, &buffer, &count, error);
    }
    close(fd);
    if (!ok) {
        free(buffer);
        return NULL;
    }
    return g_bytes_new_with_free_func(buffer, count, free, buffer);
}

/* ---- pid file ---- */

/* An open file description's lock: a process's own would be lost as soon as any part of the process
 * opened and closed the file once (fcntl(2), "Advisory record locking"). */
static bool lock_pid_file(int fd, const char *path, GError **error)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    char holder[PID_TEXT_BYTES] = "";
    ssize_t count;
    int number;

    if (fcntl(fd, F_OFD_SETLK, &lock) == 0) {
        return true;
    }
    number = errno;
    if (number != EACCES && number != EAGAIN) {
        return failed("lock pid file", path, number, error);
    }
    count = pread(fd, holder, sizeof(holder) - 1, 0);
    holder[strspn(holder, "0123456789")] = '\0';
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY, "cannot lock pid file '%s': %s%s holds it",
                path, count > 0 && holder[0] != '\0' ? "process " : "another process", holder);
    return false;
}

/* Whoever held the lock before may have removed the file: then ours has no name any more. */
static bool still_has_name(int fd, const char *path)
{
    struct stat opened, named;

    return fstat(fd, &opened) == 0 && stat(path, &named) == 0 && opened.st_dev == named.st_dev &&
           opened.st_ino == named.st_ino;
}

static bool write_pid(int fd, const char *path, GError **error)
{
    g_autofree char *text = g_strdup_printf("%ld\n", (long)getpid());
    size_t length = strlen(text);

    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, length, 0) != (ssize_t)length) {
        return failed("write pid file", path, errno, error);
    }
    return true;
}

bool host_file_write_pid(const char *path, int *out_fd, GError **error)
{
    for (unsigned attempt = 0; attempt < PID_FILE_ATTEMPTS; attempt++) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

        if (fd < 0) {
            return failed("open pid file", path, errno, error);
        }
        if (!lock_pid_file(fd, path, error)) {
            close(fd);
            return false;
        }
        if (still_has_name(fd, path)) {
            if (!write_pid(fd, path, error)) {
                close(fd);
                return false;
            }
            *out_fd = fd;
            return true;
        }
        close(fd);
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY,
                "cannot lock pid file '%s': it is removed again and again", path);
    return false;
}

void host_file_remove_pid(const char *path, int fd)
{
    if (fd >= 0) {
        if (still_has_name(fd, path)) {
            (void)unlink(path); /* nothing left to do when it fails */
        }
        close(fd);
    }
}
