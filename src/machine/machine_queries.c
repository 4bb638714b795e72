/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine_queries.c - what the machine answers to the query commands, in the form of QMP's replies. */
#include <string.h>

#include "base/bytes.h"
#include "base/json_members.h"
#include "hw/acpi/acpi_device.h"
#include "hw/mem/memory_backend.h"
#include "machine/machine_internal.h"
#include "qom/property.h"

#define NO_UUID "00000000-0000-0000-0000-000000000000"

/* ---- the machine ---- */

struct json_object *machine_query_status(struct machine *machine)
{
    struct json_object *status = json_object_new_object();

    json_add_text(status, "status", run_state_name(machine->run_state));
    json_add_bool(status, "singlestep", false);
    json_add_bool(status, "running", machine->run_state == RUN_STATE_RUNNING);
    return status;
}

/* Machine none runs nothing, but is what a client starts to learn whether KVM could be used. */
static bool kvm_is_usable(struct machine *machine)
{
    if (machine->kvm != NULL || strcmp(machine->config->machine_name, "none") != 0) {
        return machine->kvm != NULL;
    }
    return machine_host_has_kvm(machine);
}

struct json_object *machine_query_kvm(struct machine *machine)
{
    struct json_object *kvm = json_object_new_object();

    json_add_bool(kvm, "enabled", kvm_is_usable(machine));
    json_add_bool(kvm, "present", true);
    return kvm;
}

struct json_object *machine_query_name(struct machine *machine)
{
    struct json_object *name = json_object_new_object();

    if (machine->config->name != NULL) {
        json_add_text(name, "name", machine->config->name);
    }
    return name;
}

struct json_object *machine_query_uuid(struct machine *machine)
{
    struct json_object *uuid = json_object_new_object();

    json_add_text(uuid, "UUID", machine->config->uuid != NULL ? machine->config->uuid : NO_UUID);
    return uuid;
}

static struct json_object *machine_entry(const char *name, unsigned cpus_max, const char *ram_id)
{
    struct json_object *entry = json_object_new_object();

    json_add_bool(entry, "hotpluggable-cpus", cpus_max > 1);
    json_add_text(entry, "name", name);
    json_add_bool(entry, "numa-mem-supported", false);
    json_add_number(entry, "cpu-max", cpus_max);
    json_add_bool(entry, "deprecated", false);
    json_add_text(entry, "default-ram-id", ram_id);
    return entry;
}

struct json_object *machine_query_machines(struct machine *machine)
{
    struct json_object *list = json_object_new_array();
    struct json_object *pc = machine_entry("pc-i440fx-7.2", MACHINE_CPUS_MAX, "pc.ram");

    (void)machine;
    json_add_bool(pc, "is-default", true);
    json_add_text(pc, "default-cpu-type", "qemu64-x86_64-cpu");
    json_add_text(pc, "alias", "pc");
    json_object_array_add(list, pc);
    json_object_array_add(list, machine_entry("none", 1, "ram"));
    return list;
}

struct json_object *machine_query_chardev(struct machine *machine)
{
    return machine_chardev_list(machine);
}

/* ---- memory ---- */

struct json_object *machine_query_memory_devices(struct machine *machine)
{
    if (machine->device_memory.devices == NULL) { /* machine none */
        return json_object_new_array();
    }
    return memory_device_list(&machine->device_memory);
}

struct json_object *machine_query_memory_size_summary(struct machine *machine)
{
    struct json_object *summary = json_object_new_object();

    json_add_number(summary, "base-memory", machine->config->ram_bytes);
    json_add_number(summary, "plugged-memory", machine->device_memory.plugged_bytes);
    return summary;
}

static struct json_object *memdev_entry(const struct object *backend)
{
    static const char *const properties[] = { "share", "reserve", "prealloc",
                                              "size",  "merge",   "dump" };
    struct json_object *entry = json_object_new_object();

    for (size_t i = 0; i < G_N_ELEMENTS(properties); i++) {
        json_object_object_add(entry, properties[i],
                               object_property_get(backend, properties[i], NULL));
    }
    json_object_object_add(entry, "host-nodes", json_object_new_array());
    json_add_text(entry, "policy", "default");
    json_add_text(entry, "id", backend->name);
    return entry;
}

struct json_object *machine_query_memdev(struct machine *machine)
{
    struct json_object *list = json_object_new_array();
    const GPtrArray *objects = machine->objects->children;

    for (guint i = 0; objects != NULL && i < objects->len; i++) {
        const struct object *object = g_ptr_array_index(objects, i);

        if (object_is_a(object, TYPE_MEMORY_BACKEND)) {
            json_object_array_add(list, memdev_entry(object));
        }
    }
    return list;
}

struct json_object *machine_query_acpi_ospm_status(struct machine *machine)
{
    struct json_object *list = json_object_new_array();

    if (machine->pm != NULL) {
        const struct acpi_device_methods *methods =
            object_interface(&machine->pm->object, TYPE_ACPI_DEVICE_IF);

        methods->ospm_status(&machine->pm->object, list);
    }
    return list;
}

/* ---- processors ---- */

/* As in QEMU, a machine with DIMM slots has node 0 even without -numa. */
static struct json_object *cpu_props(const struct machine *machine, uint32_t index)
{
    struct json_object *props = json_object_new_object();
    struct x86_cpu cpu;

