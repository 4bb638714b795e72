/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * acpi_fixture.h - a board with host bridge, PIIX4_PM and fake DIMMs: the whole ACPI half of a
 * hotplug without memory behind it.
 */
#ifndef REPLUG_TESTS_UNIT_HW_ACPI_ACPI_FIXTURE_H
#define REPLUG_TESTS_UNIT_HW_ACPI_ACPI_FIXTURE_H

#include "hw/acpi/acpi_device.h"
#include "hw/acpi/memory_hotplug.h"
#include "hw/acpi/piix4_pm.h"
#include "hw/board_fixture.h"
#include "hw/pci/pci.h"

#define SCI_PIN   9
#define PM1_PORT  0xb000
#define GPE0_PORT 0xafe0
#define SLOT_PORT 0xa00
#define GIB       (1ull << 30)

enum { BASE_LOW = 0, BASE_HIGH = 4, SIZE_LOW = 8, SIZE_HIGH = 12, NODE = 16, FLAGS = 20 };

/* A memory device without memory. */
struct fake_dimm {
    struct device device;
    uint64_t addr, size_bytes;
    uint32_t slot, node;
};

/* Stands for the machine: hands every phase on to the PIIX4_PM. */
struct fake_machine {
    struct object object;
    struct object *pm;
    const char *unplug_failure; /* what unplug fails with; NULL = it works */
};

static inline const struct fake_dimm *fake_dimm_of(const struct device *device)
{
    return (const struct fake_dimm *)(const void *)device;
}

static inline uint64_t fake_get_addr(const struct device *device)
{
    return fake_dimm_of(device)->addr;
}

static inline uint64_t fake_get_size(const struct device *device)
{
    return fake_dimm_of(device)->size_bytes;
}

static inline uint32_t fake_get_slot(const struct device *device)
{
    return fake_dimm_of(device)->slot;
}

static inline uint32_t fake_get_node(const struct device *device)
{
    return fake_dimm_of(device)->node;
}

static inline bool machine_plug(struct object *handler, struct device *device, GError **error)
{
    return hotplug_handler_plug(((struct fake_machine *)(void *)handler)->pm, device, error);
}

static inline bool machine_unplug_request(struct object *handler, struct device *device,
                                          GError **error)
{
    return hotplug_handler_unplug_request(((struct fake_machine *)(void *)handler)->pm, device,
                                          error);
}

static inline bool machine_unplug(struct object *handler, struct device *device, GError **error)
{
    const struct fake_machine *machine = (struct fake_machine *)(void *)handler;

    if (machine->unplug_failure != NULL) {
        g_set_error_literal(error, g_quark_from_static_string("t"), 0, machine->unplug_failure);
        return false;
    }
    return hotplug_handler_unplug(machine->pm, device, error);
}

struct acpi_fixture {
    struct board_fixture *board;
    struct fake_machine *machine;
    struct device *host, *pm;
};

static inline const struct type_info *const *acpi_fixture_types(void)
{
    static const struct memory_device_methods memory_device = { .get_addr = fake_get_addr,
                                                                .get_size = fake_get_size,
                                                                .get_slot = fake_get_slot,
                                                                .get_node = fake_get_node };
    static const struct interface_impl dimm_interfaces[] = { { TYPE_MEMORY_DEVICE, &memory_device },
                                                             { NULL, NULL } };
    static const struct device_class dimm_class = { .hotpluggable = true };
    static const struct type_info dimm_type = { .name = "fake-dimm",
                                                .parent = TYPE_DEVICE,
                                                .instance_size = sizeof(struct fake_dimm),
                                                .interfaces = dimm_interfaces,
                                                .class_methods = &dimm_class };
    static const struct hotplug_handler_methods methods = {
        .plug = machine_plug, .unplug_request = machine_unplug_request, .unplug = machine_unplug
    };
    static const struct interface_impl machine_interfaces[] = { { TYPE_HOTPLUG_HANDLER, &methods },
                                                                { NULL, NULL } };
    static const struct type_info fake_machine_type = { .name = "fake-machine",
                                                        .parent = "object",
                                                        .instance_size =
                                                            sizeof(struct fake_machine),
                                                        .interfaces = machine_interfaces };
    static const struct type_info no_memory_type = { .name = "no-memory", .parent = TYPE_DEVICE };
    static const struct type_info *const types[] = {
        &acpi_device_if_type_info,
        &pci_bus_type_info,
        &pci_device_type_info,
        &i440fx_pcihost_type_info,
        &i440fx_type_info,
        &piix3_type_info,
        &piix4_pm_type_info,
        &dimm_type,
        &fake_machine_type,
        &no_memory_type,
        NULL,
    };

    return types;
}

