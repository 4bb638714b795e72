/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_trace.c - gives any bytes to tracedump's commands as a native trace or, where they begin like
 * one, as a recording: a target of libFuzzer (tests/fuzz/fuzz.sh), and of damage_trace.c in the plain
 * test suite.
 */
#include "fuzz_trace.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/bytes.h"
#include "replay/recording_frame.h"
#include "tracedump/command.h"

#define FILE_HEAD_BYTES  24u
#define BLOCK_HEAD_BYTES 24u

static bool is_recording(const uint8_t *data, size_t size)
{
    return size >= 4 && memcmp(data, "RPLF", 4) == 0;
}

static void mend_recording(uint8_t *data, size_t size)
{
    for (size_t at = 0; size - at > RECORDING_FRAME_HEADER_BYTES;) {
        uint8_t *frame = data + at;
        size_t left = size - at - RECORDING_FRAME_HEADER_BYTES;
        size_t length = bytes_load_le32(frame + 8);

        if (length <= left) {
            bytes_store_le64(frame + 56, XXH3_64bits(frame + RECORDING_FRAME_HEADER_BYTES, length));
        }
        bytes_store_le64(frame + 64, XXH3_64bits(frame, 64));
        if (length > left) {
            return;
        }
        at += RECORDING_FRAME_HEADER_BYTES + length;
    }
}

/* Damage behind a checksum is met only if the checksum is right again. */
static void mend_trace(uint8_t *data, size_t size)
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

void fuzz_trace_mend(uint8_t *data, size_t size)
{
    if (is_recording(data, size)) {
        mend_recording(data, size);
    } else {
        mend_trace(data, size);
    }
}

/* options: with blanks between. */
static void run(const struct command *command, const char *options, const char *path)
{
    g_autofree char *line = g_strdup_printf("fuzz_trace %s %s", options, path);
    g_auto(GStrv) arguments = g_strsplit(line, " ", -1);
    int status;

    optind = 0; /* glibc: begin anew. */
    status = command->run((int)g_strv_length(arguments), arguments);
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
    char path[32], both[64];
    int fd = memfd_create("trace", MFD_CLOEXEC);

    be_quiet();
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
        abort();
    }
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    (void)snprintf(both, sizeof(both), "--stages --ignore=turn %s", path);
    if (is_recording(data, size)) {
        run(&command_events, "--inputs --effects --state --full", path);
        run(&command_events, "--turns 2..", path);
        run(&command_hotplug, "--json", path);
    } else {
        run(&command_show, "--tree", path);
        run(&command_chains, "--through=*", path);
        run(&command_backtraces, "--count", path);
        run(&command_hotplug, "dimm0", path);
        run(&command_irq, "--storm=1", path);
        run(&command_flame, "--from=turn=1", path);
        run(&command_flatview, "--picture", path);
        run(&command_mtree, "--at=seq=3", path);
        run(&command_why, "0", path);
        run(&command_export, "--to=perfetto", path);
        run(&command_report, "--", path);
        run(&command_memslots, "--since", path);
        run(&command_export, "--to=csv", path);
    }
    run(&command_show, "--json --filter=within(a(b=1)or*)not(c~/x/)", path);
    run(&command_stats, "--sort=total --filter=after(a) --filter=what=*", path);
    run(&command_top, "--once", path);
    run(&command_diff, path, path);
    run(&command_diff, both, path);
    run(&command_info, "--", path);
    run(&command_verify, "--", path);
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
