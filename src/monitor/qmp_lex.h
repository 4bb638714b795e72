/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qmp_lex.h - the bytes of a JSON text one by one: which may stand where, brackets, strings, words;
 * says when a value at the outermost level is complete (RFC 8259 sections 2 to 8).
 */
#ifndef REPLUG_MONITOR_QMP_LEX_H
#define REPLUG_MONITOR_QMP_LEX_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "monitor/qmp_parse.h"

enum qmp_lex_result {
    QMP_LEX_MORE,      /* the byte belongs to the message or the space before it */
    QMP_LEX_COMPLETE,  /* the byte ends a message */
    QMP_LEX_WORD_ENDS, /* the message was a bare word that ended before this byte: give it again */
    QMP_LEX_ERROR,     /* see error */
};

struct qmp_lex {
    enum {
        QMP_LEX_BETWEEN, /* no message has begun */
        QMP_LEX_INSIDE,
        QMP_LEX_WORD,
        QMP_LEX_STRING,
        QMP_LEX_ESCAPE,
        QMP_LEX_UNICODE,
    } state;

    char closers[QMP_MESSAGE_DEPTH_MAX];
    unsigned depth;
    unsigned values;  /* openers and commas */
    unsigned members; /* colons: each is one member of an object */
    GString *word;
    /* Inside a string. */
    uint32_t code;      /* of \uXXXX */
    unsigned digits;    /* still to come */
    bool high;          /* a high surrogate waits for its \uDC00 to \uDFFF */
    unsigned tail;      /* bytes still to come of a UTF-8 sequence */
    uint8_t tail_first; /* bounds of the next of them */
    uint8_t tail_last;
    char *error; /* owned */
};

void qmp_lex_init(struct qmp_lex *lex);
void qmp_lex_fini(struct qmp_lex *lex);
/* Back to the space between messages. */
void qmp_lex_reset(struct qmp_lex *lex);

enum qmp_lex_result qmp_lex_byte(struct qmp_lex *lex, uint8_t byte);

#endif
