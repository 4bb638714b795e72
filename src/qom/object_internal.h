/* SPDX-License-Identifier: GPL-2.0-or-later */
/* object_internal.h - what the files of src/qom share: the resolved type. */
#ifndef REPLUG_QOM_OBJECT_INTERNAL_H
#define REPLUG_QOM_OBJECT_INTERNAL_H

#include "qom/object.h"
#include "qom/property.h"

struct type {
    const struct type_info *info;
    const struct type *parent;
};

struct type_registry {
    struct type *types; /* in the table's order */
    unsigned count;
    GHashTable *by_name; /* struct type *, borrowed; never iterated */
};

/* Methods of an interface that the type or an ancestor implements; NULL = it does not. */
const void *type_interface(const struct type *type, const char *name);

/* Puts default_text into place, for a new instance. Invariant: the text fits the kind. */
void property_set_default(struct object *object, const struct property_info *property);

/* Frees what the property's storage owns, for a dying instance. */
void property_release(struct object *object, const struct property_info *property);

/* The JSON value that text stands for by the property's kind; NULL on an error. */
struct json_object *property_value_of_text(const struct property_info *property, const char *text,
                                           GError **error);

/* The value's JSON type and range fit the property's kind. Links are looked at elsewhere. */
bool property_value_check(const struct property_info *property, const struct json_object *value,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A new JSON value from the property's storage. */
struct json_object *property_load(const struct object *object,
                                  const struct property_info *property);

#endif
