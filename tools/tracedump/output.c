/* SPDX-License-Identifier: GPL-2.0-or-later */
/* output.c - the buffer and how numbers and texts are written into it. */
#include "tracedump/output.h"

#include <errno.h>
#include <glib.h>
#include <unistd.h>

/* Of a uint64_t. */
#define DIGITS_MAX 20

void output_init(struct output *output, int fd)
{
    *output = (struct output){ .data = g_malloc(OUTPUT_BYTES), .fd = fd };
}

void output_fini(struct output *output)
{
    output_flush(output);
    g_free(output->data);
    output->data = NULL;
}

static void write_all(struct output *output, const char *data, size_t length)
{
    if (length > 0 && output->begins != NULL) {
        output->begins(output, output->opaque);
        output->begins = NULL;
    }
    while (length > 0 && output->error == 0) {
        ssize_t count = write(output->fd, data, length);

        if (count >= 0) {
            data += count;
            length -= (size_t)count;
        } else if (errno != EINTR) {
            output->error = errno;
        }
    }
}

void output_flush(struct output *output)
{
    write_all(output, output->data, output->length);
    output->length = 0;
}

void output_bytes(struct output *output, const char *text, size_t length)
{
    if (length > OUTPUT_BYTES - output->length) {
        output_flush(output);
        if (length > OUTPUT_BYTES) {
            write_all(output, text, length);
            return;
        }
    }
    memcpy(output->data + output->length, text, length);
    output->length += length;
}

void output_spaces(struct output *output, unsigned count)
{
    while (count > 0) {
        unsigned step = MIN(count, OUTPUT_WORD_BYTES);
        char *to = output_room(output, step);

        for (unsigned i = 0; i < step; i++) {
            to[i] = ' ';
        }
        output->length += step;
        count -= step;
    }
}

/* Writes the digits in front of end; how many there are. */
static unsigned put_decimal(char *end, uint64_t number)
{
    static const char pairs[] = "0001020304050607080910111213141516171819"
                                "2021222324252627282930313233343536373839"
                                "4041424344454647484950515253545556575859"
                                "6061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    char *at = end;

    while (number >= 100) {
        at -= 2;
        memcpy(at, pairs + 2 * (number % 100), 2);
        number /= 100;
    }
    if (number >= 10) {
        at -= 2;
        memcpy(at, pairs + 2 * number, 2);
    } else {
        *--at = (char)('0' + number);
    }
    return (unsigned)(end - at);
}

void output_decimal(struct output *output, uint64_t number, unsigned width)
{
    char digits[DIGITS_MAX];
    unsigned length = put_decimal(digits + DIGITS_MAX, number);
    char *to;

    if (width > length) {
        output_spaces(output, width - length);
    }
    to = output_room(output, DIGITS_MAX);
    for (const char *from = digits + DIGITS_MAX - length; from < digits + DIGITS_MAX; from++) {
        *to++ = *from;
    }
    output->length += length;
}

void output_signed(struct output *output, uint64_t number)
{
    if (number >> 63 != 0) {
        output_char(output, '-');
        number = 0 - number;
    }
    output_decimal(output, number, 0);
}

void output_hex(struct output *output, uint64_t number)
{
    char digits[18];
    char *at = digits + sizeof(digits);

    do {
        *--at = "0123456789abcdef"[number & 15];
        number >>= 4;
    } while (number > 0);
    *--at = 'x';
    *--at = '0';
    output_bytes(output, at, (size_t)(digits + sizeof(digits) - at));
}

static void output_escape(struct output *output, unsigned char byte)
{
    static const char plain[] = "\"\\\a\b\f\n\r\t\v";
    static const char names[] = "\"\\abfnrtv";
    const char *special = byte == '\0' ? NULL : strchr(plain, byte);
    char escape[4] = { '\\' };

    if (special != NULL) {
        escape[1] = names[special - plain];
        output_bytes(output, escape, 2);
        return;
    }
    /* Three octal digits always: a digit that follows can't change the meaning. */
    escape[1] = (char)('0' + (byte >> 6));
    escape[2] = (char)('0' + (byte >> 3 & 7));
    escape[3] = (char)('0' + (byte & 7));
    output_bytes(output, escape, 4);
}

/* How many bytes from the text's begin on form one character that a terminal may get as it is. */
static size_t printable_length(const char *text, size_t length, bool in_quotes)
{
    unsigned char byte = (unsigned char)*text;
    gunichar character;

    if (byte < 0x80) {
        return byte >= 0x20 && byte < 0x7f && !(in_quotes && (byte == '"' || byte == '\\'));
    }
    character = g_utf8_get_char_validated(text, (gssize)length);
    if (character > 0x10ffff || !g_unichar_isprint(character)) {
        return 0;
    }
    return (size_t)g_unichar_to_utf8(character, NULL);
}

/* ASCII that stands for itself everywhere. */
static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

static void output_printable(struct output *output, const char *text, size_t length, bool in_quotes)
{
    const char *end = text + length;
    const char *pending = text;

    while (text < end) {
        size_t printable;

        if (is_plain((unsigned char)*text)) { /* nearly all */
            text++;
            continue;
        }
        printable = printable_length(text, (size_t)(end - text), in_quotes);
        if (printable > 0) {
            text += printable;
            continue;
        }
        output_bytes(output, pending, (size_t)(text - pending));
        output_escape(output, (unsigned char)*text);
        pending = ++text;
    }
    output_bytes(output, pending, (size_t)(text - pending));
}

void output_escaped(struct output *output, const char *text, size_t length)
{
    output_printable(output, text, length, true);
}

void output_plain(struct output *output, const char *text, size_t length)
{
    output_printable(output, text, length, false);
}

void output_bytes_as_hex(struct output *output, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char digits[2] = { "0123456789abcdef"[bytes[i] >> 4], "0123456789abcdef"[bytes[i] & 15] };

        output_bytes(output, digits, sizeof(digits));
    }
}

void output_quoted(struct output *output, const char *text, size_t length)
{
    output_char(output, '"');
    output_escaped(output, text, length);
    output_char(output, '"');
}
