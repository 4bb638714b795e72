/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_host_char_socket.c - servers and their clients on unix and TCP sockets, inherited ones. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "char_bench.h"
#include "host/host_thread.h"
#include "unit.h"

static int unix_socket(const char *path, bool server)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    if (server) {
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    } else {
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    }
    return fd;
}

static int tcp_client(unsigned port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* A unix server in the bench's folder, "OPTIONS" behind the path; the path is the caller's. */
static char *open_server(struct bench *bench, const char *options)
{
    char *path = bench_path(bench, "sock");
    g_autofree char *text = g_strdup_printf("unix:%s,%s", path, options);

    bench_open(bench, text);
    return path;
}

/* ---- unix servers ---- */

static void name_and_file_of_a_server(void **state)
{
    struct bench *bench = *state;
    g_autofree char *path = open_server(bench, "server=on,wait=off");
    g_autofree char *expected = g_strdup_printf("unix:%s,server=on", path);
    struct stat info;

    assert_string_equal(host_char_filename(bench->chr), expected);
    assert_false(host_char_is_connected(bench->chr));
    assert_int_equal(bench->opened, 0);
    assert_int_equal(lstat(path, &info), 0);
    assert_true(S_ISSOCK(info.st_mode));
    host_char_write(bench->chr, "nobody hears", 12);
    host_char_close(bench->chr);
    bench->chr = NULL;
    assert_int_equal(lstat(path, &info), -1);
}

static void clients_one_after_the_other(void **state)
{
    struct bench *bench = *state;
    g_autofree char *path = open_server(bench, "server,nowait");

    for (unsigned i = 1; i <= 3; i++) {
        int client = unix_socket(path, false);

        bench_run_until_opened(bench, i);
        host_char_write(bench->chr, "greeting", 8);
        bench_expect(client, "greeting");
        g_string_truncate(bench->input, 0);
        bench_say(client, "command");
        close(client);
        bench_run_until_closed(bench, i);
        assert_string_equal(bench->input->str, "command");
    }
}

static void second_client_waits(void **state)
{
    struct bench *bench = *state;
    g_autofree char *path = open_server(bench, "server=on,wait=off");
    int first = unix_socket(path, false);
    int second;

    bench_run_until_opened(bench, 1);
    second = unix_socket(path, false);
    bench_say(second, "two");
    bench_settle(bench);
    assert_int_equal(bench->opened, 1);
    assert_int_equal(bench->input->len, 0);
    host_char_disconnect(bench->chr); /* the server ends the first: the second's turn */
    bench_run_until_opened(bench, 2);
    assert_int_equal(bench->closed, 1);
    bench_run_until_read(bench, 3);
    close(first);
    close(second);
}

/* What a client leaves behind is read before its end, but not for ever: another one may want in. */
static void unread_client_gives_way(void **state)
{
    struct bench *bench = *state;
    g_autofree char *path = open_server(bench, "server=on,wait=off");
    int client;

    bench->room = 0;
    client = unix_socket(path, false);
    bench_run_until_opened(bench, 1);
    bench_say(client, "unread");
    close(client);
    bench_settle(bench);
    assert_int_equal(bench->closed, 0);
    bench->room = 2;
    host_char_accept_input(bench->chr);
    bench_run_until_read(bench, 2);
    bench_settle(bench);
    assert_int_equal(bench->closed, 0);
    client = unix_socket(path, false);
    bench_run_until_opened(bench, 2);
    assert_int_equal(bench->closed, 1);
    bench->room = SIZE_MAX;
    host_char_accept_input(bench->chr);
    bench_say(client, "fresh");
    bench_run_until_read(bench, 7);
    assert_string_equal(bench->input->str, "unfresh");
    close(client);
}

/* Nothing is left to read: the end is told although the frontend takes no input now. */
static void end_is_told_while_input_is_paused(void **state)
{
    struct bench *bench = *state;
    g_autofree char *path = open_server(bench, "server=on,wait=off");
    int client = unix_socket(path, false);

    bench->room = 1;
    bench_say(client, "a");
    bench_run_until_read(bench, 1);
    bench_say(client, "b");
    bench_settle(bench); /* asks can_read: 0 */
    bench->room = 1;
    host_char_accept_input(bench->chr);
    bench_run_until_read(bench, 2);
    bench_settle(bench);
    close(client);
    bench_run_until_closed(bench, 1);
}

static void stale_socket_is_replaced(void **state)
{
    struct bench *bench = *state;
    g_autofree char *path = bench_path(bench, "sock");
    int client;

    close(unix_socket(path, true));
    assert_int_equal(access(path, F_OK), 0);
    g_free(open_server(bench, "server=on,wait=off"));
    client = unix_socket(path, false);
    bench_run_until_opened(bench, 1);
    close(client);
}

static void other_files_are_not_replaced(void **state)
{
    struct bench *bench = *state;
    g_autofree char *path = bench_path(bench, "sock");
    g_autofree char *text = g_strdup_printf("unix:%s,server=on,wait=off", path);

    assert_true(g_file_set_contents(path, "precious", -1, NULL));
    bench_refuse(bench, text, "Failed to bind socket to", "Address already in use");
    assert_int_equal(access(path, F_OK), 0);
}

static void successor_keeps_its_socket(void **state)
{
    struct bench *bench = *state;
    g_autofree char *path = open_server(bench, "server=on,wait=off");
    struct bench successor = { .loop = bench->loop,
                               .directory = bench->directory,
                               .room = SIZE_MAX,
                               .wanted_input = SIZE_MAX,
                               .input = g_string_new(NULL) };

    g_free(open_server(&successor, "server=on,wait=off"));
    host_char_close(bench->chr);
    bench->chr = NULL;
    assert_int_equal(access(path, F_OK), 0);
    host_char_close(successor.chr);
    assert_int_equal(access(path, F_OK), -1);
    g_string_free(successor.input, TRUE);
}

static void paths_out_of_bounds(void **state)
{
    struct bench *bench = *state;
    g_autofree char *name = g_strnfill(108, 'x');
    g_autofree char *text = g_strdup_printf("unix:%s,server=on,wait=off", name);
    g_autofree char *path = NULL;

    bench_refuse(bench, text, "is too long: it has 108 bytes", "expected 1 to 107");
    bench_refuse(bench, "unix:", "a socket needs either path", "or fd");
    bench_refuse(bench, "unix:,server=on,wait=off", "is too short", "expected 1 to 107");
    bench_refuse(bench, "unix:/nowhere/sock,server=on,wait=off", "'/nowhere/sock'",
                 "No such file or directory");
    /* The longest one is bound whole. */
    path = g_strdup_printf("%s/", bench->directory);
    name[107 - strlen(path)] = '\0';
    g_free(text);
    text = g_strdup_printf("unix:%s%s,server=on,wait=off", path, name);
    bench_open(bench, text);
    assert_int_equal(strlen(host_char_filename(bench->chr)),
                     strlen("unix:") + 107 + strlen(",server=on"));
}

struct late_client {
    const char *path;
    int fd;
};

static void connect_late(void *opaque)
{
    struct late_client *late = opaque;

    while (access(late->path, F_OK) != 0) {
        g_thread_yield();
    }
    g_usleep(2000); /* more likely after the server has begun to wait; right either way */
    late->fd = unix_socket(late->path, false);
}

static void server_waits_for_its_first_client(void **state)
{
    struct bench *bench = *state;
    g_autofree char *path = bench_path(bench, "sock");
    struct late_client late = { path, -1 };
    struct host_thread *thread = host_thread_create("client", connect_late, &late, NULL);

    g_free(open_server(bench, "server=on"));
    assert_int_equal(bench->opened, 1); /* there already, so told at once */
    host_thread_join(thread);
    bench_say(late.fd, "in time");
    bench_run_until_read(bench, 7);
    close(late.fd);
}

/* Out of descriptors: the loop neither spins nor forgets the client. */
static void accept_without_descriptors(void **state)
{
    struct bench *bench = *state;
    g_autofree char *path = open_server(bench, "server=on,wait=off");
    int client = unix_socket(path, false);
    int next = dup(client);
    struct rlimit before, none;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    close(next);
    none = before;
    none.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    bench_settle(bench);
    assert_int_equal(bench->opened, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    bench_run_until_opened(bench, 1);
    close(client);
}

/* ---- unix clients ---- */

static void client_of_a_server(void **state)
{
    struct bench *bench = *state;
    g_autofree char *path = bench_path(bench, "sock");
    g_autofree char *text = g_strdup_printf("unix:%s", path);
    int listener, peer;

    bench_refuse(bench, text, path, "No such file or directory");
    listener = unix_socket(path, true);
    bench_refuse(bench, text, "Failed to connect to", "Connection refused");
    assert_int_equal(listen(listener, 1), 0);
    bench_open(bench, text);
    assert_string_equal(host_char_filename(bench->chr), text);
    assert_int_equal(bench->opened, 1);
    peer = accept(listener, NULL, NULL);
    host_char_write(bench->chr, "hello", 5);
    bench_expect(peer, "hello");
    close(peer);
    bench_run_until_closed(bench, 1);
    close(listener);
}

/* ---- TCP ---- */

static unsigned port_of(const struct bench *bench)
{
    const char *name = host_char_filename(bench->chr);

    assert_true(g_str_has_prefix(name, "tcp:127.0.0.1:"));
    assert_true(g_str_has_suffix(name, ",server=on"));
    return (unsigned)strtoul(name + strlen("tcp:127.0.0.1:"), NULL, 10);
}

static void tcp_server_names_its_port(void **state)
{
    struct bench *bench = *state;
    int client;

    bench_open(bench, "tcp:127.0.0.1:0,server=on,wait=off");
    assert_in_range(port_of(bench), 1, 65535);
    client = tcp_client(port_of(bench));
    bench_run_until_opened(bench, 1);
    bench_say(client, "over TCP");
    bench_run_until_read(bench, 8);
    host_char_write(bench->chr, "back", 4);
    bench_expect(client, "back");
    close(client);
    bench_run_until_closed(bench, 1);
}

/* SO_REUSEADDR: a port whose last connection is in TIME_WAIT can be bound again. */
static void tcp_port_is_free_again(void **state)
{
    struct bench *bench = *state;
    g_autofree char *text = NULL;
    int client;

    bench_open(bench, "tcp:localhost:0,server=on,wait=off,ipv4=on");
    text = g_strdup_printf("tcp:127.0.0.1:%u,server=on,wait=off", port_of(bench));
    client = tcp_client(port_of(bench));
    bench_run_until_opened(bench, 1);
    host_char_close(bench->chr); /* the server's end closes first: TIME_WAIT is here */
    close(client);
    bench_open(bench, text);
    bench_refuse(bench, text, "Failed to bind socket to '127.0.0.1:", "Address already in use");
}

static void tcp_reset_is_a_close(void **state)
{
    struct bench *bench = *state;
    struct linger at_once = { .l_onoff = 1 };
    int client;

    bench_open(bench, "tcp:127.0.0.1:0,server=on,wait=off");
    client = tcp_client(port_of(bench));
    bench_run_until_opened(bench, 1);
    assert_int_equal(setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    close(client);
    bench_run_until_closed(bench, 1);
}

static void tcp_client_and_ipv6(void **state)
{
    struct bench *bench = *state;
    struct bench server = { .loop = bench->loop,
                            .directory = bench->directory,
                            .room = SIZE_MAX,
                            .wanted_input = SIZE_MAX,
                            .input = g_string_new(NULL) };
    g_autofree char *text = NULL;
    const char *name;

    if (access("/proc/net/if_inet6", F_OK) != 0) {
        g_string_free(server.input, TRUE);
        skip(); /* a host without IPv6 */
    }
    bench_open(&server, "tcp:[::1]:0,server=on,wait=off");
    name = host_char_filename(server.chr);
    assert_true(g_str_has_prefix(name, "tcp:[::1]:"));
    text = g_strndup(name, strlen(name) - strlen(",server=on"));
    bench_open(bench, text);
    assert_string_equal(host_char_filename(bench->chr), text);
    bench_run_until_opened(&server, 1);
    host_char_write(bench->chr, "six", 3);
    bench_run_until_read(&server, 3);
    host_char_close(server.chr);
    bench_run_until_closed(bench, 1);
    g_string_free(server.input, TRUE);
}

static void tcp_addresses_that_are_none(void **state)
{
    struct bench *bench = *state;

    bench_refuse(bench, "tcp:localhost", "'tcp:localhost' has no port", "tcp:HOST:PORT");
    bench_refuse(bench, "tcp:", "has no port", "tcp:HOST:PORT");
    bench_refuse(bench, "tcp:127.0.0.1:65536,server=on,wait=off", "port '65536'", "0 to 65535");
    bench_refuse(bench, "tcp:127.0.0.1:,server=on,wait=off", "port ''", "0 to 65535");
    bench_refuse(bench, "tcp:127.0.0.1:-1,server=on,wait=off", "port '-1'", "0 to 65535");
    bench_refuse(bench, "tcp:999.1.1.1.invalid:1", "address resolution failed for",
                 "999.1.1.1.invalid:1");
    bench_refuse(bench, "tcp:127.0.0.1:1", "Failed to connect to '127.0.0.1:1'",
                 "Connection refused");
}

/* ---- inherited descriptors ---- */

/* As libvirt starts an emulator: bound and listening already. */
static void listening_descriptor(void **state)
{
    struct bench *bench = *state;
    g_autofree char *path = bench_path(bench, "sock");
    g_autofree char *name = g_strdup_printf("unix:%s,server=on", path);
    g_autofree char *options = NULL;
    int listener = unix_socket(path, true);
    int client;

    assert_int_equal(listen(listener, 1), 0);
    client = unix_socket(path, false); /* may well be there before the emulator */
    options = g_strdup_printf("socket,id=charmonitor,fd=%d,server=on,wait=off", listener);
    bench_open_json(bench, options);
    assert_string_equal(host_char_label(bench->chr), "charmonitor");
    assert_string_equal(host_char_filename(bench->chr), name);
    bench_run_until_opened(bench, 1);
    close(client);
    bench_run_until_closed(bench, 1);
    client = unix_socket(path, false);
    bench_run_until_opened(bench, 2);
    close(client);
    host_char_close(bench->chr);
    bench->chr = NULL;
    assert_int_equal(access(path, F_OK), 0); /* who bound it removes it */
    assert_int_equal(fcntl(listener, F_GETFD), -1);
}

static void connected_descriptor(void **state)
{
    struct bench *bench = *state;
    g_autofree char *json = NULL;
    g_autofree char *name = NULL;
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    json = g_strdup_printf(
        "{\"backend\": \"socket\", \"id\": \"c0\", \"fd\": %d, \"server\": false}", ends[0]);
    name = g_strdup_printf("fd:%d", ends[0]);
    bench_open_json(bench, json);
    assert_string_equal(host_char_filename(bench->chr), name);
    assert_int_equal(bench->opened, 1);
    assert_int_equal(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
    bench_say(ends[1], "here");
    bench_run_until_read(bench, 4);
    close(ends[1]);
    bench_run_until_closed(bench, 1);
}

static void descriptors_that_do_not_fit(void **state)
{
    struct bench *bench = *state;
    g_autofree char *path = bench_path(bench, "sock");
    int file = open("/dev/null", O_RDWR | O_CLOEXEC);
    int listener = unix_socket(path, true);
    char text[64];

    assert_int_equal(listen(listener, 1), 0);
    bench_refuse(bench, "fd:999", "file descriptor 999", "is not open");
    bench_refuse(bench, "fd:five", "'five' is no file descriptor", "expected its number");
    bench_refuse(bench, "fd:99999999999", "is no file descriptor", "99999999999");
    bench_refuse(bench, "fd:", "'' is no file descriptor", "expected its number");
    g_snprintf(text, sizeof(text), "socket,fd=%d", file);
    bench_refuse(bench, text, "file descriptor", "is no socket");
    g_snprintf(text, sizeof(text), "fd:%d,server=on", file);
    bench_refuse(bench, text, "file descriptor", "is no socket");
    g_snprintf(text, sizeof(text), "socket,fd=%d,server=off", listener);
    bench_refuse(bench, text, "listens for connections", "expected server=on");
    close(listener);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_snprintf(text, sizeof(text), "socket,fd=%d,server=on", listener);
    bench_refuse(bench, text, "does not listen", "expected server=off");
    close(listener);
    close(file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(name_and_file_of_a_server),
        TEST(clients_one_after_the_other),
        TEST(second_client_waits),
        TEST(unread_client_gives_way),
        TEST(end_is_told_while_input_is_paused),
        TEST(stale_socket_is_replaced),
        TEST(other_files_are_not_replaced),
        TEST(successor_keeps_its_socket),
        TEST(paths_out_of_bounds),
        TEST(server_waits_for_its_first_client),
        TEST(accept_without_descriptors),
        TEST(client_of_a_server),
        TEST(tcp_server_names_its_port),
        TEST(tcp_port_is_free_again),
        TEST(tcp_reset_is_a_close),
        TEST(tcp_client_and_ipv6),
        TEST(tcp_addresses_that_are_none),
        TEST(listening_descriptor),
        TEST(connected_descriptor),
        TEST(descriptors_that_do_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
