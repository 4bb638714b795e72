/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cursor.h - what is left of some bytes while they are taken apart; nothing is read behind them. */
#ifndef REPLUG_TRACEDUMP_CURSOR_H
#define REPLUG_TRACEDUMP_CURSOR_H

#include <stddef.h>
#include <stdint.h>

struct cursor {
    const uint8_t *at;
    size_t left;
};

/* The next size bytes; NULL when there are fewer. */
static inline const uint8_t *cursor_take(struct cursor *cursor, size_t size)
{
    const uint8_t *at = cursor->at;

    if (size > cursor->left) {
        return NULL;
    }
    cursor->at += size;
    cursor->left -= size;
    return at;
}

#endif
