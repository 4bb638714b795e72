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
