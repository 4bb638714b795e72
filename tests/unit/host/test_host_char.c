/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_host_char.c - streams: reading, writing, flow control, handlers, clients that come and go. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "char_bench.h"
#include "host/host_thread.h"
#include "unit.h"

/* ---- a stream on one end of a socketpair ---- */

static void opened_at_once(void **state)
{
    struct bench *bench = *state;
    int peer = bench_open_pair(bench);

    assert_int_equal(bench->opened, 1);
    assert_true(host_char_is_connected(bench->chr));
    bench_say(peer, "hello");
    bench_run_until_read(bench, 5);
    assert_string_equal(bench->input->str, "hello");
    host_char_write(bench->chr, "world", 5);
    bench_expect(peer, "world");
    close(peer);
}

static void end_of_the_peer_is_a_close(void **state)
{
    struct bench *bench = *state;
    int peer = bench_open_pair(bench);

    bench_say(peer, "last words");
    close(peer);
    bench_run_until_closed(bench, 1);
    assert_string_equal(bench->input->str, "last words");
    assert_false(host_char_is_connected(bench->chr));
    host_char_write(bench->chr, "nobody", 6); /* dropped */
    bench_settle(bench);
    assert_int_equal(bench->closed, 1);
}

/* Only the write finds out; no SIGPIPE, one close. */
static void write_to_a_vanished_peer(void **state)
{
    struct bench *bench = *state;
    int peer = bench_open_pair(bench);

    close(peer);
    host_char_write(bench->chr, "x", 1);
    host_char_write(bench->chr, "y", 1);
    bench_run_until_closed(bench, 1);
    bench_settle(bench);
    assert_int_equal(bench->closed, 1);
}

static void what_a_vanished_peer_said_is_read(void **state)
{
    struct bench *bench = *state;
    int peer = bench_open_pair(bench);

    bench_say(peer, "testament");
    close(peer);
    host_char_write(bench->chr, "x", 1);
    bench_run_until_closed(bench, 1);
    assert_string_equal(bench->input->str, "testament");
}

/* A client that shuts down its way out still gets all that waits for it. */
static void half_closed_peer_gets_the_rest(void **state)
{
    struct bench *bench = *state;
    int peer = bench_open_pair(bench);
    g_autofree char *sent = bench_pattern(900000);
    GString *got = g_string_new(NULL);

    host_char_write(bench->chr, sent, 900000);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    while (bench->closed == 0) {
        bench_settle(bench);
        bench_take(peer, got);
    }
    bench_take(peer, got);
    assert_int_equal(got->len, 900000);
    assert_memory_equal(got->str, sent, 900000);
    g_string_free(got, TRUE);
    close(peer);
}

/* ---- flow control ---- */

static void reads_no_more_than_there_is_room_for(void **state)
{
    struct bench *bench = *state;
    int peer = bench_open_pair(bench);

    bench->room = 3;
    bench_say(peer, "abcdefg");
    bench_run_until_read(bench, 3);
    bench_settle(bench);
    assert_string_equal(bench->input->str, "abc");
    bench->room = 2;
    host_char_accept_input(bench->chr);
    bench_run_until_read(bench, 5);
    bench_settle(bench);
    assert_string_equal(bench->input->str, "abcde");
    bench->room = SIZE_MAX;
    host_char_accept_input(bench->chr);
    bench_run_until_read(bench, 7);
    close(peer);
}

static void accept_input_soon(void *opaque)
{
    struct bench *bench = opaque;

    g_usleep(1000);
    bench->room = SIZE_MAX;
    host_char_accept_input(bench->chr);
}

static void room_from_another_thread_wakes(void **state)
{
    struct bench *bench = *state;
    int peer = bench_open_pair(bench);
    struct host_thread *thread;

    bench->room = 0;
    bench_say(peer, "later");
    bench_settle(bench);
    assert_int_equal(bench->input->len, 0);
    thread = host_thread_create("room", accept_input_soon, bench, NULL);
    bench_run_until_read(bench, 5);
    host_thread_join(thread);
    close(peer);
}

/* ---- handlers ---- */

