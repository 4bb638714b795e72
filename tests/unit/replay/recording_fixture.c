/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recording_fixture.c - records and replays sessions out of random numbers. */
#include "recording_fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "unit.h"

char *path_create(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("replug-recording-XXXXXX", &error);

    assert_non_null(folder);
    return g_build_filename(folder, "session.rpl", NULL);
}

void path_remove(char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);

    g_remove(path);
    assert_int_equal(g_rmdir(folder), 0);
    g_free(path);
}

struct recording *session_create(const char *path)
{
    char *arguments[] = { "-machine", "pc", "-append", "a=\"\xc3\xa9\"", "", NULL };
    struct recording_header header = { "replug test", "0123abcd", arguments, 0x1122334455667788,
                                       1700000000000000 };
    g_autoptr(GError) error = NULL;
    struct recording *recording = recording_create(path, &header, &error);

    assert_null(error);
    assert_non_null(recording);
    return recording;
}

struct player {
    const struct session_options *options;
    struct recording *recording;
    GRand *random;
    uint64_t number, now_ns;
    uint8_t *state;
    size_t state_size;
};

static size_t random_size(struct player *player)
{
    const struct session_options *options = player->options;

    if (options->large_bytes > 0 && g_rand_int_range(player->random, 0, 16) == 0) {
        return (size_t)g_rand_int_range(player->random, 0, (gint32)options->large_bytes);
    }
    return (size_t)g_rand_int_range(player->random, 0, (gint32)options->payload_bytes_max + 1);
}

/* Half of them compress, half do not. */
static GBytes *random_bytes(struct player *player)
{
    size_t size = random_size(player);
    uint8_t *bytes = g_malloc(size + 1);
    bool is_noise = g_rand_boolean(player->random);
    guint32 fill = g_rand_int(player->random);

    for (size_t i = 0; i < size; i++) {
        if (is_noise && i % 4 == 0) {
            fill = g_rand_int(player->random);
        }
        bytes[i] = (uint8_t)(fill >> 8 * (i % 4));
    }
    return g_bytes_new_take(bytes, size);
}

static void play_input(struct player *player, GBytes *bytes)
{
    gsize size;
    const void *data = g_bytes_get_data(bytes, &size);
    enum recording_input_kind kind =
        (enum recording_input_kind)g_rand_int_range(player->random, 0, RECORDING_INPUT_COUNT);
    bool is_replay = recording_is_replay(player->recording);

    if (g_rand_boolean(player->random)) {
        GBytes *got = recording_input_bytes(player->recording, kind, is_replay ? NULL : bytes);

        assert_int_equal(got != NULL, is_replay);
        if (got != NULL) {
            assert_true(g_bytes_equal(got, bytes));
            g_bytes_unref(got);
        }
    } else {
        g_autofree uint8_t *copy = g_malloc0(size + 1);

        if (!is_replay && size > 0) {
            memcpy(copy, data, size);
        }
        recording_input(player->recording, kind, copy, size);
        assert_true(size == 0 || memcmp(copy, data, size) == 0);
    }
}

static void play_effect(struct player *player, GBytes *bytes)
{
    gsize size;
    const void *data = g_bytes_get_data(bytes, &size);

    recording_effect(
        player->recording,
        (enum recording_effect_kind)g_rand_int_range(player->random, 0, RECORDING_EFFECT_COUNT),
        data, size);
}

/* Whether a recorder must look at it. */
static bool change_state(struct player *player)
{
    bool is_new = player->state == NULL;
    unsigned changes = (unsigned)g_rand_int_range(player->random, 0, 6);

    if (g_rand_int_range(player->random, 0, 32) == 0) {
        g_free(player->state);
        player->state_size = (size_t)g_rand_int_range(player->random, 0,
                                                      (gint32)player->options->state_bytes_max + 1);
        player->state = g_malloc0(player->state_size + 1);
        is_new = true;
    }
    for (unsigned i = 0; i < changes && player->state_size > 0; i++) {
        size_t at = (size_t)g_rand_int_range(player->random, 0, (gint32)player->state_size);
        size_t count = (size_t)g_rand_int_range(player->random, 1, 20);

        count = MIN(count, player->state_size - at);
        memset(player->state + at, g_rand_int_range(player->random, 0, 256), count);
    }
    return is_new || changes > 0;
}

