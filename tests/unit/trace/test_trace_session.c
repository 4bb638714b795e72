/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_trace_session.c - options, states, spans, ring and losses of a session. */
#include <glib.h>
#include <glib/gstdio.h>
#include <json-c/json.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "trace/trace.h"
#include "trace/trace_session.h"
#include "unit.h"

struct fixture {
    struct trace_session *session;
    char *folder;
    char *path; /* a file in it */
};

static int setup(void **state)
{
    struct fixture *fixture = g_new0(struct fixture, 1);

    fixture->folder = g_dir_make_tmp("test_trace.XXXXXX", NULL);
    assert_non_null(fixture->folder);
    fixture->path = g_build_filename(fixture->folder, "out.rpt", NULL);
    fixture->session = trace_session_create(NULL);
    trace_session_bind(fixture->session);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    trace_session_destroy(fixture->session);
    (void)g_remove(fixture->path); /* not every test makes it */
    (void)g_rmdir(fixture->folder);
    g_free(fixture->path);
    g_free(fixture->folder);
    g_free(fixture);
    return 0;
}

static void configure(struct trace_session *session, const char *option)
{
    g_autoptr(GError) error = NULL;
    bool ok = trace_session_configure(session, option, &error);

    assert_true(ok);
    assert_null(error);
}

static void configure_file(struct fixture *fixture, const char *pattern)
{
    g_autofree char *option = g_strdup_printf("%s,file=%s", pattern, fixture->path);

    configure(fixture->session, option);
}

static void assert_refused(struct trace_session *session, const char *option, const char *text)
{
    g_autoptr(GError) error = NULL;

    assert_false(trace_session_configure(session, option, &error));
    assert_non_null(error);
    assert_string_equal(error->message, text);
}

static void assert_ring(struct trace_session *session, const char *text)
{
    g_autoptr(GString) dump = g_string_new(NULL);

    trace_session_ring_dump(session, dump);
    assert_string_equal(dump->str, text);
}

static void set_state(struct trace_session *session, const char *pattern, bool enable)
{
    g_autoptr(GError) error = NULL;

    assert_true(trace_session_set_event_state(session, pattern, enable, &error));
    assert_null(error);
}

static void assert_state(struct trace_session *session, const char *pattern, const char *text)
{
    g_autoptr(GError) error = NULL;
    struct json_object *states = trace_session_event_state(session, pattern, &error);

    assert_null(error);
    assert_string_equal(json_object_to_json_string_ext(states, JSON_C_TO_STRING_PLAIN), text);
    json_object_put(states);
}

/* Where a native trace's first block begins. */
static const uint8_t *first_block(const char *trace, gsize size)
{
    assert_true(size >= 24);
    assert_memory_equal(trace, "RPLTRACE", 8);
    return (const uint8_t *)trace + 24 + bytes_load_le32(trace + 12);
}

static void options_are_checked(void **state)
{
    struct fixture *fixture = *state;
    struct trace_session *session = fixture->session;
    g_autofree char *missing = g_strdup_printf("*,file=%s/none/out.rpt", fixture->folder);
    g_autofree char *missing_text = g_strdup_printf(
        "Can't create trace file '%s/none/out.rpt': No such file or directory", fixture->folder);
    g_autofree char *second_text = g_strdup_printf(
        "The trace file is '%s' already; 'other.rpt' can't be a second one", fixture->path);

    assert_refused(session, "", "A pattern of events is missing; expected [enable=]PATTERN");
    assert_refused(session, "sink=ring",
                   "A pattern of events is missing; expected [enable=]PATTERN");
    assert_refused(session, "nonsense_*", "unknown event \"nonsense_*\"");
    assert_refused(session, "*,sink=disk",
                   "Invalid parameter 'disk' for 'sink'; expected lttng, file or ring");
    assert_refused(session, "*,sinks=ring",
                   "Invalid parameter 'sinks'; expected enable, sink, file or backtrace");
    assert_refused(session, "*,backtrace=maybe", "'maybe' is no switch; expected on or off");
    assert_refused(session, "*,sink=file", "sink=file needs file=PATH");
    assert_refused(session, "*,sink=ring,file=x", "Parameter 'file' goes with sink=file only");
    assert_refused(session, missing, missing_text);
    assert_state(session, "guest_error", "[{\"name\":\"guest_error\",\"state\":\"disabled\"}]");
    assert_false(trace_guest_error_enabled());

    configure_file(fixture, "guest_error");
    assert_refused(session, "*,file=other.rpt", second_text);
    configure_file(fixture, "enable=ram_block_*");
    configure(session, "memory_region_*,sink=file");
    assert_true(trace_ram_block_created_enabled());
    assert_true(trace_memory_region_access_enabled());
    assert_false(g_file_test("other.rpt", G_FILE_TEST_EXISTS));
}