static void handlers_change_while_input_waits(void **state)
{
    struct bench *bench = *state;
    struct bench other = { .room = SIZE_MAX,
                           .wanted_input = SIZE_MAX,
                           .input = g_string_new(NULL) };
    int peer = bench_open_pair(bench);

    host_char_set_handlers(bench->chr, NULL);
    bench_say(peer, "for the next");
    bench_settle(bench);
    assert_int_equal(bench->input->len, 0);
    other.loop = bench->loop;
    other.chr = bench->chr;
    bench_set_handlers(&other);
    assert_int_equal(other.opened, 1);
    bench_run_until_read(&other, 12);
    assert_string_equal(other.input->str, "for the next");
    assert_int_equal(bench->closed, 0);
    host_char_set_handlers(bench->chr, NULL);
    g_string_free(other.input, TRUE);
    close(peer);
}

static void close_inside(void *opaque, const uint8_t *bytes, size_t count)
{
    struct bench *bench = opaque;

    (void)bytes;
    (void)count;
    host_char_close(bench->chr);
    bench->chr = NULL;
    host_loop_quit(bench->loop);
}

static void device_closed_by_its_own_handler(void **state)
{
    struct bench *bench = *state;
    struct host_char_handlers handlers = { .read = close_inside, .opaque = bench };
    int peer = bench_open_pair(bench);
    char byte;

    host_char_set_handlers(bench->chr, &handlers);
    bench_say(peer, "bye");
    host_loop_run(bench->loop);
    assert_null(bench->chr);
    assert_int_equal(read(peer, &byte, 1), 0);
    close(peer);
}

/* ---- output that waits ---- */

static void slow_reader_gets_all_in_order(void **state)
{
    struct bench *bench = *state;
    int peer = bench_open_pair(bench);
    g_autofree char *sent = bench_pattern(3 << 20);
    GString *got = g_string_new(NULL);
    size_t at = 0;

    host_char_set_lossless(bench->chr, true);
    while (got->len < 3 << 20) {
        size_t count = MIN(4096 + at % 7 * 512, (3 << 20) - at);

        host_char_write(bench->chr, sent + at, count);
        at += count;
        bench_take_some(peer, got, 3001);
        bench_settle(bench);
    }
    assert_int_equal(got->len, 3 << 20);
    assert_memory_equal(got->str, sent, 3 << 20);
    g_string_free(got, TRUE);
    close(peer);
}

static void console_loses_the_oldest(void **state)
{
    struct bench *bench = *state;
    int peer = bench_open_pair(bench);
    size_t count = HOST_CHAR_OUTPUT_MAX * 4;
    g_autofree char *sent = bench_pattern(count);
    GString *got = g_string_new(NULL);
    size_t first;

    for (size_t at = 0; at < count; at += 4096) {
        host_char_write(bench->chr, sent + at, 4096);
    }
    while (bench_take(peer, got) || got->len < HOST_CHAR_OUTPUT_MAX) {
        bench_settle(bench);
    }
    /* The kernel's buffer holds the beginning, ours the last bytes. */
    first = got->len - HOST_CHAR_OUTPUT_MAX;
    assert_in_range(first, 1, HOST_CHAR_OUTPUT_MAX);
    assert_memory_equal(got->str, sent, first);
    assert_memory_equal(got->str + first, sent + count - HOST_CHAR_OUTPUT_MAX,
                        HOST_CHAR_OUTPUT_MAX);
    assert_int_equal(bench->closed, 0);
    g_string_free(got, TRUE);
    close(peer);
}

static void monitor_stalls_and_then_hangs_up(void **state)
{
    struct bench *bench = *state;
    int peer = bench_open_pair(bench);
    g_autofree char *sent = bench_pattern(HOST_CHAR_OUTPUT_MAX * 2);
    GString *got = g_string_new(NULL);

    host_char_set_lossless(bench->chr, true);
    host_char_write(bench->chr, sent, HOST_CHAR_OUTPUT_MAX * 2);
    bench_settle(bench);
    bench_say(peer, "not now");
    bench_settle(bench);
    assert_int_equal(bench->input->len, 0);
    while (got->len < HOST_CHAR_OUTPUT_MAX * 2) {
        bench_take(peer, got);
        bench_settle(bench);
    }
    assert_memory_equal(got->str, sent, got->len);
    assert_string_equal(bench->input->str, "not now");
    for (size_t at = 0; at <= HOST_CHAR_LOSSLESS_MAX; at += HOST_CHAR_OUTPUT_MAX) {
        host_char_write(bench->chr, sent, HOST_CHAR_OUTPUT_MAX);
    }
    bench_run_until_closed(bench, 1);
    g_string_free(got, TRUE);
    close(peer);
}

