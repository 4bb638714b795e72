/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_recording_replay.c - each way to leave the recorded path, its turn and its text. */
#include <string.h>

#include "recording_fixture.h"
#include "replay/recording.h"
#include "unit.h"

/* What a replay does differently. */
enum twist {
    TWIST_NONE,
    TWIST_EFFECT_BYTE,
    TWIST_EFFECT_LONGER,
    TWIST_EFFECT_KIND,
    TWIST_EFFECT_MISSING,
    TWIST_EFFECT_SURPLUS,
    TWIST_INPUT_KIND,
    TWIST_INPUT_SIZE,
    TWIST_INPUT_MISSING,
    TWIST_INPUT_SURPLUS,
    TWIST_INPUT_BYTES_KIND,
    TWIST_INPUT_FOR_EFFECT,
    TWIST_LONG_EFFECT,
    TWIST_STATE,
    TWIST_STATE_SIZE,
    TWIST_OWN,
};

/* KVM_IRQ_LINE of the VM: gsi, level. */
static const uint8_t call[14] = { 1, 0, 0x61, 0xae, 8, 0x40, 9, 0, 0, 0, 1, 0, 0, 0 };
static const uint8_t twisted_call[14] = { 1, 0, 0x61, 0xae, 8, 0x40, 9, 0, 0, 0, 0, 0, 0, 0 };
/* The last byte is what follows in the file: the tag of an input kvm_call. */
static const uint8_t longer_call[15] = { 1, 0, 0x61, 0xae, 8, 0x40, 9, 0, 0, 0, 1, 0, 0, 0, 1 };

struct replayed {
    enum twist twist;
    struct recording *recording;
    uint32_t answer;
};

static void play_effect(struct replayed *replayed, enum twist twist)
{
    switch ((unsigned)twist) {
    case TWIST_EFFECT_BYTE:
        recording_effect(replayed->recording, RECORDING_EFFECT_kvm_call, twisted_call,
                         sizeof(twisted_call));
        break;
    case TWIST_EFFECT_LONGER:
        recording_effect(replayed->recording, RECORDING_EFFECT_kvm_call, longer_call,
                         sizeof(longer_call));
        break;
    case TWIST_EFFECT_KIND:
        recording_effect(replayed->recording, RECORDING_EFFECT_reply, call, sizeof(call));
        break;
    case TWIST_EFFECT_MISSING: break;
    default: recording_effect(replayed->recording, RECORDING_EFFECT_kvm_call, call, sizeof(call));
    }
}

static void play_input(struct replayed *replayed, enum twist twist)
{
    uint32_t answer = recording_is_replay(replayed->recording) ? 77 : 0x04030201;
    GBytes *file = NULL;

    if (twist == TWIST_INPUT_FOR_EFFECT) {
        recording_effect(replayed->recording, RECORDING_EFFECT_event, "", 0);
    }
    if (twist == TWIST_INPUT_BYTES_KIND) {
        file = recording_input_bytes(replayed->recording, RECORDING_INPUT_file, NULL);
        assert_int_equal(g_bytes_get_size(file), 0);
        g_bytes_unref(file);
    } else if (twist != TWIST_INPUT_MISSING) {
        recording_input(replayed->recording,
                        twist == TWIST_INPUT_KIND ? RECORDING_INPUT_realtime
                                                  : RECORDING_INPUT_kvm_call,
                        &answer, twist == TWIST_INPUT_SIZE ? 2 : 4);
    }
    replayed->answer = answer;
}

static void play_long_effect(struct replayed *replayed, enum twist twist)
{
    uint8_t bytes[300];

    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)i;
    }
    if (twist == TWIST_LONG_EFFECT) {
        bytes[200] = 0;
    }
    recording_effect(replayed->recording, RECORDING_EFFECT_dma_write, bytes, sizeof(bytes));
}

static char *describe(void *opaque, GBytes *expected)
{
    (void)opaque;
    return g_strdup_printf("gpe.sts: recorded %02x, replayed 09",
                           *(const uint8_t *)g_bytes_get_data(expected, NULL));
}

static void play_turn(struct replayed *replayed, const struct recording_turn *turn,
                      enum twist twist)
{
    uint8_t state[8] = { (uint8_t)turn->number };
    uint32_t surplus = 1;

