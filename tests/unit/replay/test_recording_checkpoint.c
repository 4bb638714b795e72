/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_recording_checkpoint.c - checkpoints in a recording: found, read, cut, damaged, passed over, gone on from. */
#include <string.h>

#include "base/bytes.h"
#include "recording_fixture.h"
#include "replay/recording_checkpoint.h"
#include "replay/recording_reader.h"
#include "unit.h"

#define TURNS 6u

/* A state that says which turn it is of. */
static void state_of(uint64_t turn, uint8_t *out_state)
{
    memset(out_state, 0, 16);
    bytes_store_le64(out_state + 8, turn);
}

static void play_turn(struct recording *recording, uint64_t number)
{
    struct recording_turn turn = { .number = number,
                                   .kind =
                                       number == 0 ? RECORDING_TURN_build : RECORDING_TURN_command,
                                   .now_ns = number * 10,
                                   .icount = number * 5,
                                   .vcpu = RECORDING_VCPU_NONE,
                                   .payload = "turn",
                                   .payload_bytes = 4 };
    uint8_t state[16], input[4];

    bytes_store_le32(input, (uint32_t)number + 100);
    recording_turn_begin(recording, &turn);
    recording_effect(recording, RECORDING_EFFECT_event, "before", 6);
    recording_input(recording, RECORDING_INPUT_realtime, input, sizeof(input));
    recording_effect(recording, RECORDING_EFFECT_event, "behind", 6);
    assert_int_equal(bytes_load_le32(input), number + 100);
    state_of(number, state);
    recording_turn_end(recording, state, sizeof(state), NULL, NULL);
}

/* Checkpoints behind turns 1 and 3; the second has two parts with pages. */
static char *record(void)
{
    char *path = path_create();
    struct recording *recording = session_create(path);
    g_autofree uint8_t *large = g_malloc0(RECORDING_PART_BYTES_MAX);
    struct recording_writer *writer = recording_get_writer(recording);

    for (uint64_t number = 0; number < TURNS; number++) {
        play_turn(recording, number);
        if (number == 1 || number == 3) {
            recording_checkpoint_begin(writer, number * 10 + 3, number * 5 + 1);
            recording_checkpoint_part(writer, RECORDING_PART_MACHINE, "machine", 7);
            for (unsigned i = 0; number == 3 && i < 2; i++) {
                large[0] = (uint8_t)(i + 1);
                recording_checkpoint_part(writer, RECORDING_PART_PAGES, large,
                                          RECORDING_PART_BYTES_MAX);
            }
            recording_checkpoint_end(writer);
        }
    }
    recording_close(recording);
    return path;
}

static void check_second(struct recording_checkpoints *checkpoints)
{
    const struct recording_checkpoint *checkpoint = recording_checkpoints_at(checkpoints, 1);
    g_autoptr(GBytes) state = recording_checkpoint_state(checkpoints, 1, NULL);
    uint8_t expected[16];
    const uint8_t *bytes;
    unsigned kind;
    size_t size;

    assert_int_equal(checkpoint->number, 2);
    assert_int_equal(checkpoint->turn, 3);
    assert_int_equal(checkpoint->now_ns, 33);
    assert_int_equal(checkpoint->icount, 16);
    assert_int_equal(checkpoint->part_count, 3);
    state_of(3, expected);
    assert_memory_equal(g_bytes_get_data(state, &size), expected, sizeof(expected));
    assert_int_equal(size, sizeof(expected));
    assert_true(recording_checkpoint_load(checkpoints, 1, 0, &kind, &bytes, &size, NULL));
    assert_int_equal(kind, RECORDING_PART_MACHINE);
    assert_int_equal(size, 7);
    assert_memory_equal(bytes, "machine", 7);
    assert_true(recording_checkpoint_load(checkpoints, 1, 2, &kind, &bytes, &size, NULL));
    assert_int_equal(kind, RECORDING_PART_PAGES);
    assert_int_equal(size, RECORDING_PART_BYTES_MAX);
    assert_int_equal(bytes[0], 2);
}

/* With the index and without. */
static void test_found_and_read(void **unused)
{
    char *path = record();

    (void)unused;
    for (unsigned scan = RECORDING_SCAN_CHECKSUMS; scan <= RECORDING_SCAN_INDEX; scan++) {
        struct recording_reader *reader =
            recording_reader_open(path, (enum recording_reader_scan)scan, NULL);
        struct recording_checkpoints *checkpoints = recording_checkpoints_find(reader);
        struct recording_record last;
        uint64_t turns = 0;

        assert_int_equal(recording_checkpoints_count(checkpoints), 2);
        check_second(checkpoints);
        /* Who wants none passes over them. */
        while (recording_reader_next(reader, &last)) {
            turns += last.group == RECORDING_GROUP_END;
        }
        assert_int_equal(turns, TURNS);
        assert_null(recording_reader_damage(reader));
        recording_checkpoints_free(checkpoints);
        recording_reader_close(reader);
    }
    path_remove(path);
}

