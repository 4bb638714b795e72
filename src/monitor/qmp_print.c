/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qmp_print.c - the writer of everything that goes to a QMP client. */
#include "monitor/qmp_print.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#define INDENT 4

static void print_unicode(gunichar code, GString *out)
{
    if (code >= 0x10000) {
        code -= 0x10000;
        g_string_append_printf(out, "\\u%04X\\u%04X", 0xd800 | code >> 10, 0xdc00 | (code & 0x3ff));
    } else {
        g_string_append_printf(out, "\\u%04X", code);
    }
}

/* Text from the host (a file name in an error) need not be UTF-8: what is not becomes U+FFFD. */
static const char *print_sequence(const char *at, const char *end, GString *out)
{
    gunichar code = g_utf8_get_char_validated(at, end - at);

    if (code == (gunichar)-1 || code == (gunichar)-2) {
        print_unicode(0xfffd, out);
        return at + 1;
    }
    print_unicode(code, out);
    return g_utf8_next_char(at);
}

static void print_string(const char *text, size_t length, GString *out)
{
    static const char short_escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    const char *end = text + length;

    g_string_append_c(out, '"');
    while (text < end) {
        const char *pair = NULL;

        for (const char *p = short_escapes; *p != '\0' && pair == NULL; p += 2) {
            pair = *p == *text ? p : NULL;
        }
        if (pair != NULL) {
            g_string_append_c(out, '\\');
            g_string_append_c(out, pair[1]);
            text++;
        } else if (*text >= ' ' && *text < 0x7f) {
            g_string_append_c(out, *text++);
        } else if ((guchar)*text < 0x80) {
            print_unicode((guchar)*text++, out);
        } else {
            text = print_sequence(text, end, out);
        }
    }
    g_string_append_c(out, '"');
}

static void print_double(double number, GString *out)
{
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append(out, g_ascii_formatd(buffer, sizeof(buffer), "%.17g", number));
}

static void line_break(bool pretty, unsigned level, GString *out)
{
    if (pretty) {
        g_string_append_printf(out, "\r\n%*s", (int)(level * INDENT), "");
    }
}

static void separator(bool pretty, bool first, GString *out)
{
    if (!first) {
        g_string_append(out, pretty ? "," : ", ");
    }
}

static void print_value(const struct json_object *value, bool pretty, unsigned level, GString *out);

static void print_object(const struct json_object *object, bool pretty, unsigned level,
                         GString *out)
{
    bool first = true;

    g_string_append_c(out, '{');
    json_object_object_foreach((struct json_object *)object, key, member)
    {
        separator(pretty, first, out);
        line_break(pretty, level + 1, out);
        print_string(key, strlen(key), out);
        g_string_append(out, ": ");
        print_value(member, pretty, level + 1, out);
        first = false;
    }
    if (!first) {
        line_break(pretty, level, out);
    }
    g_string_append_c(out, '}');
}

static void print_array(const struct json_object *array, bool pretty, unsigned level, GString *out)
{
    size_t count = json_object_array_length(array);

    g_string_append_c(out, '[');
    for (size_t i = 0; i < count; i++) {
        separator(pretty, i == 0, out);
        line_break(pretty, level + 1, out);
        print_value(json_object_array_get_idx(array, i), pretty, level + 1, out);
    }
    if (count > 0) {
        line_break(pretty, level, out);
    }
    g_string_append_c(out, ']');
}

static void print_integer(const struct json_object *value, GString *out)
{
    if (json_object_get_int64(value) < 0) {
        g_string_append_printf(out, "%" PRId64, json_object_get_int64(value));
    } else {
        g_string_append_printf(out, "%" PRIu64, json_object_get_uint64(value));
    }
}

static void print_value(const struct json_object *value, bool pretty, unsigned level, GString *out)
{
    switch (json_object_get_type(value)) {
    case json_type_null: g_string_append(out, "null"); return;
    case json_type_boolean:
        g_string_append(out, json_object_get_boolean(value) ? "true" : "false");
        return;
    case json_type_int: print_integer(value, out); return;
    case json_type_double: print_double(json_object_get_double(value), out); return;
    case json_type_string:
        print_string(json_object_get_string((struct json_object *)value),
                     (size_t)json_object_get_string_len(value), out);
        return;
    case json_type_array: print_array(value, pretty, level, out); return;
    case json_type_object: print_object(value, pretty, level, out); return;
    }
}

void qmp_print(const struct json_object *value, bool pretty, GString *out)
{
    print_value(value, pretty, 0, out);
}
