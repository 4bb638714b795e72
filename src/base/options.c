/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options.c - QEMU's comma syntax, JSON, sizes and switches. */
#include "base/options.h"

#include <errno.h>
#include <json-c/json.h>
#include <math.h>
#include <string.h>

#include "base/error.h"

#define OPTIONS_JSON_DEPTH_MAX 64

static struct json_object *parse_json(const char *text, GError **error)
{
    struct json_tokener *tokener = json_tokener_new_ex(OPTIONS_JSON_DEPTH_MAX);
    size_t length = strlen(text);
    struct json_object *object;
    enum json_tokener_error reason;

    object = json_tokener_parse_ex(tokener, text, (int)MIN(length + 1, (size_t)G_MAXINT));
    reason = json_tokener_get_error(tokener);
    if (reason != json_tokener_success || !json_object_is_type(object, json_type_object) ||
        json_tokener_get_parse_end(tokener) < length) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "JSON parse error at character %zu of '%s': %s",
                    json_tokener_get_parse_end(tokener), text,
                    reason != json_tokener_success ? json_tokener_error_desc(reason)
                                                   : "expected one object");
        json_object_put(object);
        object = NULL;
    }
    json_tokener_free(tokener);
    return object;
}

/* One part up to a single comma, ",," read as a comma; moves *at behind the part and its comma. */
static char *next_part(const char **at)
{
    GString *part = g_string_new(NULL);

    while (**at != '\0') {
        if ((*at)[0] == ',' && (*at)[1] == ',') {
            (*at)++;
        } else if ((*at)[0] == ',') {
            (*at)++;
            break;
        }
        g_string_append_c(part, **at);
        (*at)++;
    }
    return g_string_free(part, FALSE);
}

static void add_value(struct json_object *options, const char *key, const char *value,
                      const char *const *lists)
{
    struct json_object *list = NULL;

    if (lists == NULL || !g_strv_contains(lists, key)) {
        json_object_object_add(options, key, json_object_new_string(value));
        return;
    }
    if (!json_object_object_get_ex(options, key, &list)) {
        list = json_object_new_array();
        json_object_object_add(options, key, list);
    }
    json_object_array_add(list, json_object_new_string(value));
}

static bool add_part(struct json_object *options, const char *part, const char *implied_key,
                     const char *const *lists, GError **error)
{
    const char *equals = strchr(part, '=');
    g_autofree char *key = NULL;
    const char *value = equals != NULL ? equals + 1 : "on";

    if (equals == NULL && implied_key != NULL) {
        key = g_strdup(implied_key);
        value = part;
    } else {
        key = equals != NULL ? g_strndup(part, (size_t)(equals - part)) : g_strdup(part);
    }
    if (key[0] == '\0') {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Invalid parameter '%s'; expected KEY=VALUE", part);
        return false;
    }
    add_value(options, key, value, lists);
    return true;
}

struct json_object *options_parse(const char *text, const char *implied_key, GError **error)
{
    return options_parse_lists(text, implied_key, NULL, error);
}

struct json_object *options_parse_lists(const char *text, const char *implied_key,
                                        const char *const *lists, GError **error)
{
    struct json_object *options;
    const char *at = text;

    if (text[0] == '{') {
        return parse_json(text, error);
    }
    options = json_object_new_object();
    while (*at != '\0') {
        g_autofree char *part = next_part(&at);

        if (!add_part(options, part, implied_key, lists, error)) {
            json_object_put(options);
            return NULL;
        }
        implied_key = NULL;
    }
    return options;
}

static bool suffix_factor(const char *suffix, uint64_t unit, uint64_t *out_factor)
{
    static const char letters[] = "bkmgtpe";
    const char *at;

    if (suffix[0] == '\0') {
        *out_factor = unit;
        return true;
    }
    at = strchr(letters, g_ascii_tolower(suffix[0]));
    if (at == NULL || suffix[1] != '\0') {
        return false;
    }
    *out_factor = 1ull << (10 * (unsigned)(at - letters));
    return true;
}

static bool size_whole(const char *text, uint64_t unit, uint64_t *out_bytes)
{
    char *end = NULL;
    uint64_t number, factor;
    unsigned base = g_ascii_strncasecmp(text, "0x", 2) == 0 ? 16 : 10;

    if (!g_ascii_isdigit(text[0])) {
        return false;
    }
    errno = 0;
    number = g_ascii_strtoull(text, &end, base);
    if (errno != 0 || !suffix_factor(end, unit, &factor) || number > UINT64_MAX / factor) {
        return false;
    }
    *out_bytes = number * factor;
    return true;
}

/* "1.5G": a fraction needs a unit to be a fraction of. */
static bool size_fraction(const char *text, uint64_t unit, uint64_t *out_bytes)
{
    char *end = NULL;
    double number, bytes;
    uint64_t factor;

    if (!g_ascii_isdigit(text[0]) || strchr(text, '.') == NULL) {
        return false;
    }
    number = g_ascii_strtod(text, &end);
    if (!suffix_factor(end, unit, &factor)) {
        return false;
    }
    bytes = number * (double)factor;
    if (bytes >= 18446744073709551616.0 || floor(bytes) != bytes) {
        return false;
    }
    *out_bytes = (uint64_t)bytes;
    return true;
}

bool options_parse_size(const char *text, uint64_t unit, uint64_t *out_bytes, GError **error)
{
    if (size_whole(text, unit, out_bytes) || size_fraction(text, unit, out_bytes)) {
        return true;
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                "'%s' is no size; expected a whole number of bytes below 2^64, with an optional "
                "suffix k, M, G, T, P or E",
                text);
    return false;
}

bool options_parse_bool(const char *text, bool *out_value, GError **error)
{
    static const char *const yes[] = { "on", "yes", "true", "y", NULL };
    static const char *const no[] = { "off", "no", "false", "n", NULL };

    if (g_strv_contains(yes, text) || g_strv_contains(no, text)) {
        *out_value = g_strv_contains(yes, text);
        return true;
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "'%s' is no switch; expected on or off",
                text);
    return false;
}

const char *options_text(const struct json_object *options, const char *key)
{
    struct json_object *value = NULL;

    (void)json_object_object_get_ex(options, key, &value); /* absent: NULL */
    return value != NULL ? json_object_get_string(value) : NULL;
}

bool options_switch(const struct json_object *options, const char *key, bool *out_value,
                    GError **error)
{
    const char *text = options_text(options, key);

    if (text != NULL && !options_parse_bool(text, out_value, error)) {
        g_prefix_error(error, "option '%s': ", key);
        return false;
    }
    return true;
}
