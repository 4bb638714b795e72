/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qmp_lex.c - the scanner in front of json-c, which alone would take single words such as NaN,
 * "1." and numbers beyond 64 bits. */
#include "monitor/qmp_lex.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define WORD_SHOWN_MAX 64u

void qmp_lex_init(struct qmp_lex *lex)
{
    memset(lex, 0, sizeof(*lex));
    lex->word = g_string_new(NULL);
}

void qmp_lex_fini(struct qmp_lex *lex)
{
    g_string_free(lex->word, TRUE);
    g_free(lex->error);
}

void qmp_lex_reset(struct qmp_lex *lex)
{
    lex->state = QMP_LEX_BETWEEN;
    lex->depth = lex->values = lex->members = 0;
    lex->tail = lex->digits = 0;
    lex->high = false;
    g_string_truncate(lex->word, 0);
}

static enum qmp_lex_result fail(struct qmp_lex *lex, char *text)
{
    g_free(lex->error);
    lex->error = text;
    return QMP_LEX_ERROR;
}

static enum qmp_lex_result stray(struct qmp_lex *lex, uint8_t byte)
{
    if (byte > ' ' && byte < 0x7f) {
        return fail(lex, g_strdup_printf("JSON parse error, stray '%c'", byte));
    }
    return fail(lex, g_strdup_printf("JSON parse error, stray byte 0x%02x", byte));
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static bool is_word_byte(uint8_t byte)
{
    return g_ascii_isalnum((char)byte) || byte == '+' || byte == '-' || byte == '.' || byte == '_';
}

/* RFC 8259 section 6; *out_integer: neither fraction nor exponent. */
static bool number_is_wellformed(const char *text, bool *out_integer)
{
    const char *at = text + (*text == '-');

    *out_integer = true;
    if (*at == '0') {
        at++;
    } else if (g_ascii_isdigit(*at)) {
        at += strspn(at, "0123456789");
    } else {
        return false;
    }
    if (*at == '.') {
        *out_integer = false;
        at++;
        if (!g_ascii_isdigit(*at)) {
            return false;
        }
        at += strspn(at, "0123456789");
    }
    if (*at == 'e' || *at == 'E') {
        *out_integer = false;
        at++;
        at += *at == '+' || *at == '-';
        if (!g_ascii_isdigit(*at)) {
            return false;
        }
        at += strspn(at, "0123456789");
    }
    return *at == '\0';
}

static bool number_is_in_range(const char *text, bool integer)
{
    errno = 0;
    if (!integer) {
        return isfinite(g_ascii_strtod(text, NULL));
    }
    if (text[0] == '-') {
        (void)g_ascii_strtoll(text, NULL, 10);
    } else {
        (void)g_ascii_strtoull(text, NULL, 10);
    }
    return errno == 0;
}

/* The word is true, false, null or a number that a 64-bit integer or a double can hold. */
static bool word_check(struct qmp_lex *lex)
{
    const char *word = lex->word->str;
    int shown = (int)MIN(lex->word->len, WORD_SHOWN_MAX);
    bool integer;

    if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0 || strcmp(word, "null") == 0) {
        return true;
    }
    if (g_ascii_isalpha(word[0]) || word[0] == '_') {
        (void)fail(lex, g_strdup_printf("JSON parse error, invalid keyword '%.*s'", shown, word));
        return false;
    }
    if (!number_is_wellformed(word, &integer)) {
        (void)fail(lex, g_strdup_printf("JSON parse error, stray '%.*s'", shown, word));
        return false;
    }
    if (!number_is_in_range(word, integer)) {
        (void)fail(lex,
                   g_strdup_printf("JSON parse error, number '%.*s' is out of range", shown, word));
        return false;
    }
    return true;
}

static enum qmp_lex_result open_bracket(struct qmp_lex *lex, uint8_t byte)
{
    if (lex->depth == QMP_MESSAGE_DEPTH_MAX) {
        return fail(lex, g_strdup("JSON nesting depth limit exceeded"));
    }
    lex->closers[lex->depth++] = byte == '{' ? '}' : ']';
    lex->state = QMP_LEX_INSIDE;
    lex->values++;
    return QMP_LEX_MORE;
}

static enum qmp_lex_result close_bracket(struct qmp_lex *lex, uint8_t byte)
{
    if (lex->depth == 0) {
        return fail(lex, g_strdup("JSON parse error, expecting value"));
    }
    if (lex->closers[lex->depth - 1] != (char)byte) {
        return fail(lex, g_strdup_printf("JSON parse error, expected '%c' and found '%c'",
                                         lex->closers[lex->depth - 1], byte));
    }
    lex->depth--;
    return lex->depth == 0 ? QMP_LEX_COMPLETE : QMP_LEX_MORE;
}

/* Outside of strings and words. */
static enum qmp_lex_result plain_byte(struct qmp_lex *lex, uint8_t byte)
{
    switch (byte) {
    case '{':
    case '[': return open_bracket(lex, byte);
    case '}':
    case ']': return close_bracket(lex, byte);
    case ',':
    case ':':
        if (lex->depth == 0) {
            return fail(lex, g_strdup("JSON parse error, expecting value"));
        }
        lex->values += byte == ',';
        lex->members += byte == ':';
        return QMP_LEX_MORE;
    case '"': lex->state = QMP_LEX_STRING; return QMP_LEX_MORE;
    default: break;
    }
    if (is_space(byte)) {
        return QMP_LEX_MORE;
    }
    if (!is_word_byte(byte)) {
        return stray(lex, byte);
    }
    lex->state = QMP_LEX_WORD;
    g_string_append_c(lex->word, (char)byte);
    return QMP_LEX_MORE;
}

