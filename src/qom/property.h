/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * property.h - typed properties: storage by offset, defaults, range checks, links; values travel as
 * JSON, as in QMP.
 *
 * Setting goes through the stages the field knows: object_property_set_bool ->
 * object_property_set_qobject -> property_set_bool -> the property's own setter
 * (device_set_realized for "realized").
 */
#ifndef REPLUG_QOM_PROPERTY_H
#define REPLUG_QOM_PROPERTY_H

#include "qom/object.h"

enum property_kind {
    PROPERTY_BOOL,
    PROPERTY_UINT8,
    PROPERTY_UINT16,
    PROPERTY_UINT32,
    PROPERTY_UINT64,
    PROPERTY_INT32,
    PROPERTY_INT64,
    PROPERTY_SIZE,   /* uint64_t bytes; text may have a suffix: "256M" */
    PROPERTY_STRING, /* char *, owned by the instance, NULL when unset */
    PROPERTY_ENUM,   /* uint32_t, an index into values */
    PROPERTY_LINK,   /* struct object *, borrowed; set by path or id; get gives the path or "" */
    PROPERTY_JSON,   /* no storage: get and set do it all */
};

/* get: a new JSON value (the caller's). set: value has passed the kind's checks. */
typedef struct json_object *(*property_get_fn)(const struct object *object,
                                               const struct property_info *property,
                                               GError **error);
typedef bool (*property_set_fn)(struct object *object, const struct property_info *property,
                                const struct json_object *value, GError **error);

struct property_info {
    const char *name;
    enum property_kind kind;
    uint32_t offset; /* of the value in the instance struct; unused with both get and set */
    bool read_only;  /* set answers an error */
    const char *default_text;  /* as on a command line; NULL = zero, empty or unset */
    const char *const *values; /* PROPERTY_ENUM: names, NULL-terminated */
    const char *link_type;     /* PROPERTY_LINK: the type or interface that fits */
    const char *description;   /* for device-list-properties; may be NULL */
    const char *type_text; /* QMP's type name for PROPERTY_JSON ("int", "str"); NULL = by kind */
    property_get_fn get;   /* NULL = from offset */
    property_set_fn
        set; /* NULL = into offset. Custom setters of stored kinds may call property_store() */
    bool fixed_once_realized; /* a device refuses to change it after realize, see
                                 object_property_guard_fn */
};

/*
 * Setting. root is where links are looked up (the composition tree). On an error nothing has
 * changed. Errors: no such property ("Property 'pc-dimm.foo' not found"), wrong JSON type ("Invalid
 * parameter type for 'slot', expected: integer"), out of range, unknown enum name, link target
 * missing (NOT_FOUND: "Device 'ram9' not found") or of the wrong type, read only, fixed after
 * realize.
 */
bool object_property_set_qobject(struct object *object, const char *name,
                                 const struct json_object *value, struct object *root,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool object_property_set_bool(struct object *object, const char *name, bool value,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* As set_qobject, but text stands for any value and a number for a string: what QEMU's device_add
 * and its command line accept. */
bool object_property_set_lenient(struct object *object, const char *name,
                                 const struct json_object *value, struct object *root,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* From text, as on a command line ("256M", "on", "0x100000000"). */
bool object_property_parse(struct object *object, const char *name, const char *text,
                           struct object *root, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A new JSON value (the caller's). Children read as "child<type>" properties: their path. */
struct json_object *object_property_get(const struct object *object, const char *name,
                                        GError **error);

/* Stores a checked value at the property's offset; for custom setters. */
void property_store(struct object *object, const struct property_info *property,
                    const struct json_object *value);

/* "bool", "uint32", "size", "str", "link<memory-backend>", the enum's ... as QEMU's qom-list and
 * device-list-properties name them. */
char *property_type_text(const struct property_info *property);

/*
 * May be consulted before any set: interface "property-guard" lets a base type refuse
 * (hw/core/device refuses fixed_once_realized properties of a realized device).
 */
#define TYPE_PROPERTY_GUARD "property-guard"

struct property_guard_methods {
    bool (*allow)(const struct object *object, const struct property_info *property,
                  GError **error);
};
extern const struct type_info property_guard_type_info;

#endif
