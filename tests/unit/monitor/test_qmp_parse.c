/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_qmp_parse.c - streams of bytes and the messages and errors they stand for, cut in every way. */
#include <glib.h>
#include <json-c/json.h>
#include <string.h>

#include "monitor/qmp_parse.h"
#include "monitor/qmp_print.h"
#include "unit.h"

struct heard {
    GString *log; /* "M text" and "E text", a line each */
    unsigned stop_after;
};

static bool goes_on(struct heard *heard)
{
    return heard->stop_after == 0 || --heard->stop_after > 0;
}

static bool on_message(void *opaque, struct json_object *message)
{
    struct heard *heard = opaque;

    g_string_append(heard->log, "M ");
    qmp_print(message, false, heard->log);
    g_string_append_c(heard->log, '\n');
    return goes_on(heard);
}

static bool on_malformed(void *opaque, const char *text)
{
    struct heard *heard = opaque;

    g_string_append_printf(heard->log, "E %s\n", text);
    return goes_on(heard);
}

static struct qmp_parser *parser_new(struct heard *heard)
{
    struct qmp_parser_sink sink = { on_message, on_malformed, heard };

    heard->log = g_string_new(NULL);
    return qmp_parser_create(&sink);
}

static void feed(struct qmp_parser *parser, const void *bytes, size_t count)
{
    /* A copy of its own, so that a sanitizer sees a read beyond the piece. */
    uint8_t *piece = g_memdup2(bytes, count);

    qmp_parser_feed(parser, piece, count);
    g_free(piece);
}