static void nothing_is_recorded_unasked(void **state)
{
    struct fixture *fixture = *state;

    configure(fixture->session, "guest_error,sink=lttng");
    assert_false(trace_guest_error_enabled());
    configure(fixture->session, "guest_error");
    trace_ram_block_destroyed("pc.ram", 1);
    assert_ring(fixture->session, "");
}

static int computed;

static const char *compute(void)
{
    computed++;
    return "x";
}

static void arguments_cost_nothing_when_off(void **state)
{
    struct fixture *fixture = *state;

    computed = 0;
    trace_guest_error(compute(), 0, 0, "");
    assert_int_equal(computed, 0);
    configure(fixture->session, "guest_error");
    trace_guest_error(compute(), 0, 0, "");
    assert_int_equal(computed, 1);
}

static void text_shows_types_and_phases(void **state)
{
    struct fixture *fixture = *state;

    configure(fixture->session, "*");
    trace_session_turn_begin(fixture->session, 12, 3456, 0);
    trace_memory_region_add_subregion_common_enter("sys\ttem", 0x1000, "\"\\\x01\x7f\xff\xc3\xa4",
                                                   -7);
    trace_memory_region_access(NULL, 0, UINT64_MAX, 8, false);
    trace_memory_region_add_subregion_common_leave();
    trace_session_turn_end(fixture->session);
    trace_memory_region_transaction_commit_leave(true);
    assert_ring(
        fixture->session,
        "       1 turn 12       3456 ns vcpu 0 --> memory_region_add_subregion_common: "
        "container=\"sys\\ttem\" offset=0x1000 region=\"\\\"\\\\\\001\\177\\377\xc3\xa4\" "
        "priority=-7\n"
        "       2 turn 12       3456 ns vcpu 0 memory_region_access: region=\"\" offset=0x0 "
        "value=0xffffffffffffffff size_bytes=8 write=false\n"
        "       3 turn 12       3456 ns vcpu 0 <-- memory_region_add_subregion_common\n"
        "       4 turn 12       3456 ns vcpu - <-- memory_region_transaction_commit: "
        "rendered=true\n");
}

/* Writes the ring as a file and checks span and parent of each record. */
static void assert_spans(struct fixture *fixture, const uint64_t (*expected)[2], unsigned count)
{
    g_autofree char *content = NULL;
    gsize size;
    const uint8_t *block;

    assert_true(trace_session_ring_dump_file(fixture->session, fixture->path, NULL));
    assert_true(g_file_get_contents(fixture->path, &content, &size, NULL));
    block = first_block(content, size);
    assert_int_equal(bytes_load_le32(block + 8), count);
    block += 24 + 32;
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(bytes_load_le64(block + 40), expected[i][0]);
        assert_int_equal(bytes_load_le64(block + 48), expected[i][1]);
        block += bytes_load_le16(block);
    }
    assert_ptr_equal(block, (const uint8_t *)content + size);
}

static void a_turn_closes_what_was_left_open(void **state)
{
    static const uint64_t expected[][2] = { { 1, 0 }, { 2, 1 }, { 0, 2 }, { 0, 0 }, { 5, 0 } };
    struct fixture *fixture = *state;

    configure(fixture->session, "*");
    trace_session_turn_begin(fixture->session, 1, 0, TRACE_VCPU_NONE);
    trace_memory_region_transaction_commit_enter(0);
    trace_flatviews_reset_enter(1);
    trace_guest_error("", 0, 0, "");
    trace_session_turn_end(fixture->session);
    trace_session_turn_begin(fixture->session, 2, 0, TRACE_VCPU_NONE);
    trace_guest_error("", 0, 0, "");
    trace_flatviews_reset_enter(1);
    assert_spans(fixture, expected, 5);
}

