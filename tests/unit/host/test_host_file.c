/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_host_file.c - whole files with their limit; pid files with their lock. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "host/host_file.h"
#include "unit.h"

static int setup(void **state)
{
    *state = g_dir_make_tmp("replug-file-XXXXXX", NULL);
    return *state == NULL;
}

static int teardown(void **state)
{
    g_autofree char *path = g_build_filename(*state, "file", NULL);

    g_unlink(path);
    g_rmdir(*state);
    g_free(*state);
    return 0;
}

static char *file_with(void **state, const void *bytes, size_t count)
{
    char *path = g_build_filename(*state, "file", NULL);

    assert_true(g_file_set_contents(path, bytes, (gssize)count, NULL));
    return path;
}

static void reads_all_bytes(void **state)
{
    static const char content[] = "with\0zero";
    g_autofree char *path = file_with(state, content, sizeof(content));
    g_autoptr(GBytes) bytes = host_file_read(path, sizeof(content), NULL);
    size_t count;
    const void *data;

    assert_non_null(bytes);
    data = g_bytes_get_data(bytes, &count);
    assert_int_equal(count, sizeof(content));
    assert_memory_equal(data, content, count);
}

static void reads_an_empty_file(void **state)
{
    g_autofree char *path = file_with(state, "", 0);
    g_autoptr(GBytes) bytes = host_file_read(path, 0, NULL);

    assert_non_null(bytes);
    assert_int_equal(g_bytes_get_size(bytes), 0);
}

static void reads_several_steps(void **state)
{
    size_t count = ((size_t)5 << 20) + 3;
    g_autofree char *content = g_malloc(count);
    g_autofree char *path = NULL;
    g_autoptr(GBytes) bytes = NULL;

    for (size_t i = 0; i < count; i++) {
        content[i] = (char)(i * 7 + i / 251);
    }
    path = file_with(state, content, count);
    bytes = host_file_read(path, SIZE_MAX, NULL);
    assert_non_null(bytes);
    assert_int_equal(g_bytes_get_size(bytes), count);
    assert_memory_equal(g_bytes_get_data(bytes, NULL), content, count);
}

static void too_large_names_both_sizes(void **state)
{
    g_autofree char *path = file_with(state, "0123456789", 10);
    g_autoptr(GError) error = NULL;

    assert_null(host_file_read(path, 9, &error));
    assert_true(g_error_matches(error, REPLUG_ERROR, REPLUG_ERROR_INVALID));
    assert_non_null(strstr(error->message, path));
    assert_non_null(strstr(error->message, "it has 10 bytes, at most 9 are accepted"));
}

/* No size is known before: the limit must hold all the same. */
static void endless_file_is_too_large(void **state)
{
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_null(host_file_read("/dev/zero", 3 << 20, &error));
    assert_non_null(strstr(error->message, "at least 3145729 bytes, at most 3145728 are accepted"));
}

static void missing_file(void **state)
{
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_null(host_file_read("/nowhere/kernel", 10, &error));
    assert_true(g_error_matches(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND));
    assert_string_equal(error->message, "cannot open '/nowhere/kernel': No such file or directory");
}

static void directory_is_no_file(void **state)
{
    g_autoptr(GError) error = NULL;

    assert_null(host_file_read(*state, SIZE_MAX, &error));
    assert_true(g_error_matches(error, REPLUG_ERROR, REPLUG_ERROR_IO));
    assert_non_null(strstr(error->message, "Is a directory"));
}

/* ---- pid files ---- */

static void pid_file_holds_the_pid(void **state)
{
    g_autofree char *path = file_with(state, "a longer text than any pid", 26);
    g_autofree char *expected = g_strdup_printf("%ld\n", (long)getpid());
    g_autofree char *content = NULL;
    int fd = -1;

    assert_true(host_file_write_pid(path, &fd, NULL));
    assert_true(fd >= 0);
    assert_true(g_file_get_contents(path, &content, NULL, NULL));
    assert_string_equal(content, expected);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    host_file_remove_pid(path, fd);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

/* In a process of its own; its exit status tells. */
static int second_emulator(const char *path)
{
    g_autofree char *holder = g_strdup_printf("process %ld holds it", (long)getppid());
    GError *error = NULL;
    int fd = -1;

    if (host_file_write_pid(path, &fd, &error)) {
        return 1;
    }
    return error->code != REPLUG_ERROR_BUSY || strstr(error->message, holder) == NULL ||
           strstr(error->message, path) == NULL || fd != -1;
}

static int status_of(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void second_emulator_is_refused(void **state)
{
    g_autofree char *path = g_build_filename(*state, "file", NULL);
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    g_autoptr(GError) error = NULL;
    int fd = -1, again = -1;
    pid_t pid;

    assert_true(host_file_write_pid(path, &fd, NULL));
    assert_true(g_file_get_contents(path, &before, NULL, NULL));
    pid = fork();
    if (pid == 0) {
        _exit(second_emulator(path));
    }
    assert_int_equal(status_of(pid), 0);
    assert_true(g_file_get_contents(path, &after, NULL, NULL));
    assert_string_equal(before, after);
    /* Within one process as well. */
    assert_false(host_file_write_pid(path, &again, &error));
    assert_non_null(strstr(error->message, "holds it"));
    host_file_remove_pid(path, fd);
}

static void pid_file_of_another_stays(void **state)
{
    g_autofree char *path = g_build_filename(*state, "file", NULL);
    int fd = -1;

    assert_true(host_file_write_pid(path, &fd, NULL));
    assert_int_equal(g_unlink(path), 0);
    g_free(file_with(state, "1\n", 2));
    host_file_remove_pid(path, fd);
    assert_int_equal(access(path, F_OK), 0);
    host_file_remove_pid(path, -1);
    assert_int_equal(access(path, F_OK), 0);
}

static void pid_file_that_cannot_be(void **state)
{
    g_autoptr(GError) error = NULL;
    int fd = -1;

    (void)state;
    assert_false(host_file_write_pid("/nowhere/pid", &fd, &error));
    assert_int_equal(fd, -1);
    assert_non_null(strstr(error->message, "'/nowhere/pid': No such file or directory"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(reads_all_bytes),
        TEST(reads_an_empty_file),
        TEST(reads_several_steps),
        TEST(too_large_names_both_sizes),
        TEST(endless_file_is_too_large),
        TEST(missing_file),
        TEST(directory_is_no_file),
        TEST(pid_file_holds_the_pid),
        TEST(second_emulator_is_refused),
        TEST(pid_file_of_another_stays),
        TEST(pid_file_that_cannot_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
