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

#define OUTPUT_BYTES (256u << 10)

struct output {
    char *data;
    size_t length;
    int fd;
    int error; /* errno of the write that failed, 0 = none; nothing is written after it */
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

static inline void output_text(struct output *output, const char *text)
{
    output_bytes(output, text, strlen(text));
}

static inline void output_char(struct output *output, char character)
{
    output_bytes(output, &character, 1);
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
