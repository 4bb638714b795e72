/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * output.h - text on its way to a file descriptor, in one buffer of fixed size.
 *
 * stdio and GString cost more per event than the rest of tracedump together.
 */
#ifndef REPLUG_TRACEDUMP_OUTPUT_H
#define REPLUG_TRACEDUMP_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define OUTPUT_BYTES      (256u << 10)
#define OUTPUT_WORD_BYTES 64u

struct output {
    char *data;
    size_t length;
    int fd;
    bool colour; /* escape sequences are wanted */
    int error;   /* errno of the write that failed, 0 = none; nothing is written after it */
    /* Called in front of the first write, and may set fd; NULL: nobody wants to know. */
    void (*begins)(struct output *output, void *opaque);
    void *opaque;
};

void output_init(struct output *output, int fd);

/* Writes what is left. */
void output_fini(struct output *output);

void output_flush(struct output *output);

/* Text of any length. */
void output_bytes(struct output *output, const char *text, size_t length);

/* Right-aligned to width characters. */
void output_decimal(struct output *output, uint64_t number, unsigned width);

/* number is two's complement */
void output_signed(struct output *output, uint64_t number);

void output_hex(struct output *output, uint64_t number);

/* Where the next so many bytes, at most OUTPUT_BYTES, may be put; the caller adds to length. */
static inline char *output_room(struct output *output, size_t size)
{
    if (OUTPUT_BYTES - output->length < size) {
        output_flush(output);
    }
    return output->data + output->length;
}

/* Best for a constant: its length and its copying are the compiler's. */
static inline void output_text(struct output *output, const char *text)
{
    size_t length = strlen(text);

    if (length > OUTPUT_WORD_BYTES) {
        output_bytes(output, text, length);
        return;
    }
    memcpy(output_room(output, OUTPUT_WORD_BYTES), text, length);
    output->length += length;
}

/* Best for the names of events and fields: for so short ones a loop is faster than strlen. */
static inline void output_name(struct output *output, const char *name)
{
    char *to = output_room(output, OUTPUT_WORD_BYTES), *end = to + OUTPUT_WORD_BYTES;

    while (*name != '\0' && to < end) {
        *to++ = *name++;
    }
    output->length = (size_t)(to - output->data);
    if (*name != '\0') {
        output_bytes(output, name, strlen(name));
    }
}

static inline void output_char(struct output *output, char character)
{
    *output_room(output, 1) = character;
    output->length++;
}

void output_spaces(struct output *output, unsigned count);

/* In double quotes and with C's escapes, so that a text of any bytes is one line. */
void output_quoted(struct output *output, const char *text, size_t length);

/* The same without the quotes. */
void output_escaped(struct output *output, const char *text, size_t length);

/* Only what is not printable is escaped: for JSON, which has quotes and backslashes of its own. */
void output_plain(struct output *output, const char *text, size_t length);

/* Two digits a byte: "01ff". */
void output_bytes_as_hex(struct output *output, const uint8_t *bytes, size_t length);

#endif
