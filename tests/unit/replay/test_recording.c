/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_recording.c - what is recorded is what is replayed; header, index, seeking, limits. */
#include <glib/gstdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/error.h"
#include "recording_fixture.h"
#include "replay/recording.h"
#include "replay/recording_reader.h"
#include "unit.h"

static void check_round_trip(const struct session_options *options)
{
    char *path = path_create();
    struct recording *recording = session_create(path);
    g_autofree char *damage = NULL;
    g_autofree char *damage_by_index = NULL;
    uint64_t digest;

    session_play(recording, options);
    digest = recording_digest(recording);
    recording_close(recording);
    assert_int_equal(session_replay(path, options), options->turn_count);
    assert_int_equal(session_count(path, RECORDING_SCAN_CHECKSUMS, &damage), options->turn_count);
    assert_null(damage);
    assert_int_equal(session_count(path, RECORDING_SCAN_INDEX, &damage_by_index),
                     options->turn_count);
    assert_null(damage_by_index);

    recording = recording_open(path, NULL);
    session_play(recording, options);
    assert_true(recording_digest(recording) == digest);
    recording_close(recording);
    path_remove(path);
}

static void test_round_trips(void **unused)
{
    guint32 seed = g_random_int();

    (void)unused;
    print_message("seed %u\n", seed);
    for (guint32 i = 0; i < 20; i++) {
        check_round_trip(&(struct session_options){ .seed = seed + i,
                                                    .turn_count = 300,
                                                    .payload_bytes_max = 60,
                                                    .state_bytes_max = 6000,
                                                    .flush_every = i });
    }
}

/* Payloads over several frames, cut at every place of a record. */
static void test_large_payloads(void **unused)
{
    guint32 seed = g_random_int();

    (void)unused;
    print_message("seed %u\n", seed);
    for (guint32 i = 0; i < 6; i++) {
        check_round_trip(&(struct session_options){ .seed = seed + i,
                                                    .turn_count = 40,
                                                    .payload_bytes_max = 3000,
                                                    .large_bytes = 2000000,
                                                    .state_bytes_max = 700000,
                                                    .flush_every = 7 });
    }
}

static void test_empty_session(void **unused)
{
    (void)unused;
    check_round_trip(&(struct session_options){ .turn_count = 0 });
}

static void test_header(void **unused)
{
    char *path = path_create();
    const struct recording_header *header;
    struct recording *recording = session_create(path);

    (void)unused;
    recording_close(recording);
    recording = recording_open(path, NULL);
    header = recording_get_header(recording);
    assert_string_equal(header->program, "replug test");
    assert_string_equal(header->build_id, "0123abcd");
    assert_int_equal(g_strv_length(header->arguments), 5);
    assert_string_equal(header->arguments[3], "a=\"\xc3\xa9\"");
    assert_string_equal(header->arguments[4], "");
    assert_true(header->schema == 0x1122334455667788);
    assert_true(header->realtime_us == 1700000000000000);
    assert_null(recording_damage(recording));
    recording_close(recording);
    path_remove(path);
}

static void check_refused_header(struct recording_header *header, const char *text)
{
    char *path = path_create();
    g_autoptr(GError) error = NULL;

    assert_null(recording_create(path, header, &error));
    assert_true(g_error_matches(error, REPLUG_ERROR, REPLUG_ERROR_INVALID));
    assert_string_equal(error->message, text);
    path_remove(path);
}

static void test_header_limits(void **unused)
{
    g_autofree char *long_text = g_strnfill(RECORDING_ARGUMENT_BYTES_MAX + 1, 'x');
    char *arguments[] = { "a", long_text, NULL };
    char *latin[] = { "caf\xe9", NULL };

    (void)unused;
    check_refused_header(&(struct recording_header){ "p", "", arguments, 0, 0 },
                         "Can't record: the argument 2 is 131073 bytes long, the limit is 131072");
    check_refused_header(&(struct recording_header){ "p", "", latin, 0, 0 },
                         "Can't record: the argument 1 is not UTF-8");
    check_refused_header(&(struct recording_header){ "p", long_text, NULL, 0, 0 },
                         "Can't record: the build id is 131073 bytes long, the limit is 256");
}

static void test_can_not_create(void **unused)
{
    struct recording_header header = { "p", "", NULL, 0, 0 };
    g_autoptr(GError) error = NULL;

    (void)unused;
    assert_null(recording_create("/nonexistent/x.rpl", &header, &error));
    assert_true(g_error_matches(error, REPLUG_ERROR, REPLUG_ERROR_IO));
    assert_string_equal(error->message,
                        "Can't create recording '/nonexistent/x.rpl': No such file or directory");
}

/* What has not begun leaves no trace: no file, or the one that was there. */
static void test_not_begun(void **unused)
{
    struct recording_header header = { "p", "", NULL, 0, 0 };
    struct recording_turn turn = { .number = 0, .kind = RECORDING_TURN_build, .vcpu = 0xffff };
    char *path = path_create();
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    gsize size_before, size_after;

    (void)unused;
    for (unsigned round = 0; round < 3; round++) {
        struct recording *recording = recording_prepare(path, &header, NULL);

        assert_non_null(recording);
        recording_turn_begin(recording, &turn);
        recording_turn_end(recording, "state", 5, NULL, NULL);
        recording_flush(recording);
        if (round == 1) {
            assert_true(recording_begin(recording, NULL));
            assert_true(recording_begin(recording, NULL));
        }
        recording_close(recording);
        assert_int_equal(g_file_test(path, G_FILE_TEST_EXISTS), round > 0);
        if (round == 1) {
            assert_true(g_file_get_contents(path, &before, &size_before, NULL));
        }
    }
    assert_true(g_file_get_contents(path, &after, &size_after, NULL));
    assert_int_equal(size_after, size_before);
    assert_memory_equal(after, before, size_before);
    path_remove(path);
}

