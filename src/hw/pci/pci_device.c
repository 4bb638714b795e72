/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci_device.c - the abstract type "pci-device": place on the bus, header, configuration accesses,
 * BARs, INTx (PCI Local Bus 3.0, chapter 6).
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/invariant.h"
#include "hw/pci/pci.h"
#include "hw/pci/pci_internal.h"
#include "hw/pci/pci_msi.h"
#include "memory/transaction.h"
#include "trace/trace.h"

#define STATUS_INTX          0x0008u /* in PCI_STATUS */
#define STATUS_W1C_HIGH      0xf9u   /* of PCI_STATUS's upper byte */
#define COMMAND_WRITABLE     0x0507u /* I/O, memory, master, SERR#, INTx disable */
#define CACHE_LINE           0x0c
#define HEADER_MULTIFUNCTION 0x80u
#define DEVICE_SPECIFIC      0x40

STATE_DESCRIBE(pci_device_desc, struct pci_device_state, PCI_DEVICE_FIELDS);

static struct pci_device *as_pci(struct object *object)
{
    return (struct pci_device *)(void *)object;
}

static const struct pci_device_class *class_of(const struct pci_device *device)
{
    return (const struct pci_device_class *)device_class(&device->device);
}

const char *pci_device_label(const struct pci_device *device)
{
    return device_label(&device->device);
}

/* ---- property "addr" ---- */

/* "3", "03.1", "0x3.0x1": hexadecimal slot and function. */
static bool parse_devfn(const char *text, uint32_t *out_devfn)
{
    char *end = NULL;
    uint64_t slot;
    uint64_t function = 0;

    if (!g_ascii_isxdigit(text[0])) {
        return false;
    }
    slot = g_ascii_strtoull(text, &end, 16);
    if (*end == '.') {
        const char *rest = end + 1;

        if (!g_ascii_isxdigit(rest[0])) {
            return false;
        }
        function = g_ascii_strtoull(rest, &end, 16);
    }
    if (*end != '\0' || slot > 31 || function > 7) {
        return false;
    }
    *out_devfn = PCI_DEVFN(slot, function);
    return true;
}

static bool set_addr(struct object *object, const struct property_info *property,
                     const struct json_object *value, GError **error)
{
    const char *text = json_object_get_string((struct json_object *)value);
    bool is_text = json_object_is_type(value, json_type_string);

    /* A plain number is the devfn. */
    if (json_object_is_type(value, json_type_int) && json_object_get_int64(value) >= 0 &&
        json_object_get_int64(value) <= UINT8_MAX) {
        as_pci(object)->devfn = (uint32_t)json_object_get_int64(value);
        return true;
    }
    if (!is_text || !parse_devfn(text, &as_pci(object)->devfn)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Property '%s.%s' doesn't take value '%s'", object_type_name(object),
                    property->name, text != NULL ? text : "null");
        return false;
    }
    return true;
}

static struct json_object *get_addr(const struct object *object,
                                    const struct property_info *property, GError **error)
{
    uint32_t devfn = ((const struct pci_device *)(const void *)object)->devfn;
    g_autofree char *text = devfn == PCI_DEVFN_AUTO
                                ? g_strdup("")
                                : g_strdup_printf("%02" PRIx32 ".%" PRIx32, devfn >> 3, devfn & 7);

    (void)property;
    (void)error;
    return json_object_new_string(text);
}

static const struct property_info pci_device_properties[] = {
    { .name = "addr",
      .kind = PROPERTY_JSON,
      .type_text = "int32",
      .description = "Slot and optional function number, example: 06.0 or 06",
      .get = get_addr,
      .set = set_addr,
      .fixed_once_realized = true },
    { .name = "multifunction",
      .kind = PROPERTY_BOOL,
      .offset = offsetof(struct pci_device, multifunction),
      .description = "on/off",
      .fixed_once_realized = true },
    { .name = NULL },
};

/* ---- BARs ---- */

static uint32_t bar_offset(unsigned index)
{
    return PCI_BAR0 + 4 * index;
}

void pci_device_register_bar(struct pci_device *device, unsigned index,
                             struct memory_region *region, bool io)
{
    uint64_t size = region->size;

    invariant(index < PCI_BAR_COUNT);
    invariant(device->bars[index].region == NULL);
    invariant(size >= (io ? 4 : 16));
    invariant((size & (size - 1)) == 0);
    invariant(size <= (io ? 0x100u : 0x80000000u));
    device->bars[index] = (struct pci_bar){ .region = region, .io = io };
    bytes_store_le32(&device->writable[bar_offset(index)], (uint32_t) ~(size - 1));
    bytes_store_le32(&device->pci->config[bar_offset(index)], io ? 1 : 0);
}

