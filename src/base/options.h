/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options.h - option strings such as "pc-dimm,id=dimm0,memdev=ram0" as ordered key and value pairs.
 *
 * The grammar is QEMU's: pairs are separated by commas, ",," stands for a comma inside a value, the
 * first part may leave out its key (the implied key), and a bare word means word=on. Text that
 * starts with '{' is a JSON object instead.
 */
#ifndef REPLUG_BASE_OPTIONS_H
#define REPLUG_BASE_OPTIONS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct json_object;

/*
 * Parses text into a new JSON object (the caller's, json_object_put). Values of the comma form are
 * strings; a key given twice keeps the last value. implied_key may be NULL. Errors:
 * REPLUG_ERROR_INVALID with the offending part.
 */
struct json_object *options_parse(const char *text, const char *implied_key, GError **error);

/* The same, but each of these keys (NULL-terminated) has an array of all the values that it is given. */
struct json_object *options_parse_lists(const char *text, const char *implied_key,
                                        const char *const *lists, GError **error);

/* A value as text, borrowed; NULL = not given. JSON numbers and switches read as their text. */
const char *options_text(const struct json_object *options, const char *key);
/* A switch that may be left out: then *out_value is left as it is. Errors name the key. */
bool options_switch(const struct json_object *options, const char *key, bool *out_value,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* "512M", "4G", "1.5G" with binary suffixes b k M G T P E (either case); without one the unit is
 * unit bytes. */
bool options_parse_size(const char *text, uint64_t unit, uint64_t *out_bytes,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* on/yes/true/y and off/no/false/n. */
bool options_parse_bool(const char *text, bool *out_value,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
