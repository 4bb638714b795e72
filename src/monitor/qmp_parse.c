/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qmp_parse.c - hands json-c the text of a message line by line, as the scanner marks it off.
 *
 * The tokener sees text only at a line's end and at the message's: places that the stream itself
 * determines, so the outcome does not depend on how it is cut into reads.
 */
#include "monitor/qmp_parse.h"

#include <glib.h>
#include <json-c/json.h>
#include <string.h>

#include "monitor/qmp_lex.h"

#define PARSER_RESTART 0xff

struct qmp_parser {
    struct qmp_parser_sink sink;
    struct qmp_lex lex;
    struct json_tokener *tokener;
    GByteArray *line;     /* what the tokener has not seen yet */
    size_t message_bytes; /* of the message so far, the line included */
    bool earlier_lines;   /* the message began on an earlier line */

    enum {
        NOT_SKIPPING,
        SKIPPING_CLOSERS, /* brackets that close nothing: one error for all */
        SKIPPING_LINE,
    } skipping;
};

struct qmp_parser *qmp_parser_create(const struct qmp_parser_sink *sink)
{
    struct qmp_parser *parser = g_new0(struct qmp_parser, 1);

    parser->sink = *sink;
    qmp_lex_init(&parser->lex);
    parser->tokener = json_tokener_new_ex(QMP_MESSAGE_DEPTH_MAX + 1);
    json_tokener_set_flags(parser->tokener,
                           JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
    parser->line = g_byte_array_new();
    return parser;
}

void qmp_parser_destroy(struct qmp_parser *parser)
{
    if (parser != NULL) {
        json_tokener_free(parser->tokener);
        qmp_lex_fini(&parser->lex);
        g_byte_array_unref(parser->line);
        g_free(parser);
    }
}

static void message_forget(struct qmp_parser *parser)
{
    qmp_lex_reset(&parser->lex);
    json_tokener_reset(parser->tokener);
    g_byte_array_set_size(parser->line, 0);
    parser->message_bytes = 0;
    parser->earlier_lines = false;
}

void qmp_parser_reset(struct qmp_parser *parser)
{
    message_forget(parser);
    parser->skipping = NOT_SKIPPING;
}

/* Forgets the message, then tells: the sink may reset the parser. */
static bool malformed(struct qmp_parser *parser, const char *text, bool skip)
{
    g_autofree char *copy = g_strdup(text);

    message_forget(parser);
    parser->skipping = skip ? SKIPPING_LINE : NOT_SKIPPING;
    return parser->sink.malformed(parser->sink.opaque, copy);
}

/* Members in the parsed value: json-c keeps the last of two with the same key. */
static unsigned members_count(const struct json_object *value)
{
    unsigned count = 0;

    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach((struct json_object *)value, key, member)
        {
            (void)key;
            count += 1 + members_count(member);
        }
    } else if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++) {
            count += members_count(json_object_array_get_idx(value, i));
        }
    }
    return count;
}

/* The line's text into the tokener; the value when that completes one. */
static struct json_object *tokener_take(struct qmp_parser *parser,
                                        enum json_tokener_error *out_reason)
{
    struct json_object *value = json_tokener_parse_ex(
        parser->tokener, (const char *)parser->line->data, (int)parser->line->len);

    *out_reason = json_tokener_get_error(parser->tokener);
    return value;
}

static bool malformed_structure(struct qmp_parser *parser, enum json_tokener_error reason)
{
    g_autofree char *text =
        g_strdup_printf("JSON parse error, %s", json_tokener_error_desc(reason));

    return malformed(parser, text, false);
}

static bool message_complete(struct qmp_parser *parser)
{
    enum json_tokener_error reason;
    struct json_object *value;
    unsigned members = parser->lex.members;
    bool more;

    g_byte_array_append(parser->line, (const guint8 *)"\n", 1); /* ends a bare word */
    value = tokener_take(parser, &reason);
    if (reason != json_tokener_success) {
        return malformed_structure(
            parser, reason == json_tokener_continue ? json_tokener_error_parse_eof : reason);
    }
    if (members_count(value) != members) {
        more = malformed(parser, "JSON parse error, duplicate key", false);
    } else {
        message_forget(parser);
        more = parser->sink.message(parser->sink.opaque, value);
    }
    json_object_put(value);
    return more;
}

