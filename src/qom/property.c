/* SPDX-License-Identifier: GPL-2.0-or-later */
/* property.c - getting and setting properties by name, through the stages that the field knows. */
#include "qom/property.h"

#include <json-c/json.h>
#include <string.h>

#include "base/error.h"
#include "qom/object_internal.h"
#include "trace/trace.h"

static const struct property_info *find(const struct object *object, const char *name,
                                        GError **error)
{
    const struct property_info *property = type_property(object->type, name);

    if (property == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "Property '%s.%s' not found",
                    object_type_name(object), name);
    }
    return property;
}

static const char *trace_name(const struct object *object)
{
    return object->name != NULL ? object->name : "";
}

static bool may_set(struct object *object, const struct property_info *property, GError **error)
{
    const struct property_guard_methods *guard = object_interface(object, TYPE_PROPERTY_GUARD);

    if (property->read_only) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Insufficient permission to perform this operation: "
                    "property '%s.%s' can only be read",
                    object_type_name(object), property->name);
        return false;
    }
    return guard == NULL || guard->allow(object, property, error);
}

static bool set_link(struct object *object, const struct property_info *property,
                     const struct json_object *value, struct object *root, GError **error)
{
    const char *path = json_object_get_string((struct json_object *)value);
    struct object **at = (struct object **)(void *)((uint8_t *)object + property->offset);
    struct object *target;
    bool ambiguous = false;

    if (path[0] == '\0') {
        *at = NULL;
        return true;
    }
    target = root != NULL ? object_resolve_path(root, path, &ambiguous) : NULL;
    if (ambiguous) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Path '%s' does not uniquely identify an object", path);
        return false;
    }
    if (target == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND, "Device '%s' not found", path);
        return false;
    }
    if (!object_is_a(target, property->link_type)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Invalid parameter type for '%s', expected: %s", property->name,
                    property->link_type);
        return false;
    }
    *at = target;
    return true;
}

/* The value fits the kind. */
static bool set_checked(struct object *object, const struct property_info *property,
                        const struct json_object *value, struct object *root, GError **error)
{
    bool ok = true;

    if (property->kind == PROPERTY_BOOL) {
        trace_property_set_bool_enter(trace_name(object), property->name,
                                      json_object_get_boolean(value));
    }
    if (property->set != NULL) {
        ok = property->set(object, property, value, error);
    } else if (property->kind == PROPERTY_LINK) {
        ok = set_link(object, property, value, root, error);
    } else {
        property_store(object, property, value);
    }
    if (property->kind == PROPERTY_BOOL) {
        trace_property_set_bool_leave(ok);
    }
    return ok;
}

bool object_property_set_qobject(struct object *object, const char *name,
                                 const struct json_object *value, struct object *root,
                                 GError **error)
{
    const struct property_info *property;
    bool ok;

    trace_object_property_set_qobject_enter(trace_name(object), name);
    property = find(object, name, error);
    ok = property != NULL && may_set(object, property, error) &&
         property_value_check(property, value, error) &&
         set_checked(object, property, value, root, error);
    trace_object_property_set_qobject_leave(ok);
    return ok;
}

bool object_property_set_bool(struct object *object, const char *name, bool value, GError **error)
{
    struct json_object *json = json_object_new_boolean(value);
    bool ok;

    trace_object_property_set_bool_enter(trace_name(object), name, value);
    ok = object_property_set_qobject(object, name, json, NULL, error);
    trace_object_property_set_bool_leave(ok);
    json_object_put(json);
    return ok;
}

bool object_property_parse(struct object *object, const char *name, const char *text,
                           struct object *root, GError **error)
{
    const struct property_info *property = find(object, name, error);
    struct json_object *value =
        property != NULL ? property_value_of_text(property, text, error) : NULL;
    bool ok = value != NULL && object_property_set_qobject(object, name, value, root, error);

    json_object_put(value);
    return ok;
}

bool object_property_set_lenient(struct object *object, const char *name,
                                 const struct json_object *value, struct object *root,
                                 GError **error)
{
    const char *text = json_object_get_string((struct json_object *)value);

    switch (json_object_get_type(value)) {
    case json_type_boolean: text = json_object_get_boolean(value) ? "on" : "off"; break;
    case json_type_string:
    case json_type_int:
    case json_type_double: break;
    case json_type_null:
    case json_type_object:
    case json_type_array: return object_property_set_qobject(object, name, value, root, error);
    }
    return object_property_parse(object, name, text, root, error);
}

static struct json_object *child_path(const struct object *object, const char *name)
{
    struct object *child = object_child(object, name);
    g_autofree char *path = child != NULL ? object_canonical_path(child) : NULL;

    return path != NULL ? json_object_new_string(path) : NULL;
}

struct json_object *object_property_get(const struct object *object, const char *name,
                                        GError **error)
{
    const struct property_info *property;
    struct json_object *child = child_path(object, name);

    if (child != NULL) {
        return child;
    }
    if (strcmp(name, "type") == 0) {
        return json_object_new_string(object_type_name(object));
    }
    property = find(object, name, error);
    if (property == NULL) {
        return NULL;
    }
    return property->get != NULL ? property->get(object, property, error)
                                 : property_load(object, property);
}
