/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * object.h - the object model: types in one visible table, single inheritance, interfaces, a
 * composition tree.
 *
 * A type is described by a static struct type_info; machine/device_types.c lists them all and a
 * type_registry resolves the list (no constructors, no globals). An instance embeds its parent
 * type's struct first; struct object is the root. A class is a constant struct of methods that
 * embeds the parent's class struct first; a type without one of its own inherits its parent's.
 *
 * Ownership is a tree: object_add_child gives the child to its parent, destroying an object
 * destroys its children (last added first). Anything else that points at an object borrows it
 * (links).
 */
#ifndef REPLUG_QOM_OBJECT_H
#define REPLUG_QOM_OBJECT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;
struct object;
struct property_info;
struct type;
struct type_registry;

struct interface_impl {
    const char *name; /* the interface's type name, such as "hotplug-handler"; listed as an abstract
                         type itself */
    const void *methods; /* the struct that the interface's header defines */
};

struct type_info {
    const char *name;
    const char *parent;                      /* NULL only for "object" and for interfaces */
    bool abstract;                           /* can't be created: base types and interfaces */
    size_t instance_size;                    /* bytes; 0 = the parent's */
    const struct interface_impl *interfaces; /* ends with a NULL name; NULL = none of its own */
    const struct property_info *properties;  /* ends with a NULL name; NULL = none of its own */
    void (*instance_init)(struct object *object); /* after the parent's; memory is zero, properties
                                                     have their defaults */
    void (*instance_fini)(
        struct object *object); /* before the parent's; must accept half-built instances */
    const void *class_methods;  /* NULL = the parent's */
};

struct object {
    const struct type *type;
    struct object *parent; /* NULL for a root and for an object that is not in a tree yet */
    char *name;            /* in its parent */
    GPtrArray *children;   /* in order of addition; NULL = none yet */
    GHashTable *by_name;   /* the same by name: for looking up only, never iterated */
};

/* ---- types ---- */

/* types: NULL-terminated; the array and what it points to outlive the registry. Invariant: names
 * are unique, parents are listed. */
struct type_registry *type_registry_create(const struct type_info *const *types);
void type_registry_destroy(struct type_registry *registry);

/* NULL when there is no such type. */
const struct type *type_registry_find(const struct type_registry *registry, const char *name);

/* All types in the table's order. */
typedef void (*type_visit_fn)(const struct type *type, void *opaque);
void type_registry_for_each(const struct type_registry *registry, type_visit_fn visit,
                            void *opaque);

const char *type_name(const struct type *type);
const struct type *type_parent(const struct type *type);
bool type_is_abstract(const struct type *type);
/* name is the type itself, one of its ancestors or an interface that it or an ancestor implements.
 */
bool type_is_a(const struct type *type, const char *name);
const void *type_class(const struct type *type);
/* Bytes of an instance. */
size_t type_instance_size(const struct type *type);
/* Property by name, the type's own first, then its ancestors'; NULL when absent. */
const struct property_info *type_property(const struct type *type, const char *name);
/* The type's properties, ancestors' first. */
typedef void (*property_visit_fn)(const struct property_info *property, void *opaque);
void type_for_each_property(const struct type *type, property_visit_fn visit, void *opaque);

/* ---- instances ---- */

/* A new instance outside any tree; properties have their defaults. Errors: unknown type ("'x' is
 * not a valid ..."), abstract type. */
struct object *object_create(const struct type_registry *registry, const char *type,
                             GError **error);

/* Removes it from its parent, destroys its children, runs the instance_fini chain, frees it. NULL
 * is fine. */
void object_destroy(struct object *object);

/* Errors: a child of that name exists (REPLUG_ERROR_BUSY: "attempt to add duplicate property 'x' to
 * object (type 'y')"). */
bool object_add_child(struct object *parent, const char *name, struct object *child,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

struct object *object_child(const struct object *parent, const char *name);

/* "/machine/peripheral/dimm0"; "/" for the root; NULL outside a tree. The caller frees it. */
char *object_canonical_path(const struct object *object);

/* An absolute path, or a partial one ("dimm0") that fits exactly one place in the tree below root.
 * *ambiguous may be NULL. */
struct object *object_resolve_path(struct object *root, const char *path, bool *ambiguous);

/* Depth first, parents before children, children in order of addition; stops when visit returns
 * false. */
typedef bool (*object_visit_fn)(struct object *object, void *opaque);
bool object_for_each(struct object *root, object_visit_fn visit, void *opaque);

static inline const char *object_type_name(const struct object *object)
{
    return type_name(object->type);
}

bool object_is_a(const struct object *object, const char *type);

/* The class struct (const struct device_class * and so on). */
const void *object_class(const struct object *object);

/* The methods of an interface, the most derived type's; NULL when the object does not implement it.
 */
const void *object_interface(const struct object *object, const char *interface);

/* The root of every type table; defines no properties but "type". */
extern const struct type_info object_type_info;
/* "container": an object that only holds children ("/machine/peripheral"). */
extern const struct type_info container_type_info;

/*
 * Interface "user-creatable": objects made by -object and object-add.
 * complete: called once all properties are set; a failure destroys the object. can_be_deleted: NULL
 * = always.
 */
#define TYPE_USER_CREATABLE "user-creatable"

struct user_creatable_methods {
    bool (*complete)(struct object *object, GError **error);
    bool (*can_be_deleted)(const struct object *object);
};
extern const struct type_info user_creatable_type_info;

/*
 * Makes a user-creatable object below the container objects: create, configure (may be NULL; before
 * the properties), set the properties (a JSON object; keys "qom-type" and "id" are skipped), add,
 * complete. from_text: string values are parsed as on a command line. On an error nothing stays.
 */
struct user_creatable_options {
    const struct type_registry *registry;
    struct object *objects, *root;
    const char *type, *id;
    const struct json_object *properties;
    bool from_text;
    void (*configure)(void *opaque, struct object *object);
    void *opaque;
};

bool user_creatable_add(const struct user_creatable_options *options,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Errors: no such object, in use. */
bool user_creatable_del(struct object *objects, const char *id,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A letter, then letters, digits, '-', '.', '_', as QEMU asks of an id. */
bool object_id_is_wellformed(const char *id);

#endif
