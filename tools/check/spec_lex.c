/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec_lex.c - takes a line apart. */
#include "check/spec_lex.h"

#include <stdarg.h>
#include <string.h>

#include "base/error.h"

static bool is_word(char c)
{
    return g_ascii_isalnum(c) || c == '_' || c == '*' || c == '?' || c == '-' || c == '.';
}

/* A - inside a word is a hyphen, else it is a minus or begins an arrow. */
static size_t word_length(const char *at)
{
    size_t length = 0;

    while (*at != '-' && is_word(at[length]) && !(at[length] == '-' && !is_word(at[length + 1]))) {
        length++;
    }
    return length;
}

static bool take_text(struct lexer *lexer, const char *at)
{
    const char *end = at + 1;

    while (*end != '"' && *end != '\0') {
        end += end[0] == '\\' && end[1] != '\0' ? 2 : 1;
    }
    lexer->token = (struct token){ TOKEN_TEXT, at, (size_t)(end - at) + 1 };
    if (*end == '\0') {
        lexer->token = (struct token){ TOKEN_SIGN, at, 1 }; /* no text: it has no end to take off */
        return lexer_fail(lexer, "a text ends with \"");
    }
    return true;
}

static bool take_sign(struct lexer *lexer, const char *at)
{
    static const char *const signs[] = { "->", "!=", "==", "<=", ">=", "!~", "(", ")", ",",
                                         "=",  "<",  ">",  "~",  "+",  "-",  "&", "|", ":" };

    for (size_t i = 0; i < G_N_ELEMENTS(signs); i++) {
        if (strncmp(at, signs[i], strlen(signs[i])) == 0) {
            lexer->token = (struct token){ TOKEN_SIGN, at, strlen(signs[i]) };
            return true;
        }
    }
    lexer->token = (struct token){ TOKEN_SIGN, at, 1 };
    return lexer_fail(lexer, "unexpected character");
}

bool lexer_next(struct lexer *lexer)
{
    const char *at = lexer->at;

    lexer->end_of_last = lexer->token.at == NULL ? at : lexer->token.at + lexer->token.length;
    at += strspn(at, " ");
    if (*at == '\0' || *at == '#') {
        lexer->token = (struct token){ TOKEN_END, at, 0 };
    } else if (*at == '"') {
        if (!take_text(lexer, at)) {
            return false;
        }
    } else if (*at == '$') {
        lexer->token = (struct token){ TOKEN_VARIABLE, at,
                                       1 + strspn(at + 1, "abcdefghijklmnopqrstuvwxyz"
                                                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                          "0123456789_") };
        if (lexer->token.length == 1) {
            return lexer_fail(lexer, "a variable's name follows $");
        }
    } else if (g_ascii_isdigit(*at)) {
        size_t length = 0;

        while (g_ascii_isalnum(at[length])) {
            length++;
        }
        lexer->token = (struct token){ TOKEN_NUMBER, at, length };
    } else if (word_length(at) > 0) {
        lexer->token = (struct token){ TOKEN_WORD, at, word_length(at) };
    } else if (!take_sign(lexer, at)) {
        return false;
    }
    lexer->at = lexer->token.at + lexer->token.length;
    return true;
}

bool lexer_start(struct lexer *lexer, const char *file, const char *line, unsigned number,
                 GError **error)
{
    *lexer =
        (struct lexer){ .file = file, .line = line, .number = number, .at = line, .error = error };
    return lexer_next(lexer);
}

bool lexer_is(const struct lexer *lexer, const char *text)
{
    const struct token *token = &lexer->token;

    return (token->kind == TOKEN_WORD || token->kind == TOKEN_SIGN) &&
           token->length == strlen(text) && memcmp(token->at, text, token->length) == 0;
}

bool lexer_skip(struct lexer *lexer, const char *text)
{
    return lexer_is(lexer, text) && lexer_next(lexer);
}

bool lexer_skip_words(struct lexer *lexer, const char *words)
{
    struct lexer before = *lexer;
    g_auto(GStrv) list = g_strsplit(words, " ", -1);

    for (char **word = list; *word != NULL; word++) {
        if (!lexer_skip(lexer, *word)) {
            *lexer = before;
            return false;
        }
    }
    return true;
}

bool lexer_fail(struct lexer *lexer, const char *format, ...)
{
    va_list arguments;
    g_autofree char *what = NULL;
    unsigned column = (unsigned)(lexer->token.at - lexer->line);

    if (lexer->error != NULL && *lexer->error != NULL) {
        return false;
    }
    va_start(arguments, format);
    what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(lexer->error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "%s:%u:%u: %s\n    %s\n    %*s^",
                lexer->file, lexer->number, column + 1, what, lexer->line, (int)column, "");
    return false;
}

bool lexer_expect(struct lexer *lexer, const char *text)
{
    if (!lexer_is(lexer, text)) {
        return lexer_fail(lexer, "'%s' was expected", text);
    }
    return lexer_next(lexer);
}

bool lexer_expect_end(struct lexer *lexer)
{
    return lexer->token.kind == TOKEN_END || lexer_fail(lexer, "the end of the line was expected");
}

char *token_text(const struct token *token)
{
    g_autofree char *inner = NULL;

    switch (token->kind) {
    case TOKEN_VARIABLE: return g_strndup(token->at + 1, token->length - 1);
    case TOKEN_TEXT:
        inner = g_strndup(token->at + 1, token->length - 2);
        return g_strcompress(inner);
    case TOKEN_END:
    case TOKEN_WORD:
    case TOKEN_NUMBER:
    case TOKEN_SIGN: break;
    }
    return g_strndup(token->at, token->length);
}
