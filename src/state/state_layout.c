/* SPDX-License-Identifier: GPL-2.0-or-later */
/* state_layout.c - descriptors to text, and two strings of bytes compared by such a text. */
#include "state/state_layout.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "state/state.h"

#define ELEMENT_BYTES_MAX 8u
#define COUNT_DIGITS_MAX  8u

static void append_fields(const struct state_desc *desc, const char *prefix, GString *out)
{
    for (uint32_t i = 0; i < desc->field_count; i++) {
        const struct state_field *field = &desc->fields[i];

        if (field->nested == NULL) {
            g_string_append_printf(out, " %s%s:%" PRIu32, prefix, field->name, field->element_size);
            if (field->count > 1) {
                g_string_append_printf(out, "*%" PRIu32, field->count);
            }
            continue;
        }
        for (uint32_t n = 0; n < field->count; n++) {
            g_autofree char *inner =
                field->count > 1 ? g_strdup_printf("%s%s[%" PRIu32 "].", prefix, field->name, n)
                                 : g_strdup_printf("%s%s.", prefix, field->name);

            append_fields(field->nested, inner, out);
        }
    }
}

void state_layout_append(const struct state_desc *desc, const char *path, GString *out)
{
    g_string_append(out, path);
    append_fields(desc, "", out);
    g_string_append_c(out, '\n');
}

/* ---- comparing ---- */

struct text {
    const char *at;
    const char *end;
};

struct piece {
    const char *at;
    size_t length;
};

struct comparison {
    const uint8_t *a, *b;
    size_t left; /* bytes of both */
    const char *const *labels;
    unsigned lines_max;
    unsigned differences;
    GString *out;
};

/* Up to one of the characters in ends, which stays. */
static struct piece take_until(struct text *text, const char *ends)
{
    struct piece piece = { text->at, 0 };

    while (text->at < text->end && strchr(ends, *text->at) == NULL) {
        text->at++;
    }
    piece.length = (size_t)(text->at - piece.at);
    return piece;
}

static bool take_char(struct text *text, char expected)
{
    if (text->at == text->end || *text->at != expected) {
        return false;
    }
    text->at++;
    return true;
}

static bool take_number(struct text *text, size_t *out)
{
    size_t number = 0, digits = 0;

    while (text->at < text->end && g_ascii_isdigit(*text->at) && digits < COUNT_DIGITS_MAX) {
        number = number * 10 + (size_t)(*text->at++ - '0');
        digits++;
    }
    *out = number;
    return digits > 0 && number > 0;
}

static void compare_field(struct comparison *comparison, struct piece path, struct piece name,
                          unsigned size, size_t count)
{
    for (size_t n = 0; n < count; n++) {
        uint64_t a = bytes_load_le(comparison->a + n * size, size);
        uint64_t b = bytes_load_le(comparison->b + n * size, size);

        if (a == b || comparison->differences++ >= comparison->lines_max) {
            continue;
        }
        g_string_append_len(comparison->out, path.at, (gssize)path.length);
        g_string_append_c(comparison->out, '.');
        g_string_append_len(comparison->out, name.at, (gssize)name.length);
        if (count > 1) {
            g_string_append_printf(comparison->out, "[%zu]", n);
        }
        g_string_append_printf(comparison->out, ": %s %0*" PRIx64 ", %s %0*" PRIx64 "\n",
                               comparison->labels[0], (int)size * 2, a, comparison->labels[1],
                               (int)size * 2, b);
    }
    comparison->a += count * size;
    comparison->b += count * size;
    comparison->left -= count * size;
}

/* False: the walk ends. */
static bool take_field(struct comparison *comparison, struct text *text, struct piece path)
{
    struct piece name = take_until(text, ": \n");
    size_t size, count = 1;

    if (!take_char(text, ':') || !take_number(text, &size) || size > ELEMENT_BYTES_MAX ||
        (take_char(text, '*') && !take_number(text, &count)) || count > comparison->left / size) {
        return false;
    }
    compare_field(comparison, path, name, (unsigned)size, count);
    return true;
}

unsigned state_layout_compare(GBytes *layout, GBytes *a, GBytes *b, const char *const labels[2],
                              unsigned lines_max, GString *out)
{
    gsize length, size_a, size_b;
    const char *chars = g_bytes_get_data(layout, &length);
    struct text text = { chars, chars + length };
    struct comparison comparison = { .labels = labels, .lines_max = lines_max, .out = out };

    comparison.a = g_bytes_get_data(a, &size_a);
    comparison.b = g_bytes_get_data(b, &size_b);
    comparison.left = MIN(size_a, size_b);
    while (text.at < text.end) {
        struct piece path = take_until(&text, " \n");

        while (take_char(&text, ' ')) {
            if (!take_field(&comparison, &text, path)) {
                return comparison.differences;
            }
        }
        if (!take_char(&text, '\n')) {
            break;
        }
    }
    return comparison.differences;
}
