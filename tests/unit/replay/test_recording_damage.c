/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_recording_damage.c - cut at every byte, every bit flipped, every write failing: what is in
 * front of the damage is replayed, and the text says where the damage is.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/fault.h"
#include "recording_fixture.h"
#include "replay/recording_reader.h"
#include "unit.h"

#define FRAMES_MAX 64u

static const struct session_options options = {
    .seed = 11, .turn_count = 24, .payload_bytes_max = 20, .state_bytes_max = 60, .flush_every = 5
};

/* The sound file, and where its frames are. */
struct sound {
    char *path;
    uint8_t *bytes;
    gsize size;
    unsigned frame_count;

    struct {
        size_t offset;
        size_t end;
        uint64_t turns_ended;
    } frames[FRAMES_MAX];
};

static void find_frames(struct sound *sound)
{
    for (size_t at = 0; at < sound->size; sound->frame_count++) {
        assert_true(sound->frame_count < FRAMES_MAX);
        sound->frames[sound->frame_count].offset = at;
        sound->frames[sound->frame_count].turns_ended = bytes_load_le64(sound->bytes + at + 40);
        at += 72 + bytes_load_le32(sound->bytes + at + 8);
        sound->frames[sound->frame_count].end = at;
    }
}

static void sound_create(struct sound *sound)
{
    memset(sound, 0, sizeof(*sound));
    sound->path = path_create();
    session_record(sound->path, &options);
    assert_true(g_file_get_contents(sound->path, (char **)&sound->bytes, &sound->size, NULL));
    find_frames(sound);
    /* Header, five of records, index, end. */
    assert_int_equal(sound->frame_count, 8);
}

static void sound_destroy(struct sound *sound)
{
    path_remove(sound->path);
    g_free(sound->bytes);
}

/* The frame that holds this byte. */
static unsigned frame_at(const struct sound *sound, size_t at)
{
    unsigned frame = 0;

    while (sound->frames[frame].end <= at) {
        frame++;
    }
    return frame;
}

static void check_refused(const struct sound *sound)
{
    g_autoptr(GError) error = NULL;

    assert_null(recording_open(sound->path, &error));
    assert_true(g_error_matches(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT));
    assert_non_null(strstr(error->message, "frame 0 at byte 0: "));
}

/* Frames in front of this one are replayed, by either way of finding them. */
static void check_replayed_up_to(const struct sound *sound, unsigned frame)
{
    uint64_t turns = sound->frames[frame - 1].turns_ended;
    g_autofree char *where =
        g_strdup_printf("frame %u at byte %zu: ", frame, sound->frames[frame].offset);
    g_autofree char *damage = NULL;
    g_autofree char *damage_by_index = NULL;

    assert_int_equal(session_replay(sound->path, &options), turns);
    assert_int_equal(session_count(sound->path, RECORDING_SCAN_CHECKSUMS, &damage), turns);
    assert_non_null(damage);
    assert_true(g_str_has_prefix(damage, where));
    assert_int_equal(session_count(sound->path, RECORDING_SCAN_INDEX, &damage_by_index), turns);
    /* A sound index leads past nothing but itself and the end. */
    assert_non_null(damage_by_index);
    assert_true(g_str_has_prefix(damage_by_index, where));
}

static void test_cut_at_every_byte(void **unused)
{
    struct sound sound;

    (void)unused;
    sound_create(&sound);
    for (size_t size = sound.size - 1;; size--) {
        unsigned frame = frame_at(&sound, size);

        assert_int_equal(truncate(sound.path, (off_t)size), 0);
        if (frame == 0) {
            check_refused(&sound);
        } else {
            check_replayed_up_to(&sound, frame);
        }
        if (size == 0) {
            break;
        }
    }
    sound_destroy(&sound);
}

static void test_every_bit_flipped(void **unused)
{
    struct sound sound;
    int fd;

    (void)unused;
    sound_create(&sound);
    fd = open(sound.path, O_WRONLY);
    for (size_t at = 0; at < sound.size; at++) {
        unsigned frame = frame_at(&sound, at);

        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t byte = (uint8_t)(sound.bytes[at] ^ 1u << bit);

            assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
            if (frame == 0) {
                check_refused(&sound);
            } else {
                check_replayed_up_to(&sound, frame);
            }
        }
        assert_int_equal(pwrite(fd, &sound.bytes[at], 1, (off_t)at), 1);
    }
    close(fd);
    assert_int_equal(session_replay(sound.path, &options), options.turn_count);
    sound_destroy(&sound);
}

