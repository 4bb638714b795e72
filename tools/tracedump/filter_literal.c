/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter_literal.c - numbers with units, and how values and numbers compare. */
#include <string.h>

#include "tracedump/filter.h"

struct unit {
    const char *name;
    bool is_time;
    uint64_t factor;
};

static const struct unit units[] = {
    { "ns", true, 1 },
    { "us", true, 1000 },
    { "ms", true, 1000000 },
    { "s", true, 1000000000 },
    { "K", false, UINT64_C(1) << 10 },
    { "M", false, UINT64_C(1) << 20 },
    { "G", false, UINT64_C(1) << 30 },
    { "T", false, UINT64_C(1) << 40 },
};

static int digit_of(char character)
{
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    if (character >= 'a' && character <= 'f') {
        return character - 'a' + 10;
    }
    return character >= 'A' && character <= 'F' ? character - 'A' + 10 : 16;
}

/* How many characters were digits; 0 also when the number has more than 64 bits. */
static size_t take_digits(const char *text, size_t length, unsigned base, uint64_t *out_number)
{
    uint64_t number = 0;
    size_t at = 0;

    for (; at < length && digit_of(text[at]) < (int)base; at++) {
        if (__builtin_mul_overflow(number, base, &number) ||
            __builtin_add_overflow(number, (uint64_t)digit_of(text[at]), &number)) {
            return 0;
        }
    }
    *out_number = number;
    return at;
}

static const struct unit *find_unit(const char *text, size_t length)
{
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        if (strlen(units[i].name) == length && memcmp(units[i].name, text, length) == 0) {
            return &units[i];
        }
    }
    return NULL;
}

/* Adds ".DIGITS" of a unit, which must come out even: 1.5s, but not 0.5ns. */
static bool add_fraction(const char *digits, size_t count, uint64_t factor, uint64_t *number)
{
    uint64_t scale = factor;

    for (size_t i = 0; i < count; i++) {
        if (scale % 10 != 0) {
            if (digits[i] != '0') {
                return false;
            }
            continue;
        }
        scale /= 10;
        if (__builtin_add_overflow(*number, scale * (uint64_t)digit_of(digits[i]), number)) {
            return false;
        }
    }
    return true;
}

bool filter_parse_number(const char *text, size_t length, struct filter_number *out_number)
{
    struct filter_number number = { 0 };
    const struct unit *unit;
    size_t fraction = 0, count;
    unsigned base = 10;

    if (length > 0 && *text == '-') {
        number.negative = true;
        text++, length--;
    }
    if (length > 2 && text[0] == '0' && text[1] == 'x') {
        base = 16;
        text += 2, length -= 2;
    }
    count = take_digits(text, length, base, &number.magnitude);
    text += count, length -= count;
    if (count == 0) {
        return false;
    }
    while (base == 10 && length > 1 && *text == '.' && fraction + 1 < length &&
           digit_of(text[1 + fraction]) < 10) {
        fraction++;
    }
    count = fraction > 0 ? fraction + 1 : 0;
    if (length > count) {
        unit = base == 10 ? find_unit(text + count, length - count) : NULL;
        if (unit == NULL ||
            __builtin_mul_overflow(number.magnitude, unit->factor, &number.magnitude) ||
            !add_fraction(text + 1, fraction, unit->factor, &number.magnitude)) {
            return false;
        }
        number.is_time = unit->is_time;
    } else if (fraction > 0) {
        return false;
    }
    number.negative &= number.magnitude != 0;
    *out_number = number;
    return true;
}

int filter_compare_number(uint64_t value, bool is_signed, const struct filter_number *with)
{
    bool negative = is_signed && value >> 63 != 0;
    uint64_t magnitude = negative ? 0 - value : value;
    int order = magnitude < with->magnitude ? -1 : magnitude > with->magnitude;

    if (negative != with->negative) {
        return negative ? -1 : 1;
    }
    return negative ? -order : order;
}