/* Where the guest wants the BAR; false = nowhere (decoding off, or an address that can't be). */
static bool bar_wish(const struct pci_device *device, unsigned index, uint64_t *out_address)
{
    const struct pci_bar *bar = &device->bars[index];
    uint16_t command = bytes_load_le16(&device->pci->config[PCI_COMMAND]);
    uint32_t value = bytes_load_le32(&device->pci->config[bar_offset(index)]);
    uint64_t address = value & ~(uint32_t)(bar->region->size - 1);
    uint64_t last = address + bar->region->size - 1;

    /* 0 and the top are what sizing leaves behind, not places. */
    if ((command & (bar->io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)) == 0 || address == 0 ||
        last >= (bar->io ? UINT16_MAX : UINT32_MAX)) {
        return false;
    }
    *out_address = address;
    return true;
}

static void update_bar(struct pci_device *device, unsigned index, bool decode)
{
    const struct pci_bar *bar = &device->bars[index];
    struct pci_bus *bus = pci_device_bus(device);
    struct memory_region *space = bar->io ? bus->io : bus->memory;
    bool mapped = memory_region_is_mapped(bar->region);
    uint64_t address = 0;
    bool wanted = decode && bar_wish(device, index, &address);

    if (wanted == mapped && (!wanted || bar->region->offset == address)) {
        return;
    }
    if (mapped) {
        memory_region_del_subregion(space, bar->region);
        trace_pci_bar_unmapped(pci_device_label(device), (uint8_t)index);
    }
    if (wanted) {
        memory_region_add_subregion_overlap(space, address, bar->region, 1);
        trace_pci_bar_mapped(pci_device_label(device), (uint8_t)index, bar->io, address,
                             bar->region->size);
    }
}

static void update_bars(struct pci_device *device, bool decode)
{
    struct memory_system *memory = device->device.board->memory;

    memory_region_transaction_begin(memory);
    for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
        if (device->bars[i].region != NULL) {
            update_bar(device, i, decode);
        }
    }
    memory_region_transaction_commit(memory);
}

/* ---- INTx ---- */

static void update_intx(struct pci_device *device)
{
    uint8_t *config = device->pci->config;
    uint8_t pin = config[PCI_INTERRUPT_PIN];
    uint16_t command = bytes_load_le16(&config[PCI_COMMAND]);
    bool messages =
        pci_msi_is_enabled(device) || (device->msix != NULL && pci_msix_is_enabled(device->msix));
    bool raised = device->intx_level && (command & PCI_COMMAND_INTX_DISABLE) == 0 && !messages;

    config[PCI_STATUS] =
        (uint8_t)((config[PCI_STATUS] & ~STATUS_INTX) | (device->intx_level ? STATUS_INTX : 0));
    if (raised != device->intx_raised && pin >= 1 && pin <= 4) {
        device->intx_raised = raised;
        device->intx.pin = (device->devfn >> 3) << 2 | (pin - 1u);
        irq_line_set(&device->intx, raised);
    }
}

void pci_device_set_irq(struct pci_device *device, int level)
{
    device->intx_level = level != 0;
    update_intx(device);
}

/* ---- configuration accesses ---- */

static bool touches(uint32_t offset, unsigned size, uint32_t first, uint32_t bytes)
{
    return offset < first + bytes && first < offset + size;
}

uint32_t pci_device_config_read(struct pci_device *device, uint32_t offset, unsigned size)
{
    const struct pci_device_class *class = class_of(device);

    if (class->config_read != NULL) {
        class->config_read(device, offset, size);
    }
    return (uint32_t)bytes_load_le(&device->pci->config[offset], size);
}

void pci_device_config_write(struct pci_device *device, uint32_t offset, uint32_t value,
                             unsigned size)
{
    const struct pci_device_class *class = class_of(device);
    uint8_t *config = device->pci->config;

    for (unsigned i = 0; i < size; i++) {
        uint8_t mask = device->writable[offset + i];
        uint8_t byte = (uint8_t)(value >> (8 * i));

        if (offset + i == PCI_STATUS + 1) {
            config[offset + i] &= (uint8_t) ~(byte & STATUS_W1C_HIGH);
        }
        config[offset + i] = (uint8_t)((config[offset + i] & ~mask) | (byte & mask));
    }
    if (touches(offset, size, PCI_COMMAND, 2) ||
        touches(offset, size, PCI_BAR0, 4 * PCI_BAR_COUNT)) {
        update_bars(device, true);
        update_intx(device);
    }
    if (offset + size > DEVICE_SPECIFIC && device->capabilities_end != 0) {
        update_intx(device);
        pci_msi_config_written(device);
        if (device->msix != NULL) {
            pci_msix_config_written(device->msix);
        }
    }
    if (class->config_write != NULL) {
        class->config_write(device, offset, value, size);
    }
}

