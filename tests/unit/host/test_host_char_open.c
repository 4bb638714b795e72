/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_host_char_open.c - files, pipes, pseudoterminals, stdio; options that are refused. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/options.h"
#include "char_bench.h"
#include "unit.h"

/* ---- files and pipes ---- */

static void expect_file(const char *path, const char *content)
{
    g_autofree char *found = NULL;

    assert_true(g_file_get_contents(path, &found, NULL, NULL));
    assert_string_equal(found, content);
}

static void write_and_close(struct bench *bench, const char *text)
{
    assert_string_equal(host_char_filename(bench->chr), "file");
    assert_int_equal(bench->opened, 1);
    host_char_write(bench->chr, text, strlen(text));
    host_char_close(bench->chr);
    bench->chr = NULL;
    bench->opened = 0;
}

static void file_is_truncated_or_appended_to(void **state)
{
    struct bench *bench = *state;
    g_autofree char *path = bench_path(bench, "log");
    g_autofree char *text = g_strdup_printf("file:%s", path);
    g_autofree char *append = g_strdup_printf("file,id=f,path=%s,append=on", path);

    assert_true(g_file_set_contents(path, "something older and longer", -1, NULL));
    bench_open(bench, text);
    write_and_close(bench, "one ");
    bench_open_json(bench, append);
    write_and_close(bench, "two");
    expect_file(path, "one two");
}

static void file_with_a_comma(void **state)
{
    struct bench *bench = *state;
    g_autofree char *path = bench_path(bench, "a,b");
    g_autofree char *text = g_strdup_printf("file:%s", path);

    bench_open(bench, text);
    write_and_close(bench, "x");
    expect_file(path, "x");
}

static void file_that_cannot_be(void **state)
{
    struct bench *bench = *state;

    bench_refuse(bench, "file:/nowhere/log", "Could not open '/nowhere/log'",
                 "No such file or directory");
    bench_refuse(bench, "file:", "no filename given", "path=FILE");
    bench_refuse(bench, "file", "no filename given", "path=FILE");
}

/* A full disk costs the bytes, not the device. */
static void full_disk(void **state)
{
    struct bench *bench = *state;

    bench_open(bench, "file:/dev/full");
    host_char_write(bench->chr, "lost", 4);
    bench_settle(bench);
    assert_int_equal(bench->closed, 0);
    assert_true(host_char_is_connected(bench->chr));
}