static void begin_turn(struct player *player, GBytes *payload)
{
    struct recording_turn turn = { .number = player->number,
                                   .now_ns = player->now_ns,
                                   .icount = player->number * 1000 };
    struct recording_turn next;

    turn.kind = (enum recording_turn_kind)g_rand_int_range(player->random, 0, RECORDING_TURN_COUNT);
    turn.vcpu = g_rand_boolean(player->random) ? 0xffff : (uint32_t)player->number % 4;
    turn.payload = g_bytes_get_data(payload, &turn.payload_bytes);
    if (recording_is_replay(player->recording)) {
        assert_true(recording_peek_turn(player->recording, &next));
        assert_true(recording_peek_turn(player->recording, &next));
        assert_int_equal(next.number, turn.number);
        assert_int_equal(next.kind, turn.kind);
        assert_int_equal(next.now_ns, turn.now_ns);
        assert_int_equal(next.icount, turn.icount);
        assert_int_equal(next.vcpu, turn.vcpu);
        assert_int_equal(next.payload_bytes, turn.payload_bytes);
        assert_true(turn.payload_bytes == 0 ||
                    memcmp(next.payload, turn.payload, turn.payload_bytes) == 0);
    }
    recording_turn_begin(player->recording, &turn);
}

static void play_turn(struct player *player)
{
    unsigned count = (unsigned)g_rand_int_range(player->random, 0, 8);
    g_autoptr(GBytes) payload = random_bytes(player);

    begin_turn(player, payload);
    for (unsigned i = 0; i < count; i++) {
        g_autoptr(GBytes) bytes = random_bytes(player);

        if (g_rand_boolean(player->random)) {
            play_input(player, bytes);
        } else {
            play_effect(player, bytes);
        }
    }
    if (change_state(player) || recording_is_replay(player->recording)) {
        recording_turn_end(player->recording, player->state, player->state_size, NULL, NULL);
    } else {
        recording_turn_end_unchanged(player->recording);
    }
}

static uint64_t play(struct recording *recording, const struct session_options *options)
{
    struct player player = { .options = options, .recording = recording };
    struct recording_turn next;
    uint64_t count = 0;

    player.random = g_rand_new_with_seed(options->seed);
    for (unsigned i = 0; i < options->turn_count; i++) {
        if (recording_is_replay(recording) && !recording_peek_turn(recording, &next)) {
            break;
        }
        play_turn(&player);
        count++;
        player.number += g_rand_int_range(player.random, 0, 10) == 0 ? 3 : 1;
        player.now_ns += g_rand_int(player.random);
        if (options->flush_every > 0 && count % options->flush_every == 0) {
            recording_flush(recording);
        }
    }
    g_free(player.state);
    g_rand_free(player.random);
    return count;
}

void session_play(struct recording *recording, const struct session_options *options)
{
    play(recording, options);
}

void session_record(const char *path, const struct session_options *options)
{
    struct recording *recording = session_create(path);

    play(recording, options);
    assert_null(recording_write_error(recording));
    recording_close(recording);
}

uint64_t session_replay(const char *path, const struct session_options *options)
{
    g_autoptr(GError) error = NULL;
    struct recording *recording = recording_open(path, &error);
    struct recording_turn next;
    uint64_t count;

    assert_null(error);
    assert_non_null(recording);
    count = play(recording, options);
    if (recording_divergence(recording) != NULL) {
        print_error("%s\n", recording_divergence(recording)->text);
    }
    assert_null(recording_divergence(recording));
    assert_false(recording_peek_turn(recording, &next));
    recording_close(recording);
    return count;
}

uint64_t session_count(const char *path, enum recording_reader_scan scan, char **out_damage)
{
    g_autoptr(GError) error = NULL;
    struct recording_reader *reader = recording_reader_open(path, scan, &error);
    struct recording_record record;
    uint64_t count = 0;

    if (reader == NULL) {
        *out_damage = g_strdup(error->message);
        return 0;
    }
    while (recording_reader_next(reader, &record)) {
        count += record.group == RECORDING_GROUP_END;
    }
    *out_damage = g_strdup(recording_reader_damage(reader));
    recording_reader_close(reader);
    return count;
}