/* Everything but the PM's realize. */
static inline struct acpi_fixture *acpi_fixture_prepare(uint32_t slots)
{
    struct acpi_fixture *a = g_new0(struct acpi_fixture, 1);
    struct device *piix3;
    struct pci_bus *bus;

    a->board = board_fixture_create(acpi_fixture_types());
    a->host = board_fixture_device(a->board, "i440FX-pcihost", NULL);
    i440fx_pcihost_set_types(a->host, a->board->registry);
    board_fixture_realize(a->host);
    bus = i440fx_pci_bus(a->host);
    piix3 = board_fixture_device(a->board, "PIIX3", NULL);
    bus_add_device(&bus->bus, piix3);
    board_fixture_realize(piix3);
    a->pm = board_fixture_device(a->board, TYPE_PIIX4_PM, NULL);
    bus_add_device(&bus->bus, a->pm);
    piix4_pm_connect_sci(a->pm, board_fixture_line(a->board, SCI_PIN));
    piix4_pm_set_memory_slots(a->pm, slots);
    a->machine =
        (struct fake_machine *)(void *)object_create(a->board->registry, "fake-machine", NULL);
    a->machine->pm = &a->pm->object;
    return a;
}

static inline struct acpi_fixture *acpi_fixture_create(uint32_t slots)
{
    struct acpi_fixture *a = acpi_fixture_prepare(slots);

    board_fixture_realize(a->pm);
    a->board->hotplug_handler = &a->machine->object;
    return a;
}

static inline void acpi_fixture_destroy(struct acpi_fixture *a)
{
    object_destroy(&a->machine->object);
    board_fixture_destroy(a->board);
    g_free(a);
}

/* Not plugged yet: the caller realizes it. */
static inline struct device *fake_dimm(struct acpi_fixture *a, const char *id, uint32_t slot,
                                       uint64_t addr, uint64_t size_bytes)
{
    struct device *device = board_fixture_device(a->board, "fake-dimm", id);
    struct fake_dimm *dimm = (struct fake_dimm *)(void *)device;

    dimm->addr = addr;
    dimm->size_bytes = size_bytes;
    dimm->slot = slot;
    device->hotplugged = true;
    return device;
}

/* ---- the guest's side ---- */

/* A register of a slot. */
static inline uint32_t slot_read(struct acpi_fixture *a, uint32_t slot, uint16_t reg)
{
    port_write(a->board, SLOT_PORT, slot, 4);
    return (uint32_t)port_read(a->board, (uint16_t)(SLOT_PORT + reg), 4);
}

static inline void slot_write(struct acpi_fixture *a, uint32_t slot, uint16_t reg, uint32_t value)
{
    port_write(a->board, SLOT_PORT, slot, 4);
    port_write(a->board, (uint16_t)(SLOT_PORT + reg), value, 4);
}

static inline void ost(struct acpi_fixture *a, uint32_t slot, uint32_t source, uint32_t status)
{
    slot_write(a, slot, 4, source);
    slot_write(a, slot, 8, status);
}

static inline int sci(struct acpi_fixture *a)
{
    return a->board->level[SCI_PIN];
}

/* The guest's SCI handler. */
static inline void acknowledge(struct acpi_fixture *a)
{
    port_write(a->board, GPE0_PORT, ACPI_MEMORY_HOTPLUG_STATUS, 2);
}

static inline struct device *plug(struct acpi_fixture *a, const char *id, uint32_t slot)
{
    struct device *dimm = fake_dimm(a, id, slot, 4 * GIB + slot * GIB, GIB);

    board_fixture_realize(dimm);
    return dimm;
}

static inline void request(struct acpi_fixture *a, struct device *dimm)
{
    assert_true(hotplug_handler_unplug_request(&a->machine->object, dimm, NULL));
}

static inline int slots_setup(void **state)
{
    struct acpi_fixture *a = acpi_fixture_create(4);

    port_write(a->board, GPE0_PORT + 2, ACPI_MEMORY_HOTPLUG_STATUS, 2);
    *state = a;
    return 0;
}

static inline int slots_teardown(void **state)
{
    acpi_fixture_destroy(*state);
    return 0;
}

#endif
