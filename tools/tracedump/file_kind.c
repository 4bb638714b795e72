/* SPDX-License-Identifier: GPL-2.0-or-later */
/* file_kind.c - looks at a path's type and at a file's first bytes. */
#include "tracedump/file_kind.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracedump/ctf_graph.h"

#define RECORDING_MAGIC "RPLF" /* docs/formats/recording.md, Frame */

enum file_kind file_kind_of(const char *path)
{
    char magic[sizeof(RECORDING_MAGIC) - 1];
    struct stat status;
    ssize_t count;
    int fd;

    if (ctf_graph_is_live(path)) {
        return FILE_KIND_CTF;
    }
    if (stat(path, &status) != 0) {
        return FILE_KIND_NATIVE_TRACE;
    }
    if (S_ISDIR(status.st_mode)) {
        return FILE_KIND_CTF;
    }
    if (!S_ISREG(status.st_mode)) {
        return FILE_KIND_NATIVE_TRACE;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return FILE_KIND_NATIVE_TRACE;
    }
    count = pread(fd, magic, sizeof(magic), 0);
    close(fd);
    return count == sizeof(magic) && memcmp(magic, RECORDING_MAGIC, sizeof(magic)) == 0
               ? FILE_KIND_RECORDING
               : FILE_KIND_NATIVE_TRACE;
}
