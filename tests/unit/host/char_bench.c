/* SPDX-License-Identifier: GPL-2.0-or-later */
/* char_bench.c - the frontend that counts, and the peer's side in a few words. */
#include "char_bench.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <json-c/json.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/options.h"
#include "unit.h"

static void check_wanted(struct bench *bench)
{
    if (bench->input->len >= bench->wanted_input && bench->opened >= bench->wanted_opened &&
        bench->closed >= bench->wanted_closed) {
        host_loop_quit(bench->loop);
    }
}

static void on_opened(void *opaque)
{
    struct bench *bench = opaque;

    bench->opened++;
    check_wanted(bench);
}

static void on_closed(void *opaque)
{
    struct bench *bench = opaque;

    bench->closed++;
    check_wanted(bench);
}

static size_t on_can_read(void *opaque)
{
    struct bench *bench = opaque;

    return bench->room;
}

static void on_read(void *opaque, const uint8_t *bytes, size_t count)
{
    struct bench *bench = opaque;

    assert_true(count <= bench->room);
    if (bench->room != SIZE_MAX) {
        bench->room -= count;
    }
    g_string_append_len(bench->input, (const char *)bytes, (gssize)count);
    check_wanted(bench);
}

int bench_setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);

    bench->loop = host_loop_create();
    bench->directory = g_dir_make_tmp("replug-char-XXXXXX", NULL);
    bench->room = SIZE_MAX;
    bench->wanted_input = SIZE_MAX; /* never, until asked */
    bench->input = g_string_new(NULL);
    *state = bench;
    return bench->directory == NULL;
}

int bench_teardown(void **state)
{
    struct bench *bench = *state;
    GDir *directory;
    const char *name;

    host_char_close(bench->chr);
    host_loop_destroy(bench->loop);
    directory = g_dir_open(bench->directory, 0, NULL);
    while ((name = g_dir_read_name(directory)) != NULL) {
        g_autofree char *path = bench_path(bench, name);

        g_unlink(path);
    }
    g_dir_close(directory);
    g_rmdir(bench->directory);
    g_free(bench->directory);
    g_string_free(bench->input, TRUE);
    g_free(bench);
    return 0;
}

void bench_set_handlers(struct bench *bench)
{
    struct host_char_handlers handlers = { on_opened, on_closed, on_can_read, on_read, bench };

    host_char_set_handlers(bench->chr, &handlers);
}

void bench_open(struct bench *bench, const char *text)
{
    g_autoptr(GError) error = NULL;

    bench->chr = host_char_open_text(bench->loop, text, &error);
    if (bench->chr == NULL) {
        fail_msg("%s: %s", text, error->message);
    }
    bench_set_handlers(bench);
}

void bench_open_json(struct bench *bench, const char *json)
{
    g_autoptr(GError) error = NULL;
    struct json_object *options = options_parse(json, "backend", &error);

    assert_non_null(options);
    bench->chr = host_char_open(bench->loop, options, &error);
    json_object_put(options);
    if (bench->chr == NULL) {
        fail_msg("%s: %s", json, error->message);
    }
    bench_set_handlers(bench);
}

int bench_open_pair(struct bench *bench)
{
    g_autofree char *text = NULL;
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    text = g_strdup_printf("fd:%d", ends[0]);
    bench_open(bench, text);
    return ends[1];
}

void bench_refuse(struct bench *bench, const char *text, const char *part, const char *other_part)
{
    g_autoptr(GError) error = NULL;

    assert_null(host_char_open_text(bench->loop, text, &error));
    assert_non_null(error);
    if (strstr(error->message, part) == NULL || strstr(error->message, other_part) == NULL) {
        fail_msg("%s: got: %s", text, error->message);
    }
}

char *bench_path(struct bench *bench, const char *name)
{
    return g_build_filename(bench->directory, name, NULL);
}

/* ---- running ---- */

static void run_until(struct bench *bench, size_t input, unsigned opened, unsigned closed)
{
    bench->wanted_input = input;
    bench->wanted_opened = opened;
    bench->wanted_closed = closed;
    if (bench->input->len < input || bench->opened < opened || bench->closed < closed) {
        host_loop_run(bench->loop);
    }
    bench->wanted_input = SIZE_MAX;
}

void bench_run_until_read(struct bench *bench, size_t count)
{
    run_until(bench, count, 0, 0);
}

void bench_run_until_opened(struct bench *bench, unsigned count)
{
    run_until(bench, 0, count, 0);
}

void bench_run_until_closed(struct bench *bench, unsigned count)
{
    run_until(bench, 0, 0, count);
}

static void end_loop(void *opaque)
{
    host_loop_quit(opaque);
}

void bench_settle(struct bench *bench)
{
    bench->wanted_input = SIZE_MAX;
    host_loop_set_idle(bench->loop, 0, end_loop, bench->loop);
    host_loop_run(bench->loop);
    host_loop_set_idle(bench->loop, 0, NULL, NULL);
}

/* ---- the peer ---- */

void bench_say(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

bool bench_take_some(int fd, GString *got, size_t count)
{
    g_autofree char *buffer = g_malloc(count);
    ssize_t n = read(fd, buffer, count);

    if (n > 0) {
        g_string_append_len(got, buffer, n);
    }
    return n > 0;
}

bool bench_take(int fd, GString *got)
{
    bool any = false;

    while (bench_take_some(fd, got, 65536)) {
        any = true;
    }
    return any;
}

void bench_expect(int fd, const char *text)
{
    GString *got = g_string_new(NULL);
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

    while (got->len < strlen(text)) {
        assert_int_equal(poll(&poll_fd, 1, 10000), 1);
        assert_true(bench_take_some(fd, got, strlen(text) - got->len));
    }
    assert_string_equal(got->str, text);
    g_string_free(got, TRUE);
}

char *bench_pattern(size_t count)
{
    char *bytes = g_malloc(count);

    for (size_t i = 0; i < count; i++) {
        uint32_t mixed = (uint32_t)(i / 4) * 2654435761u;

        bytes[i] = (char)(mixed >> (i % 4 * 8));
    }
    return bytes;
}
