/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pc.c - the PC's board: what is built in which order (span pc_init1).
 *
 *   RAM, device memory -> processors -> i440FX host bridge, bus pci.0 -> PIIX3 (00:01.0), bus isa.0
 *     -> interrupt chips, GSI lines -> CMOS clock -> PIIX4 power management (00:01.3)
 */
#include "base/error.h"
#include "base/invariant.h"
#include "hw/acpi/piix4_pm.h"
#include "hw/char/char_devices.h"
#include "hw/mem/pc_dimm.h"
#include "hw/pci/pci.h"
#include "hw/rtc/mc146818.h"
#include "hw/virtio/virtio_devices.h"
#include "machine/block_drives.h"
#include "machine/machine_internal.h"
#include "machine/networks.h"
#include "qom/property.h"
#include "trace/trace.h"

struct device *pc_builtin_create(struct machine *machine, const char *type, struct object *parent,
                                 const char *name, GError **error)
{
    struct object *object = object_create(machine->types, type, error);
    struct device *device = (struct device *)object;
    g_autofree char *numbered = NULL;

    if (object == NULL) {
        return NULL;
    }
    device->board = &machine->board;
    if (parent == NULL) {
        parent = machine->unattached;
        numbered = g_strdup_printf("device[%u]", machine->unattached_count++);
    }
    if (!object_add_child(parent, name != NULL ? name : numbered, object, error)) {
        object_destroy(object);
        return NULL;
    }
    return device;
}

bool pc_builtin_realize(struct machine *machine, struct device *device, struct bus *bus,
                        GError **error)
{
    if (bus != NULL) {
        bus_add_device(bus, device);
    }
    if (!object_property_set_bool(&device->object, "realized", true, error)) {
        g_prefix_error(error, "%s: ", object_type_name(&device->object));
        return false;
    }
    machine_device_added(machine, device);
    return true;
}

bool pc_connect(struct machine *machine, struct device *device, GError **error)
{
    virtio_serial_set_types(device, machine->types);
    if (serial_port_connect(machine, device, error) &&
        block_drive_connect(machine, device, error) && network_connect(machine, device, error)) {
        return true;
    }
    pc_disconnect(machine, device);
    return false;
}

void pc_disconnect(struct machine *machine, struct device *device)
{
    serial_port_disconnect(machine, device);
    block_drive_disconnect(machine, device);
    network_disconnect(machine, device);
}

bool pc_realize_connected(struct machine *machine, struct device *device, struct bus *bus,
                          GError **error)
{
    if (bus != NULL) {
        bus_add_device(bus, device);
    }
    if (!pc_connect(machine, device, error)) {
        return false;
    }
    if (!object_property_set_bool(&device->object, "realized", true, error)) {
        pc_disconnect(machine, device);
        return false;
    }
    if (object_is_a(&device->object, isa_serial_type_info.name)) {
        pc_wiring_connect_serial(machine, device);
    }
    machine_device_added(machine, device);
    return true;
}

static bool create_bridges(struct machine *machine, struct bus **out_pci_bus, GError **error)
{
    struct pci_bus *bus;

    machine->pci_host =
        pc_builtin_create(machine, "i440FX-pcihost", machine->machine_object, "i440fx", error);
    if (machine->pci_host == NULL) {
        return false;
    }
    i440fx_pcihost_set_types(machine->pci_host, machine->types);
    if (!pc_builtin_realize(machine, machine->pci_host, NULL, error)) {
        return false;
    }
    bus = i440fx_pci_bus(machine->pci_host);
    invariant(bus != NULL);
    machine->piix3 = pc_builtin_create(machine, "PIIX3", NULL, NULL, error);
    if (machine->piix3 == NULL) {
        return false;
    }
    if (!pc_builtin_realize(machine, machine->piix3, &bus->bus, error)) {
        return false;
    }
    machine->isa_bus = bus_create(machine->types, "ISA", machine->piix3, "isa.0", error);
    *out_pci_bus = &bus->bus;
    return machine->isa_bus != NULL;
}

static bool create_clock(struct machine *machine, GError **error)
{
    int64_t base = machine->config->rtc_base_seconds;

    machine->rtc = pc_builtin_create(machine, mc146818_type_info.name, NULL, NULL, error);
    if (machine->rtc == NULL) {
        return false;
    }
    mc146818_set_base(machine->rtc,
                      base != INT64_MIN ? base : machine_realtime_us(machine) / 1000000);
    mc146818_set_memory_sizes(machine->rtc, machine->below_4g_bytes, machine->above_4g_bytes);
    pc_wiring_connect_rtc(machine);
    return pc_builtin_realize(machine, machine->rtc, machine->isa_bus, error);
}

static bool create_pm(struct machine *machine, struct bus *pci_bus, GError **error)
{
    machine->pm = pc_builtin_create(machine, TYPE_PIIX4_PM, NULL, NULL, error);
    if (machine->pm == NULL) {
        return false;
    }
    pc_wiring_connect_pm(machine);
    piix4_pm_set_memory_slots(machine->pm, machine->config->slots);
    pc_cpus_announce(machine);
    if (!pc_builtin_realize(machine, machine->pm, pci_bus, error)) {
        return false;
    }
    pci_bus->hotplug_handler = &machine->pm->object;
    return true;
}

static bool pc_init1(struct machine *machine, GError **error)
{
    struct bus *pci_bus = NULL;

    return pc_memory_map_build(machine, error) && pc_cpus_create(machine, error) &&
           create_bridges(machine, &pci_bus, error) && pc_wiring_create_gsi(machine, error) &&
           create_clock(machine, error) && create_pm(machine, pci_bus, error) &&
           error_latch_take(&machine->errors, error);
}

bool pc_build(struct machine *machine, GError **error)
{
    const struct machine_config *config = machine->config;
    bool ok;

    trace_pc_init1_enter(config->ram_bytes, config->slots, config->maxram_bytes);
    ok = pc_init1(machine, error);
    trace_pc_init1_leave(ok);
    return ok;
}

void pc_destroy(struct machine *machine)
{
    pc_firmware_destroy(machine);
    while (machine->devices->len > 0) {
        struct device *device = g_ptr_array_index(machine->devices, machine->devices->len - 1);

        if (object_is_a(&device->object, TYPE_PC_DIMM)) {
            pc_dimm_memory_unplug((struct pc_dimm *)device, &machine->device_memory);
        }
        machine_device_destroy(machine, device);
    }
    pc_memory_map_destroy(machine);
}
