/* SPDX-License-Identifier: GPL-2.0-or-later */
/* property_value.c - what each kind of property accepts, how it is stored and shown. */
#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#include "base/error.h"
#include "base/invariant.h"
#include "base/options.h"
#include "qom/object_internal.h"

/* min and max of the integer kinds, and the names QMP users know. */
static const struct kind_info {
    const char *text;   /* for qom-list and device-list-properties */
    const char *c_type; /* in range errors */
    int64_t min;
    uint64_t max;
    uint8_t width; /* bytes of storage; 0 = no integer */
} kinds[] = {
    [PROPERTY_BOOL] = { "bool", NULL, 0, 0, 0 },
    [PROPERTY_UINT8] = { "uint8", "uint8_t", 0, UINT8_MAX, 1 },
    [PROPERTY_UINT16] = { "uint16", "uint16_t", 0, UINT16_MAX, 2 },
    [PROPERTY_UINT32] = { "uint32", "uint32_t", 0, UINT32_MAX, 4 },
    [PROPERTY_UINT64] = { "uint64", "uint64", 0, UINT64_MAX, 8 },
    [PROPERTY_INT32] = { "int32", "int32_t", INT32_MIN, INT32_MAX, 4 },
    [PROPERTY_INT64] = { "int64", "int64", INT64_MIN, INT64_MAX, 8 },
    [PROPERTY_SIZE] = { "size", "size", 0, UINT64_MAX, 8 },
    [PROPERTY_STRING] = { "str", NULL, 0, 0, 0 },
    [PROPERTY_ENUM] = { "enum", NULL, 0, 0, 0 },
    [PROPERTY_LINK] = { "link", NULL, 0, 0, 0 },
    [PROPERTY_JSON] = { "any", NULL, 0, 0, 0 },
};

char *property_type_text(const struct property_info *property)
{
    if (property->type_text != NULL) {
        return g_strdup(property->type_text);
    }
    if (property->kind == PROPERTY_LINK) {
        return g_strdup_printf("link<%s>", property->link_type);
    }
    return g_strdup(kinds[property->kind].text);
}

static bool wrong_type(const struct property_info *property, const char *expected, GError **error)
{
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                "Invalid parameter type for '%s', expected: %s", property->name, expected);
    return false;
}

static bool enum_index(const struct property_info *property, const char *text, uint32_t *out_index)
{
    for (uint32_t i = 0; property->values[i] != NULL; i++) {
        if (strcmp(property->values[i], text) == 0) {
            *out_index = i;
            return true;
        }
    }
    return false;
}

static bool check_integer(const struct property_info *property, const struct json_object *value,
                          GError **error)
{
    const struct kind_info *kind = &kinds[property->kind];
    int64_t number = json_object_get_int64(value);
    bool fits;

    if (!json_object_is_type(value, json_type_int)) {
        return wrong_type(property, "integer", error);
    }
    if (number < 0) {
        fits = number >= kind->min;
    } else {
        fits = json_object_get_uint64(value) <= kind->max;
    }
    if (!fits) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter '%s' expects %s (it is %s)", property->name, kind->c_type,
                    json_object_get_string((struct json_object *)value));
    }
    return fits;
}

bool property_value_check(const struct property_info *property, const struct json_object *value,
                          GError **error)
{
    uint32_t index;

    switch (property->kind) {
    case PROPERTY_BOOL:
        return json_object_is_type(value, json_type_boolean) ||
               wrong_type(property, "boolean", error);
    case PROPERTY_UINT8:
    case PROPERTY_UINT16:
    case PROPERTY_UINT32:
    case PROPERTY_UINT64:
    case PROPERTY_INT32:
    case PROPERTY_INT64:
    case PROPERTY_SIZE: return check_integer(property, value, error);
    case PROPERTY_STRING:
    case PROPERTY_LINK:
        return json_object_is_type(value, json_type_string) ||
               wrong_type(property, "string", error);
    case PROPERTY_ENUM:
        if (!json_object_is_type(value, json_type_string)) {
            return wrong_type(property, "string", error);
        }
        if (!enum_index(property, json_object_get_string((struct json_object *)value), &index)) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                        "Parameter '%s' does not accept value '%s'", property->name,
                        json_object_get_string((struct json_object *)value));
            return false;
        }
        return true;
    case PROPERTY_JSON: return true;
    }
    return false;
}

static struct json_object *integer_of_text(const struct property_info *property, const char *text,
                                           GError **error)
{
    char *end = NULL;
    bool negative = text[0] == '-';
    uint64_t number;

    errno = 0;
    number = negative ? (uint64_t)g_ascii_strtoll(text, &end, 0) : g_ascii_strtoull(text, &end, 0);
    if (errno != 0 || end == text || *end != '\0' || g_ascii_isspace(text[0])) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter '%s' expects %s (it is '%s')", property->name,
                    kinds[property->kind].c_type, text);
        return NULL;
    }
    return negative ? json_object_new_int64((int64_t)number) : json_object_new_uint64(number);
}