static void closing_flushes_what_goes(void **state)
{
    struct bench *bench = *state;
    int peer = bench_open_pair(bench);
    g_autofree char *sent = bench_pattern(HOST_CHAR_OUTPUT_MAX);
    GString *got = g_string_new(NULL);
    size_t before;

    host_char_write(bench->chr, sent, HOST_CHAR_OUTPUT_MAX); /* more than the socket holds */
    bench_take(peer, got);
    before = got->len;
    assert_in_range(before, 1, HOST_CHAR_OUTPUT_MAX - 1);
    host_char_close(bench->chr); /* without the loop: must not wait for the peer either */
    bench->chr = NULL;
    bench_take(peer, got);
    assert_in_range(got->len, before + 1, HOST_CHAR_OUTPUT_MAX);
    assert_memory_equal(got->str, sent, got->len);
    assert_int_equal(bench->closed, 0);
    g_string_free(got, TRUE);
    close(peer);
}

/* ---- writers on other threads ---- */

#define LINES_EACH 2000u

struct writer {
    struct host_char *chr;
    char name;
};

static void write_lines(void *opaque)
{
    struct writer *writer = opaque;

    for (unsigned i = 0; i < LINES_EACH; i++) {
        g_autofree char *line = g_strdup_printf("%c%07u\n", writer->name, i);

        host_char_write(writer->chr, line, strlen(line));
    }
}

static void lines_of_two_threads_stay_whole(void **state)
{
    struct bench *bench = *state;
    int peer = bench_open_pair(bench);
    struct writer writers[2] = { { bench->chr, 'a' }, { bench->chr, 'b' } };
    struct host_thread *threads[2];
    unsigned next[2] = { 0, 0 };
    GString *got = g_string_new(NULL);

    for (unsigned i = 0; i < 2; i++) {
        threads[i] = host_thread_create("writer", write_lines, &writers[i], NULL);
    }
    while (got->len < 2 * LINES_EACH * 9) {
        bench_take(peer, got);
        bench_settle(bench);
    }
    for (unsigned i = 0; i < 2; i++) {
        host_thread_join(threads[i]);
    }
    for (size_t at = 0; at < got->len; at += 9) {
        unsigned which = (unsigned)(got->str[at] - 'a');

        assert_in_range(which, 0, 1);
        assert_int_equal(got->str[at + 8], '\n');
        assert_int_equal(strtoul(got->str + at + 1, NULL, 10), next[which]++);
    }
    g_string_free(got, TRUE);
    close(peer);
}

/* ---- disconnect ---- */

static void disconnect_flushes_and_closes(void **state)
{
    struct bench *bench = *state;
    int peer = bench_open_pair(bench);
    GString *got = g_string_new(NULL);
    char byte;

    host_char_write(bench->chr, "farewell", 8);
    host_char_disconnect(bench->chr);
    assert_false(host_char_is_connected(bench->chr));
    assert_int_equal(bench->closed, 0); /* not inside the call */
    host_char_write(bench->chr, "more", 4);
    bench_run_until_closed(bench, 1);
    bench_take(peer, got);
    assert_string_equal(got->str, "farewell");
    assert_int_equal(read(peer, &byte, 1), 0);
    g_string_free(got, TRUE);
    close(peer);
}

static void null_swallows(void **state)
{
    struct bench *bench = *state;

    bench_open(bench, "null");
    assert_int_equal(bench->opened, 1);
    host_char_write(bench->chr, "gone", 4);
    host_char_disconnect(bench->chr);
    bench_settle(bench);
    assert_int_equal(bench->closed, 0);
    assert_string_equal(host_char_filename(bench->chr), "null");
    assert_string_equal(host_char_label(bench->chr), "");
    host_char_set_label(bench->chr, "serial0");
    assert_string_equal(host_char_label(bench->chr), "serial0");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(opened_at_once),
        TEST(end_of_the_peer_is_a_close),
        TEST(write_to_a_vanished_peer),
        TEST(what_a_vanished_peer_said_is_read),
        TEST(half_closed_peer_gets_the_rest),
        TEST(reads_no_more_than_there_is_room_for),
        TEST(room_from_another_thread_wakes),
        TEST(handlers_change_while_input_waits),
        TEST(device_closed_by_its_own_handler),
        TEST(slow_reader_gets_all_in_order),
        TEST(console_loses_the_oldest),
        TEST(monitor_stalls_and_then_hangs_up),
        TEST(closing_flushes_what_goes),
        TEST(lines_of_two_threads_stay_whole),
        TEST(disconnect_flushes_and_closes),
        TEST(null_swallows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
