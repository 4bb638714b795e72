/* SPDX-License-Identifier: GPL-2.0-or-later */
/* type.c - the type registry: resolves a table of type_info into types with parents. */
#include <string.h>

#include "base/invariant.h"
#include "qom/object_internal.h"

static struct type *find(const struct type_registry *registry, const char *name)
{
    return g_hash_table_lookup(registry->by_name, name);
}

struct type_registry *type_registry_create(const struct type_info *const *types)
{
    struct type_registry *registry = g_new0(struct type_registry, 1);

    while (types[registry->count] != NULL) {
        registry->count++;
    }
    registry->types = g_new0(struct type, registry->count);
    registry->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    for (unsigned i = 0; i < registry->count; i++) {
        registry->types[i].info = types[i];
        invariant(find(registry, types[i]->name) == NULL);
        g_hash_table_insert(registry->by_name, (gpointer)types[i]->name, &registry->types[i]);
    }
    for (unsigned i = 0; i < registry->count; i++) {
        if (types[i]->parent != NULL) {
            registry->types[i].parent = find(registry, types[i]->parent);
            invariant(registry->types[i].parent != NULL);
        }
    }
    return registry;
}

void type_registry_destroy(struct type_registry *registry)
{
    if (registry != NULL) {
        g_hash_table_destroy(registry->by_name);
        g_free(registry->types);
        g_free(registry);
    }
}

const struct type *type_registry_find(const struct type_registry *registry, const char *name)
{
    return find(registry, name);
}

void type_registry_for_each(const struct type_registry *registry, type_visit_fn visit, void *opaque)
{
    for (unsigned i = 0; i < registry->count; i++) {
        visit(&registry->types[i], opaque);
    }
}

const char *type_name(const struct type *type)
{
    return type->info->name;
}

const struct type *type_parent(const struct type *type)
{
    return type->parent;
}

bool type_is_abstract(const struct type *type)
{
    return type->info->abstract;
}

const void *type_interface(const struct type *type, const char *name)
{
    for (; type != NULL; type = type->parent) {
        const struct interface_impl *impl = type->info->interfaces;

        for (; impl != NULL && impl->name != NULL; impl++) {
            if (strcmp(impl->name, name) == 0) {
                return impl->methods;
            }
        }
    }
    return NULL;
}

bool type_is_a(const struct type *type, const char *name)
{
    for (const struct type *t = type; t != NULL; t = t->parent) {
        if (strcmp(t->info->name, name) == 0) {
            return true;
        }
    }
    return type_interface(type, name) != NULL;
}

const void *type_class(const struct type *type)
{
    while (type != NULL && type->info->class_methods == NULL) {
        type = type->parent;
    }
    return type != NULL ? type->info->class_methods : NULL;
}

const struct property_info *type_property(const struct type *type, const char *name)
{
    for (; type != NULL; type = type->parent) {
        const struct property_info *property = type->info->properties;

        for (; property != NULL && property->name != NULL; property++) {
            if (strcmp(property->name, name) == 0) {
                return property;
            }
        }
    }
    return NULL;
}

void type_for_each_property(const struct type *type, property_visit_fn visit, void *opaque)
{
    if (type->parent != NULL) {
        type_for_each_property(type->parent, visit, opaque);
    }
    for (const struct property_info *property = type->info->properties;
         property != NULL && property->name != NULL; property++) {
        visit(property, opaque);
    }
}