struct json_object *property_value_of_text(const struct property_info *property, const char *text,
                                           GError **error)
{
    uint64_t bytes;
    bool on;

    switch (property->kind) {
    case PROPERTY_BOOL:
        if (!options_parse_bool(text, &on, error)) {
            g_prefix_error(error, "Parameter '%s': ", property->name);
            return NULL;
        }
        return json_object_new_boolean(on);
    case PROPERTY_UINT8:
    case PROPERTY_UINT16:
    case PROPERTY_UINT32:
    case PROPERTY_UINT64:
    case PROPERTY_INT32:
    case PROPERTY_INT64: return integer_of_text(property, text, error);
    case PROPERTY_SIZE:
        if (!options_parse_size(text, 1, &bytes, error)) {
            g_prefix_error(error, "Parameter '%s': ", property->name);
            return NULL;
        }
        return json_object_new_uint64(bytes);
    case PROPERTY_STRING:
    case PROPERTY_ENUM:
    case PROPERTY_LINK:
    case PROPERTY_JSON: break;
    }
    return json_object_new_string(text);
}

void property_store(struct object *object, const struct property_info *property,
                    const struct json_object *value)
{
    uint8_t *at = (uint8_t *)object + property->offset;
    uint64_t number;
    uint32_t index = 0;

    switch (property->kind) {
    case PROPERTY_BOOL: *(bool *)at = json_object_get_boolean(value); return;
    case PROPERTY_UINT8:
    case PROPERTY_UINT16:
    case PROPERTY_UINT32:
    case PROPERTY_UINT64:
    case PROPERTY_INT32:
    case PROPERTY_INT64:
    case PROPERTY_SIZE:
        number = json_object_get_int64(value) < 0 ? (uint64_t)json_object_get_int64(value)
                                                  : json_object_get_uint64(value);
        memcpy(at, &number, kinds[property->kind].width); /* x86-64: the low bytes come first */
        return;
    case PROPERTY_STRING:
        g_free(*(char **)at);
        *(char **)at = g_strdup(json_object_get_string((struct json_object *)value));
        return;
    case PROPERTY_ENUM:
        invariant(
            enum_index(property, json_object_get_string((struct json_object *)value), &index));
        *(uint32_t *)at = index;
        return;
    case PROPERTY_LINK: /* object_property_set_qobject has looked it up and stores it */
    case PROPERTY_JSON: break;
    }
    invariant(property->kind != PROPERTY_JSON);
}

struct json_object *property_load(const struct object *object, const struct property_info *property)
{
    const uint8_t *at = (const uint8_t *)object + property->offset;
    g_autofree char *path = NULL;

    switch (property->kind) {
    case PROPERTY_BOOL: return json_object_new_boolean(*(const bool *)at);
    case PROPERTY_UINT8: return json_object_new_uint64(*at);
    case PROPERTY_UINT16: return json_object_new_uint64(*(const uint16_t *)(const void *)at);
    case PROPERTY_UINT32: return json_object_new_uint64(*(const uint32_t *)(const void *)at);
    case PROPERTY_UINT64:
    case PROPERTY_SIZE: return json_object_new_uint64(*(const uint64_t *)(const void *)at);
    case PROPERTY_INT32: return json_object_new_int64(*(const int32_t *)(const void *)at);
    case PROPERTY_INT64: return json_object_new_int64(*(const int64_t *)(const void *)at);
    case PROPERTY_STRING: {
        const char *text = *(char *const *)(const void *)at;

        return json_object_new_string(text != NULL ? text : "");
    }
    case PROPERTY_ENUM:
        return json_object_new_string(property->values[*(const uint32_t *)(const void *)at]);
    case PROPERTY_LINK: {
        const struct object *target = *(struct object *const *)(const void *)at;

        path = target != NULL ? object_canonical_path(target) : NULL;
        return json_object_new_string(path != NULL ? path : "");
    }
    case PROPERTY_JSON: break;
    }
    return NULL;
}

void property_set_default(struct object *object, const struct property_info *property)
{
    struct json_object *value;

    if (property->default_text == NULL) {
        return;
    }
    value = property_value_of_text(property, property->default_text, NULL);
    invariant(value != NULL);
    invariant(property_value_check(property, value, NULL));
    property_store(object, property, value);
    json_object_put(value);
}

void property_release(struct object *object, const struct property_info *property)
{
    bool stored = property->get == NULL || property->set == NULL || property->default_text != NULL;

    if (property->kind == PROPERTY_STRING && stored) {
        g_free(*(char **)(void *)((uint8_t *)object + property->offset));
    }
}