static void append(const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_APPEND);

    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
}

static void test_something_behind_the_end(void **unused)
{
    struct sound sound;
    g_autofree char *damage = NULL;
    g_autofree char *expected = NULL;

    (void)unused;
    sound_create(&sound);
    append(sound.path, "x", 1);
    expected =
        g_strdup_printf("frame 8 at byte %zu: something stands behind the end frame", sound.size);
    assert_int_equal(session_count(sound.path, RECORDING_SCAN_CHECKSUMS, &damage),
                     options.turn_count);
    assert_string_equal(damage, expected);
    assert_int_equal(session_replay(sound.path, &options), options.turn_count);
    sound_destroy(&sound);
}

/* A frame taken out, and one there twice: sums are right, the sequence is not. */
static void test_frames_out_of_order(void **unused)
{
    struct sound sound;
    g_autofree char *damage = NULL;
    g_autofree char *expected = NULL;
    size_t begin, end;
    int fd;

    (void)unused;
    sound_create(&sound);
    begin = sound.frames[2].offset;
    end = sound.frames[2].end;
    fd = open(sound.path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, sound.bytes, begin), begin);
    assert_int_equal(write(fd, sound.bytes + end, sound.size - end), sound.size - end);
    close(fd);
    expected = g_strdup_printf("frame 2 at byte %zu: it does not continue the frame before", begin);
    assert_int_equal(session_count(sound.path, RECORDING_SCAN_CHECKSUMS, &damage),
                     sound.frames[1].turns_ended);
    assert_string_equal(damage, expected);
    assert_int_equal(session_replay(sound.path, &options), sound.frames[1].turns_ended);
    g_free(damage);

    fd = open(sound.path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, sound.bytes, begin), begin);
    close(fd);
    append(sound.path, sound.bytes + sound.frames[1].offset, begin - sound.frames[1].offset);
    assert_int_equal(session_count(sound.path, RECORDING_SCAN_CHECKSUMS, &damage),
                     sound.frames[1].turns_ended);
    assert_string_equal(damage, expected);
    sound_destroy(&sound);
}

/* Whole frames up to the write that failed; returns false when none failed. */
static bool check_fault(const struct sound *sound, unsigned number)
{
    struct fault_plan faults = { 0 };
    g_autofree char *fault = g_strdup_printf("recording_write=ENOSPC,at=%u", number);
    g_autofree char *expected =
        g_strdup_printf("Can't write recording '%s': %s", sound->path, g_strerror(ENOSPC));
    struct recording *recording = session_create(sound->path);
    bool failed;

    assert_true(fault_plan_arm(&faults, fault, NULL));
    recording_set_faults(recording, &faults);
    session_play(recording, &options);
    recording_finish(recording);
    failed = recording_write_error(recording) != NULL;
    if (failed) {
        assert_string_equal(recording_write_error(recording)->message, expected);
    }
    recording_close(recording);
    if (failed) {
        check_replayed_up_to(sound, number);
    }
    return failed;
}

static void test_every_write_fails(void **unused)
{
    struct sound sound;
    unsigned number = 1;

    (void)unused;
    sound_create(&sound);
    while (check_fault(&sound, number)) {
        number++;
    }
    assert_int_equal(number, sound.frame_count);
    sound_destroy(&sound);
}

/* The same within turns whose records take several frames. */
static void test_writes_of_large_records_fail(void **unused)
{
    static const struct session_options large = { .seed = 4,
                                                  .turn_count = 8,
                                                  .payload_bytes_max = 50000,
                                                  .large_bytes = 900000,
                                                  .state_bytes_max = 600000 };
    char *path = path_create();
    bool failed = true;

    (void)unused;
    for (unsigned number = 1; failed; number++) {
        struct fault_plan faults = { 0 };
        g_autofree char *fault = g_strdup_printf("recording_write=EIO,at=%u", number);
        g_autofree char *damage = NULL;
        struct recording *recording = session_create(path);
        uint64_t count;

        assert_true(fault_plan_arm(&faults, fault, NULL));
        recording_set_faults(recording, &faults);
        session_play(recording, &large);
        recording_finish(recording);
        failed = recording_write_error(recording) != NULL;
        recording_close(recording);
        count = session_count(path, RECORDING_SCAN_CHECKSUMS, &damage);
        assert_int_equal(session_replay(path, &large), count);
        assert_int_equal(damage != NULL, failed);
        assert_true(failed || number > 8);
    }
    path_remove(path);
}

