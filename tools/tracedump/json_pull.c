/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json_pull.c - the reader of JSON in pieces (RFC 8259). */
#include "tracedump/json_pull.h"

#include <string.h>

void json_pull_init(struct json_pull *json, const char *text, size_t length)
{
    *json = (struct json_pull){ .at = text, .end = text + length, .first = true };
    if (!g_utf8_validate_len(text, length, NULL)) {
        json_fail(json, "it is not UTF-8, or holds a NUL");
    }
}

bool json_fail(struct json_pull *json, const char *problem)
{
    if (json->problem == NULL) {
        json->problem = problem;
    }
    json->at = json->end;
    return false;
}

/* The next character that is no blank; '\0' at the end. */
static char peek(struct json_pull *json)
{
    while (json->at < json->end && strchr(" \t\r\n", *json->at) != NULL) {
        json->at++;
    }
    if (json->at == json->end) {
        return '\0';
    }
    return *json->at;
}

static bool take(struct json_pull *json, char wanted, const char *problem)
{
    if (peek(json) != wanted) {
        return json_fail(json, problem);
    }
    json->at++;
    return true;
}

static bool enter(struct json_pull *json, char opening, const char *problem)
{
    if (!take(json, opening, problem)) {
        return false;
    }
    if (++json->depth > JSON_PULL_DEPTH_MAX) {
        return json_fail(json, "it is nested too deeply");
    }
    json->first = true;
    return true;
}

/* Before each element: takes the comma, or the bracket that closes the container. */
static bool next(struct json_pull *json, char closing)
{
    if (json->problem != NULL) {
        return false;
    }
    if (peek(json) == closing) {
        json->at++;
        json->depth--;
        json->first = false;
        return false;
    }
    if (!json->first && !take(json, ',', "a comma or a closing bracket is missing")) {
        return false;
    }
    json->first = false;
    return true;
}

bool json_enter_object(struct json_pull *json)
{
    return enter(json, '{', "an object is missing");
}

bool json_enter_array(struct json_pull *json)
{
    return enter(json, '[', "an array is missing");
}

bool json_next_key(struct json_pull *json, GString *out_key)
{
    return next(json, '}') && json_string(json, out_key) && take(json, ':', "a colon is missing");
}

bool json_next_element(struct json_pull *json)
{
    return next(json, ']');
}

/* Four hexadecimal digits. */
static bool read_hex4(struct json_pull *json, gunichar *out_unit)
{
    gunichar unit = 0;

    if (json->end - json->at < 4) {
        return json_fail(json, "a string has no end");
    }
    for (int i = 0; i < 4; i++) {
        int digit = g_ascii_xdigit_value(json->at[i]);

        if (digit < 0) {
            return json_fail(json, "a \\u escape has no four hexadecimal digits");
        }
        unit = unit << 4 | (gunichar)digit;
    }
    json->at += 4;
    *out_unit = unit;
    return true;
}

/* What follows \u: one UTF-16 unit, or a pair of surrogates. */
static bool read_unicode_escape(struct json_pull *json, GString *out_text)
{
    gunichar high = 0, low = 0;

    if (!read_hex4(json, &high)) {
        return false;
    }
    if (high >= 0xd800 && high < 0xdc00) {
        if (json->end - json->at < 2 || json->at[0] != '\\' || json->at[1] != 'u') {
            return json_fail(json, "half a surrogate pair stands alone");
        }
        json->at += 2;
        if (!read_hex4(json, &low) || low < 0xdc00 || low > 0xdfff) {
            return json_fail(json, "half a surrogate pair stands alone");
        }
        high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    }
    if (high == 0 || (high >= 0xd800 && high < 0xe000)) {
        return json_fail(json, "a \\u escape is no character");
    }
    g_string_append_unichar(out_text, high);
    return true;
}

static bool read_escape(struct json_pull *json, GString *out_text)
{
    static const char escapes[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const char *escape;

    if (json->at == json->end) {
        return json_fail(json, "a string has no end");
    }
    if (*json->at == 'u') {
        json->at++;
        return read_unicode_escape(json, out_text);
    }
    escape = strchr(escapes, *json->at);
    if (escape == NULL) {
        return json_fail(json, "an escape is unknown");
    }
    json->at++;
    g_string_append_c(out_text, meanings[escape - escapes]);
    return true;
}

bool json_string(struct json_pull *json, GString *out_text)
{
    if (!take(json, '"', "a string is missing")) {
        return false;
    }
    g_string_truncate(out_text, 0);
    while (json->at < json->end && *json->at != '"') {
        char character = *json->at++;

        if ((unsigned char)character < 0x20) {
            return json_fail(json, "a string holds a control character");
        }
        if (character != '\\') {
            g_string_append_c(out_text, character);
        } else if (!read_escape(json, out_text)) {
            return false;
        }
    }
    return take(json, '"', "a string has no end");
}

bool json_unsigned(struct json_pull *json, uint64_t *out_number)
{
    uint64_t number = 0;

    if (!g_ascii_isdigit(peek(json))) {
        return json_fail(json, "an unsigned number is missing");
    }
    while (json->at < json->end && g_ascii_isdigit(*json->at)) {
        unsigned digit = (unsigned)(*json->at - '0');

        if (number > (UINT64_MAX - digit) / 10) {
            return json_fail(json, "a number is too large");
        }
        number = number * 10 + digit;
        json->at++;
    }
    *out_number = number;
    return true;
}

/* A number, true, false or null, of which only the extent matters. */
static bool skip_word(struct json_pull *json)
{
    const char *begin = json->at;

    while (json->at < json->end &&
           (g_ascii_isalnum(*json->at) || strchr("+-.", *json->at) != NULL)) {
        json->at++;
    }
    return json->at > begin || json_fail(json, "a value is missing");
}

static bool skip_string(struct json_pull *json)
{
    g_autoptr(GString) unused = g_string_new(NULL);

    return json_string(json, unused);
}

bool json_skip(struct json_pull *json)
{
    switch (peek(json)) {
    case '"': return skip_string(json);
    case '{':
        if (json_enter_object(json)) {
            g_autoptr(GString) key = g_string_new(NULL);

            while (json_next_key(json, key) && json_skip(json)) {
            }
        }
        return json->problem == NULL;
    case '[':
        if (json_enter_array(json)) {
            while (json_next_element(json) && json_skip(json)) {
            }
        }
        return json->problem == NULL;
    default: return skip_word(json);
    }
}

bool json_finish(struct json_pull *json)
{
    if (json->problem == NULL && peek(json) != '\0') {
        json_fail(json, "something follows it");
    }
    return json->problem == NULL;
}
