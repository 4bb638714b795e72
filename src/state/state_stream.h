/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * state_stream.h - numbers, texts and state structs one after the other, little-endian: what a checkpoint
 * is made of. Reading trusts nothing: after the first thing that is not there every answer is zero or
 * empty, and state_stream_ok() says so at the end.
 */
#ifndef REPLUG_STATE_STATE_STREAM_H
#define REPLUG_STATE_STATE_STREAM_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATE_TEXT_BYTES_MAX 65535u

/* ---- writing ---- */

void state_put_32(GByteArray *out, uint32_t value);
void state_put_64(GByteArray *out, uint64_t value);
/* At most STATE_TEXT_BYTES_MAX bytes of it. */
void state_put_text(GByteArray *out, const char *text);
/* Their number (4 bytes), then they. */
void state_put_bytes(GByteArray *out, const void *bytes, size_t size);

/* ---- reading ---- */

struct state_stream {
    const uint8_t *at;
    size_t left;
    bool failed;
};

void state_stream_init(struct state_stream *stream, const void *bytes, size_t size);
uint32_t state_take_32(struct state_stream *stream);
uint64_t state_take_64(struct state_stream *stream);
/* New, without a NUL in it; the caller's. */
char *state_take_text(struct state_stream *stream);
/* Borrowed from the stream's bytes. */
const uint8_t *state_take_bytes(struct state_stream *stream, size_t *out_size);
/* A number of things to follow, each of at least entry_bytes: more than there can be is a failure. */
uint32_t state_take_count(struct state_stream *stream, size_t entry_bytes);
/* Nothing was missing and nothing is left. */
bool state_stream_ok(const struct state_stream *stream);

#endif
