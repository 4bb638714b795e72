/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device.c - the type "device": its properties, realize and unrealize, reset. */
#include "hw/core/device.h"

#include <json-c/json.h>

#include "base/error.h"
#include "base/invariant.h"
#include "hw/core/board.h"
#include "hw/core/hotplug.h"
#include "trace/trace.h"

STATE_DESCRIBE(device_life_desc, struct device_life, DEVICE_LIFE_FIELDS);

static struct device *as_device(struct object *object)
{
    return (struct device *)(void *)object;
}

static const struct device *as_const_device(const struct object *object)
{
    return (const struct device *)(const void *)object;
}

const struct device_class *device_class(const struct device *device)
{
    return object_class(&device->object);
}

const char *device_label(const struct device *device)
{
    return device->id != NULL ? device->id : object_type_name(&device->object);
}

char *device_path(const struct device *device)
{
    return object_canonical_path(&device->object);
}

/* ---- realize ---- */

/* Calls visit for each device on the device's buses, in the given direction. */
static void for_each_below(struct device *device, bool last_first, void (*visit)(struct device *))
{
    const GPtrArray *children = device->object.children;

    for (guint i = 0; children != NULL && i < children->len; i++) {
        guint at = last_first ? children->len - 1 - i : i;
        struct object *child = g_ptr_array_index(children, at);
        const struct bus *bus = (const struct bus *)(const void *)child;

        if (!object_is_a(child, TYPE_BUS)) {
            continue;
        }
        for (guint n = 0; n < bus->devices->len; n++) {
            at = last_first ? bus->devices->len - 1 - n : n;
            visit(g_ptr_array_index(bus->devices, at));
        }
    }
}

static bool takes_hotplug(const struct device *device, const struct object *handler, GError **error)
{
    if (!device->hotplugged) {
        return true;
    }
    if (!device_class(device)->hotpluggable) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "Device '%s' does not support hotplugging", object_type_name(&device->object));
        return false;
    }
    if (handler == NULL && device->parent_bus != NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "Bus '%s' does not support hotplugging", device->parent_bus->name);
        return false;
    }
    return true;
}

static void unrealize(struct device *device)
{
    const struct device_class *class = device_class(device);

    if (class->unrealize != NULL) {
        class->unrealize(device);
    }
}

static bool realize(struct device *device, GError **error)
{
    const struct device_class *class = device_class(device);
    struct object *handler = device_hotplug_handler(device);

    if (!takes_hotplug(device, handler, error) ||
        (handler != NULL && !hotplug_handler_pre_plug(handler, device, error)) ||
        (class->realize != NULL && !class->realize(device, error))) {
        return false;
    }
    if (device->hotplugged) {
        device_reset(device);
    }
    if (handler != NULL && !hotplug_handler_plug(handler, device, error)) {
        unrealize(device);
        return false;
    }
    device->unplug_pending = false;
    device->realized = true;
    return true;
}

static void unrealize_tree(struct device *device)
{
    bool ok = device_set_realized(device, false, NULL);

    invariant(ok); /* Unrealizing can't fail. */
}

bool device_set_realized(struct device *device, bool realized, GError **error)
{
    bool ok = true;

    trace_device_set_realized_enter(device_label(device), realized);
    if (realized && !device->realized) {
        ok = realize(device, error);
    } else if (!realized && device->realized) {
        for_each_below(device, true, unrealize_tree);
        unrealize(device);
        device->realized = false;
        device->unplug_pending = false;
    }
    trace_device_set_realized_leave(ok);
    return ok;
}

void device_unrealize_all(struct object *root)
{
    for (guint i = root->children != NULL ? root->children->len : 0; i > 0; i--) {
        device_unrealize_all(g_ptr_array_index(root->children, i - 1));
    }
    if (object_is_a(root, TYPE_DEVICE)) {
        unrealize_tree(as_device(root));
    }
}

/* ---- reset ---- */

static void reset_realized(struct device *device)
{
    if (device->realized) {
        device_reset(device);
    }
}

void device_reset(struct device *device)
{
    const struct device_class *class = device_class(device);

    for_each_below(device, false, reset_realized);
    if (class->reset != NULL) {
        class->reset(device);
    }
    trace_device_was_reset(device_label(device));
}

/* ---- properties ---- */

static struct json_object *get_realized(const struct object *object,
                                        const struct property_info *property, GError **error)
{
    (void)property;
    (void)error;
    return json_object_new_boolean(as_const_device(object)->realized);
}

static bool set_realized(struct object *object, const struct property_info *property,
                         const struct json_object *value, GError **error)
{
    (void)property;
    return device_set_realized(as_device(object), json_object_get_boolean(value), error);
}

static struct json_object *get_hotplugged(const struct object *object,
                                          const struct property_info *property, GError **error)
{
    (void)property;
    (void)error;
    return json_object_new_boolean(as_const_device(object)->hotplugged);
}

/* As in QEMU: the class allows it, and the bus, if there is one, has a handler. */
static struct json_object *get_hotpluggable(const struct object *object,
                                            const struct property_info *property, GError **error)
{
    const struct device *device = as_const_device(object);
    bool bus_takes_it = device->parent_bus == NULL || device->parent_bus->hotplug_handler != NULL;

    (void)property;
    (void)error;
    return json_object_new_boolean(device_class(device)->hotpluggable && bus_takes_it);
}

static struct json_object *get_parent_bus(const struct object *object,
                                          const struct property_info *property, GError **error)
{
    const struct bus *bus = as_const_device(object)->parent_bus;
    g_autofree char *path = bus != NULL ? object_canonical_path(&bus->object) : NULL;

    (void)property;
    (void)error;
    return json_object_new_string(path != NULL ? path : "");
}

static bool allow_set(const struct object *object, const struct property_info *property,
                      GError **error)
{
    const struct device *device = as_const_device(object);
    g_autofree char *name = NULL;

    if (!device->realized || !property->fixed_once_realized) {
        return true;
    }
    name = device->id != NULL ? g_strdup_printf("device '%s'", device->id)
                              : g_strdup("anonymous device");
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                "Attempt to set property '%s' on %s (type '%s') after it was realized",
                property->name, name, object_type_name(object));
    return false;
}

static void device_fini(struct object *object)
{
    struct device *device = as_device(object);

    invariant(!device->realized || device_class(device)->unrealize == NULL);
    if (device->parent_bus != NULL) {
        bus_remove_device(device->parent_bus, device);
    }
    g_free(device->id);
}

static const struct property_info device_properties[] = {
    { .name = "parent_bus",
      .kind = PROPERTY_LINK,
      .link_type = TYPE_BUS,
      .read_only = true,
      .get = get_parent_bus },
    { .name = "realized", .kind = PROPERTY_BOOL, .get = get_realized, .set = set_realized },
    { .name = "hotpluggable", .kind = PROPERTY_BOOL, .read_only = true, .get = get_hotpluggable },
    { .name = "hotplugged", .kind = PROPERTY_BOOL, .read_only = true, .get = get_hotplugged },
    { .name = NULL },
};

static const struct property_guard_methods device_guard = { .allow = allow_set };

static const struct interface_impl device_interfaces[] = {
    { TYPE_PROPERTY_GUARD, &device_guard },
    { NULL, NULL },
};

static const struct device_class device_base_class = { .description = NULL };

const struct type_info device_type_info = {
    .name = TYPE_DEVICE,
    .parent = "object",
    .abstract = true,
    .instance_size = sizeof(struct device),
    .interfaces = device_interfaces,
    .properties = device_properties,
    .instance_fini = device_fini,
    .class_methods = &device_base_class,
};
