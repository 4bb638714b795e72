/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_hmp.c - lines of the human monitor against a table of commands that exist here only. */
#include <glib.h>

#include "monitor/monitor_internal.h"
#include "unit.h"

static void on_say(const struct hmp_call *call)
{
    g_string_append_printf(call->out, "[%s][%s]",
                           call->arguments[0] != NULL ? call->arguments[0] : "-",
                           call->arguments[1] != NULL ? call->arguments[1] : "-");
    for (unsigned i = 0; i < 26; i++) {
        if (call->flags[i]) {
            g_string_append_printf(call->out, "-%c", 'a' + (char)i);
        }
    }
}

static const struct hmp_command sub_commands[] = {
    { "plain", "", "nothing", .run = on_say },
    { "flags", "[-f][-a] [name]", "flags", .run = on_say, .flags = "fa", .optional = 1 },
    { .name = NULL },
};

static const struct hmp_command commands[] = {
    { "one", "device", "one argument", .run = on_say, .required = 1 },
    { "two|2", "a [b]", "one or two", .run = on_say, .required = 1, .optional = 1 },
    { "rest", "text", "the rest", .run = on_say, .required = 1, .rest_of_line = true },
    { "may", "[text]", "the rest or nothing", .run = on_say, .rest_of_line = true },
    { "info", "[sub]", "others", .sub = sub_commands },
    { .name = NULL },
};

static void check(const char *line, const char *expected)
{
    g_autoptr(GString) out = g_string_new(NULL);
    struct hmp_call call = { .out = out, .table = commands };

    hmp_execute(&call, line);
    assert_string_equal(out->str, expected);
}

static void test_arguments(void **state)
{
    (void)state;
    check("one x", "[x][-]");
    check("  one\t x  ", "[x][-]");
    check("one \"a b\"", "[a b][-]");
    check("one \"a\\\"b\\\\c\"", "[a\"b\\c][-]");
    check("one \"\"", "[][-]");
    check("two a", "[a][-]");
    check("2 a b", "[a][b]");
    check("rest  a,b=\"c d\" e ", "[a,b=\"c d\" e][-]");
    check("may", "[-][-]");
    check("info plain", "[-][-]");
    check("info flags", "[-][-]");
    check("info flags -f", "[-][-]-f");
    check("info flags -fa x", "[x][-]-a-f");
    check("info flags -f -a x", "[x][-]-a-f");
    check("info flags - x", "flags: extraneous characters at the end of line\n"
                            "Try \"help info flags\" for more information\n");
}

static void test_refusals(void **state)
{
    (void)state;
    check("", "");
    check(" \t ", "");
    check("foo", "unknown command: 'foo'\n");
    check("foo bar", "unknown command: 'foo'\n");
    check("info foo bar", "unknown command: 'info foo'\n");
    check("one", "one: string expected\nTry \"help one\" for more information\n");
    check("rest ", "rest: string expected\nTry \"help rest\" for more information\n");
    check("one a b", "one: extraneous characters at the end of line\n"
                     "Try \"help one\" for more information\n");
    check("one \"a", "one: unterminated string\nTry \"help one\" for more information\n");
    check("one \"a\\", "one: unterminated string\nTry \"help one\" for more information\n");
    check("info plain -x", "plain: extraneous characters at the end of line\n"
                           "Try \"help info plain\" for more information\n");
    check("info flags -z", "flags: unsupported option -z\n"
                           "Try \"help info flags\" for more information\n");
    check("info flags -f-", "flags: unsupported option --\n"
                            "Try \"help info flags\" for more information\n");
    check("one|two x", "unknown command: 'one|two'\n");
}

static void test_help(void **state)
{
    static const char info_help[] = "info plain  -- nothing\ninfo flags [-f][-a] [name] -- flags\n";
    g_autoptr(GString) out = g_string_new(NULL);

    (void)state;
    check("info", info_help);
    assert_true(hmp_print_help(commands, "info", out));
    assert_string_equal(out->str, info_help);
    g_string_truncate(out, 0);
    assert_true(hmp_print_help(commands, "info  flags", out));
    assert_string_equal(out->str, "info flags [-f][-a] [name] -- flags\n");
    g_string_truncate(out, 0);
    assert_true(hmp_print_help(commands, "2", out));
    assert_string_equal(out->str, "two|2 a [b] -- one or two\n");
    g_string_truncate(out, 0);
    assert_true(hmp_print_help(commands, NULL, out));
    assert_true(g_str_has_prefix(out->str, "one device -- one argument\n"));
    assert_true(g_str_has_suffix(out->str, "info [sub] -- others\n"));
    assert_false(hmp_print_help(commands, "nope", out));
    assert_false(hmp_print_help(commands, "info nope", out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_help),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
