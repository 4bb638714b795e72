/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bus.c - the type "bus": which devices sit on it, in order of plugging. */
#include <json-c/json.h>

#include "base/error.h"
#include "base/invariant.h"
#include "hw/core/device.h"
#include "trace/trace.h"

static struct bus *as_bus(struct object *object)
{
    return (struct bus *)(void *)object;
}

/* "s0.1" for the second bus of device s0; "pci.0" for the first of a device without an id. */
static char *automatic_name(const char *type, const struct device *parent)
{
    g_autofree char *stem =
        parent != NULL && parent->id != NULL ? g_strdup(parent->id) : g_ascii_strdown(type, -1);
    const GPtrArray *children = parent != NULL ? parent->object.children : NULL;
    unsigned count = 0;

    for (guint i = 0; children != NULL && i < children->len; i++) {
        count += object_is_a(g_ptr_array_index(children, i), TYPE_BUS);
    }
    return g_strdup_printf("%s.%u", stem, count);
}

struct bus *bus_create(const struct type_registry *registry, const char *type,
                       struct device *parent, const char *name, GError **error)
{
    const struct type *found = type_registry_find(registry, type);
    struct bus *bus;

    if (found == NULL || !type_is_a(found, TYPE_BUS)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "'%s' is not a type of bus", type);
        return NULL;
    }
    bus = (struct bus *)(void *)object_create(registry, type, error);
    if (bus == NULL) {
        return NULL;
    }
    bus->parent = parent;
    bus->name = name != NULL ? g_strdup(name) : automatic_name(type, parent);
    if (parent != NULL && !object_add_child(&parent->object, bus->name, &bus->object, error)) {
        object_destroy(&bus->object);
        return NULL;
    }
    return bus;
}

void bus_add_device(struct bus *bus, struct device *device)
{
    invariant(device->parent_bus == NULL);
    g_ptr_array_add(bus->devices, device);
    device->parent_bus = bus;
    trace_bus_device_added(bus->name, device_label(device));
}

void bus_remove_device(struct bus *bus, struct device *device)
{
    invariant(device->parent_bus == bus);
    g_ptr_array_remove(bus->devices, device);
    device->parent_bus = NULL;
    trace_bus_device_removed(bus->name, device_label(device));
}

static struct json_object *get_handler(const struct object *object,
                                       const struct property_info *property, GError **error)
{
    const struct object *handler = ((const struct bus *)(const void *)object)->hotplug_handler;
    g_autofree char *path = handler != NULL ? object_canonical_path(handler) : NULL;

    (void)property;
    (void)error;
    return json_object_new_string(path != NULL ? path : "");
}

static struct json_object *get_realized(const struct object *object,
                                        const struct property_info *property, GError **error)
{
    const struct device *parent = ((const struct bus *)(const void *)object)->parent;

    (void)property;
    (void)error;
    return json_object_new_boolean(parent == NULL || parent->realized);
}

static const struct property_info bus_properties[] = {
    { .name = "hotplug-handler",
      .kind = PROPERTY_LINK,
      .link_type = "hotplug-handler",
      .read_only = true,
      .get = get_handler },
    { .name = "realized", .kind = PROPERTY_BOOL, .read_only = true, .get = get_realized },
    { .name = NULL },
};

static void bus_init(struct object *object)
{
    as_bus(object)->devices = g_ptr_array_new();
}

static void bus_fini(struct object *object)
{
    struct bus *bus = as_bus(object);

    while (bus->devices->len > 0) {
        bus_remove_device(bus, g_ptr_array_index(bus->devices, bus->devices->len - 1));
    }
    g_ptr_array_unref(bus->devices);
    g_free(bus->name);
}

const struct type_info bus_type_info = {
    .name = TYPE_BUS,
    .parent = "object",
    .abstract = true,
    .instance_size = sizeof(struct bus),
    .properties = bus_properties,
    .instance_init = bus_init,
    .instance_fini = bus_fini,
};

const struct type_info system_bus_type_info = { .name = "System", .parent = TYPE_BUS };

const struct type_info isa_bus_type_info = { .name = "ISA", .parent = TYPE_BUS };
