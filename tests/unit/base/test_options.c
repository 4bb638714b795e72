/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_options.c - option strings, sizes and switches: what is accepted, what is refused. */
#include <json-c/json.h>

#include "base/options.h"
#include "unit.h"

static void expect(const char *text, const char *implied, const char *json)
{
    struct json_object *options = options_parse(text, implied, NULL);

    assert_non_null(options);
    assert_string_equal(json_object_to_json_string_ext(options, JSON_C_TO_STRING_PLAIN), json);
    json_object_put(options);
}

static void test_comma_syntax(void **state)
{
    (void)state;
    expect("pc-dimm,id=d0,memdev=m0", "driver",
           "{\"driver\":\"pc-dimm\",\"id\":\"d0\",\"memdev\":\"m0\"}");
    expect("a=1,,2,b", NULL, "{\"a\":\"1,2\",\"b\":\"on\"}");
    expect("a=1,a=2", NULL, "{\"a\":\"2\"}");
    expect("x=y=z", NULL, "{\"x\":\"y=z\"}");
}

static void test_json_syntax(void **state)
{
    (void)state;
    expect("{\"driver\":\"pc-dimm\",\"slot\":3}", NULL, "{\"driver\":\"pc-dimm\",\"slot\":3}");
}

static void test_refused(void **state)
{
    static const char *const bad[] = { "=1", "{", "{\"a\":1}x", "{\"a\":1", "a=1,=2" };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        assert_null(options_parse(bad[i], NULL, &error));
        assert_non_null(error);
    }
}

static void test_sizes(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = { { "512", 512ull << 20 },
                 { "4G", 4ull << 30 },
                 { "1.5k", 1536 },
                 { "524288k", 512u << 20 },
                 { "0", 0 } };

    static const char *const bad[] = { "",           "x",   "1x",
                                       "-1",         "16E", "20000000000000000000",
                                       "1.0000001k", "4GB" };
    uint64_t bytes = 7;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        assert_true(options_parse_size(good[i].text, 1 << 20, &bytes, NULL));
        assert_int_equal(bytes, good[i].bytes);
    }
    assert_true(options_parse_size("0x10b", 1, &bytes, NULL));
    assert_int_equal(bytes, 0x10b);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        assert_false(options_parse_size(bad[i], 1, &bytes, &error));
        assert_int_equal(bytes, 0x10b);
    }
}

static void test_switches(void **state)
{
    g_autoptr(GError) error = NULL;
    bool value = false;

    (void)state;
    assert_true(options_parse_bool("on", &value, NULL));
    assert_true(value);
    assert_true(options_parse_bool("false", &value, NULL));
    assert_false(value);
    assert_false(options_parse_bool("maybe", &value, &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comma_syntax), cmocka_unit_test(test_json_syntax),
        cmocka_unit_test(test_refused),      cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_switches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
