/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci_msi.h - message signalled interrupts of PCI functions: MSI and MSI-X capabilities (PCI Local Bus 3.0, 6.8).
 *
 * A message is a store to the interrupt controllers; the board carries it there (board_ops.send_msi). While either
 * capability is enabled the function's INTx pin is silent: pci_device_set_irq() keeps the level and drives nothing.
 * A function that is no bus master sends nothing; what it would have sent is lost, as on hardware.
 *
 *     realize:   pci_device_realize(); ... pci_msix_init(&d->msix, &d->pci, &d->state.msix, 3, 1)
 *     work:      if (pci_msix_is_enabled(&d->msix)) pci_msix_notify(&d->msix, vector); else pci_device_set_irq(...)
 *     reset:     pci_device_reset(); pci_msix_reset()
 *     unrealize: pci_device_unrealize(); pci_msix_fini()
 */
#ifndef REPLUG_HW_PCI_PCI_MSI_H
#define REPLUG_HW_PCI_PCI_MSI_H

#include "hw/pci/pci.h"

#define PCI_MSI_VECTORS_MAX  32
#define PCI_MSIX_VECTORS_MAX 32
#define PCI_MSIX_BAR_BYTES   4096

/*
 * For a function's realize, once pci_device_realize() has been called: a capability of this id and size, linked in front
 * of those there are, read only and zero but for its first two bytes. offset 0 = the next free place. Gives its offset.
 * Capabilities go with pci_device_unrealize().
 */
uint8_t pci_device_add_capability(struct pci_device *device, uint8_t id, uint8_t offset,
                                  uint8_t size);

/* ---- MSI: all of its state is in config space ---- */

/* vectors: a power of two up to PCI_MSI_VECTORS_MAX. 64 bits of address, a mask bit and a pending bit for each vector. */
void pci_msi_init(struct pci_device *device, uint8_t offset, unsigned vectors);
bool pci_msi_is_enabled(const struct pci_device *device);
/* How many vectors the guest has granted. */
unsigned pci_msi_vectors(const struct pci_device *device);
/* Sends the vector's message, or keeps it pending while it is masked. Nothing while MSI is off; vectors that were not
 * granted are told by the last one that was. */
void pci_msi_notify(struct pci_device *device, unsigned vector);
bool pci_msi_is_masked(const struct pci_device *device, unsigned vector);
bool pci_msi_is_pending(const struct pci_device *device, unsigned vector);

/* ---- MSI-X: the table is the type's state, beside its pci_device_state ---- */

struct pci_msix_entry_state {
    uint64_t address;
    uint32_t data;
    uint32_t control; /* bit 0: masked */
};

#define PCI_MSIX_ENTRY_FIELDS(FIELD, NESTED, T) FIELD(T, address) FIELD(T, data) FIELD(T, control)
STATE_DECLARE(pci_msix_entry_desc, struct pci_msix_entry_state);

struct pci_msix_state {
    struct pci_msix_entry_state table[PCI_MSIX_VECTORS_MAX];
    uint64_t pending; /* bit a vector */
};

#define PCI_MSIX_FIELDS(FIELD, NESTED, T) NESTED(T, table, pci_msix_entry_desc) FIELD(T, pending)
STATE_DECLARE(pci_msix_desc, struct pci_msix_state);

/* Embedded in the device beside its struct pci_device. */
struct pci_msix {
    struct pci_device *device;
    struct pci_msix_state *state;
    unsigned vectors;
    uint8_t offset;           /* of the capability */
    struct memory_region bar; /* 4 KiB: the table from 0 on, pending bits from 0x800 on */
};

/* Takes BAR bar of its own. vectors: 1 to PCI_MSIX_VECTORS_MAX. */
void pci_msix_init(struct pci_msix *msix, struct pci_device *device, struct pci_msix_state *state,
                   unsigned vectors, unsigned bar);
/* After pci_device_unrealize(). One that was never initialised is fine. */
void pci_msix_fini(struct pci_msix *msix);
/* With pci_device_reset(): off, all vectors masked, nothing pending. */
void pci_msix_reset(struct pci_msix *msix);
bool pci_msix_is_enabled(const struct pci_msix *msix);
/* Sends the vector's message, or keeps it pending while the vector or the function is masked. Nothing while MSI-X is
 * off or for vectors that there are not. */
void pci_msix_notify(struct pci_msix *msix, unsigned vector);
bool pci_msix_is_masked(const struct pci_msix *msix, unsigned vector);
bool pci_msix_is_pending(const struct pci_msix *msix, unsigned vector);

#endif
