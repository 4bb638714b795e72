/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine_qom.c - the object model as clients see it: paths, properties, types. Texts and error
 * classes are QEMU's. */
#include <json-c/json.h>
#include <string.h>

#include "base/error.h"
#include "machine/checkpoint.h"
#include "machine/machine_internal.h"
#include "qom/property.h"

static struct object *resolve(struct machine *machine, const char *path, GError **error)
{
    struct object *object = object_resolve_path(machine->root, path, NULL);

    if (object == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND, "Device '%s' not found", path);
    }
    return object;
}

static struct json_object *entry_new(const char *name, const char *type)
{
    struct json_object *entry = json_object_new_object();

    json_object_object_add(entry, "name", json_object_new_string(name));
    json_object_object_add(entry, "type", json_object_new_string(type));
    return entry;
}

/* ---- objects ---- */

/* Properties of one type into a list, each once: a more derived type may redefine one. */
struct listing {
    struct json_object *list;
    const struct type *type;
    const struct object *sample; /* where defaults are read; NULL = without them */
    bool described;
    bool own_only; /* not what every device has */
};

static bool is_common(const struct property_info *property, const struct type *type)
{
    const struct type *base = type;

    while (base != NULL && strcmp(type_name(base), TYPE_DEVICE) != 0) {
        base = type_parent(base);
    }
    return base != NULL && type_property(base, property->name) != NULL;
}

static void list_property(const struct property_info *property, void *opaque)
{
    const struct listing *listing = opaque;
    g_autofree char *type = property_type_text(property);
    struct json_object *entry;

    if (type_property(listing->type, property->name) != property ||
        (listing->own_only && is_common(property, listing->type))) {
        return;
    }
    entry = entry_new(property->name, type);
    if (listing->sample != NULL && property->default_text != NULL && property->get == NULL) {
        json_object_object_add(entry, "default-value",
                               object_property_get(listing->sample, property->name, NULL));
    }
    if (listing->described && property->description != NULL) {
        json_object_object_add(entry, "description", json_object_new_string(property->description));
    }
    json_object_array_add(listing->list, entry);
}

struct json_object *machine_qom_list(struct machine *machine, const char *path, GError **error)
{
    bool ambiguous = false;
    struct object *object = object_resolve_path(machine->root, path, &ambiguous);
    struct listing listing = { 0 };

    if (ambiguous || path[0] == '\0') {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "Path '%s' is ambiguous", path);
        return NULL;
    }
    if (object == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND, "Device '%s' not found", path);
        return NULL;
    }
    listing.list = json_object_new_array();
    listing.type = object->type;
    json_object_array_add(listing.list, entry_new("type", "string"));
    type_for_each_property(object->type, list_property, &listing);
    for (guint i = 0; object->children != NULL && i < object->children->len; i++) {
        const struct object *child = g_ptr_array_index(object->children, i);
        g_autofree char *type = g_strdup_printf("child<%s>", object_type_name(child));

        json_object_array_add(listing.list, entry_new(child->name, type));
    }
    return listing.list;
}

struct json_object *machine_qom_get(struct machine *machine, const char *path, const char *property,
                                    GError **error)
{
    struct object *object = resolve(machine, path, error);

    return object != NULL ? object_property_get(object, property, error) : NULL;
}

/* "realized" is how device_add and device_del plug and unplug: set from outside it would go past
 * them. */
static bool is_settable(const struct object *object, const char *name)
{
    const struct property_info *property = type_property(object->type, name);

    return object_child(object, name) == NULL && strcmp(name, "type") != 0 &&
           (property == NULL || !property->read_only) &&
           !(object_is_a(object, TYPE_DEVICE) && strcmp(name, "realized") == 0);
}

bool machine_qom_set(struct machine *machine, const char *path, const char *property,
                     const struct json_object *value, GError **error)
{
    struct object *object = resolve(machine, path, error);

    checkpoint_note_command(machine);
    if (object == NULL) {
        return false;
    }
    if (!is_settable(object, property)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "Property '%s.%s' is not writable",
                    object_type_name(object), property);
        return false;
    }
    return object_property_set_qobject(object, property, value, machine->root, error);
}

/* ---- types ---- */

struct type_filter {
    struct json_object *list;
    const char *implements;
    bool abstract;
};

static void list_type(const struct type *type, void *opaque)
{
    const struct type_filter *filter = opaque;
    struct json_object *entry;

    if ((type_is_abstract(type) && !filter->abstract) ||
        (filter->implements != NULL && !type_is_a(type, filter->implements))) {
        return;
    }
    entry = json_object_new_object();
    json_object_object_add(entry, "name", json_object_new_string(type_name(type)));
    if (type_is_abstract(type)) {
        json_object_object_add(entry, "abstract", json_object_new_boolean(true));
    }
    if (type_parent(type) != NULL) {
        json_object_object_add(entry, "parent",
                               json_object_new_string(type_name(type_parent(type))));
    }
    json_object_array_add(filter->list, entry);
}

struct json_object *machine_qom_list_types(struct machine *machine, const char *implements,
                                           bool abstract)
{
    struct type_filter filter = { json_object_new_array(), implements, abstract };

    type_registry_for_each(machine->types, list_type, &filter);
    return filter.list;
}

struct json_object *machine_qom_list_properties(struct machine *machine, const char *type_text,
                                                GError **error)
{
    const struct type *type = type_registry_find(machine->types, type_text);
    struct listing listing = { .type = type, .described = true };

    if (type == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND, "Class '%s' not found", type_text);
        return NULL;
    }
    if (!type_is_a(type, "object")) { /* an interface */
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter 'typename' expects a QOM type");
        return NULL;
    }
    listing.list = json_object_new_array();
    json_object_array_add(listing.list, entry_new("type", "string"));
    type_for_each_property(type, list_property, &listing);
    return listing.list;
}

struct json_object *machine_device_list_properties(struct machine *machine, const char *type_text,
                                                   GError **error)
{
    const struct type *type = type_registry_find(machine->types, type_text);
    struct listing listing = { .type = type, .described = true, .own_only = true };
    struct object *sample;

    if (type == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND, "Device '%s' not found",
                    type_text);
        return NULL;
    }
    if (!type_is_a(type, TYPE_DEVICE) || type_is_abstract(type)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter 'typename' expects a non-abstract device type");
        return NULL;
    }
    sample = object_create(machine->types, type_text, error);
    if (sample == NULL) {
        return NULL;
    }
    listing.sample = sample;
    listing.list = json_object_new_array();
    type_for_each_property(type, list_property, &listing);
    object_destroy(sample);
    return listing.list;
}

/* ---- objects from text ---- */

bool machine_object_add_text(struct machine *machine, const struct json_object *options,
                             GError **error)
{
    return machine_object_create(machine, options, true, error);
}
