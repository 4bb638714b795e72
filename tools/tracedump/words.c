/* SPDX-License-Identifier: GPL-2.0-or-later */
/* words.c - numbers, bytes and texts of any size in one line. */
#include "tracedump/words.h"

#include <glib.h>
#include <stdio.h>

#include "base/bytes.h"

#define BYTES_SHOWN  32u
#define TEXT_SHOWN   1024u
#define NUMBER_BYTES 8u

void words_text(struct words *words, const char *text)
{
    output_text(words->output, text);
}

void words_number(struct words *words, uint64_t number)
{
    output_decimal(words->output, number, 0);
}

void words_hex(struct words *words, uint64_t number)
{
    output_hex(words->output, number);
}

void words_count(struct words *words, uint64_t count, const char *noun)
{
    words_number(words, count);
    words_text(words, " ");
    words_text(words, noun);
    words_text(words, count == 1 ? "" : "s");
}

static size_t shown(const struct words *words, size_t size, size_t size_max)
{
    return words->full ? size : MIN(size, size_max);
}

/* The same for UTF-8: no character is cut in two. */
static size_t shown_text(const struct words *words, const uint8_t *bytes, size_t size)
{
    size_t count = shown(words, size, TEXT_SHOWN);

    while (count > 0 && count < size && (bytes[count] & 0xc0) == 0x80) {
        count--;
    }
    return count;
}

static void words_rest(struct words *words, size_t size, size_t shown_bytes)
{
    if (shown_bytes < size) {
        words_text(words, " ... (");
        words_count(words, size, "byte");
        words_text(words, ")");
    }
}

void words_bytes(struct words *words, const uint8_t *bytes, size_t size)
{
    size_t count = shown(words, size, BYTES_SHOWN);

    output_bytes_as_hex(words->output, bytes, count);
    words_rest(words, size, count);
}

void words_value(struct words *words, const uint8_t *bytes, size_t size)
{
    if (size == 0) {
        words_text(words, "nothing");
    } else if (size <= NUMBER_BYTES) {
        words_hex(words, bytes_load_le(bytes, (unsigned)size));
    } else {
        words_bytes(words, bytes, size);
    }
}

void words_json(struct words *words, const uint8_t *bytes, size_t size)
{
    size_t count = shown_text(words, bytes, size);

    output_plain(words->output, (const char *)bytes, count);
    words_rest(words, size, count);
}

void words_quoted(struct words *words, const uint8_t *bytes, size_t size)
{
    size_t count = shown_text(words, bytes, size);

    output_quoted(words->output, (const char *)bytes, count);
    words_rest(words, size, count);
}

void words_errno(struct words *words, int32_t number)
{
    const char *name = number > 0 ? strerrorname_np(number) : NULL;

    if (number == 0) {
        words_text(words, "ok");
    } else if (name != NULL) {
        words_text(words, name);
    } else {
        words_text(words, "error ");
        words_number(words, (uint32_t)number);
    }
}

void words_time(struct words *words, int64_t micros)
{
    int64_t seconds = micros / G_USEC_PER_SEC, rest = micros % G_USEC_PER_SEC;
    g_autoptr(GDateTime) time = NULL;
    g_autofree char *text = NULL;
    char fraction[24];

    if (rest < 0) {
        rest += G_USEC_PER_SEC;
        seconds--;
    }
    time = g_date_time_new_from_unix_utc(seconds);
    if (time == NULL) { /* beyond the year 9999 */
        words_text(words, "no date: ");
        words_hex(words, (uint64_t)micros);
        return;
    }
    text = g_date_time_format(time, "%Y-%m-%d %H:%M:%S");
    (void)snprintf(fraction, sizeof(fraction), ".%06u UTC", (unsigned)rest);
    words_text(words, text);
    words_text(words, fraction);
}
