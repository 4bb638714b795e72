/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine_print.c - what "info" shows of the machine, in QEMU's form. */
#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#include "cpu/x86_state.h"
#include "machine/machine_internal.h"
#include "machine/pc_chips.h"
#include "machine/soft_machine.h"
#include "memory/memory_print.h"

void machine_print_mtree(struct machine *machine, bool flat, GString *out)
{
    if (flat) {
        memory_print_flatviews(machine->memory, out);
    } else {
        memory_print_trees(machine->memory, out);
    }
}

void machine_print_qtree(struct machine *machine, GString *out)
{
    device_print_tree(machine->root, out);
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    const struct object *left = *(struct object *const *)a;
    const struct object *right = *(struct object *const *)b;

    return strcmp(left->name, right->name);
}

/* Depth: as deep as the composition tree. Children in order of their names, as in QEMU. */
static void print_object(const struct object *object, unsigned indent, GString *out)
{
    g_string_append_printf(out, "%*s/%s (%s)\n", (int)indent, "",
                           object->name != NULL ? object->name : "", object_type_name(object));
    if (object->children != NULL) {
        g_autoptr(GPtrArray) sorted = g_ptr_array_copy(object->children, NULL, NULL);

        g_ptr_array_sort(sorted, by_name);
        for (guint i = 0; i < sorted->len; i++) {
            print_object(g_ptr_array_index(sorted, i), indent + 2, out);
        }
    }
}

void machine_print_qom_tree(struct machine *machine, const char *path, GString *out)
{
    bool ambiguous = false;
    const struct object *object = machine->machine_object;

    if (path != NULL) {
        object = object_resolve_path(machine->root, path, &ambiguous);
    }
    if (ambiguous) {
        g_string_append_printf(out, "Path '%s' is ambiguous.\n", path);
    } else if (object == NULL) {
        g_string_append_printf(out, "Path '%s' could not be resolved.\n", path);
    } else {
        print_object(object, 0, out);
    }
}

void machine_print_irq(struct machine *machine, GString *out)
{
    if (machine->chips != NULL) {
        gsi_chips_print_statistics(&machine->chips->gsi, out);
    } else {
        gsi_lines_print_statistics(&machine->gsi_lines, out);
    }
}

static void print_error(const GError *error, GString *out)
{
    g_string_append_printf(out, "Error: %s\n", error->message);
}

void machine_print_pic(struct machine *machine, GString *out)
{
    g_autoptr(GError) error = NULL;

    if (machine->kvm != NULL && machine->chips == NULL &&
        !kvm_irqchip_print(machine->kvm, out, &error)) {
        print_error(error, out);
    }
}

static void print_memory_device(const struct json_object *device, GString *out)
{
    struct json_object *data = json_object_object_get(device, "data");
    struct json_object *id = NULL;

    g_string_append_printf(out, "Memory device [%s]: \"%s\"\n",
                           json_object_get_string(json_object_object_get(device, "type")),
                           json_object_object_get_ex(data, "id", &id) ? json_object_get_string(id)
                                                                      : "");
    g_string_append_printf(out, "  addr: 0x%" PRIx64 "\n",
                           json_object_get_uint64(json_object_object_get(data, "addr")));
    for (const char *const *key = (const char *const[]){ "slot", "node", "size", "memdev",
                                                         "hotplugged", "hotpluggable", NULL };
         *key != NULL; key++) {
        struct json_object *value = NULL;

        if (json_object_object_get_ex(data, *key, &value)) {
            g_string_append_printf(out, "  %s: %s\n", *key, json_object_get_string(value));
        }
    }
}

void machine_print_memory_devices(struct machine *machine, GString *out)
{
    struct json_object *list = machine_query_memory_devices(machine);

    for (size_t i = 0; i < json_object_array_length(list); i++) {
        print_memory_device(json_object_array_get_idx(list, i), out);
    }
    json_object_put(list);
}

void machine_print_memslots(struct machine *machine, GString *out)
{
    if (machine->kvm != NULL) {
        kvm_slots_print(machine->kvm, out);
    }
}

static bool save_registers(struct machine *machine, unsigned index, struct x86_state *out_state,
                           GError **error)
{
    if (machine->soft != NULL) {
        soft_machine_save(machine, index, out_state);
        return true;
    }
    return kvm_vcpu_save(machine->kvm, index, out_state, error);
}

void machine_print_registers(struct machine *machine, bool all_vcpus, GString *out)
{
    if (machine->kvm != NULL) {
        kvm_vcpus_hold(machine->kvm);
    }
    for (unsigned i = 0; i < (all_vcpus ? MACHINE_CPUS_MAX : 1u); i++) {
        g_autoptr(GError) error = NULL;
        struct x86_state state;

        if (machine->cpus[i] == NULL) {
            continue;
        }
        g_string_append_printf(out, "\nCPU#%u\n", i);
        if (save_registers(machine, i, &state, &error)) {
            x86_state_print(&state, out);
        } else {
            print_error(error, out);
        }
    }
    if (machine->kvm != NULL) {
        kvm_vcpus_release(machine->kvm);
    }
}