static enum qmp_lex_result word_byte(struct qmp_lex *lex, uint8_t byte)
{
    if (is_word_byte(byte)) {
        g_string_append_c(lex->word, (char)byte);
        return QMP_LEX_MORE;
    }
    if (!word_check(lex)) {
        return QMP_LEX_ERROR;
    }
    g_string_truncate(lex->word, 0);
    if (lex->depth == 0) {
        return QMP_LEX_WORD_ENDS;
    }
    lex->state = QMP_LEX_INSIDE;
    return plain_byte(lex, byte);
}

/* Unicode 15.0 table 3-7: which bytes may start a sequence and what may follow them. */
static bool utf8_start(struct qmp_lex *lex, uint8_t byte)
{
    lex->tail_first = 0x80;
    lex->tail_last = 0xbf;
    if (byte >= 0xc2 && byte <= 0xdf) {
        lex->tail = 1;
    } else if (byte >= 0xe0 && byte <= 0xef) {
        lex->tail = 2;
        lex->tail_first = byte == 0xe0 ? 0xa0 : 0x80;
        lex->tail_last = byte == 0xed ? 0x9f : 0xbf;
    } else if (byte >= 0xf0 && byte <= 0xf4) {
        lex->tail = 3;
        lex->tail_first = byte == 0xf0 ? 0x90 : 0x80;
        lex->tail_last = byte == 0xf4 ? 0x8f : 0xbf;
    } else {
        return false;
    }
    return true;
}

static enum qmp_lex_result not_utf8(struct qmp_lex *lex, uint8_t byte)
{
    return fail(lex,
                g_strdup_printf("JSON parse error, stray byte 0x%02x in a string: no UTF-8", byte));
}

static enum qmp_lex_result lone_surrogate(struct qmp_lex *lex)
{
    return fail(lex, g_strdup("JSON parse error, half a surrogate pair is not a valid Unicode "
                              "character"));
}

static enum qmp_lex_result string_byte(struct qmp_lex *lex, uint8_t byte)
{
    if (lex->tail > 0) {
        if (byte < lex->tail_first || byte > lex->tail_last) {
            return not_utf8(lex, byte);
        }
        lex->tail--;
        lex->tail_first = 0x80;
        lex->tail_last = 0xbf;
        return QMP_LEX_MORE;
    }
    if (byte == '\\') {
        lex->state = QMP_LEX_ESCAPE;
        return QMP_LEX_MORE;
    }
    if (lex->high) {
        return lone_surrogate(lex);
    }
    if (byte == '"') {
        lex->state = QMP_LEX_INSIDE;
        return lex->depth == 0 ? QMP_LEX_COMPLETE : QMP_LEX_MORE;
    }
    if (byte < ' ') {
        return fail(lex, g_strdup_printf("JSON parse error, stray byte 0x%02x in a string", byte));
    }
    return byte < 0x80 || utf8_start(lex, byte) ? QMP_LEX_MORE : not_utf8(lex, byte);
}

static enum qmp_lex_result escape_byte(struct qmp_lex *lex, uint8_t byte)
{
    if (byte == 'u') {
        lex->state = QMP_LEX_UNICODE;
        lex->digits = 4;
        lex->code = 0;
        return QMP_LEX_MORE;
    }
    if (lex->high) {
        return lone_surrogate(lex);
    }
    if (byte == '\0' || strchr("\"\\/bfnrt", byte) == NULL) {
        return fail(lex, g_strdup_printf("JSON parse error, invalid escape sequence (byte 0x%02x "
                                         "after the backslash)",
                                         byte));
    }
    lex->state = QMP_LEX_STRING;
    return QMP_LEX_MORE;
}

static enum qmp_lex_result unicode_byte(struct qmp_lex *lex, uint8_t byte)
{
    bool low;

    if (!g_ascii_isxdigit((char)byte)) {
        return fail(lex, g_strdup("JSON parse error, \\u needs four hexadecimal digits"));
    }
    lex->code = lex->code << 4 | (uint32_t)g_ascii_xdigit_value((char)byte);
    if (--lex->digits > 0) {
        return QMP_LEX_MORE;
    }
    low = lex->code >= 0xdc00 && lex->code <= 0xdfff;
    if (low != lex->high) {
        return lone_surrogate(lex);
    }
    lex->high = lex->code >= 0xd800 && lex->code <= 0xdbff;
    if (lex->code == 0) { /* it would end the C string that every user of the value sees */
        return fail(lex, g_strdup("JSON parse error, \\u0000 in a string"));
    }
    lex->state = QMP_LEX_STRING;
    return QMP_LEX_MORE;
}

enum qmp_lex_result qmp_lex_byte(struct qmp_lex *lex, uint8_t byte)
{
    switch (lex->state) {
    case QMP_LEX_BETWEEN:
    case QMP_LEX_INSIDE: return plain_byte(lex, byte);
    case QMP_LEX_WORD: return word_byte(lex, byte);
    case QMP_LEX_STRING: return string_byte(lex, byte);
    case QMP_LEX_ESCAPE: return escape_byte(lex, byte);
    case QMP_LEX_UNICODE: return unicode_byte(lex, byte);
    }
    return QMP_LEX_ERROR;
}