static const struct stream {
    const char *bytes;
    size_t count; /* 0 = a C string */
    const char *expected;
} streams[] = {
    { "{\"execute\":\"a\"}", 0, "M {\"execute\": \"a\"}\n" },
    { "{\"a\":1}{\"b\":2}\n\n \t{\"c\":3}\r\n", 0, "M {\"a\": 1}\nM {\"b\": 2}\nM {\"c\": 3}\n" },
    { "{\n \"a\" :\n [ 1 ,\r\n\n 2 ]\n}\n{}", 0, "M {\"a\": [1, 2]}\nM {}\n" },
    { "{\"a\":[true,false,null,-0.5e3,\"x\"]}", 0,
      "M {\"a\": [true, false, null, -500, \"x\"]}\n" },
    { "{'a':1}\n{}", 0, "E JSON parse error, stray '''\nM {}\n" },
    { "{\"a\":\"}{][,:'\\\"\\\\\"}", 0, "M {\"a\": \"}{][,:'\\\"\\\\\"}\n" },
    /* Values that are no objects are messages too: the caller refuses them. */
    { "5\n\"abc\"[1,2]null true\n", 0, "M 5\nM \"abc\"\nM [1, 2]\nM null\nM true\n" },
    { "1{}2 ", 0, "M 1\nM {}\nM 2\n" },
    /* Text. */
    { "{\"a\":\"\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e\"}", 0,
      "M {\"a\": \"\\u00E9\\u20AC\\uD834\\uDD1E\"}\n" },
    { "{\"a\":\"\\u00e9\\ud834\\udd1e\\n\\/\"}", 0, "M {\"a\": \"\\u00E9\\uD834\\uDD1E\\n/\"}\n" },
    { "{\"a\":\"\\ud834\"}\n{}", 0,
      "E JSON parse error, half a surrogate pair is not a valid Unicode character\nM {}\n" },
    { "{\"a\":\"\\udd1e\"}\n{}", 0,
      "E JSON parse error, half a surrogate pair is not a valid Unicode character\nM {}\n" },
    { "{\"a\":\"\\ud834\\n\"}\n{}", 0,
      "E JSON parse error, half a surrogate pair is not a valid Unicode character\nM {}\n" },
    { "{\"a\":\"\\u0000\"}\n{}", 0, "E JSON parse error, \\u0000 in a string\nM {}\n" },
    { "{\"a\":\"\\u00g0\"}\n{}", 0,
      "E JSON parse error, \\u needs four hexadecimal digits\nM {}\n" },
    { "{\"a\":\"\\x\"}\n{}", 0,
      "E JSON parse error, invalid escape sequence (byte 0x78 after the backslash)\nM {}\n" },
    { "{\"a\":\"\xc0\x80\"}\n{}", 0,
      "E JSON parse error, stray byte 0xc0 in a string: no UTF-8\nM {}\n" },
    { "{\"a\":\"\xed\xa0\x80\"}\n{}", 0,
      "E JSON parse error, stray byte 0xa0 in a string: no UTF-8\nM {}\n" },
    { "{\"a\":\"\xf4\x90\x80\x80\"}\n{}", 0,
      "E JSON parse error, stray byte 0x90 in a string: no UTF-8\nM {}\n" },
    { "{\"a\":\"\xc3\"}\n{}", 0,
      "E JSON parse error, stray byte 0x22 in a string: no UTF-8\nM {}\n" },
    { "{\"a\":\"b\nc\"}\n{}", 0,
      "E JSON parse error, stray byte 0x0a in a string\n"
      "E JSON parse error, invalid keyword 'c'\nM {}\n" },
    { "{\"a\0\":1}\n{}", 11, "E JSON parse error, stray byte 0x00 in a string\nM {}\n" },
    { "{\"a\":1\0}\n{}", 11, "E JSON parse error, stray byte 0x00\nM {}\n" },
    { "\f{}\n{}", 0, "E JSON parse error, stray byte 0x0c\nM {}\n" },
    { "\xc3\xa9 {}\n{}", 0, "E JSON parse error, stray byte 0xc3\nM {}\n" },
    /* Words and numbers. */
    { "{\"a\":18446744073709551615,\"b\":-9223372036854775808}", 0,
      "M {\"a\": 18446744073709551615, \"b\": -9223372036854775808}\n" },
    { "{\"a\":18446744073709551616}\n{}", 0,
      "E JSON parse error, number '18446744073709551616' is out of range\nM {}\n" },
    { "{\"a\":-9223372036854775809}\n{}", 0,
      "E JSON parse error, number '-9223372036854775809' is out of range\nM {}\n" },
    { "{\"a\":1e999}\n{}", 0, "E JSON parse error, number '1e999' is out of range\nM {}\n" },
    { "{\"a\":01}\n{}", 0, "E JSON parse error, stray '01'\nM {}\n" },
    { "{\"a\":1.}\n{}", 0, "E JSON parse error, stray '1.'\nM {}\n" },
    { "{\"a\":-}\n{}", 0, "E JSON parse error, stray '-'\nM {}\n" },
    { "{\"a\":+1}\n{}", 0, "E JSON parse error, stray '+1'\nM {}\n" },
    { "{\"a\":1e}\n{}", 0, "E JSON parse error, stray '1e'\nM {}\n" },
    { "{\"a\":NaN}\n{}", 0, "E JSON parse error, invalid keyword 'NaN'\nM {}\n" },
    { "{\"a\":-Infinity}\n{}", 0, "E JSON parse error, stray '-Infinity'\nM {}\n" },
    { "{\"a\":tru}\n{}", 0, "E JSON parse error, invalid keyword 'tru'\nM {}\n" },
    { "xyz\n{}", 0, "E JSON parse error, invalid keyword 'xyz'\nM {}\n" },
    { "/* c */\n{}", 0, "E JSON parse error, stray '/'\nM {}\n" },
    /* Structure: balanced, so what follows on the line is obeyed. */
    { "{\"a\":1,}{}", 0, "E JSON parse error, unexpected character\nM {}\n" },
    { "[1,]{}", 0, "E JSON parse error, unexpected character\nM {}\n" },
    { "{\"a\" 1}{}", 0, "E JSON parse error, object property name separator ':' expected\nM {}\n" },
    { "{\"a\":1 \"b\":2}{}", 0, "E JSON parse error, object value separator ',' expected\nM {}\n" },
    { "{1:2}{}", 0, "E JSON parse error, quoted object property name expected\nM {}\n" },
    { "{\"a\":1,\"a\":2}{}", 0, "E JSON parse error, duplicate key\nM {}\n" },
    { "{\"a\":{\"b\":[{\"c\":1,\"c\":1}]}}{}", 0, "E JSON parse error, duplicate key\nM {}\n" },
    { "{\"a\":1,\"\\u0061\":2}{}", 0, "E JSON parse error, duplicate key\nM {}\n" },
    /* Brackets that don't fit. */
    { "}{\"a\":1}\n{}", 0, "E JSON parse error, expecting value\nM {\"a\": 1}\nM {}\n" },
    { "]}}]\n]", 0, "E JSON parse error, expecting value\nE JSON parse error, expecting value\n" },
    { ",{}\n{}", 0, "E JSON parse error, expecting value\nM {}\n" },
    { "{\"a\":[}\n{}", 0, "E JSON parse error, expected ']' and found '}'\nM {}\n" },
    /* Truncated: the command behind it is obeyed, on its own line or with the next. */
    { "{\"a\":1\n{\"b\":2}\n{\"c\":3}\n", 0,
      "E JSON parse error, object value separator ',' expected\nM {\"b\": 2}\nM {\"c\": 3}\n" },
    { "{\"a\":\n{\"b\":2}\n{\"c\":3}\n", 0,
      "E JSON parse error, object value separator ',' expected\nM {\"c\": 3}\n" },
    { "{\"a\":1, x\n\"b\":2}\n{}\n", 0,
      "E JSON parse error, invalid keyword 'x'\nM \"b\"\nE JSON parse error, expecting value\n"
      "M {}\n" },
    { "{\"a\":1 2\n{}\n", 0, "E JSON parse error, object value separator ',' expected\nM {}\n" },
    /* 0xff: a new start at once. */
    { "{\"a\":1\xff{}\n", 0, "E JSON parse error, stray byte 0xff\nM {}\n" },
    { "}}}\xff{}\n", 0, "E JSON parse error, expecting value\nM {}\n" },
};

