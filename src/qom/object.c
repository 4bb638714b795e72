/* SPDX-License-Identifier: GPL-2.0-or-later */
/* object.c - instances and their composition tree. */
#include "qom/object.h"

#include <string.h>

#include "base/error.h"
#include "base/invariant.h"
#include "qom/object_internal.h"
#include "trace/trace.h"

const struct type_info object_type_info = {
    .name = "object",
    .abstract = true,
    .instance_size = sizeof(struct object),
};

const struct type_info container_type_info = {
    .name = "container",
    .parent = "object",
};

const struct type_info property_guard_type_info = {
    .name = TYPE_PROPERTY_GUARD,
    .abstract = true,
};

size_t type_instance_size(const struct type *type)
{
    while (type->info->instance_size == 0) {
        type = type->parent;
        invariant(type != NULL);
    }
    return type->info->instance_size;
}

static void run_inits(struct object *object, const struct type *type)
{
    if (type->parent != NULL) {
        run_inits(object, type->parent);
    }
    if (type->info->instance_init != NULL) {
        type->info->instance_init(object);
    }
}

static void run_finis(struct object *object, const struct type *type)
{
    for (; type != NULL; type = type->parent) {
        if (type->info->instance_fini != NULL) {
            type->info->instance_fini(object);
        }
    }
}

static void default_visit(const struct property_info *property, void *opaque)
{
    property_set_default(opaque, property);
}

static void release_visit(const struct property_info *property, void *opaque)
{
    property_release(opaque, property);
}

struct object *object_create(const struct type_registry *registry, const char *name, GError **error)
{
    const struct type *type = type_registry_find(registry, name);
    struct object *object;

    if (type == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "'%s' is not a valid type name",
                    name);
        return NULL;
    }
    if (type->info->abstract) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Type '%s' is abstract; expected one that can be instantiated", name);
        return NULL;
    }
    object = g_malloc0(type_instance_size(type));
    object->type = type;
    type_for_each_property(type, default_visit, object);
    run_inits(object, type);
    trace_object_created(name);
    return object;
}

static void unlink_from_parent(struct object *object)
{
    if (object->parent != NULL) {
        g_hash_table_remove(object->parent->by_name, object->name);
        g_ptr_array_remove(object->parent->children, object);
        object->parent = NULL;
    }
}

void object_destroy(struct object *object)
{
    if (object == NULL) {
        return;
    }
    while (object->children != NULL && object->children->len > 0) {
        object_destroy(g_ptr_array_index(object->children, object->children->len - 1));
    }
    unlink_from_parent(object);
    trace_object_destroyed(object_type_name(object), object->name != NULL ? object->name : "");
    run_finis(object, object->type);
    type_for_each_property(object->type, release_visit, object);
    if (object->children != NULL) {
        g_ptr_array_unref(object->children);
        g_hash_table_destroy(object->by_name);
    }
    g_free(object->name);
    g_free(object);
}

bool object_add_child(struct object *parent, const char *name, struct object *child, GError **error)
{
    invariant(child->parent == NULL);
    if (object_child(parent, name) != NULL || type_property(parent->type, name) != NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY,
                    "attempt to add duplicate property '%s' to object (type '%s')", name,
                    object_type_name(parent));
        return false;
    }
    if (parent->children == NULL) {
        parent->children = g_ptr_array_new();
        parent->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    }
    g_free(child->name);
    child->name = g_strdup(name);
    child->parent = parent;
    g_ptr_array_add(parent->children, child);
    g_hash_table_insert(parent->by_name, child->name, child);
    trace_object_child_added(parent->name != NULL ? parent->name : "", name,
                             object_type_name(child));
    return true;
}

struct object *object_child(const struct object *parent, const char *name)
{
    return parent->by_name != NULL ? g_hash_table_lookup(parent->by_name, name) : NULL;
}

char *object_canonical_path(const struct object *object)
{
    GString *path;

    if (object->parent == NULL) {
        return object->name == NULL ? g_strdup("/") : NULL;
    }
    path = g_string_new(NULL);
    for (; object->parent != NULL; object = object->parent) {
        g_string_prepend(path, object->name);
        g_string_prepend_c(path, '/');
    }
    return g_string_free(path, FALSE);
}

/* Follows parts ("peripheral", "dimm0", NULL) down from object. */
static struct object *descend(struct object *object, char *const *parts)
{
    for (; *parts != NULL && object != NULL; parts++) {
        if (**parts != '\0') {
            object = object_child(object, *parts);
        }
    }
    return object;
}

struct search {
    char **parts;
    struct object *found;
    bool ambiguous;
};

static void search_below(struct object *object, struct search *search)
{
    struct object *hit;

    if (object->children == NULL || search->ambiguous) {
        return;
    }
    hit = descend(object, search->parts);
    if (hit != NULL) {
        search->ambiguous = search->found != NULL && search->found != hit;
        search->found = hit;
    }
    for (guint i = 0; i < object->children->len; i++) {
        search_below(g_ptr_array_index(object->children, i), search);
    }
}

struct object *object_resolve_path(struct object *root, const char *path, bool *ambiguous)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    struct search search = { .parts = parts };

    if (ambiguous != NULL) {
        *ambiguous = false;
    }
    if (parts[0] == NULL) {
        return NULL; /* the empty path names nothing */
    }
    if (path[0] == '/') {
        return descend(root, parts);
    }
    search_below(root, &search);
    if (ambiguous != NULL) {
        *ambiguous = search.ambiguous;
    }
    return search.ambiguous ? NULL : search.found;
}

bool object_for_each(struct object *root, object_visit_fn visit, void *opaque)
{
    if (!visit(root, opaque)) {
        return false;
    }
    for (guint i = 0; root->children != NULL && i < root->children->len; i++) {
        if (!object_for_each(g_ptr_array_index(root->children, i), visit, opaque)) {
            return false;
        }
    }
    return true;
}

bool object_is_a(const struct object *object, const char *type)
{
    return type_is_a(object->type, type);
}

const void *object_class(const struct object *object)
{
    return type_class(object->type);
}

const void *object_interface(const struct object *object, const char *interface)
{
    return type_interface(object->type, interface);
}
