/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * value.h - what expressions compute with: whole numbers of any sign, texts, and no value at all.
 *
 * A number is wider than any field, so that sums are exact: addresses at the end of the address
 * space need no care.
 */
#ifndef REPLUG_CHECK_VALUE_H
#define REPLUG_CHECK_VALUE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

__extension__ typedef __int128 check_number;

enum value_kind {
    VALUE_NONE, /* a field that the event doesn't have: no comparison with it holds */
    VALUE_NUMBER,
    VALUE_TEXT,
    VALUE_EITHER, /* a parameter that reads as a number: compares as what the other side is */
    VALUE_ANY,    /* a parameter "*": equal to everything */
};

struct check_value {
    enum value_kind kind;
    check_number number;
    const char *text; /* not ended by a NUL */
    uint32_t length;
};

static inline struct check_value value_number(check_number number)
{
    return (struct check_value){ .kind = VALUE_NUMBER, .number = number };
}

static inline struct check_value value_text(const char *text, uint32_t length)
{
    return (struct check_value){ .kind = VALUE_TEXT, .text = text, .length = length };
}

bool value_is_true(const struct check_value *value);

/* Both are numbers, or both are texts; out_order is below, equal to or above 0. */
bool value_compare(const struct check_value *a, const struct check_value *b, int *out_order);

/* From text, as a filter has it: 12, 0x1f, 20ms, 256M. */
bool value_parse_number(const char *text, size_t length, uint64_t *out_number);

/* For people: hexadecimal where it is asked for and from 4096 on; texts in quotes. */
void value_print(GString *to, const struct check_value *value, bool hexadecimal);

#endif