/* The line's first byte that is no space; 0 when there is none. */
static uint8_t line_first_byte(const GByteArray *line)
{
    for (guint i = 0; i < line->len; i++) {
        if (!g_ascii_isspace((char)line->data[i])) {
            return line->data[i];
        }
    }
    return 0;
}

static bool parse_bytes(struct qmp_parser *parser, const uint8_t *bytes, size_t count);

/* The message goes on behind this line, if it is right so far. */
static bool line_ends(struct qmp_parser *parser)
{
    uint8_t first = line_first_byte(parser->line);
    enum json_tokener_error reason = json_tokener_continue;
    g_autoptr(GByteArray) again = NULL;

    if (first != 0) {
        json_object_put(tokener_take(parser, &reason));
    }
    if (reason == json_tokener_continue) {
        g_byte_array_set_size(parser->line, 0);
        parser->earlier_lines = true;
        return true;
    }
    if (parser->earlier_lines && first == '{') {
        again = g_byte_array_ref(parser->line);
        parser->line = g_byte_array_new();
    }
    return malformed_structure(parser, reason) &&
           (again == NULL || parse_bytes(parser, again->data, again->len));
}

static bool limit_is_kept(const struct qmp_parser *parser, const char **out_text)
{
    if (parser->message_bytes > QMP_MESSAGE_BYTES_MAX) {
        *out_text = "JSON message size limit exceeded";
        return false;
    }
    if (parser->lex.values > QMP_MESSAGE_VALUES_MAX) {
        *out_text = "JSON token count limit exceeded";
        return false;
    }
    return true;
}

static bool is_closer(uint8_t byte)
{
    return byte == '}' || byte == ']';
}

static bool parse_byte(struct qmp_parser *parser, uint8_t byte)
{
    enum qmp_lex_result result = qmp_lex_byte(&parser->lex, byte);
    const char *text;

    if (result == QMP_LEX_WORD_ENDS) {
        return message_complete(parser) && parse_byte(parser, byte);
    }
    if (result == QMP_LEX_ERROR) {
        bool closes_nothing = is_closer(byte) && parser->lex.state == QMP_LEX_BETWEEN;

        if (!malformed(parser, parser->lex.error, byte != '\n')) {
            return false;
        }
        parser->skipping = closes_nothing ? SKIPPING_CLOSERS : parser->skipping;
        return true;
    }
    if (parser->lex.state == QMP_LEX_BETWEEN) {
        return true; /* space */
    }
    g_byte_array_append(parser->line, &byte, 1);
    parser->message_bytes++;
    if (!limit_is_kept(parser, &text)) {
        return malformed(parser, text, byte != '\n');
    }
    if (result == QMP_LEX_COMPLETE) {
        return message_complete(parser);
    }
    return byte != '\n' || line_ends(parser);
}

/* Behind an error; ends the skipping where the next message may begin. */
static bool is_skipped(struct qmp_parser *parser, uint8_t byte)
{
    switch (parser->skipping) {
    case NOT_SKIPPING: return false;
    case SKIPPING_CLOSERS:
        if (is_closer(byte)) {
            return true;
        }
        parser->skipping = NOT_SKIPPING;
        return false;
    case SKIPPING_LINE: parser->skipping = byte != '\n' ? SKIPPING_LINE : NOT_SKIPPING; return true;
    }
    return false;
}

static bool parse_bytes(struct qmp_parser *parser, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == PARSER_RESTART) {
            if (!parser->skipping &&
                !malformed(parser, "JSON parse error, stray byte 0xff", false)) {
                return false;
            }
            qmp_parser_reset(parser);
        } else if (is_skipped(parser, bytes[i])) {
            continue;
        } else if (!parse_byte(parser, bytes[i])) {
            return false;
        }
    }
    return true;
}

void qmp_parser_feed(struct qmp_parser *parser, const uint8_t *bytes, size_t count)
{
    (void)parse_bytes(parser, bytes, count);
}
