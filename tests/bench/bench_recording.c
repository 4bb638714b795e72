/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_recording.c - what a turn of a vCPU's exit costs in a recording: bytes on disk, CPU time to
 * record and to replay. The turns are those of a guest that does nothing but exits: reads and writes
 * of a few registers, an interrupt line now and then, 6 KiB of state of which a turn in four changes
 * a few bytes, times between exits that nothing foresees.
 *
 * usage: bench_recording [FOLDER]     The recording is written below FOLDER (default: the current
 * one) and removed afterwards.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "replay/recording.h"

#define TURNS       1000000u
#define STATE_BYTES 6144u
#define EXIT_BYTES  20u

static uint64_t cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* xorshift64: the same turns in both directions. */
static uint64_t next_random(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

struct guest {
    uint64_t random;
    uint64_t now_ns;
    uint8_t state[STATE_BYTES];
};

static void play_exit(struct recording *recording, struct guest *guest, uint64_t number)
{
    static const uint16_t ports[] = {
        0x0a00, 0x0a04, 0x0a14, 0x03f8, 0x03fd, 0xafe0, 0x0608, 0x0cf8
    };
    uint64_t random = next_random(&guest->random);
    unsigned port = (unsigned)(number % G_N_ELEMENTS(ports));
    bool is_write = port % 2 == 0;
    uint8_t exit[EXIT_BYTES] = { 2, 4, is_write };
    uint8_t call[16] = { 1 };
    struct recording_turn turn = { .number = number,
                                   .kind = RECORDING_TURN_exit,
                                   .now_ns = guest->now_ns += 2000 + random % 10000,
                                   .vcpu = 0,
                                   .payload = exit,
                                   .payload_bytes = sizeof(exit) };

    bytes_store_le64(exit + 4, ports[port]);
    bytes_store_le64(exit + 12, is_write ? random >> 40 & 0xff : 0);
    recording_turn_begin(recording, &turn);
    if (number % 32 == 0) {
        bytes_store_le32(call + 4, (uint32_t)(number / 32 % 2));
        recording_effect(recording, RECORDING_EFFECT_kvm_call, call, sizeof(call));
        recording_input(recording, RECORDING_INPUT_kvm_call, call, 4);
    }
    if (!is_write) {
        recording_effect(recording, RECORDING_EFFECT_exit_answer, exit + 12, 4);
    }
    if (number % 4 == 0) {
        bytes_store_le32(guest->state + 512 * port + 128, (uint32_t)(random >> 32));
    }
    recording_turn_end(recording, guest->state, sizeof(guest->state), NULL, NULL);
}

static int record(const char *path)
{
    struct recording_header header = { "bench", "", NULL, 0, 0 };
    g_autoptr(GError) error = NULL;
    struct recording *recording = recording_create(path, &header, &error);
    struct guest guest = { .random = 88172645463325252u };
    struct stat status;
    uint64_t begin;

    if (recording == NULL) {
        fprintf(stderr, "bench_recording: %s\n", error->message);
        return EXIT_FAILURE;
    }
    begin = cpu_ns();
    for (uint64_t number = 0; number < TURNS; number++) {
        play_exit(recording, &guest, number);
    }
    recording_finish(recording);
    printf("record: %7.1f ns CPU per turn\n", (double)(cpu_ns() - begin) / TURNS);
    if (recording_write_error(recording) != NULL) {
        fprintf(stderr, "bench_recording: %s\n", recording_write_error(recording)->message);
        recording_close(recording);
        return EXIT_FAILURE;
    }
    recording_close(recording);
    if (stat(path, &status) == 0) {
        printf("file:   %7.2f bytes per turn\n", (double)status.st_size / TURNS);
    }
    return EXIT_SUCCESS;
}

static int replay(const char *path)
{
    g_autoptr(GError) error = NULL;
    uint64_t begin = cpu_ns(), opened;
    struct recording *recording = recording_open(path, &error);
    struct guest guest = { .random = 88172645463325252u };
    struct recording_turn turn;
    uint64_t number = 0;
    int status = EXIT_SUCCESS;

    if (recording == NULL) {
        fprintf(stderr, "bench_recording: %s\n", error->message);
        return EXIT_FAILURE;
    }
    opened = cpu_ns();
    while (recording_peek_turn(recording, &turn)) {
        play_exit(recording, &guest, number++);
    }
    printf("open:   %7.1f ns CPU per turn\nreplay: %7.1f ns CPU per turn\n",
           (double)(opened - begin) / TURNS, (double)(cpu_ns() - opened) / TURNS);
    if (recording_divergence(recording) != NULL || number != TURNS) {
        fprintf(stderr, "bench_recording: the replay diverged\n");
        status = EXIT_FAILURE;
    }
    recording_close(recording);
    return status;
}

int main(int argc, char **argv)
{
    g_autofree char *path =
        g_build_filename(argc > 1 ? argv[1] : ".", "bench_recording.XXXXXX", NULL);
    int fd = g_mkstemp(path);
    int status;

    if (fd < 0) {
        perror("bench_recording: mkstemp");
        return EXIT_FAILURE;
    }
    close(fd);
    status = record(path);
    if (status == EXIT_SUCCESS) {
        status = replay(path);
    }
    (void)g_unlink(path); /* nothing to do about it if it stays */
    return status;
}
