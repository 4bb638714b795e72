/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_json_pull.c - what json_pull accepts, gives back and refuses. */
#include <string.h>

#include "tracedump/json_pull.h"
#include "unit.h"

static void assert_string(const char *text, const char *expected)
{
    g_autoptr(GString) string = g_string_new("before");
    struct json_pull json;

    json_pull_init(&json, text, strlen(text));
    assert_true(json_string(&json, string));
    assert_true(json_finish(&json));
    assert_string_equal(string->str, expected);
}

static void test_strings(void **state)
{
    (void)state;
    assert_string("\"\"", "");
    assert_string(" \"plain \xc3\xa9\" \n", "plain \xc3\xa9");
    assert_string("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t");
    assert_string("\"\\u0041\\u00e9\\u6F22\\ud83d\\ude00\"",
                  "A\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80");
}

static void test_bad_strings(void **state)
{
    static const char *const texts[] = { "",
                                         "\"",
                                         "\"\\",
                                         "\"\\u12",
                                         "\"\\u12\"",
                                         "\"\\u12g4\"",
                                         "\"\\x\"",
                                         "\"\n\"",
                                         "\"\\u0000\"",
                                         "\"\\ud83d\"",
                                         "\"\\ud83dx\"",
                                         "\"\\ud83d\\u0041\"",
                                         "\"\\ude00\"",
                                         "'a'",
                                         "\"\xff\"" };
    g_autoptr(GString) string = g_string_new(NULL);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        struct json_pull json;

        json_pull_init(&json, texts[i], strlen(texts[i]));
        assert_false(json_string(&json, string));
        assert_non_null(json.problem);
    }
}

static bool read_number(const char *text, uint64_t *out_number)
{
    struct json_pull json;

    json_pull_init(&json, text, strlen(text));
    return json_unsigned(&json, out_number) && json_finish(&json);
}

static void test_numbers(void **state)
{
    uint64_t number = 7;

    (void)state;
    assert_true(read_number(" 0 ", &number));
    assert_int_equal(number, 0);
    assert_true(read_number("18446744073709551615", &number));
    assert_int_equal(number, UINT64_MAX);
    assert_false(read_number("18446744073709551616", &number));
    assert_false(read_number("-1", &number));
    assert_false(read_number("1.5", &number));
    assert_false(read_number("x", &number));
    assert_int_equal(number, 1); /* Of "1.5", where what follows is wrong. */
}

static void test_containers(void **state)
{
    static const char text[] =
        "{ \"a\" : [1, 2 ,3], \"skip\": {\"x\": [[], {}, -1e5, null]},\"b\":[]}";
    g_autoptr(GString) key = g_string_new(NULL);
    g_autoptr(GString) seen = g_string_new(NULL);
    struct json_pull json;

    (void)state;
    json_pull_init(&json, text, sizeof(text) - 1);
    assert_true(json_enter_object(&json));
    while (json_next_key(&json, key)) {
        g_string_append_printf(seen, "%s:", key->str);
        if (strcmp(key->str, "skip") == 0) {
            assert_true(json_skip(&json));
            continue;
        }
        json_enter_array(&json);
        while (json_next_element(&json)) {
            uint64_t number;

            assert_true(json_unsigned(&json, &number));
            g_string_append_printf(seen, "%u,", (unsigned)number);
        }
    }
    assert_true(json_finish(&json));
    assert_string_equal(seen->str, "a:1,2,3,skip:b:");
}

static void assert_skip(const char *text, bool good)
{
    struct json_pull json;

    json_pull_init(&json, text, strlen(text));
    assert_int_equal(json_skip(&json) && json_finish(&json), good);
}

static void test_skip(void **state)
{
    g_autofree char *deep = g_strnfill(JSON_PULL_DEPTH_MAX, '[');
    g_autofree char *closing = g_strnfill(JSON_PULL_DEPTH_MAX, ']');
    g_autofree char *deepest = g_strconcat(deep, closing, NULL);
    g_autofree char *deeper = g_strconcat("[", deepest, "]", NULL);

    (void)state;
    assert_skip("{}", true);
    assert_skip("[true, false, null, \"a\", 1.5e+3]", true);
    assert_skip(deepest, true);
    assert_skip(deeper, false);
    assert_skip("[1 2]", false);
    assert_skip("[1,]", false);
    assert_skip("{\"a\" 1}", false);
    assert_skip("{\"a\": }", false);
    assert_skip("{1: 2}", false);
    assert_skip("[1}", false);
    assert_skip("[", false);
    assert_skip("{\"a\": 1", false);
    assert_skip("[] []", false);
}

/* After a failure nothing is read any more, and the first reason stays. */
static void test_failure_stays(void **state)
{
    g_autoptr(GString) string = g_string_new(NULL);
    struct json_pull json;
    uint64_t number;

    (void)state;
    json_pull_init(&json, "[1, 2]", 6);
    assert_false(json_fail(&json, "the reason"));
    assert_false(json_enter_array(&json));
    assert_false(json_next_element(&json));
    assert_false(json_unsigned(&json, &number));
    assert_false(json_string(&json, string));
    assert_false(json_skip(&json));
    assert_false(json_finish(&json));
    assert_string_equal(json.problem, "the reason");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings), cmocka_unit_test(test_bad_strings),
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_containers),
        cmocka_unit_test(test_skip),    cmocka_unit_test(test_failure_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
