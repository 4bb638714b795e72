/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec_lex.h - the words of one line of an expectation, and errors that show their place. */
#ifndef REPLUG_CHECK_SPEC_LEX_H
#define REPLUG_CHECK_SPEC_LEX_H

#include <glib.h>
#include <stdbool.h>

enum token_kind {
    TOKEN_END,
    TOKEN_WORD, /* names, globs and keywords */
    TOKEN_NUMBER,
    TOKEN_TEXT,
    TOKEN_VARIABLE,
    TOKEN_SIGN, /* one or two characters of punctuation */
};

struct token {
    enum token_kind kind;
    const char *at; /* in the line; the quotes of a text and the $ of a variable belong to it */
    size_t length;
};

struct lexer {
    const char *file;
    const char *line; /* begins at column 1 and ends with NUL */
    unsigned number;
    const char *at; /* behind the current token */
    struct token token;
    const char *end_of_last; /* end of the token before the current one */
    GError **error;
};

/* Makes the line's first token the current one; false on a character that means nothing. */
bool lexer_start(struct lexer *lexer, const char *file, const char *line, unsigned number,
                 GError **error);

/* Goes on to the next token. */
bool lexer_next(struct lexer *lexer);

/* The current token is this word or sign. */
bool lexer_is(const struct lexer *lexer, const char *text);

/* If the current token is this word or sign, goes on behind it. */
bool lexer_skip(struct lexer *lexer, const char *text);

/* The same for several words in a row, given with blanks between. */
bool lexer_skip_words(struct lexer *lexer, const char *words);

/* Sets an error at the current token; always false. */
bool lexer_fail(struct lexer *lexer, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Fails unless the current token is this one; goes on behind it. */
bool lexer_expect(struct lexer *lexer, const char *text);

/* The line must be over. */
bool lexer_expect_end(struct lexer *lexer);

/* The current token's text, without the $ of a variable; escapes of a text are resolved. */
char *token_text(const struct token *token);

#endif
