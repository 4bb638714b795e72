/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine_services.c - what a device may ask of its machine (struct board_ops): who plugs it, power requests, events. */
#include "machine/machine_internal.h"
#include "machine/pc_chips.h"
#include "machine/soft_machine.h"

static void service_request(void *opaque, enum board_request request, int code)
{
    struct machine *machine = opaque;

    if (machine->soft != NULL) {
        soft_machine_break(machine);
    }
    switch (request) {
    case BOARD_REQUEST_RESET:
        machine_request(machine, MACHINE_REQUEST_RESET, true, "guest-reset");
        break;
    case BOARD_REQUEST_SHUTDOWN:
        machine_request(machine, MACHINE_REQUEST_SHUTDOWN, true, "guest-shutdown");
        break;
    case BOARD_REQUEST_DEBUG_EXIT:
        machine->exit_status = code;
        machine_request(machine, MACHINE_REQUEST_QUIT, true, "guest-shutdown");
        break;
    case BOARD_REQUEST_ERROR:
        machine_request(machine, MACHINE_REQUEST_ERROR, true, "internal-error");
        break;
    }
}

static void service_event(void *opaque, const char *name, struct json_object *data)
{
    machine_emit_event(opaque, name, data);
}

static void service_device_gone(void *opaque, struct device *device)
{
    struct machine *machine = opaque;

    if (machine->soft != NULL) {
        soft_machine_break(machine);
    }
    machine_device_gone(machine, device);
}

static void service_kvm_set_irq(void *opaque, uint32_t gsi, int level)
{
    struct machine *machine = opaque;

    /* At teardown KVM goes first, and devices lower their lines afterwards. */
    if (machine->kvm != NULL) {
        kvm_set_irq(machine->kvm, gsi, level);
    }
}

static void service_send_msi(void *opaque, uint64_t address, uint32_t data)
{
    struct machine *machine = opaque;

    if (machine->chips != NULL) {
        apic_bus_send_msi(&machine->chips->bus, address, data);
    } else if (machine->kvm != NULL) {
        (void)kvm_send_msi(machine->kvm, address, data);
    }
}

static bool service_random_seed(void *opaque, const char *path, uint64_t *out_seed, GError **error)
{
    return machine_random_seed(opaque, path, out_seed, error);
}

const struct board_ops machine_board_ops = {
    .hotplug_handler = pc_hotplug_handler,
    .request = service_request,
    .event = service_event,
    .device_gone = service_device_gone,
    .kvm_set_irq = service_kvm_set_irq,
    .send_msi = service_send_msi,
    .random_seed = service_random_seed,
};
