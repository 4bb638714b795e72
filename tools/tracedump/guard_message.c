/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guard_message.c - messages between the two sides of a guarded source. */
#include "tracedump/guard_message.h"

#include <string.h>

#define HEAD_BYTES   5u
#define GROWTH_BYTES (1u << 20)

void guard_put_number(GByteArray *payload, uint64_t number)
{
    g_byte_array_append(payload, (const guint8 *)&number, sizeof(number));
}

void guard_put_text(GByteArray *payload, const char *text, size_t length)
{
    guard_put_number(payload, length);
    g_byte_array_append(payload, (const guint8 *)text, (guint)length);
}

bool guard_send(FILE *to, enum guard_message kind, const GByteArray *payload)
{
    uint8_t head[HEAD_BYTES] = { (uint8_t)kind };
    uint32_t length = payload == NULL ? 0 : payload->len;

    memcpy(head + 1, &length, sizeof(length));
    return fwrite(head, 1, sizeof(head), to) == sizeof(head) &&
           (length == 0 || fwrite(payload->data, 1, length, to) == length);
}

bool guard_receive(FILE *from, enum guard_message *out_kind, GByteArray *out_payload)
{
    uint8_t head[HEAD_BYTES];
    uint32_t length, got = 0;

    if (fread(head, 1, sizeof(head), from) != sizeof(head)) {
        return false;
    }
    memcpy(&length, head + 1, sizeof(length));
    g_byte_array_set_size(out_payload, 0);
    /* The buffer grows only as bytes arrive: a length that lies costs nothing. */
    while (got < length) {
        uint32_t step = MIN(length - got, GROWTH_BYTES);

        g_byte_array_set_size(out_payload, got + step);
        if (fread(out_payload->data + got, 1, step, from) != step) {
            return false;
        }
        got += step;
    }
    *out_kind = (enum guard_message)head[0];
    return true;
}

bool guard_take_number(struct cursor *cursor, uint64_t *out_number)
{
    const uint8_t *at = cursor_take(cursor, sizeof(*out_number));

    if (at != NULL) {
        memcpy(out_number, at, sizeof(*out_number));
    }
    return at != NULL;
}

bool guard_take_text(struct cursor *cursor, const char **out_text, uint32_t *out_length)
{
    uint64_t length;
    const uint8_t *at;

    if (!guard_take_number(cursor, &length) || length > UINT32_MAX) {
        return false;
    }
    at = cursor_take(cursor, (size_t)length);
    *out_text = (const char *)at;
    *out_length = (uint32_t)length;
    return at != NULL;
}
