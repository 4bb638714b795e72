/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json_members.h - members of JSON objects: put in, and read where they are known to be there. */
#ifndef REPLUG_BASE_JSON_MEMBERS_H
#define REPLUG_BASE_JSON_MEMBERS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

static inline void json_add_text(struct json_object *object, const char *key, const char *text)
{
    json_object_object_add(object, key, json_object_new_string(text));
}

static inline void json_add_number(struct json_object *object, const char *key, uint64_t number)
{
    json_object_object_add(object, key, json_object_new_uint64(number));
}

static inline void json_add_bool(struct json_object *object, const char *key, bool value)
{
    json_object_object_add(object, key, json_object_new_boolean(value));
}

/* Borrowed; "" where there is no such member. */
static inline const char *json_text(const struct json_object *object, const char *key)
{
    struct json_object *value = json_object_object_get(object, key);

    return value != NULL ? json_object_get_string(value) : "";
}

/* False, 0 where there is no such member. */
static inline bool json_flag(const struct json_object *object, const char *key)
{
    return json_object_get_boolean(json_object_object_get(object, key));
}

static inline uint64_t json_number(const struct json_object *object, const char *key)
{
    return json_object_get_uint64(json_object_object_get(object, key));
}

#endif