static void a_leave_may_lack_its_enter(void **state)
{
    static const uint64_t expected[][2] = { { 1, 0 }, { 0, 1 }, { 1, 0 }, { 0, 0 } };
    struct fixture *fixture = *state;

    configure(fixture->session, "*");
    trace_memory_region_transaction_commit_enter(0);
    trace_flatviews_reset_leave();
    trace_memory_region_transaction_commit_leave(true);
    trace_memory_region_transaction_commit_leave(true);
    assert_spans(fixture, expected, 4);
}

static void a_leave_closes_what_lies_above(void **state)
{
    static const uint64_t expected[][2] = { { 1, 0 }, { 2, 1 }, { 3, 2 }, { 1, 0 }, { 0, 0 } };
    struct fixture *fixture = *state;

    configure(fixture->session, "*");
    trace_memory_region_transaction_commit_enter(0);
    trace_flatviews_reset_enter(1);
    trace_generate_memory_topology_enter("system");
    set_state(fixture->session, "flatviews_reset", false); /* no turn: at once */
    set_state(fixture->session, "generate_memory_topology", false);
    trace_generate_memory_topology_leave(1);
    trace_flatviews_reset_leave();
    trace_memory_region_transaction_commit_leave(true);
    trace_guest_error("", 0, 0, "");
    assert_spans(fixture, expected, 5);
}

static void the_same_span_nests_in_itself(void **state)
{
    static const uint64_t expected[][2] = { { 1, 0 }, { 2, 1 }, { 2, 1 }, { 0, 1 }, { 1, 0 } };
    struct fixture *fixture = *state;

    configure(fixture->session, "*");
    trace_memory_region_transaction_commit_enter(0);
    trace_memory_region_transaction_commit_enter(1);
    trace_memory_region_transaction_commit_leave(false);
    trace_guest_error("", 0, 0, "");
    trace_memory_region_transaction_commit_leave(true);
    assert_spans(fixture, expected, 5);
}

static void depth_has_a_limit_and_recovers(void **state)
{
    struct fixture *fixture = *state;
    uint64_t expected[2001][2] = { 0 };
    unsigned depth = 1000, known = 256;

    for (unsigned i = 0; i < depth; i++) {
        expected[i][0] = i + 1;
        expected[i][1] = MIN(i, known);
        expected[2 * depth - 1 - i][0] = i < known ? i + 1 : 0;
        expected[2 * depth - 1 - i][1] = MIN(i, known);
    }
    configure(fixture->session, "*");
    for (unsigned i = 0; i < depth; i++) {
        trace_memory_region_transaction_commit_enter(i);
    }
    for (unsigned i = 0; i < depth; i++) {
        trace_memory_region_transaction_commit_leave(false);
    }
    trace_guest_error("", 0, 0, "");
    assert_spans(fixture, (const uint64_t(*)[2])expected, 2 * depth + 1);
}

static void states_are_told_and_set(void **state)
{
    struct fixture *fixture = *state;
    struct trace_session *session = fixture->session;
    g_autoptr(GError) error = NULL;

    configure(session, "ram_block_destroyed");
    assert_state(session, "ram_block_*",
                 "[{\"name\":\"ram_block_created\",\"state\":\"disabled\"},"
                 "{\"name\":\"ram_block_destroyed\",\"state\":\"enabled\"}]");
    assert_null(trace_session_event_state(session, "ram_blocks", &error));
    assert_true(g_error_matches(error, REPLUG_ERROR, REPLUG_ERROR_INVALID));
    assert_string_equal(error->message, "unknown event \"ram_blocks\"");
    g_clear_error(&error);
    assert_false(trace_session_set_event_state(session, "x*", true, &error));
    assert_true(g_error_matches(error, REPLUG_ERROR, REPLUG_ERROR_INVALID));
    assert_string_equal(error->message, "unknown event \"x*\"");
}

