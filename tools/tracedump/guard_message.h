/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guard_message.h - what the two sides of source_guard.c say to each other through a pipe.
 *
 * A message is a kind (1 byte), the length of its payload (4) and the payload. Both sides are the
 * same program, so numbers are the host's; but the sender may have been led astray by a hostile
 * trace, so the receiver checks all it gets.
 */
#ifndef REPLUG_TRACEDUMP_GUARD_MESSAGE_H
#define REPLUG_TRACEDUMP_GUARD_MESSAGE_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

#include "tracedump/cursor.h"

enum guard_message {
    GUARD_OPENED, /* the trace is open; or GUARD_REFUSED and why */
    GUARD_REFUSED,
    GUARD_SHAPE,  /* name, then type and name of each field; numbered 0, 1, 2 ... */
    GUARD_MODULE, /* index, path, build id */
    GUARD_EVENT,  /* number of its shape, context, values, frames */
    GUARD_NOTE,   /* a source_report */
    GUARD_LOST,   /* how many, whether more, then the report */
    GUARD_DAMAGE,
    GUARD_WAIT, /* a live session has nothing now */
    GUARD_END,
};

void guard_put_number(GByteArray *payload, uint64_t number);
void guard_put_text(GByteArray *payload, const char *text, size_t length);

bool guard_send(FILE *to, enum guard_message kind, const GByteArray *payload);

/* False: the sender is gone. */
bool guard_receive(FILE *from, enum guard_message *out_kind, GByteArray *out_payload);

bool guard_take_number(struct cursor *cursor, uint64_t *out_number);

/* Not ended by a NUL. */
bool guard_take_text(struct cursor *cursor, const char **out_text, uint32_t *out_length);

#endif
