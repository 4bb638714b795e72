/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * device_add.c - -device and device_add: check the driver, find the bus, create, configure, realize.
 *
 * Whatever fails, nothing stays: the device is destroyed before its first trace in the tree could matter.
 */
#include <json-c/json.h>
#include <string.h>

#include "base/error.h"
#include "hw/core/cpu_device_if.h"
#include "hw/core/memory_device_if.h"
#include "machine/checkpoint.h"
#include "machine/machine_internal.h"
#include "qom/property.h"
#include "trace/trace.h"

/* Keys of the arguments that say what and where, and are no properties. */
static bool is_reserved(const char *key)
{
    return strcmp(key, "driver") == 0 || strcmp(key, "id") == 0 || strcmp(key, "bus") == 0;
}

static const struct device_class *find_class(const struct machine *machine, const char *driver,
                                             GError **error)
{
    const struct type *type = type_registry_find(machine->types, driver);
    const struct device_class *class;

    if (type == NULL || !type_is_a(type, TYPE_DEVICE)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "'%s' is not a valid device model name", driver);
        return NULL;
    }
    if (type_is_abstract(type)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter 'driver' expects a non-abstract device type");
        return NULL;
    }
    class = type_class(type);
    if (!class->user_creatable || (machine->ready && !class->hotpluggable)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter 'driver' expects a pluggable device type");
        return NULL;
    }
    return class;
}

/* The first bus in the tree with this name, or of this type; either may be NULL. */
struct bus_search {
    const char *name, *type;
    struct bus *found;
};

static bool visit_bus(struct object *object, void *opaque)
{
    struct bus_search *search = opaque;
    struct bus *bus = (struct bus *)object;

    if (!object_is_a(object, TYPE_BUS) ||
        (search->name != NULL && strcmp(bus->name, search->name) != 0) ||
        (search->type != NULL && !object_is_a(object, search->type))) {
        return true;
    }
    search->found = bus;
    return false;
}

static bool find_bus(struct machine *machine, const char *driver, const struct device_class *class,
                     const char *name, struct bus **out_bus, GError **error)
{
    struct bus_search search = { .name = name, .type = name == NULL ? class->bus_type : NULL };

    if (name == NULL && class->bus_type == NULL) {
        *out_bus = NULL;
        return true;
    }
    (void)object_for_each(machine->root, visit_bus, &search);
    if (search.found == NULL && name != NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "Bus '%s' not found", name);
        return false;
    }
    if (search.found == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "No '%s' bus found for device '%s'",
                    class->bus_type, driver);
        return false;
    }
    if (class->bus_type == NULL || !object_is_a(&search.found->object, class->bus_type)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "Device '%s' can't go on %s bus",
                    driver, object_type_name(&search.found->object));
        return false;
    }
    if (machine->ready && search.found->hotplug_handler == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "Bus '%s' does not support hotplugging", search.found->name);
        return false;
    }
    *out_bus = search.found;
    return true;
}

/* Gives the device its place in the tree. */
static bool add_to_tree(struct machine *machine, struct device *device, const char *id,
                        GError **error)
{
    g_autofree char *name = NULL;

    if (id == NULL) {
        name = g_strdup_printf("device[%u]", machine->anonymous_count);
        return object_add_child(machine->peripheral_anon, name, &device->object, error);
    }
    if (!object_id_is_wellformed(id)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter 'id' expects an identifier (it is '%s')", id);
        return false;
    }
    if (object_child(machine->peripheral, id) != NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY, "Duplicate device ID '%s'", id);
        return false;
    }
    device->id = g_strdup(id);
    return object_add_child(machine->peripheral, id, &device->object, error);
}

static bool set_properties(struct machine *machine, struct device *device,
                           const struct json_object *arguments, GError **error)
{
    json_object_object_foreach((struct json_object *)arguments, key, value)
    {
        if (is_reserved(key)) {
            continue;
        }
        /* Realizing is this file's last step, after everything else is set. */
        if (strcmp(key, "realized") == 0) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                        "Parameter 'realized' is unexpected");
            return false;
        }
        if (!object_property_set_lenient(&device->object, key, value, machine->root, error)) {
            return false;
        }
    }
    return true;
}

static bool configure(struct machine *machine, struct device *device, struct bus *bus,
                      const char *id, const struct json_object *arguments, GError **error)
{
    device->board = &machine->board;
    device->hotplugged = machine->ready;
    /* Memory and processors without a handler would be nowhere: machine "none" has no place for them. */
    if (bus == NULL && device_hotplug_handler(device) == NULL &&
        (machine->ready || object_is_a(&device->object, TYPE_MEMORY_DEVICE) ||
         object_is_a(&device->object, TYPE_CPU_DEVICE))) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "Device '%s' can not be hotplugged on this machine",
                    object_type_name(&device->object));
        return false;
    }
    if (!add_to_tree(machine, device, id, error) ||
        !set_properties(machine, device, arguments, error)) {
        return false;
    }
    return pc_realize_connected(machine, device, bus, error);
}

static bool add(struct machine *machine, const struct json_object *arguments, const char *driver,
                const char *id, GError **error)
{
    const struct device_class *class;
    const char *bus_name;
    struct object *object;
    struct bus *bus;

    if (!machine_text_argument(arguments, "bus", false, &bus_name, error)) {
        return false;
    }
    class = find_class(machine, driver, error);
    if (class == NULL || !find_bus(machine, driver, class, bus_name, &bus, error)) {
        return false;
    }
    object = object_create(machine->types, driver, error);
    if (object == NULL) {
        return false;
    }
    if (!configure(machine, (struct device *)object, bus, id, arguments, error)) {
        object_destroy(object);
        return false;
    }
    machine->anonymous_count += id == NULL;
    return true;
}

bool qdev_device_add(struct machine *machine, const struct json_object *arguments, GError **error)
{
    const char *driver = NULL, *id = NULL;
    GError *failure = NULL;
    bool ok;

    if (!machine_text_argument(arguments, "driver", true, &driver, error) ||
        !machine_text_argument(arguments, "id", false, &id, error)) {
        return false;
    }
    trace_qdev_device_add_enter(driver, id != NULL ? id : "");
    ok = add(machine, arguments, driver, id, &failure);
    if (!ok) {
        trace_device_add_refused(driver, id != NULL ? id : "", failure->message);
        g_propagate_error(error, failure);
    }
    trace_qdev_device_add_leave(ok);
    return ok;
}

bool machine_device_add(struct machine *machine, const struct json_object *arguments,
                        GError **error)
{
    checkpoint_note_command(machine);
    return qdev_device_add(machine, arguments, error);
}