static void a_set_state_waits_for_the_turns_end(void **state)
{
    struct fixture *fixture = *state;
    struct trace_session *session = fixture->session;

    trace_session_turn_begin(session, 1, 0, 0);
    set_state(session, "ram_block_destroyed", true);
    set_state(session, "ram_block_created", true);
    set_state(session, "ram_block_created", false);
    trace_ram_block_destroyed("early", 0);
    trace_session_turn_end(session);
    trace_session_turn_begin(session, 2, 0, 0);
    trace_ram_block_created("never", 0, "");
    trace_ram_block_destroyed("on", 0);
    set_state(session, "*", false);
    trace_ram_block_destroyed("still on", 0);
    trace_session_turn_end(session);
    trace_ram_block_destroyed("off", 0);
    set_state(session, "ram_block_destroyed", true);
    trace_ram_block_destroyed("between turns", 0);
    assert_ring(
        session,
        "       1 turn 2          0 ns vcpu 0 ram_block_destroyed: name=\"on\" size_bytes=0\n"
        "       2 turn 2          0 ns vcpu 0 ram_block_destroyed: name=\"still on\" "
        "size_bytes=0\n"
        "       3 turn 2          0 ns vcpu - ram_block_destroyed: name=\"between turns\" "
        "size_bytes=0\n");
}

static void a_set_state_goes_to_the_file(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *content = NULL;
    gsize size;

    configure_file(fixture, "guest_error");
    set_state(fixture->session, "ram_block_destroyed", true);
    trace_ram_block_destroyed("pc.ram", 0);
    trace_session_flush(fixture->session);
    trace_session_flush(fixture->session);
    assert_true(g_file_get_contents(fixture->path, &content, &size, NULL));
    assert_int_equal(bytes_load_le32(first_block(content, size) + 8), 1);
    assert_int_equal(size, first_block(content, size) + 24 + 32 + 64 + 2 + 6 + 8 -
                               (const uint8_t *)content);
    assert_ring(fixture->session, "");
}

/* What a ring kept: the numbers from first to last without a gap. */
static void assert_newest(const struct trace_session *session, uint64_t last, uint64_t *out_first)
{
    g_autoptr(GString) dump = g_string_new(NULL);
    g_auto(GStrv) lines = NULL;
    guint count;

    trace_session_ring_dump(session, dump);
    lines = g_strsplit(dump->str, "\n", -1);
    count = g_strv_length(lines) - 1; /* the text ends in a newline */
    *out_first = last - count + 1;
    for (guint i = 0; i < count; i++) {
        assert_int_equal(g_ascii_strtoull(g_strchug(lines[i]), NULL, 10), *out_first + i);
    }
}

static void the_ring_keeps_the_newest(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *content = NULL;
    gsize size;
    const uint8_t *block;
    char name[1024];
    uint64_t first = 0;

    configure(fixture->session, "*,sink=ring");
    memset(name, 'n', sizeof(name));
    for (unsigned i = 1; i <= 20000; i++) {
        name[(i * 7919) % 1000] = '\0';
        trace_ram_block_destroyed(name, i);
        name[(i * 7919) % 1000] = 'n';
        if (i % 3989 == 0) {
            assert_newest(fixture->session, i, &first);
        }
    }
    assert_newest(fixture->session, 20000, &first);
    /* The mean record has 574 bytes and fills at most 1 MiB. */
    assert_in_range(20000 - first, 1500, 2000);

    assert_true(trace_session_ring_dump_file(fixture->session, fixture->path, NULL));
    assert_true(g_file_get_contents(fixture->path, &content, &size, NULL));
    block = first_block(content, size);
    assert_int_equal(bytes_load_le32(block + 8), 20000 - first + 1);
    assert_int_equal(bytes_load_le32(block + 12), first - 1);
    assert_true(size < 1024 * 1024 + 64 * 1024);
}

static void a_ring_dump_needs_a_ring_and_a_file(void **state)
{
    struct fixture *fixture = *state;
    g_autoptr(GError) error = NULL;

    assert_false(trace_session_ring_dump_file(fixture->session, fixture->path, &error));
    assert_string_equal(error->message,
                        "There is no trace ring; expected a -trace option with sink=ring");
    g_clear_error(&error);
    configure(fixture->session, "*");
    assert_false(trace_session_ring_dump_file(fixture->session, fixture->folder, &error));
    assert_true(g_error_matches(error, REPLUG_ERROR, REPLUG_ERROR_IO));
    g_clear_error(&error);
    assert_true(trace_session_ring_dump_file(fixture->session, fixture->path, &error));
}

