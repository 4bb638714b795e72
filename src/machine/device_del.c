/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device_del.c - device_del: who may leave, asking them, and their end once the guest has let go. */
#include <json-c/json.h>

#include "base/error.h"
#include "base/invariant.h"
#include "machine/checkpoint.h"
#include "machine/machine_internal.h"
#include "qom/property.h"
#include "trace/trace.h"

static struct device *find_device(struct machine *machine, const char *id, GError **error)
{
    struct object *object = id[0] == '/' ? object_resolve_path(machine->root, id, NULL)
                                         : object_child(machine->peripheral, id);

    if (object == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND, "Device '%s' not found", id);
        return NULL;
    }
    if (!object_is_a(object, TYPE_DEVICE)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "%s is not a hotpluggable device",
                    id);
        return NULL;
    }
    return (struct device *)object;
}

static bool qdev_unplug(struct device *device, GError **error)
{
    struct object *handler = device_hotplug_handler(device);

    if (device->parent_bus != NULL && device->parent_bus->hotplug_handler == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "Bus '%s' does not support hotplugging", device->parent_bus->name);
        return false;
    }
    if (!device_class(device)->hotpluggable || handler == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "Device '%s' does not support hotplugging", object_type_name(&device->object));
        return false;
    }
    return hotplug_handler_unplug_request(handler, device, error);
}

bool machine_device_del(struct machine *machine, const char *id, GError **error)
{
    struct device *device = find_device(machine, id, error);
    bool ok;

    if (device == NULL) {
        return false;
    }
    /* Asking again makes sense only once the guest has seen the first request, and done nothing. */
    if ((device->unplug_pending && !device->unplug_seen) ||
        g_ptr_array_find(machine->gone, device, NULL)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY,
                    "Device %s is already in the process of unplug", id);
        return false;
    }
    trace_qdev_unplug_enter(id);
    ok = qdev_unplug(device, error);
    trace_qdev_unplug_leave(ok);
    return ok;
}

void machine_device_destroy(struct machine *machine, struct device *device)
{
    bool ok = object_property_set_bool(&device->object, "realized", false, NULL);

    invariant(ok);
    machine_device_removed(machine, device);
    pc_disconnect(machine, device);
    object_destroy(&device->object);
}

void machine_device_gone(struct machine *machine, struct device *device)
{
    if (!g_ptr_array_find(machine->gone, device, NULL)) {
        g_ptr_array_add(machine->gone, device);
    }
}

static void announce(struct machine *machine, const char *id, const char *path)
{
    struct json_object *data = json_object_new_object();

    if (id != NULL) {
        json_object_object_add(data, "device", json_object_new_string(id));
    }
    json_object_object_add(data, "path", json_object_new_string(path));
    trace_device_deleted(id != NULL ? id : "", path);
    machine_emit_event(machine, "DEVICE_DELETED", data);
}

/* The device that has left, what sits on its buses first. */
static void destroy_and_announce(struct machine *machine, struct device *device)
{
    const GPtrArray *children = device->object.children;
    g_autofree char *id = g_strdup(device->id);
    g_autofree char *path = device_path(device);

    (void)g_ptr_array_remove(machine->gone, device);
    for (guint i = 0; children != NULL && i < children->len; i++) {
        struct object *child = g_ptr_array_index(children, i);
        const struct bus *bus = (const struct bus *)(const void *)child;

        while (object_is_a(child, TYPE_BUS) && bus->devices->len > 0) {
            destroy_and_announce(machine, g_ptr_array_index(bus->devices, bus->devices->len - 1));
        }
    }
    machine_device_destroy(machine, device);
    announce(machine, id, path);
}

void machine_destroy_gone(struct machine *machine)
{
    while (machine->gone->len > 0) {
        struct device *device = g_ptr_array_index(machine->gone, 0);
        g_autofree char *path = device_path(device);

        checkpoint_note_gone(machine, path);
        destroy_and_announce(machine, device);
    }
}
