/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qmp_parse.h - a stream of bytes as JSON messages: any number a read, in any pieces.
 *
 * Messages may stand next to each other or between any white space, and a message may take several
 * lines. json-c reads the structure; what it lets pass is checked before (bytes, words, numbers,
 * escapes, UTF-8, duplicate keys). A malformed message gives one error:
 *   - wrong structure inside balanced brackets: reading goes on behind the closing bracket;
 *   - wrong structure noticed at a line's end: reading goes on with the next line, or with this one
 *     where it starts a new message, so that a message whose end is missing costs itself only;
 *   - brackets that close nothing: reading goes on behind them;
 *   - any other byte, word or string that JSON has not, a limit: reading goes on with the next line.
 * The byte 0xff makes a new start at once. The same bytes give the same messages and errors, however
 * they are cut into reads.
 */
#ifndef REPLUG_MONITOR_QMP_PARSE_H
#define REPLUG_MONITOR_QMP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QMP_MESSAGE_BYTES_MAX  (16u << 20)
#define QMP_MESSAGE_DEPTH_MAX  1024u
#define QMP_MESSAGE_VALUES_MAX (256u << 10) /* a value may cost some 400 bytes of memory */

struct json_object;
struct qmp_parser;

/*
 * Both return false to make qmp_parser_feed() drop the rest of its bytes. message is borrowed; NULL
 * is JSON's null. text is the error's description.
 */
struct qmp_parser_sink {
    bool (*message)(void *opaque, struct json_object *message);
    bool (*malformed)(void *opaque, const char *text);
    void *opaque;
};

struct qmp_parser *qmp_parser_create(const struct qmp_parser_sink *sink);
void qmp_parser_destroy(struct qmp_parser *parser); /* not from inside a sink */

void qmp_parser_feed(struct qmp_parser *parser, const uint8_t *bytes, size_t count);

/* Forgets a message that has only begun: the next bytes are another client's. */
void qmp_parser_reset(struct qmp_parser *parser);

#endif