static void lost_records_are_counted_in_the_next_block(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit before, none;
    g_autofree char *content = NULL, *text = NULL, *expected = NULL;
    gsize size;
    const uint8_t *block;

    configure_file(fixture, "*");
    assert_null(trace_session_write_error(fixture->session));
    trace_guest_error("kept", 0, 0, "");
    trace_session_flush(fixture->session);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = before;
    none.rlim_cur = 1;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    trace_guest_error("lost", 0, 0, "");
    trace_guest_error("lost", 0, 0, "");
    trace_session_flush(fixture->session);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    text = trace_session_write_error(fixture->session);
    expected = g_strdup_printf(
        "Can't write trace file '%s': File too large; 2 events are missing in it", fixture->path);
    assert_string_equal(text, expected);
    trace_guest_error("kept", 0, 0, "");
    trace_session_flush(fixture->session);

    assert_true(g_file_get_contents(fixture->path, &content, &size, NULL));
    block = first_block(content, size);
    assert_int_equal(bytes_load_le32(block + 12), 0);
    block += 24 + bytes_load_le32(block + 4);
    assert_memory_equal(block, "RBLK", 4);
    assert_int_equal(bytes_load_le32(block + 8), 1);
    assert_int_equal(bytes_load_le32(block + 12), 2);
    assert_int_equal(bytes_load_le64(block + 24 + 32 + 8), 4); /* its sequence */
}

static void two_sessions_are_apart(void **state)
{
    struct fixture *fixture = *state;
    struct trace_session *other = trace_session_create(NULL);

    configure(fixture->session, "ram_block_created");
    configure(other, "ram_block_*");
    trace_ram_block_created("first", 1, "ram");
    trace_ram_block_destroyed("nobody's", 1);
    trace_session_bind(other);
    trace_ram_block_destroyed("second", 2);
    trace_session_bind(NULL);
    trace_ram_block_created("nobody's", 1, "ram");
    assert_ring(fixture->session,
                "       1 turn 0          0 ns vcpu - ram_block_created: name=\"first\" "
                "size_bytes=1 kind=\"ram\"\n");
    assert_ring(other, "       1 turn 0          0 ns vcpu - ram_block_destroyed: name=\"second\" "
                       "size_bytes=2\n");
    trace_session_bind(other);
    trace_session_destroy(other);
    trace_ram_block_created("nobody's", 1, "ram");
    assert_true(trace_ram_block_created_enabled());
    assert_false(trace_ram_block_destroyed_enabled());
}

/* For the invariant's hook, which knows no session. */
static void the_bound_ring_is_told(void **state)
{
    struct fixture *fixture = *state;
    g_autoptr(GString) text = g_string_new(NULL);

    configure(fixture->session, "ram_block_destroyed");
    trace_ram_block_destroyed("pc.ram", 4096);
    trace_session_bound_ring_dump(text);
    trace_session_bind(NULL);
    trace_session_bound_ring_dump(text);
    assert_string_equal(text->str, "       1 turn 0          0 ns vcpu - ram_block_destroyed: "
                                   "name=\"pc.ram\" size_bytes=4096\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(options_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_recorded_unasked, setup, teardown),
        cmocka_unit_test_setup_teardown(arguments_cost_nothing_when_off, setup, teardown),
        cmocka_unit_test_setup_teardown(text_shows_types_and_phases, setup, teardown),
        cmocka_unit_test_setup_teardown(a_turn_closes_what_was_left_open, setup, teardown),
        cmocka_unit_test_setup_teardown(a_leave_may_lack_its_enter, setup, teardown),
        cmocka_unit_test_setup_teardown(a_leave_closes_what_lies_above, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_span_nests_in_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(depth_has_a_limit_and_recovers, setup, teardown),
        cmocka_unit_test_setup_teardown(states_are_told_and_set, setup, teardown),
        cmocka_unit_test_setup_teardown(a_set_state_waits_for_the_turns_end, setup, teardown),
        cmocka_unit_test_setup_teardown(a_set_state_goes_to_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(the_ring_keeps_the_newest, setup, teardown),
        cmocka_unit_test_setup_teardown(a_ring_dump_needs_a_ring_and_a_file, setup, teardown),
        cmocka_unit_test_setup_teardown(lost_records_are_counted_in_the_next_block, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(two_sessions_are_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(the_bound_ring_is_told, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
