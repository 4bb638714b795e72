/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci_hotplug.c - the PCI hotplug registers: slots filled, asked back, ejected.
 *
 * The guest's GPE 1 method reads PCIU and PCID and notifies the slots' devices; their _EJ0 writes B0EJ. All functions of
 * a slot come and go together.
 */
#include "hw/acpi/pci_hotplug.h"

#include "base/error_latch.h"
#include "base/invariant.h"
#include "hw/acpi/acpi_internal.h"
#include "hw/core/board.h"
#include "hw/core/hotplug.h"
#include "hw/pci/pci.h"
#include "trace/trace.h"

enum pci_hotplug_register {
    REGISTER_UP = 0x00,
    REGISTER_DOWN = 0x04,
    REGISTER_EJECT = 0x08, /* read: features */
    REGISTER_REMOVABLE = 0x0c,
    REGISTER_BUS = 0x10,
    REGISTER_INDEX = 0x14,
};

#define SLOT_COUNT     32u
#define FUNCTION_COUNT 8u

STATE_DESCRIBE(pci_hotplug_desc, struct pci_hotplug_state, PCI_HOTPLUG_FIELDS);

static const char *const register_names[] = { "PCIU", "PCID", "B0EJ", "PCRM", "BNUM", "PIDX" };

static uint32_t slot_of(const struct device *device)
{
    return ((const struct pci_device *)(const void *)device)->devfn >> 3;
}

static uint32_t slot_bit(const struct device *device)
{
    return 1u << slot_of(device);
}

static struct device *function_at(const struct pci_hotplug *hotplug, uint32_t slot,
                                  uint32_t function)
{
    struct pci_device *found = hotplug->bus->functions[PCI_DEVFN(slot, function)];

    return found != NULL ? &found->device : NULL;
}

static uint32_t removable_slots(const struct pci_hotplug *hotplug)
{
    uint32_t slots = UINT32_MAX;

    for (uint32_t devfn = 0; devfn < SLOT_COUNT * FUNCTION_COUNT; devfn++) {
        const struct pci_device *function = hotplug->bus->functions[devfn];

        if (function != NULL && !device_class(&function->device)->hotpluggable) {
            slots &= ~(1u << (devfn >> 3));
        }
    }
    return slots;
}

void pci_hotplug_event_taken(struct pci_hotplug *hotplug)
{
    for (uint32_t devfn = 0; devfn < SLOT_COUNT * FUNCTION_COUNT; devfn++) {
        struct pci_device *function = hotplug->bus->functions[devfn];

        if (function != NULL && (hotplug->state->down >> (devfn >> 3) & 1) != 0) {
            function->device.unplug_seen = function->device.unplug_pending;
        }
    }
}

/* ---- eject ---- */

static bool eject_function(struct pci_hotplug *hotplug, struct device *device)
{
    const struct board *board = hotplug->owner->board;
    struct object *handler = device_hotplug_handler(device);
    bool ok;

    invariant(handler != NULL);
    ok = hotplug_handler_unplug(handler, device, NULL);
    if (ok) {
        board->ops->device_gone(board->opaque, device);
    }
    return ok;
}

static void acpi_pcihp_eject_slot(struct pci_hotplug *hotplug, uint32_t slot)
{
    bool ok = (removable_slots(hotplug) >> slot & 1) != 0;
    unsigned count = 0;

    trace_acpi_pcihp_eject_slot_enter(slot);
    hotplug->state->up &= ~(1u << slot);
    hotplug->state->down &= ~(1u << slot);
    for (uint32_t function = 0; ok && function < FUNCTION_COUNT; function++) {
        struct device *device = function_at(hotplug, slot, function);

        if (device != NULL) {
            ok = eject_function(hotplug, device);
            count++;
        }
    }
    if (!ok || count == 0) {
        trace_guest_error("pci-hotplug", REGISTER_EJECT, 1u << slot,
                          ok ? "eject of an empty slot: ignored"
                             : "eject of a slot that is not removable: ignored");
    }
    trace_acpi_pcihp_eject_slot_leave(ok);
}

static void eject_lowest(struct pci_hotplug *hotplug, uint32_t slots)
{
    if (slots == 0 || hotplug->state->bus_selector != 0) {
        trace_guest_error("pci-hotplug", REGISTER_EJECT, slots,
                          slots == 0 ? "eject of no slot: ignored"
                                     : "eject on a bus that has no slots: ignored");
        return;
    }
    acpi_pcihp_eject_slot(hotplug, (uint32_t)__builtin_ctz(slots));
}

/* ---- registers ---- */

static const char *register_name(uint64_t offset)
{
    return register_names[offset / 4];
}

