/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_block.c - image files by pread and pwrite. */
#include "host/host_block.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

static bool failed(const char *what, const char *path, int number, GError **error)
{
    g_set_error(error, REPLUG_ERROR, number == ENOENT ? REPLUG_ERROR_NOT_FOUND : REPLUG_ERROR_IO,
                "Could not %s '%s': %s", what, path, g_strerror(number));
    return false;
}

bool host_block_open(const char *path, bool read_only, int *out_fd, uint64_t *out_bytes,
                     GError **error)
{
    int fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
    struct stat info;
    off_t size;

    if (fd < 0) {
        return failed("open", path, errno, error);
    }
    if (fstat(fd, &info) != 0 || (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode))) {
        (void)close(fd);
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "'%s' is no image; expected a regular file or a block device", path);
        return false;
    }
    size = lseek(fd, 0, SEEK_END);
    if (size < 0) {
        (void)failed("find the size of", path, errno, error);
        (void)close(fd);
        return false;
    }
    *out_fd = fd;
    *out_bytes = (uint64_t)size;
    return true;
}

void host_block_close(int fd)
{
    if (fd >= 0) {
        (void)close(fd);
    }
}

/* ---- locks ---- */

/* A use that is exercised is a read lock on its byte behind USED; one that is not granted to others, behind DENIED. */
#define LOCK_USED   100
#define LOCK_DENIED 200

enum image_use { USE_READ = 0, USE_WRITE = 1, USE_RESIZE = 3, USE_COUNT = 4 };

static const char *const use_names[USE_COUNT] = { "consistent read", "write", "write unchanged",
                                                  "resize" };

static int set_lock(int fd, short type, off_t at, off_t bytes)
{
    struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = bytes };

    return fcntl(fd, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
}

/* Whether another open file has a lock there. */
static bool is_locked(int fd, off_t at)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };

    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Locks first, then looks: of two at the same time, one at least sees the other. */
static bool lock_use(int fd, enum image_use use, bool is_denied, const char *path, GError **error)
{
    int number = set_lock(fd, F_RDLCK, (is_denied ? LOCK_DENIED : LOCK_USED) + (off_t)use, 1);

    if (number != 0) {
        return failed("lock", path, number, error);
    }
    if (is_locked(fd, (is_denied ? LOCK_USED : LOCK_DENIED) + (off_t)use)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY,
                    "Failed to get %s\"%s\" lock: is another process using the image '%s'?",
                    is_denied ? "shared " : "", use_names[use], path);
        return false;
    }
    return true;
}

bool host_block_lock(int fd, bool read_only, const char *path, GError **error)
{
    if (lock_use(fd, USE_READ, false, path, error) &&
        (read_only || lock_use(fd, USE_WRITE, false, path, error)) &&
        lock_use(fd, USE_WRITE, true, path, error) && lock_use(fd, USE_RESIZE, true, path, error)) {
        return true;
    }
    host_block_unlock(fd);
    return false;
}

void host_block_unlock(int fd)
{
    if (fd >= 0) {
        (void)set_lock(fd, F_UNLCK, LOCK_USED,
                       LOCK_DENIED - LOCK_USED + USE_COUNT); /* can't fail */
    }
}

/* ---- requests ---- */

int host_block_read(int fd, uint64_t offset, void *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = pread(fd, (uint8_t *)bytes + done, size - done, (off_t)(offset + done));

        if (got < 0 && errno != EINTR) {
            return errno;
        }
        if (got == 0) {
            memset((uint8_t *)bytes + done, 0, size - done);
            return 0;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

int host_block_write(int fd, uint64_t offset, const void *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t put =
            pwrite(fd, (const uint8_t *)bytes + done, size - done, (off_t)(offset + done));

        if (put < 0 && errno != EINTR) {
            return errno;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    return 0;
}

int host_block_flush(int fd)
{
    return fdatasync(fd) == 0 ? 0 : errno;
}
