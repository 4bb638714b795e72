/* SPDX-License-Identifier: GPL-2.0-or-later */
/* monitor_bench.c - see monitor_bench.h. */
#include "monitor_bench.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/host_char.h"
#include "host/host_loop.h"

struct monitor_bench *monitor_bench_create(const char *command_line)
{
    struct monitor_bench *bench = g_new0(struct monitor_bench, 1);

    bench->fixture = machine_fixture_create(command_line);
    assert_non_null(bench->fixture->machine);
    bench->directory = g_dir_make_tmp("replug-monitor-XXXXXX", NULL);
    assert_non_null(bench->directory);
    bench->monitors = monitors_create(bench->fixture->machine, bench->fixture->loop);
    return bench;
}

void monitor_bench_destroy(struct monitor_bench *bench)
{
    monitors_destroy(bench->monitors);
    machine_fixture_destroy(bench->fixture); /* closes the character devices: no file stays */
    g_rmdir(bench->directory);
    g_free(bench->directory);
    g_free(bench);
}

static char *socket_path(const struct monitor_bench *bench, unsigned monitor)
{
    return g_strdup_printf("%s/%u", bench->directory, monitor);
}

unsigned monitor_bench_add(struct monitor_bench *bench, enum monitor_mode mode)
{
    unsigned monitor = bench->monitor_count++;
    g_autofree char *path = socket_path(bench, monitor);
    g_autofree char *text = g_strdup_printf("unix:%s,server=on,wait=off", path);
    g_autofree char *label = g_strdup_printf("compat_monitor%u", monitor);
    struct host_char *chr = host_char_open_text(bench->fixture->loop, text, NULL);

    assert_non_null(chr);
    host_char_set_label(chr, label);
    assert_true(machine_add_chardev(bench->fixture->machine, chr, NULL));
    assert_non_null(machine_claim_chardev(bench->fixture->machine, label, NULL));
    monitors_add(bench->monitors, chr, mode, false);
    return monitor;
}

int monitor_bench_connect(struct monitor_bench *bench, unsigned monitor)
{
    g_autofree char *path = socket_path(bench, monitor);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(fd >= 0);
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

struct settling {
    struct host_loop *loop;
    bool settled;
};

static void end_loop(void *opaque)
{
    struct settling *settling = opaque;

    settling->settled = true;
    host_loop_quit(settling->loop);
}

void monitor_bench_settle(struct monitor_bench *bench)
{
    struct settling settling = { bench->fixture->loop, false };

    if (bench->loop_ended) {
        return;
    }
    host_loop_set_idle(bench->fixture->loop, 0, end_loop, &settling);
    host_loop_run(bench->fixture->loop);
    host_loop_set_idle(bench->fixture->loop, 0, NULL, NULL);
    bench->loop_ended = !settling.settled;
}

void monitor_bench_send(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* The digits behind key become one 0. */
static void hide_number(GString *text, const char *key)
{
    for (char *at = strstr(text->str, key); at != NULL; at = strstr(at, key)) {
        size_t position = (size_t)(at - text->str) + strlen(key);
        size_t digits = strspn(text->str + position, "0123456789");

        g_string_erase(text, (gssize)position, (gssize)digits);
        g_string_insert_c(text, (gssize)position, '0');
        at = text->str + position;
    }
}

char *monitor_bench_receive(struct monitor_bench *bench, int fd)
{
    GString *text = g_string_new(NULL);
    char buffer[65536];
    ssize_t count;

    do {
        monitor_bench_settle(bench);
        count = recv(fd, buffer, sizeof(buffer), 0);
        g_string_append_len(text, buffer, MAX(count, 0));
    } while (count > 0);
    hide_number(text, "\"seconds\": ");
    hide_number(text, "\"microseconds\": ");
    return g_string_free(text, FALSE);
}

void monitor_bench_check(struct monitor_bench *bench, int fd, const char *send,
                         const char *expected)
{
    g_autofree char *request = g_strdelimit(g_strdup(send), "'", '"');
    g_autofree char *reply = NULL;

    monitor_bench_send(fd, request);
    reply = g_strdelimit(monitor_bench_receive(bench, fd), "\"", '\'');
    assert_string_equal(reply, expected);
}

int monitor_bench_client(struct monitor_bench *bench, unsigned monitor)
{
    int fd = monitor_bench_connect(bench, monitor);
    g_autofree char *greeting = monitor_bench_receive(bench, fd);

    assert_true(g_str_has_prefix(greeting, "{\"QMP\": "));
    monitor_bench_check(bench, fd, "{'execute':'qmp_capabilities'}", "{'return': {}}\r\n");
    return fd;
}