/* What lacks its end does not count, wherever the file is cut. */
static void test_cut(void **unused)
{
    char *path = record();
    struct recording_reader *reader = recording_reader_open(path, RECORDING_SCAN_CHECKSUMS, NULL);
    struct recording_checkpoints *checkpoints = recording_checkpoints_find(reader);
    uint64_t ends[2];
    g_autofree char *bytes = NULL;
    gsize size;

    (void)unused;
    for (uint32_t i = 0; i < 2; i++) {
        ends[i] = recording_checkpoints_at(checkpoints, i)->offset +
                  recording_checkpoints_at(checkpoints, i)->file_bytes;
    }
    recording_checkpoints_free(checkpoints);
    recording_reader_close(reader);
    assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    for (uint64_t cut = size; cut > 200; cut -= cut % 7 + 1) {
        assert_true(g_file_set_contents(path, bytes, (gssize)cut, NULL));
        reader = recording_reader_open(path, RECORDING_SCAN_CHECKSUMS, NULL);
        if (reader == NULL) {
            continue;
        }
        checkpoints = recording_checkpoints_find(reader);
        assert_int_equal(recording_checkpoints_count(checkpoints),
                         (cut >= ends[0] ? 1 : 0) + (cut >= ends[1] ? 1 : 0));
        recording_checkpoints_free(checkpoints);
        recording_reader_close(reader);
    }
    path_remove(path);
}

/* A bit flipped behind the checksums' scan, as when a file changes under our eyes. */
static void test_damaged_part(void **unused)
{
    char *path = record();
    struct recording_reader *reader = recording_reader_open(path, RECORDING_SCAN_INDEX, NULL);
    struct recording_checkpoints *checkpoints = recording_checkpoints_find(reader);
    uint64_t offset = recording_checkpoints_at(checkpoints, 0)->offset;
    g_autofree char *bytes = NULL;
    gsize size;

    (void)unused;
    assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    bytes[offset + 72] ^= 1;
    recording_checkpoints_free(checkpoints);
    recording_reader_close(reader);
    assert_true(g_file_set_contents(path, bytes, (gssize)size, NULL));
    reader = recording_reader_open(path, RECORDING_SCAN_INDEX, NULL);
    checkpoints = recording_checkpoints_find(reader);
    /* Its begin can't be read, so it is none; the other one is. */
    assert_int_equal(recording_checkpoints_count(checkpoints), 1);
    assert_int_equal(recording_checkpoints_at(checkpoints, 0)->turn, 3);
    recording_checkpoints_free(checkpoints);
    recording_reader_close(reader);
    path_remove(path);
}

/* From the second checkpoint: turn 2 passes once more without comparison, then 4 and 5 are compared. */
static void test_revisit_and_go_on(void **unused)
{
    char *path = record();
    struct recording *recording = recording_open(path, NULL);
    g_autoptr(GBytes) state = NULL;
    struct recording_turn turn;
    uint8_t input[4] = { 0 };
    gsize size;
    const void *bytes;

    (void)unused;
    assert_true(recording_peek_turn(recording, &turn));
    play_turn(recording, 0);
    assert_false(recording_revisit(recording, 77, &turn));
    assert_true(recording_revisit(recording, 2, &turn));
    assert_int_equal(turn.number, 2);
    recording_turn_begin(recording, &turn);
    recording_effect(recording, RECORDING_EFFECT_reply, "something else", 14);
    recording_input(recording, RECORDING_INPUT_realtime, input, sizeof(input));
    assert_int_equal(bytes_load_le32(input), 102);
    recording_input(recording, RECORDING_INPUT_realtime, input,
                    sizeof(input)); /* there is no other */
    assert_int_equal(bytes_load_le32(input), 0);
    recording_turn_end(recording, "x", 1, NULL, NULL);
    state = recording_checkpoint_state(recording_get_checkpoints(recording), 1, NULL);
    bytes = g_bytes_get_data(state, &size);
    recording_go_on(recording, 3, bytes, size);
    for (uint64_t number = 4; number < TURNS; number++) {
        assert_true(recording_peek_turn(recording, &turn));
        assert_int_equal(turn.number, number);
        assert_int_equal(turn.now_ns, number * 10);
        play_turn(recording, number);
    }
    assert_false(recording_peek_turn(recording, &turn));
    assert_null(recording_divergence(recording));
    recording_close(recording);
    path_remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found_and_read),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_damaged_part),
        cmocka_unit_test(test_revisit_and_go_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
