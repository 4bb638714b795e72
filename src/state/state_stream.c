/* SPDX-License-Identifier: GPL-2.0-or-later */
/* state_stream.c - puts and takes, each take checked against what is left. */
#include "state/state_stream.h"

#include <string.h>

#include "base/bytes.h"
#include "base/invariant.h"

void state_put_32(GByteArray *out, uint32_t value)
{
    uint8_t bytes[4];

    bytes_store_le32(bytes, value);
    g_byte_array_append(out, bytes, sizeof(bytes));
}

void state_put_64(GByteArray *out, uint64_t value)
{
    uint8_t bytes[8];

    bytes_store_le64(bytes, value);
    g_byte_array_append(out, bytes, sizeof(bytes));
}

void state_put_text(GByteArray *out, const char *text)
{
    state_put_bytes(out, text, MIN(strlen(text), STATE_TEXT_BYTES_MAX));
}

void state_put_bytes(GByteArray *out, const void *bytes, size_t size)
{
    invariant(size <= UINT32_MAX);
    state_put_32(out, (uint32_t)size);
    g_byte_array_append(out, bytes, (guint)size);
}

void state_stream_init(struct state_stream *stream, const void *bytes, size_t size)
{
    *stream = (struct state_stream){ .at = bytes, .left = size };
}

/* NULL: they are not there. */
static const uint8_t *take(struct state_stream *stream, size_t size)
{
    const uint8_t *at = stream->at;

    if (stream->failed || size > stream->left) {
        stream->failed = true;
        return NULL;
    }
    stream->at += size;
    stream->left -= size;
    return at;
}

uint32_t state_take_32(struct state_stream *stream)
{
    const uint8_t *at = take(stream, 4);

    return at != NULL ? bytes_load_le32(at) : 0;
}

uint64_t state_take_64(struct state_stream *stream)
{
    const uint8_t *at = take(stream, 8);

    return at != NULL ? bytes_load_le64(at) : 0;
}

const uint8_t *state_take_bytes(struct state_stream *stream, size_t *out_size)
{
    uint32_t size = state_take_32(stream);
    const uint8_t *at = take(stream, size);

    *out_size = at != NULL ? size : 0;
    return at;
}

char *state_take_text(struct state_stream *stream)
{
    size_t size;
    const uint8_t *at = state_take_bytes(stream, &size);

    if (size > STATE_TEXT_BYTES_MAX || (size > 0 && memchr(at, 0, size) != NULL)) {
        stream->failed = true;
        size = 0;
    }
    return size > 0 ? g_strndup((const char *)at, size) : g_strdup("");
}

uint32_t state_take_count(struct state_stream *stream, size_t entry_bytes)
{
    uint32_t count = state_take_32(stream);

    if (count > stream->left / entry_bytes) {
        stream->failed = true;
        return 0;
    }
    return count;
}

bool state_stream_ok(const struct state_stream *stream)
{
    return !stream->failed && stream->left == 0;
}
