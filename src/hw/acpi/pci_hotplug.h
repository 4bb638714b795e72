/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci_hotplug.h - the ACPI PCI hotplug register block (24 bytes of ports at 0xae00) of bus pci.0; a bit a slot.
 *
 *   0x00 read   PCIU  slots that were filled; reading clears them
 *   0x04 read   PCID  slots that are asked back
 *   0x08 read   features: none   write B0EJ  eject the lowest slot that is set
 *   0x0c read   PCRM  slots whose functions may be removed
 *   0x10        BNUM  bus selector; only bus 0 has slots
 *   0x14        PIDX  slot selector; reads the function's acpi-index, which none has: 0
 *
 * This is the interface that QEMU documents in docs/specs/acpi_pci_hotplug.
 */
#ifndef REPLUG_HW_ACPI_PCI_HOTPLUG_H
#define REPLUG_HW_ACPI_PCI_HOTPLUG_H

#include "hw/core/device.h"
#include "memory/region.h"
#include "state/state.h"

#define PCI_HOTPLUG_IO_BASE  0xae00
#define PCI_HOTPLUG_IO_BYTES 24

struct pci_bus;

struct pci_hotplug_state {
    uint32_t up, down; /* bit a slot */
    uint32_t bus_selector;
    uint32_t slot_selector;
};

#define PCI_HOTPLUG_FIELDS(FIELD, NESTED, T) \
    FIELD(T, up) FIELD(T, down) FIELD(T, bus_selector) FIELD(T, slot_selector)
STATE_DECLARE(pci_hotplug_desc, struct pci_hotplug_state);

struct pci_hotplug {
    struct pci_hotplug_state *state; /* lives in the owner's state struct */
    struct device *owner;            /* the PIIX4_PM: its board, its send_event */
    struct pci_bus *bus;
    struct memory_region io;
};

/* Maps the register block at 0xae00 of the board's ports. */
void pci_hotplug_init(struct pci_hotplug *hotplug, struct pci_hotplug_state *state,
                      struct device *owner, struct pci_bus *bus);
void pci_hotplug_fini(struct pci_hotplug *hotplug);
/* As memory_hotplug_event_taken(): of the functions that are asked back. */
void pci_hotplug_event_taken(struct pci_hotplug *hotplug);
/* Functions that the guest was asked to give back and did not leave now: what boots next finds an empty slot. */
void pci_hotplug_reset(struct pci_hotplug *hotplug);

/*
 * The halves of the handler that PIIX4_PM calls, spans of their names. plug: a hotplugged function's slot is marked and
 * the event sent. unplug_request: the slot is asked back. Errors: the host failed to raise the interrupt; the slot's
 * marks are as before then. unplug: the guest has ejected the slot; its marks go.
 */
bool acpi_pcihp_device_plug_cb(struct pci_hotplug *hotplug, struct device *device,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool acpi_pcihp_device_unplug_request_cb(struct pci_hotplug *hotplug, struct device *device,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
void acpi_pcihp_device_unplug_cb(struct pci_hotplug *hotplug, struct device *device);

#endif