static void check_stream(const struct stream *stream, size_t first, size_t second)
{
    size_t count = stream->count != 0 ? stream->count : strlen(stream->bytes);
    struct heard heard = { NULL, 0 };
    struct qmp_parser *parser = parser_new(&heard);

    first = MIN(first, count);
    second = MAX(MIN(second, count), first);
    feed(parser, stream->bytes, first);
    feed(parser, stream->bytes + first, second - first);
    feed(parser, stream->bytes + second, count - second);
    assert_string_equal(heard.log->str, stream->expected);
    qmp_parser_destroy(parser);
    g_string_free(heard.log, TRUE);
}

static void test_streams_cut_in_every_way(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(streams); i++) {
        const struct stream *stream = &streams[i];
        size_t count = stream->count != 0 ? stream->count : strlen(stream->bytes);

        for (size_t first = 0; first <= count; first++) {
            for (size_t second = first; second <= count; second++) {
                check_stream(stream, first, second);
            }
        }
    }
}

static void test_streams_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(streams); i++) {
        const struct stream *stream = &streams[i];
        size_t count = stream->count != 0 ? stream->count : strlen(stream->bytes);
        struct heard heard = { NULL, 0 };
        struct qmp_parser *parser = parser_new(&heard);

        for (size_t at = 0; at < count; at++) {
            feed(parser, stream->bytes + at, 1);
        }
        assert_string_equal(heard.log->str, stream->expected);
        qmp_parser_destroy(parser);
        g_string_free(heard.log, TRUE);
    }
}

