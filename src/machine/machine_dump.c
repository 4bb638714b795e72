/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine_dump.c - one text of everything that a command which fails must leave as it was.
 *
 * In it: run state, what the turn has asked for, the error latch, chardevs, the composition tree
 * with every property's value, every device's state, interrupt lines' levels, memory trees,
 * FlatViews, memslots, and the vCPUs' registers while the guest does not run. Not in it: what changes
 * by itself (virtual time, registers of a running guest, guest memory, the kernel's interrupt
 * controllers, whose timer goes on) and what only counts (interrupts, turns) or is the user's plan
 * (armed faults, trace switches). Two dumps of the same machine are the same bytes.
 */
#include <inttypes.h>
#include <json-c/json.h>

#include "cpu/x86_state.h"
#include "machine/machine_internal.h"
#include "memory/memory_print.h"
#include "qom/property.h"

#define VALUE_FORMAT (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

static const char *text_of(const struct json_object *object, const char *key)
{
    const char *text = json_object_get_string(json_object_object_get(object, key));

    return text != NULL ? text : "";
}

static void dump_chardevs(struct machine *machine, GString *out)
{
    struct json_object *list = machine_chardev_list(machine);

    for (size_t i = 0; i < json_object_array_length(list); i++) {
        const struct json_object *entry = json_object_array_get_idx(list, i);
        bool in_use = json_object_get_boolean(json_object_object_get(entry, "frontend-open"));

        g_string_append_printf(out, "chardev %s: %s%s\n", text_of(entry, "label"),
                               text_of(entry, "filename"), in_use ? ", in use" : "");
    }
    json_object_put(list);
}

static void dump_machine(struct machine *machine, GString *out)
{
    g_string_append_printf(out, "run state: %s\n", run_state_name(machine->run_state));
    g_string_append_printf(out, "requests: %x\nerror latch: %s\n", machine->requests,
                           error_latch_is_set(&machine->errors) ? machine->errors.first->message
                                                                : "empty");
    g_string_append_printf(out, "reboot: %s\nshutdown: %s\n",
                           machine->reboot_is_shutdown ? "shutdown" : "reset",
                           machine->shutdown_is_pause ? "pause" : "poweroff");
    dump_chardevs(machine, out);
    g_string_append_printf(out, "gsi levels: %08x\n", machine->gsi_lines.statistics.level);
    g_string_append_printf(out, "plugged memory: %" PRIu64 " of %" PRIu64 " bytes\n",
                           machine->device_memory.plugged_bytes,
                           machine->device_memory.plugged_max_bytes);
}

static void dump_devices(const char *title, const GPtrArray *devices, GString *out)
{
    g_string_append_printf(out, "%s:\n", title);
    for (guint i = 0; devices != NULL && i < devices->len; i++) {
        g_autofree char *path = device_path(g_ptr_array_index(devices, i));

        g_string_append_printf(out, "  %s\n", path);
    }
}

struct property_dump {
    const struct object *object;
    const char *path;
    GString *out;
};

static void dump_property(const struct property_info *property, void *opaque)
{
    const struct property_dump *dump = opaque;
    g_autoptr(GError) error = NULL;
    struct json_object *value;

    if (type_property(dump->object->type, property->name) != property) {
        return; /* a more derived type has redefined it */
    }
    value = object_property_get(dump->object, property->name, &error);
    g_string_append_printf(dump->out, "%s.%s = %s\n", dump->path, property->name,
                           error != NULL ? error->message
                                         : json_object_to_json_string_ext(value, VALUE_FORMAT));
    json_object_put(value);
}

static bool dump_object(struct object *object, void *opaque)
{
    g_autofree char *path = object_canonical_path(object);
    struct property_dump dump = { object, path, opaque };

    g_string_append_printf(dump.out, "%s (%s)\n", path, object_type_name(object));
    if (object_is_a(object, TYPE_DEVICE)) {
        const struct device *device = (const struct device *)(const void *)object;

        g_string_append_printf(dump.out, "%s unplug pending: %d\n", path, device->unplug_pending);
    }
    type_for_each_property(object->type, dump_property, &dump);
    return true;
}

struct json_object *machine_query_state(struct machine *machine)
{
    g_autoptr(GString) out = g_string_new(NULL);

    dump_machine(machine, out);
    dump_devices("devices", machine->devices, out);
    dump_devices("devices that leave", machine->gone, out);
    dump_devices("memory devices", machine->device_memory.devices, out);
    g_string_append(out, "objects:\n");
    (void)object_for_each(machine->root, dump_object, out); /* no visit stops it */
    g_string_append(out, "device state:\n");
    device_print_state(machine->root, out);
    memory_print_trees(machine->memory, out);
    memory_print_flatviews(machine->memory, out);
    machine_print_memslots(machine, out);
    if (machine->run_state != RUN_STATE_RUNNING) {
        machine_print_registers(machine, true, out);
    }
    return json_object_new_string_len(out->str, (int)MIN(out->len, (gsize)G_MAXINT));
}