static uint32_t register_value(struct pci_hotplug *hotplug, uint64_t offset)
{
    struct pci_hotplug_state *state = hotplug->state;
    uint32_t value = 0;

    if (offset == REGISTER_BUS) {
        return state->bus_selector;
    }
    if (state->bus_selector != 0) {
        return 0;
    }
    switch ((enum pci_hotplug_register)offset) {
    case REGISTER_UP:
        value = state->up;
        state->up = 0;
        break;
    case REGISTER_DOWN:
        value = state->down;
        pci_hotplug_event_taken(hotplug); /* what it was asked for the guest has seen, too */
        break;
    case REGISTER_REMOVABLE: value = removable_slots(hotplug); break;
    case REGISTER_EJECT:
    case REGISTER_BUS:
    case REGISTER_INDEX: break;
    }
    return value;
}

static uint64_t on_read(void *opaque, uint64_t offset, unsigned size)
{
    struct pci_hotplug *hotplug = opaque;
    uint32_t value = register_value(hotplug, offset);

    (void)size;
    trace_acpi_pci_register_read(register_name(offset), value);
    return value;
}

static void on_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct pci_hotplug *hotplug = opaque;

    (void)size;
    trace_acpi_pci_register_write(register_name(offset), (uint32_t)value);
    switch ((enum pci_hotplug_register)offset) {
    case REGISTER_EJECT: eject_lowest(hotplug, (uint32_t)value); break;
    case REGISTER_BUS: hotplug->state->bus_selector = (uint32_t)value; break;
    case REGISTER_INDEX: hotplug->state->slot_selector = (uint32_t)value; break;
    case REGISTER_UP:
    case REGISTER_DOWN:
    case REGISTER_REMOVABLE:
        trace_guest_error("pci-hotplug", offset, value, "a register that is only read: ignored");
        break;
    }
}

/* Accesses of four bytes, as the interface says: others read all-ones. */
static const struct memory_region_ops ops = { .read = on_read,
                                              .write = on_write,
                                              .size_min = 4,
                                              .size_max = 4,
                                              .access_min = 4,
                                              .access_max = 4 };

/* ---- the handler's halves ---- */

/* The slot's bits as they are to be, then the event; as they were where the host fails. */
static bool tell(struct pci_hotplug *hotplug, uint32_t up, uint32_t down, GError **error)
{
    const struct pci_hotplug_state before = *hotplug->state;

    hotplug->state->up |= up;
    hotplug->state->down |= down;
    acpi_send_event(&hotplug->owner->object, ACPI_PCI_HOTPLUG_STATUS);
    if (!error_latch_take(hotplug->owner->board->errors, error)) {
        *hotplug->state = before;
        return false;
    }
    return true;
}

bool acpi_pcihp_device_plug_cb(struct pci_hotplug *hotplug, struct device *device, GError **error)
{
    bool ok;

    trace_acpi_pcihp_device_plug_cb_enter(device_label(device), slot_of(device));
    ok = !device->hotplugged || tell(hotplug, slot_bit(device), 0, error);
    trace_acpi_pcihp_device_plug_cb_leave(ok);
    return ok;
}

bool acpi_pcihp_device_unplug_request_cb(struct pci_hotplug *hotplug, struct device *device,
                                         GError **error)
{
    bool was_pending = device->unplug_pending, was_seen = device->unplug_seen;
    bool ok;

    trace_acpi_pcihp_device_unplug_request_cb_enter(device_label(device), slot_of(device));
    device->unplug_pending = true;
    device->unplug_seen = false;
    ok = tell(hotplug, 0, slot_bit(device), error);
    if (!ok) {
        device->unplug_pending = was_pending;
        device->unplug_seen = was_seen;
    }
    trace_acpi_pcihp_device_unplug_request_cb_leave(ok);
    return ok;
}

void acpi_pcihp_device_unplug_cb(struct pci_hotplug *hotplug, struct device *device)
{
    trace_acpi_pcihp_device_unplug_cb_enter(device_label(device), slot_of(device));
    hotplug->state->up &= ~slot_bit(device);
    hotplug->state->down &= ~slot_bit(device);
    trace_acpi_pcihp_device_unplug_cb_leave();
}

/* ---- life ---- */

void pci_hotplug_init(struct pci_hotplug *hotplug, struct pci_hotplug_state *state,
                      struct device *owner, struct pci_bus *bus)
{
    const struct board *board = owner->board;

    hotplug->state = state;
    hotplug->owner = owner;
    hotplug->bus = bus;
    memory_region_init_io(&hotplug->io, board->memory, "acpi-pci-hotplug", &ops, hotplug,
                          PCI_HOTPLUG_IO_BYTES);
    memory_region_add_subregion(board->system_io, PCI_HOTPLUG_IO_BASE, &hotplug->io);
}

void pci_hotplug_fini(struct pci_hotplug *hotplug)
{
    if (hotplug->owner != NULL) {
        memory_region_del_subregion(hotplug->owner->board->system_io, &hotplug->io);
        memory_region_fini(&hotplug->io);
        hotplug->owner = NULL;
    }
}

void pci_hotplug_reset(struct pci_hotplug *hotplug)
{
    struct pci_hotplug_state *state = hotplug->state;

    while (state->down != 0) {
        acpi_pcihp_eject_slot(hotplug, (uint32_t)__builtin_ctz(state->down));
    }
    *state = (struct pci_hotplug_state){ 0 };
}