static void check_not_open(const char *path, int code, const char *text)
{
    g_autoptr(GError) error = NULL;

    assert_null(recording_open(path, &error));
    assert_true(g_error_matches(error, REPLUG_ERROR, code));
    assert_string_equal(error->message, text);
}

static void test_can_not_open(void **unused)
{
    char *path = path_create();
    g_autofree char *text = NULL;

    (void)unused;
    check_not_open("/nonexistent/x.rpl", REPLUG_ERROR_IO,
                   "Can't open recording '/nonexistent/x.rpl': No such file or directory");
    check_not_open("/tmp", REPLUG_ERROR_IO, "Can't open recording '/tmp': it is no regular file");
    g_file_set_contents(path,
                        "#!/bin/sh, long enough to be a header of a frame, but it is none "
                        "of the kind that a recording has",
                        -1, NULL);
    text = g_strdup_printf("'%s' is no recording or its header is damaged: frame 0 at byte 0: "
                           "it does not begin with RPLF",
                           path);
    check_not_open(path, REPLUG_ERROR_CORRUPT, text);
    path_remove(path);
}

/* Another major version is refused with the program that wrote it. */
static void test_other_version(void **unused)
{
    char *path = path_create();
    g_autofree char *bytes = NULL;
    g_autofree char *text = NULL;
    gsize size;
    uint64_t sum;

    (void)unused;
    recording_close(session_create(path));
    assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    bytes[72] = 2;
    sum = GUINT64_TO_LE(XXH3_64bits(bytes + 72, *(uint8_t *)(bytes + 8)));
    memcpy(bytes + 56, &sum, 8);
    sum = GUINT64_TO_LE(XXH3_64bits(bytes, 64));
    memcpy(bytes + 64, &sum, 8);
    assert_true(g_file_set_contents(path, bytes, (gssize)size, NULL));
    text = g_strdup_printf("Can't read recording '%s': its format is 2.2, this program reads 1.x; "
                           "replug test (build 0123abcd) wrote it",
                           path);
    check_not_open(path, REPLUG_ERROR_UNSUPPORTED, text);
    path_remove(path);
}

/* Every turn is found from everywhere, with and without the index. */
static void check_seeking(enum recording_reader_scan scan, const char *path, uint64_t last_turn)
{
    struct recording_reader *reader = recording_reader_open(path, scan, NULL);
    struct recording_record record;

    for (uint64_t turn = last_turn;; turn--) {
        if (turn == last_turn) {
            assert_false(recording_reader_seek(reader, turn + 1));
        }
        assert_true(recording_reader_seek(reader, turn));
        assert_true(recording_reader_next(reader, &record));
        assert_int_equal(record.group, RECORDING_GROUP_TURN);
        assert_true(record.turn >= turn && record.turn <= turn + 2);
        if (turn == 0) {
            break;
        }
    }
    assert_null(recording_reader_damage(reader));
    recording_reader_close(reader);
}

static void test_seek(void **unused)
{
    char *path = path_create();
    struct session_options options = { .seed = 5,
                                       .turn_count = 60,
                                       .payload_bytes_max = 9000,
                                       .large_bytes = 900000,
                                       .state_bytes_max = 3000,
                                       .flush_every = 5 };
    struct recording_reader *reader;
    struct recording_record record;
    uint64_t last_turn = 0;

    (void)unused;
    session_record(path, &options);
    reader = recording_reader_open(path, RECORDING_SCAN_INDEX, NULL);
    while (recording_reader_next(reader, &record)) {
        last_turn = record.turn;
    }
    recording_reader_close(reader);
    check_seeking(RECORDING_SCAN_INDEX, path, last_turn);
    check_seeking(RECORDING_SCAN_CHECKSUMS, path, last_turn);
    path_remove(path);
}

static void test_names(void **unused)
{
    (void)unused;
    assert_string_equal(recording_turn_kind_name(RECORDING_TURN_exit), "exit");
    assert_string_equal(recording_input_kind_name(RECORDING_INPUT_dma_read), "dma_read");
    assert_string_equal(recording_effect_kind_name(RECORDING_EFFECT_end), "end");
    assert_null(recording_effect_kind_name(RECORDING_EFFECT_COUNT));
    assert_string_equal(recording_kind_help(RECORDING_GROUP_EFFECT, RECORDING_EFFECT_event),
                        "a QMP event");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),   cmocka_unit_test(test_large_payloads),
        cmocka_unit_test(test_empty_session), cmocka_unit_test(test_header),
        cmocka_unit_test(test_header_limits), cmocka_unit_test(test_can_not_create),
        cmocka_unit_test(test_not_begun),     cmocka_unit_test(test_can_not_open),
        cmocka_unit_test(test_other_version), cmocka_unit_test(test_seek),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