/* A stream of the table's with some bytes replaced, dropped or doubled. */
static GByteArray *mutated(GRand *random)
{
    static const char spice[] = "{}[]\",:\\u0e-. \n\xff\xc3\xa9t";
    GByteArray *bytes = g_byte_array_new();

    for (int i = g_rand_int_range(random, 1, 4); i > 0; i--) {
        const struct stream *stream = &streams[g_rand_int_range(random, 0, G_N_ELEMENTS(streams))];
        size_t count = stream->count != 0 ? stream->count : strlen(stream->bytes);

        for (size_t at = 0; at < count; at++) {
            uint8_t byte = (uint8_t)stream->bytes[at];
            int fate = g_rand_int_range(random, 0, 60);

            if (fate == 0) {
                byte = (uint8_t)spice[g_rand_int_range(random, 0, sizeof(spice) - 1)];
            }
            if (fate != 1) {
                g_byte_array_append(bytes, &byte, 1);
            }
            if (fate == 2) {
                g_byte_array_append(bytes, &byte, 1);
            }
        }
    }
    return bytes;
}

static char *outcome(const GByteArray *bytes, GRand *cuts)
{
    struct heard heard = { NULL, 0 };
    struct qmp_parser *parser = parser_new(&heard);
    guint at = 0;

    while (at < bytes->len) {
        guint count = cuts != NULL ? (guint)g_rand_int_range(cuts, 1, 9) : bytes->len;

        count = MIN(count, bytes->len - at);
        feed(parser, bytes->data + at, count);
        at += count;
    }
    /* Whatever came before: behind 0xff and a line end the parser is itself again. */
    feed(parser, "\xff\n{\"end\":1}", 11);
    assert_true(g_str_has_suffix(heard.log->str, "M {\"end\": 1}\n"));
    qmp_parser_destroy(parser);
    return g_string_free(heard.log, FALSE);
}

/* Any bytes, any cuts: the same outcome, and the parser recovers. */
static void test_random_streams(void **state)
{
    guint32 seed = 20240607;

    (void)state;
    for (unsigned i = 0; i < 20000; i++, seed++) {
        GRand *random = g_rand_new_with_seed(seed);
        GByteArray *bytes = mutated(random);
        g_autofree char *whole = outcome(bytes, NULL);
        g_autofree char *cut = outcome(bytes, random);

        if (strcmp(whole, cut) != 0) {
            fail_msg("seed %u: \"%s\" and \"%s\"", seed, whole, cut);
        }
        g_byte_array_unref(bytes);
        g_rand_free(random);
    }
}

static void feed_repeated(struct qmp_parser *parser, const char *text, size_t times)
{
    g_autoptr(GString) all = g_string_new(NULL);

    for (size_t i = 0; i < times; i++) {
        g_string_append(all, text);
    }
    qmp_parser_feed(parser, (const uint8_t *)all->str, all->len);
}

static void test_depth(void **state)
{
    struct heard heard = { NULL, 0 };
    struct qmp_parser *parser = parser_new(&heard);

    (void)state;
    feed_repeated(parser, "[", QMP_MESSAGE_DEPTH_MAX);
    feed_repeated(parser, "]", QMP_MESSAGE_DEPTH_MAX);
    assert_int_equal(heard.log->len, 2 + 2 * QMP_MESSAGE_DEPTH_MAX + 1);
    g_string_truncate(heard.log, 0);
    feed_repeated(parser, "[", QMP_MESSAGE_DEPTH_MAX + 1);
    assert_string_equal(heard.log->str, "E JSON nesting depth limit exceeded\n");
    feed_repeated(parser, "[{\"a\":", 100000);
    feed(parser, "\n{}", 3);
    assert_string_equal(heard.log->str, "E JSON nesting depth limit exceeded\nM {}\n");
    qmp_parser_destroy(parser);
    g_string_free(heard.log, TRUE);
}

