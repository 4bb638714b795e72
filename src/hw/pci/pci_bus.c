/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pci_bus.c - the bus "PCI": who sits where, configuration accesses by devfn, INTx pins. */
#include "base/error.h"
#include "base/invariant.h"
#include "hw/pci/pci.h"
#include "hw/pci/pci_internal.h"
#include "trace/trace.h"

static const struct pci_device_class *class_of(const struct pci_device *device)
{
    return (const struct pci_device_class *)device_class(&device->device);
}

/* ---- places ---- */

/* The slot's functions fit together (the wording is QEMU's). */
static bool check_functions(const struct pci_bus *bus, const struct pci_device *device,
                            GError **error)
{
    const char *type = object_type_name(&device->device.object);
    uint32_t slot = device->devfn >> 3;
    uint32_t function = device->devfn & 7;
    const struct pci_device *first = bus->functions[PCI_DEVFN(slot, 0)];

    if (function != 0 && first != NULL && device->device.hotplugged) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY,
                    "PCI: slot %u function 0 already occupied by %s, "
                    "new func %s cannot be exposed to guest.",
                    slot, object_type_name(&first->device.object), type);
        return false;
    }
    if (function != 0 && first != NULL && !first->multifunction) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "PCI: single function device can't be populated in function %x.%x", slot,
                    function);
        return false;
    }
    for (uint32_t i = 1; i < 8 && function == 0 && !device->multifunction; i++) {
        if (bus->functions[PCI_DEVFN(slot, i)] != NULL) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                        "PCI: %x.0 indicates single function, but %x.%x is already populated.",
                        slot, slot, i);
            return false;
        }
    }
    return true;
}

static bool slot_is_free(const struct pci_bus *bus, uint32_t slot)
{
    for (uint32_t function = 0; function < 8; function++) {
        if (bus->functions[PCI_DEVFN(slot, function)] != NULL) {
            return false;
        }
    }
    return true;
}

static uint32_t free_slot(const struct pci_bus *bus)
{
    for (uint32_t slot = 0; slot < 32; slot++) {
        if (slot_is_free(bus, slot)) {
            return PCI_DEVFN(slot, 0);
        }
    }
    return PCI_DEVFN_AUTO;
}

static void on_intx(void *sink, unsigned pin, int level)
{
    struct pci_bus *bus = sink;
    uint8_t *count = &bus->intx_count[pin >> 2][pin & 3];

    invariant(level != 0 || *count > 0);
    *count = (uint8_t)(level != 0 ? *count + 1 : *count - 1);
    if (*count != (level != 0 ? 1 : 0)) {
        return; /* another function of the slot holds the pin */
    }
    trace_pci_intx_routed((uint8_t)(pin >> 2), pin & 3, level != 0);
    if (bus->route != NULL) {
        bus->route(bus->router, pin >> 2, pin & 3, level);
    }
}

bool pci_bus_place(struct pci_bus *bus, struct pci_device *device, GError **error)
{
    const char *type = object_type_name(&device->device.object);
    uint32_t wish = device->devfn;
    const struct pci_device *other;

    if (device->devfn == PCI_DEVFN_AUTO) {
        device->devfn = class_of(device)->has_place ? class_of(device)->place : free_slot(bus);
    }
    if (device->devfn == PCI_DEVFN_AUTO) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NO_SPACE,
                    "PCI: no slot/function available for %s, all in use or reserved", type);
        return false;
    }
    other = bus->functions[device->devfn];
    if (other != NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY,
                    "PCI: slot %u function %u not available for %s, in use by %s,id=%s",
                    device->devfn >> 3, device->devfn & 7, type,
                    object_type_name(&other->device.object),
                    other->device.id != NULL ? other->device.id : "(null)");
        device->devfn = wish;
        return false;
    }
    if (!check_functions(bus, device, error)) {
        device->devfn = wish;
        return false;
    }
    bus->functions[device->devfn] = device;
    device->intx = (struct irq_line){ .set = on_intx, .sink = bus };
    return true;
}

void pci_bus_displace(struct pci_bus *bus, struct pci_device *device)
{
    invariant(bus->functions[device->devfn] == device);
    bus->functions[device->devfn] = NULL;
    device->intx = (struct irq_line){ 0 };
}

/* ---- configuration accesses ---- */

static bool is_access(uint32_t offset, unsigned size)
{
    return (size == 1 || size == 2 || size == 4) && offset % size == 0 && offset < PCI_CONFIG_BYTES;
}

uint32_t pci_bus_config_read(struct pci_bus *bus, uint8_t devfn, uint32_t offset, unsigned size)
{
    struct pci_device *device = bus->functions[devfn];
    uint32_t value = size == 4 ? UINT32_MAX : (1u << (8 * size)) - 1;

    invariant(is_access(offset, size));
    if (device != NULL) {
        value = pci_device_config_read(device, offset, size);
    }
    trace_pci_config_read(device != NULL ? pci_device_label(device) : "", devfn, (uint8_t)offset,
                          value, (uint8_t)size);
    return value;
}

void pci_bus_config_write(struct pci_bus *bus, uint8_t devfn, uint32_t offset, uint32_t value,
                          unsigned size)
{
    struct pci_device *device = bus->functions[devfn];

    invariant(is_access(offset, size));
    trace_pci_config_write(device != NULL ? pci_device_label(device) : "", devfn, (uint8_t)offset,
                           value, (uint8_t)size);
    if (device != NULL) {
        pci_device_config_write(device, offset, value, size);
    }
}

const struct type_info pci_bus_type_info = {
    .name = TYPE_PCI_BUS,
    .parent = TYPE_BUS,
    .instance_size = sizeof(struct pci_bus),
};
