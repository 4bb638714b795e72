/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pci_internal.h - what the files of src/hw/pci share. */
#ifndef REPLUG_HW_PCI_PCI_INTERNAL_H
#define REPLUG_HW_PCI_PCI_INTERNAL_H

#include "hw/pci/pci.h"

/* Gives the function its devfn and the bus's INTx line. Errors: taken, none left, function rules. */
bool pci_bus_place(struct pci_bus *bus, struct pci_device *device,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pci_bus_displace(struct pci_bus *bus, struct pci_device *device);

uint32_t pci_device_config_read(struct pci_device *device, uint32_t offset, unsigned size);
void pci_device_config_write(struct pci_device *device, uint32_t offset, uint32_t value,
                             unsigned size);

/* Its id, or its type. */
const char *pci_device_label(const struct pci_device *device);

/* ---- pci_msi.c ---- */
/* The function stores a message, if it may. */
void pci_device_send_msi(struct pci_device *device, uint64_t address, uint32_t data);
/* The capability may have been written: what is pending and not masked is sent. */
void pci_msi_config_written(struct pci_device *device);
void pci_msi_reset(struct pci_device *device);

/* ---- pci_msix.c ---- */
void pci_msix_config_written(struct pci_msix *msix);

#endif