    recording_turn_begin(replayed->recording, turn);
    play_effect(replayed, twist);
    play_input(replayed, twist);
    play_long_effect(replayed, twist);
    if (twist == TWIST_EFFECT_SURPLUS) {
        recording_effect(replayed->recording, RECORDING_EFFECT_reply, "{}", 2);
    }
    if (twist == TWIST_INPUT_SURPLUS) {
        recording_input(replayed->recording, RECORDING_INPUT_host_fact, &surplus, 4);
        assert_int_equal(surplus, 0);
    }
    if (twist == TWIST_OWN) {
        recording_diverge(replayed->recording, "the vCPU is gone");
    }
    if (twist == TWIST_STATE) {
        state[0] = 9;
    }
    recording_turn_end(replayed->recording, state, twist == TWIST_STATE_SIZE ? 7 : 8, describe,
                       NULL);
}

static void record(const char *path)
{
    struct replayed recorded = { TWIST_NONE, session_create(path), 0 };

    for (uint64_t number = 0; number < 10; number++) {
        struct recording_turn turn = { .number = number,
                                       .kind = number == 0 ? RECORDING_TURN_build
                                                           : RECORDING_TURN_command,
                                       .vcpu = 0xffff };

        play_turn(&recorded, &turn, TWIST_NONE);
    }
    recording_close(recorded.recording);
}

/* Twists turn 7; the text of the divergence, NULL = none. */
static char *replay(const char *path, enum twist twist)
{
    struct replayed replayed = { twist, recording_open(path, NULL), 0 };
    const struct recording_divergence *divergence;
    struct recording_turn turn;
    char *text = NULL;
    uint64_t count = 0;

    while (recording_peek_turn(replayed.recording, &turn)) {
        play_turn(&replayed, &turn, turn.number == 7 ? twist : TWIST_NONE);
        count++;
    }
    divergence = recording_divergence(replayed.recording);
    assert_int_equal(count, divergence != NULL ? 8 : 10);
    if (divergence != NULL) {
        assert_int_equal(divergence->turn, 7);
        text = g_strdup(divergence->text);
        /* The first one counts. */
        recording_diverge(replayed.recording, "later");
        assert_string_equal(recording_divergence(replayed.recording)->text, text);
    }
    recording_close(replayed.recording);
    return text;
}

#define CALL   "effect kvm_call target=vm vcpu=0 request=KVM_IRQ_LINE gsi=9 level=1"
#define ANSWER "input kvm_call result=67305985"
#define LONG_HEX \
    "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f ..."