static void record_until_killed(const char *path)
{
    struct session_options endless = options;

    endless.turn_count = 10000000;
    session_record(path, &endless);
    _exit(1);
}

/* At any moment, SIGKILL leaves a file that replays to its last whole frame. */
static void test_kills(void **unused)
{
    char *path = path_create();
    struct session_options endless = options;
    uint64_t turns = 0;

    (void)unused;
    endless.turn_count = 10000000;
    for (unsigned i = 0; i < 40; i++) {
        g_autofree char *damage = NULL;
        int status;
        uint64_t count;
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0) {
            record_until_killed(path);
        }
        g_usleep((gulong)g_random_int_range(0, 10000));
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        count = session_count(path, RECORDING_SCAN_CHECKSUMS, &damage);
        assert_non_null(damage);
        if (!g_str_has_prefix(damage, "'") && !g_str_has_prefix(damage, "Can't open")) {
            assert_int_equal(session_replay(path, &endless), count);
        }
        turns += count;
    }
    /* Not all of them before the first frame. */
    assert_true(turns > 0);
    path_remove(path);
}

/* A disk that fills up within a write: a part of the frame is written, then taken back. */
static void test_short_writes(void **unused)
{
    struct sound sound;
    struct rlimit before;

    (void)unused;
    sound_create(&sound);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    for (size_t size = sound.frames[0].end; size < sound.size; size += 7) {
        struct rlimit limit = { size, before.rlim_max };
        struct recording *recording;
        GStatBuf status;
        unsigned frame = frame_at(&sound, size);

        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        recording = session_create(sound.path);
        session_play(recording, &options);
        recording_finish(recording);
        assert_non_null(recording_write_error(recording));
        recording_close(recording);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(g_stat(sound.path, &status), 0);
        assert_int_equal(status.st_size, sound.frames[frame].offset);
        check_replayed_up_to(&sound, frame);
    }
    sound_destroy(&sound);
}

static void test_full_disk_at_the_header(void **unused)
{
    struct recording_header header = { "p", "", NULL, 0, 0 };
    g_autoptr(GError) error = NULL;

    (void)unused;
    if (g_access("/dev/full", W_OK) != 0) {
        skip();
    }
    assert_null(recording_create("/dev/full", &header, &error));
    assert_true(g_error_matches(error, REPLUG_ERROR, REPLUG_ERROR_IO));
    assert_string_equal(error->message,
                        "Can't write recording '/dev/full': No space left on device");
}

/* What a limit refuses stops the recording as a full disk does. */
static void test_too_large(void **unused)
{
    char *path = path_create();
    struct recording *recording = session_create(path);
    struct recording_turn turn = { .vcpu = 0xffff };
    g_autofree uint8_t *state = g_malloc0(RECORDING_STATE_BYTES_MAX + 1);
    g_autofree char *expected = g_strdup_printf(
        "Can't write recording '%s': a state of 16777217 bytes, the limit is 16777216", path);

    (void)unused;
    recording_turn_begin(recording, &turn);
    recording_turn_end(recording, state, RECORDING_STATE_BYTES_MAX, NULL, NULL);
    turn.number = 1;
    recording_turn_begin(recording, &turn);
    recording_turn_end(recording, state, RECORDING_STATE_BYTES_MAX + 1, NULL, NULL);
    assert_non_null(recording_write_error(recording));
    assert_string_equal(recording_write_error(recording)->message, expected);
    turn.number = 2;
    recording_turn_begin(recording, &turn);
    recording_effect(recording, RECORDING_EFFECT_reply, "x", 1);
    recording_turn_end(recording, state, 1, NULL, NULL);
    recording_flush(recording);
    recording_close(recording);
    path_remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_every_bit_flipped),
        cmocka_unit_test(test_something_behind_the_end),
        cmocka_unit_test(test_frames_out_of_order),
        cmocka_unit_test(test_every_write_fails),
        cmocka_unit_test(test_writes_of_large_records_fail),
        cmocka_unit_test(test_short_writes),
        cmocka_unit_test(test_kills),
        cmocka_unit_test(test_full_disk_at_the_header),
        cmocka_unit_test(test_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