static void test_size(void **state)
{
    struct heard heard = { NULL, 0 };
    struct qmp_parser *parser = parser_new(&heard);
    size_t filler = QMP_MESSAGE_BYTES_MAX - 4;

    (void)state;
    /* ["..."] of exactly the limit, then one byte more. */
    feed(parser, "[\"", 2);
    feed_repeated(parser, "x", filler);
    feed(parser, "\"]", 2);
    assert_int_equal(heard.log->len, 2 + QMP_MESSAGE_BYTES_MAX + 1);
    g_string_truncate(heard.log, 0);
    feed(parser, "[\"", 2);
    feed_repeated(parser, "x", filler + 1);
    feed(parser, "\"]", 2);
    assert_string_equal(heard.log->str, "E JSON message size limit exceeded\n");
    feed_repeated(parser, "xxxxxxxxxxxxxxxx", 1 << 20);
    feed(parser, "\n{}", 3);
    assert_string_equal(heard.log->str, "E JSON message size limit exceeded\nM {}\n");
    qmp_parser_destroy(parser);
    g_string_free(heard.log, TRUE);
}

static void test_value_count(void **state)
{
    struct heard heard = { NULL, 0 };
    struct qmp_parser *parser = parser_new(&heard);

    (void)state;
    feed(parser, "[", 1);
    feed_repeated(parser, "1,\n", QMP_MESSAGE_VALUES_MAX);
    assert_string_equal(heard.log->str, "E JSON token count limit exceeded\n");
    feed(parser, "\n{}", 3);
    assert_true(g_str_has_suffix(heard.log->str, "M {}\n"));
    qmp_parser_destroy(parser);
    g_string_free(heard.log, TRUE);
}

/* A client that goes away leaves half a message; the next one starts anew. */
static void test_reset(void **state)
{
    static const char *const halves[] = { "{\"a\":", "{\"a",        "{\"a\\", "{\"a\\u0",
                                          "tru",     "{\"a\":[[\n", "}",      "{\"\xc3" };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(halves); i++) {
        struct heard heard = { NULL, 0 };
        struct qmp_parser *parser = parser_new(&heard);

        feed(parser, halves[i], strlen(halves[i]));
        g_string_truncate(heard.log, 0);
        qmp_parser_reset(parser);
        feed(parser, "{\"b\":\"c\"}", 9);
        assert_string_equal(heard.log->str, "M {\"b\": \"c\"}\n");
        qmp_parser_destroy(parser);
        g_string_free(heard.log, TRUE);
    }
}

/* The sink ends the read: what is behind is dropped, a later read is not. */
static void test_sink_stops_the_read(void **state)
{
    struct heard heard = { NULL, 1 };
    struct qmp_parser *parser = parser_new(&heard);

    (void)state;
    feed(parser, "{\"a\":1}{\"b\":2}", 14);
    assert_string_equal(heard.log->str, "M {\"a\": 1}\n");
    feed(parser, "{\"c\":3}", 7);
    assert_string_equal(heard.log->str, "M {\"a\": 1}\nM {\"c\": 3}\n");
    qmp_parser_destroy(parser);
    g_string_free(heard.log, TRUE);
}

static void test_print_pretty(void **state)
{
    struct json_object *value = json_tokener_parse("{\"a\":[1,{\"b\":[]}],\"c\":{}}");
    g_autoptr(GString) text = g_string_new(NULL);

    (void)state;
    qmp_print(value, true, text);
    assert_string_equal(text->str, "{\r\n    \"a\": [\r\n        1,\r\n        {\r\n"
                                   "            \"b\": []\r\n        }\r\n    ],\r\n"
                                   "    \"c\": {}\r\n}");
    json_object_put(value);
}

static void test_print_what_is_no_utf8(void **state)
{
    struct json_object *value = json_object_new_string("a\xff\xc3(\x01\x7f");
    g_autoptr(GString) text = g_string_new(NULL);

    (void)state;
    qmp_print(value, false, text);
    assert_string_equal(text->str, "\"a\\uFFFD\\uFFFD(\\u0001\\u007F\"");
    json_object_put(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams_cut_in_every_way),
        cmocka_unit_test(test_streams_byte_by_byte),
        cmocka_unit_test(test_random_streams),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_value_count),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_sink_stops_the_read),
        cmocka_unit_test(test_print_pretty),
        cmocka_unit_test(test_print_what_is_no_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