/* ---- realize, reset ---- */

static void fill_header(struct pci_device *device)
{
    const struct pci_device_class *class = class_of(device);
    uint8_t *config = device->pci->config;
    bool own_subsystem = class->subsystem_vendor_id != 0 || class->subsystem_id != 0;

    memset(config, 0, PCI_CONFIG_BYTES);
    memset(device->writable, 0, PCI_CONFIG_BYTES);
    bytes_store_le16(&config[PCI_VENDOR_ID], class->vendor_id);
    bytes_store_le16(&config[PCI_DEVICE_ID], class->device_id);
    config[PCI_REVISION_ID] = class->revision;
    bytes_store_le16(&config[PCI_CLASS_DEVICE], class->class_id);
    config[PCI_HEADER_TYPE] = device->multifunction ? HEADER_MULTIFUNCTION : 0;
    bytes_store_le16(&config[PCI_SUBSYSTEM_VENDOR_ID],
                     own_subsystem ? class->subsystem_vendor_id : 0x1af4);
    bytes_store_le16(&config[PCI_SUBSYSTEM_ID], own_subsystem ? class->subsystem_id : 0x1100);
    bytes_store_le16(&device->writable[PCI_COMMAND], COMMAND_WRITABLE);
    device->writable[CACHE_LINE] = 0xff;
    device->writable[PCI_INTERRUPT_LINE] = 0xff;
    memset(&device->writable[DEVICE_SPECIFIC], 0xff, PCI_CONFIG_BYTES - DEVICE_SPECIFIC);
}

bool pci_device_realize(struct pci_device *device, GError **error)
{
    const struct bus *bus = device->device.parent_bus;

    if (bus == NULL || !object_is_a(&bus->object, TYPE_PCI_BUS)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND,
                    "No 'PCI' bus found for device '%s'", object_type_name(&device->device.object));
        return false;
    }
    if (!pci_bus_place(pci_device_bus(device), device, error)) {
        return false;
    }
    fill_header(device);
    trace_pci_device_placed(pci_device_label(device), bus->name, (uint8_t)device->devfn);
    return true;
}

void pci_device_unrealize(struct pci_device *device)
{
    pci_device_set_irq(device, 0);
    update_bars(device, false);
    for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
        device->bars[i].region = NULL;
    }
    device->capabilities_end = 0;
    device->msi_offset = 0;
    device->msix = NULL;
    pci_bus_displace(pci_device_bus(device), device);
}

void pci_device_reset(struct pci_device *device)
{
    uint8_t *config = device->pci->config;

    pci_device_set_irq(device, 0);
    bytes_store_le16(&config[PCI_COMMAND], 0);
    config[PCI_STATUS + 1] &= (uint8_t)~STATUS_W1C_HIGH;
    config[CACHE_LINE] = 0;
    config[PCI_INTERRUPT_LINE] = 0;
    for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
        if (device->bars[i].region != NULL) {
            bytes_store_le32(&config[bar_offset(i)], device->bars[i].io ? 1 : 0);
        }
    }
    pci_msi_reset(device);
    update_bars(device, true);
}

void pci_device_after_load(struct pci_device *device)
{
    device->intx_level = (device->pci->config[PCI_STATUS] & STATUS_INTX) != 0;
    update_bars(device, true);
    update_intx(device);
}

static void pci_device_init(struct object *object)
{
    struct pci_device *device = as_pci(object);
    const struct pci_device_class *class = class_of(device);

    invariant(class->config_offset >= sizeof(struct pci_device));
    device->devfn = PCI_DEVFN_AUTO;
    device->multifunction = class->multifunction;
    device->pci = (struct pci_device_state *)(void *)((uint8_t *)object + class->config_offset);
}

static const struct pci_device_class pci_device_base_class = {
    .device = { .bus_type = TYPE_PCI_BUS },
};

const struct type_info pci_device_type_info = {
    .name = TYPE_PCI_DEVICE,
    .parent = TYPE_DEVICE,
    .abstract = true,
    .instance_size = sizeof(struct pci_device),
    .properties = pci_device_properties,
    .instance_init = pci_device_init,
    .class_methods = &pci_device_base_class,
};
