/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_output.c - numbers, texts longer than the buffer, and writes that fail. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tracedump/output.h"
#include "unit.h"

/* What has reached the descriptor. */
static char *read_back(int fd, size_t *out_length)
{
    off_t end = lseek(fd, 0, SEEK_END);
    char *text = g_malloc0((size_t)end + 1);

    assert_int_equal(pread(fd, text, (size_t)end, 0), end);
    *out_length = (size_t)end;
    return text;
}

static void test_numbers(void **state)
{
    static const char expected[] = "0|   42|123456|                    18446744073709551615|0x0|"
                                   "0xffffffffffffffff|";
    int fd = memfd_create("output", MFD_CLOEXEC);
    g_autofree char *text = NULL;
    struct output output;
    size_t length;

    (void)state;
    output_init(&output, fd);
    output_decimal(&output, 0, 0);
    output_char(&output, '|');
    output_decimal(&output, 42, 5);
    output_char(&output, '|');
    output_decimal(&output, 123456, 3);
    output_char(&output, '|');
    output_decimal(&output, UINT64_MAX, 40);
    output_char(&output, '|');
    output_hex(&output, 0);
    output_char(&output, '|');
    output_hex(&output, UINT64_MAX);
    output_char(&output, '|');
    output_spaces(&output, 70);
    output_fini(&output);
    text = read_back(fd, &length);
    assert_int_equal(length, sizeof(expected) - 1 + 70);
    assert_memory_equal(text, expected, sizeof(expected) - 1);
    assert_int_equal(strspn(text + sizeof(expected) - 1, " "), 70);
    close(fd);
}

static void test_long_texts(void **state)
{
    int fd = memfd_create("output", MFD_CLOEXEC);
    g_autofree char *large = g_strnfill(OUTPUT_BYTES + 1, 'x');
    g_autofree char *text = NULL;
    struct output output;
    size_t length;

    (void)state;
    output_init(&output, fd);
    output_text(&output, "begin");
    output_text(&output, large);
    output_text(&output, large);
    for (unsigned i = 0; i < OUTPUT_BYTES; i++) {
        output_text(&output, "ab");
    }
    output_text(&output, "end");
    output_fini(&output);
    text = read_back(fd, &length);
    assert_int_equal(length, 5 + 4 * OUTPUT_BYTES + 2 + 3);
    assert_memory_equal(text, "beginx", 6);
    assert_memory_equal(text + 5 + 2 * OUTPUT_BYTES + 1, "xabab", 5);
    assert_memory_equal(text + length - 5, "abend", 5);
    close(fd);
}

static void test_write_fails(void **state)
{
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    struct output output;

    (void)state;
    assert_true(fd >= 0);
    output_init(&output, fd);
    output_text(&output, "text");
    assert_int_equal(output.error, 0);
    output_flush(&output);
    assert_int_equal(output.error, ENOSPC);
    output_text(&output, "more");
    output_fini(&output);
    assert_int_equal(output.error, ENOSPC);
    close(fd);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_write_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