static void named_pipes(void **state)
{
    struct bench *bench = *state;
    g_autofree char *base = bench_path(bench, "fifo");
    g_autofree char *path_in = g_strconcat(base, ".in", NULL);
    g_autofree char *path_out = g_strconcat(base, ".out", NULL);
    g_autofree char *text = g_strdup_printf("pipe:%s", base);
    int in, out;

    bench_refuse(bench, text, "Could not open", "No such file or directory");
    assert_int_equal(mkfifo(path_in, 0600), 0);
    assert_int_equal(mkfifo(path_out, 0600), 0);
    bench_open(bench, text);
    for (unsigned i = 1; i <= 2; i++) {
        in = open(path_in, O_WRONLY | O_CLOEXEC);
        bench_say(in, "x");
        close(in); /* no end: the next one may come */
        bench_run_until_read(bench, i);
    }
    bench_settle(bench);
    assert_int_equal(bench->closed, 0);
    out = open(path_out, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    host_char_write(bench->chr, "out", 3);
    bench_expect(out, "out");
    close(out);
}

/* ---- pseudoterminals ---- */

static void pty_carries_bytes_as_they_are(void **state)
{
    struct bench *bench = *state;
    const char *path;
    int user;

    bench_open_json(bench, "pty,id=charserial0");
    assert_string_equal(host_char_label(bench->chr), "charserial0");
    assert_true(g_str_has_prefix(host_char_filename(bench->chr), "pty:/dev/pts/"));
    path = host_char_filename(bench->chr) + strlen("pty:");
    host_char_write(bench->chr, "before anybody came\n", 20);
    for (unsigned i = 1; i <= 2; i++) { /* users come and go */
        user = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
        assert_true(user >= 0);
        if (i == 1) {
            bench_expect(user, "before anybody came\n");
        }
        bench_say(user, "\x03\r\n");
        bench_run_until_read(bench, 3 * i);
        host_char_write(bench->chr, "answer\n", 7);
        bench_expect(user, "answer\n"); /* no echo before it, no CR put in */
        close(user);
        bench_settle(bench);
    }
    assert_string_equal(bench->input->str, "\x03\r\n\x03\r\n");
    assert_int_equal(bench->closed, 0);
}

/* ---- standard input and output ---- */

struct streams {
    int input, output; /* the process's own, kept */
};

static struct streams replace_streams(int input, int output)
{
    struct streams streams;

    fflush(stdout);
    streams = (struct streams){ dup(STDIN_FILENO), dup(STDOUT_FILENO) };
    assert_int_equal(dup2(input, STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(dup2(output, STDOUT_FILENO), STDOUT_FILENO);
    return streams;
}

static void restore_streams(struct streams streams)
{
    dup2(streams.input, STDIN_FILENO);
    dup2(streams.output, STDOUT_FILENO);
    close(streams.input);
    close(streams.output);
}

static void stdio_on_pipes(void **state)
{
    struct bench *bench = *state;
    int in[2], out[2];
    struct streams streams;

    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    streams = replace_streams(in[0], out[1]);
    bench_open(bench, "mon:stdio");
    assert_string_equal(host_char_filename(bench->chr), "stdio");
    bench_say(in[1], "quit\n");
    bench_run_until_read(bench, 5);
    close(in[1]);
    bench_run_until_closed(bench, 1); /* no more input; output goes on */
    host_char_write(bench->chr, "last\n", 5);
    bench_expect(out[0], "last\n");
    bench_settle(bench);
    close(out[0]);
    host_char_write(bench->chr, "nobody\n", 7);
    bench_settle(bench);
    host_char_close(bench->chr);
    bench->chr = NULL;
    assert_int_equal(fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK, 0);
    assert_int_equal(fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK, 0);
    restore_streams(streams);
    close(in[0]);
    close(out[1]);
    assert_int_equal(bench->closed, 1);
    assert_string_equal(bench->input->str, "quit\n");
}

static void stdio_serves_one(void **state)
{
    struct bench *bench = *state;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    struct streams streams = replace_streams(null, null);

    bench_open(bench, "stdio");
    bench_refuse(bench, "stdio", "cannot use stdio", "by multiple character devices");
    host_char_close(bench->chr);
    bench_open(bench, "stdio"); /* free again */
    host_char_close(bench->chr);
    bench->chr = NULL;
    restore_streams(streams);
    close(null);
}

static void check_terminal(struct bench *bench, const char *text, int fd, bool signals)
{
    struct termios before, during, after;
    int flags = fcntl(fd, F_GETFL);

    assert_int_equal(tcgetattr(fd, &before), 0);
    assert_true((before.c_lflag & (ICANON | ECHO | ISIG)) == (ICANON | ECHO | ISIG));
    bench_open(bench, text);
    assert_int_equal(tcgetattr(fd, &during), 0);
    assert_int_equal(during.c_lflag & (ICANON | ECHO), 0);
    assert_int_equal((during.c_lflag & ISIG) != 0, signals);
    assert_int_equal(fcntl(fd, F_GETFL), flags | O_NONBLOCK);
    host_char_close(bench->chr);
    bench->chr = NULL;
    assert_int_equal(tcgetattr(fd, &after), 0);
    assert_int_equal(after.c_lflag, before.c_lflag);
    assert_int_equal(after.c_iflag, before.c_iflag);
    assert_int_equal(fcntl(fd, F_GETFL), flags);
}

static void stdio_on_a_terminal(void **state)
{
    struct bench *bench = *state;
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct streams streams;
    int slave;

    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    /* One open file for both ways, as a shell gives it. */
    streams = replace_streams(slave, slave);
    check_terminal(bench, "stdio", slave, true);
    check_terminal(bench, "stdio,signal=off", slave, false);
    restore_streams(streams);
    close(slave);
    close(master);
}

/* ---- options ---- */

static void options_that_are_refused(void **state)
{
    struct bench *bench = *state;

    bench_refuse(bench, "telepathy", "'telepathy' is not a valid char driver name",
                 "socket, fd, file");
    bench_refuse(bench, "", "needs a backend", "socket");
    bench_refuse(bench, "id=x", "needs a backend", "");
    bench_refuse(bench, "null,speed=9600", "Invalid parameter 'speed'", "'null' knows only id");
    bench_refuse(bench, "unix:/tmp/x,server=on,reconnect=1", "Invalid parameter 'reconnect'",
                 "knows id path host port");
    bench_refuse(bench, "unix:/tmp/x,server=perhaps", "option 'server'", "'perhaps' is no switch");
    bench_refuse(bench, "unix:/tmp/x,wait=off",
                 "'wait' option is incompatible with socket in client mode", "server=on");
    bench_refuse(bench, "socket,path=/tmp/x,host=h,port=1", "either path, or host and port",
                 "or fd");
    bench_refuse(bench, "socket,host=h", "either path, or host and port", "or fd");
    bench_refuse(bench, "socket", "either path, or host and port", "or fd");
    bench_refuse(bench, "{\"backend\": \"null\", \"id\": {}}", "option 'id'", "no simple value");
    bench_refuse(bench, "{\"backend\": \"null\"", "JSON parse error", "");
    bench_refuse(bench, "{\"backend\": null}", "needs a backend", "");
}

static void json_types_and_strings(void **state)
{
    struct bench *bench = *state;

    bench_open(bench,
               "{\"backend\": \"socket\", \"id\": \"s\", \"host\": \"127.0.0.1\", \"port\": 0, "
               "\"server\": true, \"wait\": false}");
    assert_true(g_str_has_prefix(host_char_filename(bench->chr), "tcp:127.0.0.1:"));
    assert_string_equal(host_char_label(bench->chr), "s");
    host_char_close(bench->chr);
    bench_open(bench,
               "{\"backend\": \"socket\", \"host\": \"127.0.0.1\", \"port\": \"0\", "
               "\"server\": \"on\", \"wait\": \"off\", \"nodelay\": \"on\", \"path\": null}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(file_is_truncated_or_appended_to),
        TEST(file_with_a_comma),
        TEST(file_that_cannot_be),
        TEST(full_disk),
        TEST(named_pipes),
        TEST(pty_carries_bytes_as_they_are),
        TEST(stdio_on_pipes),
        TEST(stdio_serves_one),
        TEST(stdio_on_a_terminal),
        TEST(options_that_are_refused),
        TEST(json_types_and_strings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
