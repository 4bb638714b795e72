/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pc_hotplug.c - /machine as hotplug handler of memory devices: first the memory half, then the ACPI half. Processors are
 * pc_cpu_hotplug.c's.
 *
 *   pc_machine_device_plug_cb -> pc_dimm_plug -> pc_dimm_memory_plug     memory map, memslot
 *                                             -> piix4_device_plug_cb    slot registers, GPE, SCI
 *
 * Only pre_plug refuses. When the host fails in a later phase (an ioctl), what was done is undone here and the error
 * goes back to device_add or to the guest's eject: the machine is as before.
 */
#include "base/error.h"
#include "base/invariant.h"
#include "hw/mem/pc_dimm.h"
#include "machine/machine_internal.h"
#include "trace/trace.h"

static struct machine *machine_of(struct object *handler)
{
    return ((struct pc_machine *)handler)->machine;
}

static const char *name_of(const struct device *device)
{
    return device->id != NULL ? device->id : object_type_name(&device->object);
}

/* The device as a processor; NULL = it is none. */
static struct x86_cpu *as_cpu(struct device *device)
{
    return object_is_a(&device->object, x86_cpu_type_info.name) ? (struct x86_cpu *)device : NULL;
}

struct object *pc_hotplug_handler(void *opaque, const struct device *device)
{
    struct machine *machine = opaque;

    if ((object_is_a(&device->object, TYPE_PC_DIMM) ||
         object_is_a(&device->object, x86_cpu_type_info.name)) &&
        object_interface(machine->machine_object, TYPE_HOTPLUG_HANDLER) != NULL) {
        return machine->machine_object;
    }
    return device->parent_bus != NULL ? device->parent_bus->hotplug_handler : NULL;
}

/*
 * Undoing can fail as well, when the host goes on failing. Then the guest may see memory that is
 * about to be freed: the error stays latched and the machine stops.
 */
static void check_undone(struct machine *machine)
{
    if (error_latch_is_set(&machine->errors)) {
        machine_request(machine, MACHINE_REQUEST_ERROR, false, "internal-error");
    }
}

static bool pc_machine_device_pre_plug(struct object *handler, struct device *device,
                                       GError **error)
{
    struct machine *machine = machine_of(handler);

    if (as_cpu(device) != NULL) {
        return pc_cpu_pre_plug(machine, as_cpu(device), error);
    }
    return pc_dimm_pre_plug((struct pc_dimm *)device, &machine->device_memory,
                            machine->config->slots, error) &&
           hotplug_handler_pre_plug(&machine->pm->object, device, error);
}

static bool pc_machine_device_pre_plug_cb(struct object *handler, struct device *device,
                                          GError **error)
{
    bool ok;

    trace_pc_machine_device_pre_plug_cb_enter(name_of(device));
    ok = pc_machine_device_pre_plug(handler, device, error);
    trace_pc_machine_device_pre_plug_cb_leave(ok);
    return ok;
}

static bool plug_halves(struct machine *machine, struct pc_dimm *dimm, GError **error)
{
    pc_dimm_memory_plug(dimm, &machine->device_memory);
    return error_latch_take(&machine->errors, error) &&
           hotplug_handler_plug(&machine->pm->object, &dimm->device, error);
}

static bool pc_dimm_plug(struct machine *machine, struct pc_dimm *dimm, GError **error)
{
    GError *failure = NULL;

    if (plug_halves(machine, dimm, &failure)) {
        return true;
    }
    pc_dimm_memory_unplug(dimm, &machine->device_memory);
    check_undone(machine);
    trace_pc_dimm_plug_undone(name_of(&dimm->device), failure->message);
    g_propagate_error(error, failure);
    return false;
}

