/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_console_script.c - scripts of console input: positions, escapes, pieces taken bit by bit, refused lines. */
#include <string.h>

#include "base/error.h"
#include "machine/console_script.h"
#include "unit.h"

static struct console_script *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    struct console_script *script = console_script_parse(text, strlen(text), &error);

    assert_null(error);
    assert_non_null(script);
    return script;
}

static void expect_piece(struct console_script *script, uint64_t icount, uint64_t ns,
                         const char *bytes)
{
    size_t count;
    const uint8_t *at;

    assert_true(console_script_icount(script) == icount);
    assert_true(console_script_ns(script) == ns);
    at = console_script_bytes(script, &count);
    assert_int_equal(count, strlen(bytes));
    assert_memory_equal(at, bytes, count);
    console_script_take(script, count);
}

static void expect_end(struct console_script *script)
{
    size_t count;

    assert_true(console_script_icount(script) == UINT64_MAX);
    assert_true(console_script_ns(script) == UINT64_MAX);
    assert_null(console_script_bytes(script, &count));
    assert_int_equal(count, 0);
    console_script_destroy(script);
}

static void test_positions(void **state)
{
    struct console_script *script = parse("# typed by hand\n"
                                          "0 a\n"
                                          "\n"
                                          "1500000000  two spaces\n"
                                          "7ns b\n8us c\n9ms d\n10s e");

    (void)state;
    expect_piece(script, 0, UINT64_MAX, "a");
    expect_piece(script, 1500000000, UINT64_MAX, " two spaces");
    expect_piece(script, UINT64_MAX, 7, "b");
    expect_piece(script, UINT64_MAX, 8000, "c");
    expect_piece(script, UINT64_MAX, 9000000, "d");
    expect_piece(script, UINT64_MAX, 10000000000, "e");
    expect_end(script);
    expect_end(parse(""));
}

static void test_escapes(void **state)
{
    struct console_script *script = parse("1 \\n\\r\\t\\\\\\x1b\\xfF#\n");

    (void)state;
    expect_piece(script, 1, UINT64_MAX, "\n\r\t\\\x1b\xff#");
    expect_end(script);
}

static void test_taken_bit_by_bit(void **state)
{
    struct console_script *script = parse("1 abc\n2 d\n");
    size_t count;

    (void)state;
    console_script_take(script, 0);
    console_script_take(script, 2);
    assert_int_equal(console_script_icount(script), 1);
    assert_int_equal(*console_script_bytes(script, &count), 'c');
    assert_int_equal(count, 1);
    console_script_take(script, 1);
    expect_piece(script, 2, UINT64_MAX, "d");
    expect_end(script);
}

static void expect_refused(const char *text, size_t size, const char *words)
{
    g_autoptr(GError) error = NULL;

    assert_null(console_script_parse(text, size, &error));
    assert_true(g_error_matches(error, REPLUG_ERROR, REPLUG_ERROR_INVALID));
    if (strstr(error->message, words) == NULL) {
        fail_msg("'%s' lacks '%s'", error->message, words);
    }
}

static void test_refused(void **state)
{
    static const char *const lines[] = { "x a",
                                         "-1 a",
                                         "1.5s a",
                                         "1h a",
                                         "1",
                                         "1 ",
                                         "1 \\q",
                                         "1 \\x1",
                                         "1 \\xg0",
                                         "1 a\\",
                                         " 1 a",
                                         "18446744073709551615 a",
                                         "18446744073709551614s a" };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *text = g_strdup_printf("1 fine\n%s\n", lines[i]);
        g_autofree char *words =
            g_strdup_printf("line 2 is '%s'; expected INSTRUCTION TEXT or TIME TEXT", lines[i]);

        expect_refused(text, strlen(text), words);
    }
    expect_refused("1 a\0b", 5, "line 1 is");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_positions),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_taken_bit_by_bit),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