    pc_cpu_topology(machine->config, index, &cpu);
    json_add_number(props, "core-id", (uint32_t)cpu.core_id);
    json_add_number(props, "thread-id", (uint32_t)cpu.thread_id);
    if (machine->config->numa->len > 0 || machine->config->slots > 0) {
        json_add_number(props, "node-id", pc_cpu_node(machine, index));
    }
    json_add_number(props, "socket-id", (uint32_t)cpu.socket_id);
    return props;
}

static void add_cpu_path(struct json_object *entry, const struct machine *machine, uint32_t index)
{
    g_autofree char *path = object_canonical_path(&machine->cpus[index]->device.object);

    json_add_text(entry, "qom-path", path);
}

static bool has_board(const struct machine *machine)
{
    return strcmp(machine->config->machine_name, "none") != 0;
}

/* The last one first, as in QEMU. */
struct json_object *machine_query_hotpluggable_cpus(struct machine *machine)
{
    g_autofree char *type = g_strconcat(machine->config->cpu_model, "-x86_64-cpu", NULL);
    struct json_object *list = json_object_new_array();

    for (unsigned i = has_board(machine) ? machine->config->cpus_max : 0; i > 0; i--) {
        struct json_object *entry = json_object_new_object();

        json_object_object_add(entry, "props", cpu_props(machine, i - 1));
        json_add_number(entry, "vcpus-count", 1);
        if (machine->cpus[i - 1] != NULL) {
            add_cpu_path(entry, machine, i - 1);
        }
        json_add_text(entry, "type", type);
        json_object_array_add(list, entry);
    }
    return list;
}

struct json_object *machine_query_cpus_fast(struct machine *machine)
{
    struct json_object *list = json_object_new_array();

    for (unsigned i = 0; i < MACHINE_CPUS_MAX; i++) {
        struct json_object *entry;
        int64_t thread_id;

        if (machine->cpus[i] == NULL) {
            continue;
        }
        entry = json_object_new_object();
        thread_id = machine_thread_id(machine, i);

        json_object_object_add(entry, "thread-id", json_object_new_int64(thread_id));
        json_object_object_add(entry, "props", cpu_props(machine, i));
        add_cpu_path(entry, machine, i);
        json_add_number(entry, "cpu-index", i);
        json_add_text(entry, "target", "x86_64");
        json_object_array_add(list, entry);
    }
    return list;
}

/* Every model has what the host's KVM supports, so none can move to another host. */
static void list_cpu_model(const struct type *type, void *opaque)
{
    static const char suffix[] = "-x86_64-cpu";
    struct json_object *list = opaque;
    struct json_object *entry;
    g_autofree char *model = NULL;

    if (type_is_abstract(type) || !type_is_a(type, "x86_64-cpu")) {
        return;
    }
    model = g_strndup(type_name(type), strlen(type_name(type)) - strlen(suffix));
    entry = json_object_new_object();
    json_add_text(entry, "name", model);
    json_add_text(entry, "typename", type_name(type));
    json_object_object_add(entry, "unavailable-features", json_object_new_array());
    json_add_bool(entry, "static", false);
    json_add_bool(entry, "migration-safe", false);
    json_add_bool(entry, "deprecated", false);
    json_object_array_add(list, entry);
}

struct json_object *machine_query_cpu_definitions(struct machine *machine)
{
    struct json_object *list = json_object_new_array();

    type_registry_for_each(machine->types, list_cpu_model, list);
    return list;
}

/* ---- faults ---- */

/* A write to the recording is no matter of the machine: what is left of its fault comes from outside. */
static void take_write_fault(struct machine *machine)
{
    struct fault_point_state *point = &machine->faults.points[FAULT_recording_write];
    struct payload_fact_fault bytes = { .every = { point->every } };
    g_autoptr(GBytes) content = NULL;
    const struct payload_fact_fault *taken;
    gsize size;

    bytes_store_le32(bytes.error, (uint32_t)point->error);
    bytes_store_le64(bytes.countdown, point->countdown);
    content = machine_fact(machine, PAYLOAD_FACT_write_fault, g_bytes_new(&bytes, sizeof(bytes)));
    taken = g_bytes_get_data(content, &size);
    if (size == sizeof(*taken)) {
        point->error = (int)bytes_load_le32(taken->error);
        point->countdown = bytes_load_le64(taken->countdown);
        point->every = taken->every[0] != 0;
    }
}

struct json_object *machine_query_faults(struct machine *machine)
{
    struct json_object *list = json_object_new_array();

    take_write_fault(machine);
    for (unsigned i = 0; i < FAULT_POINT_COUNT; i++) {
        int number = machine->faults.points[i].error;
        struct json_object *entry;

        if (number == 0) {
            continue;
        }
        entry = json_object_new_object();
        json_add_text(entry, "point", fault_point_name((enum fault_point)i));
        json_object_object_add(entry, "error",
                               fault_errno_name(number) != NULL
                                   ? json_object_new_string(fault_errno_name(number))
                                   : json_object_new_int(number));
        if (machine->faults.points[i].every) {
            json_add_text(entry, "at", "all");
        } else {
            json_add_number(entry, "at", machine->faults.points[i].countdown);
        }
        json_object_array_add(list, entry);
    }
    return list;
}