static bool plug_dimm(struct machine *machine, struct device *device, GError **error)
{
    struct pc_dimm *dimm = (struct pc_dimm *)device;
    const struct memory_device_methods *methods =
        object_interface(&device->object, TYPE_MEMORY_DEVICE);
    bool ok;

    trace_pc_dimm_plug_enter(name_of(device), dimm->addr, methods->get_size(device), dimm->slot);
    ok = pc_dimm_plug(machine, dimm, error);
    trace_pc_dimm_plug_leave(ok);
    return ok;
}

static bool pc_machine_device_plug_cb(struct object *handler, struct device *device, GError **error)
{
    struct machine *machine = machine_of(handler);
    bool ok;

    trace_pc_machine_device_plug_cb_enter(name_of(device));
    ok = as_cpu(device) != NULL ? pc_cpu_plug(machine, as_cpu(device), error)
                                : plug_dimm(machine, device, error);
    trace_pc_machine_device_plug_cb_leave(ok);
    return ok;
}

static bool request_dimm(struct machine *machine, struct device *device, GError **error)
{
    bool pending = device->unplug_pending;
    bool ok;

    trace_pc_dimm_unplug_request_enter(name_of(device));
    ok = hotplug_handler_unplug_request(&machine->pm->object, device, error) &&
         error_latch_take(&machine->errors, error);
    if (!ok) {
        device->unplug_pending = pending;
    }
    trace_pc_dimm_unplug_request_leave(ok);
    return ok;
}

static bool pc_machine_device_unplug_request_cb(struct object *handler, struct device *device,
                                                GError **error)
{
    struct machine *machine = machine_of(handler);
    bool ok;

    trace_pc_machine_device_unplug_request_cb_enter(name_of(device));
    ok = as_cpu(device) != NULL ? pc_cpu_unplug_request_cb(machine, as_cpu(device), error)
                                : request_dimm(machine, device, error);
    trace_pc_machine_device_unplug_request_cb_leave(ok);
    return ok;
}

/* Back into its slot without a word to the guest, which still believes the DIMM to be there. */
static void put_back(struct machine *machine, struct pc_dimm *dimm)
{
    bool hotplugged = dimm->device.hotplugged;
    bool ok;

    pc_dimm_memory_plug(dimm, &machine->device_memory);
    dimm->device.hotplugged = false;
    ok = hotplug_handler_plug(&machine->pm->object, &dimm->device, NULL);
    invariant(ok); /* It asks the host for nothing: no event is sent. */
    dimm->device.hotplugged = hotplugged;
    check_undone(machine);
}

static bool pc_dimm_unplug(struct machine *machine, struct pc_dimm *dimm, GError **error)
{
    if (!hotplug_handler_unplug(&machine->pm->object, &dimm->device, error)) {
        return false;
    }
    pc_dimm_memory_unplug(dimm, &machine->device_memory);
    if (!error_latch_take(&machine->errors, error)) {
        put_back(machine, dimm);
        return false;
    }
    return true;
}

static bool unplug_dimm(struct machine *machine, struct device *device, GError **error)
{
    bool ok;

    trace_pc_dimm_unplug_enter(name_of(device));
    ok = pc_dimm_unplug(machine, (struct pc_dimm *)device, error);
    trace_pc_dimm_unplug_leave(ok);
    return ok;
}

static bool pc_machine_device_unplug_cb(struct object *handler, struct device *device,
                                        GError **error)
{
    struct machine *machine = machine_of(handler);
    bool ok;

    trace_pc_machine_device_unplug_cb_enter(name_of(device));
    ok = as_cpu(device) != NULL ? pc_cpu_unplug_cb(machine, as_cpu(device), error)
                                : unplug_dimm(machine, device, error);
    trace_pc_machine_device_unplug_cb_leave(ok);
    return ok;
}

const struct hotplug_handler_methods pc_hotplug_methods = {
    .pre_plug = pc_machine_device_pre_plug_cb,
    .plug = pc_machine_device_plug_cb,
    .unplug_request = pc_machine_device_unplug_request_cb,
    .unplug = pc_machine_device_unplug_cb,
};
