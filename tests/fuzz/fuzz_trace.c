/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_trace.c - gives any bytes to tracedump's commands as a native trace: a target of libFuzzer
 * (tests/fuzz/fuzz.sh), and of damage_trace.c in the plain test suite.
 */
#include "fuzz_trace.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/bytes.h"
#include "tracedump/command.h"

#define FILE_HEAD_BYTES  24u
#define BLOCK_HEAD_BYTES 24u

/* Damage behind a checksum is met only if the checksum is right again. */
void fuzz_trace_mend(uint8_t *data, size_t size)
{
    size_t at = FILE_HEAD_BYTES;
    uint32_t length;

    if (size < FILE_HEAD_BYTES) {
        return;
    }
    length = bytes_load_le32(data + 12);
    if (length > size - at) {
        return;
    }
    bytes_store_le64(data + 16, XXH3_64bits(data + at, length));
    at += length;
    while (size - at >= BLOCK_HEAD_BYTES) {
        length = bytes_load_le32(data + at + 4);
        if (length > size - at - BLOCK_HEAD_BYTES) {
            return;
        }
        bytes_store_le64(data + at + 16, XXH3_64bits(data + at + BLOCK_HEAD_BYTES, length));
        at += BLOCK_HEAD_BYTES + length;
    }
}

static void run(const struct command *command, const char *option, const char *path)
{
    char *arguments[] = { (char *)"fuzz_trace", (char *)option, (char *)path, NULL };
    int status;

    optind = 0; /* glibc: begin anew. */
    status = command->run(3, arguments);
    if (status < 0 || status > 2) {
        abort();
    }
}

/* What the commands say goes nowhere; a sanitizer's words go to the descriptor 2 as ever. */
static void be_quiet(void)
{
    static bool quiet;
    int nowhere;

    if (quiet) {
        return;
    }
    nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    stderr = fopen("/dev/null", "w");
    if (nowhere < 0 || stderr == NULL || dup2(nowhere, STDOUT_FILENO) < 0) {
        abort();
    }
    close(nowhere);
    quiet = true;
}

void fuzz_trace(const uint8_t *data, size_t size)
{
    char path[32];
    int fd = memfd_create("trace", MFD_CLOEXEC);

    be_quiet();
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
        abort();
    }
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    run(&command_show, "--tree", path);
    run(&command_chains, "--through=*", path);
    run(&command_backtraces, "--count", path);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *mended = g_memdup2(data, size);

    fuzz_trace(data, size);
    if (size > 0) {
        fuzz_trace_mend(mended, size);
        fuzz_trace(mended, size);
    }
    g_free(mended);
    return 0;
}
