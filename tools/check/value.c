/* SPDX-License-Identifier: GPL-2.0-or-later */
/* value.c - compares, parses and prints what expressions compute with. */
#include "check/value.h"

#include <inttypes.h>
#include <string.h>

#include "tracedump/filter.h"

bool value_is_true(const struct check_value *value)
{
    switch (value->kind) {
    case VALUE_NUMBER: return value->number != 0;
    case VALUE_TEXT: return value->length > 0;
    case VALUE_EITHER:
    case VALUE_ANY: return true;
    case VALUE_NONE: break;
    }
    return false;
}

static int compare_texts(const struct check_value *a, const struct check_value *b)
{
    int order = memcmp(a->length > 0 ? a->text : "", b->length > 0 ? b->text : "",
                       MIN(a->length, b->length));

    return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

static bool is_number(const struct check_value *value)
{
    return value->kind == VALUE_NUMBER || value->kind == VALUE_EITHER;
}

static bool is_text(const struct check_value *value)
{
    return value->kind == VALUE_TEXT || value->kind == VALUE_EITHER;
}

bool value_compare(const struct check_value *a, const struct check_value *b, int *out_order)
{
    if (a->kind == VALUE_NONE || b->kind == VALUE_NONE) {
        return false;
    }
    if (a->kind == VALUE_ANY || b->kind == VALUE_ANY) {
        *out_order = 0;
    } else if (is_number(a) && is_number(b)) {
        *out_order = (a->number > b->number) - (a->number < b->number);
    } else if (is_text(a) && is_text(b)) {
        *out_order = compare_texts(a, b);
    } else {
        return false;
    }
    return true;
}

bool value_parse_number(const char *text, size_t length, uint64_t *out_number)
{
    struct filter_number number;

    if (!filter_parse_number(text, length, &number) || number.negative) {
        return false;
    }
    *out_number = number.magnitude;
    return true;
}

void value_print(GString *to, const struct check_value *value, bool hexadecimal)
{
    check_number number = value->number;

    switch (value->kind) {
    case VALUE_NONE: g_string_append(to, "nothing"); break;
    case VALUE_ANY: g_string_append_c(to, '*'); break;
    case VALUE_TEXT: {
        g_autofree char *copy = g_strndup(value->length > 0 ? value->text : "", value->length);
        g_autofree char *escaped = g_strescape(copy, NULL);

        g_string_append_printf(to, "\"%s\"", escaped);
        break;
    }
    case VALUE_NUMBER:
    case VALUE_EITHER:
        if (number < 0) {
            g_string_append_c(to, '-');
            number = -number;
        }
        if (number < 4096 && !hexadecimal) {
            g_string_append_printf(to, "%" PRIu64, (uint64_t)number);
        } else {
            g_string_append_printf(to, "0x%" PRIx64, (uint64_t)number);
        }
        break;
    }
}
