/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pci_queries.c - query-pci: the functions on the bus with their identity, interrupt and BARs. */
#include "base/bytes.h"
#include "base/json_members.h"
#include "hw/pci/pci.h"
#include "machine/machine_internal.h"

struct class_name {
    uint16_t class_id;
    const char *text;
};

/* PCI Code and ID Assignment, 1: of the classes that functions of ours have. */
static const struct class_name class_names[] = {
    { 0x0100, "SCSI controller" },
    { 0x0101, "IDE controller" },
    { 0x0200, "Ethernet controller" },
    { 0x0600, "Host bridge" },
    { 0x0601, "ISA bridge" },
    { 0x0680, "Bridge" },
    { 0x0780, "Communication controller" },
};

static void add_class(struct json_object *entry, uint16_t class_id)
{
    struct json_object *info = json_object_new_object();

    for (size_t i = 0; i < G_N_ELEMENTS(class_names); i++) {
        if (class_names[i].class_id == class_id) {
            json_add_text(info, "desc", class_names[i].text);
        }
    }
    json_add_number(info, "class", class_id);
    json_object_object_add(entry, "class_info", info);
}

static void add_id(struct json_object *entry, const uint8_t *config)
{
    struct json_object *id = json_object_new_object();

    json_add_number(id, "device", bytes_load_le16(&config[PCI_DEVICE_ID]));
    json_add_number(id, "vendor", bytes_load_le16(&config[PCI_VENDOR_ID]));
    json_add_number(id, "subsystem", bytes_load_le16(&config[PCI_SUBSYSTEM_ID]));
    json_add_number(id, "subsystem-vendor", bytes_load_le16(&config[PCI_SUBSYSTEM_VENDOR_ID]));
    json_object_object_add(entry, "id", id);
}

/* The address is -1 while the guest has not mapped it. */
static struct json_object *region_entry(const struct pci_bar *bar, unsigned index)
{
    struct json_object *region = json_object_new_object();
    bool is_mapped = memory_region_is_mapped(bar->region);

    json_add_number(region, "bar", index);
    json_add_text(region, "type", bar->io ? "io" : "memory");
    if (!bar->io) {
        json_add_bool(region, "prefetch", false);
        json_add_bool(region, "mem_type_64", false);
    }
    json_add_number(region, "size", bar->region->size);
    json_object_object_add(region, "address",
                           json_object_new_int64(is_mapped ? (int64_t)bar->region->offset : -1));
    return region;
}

static struct json_object *function_entry(const struct pci_device *function)
{
    const uint8_t *config = function->pci->config;
    struct json_object *entry = json_object_new_object();
    struct json_object *regions = json_object_new_array();

    json_add_number(entry, "bus", 0);
    json_add_number(entry, "slot", function->devfn >> 3);
    json_add_number(entry, "function", function->devfn & 7);
    add_class(entry, bytes_load_le16(&config[PCI_CLASS_DEVICE]));
    add_id(entry, config);
    if (config[PCI_INTERRUPT_PIN] != 0) {
        json_add_number(entry, "irq", config[PCI_INTERRUPT_LINE]);
    }
    json_add_number(entry, "irq_pin", config[PCI_INTERRUPT_PIN]);
    json_add_text(entry, "qdev_id", function->device.id != NULL ? function->device.id : "");
    for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
        if (function->bars[i].region != NULL) {
            json_object_array_add(regions, region_entry(&function->bars[i], i));
        }
    }
    json_object_object_add(entry, "regions", regions);
    return entry;
}

struct json_object *machine_query_pci(struct machine *machine)
{
    const struct pci_bus *bus =
        machine->pci_host != NULL ? i440fx_pci_bus(machine->pci_host) : NULL;
    struct json_object *buses = json_object_new_array();
    struct json_object *entry, *devices;

    if (bus == NULL) {
        return buses;
    }
    entry = json_object_new_object();
    devices = json_object_new_array();
    for (unsigned i = 0; i < G_N_ELEMENTS(bus->functions); i++) {
        if (bus->functions[i] != NULL) {
            json_object_array_add(devices, function_entry(bus->functions[i]));
        }
    }
    json_add_number(entry, "bus", 0);
    json_object_object_add(entry, "devices", devices);
    json_object_array_add(buses, entry);
    return buses;
}