static const struct {
    enum twist twist;
    const char *text;
} cases[] = {
    { TWIST_NONE, NULL },
    { TWIST_EFFECT_BYTE,
      "turn 7 (command): record 1: expected " CALL "; got effect kvm_call target=vm vcpu=0 "
      "request=KVM_IRQ_LINE gsi=9 level=0\nfields that differ:\nlevel: expected 1, got 0" },
    { TWIST_EFFECT_LONGER,
      "turn 7 (command): record 1: expected " CALL "; got effect kvm_call target=vm vcpu=0 "
      "request=KVM_IRQ_LINE argument=09 00 00 00 01 00 00 00 01\nfields that differ:\n"
      "gsi: expected 9, got nothing\nlevel: expected 1, got nothing\n"
      "argument: expected nothing, got 09 00 00 00 01 00 00 00 01" },
    { TWIST_EFFECT_KIND,
      "turn 7 (command): record 1: expected " CALL "; got effect reply "
      "json=\"\\x01\\x00a\\xae\\x08@\\x09\\x00\\x00\\x00\\x01\\x00\\x00\\x00\"" },
    { TWIST_EFFECT_MISSING, "turn 7 (command): record 1: expected " CALL "; got input kvm_call, "
                            "4 bytes" },
    { TWIST_EFFECT_SURPLUS, "turn 7 (command): record 4: expected the turn's end; got effect "
                            "reply json=\"{}\"" },
    { TWIST_INPUT_KIND, "turn 7 (command): record 2: expected " ANSWER "; got input realtime, "
                        "4 bytes" },
    { TWIST_INPUT_SIZE, "turn 7 (command): record 2: expected " ANSWER "; got input kvm_call, "
                        "2 bytes" },
    { TWIST_INPUT_MISSING, "turn 7 (command): record 2: expected " ANSWER "; got effect dma_write "
                           "bytes=" LONG_HEX " (300 bytes)" },
    { TWIST_INPUT_SURPLUS, "turn 7 (command): record 4: expected the turn's end; got input "
                           "host_fact, 4 bytes" },
    { TWIST_INPUT_BYTES_KIND, "turn 7 (command): record 2: expected " ANSWER "; got input file, "
                              "any number of bytes" },
    { TWIST_INPUT_FOR_EFFECT, "turn 7 (command): record 2: expected " ANSWER "; got effect event, "
                              "0 bytes" },
    { TWIST_LONG_EFFECT,
      "turn 7 (command): record 3: expected effect dma_write bytes=" LONG_HEX " (300 bytes); got "
      "effect dma_write bytes=" LONG_HEX " (300 bytes)\nfields that differ:\n"
      "bytes from byte 200 on: expected c8 c9 ca cb cc cd ce cf d0 d1 d2 d3 d4 d5 d6 d7 d8 d9 da "
      "db dc dd de df e0 e1 e2 e3 e4 e5 e6 e7, got 00 c9 ca cb cc cd ce cf d0 d1 d2 d3 d4 d5 d6 d7 "
      "d8 d9 da db dc dd de df e0 e1 e2 e3 e4 e5 e6 e7" },
    { TWIST_STATE, "turn 7 (command): the state differs:\ngpe.sts: recorded 07, replayed 09" },
    { TWIST_STATE_SIZE, "turn 7 (command): the state differs: expected 8 bytes, got 7\ngpe.sts: "
                        "recorded 07, replayed 09" },
    { TWIST_OWN, "turn 7 (command): the vCPU is gone" },
};

static void test_divergences(void **unused)
{
    char *path = path_create();

    (void)unused;
    record(path);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = replay(path, cases[i].twist);

        if (cases[i].text == NULL) {
            assert_null(text);
        } else {
            assert_non_null(text);
            assert_string_equal(text, cases[i].text);
        }
    }
    path_remove(path);
}

/* From the first difference on inputs are zeros. */
static void test_inputs_after_a_divergence(void **unused)
{
    char *path = path_create();
    struct replayed replayed = { TWIST_NONE, NULL, 0 };
    struct recording_turn turn;

    (void)unused;
    record(path);
    replayed.recording = recording_open(path, NULL);
    assert_true(recording_peek_turn(replayed.recording, &turn));
    play_turn(&replayed, &turn, TWIST_NONE);
    assert_int_equal(replayed.answer, 0x04030201);
    assert_true(recording_peek_turn(replayed.recording, &turn));
    play_turn(&replayed, &turn, TWIST_EFFECT_BYTE);
    assert_int_equal(replayed.answer, 0);
    assert_false(recording_peek_turn(replayed.recording, &turn));
    assert_int_equal(recording_divergence(replayed.recording)->turn, 1);
    recording_close(replayed.recording);
    path_remove(path);
}

static void test_progress(void **unused)
{
    char *path = path_create();
    struct recording *recording;
    struct recording_turn turn;
    uint64_t done, total, before = 0;

    (void)unused;
    session_record(path, &(struct session_options){ .seed = 3,
                                                    .turn_count = 100,
                                                    .payload_bytes_max = 100,
                                                    .state_bytes_max = 100,
                                                    .flush_every = 10 });
    recording = recording_open(path, NULL);
    for (unsigned steps = 0;; steps++) {
        recording_progress(recording, &done, &total);
        assert_true(done >= before && done <= total);
        before = done;
        if (!recording_peek_turn(recording, &turn)) {
            assert_int_equal(steps, 1);
            break;
        }
        recording_turn_begin(recording, &turn);
        recording_turn_end(recording, NULL, 0, NULL, NULL);
    }
    assert_true(done > 0 && done < total);
    recording_close(recording);
    path_remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_divergences),
        cmocka_unit_test(test_inputs_after_a_divergence),
        cmocka_unit_test(test_progress),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
