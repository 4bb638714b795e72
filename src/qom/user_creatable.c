/* SPDX-License-Identifier: GPL-2.0-or-later */
/* user_creatable.c - objects that users make and delete: -object, object-add, object-del. */
#include <json-c/json.h>
#include <string.h>

#include "base/error.h"
#include "qom/object.h"
#include "qom/property.h"

const struct type_info user_creatable_type_info = {
    .name = TYPE_USER_CREATABLE,
    .abstract = true,
};

bool object_id_is_wellformed(const char *id)
{
    if (!g_ascii_isalpha(id[0])) {
        return false;
    }
    for (; *id != '\0'; id++) {
        if (!g_ascii_isalnum(*id) && strchr("-._", *id) == NULL) {
            return false;
        }
    }
    return true;
}

static bool set_properties(const struct user_creatable_options *options, struct object *object,
                           GError **error)
{
    json_object_object_foreach((struct json_object *)options->properties, key, value)
    {
        bool ok;

        if (strcmp(key, "qom-type") == 0 || strcmp(key, "id") == 0) {
            continue;
        }
        if (type_property(object->type, key) == NULL && !options->from_text) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "Parameter '%s' is unexpected",
                        key);
            return false;
        }
        ok = options->from_text
                 ? object_property_set_lenient(object, key, value, options->root, error)
                 : object_property_set_qobject(object, key, value, options->root, error);
        if (!ok) {
            return false;
        }
    }
    return true;
}

static bool check_type_and_id(const struct user_creatable_options *options, GError **error)
{
    const struct type *type = type_registry_find(options->registry, options->type);

    if (type == NULL || type_is_abstract(type) || !type_is_a(type, TYPE_USER_CREATABLE)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter 'qom-type' does not accept value '%s'", options->type);
        return false;
    }
    if (!object_id_is_wellformed(options->id)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter 'id' expects an identifier (it is '%s')", options->id);
        return false;
    }
    return true;
}

bool user_creatable_add(const struct user_creatable_options *options, GError **error)
{
    const struct user_creatable_methods *methods;
    struct object *object;

    if (!check_type_and_id(options, error)) {
        return false;
    }
    object = object_create(options->registry, options->type, error);
    if (object == NULL) {
        return false;
    }
    if (options->configure != NULL) {
        options->configure(options->opaque, object);
    }
    methods = object_interface(object, TYPE_USER_CREATABLE);
    if (!set_properties(options, object, error) ||
        !object_add_child(options->objects, options->id, object, error) ||
        (methods->complete != NULL && !methods->complete(object, error))) {
        object_destroy(object);
        return false;
    }
    return true;
}

bool user_creatable_del(struct object *objects, const char *id, GError **error)
{
    struct object *object = object_child(objects, id);
    const struct user_creatable_methods *methods;

    if (object == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "object '%s' not found", id);
        return false;
    }
    methods = object_interface(object, TYPE_USER_CREATABLE);
    if (methods->can_be_deleted != NULL && !methods->can_be_deleted(object)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY,
                    "object '%s' is in use, can not be deleted", id);
        return false;
    }
    object_destroy(object);
    return true;
}
