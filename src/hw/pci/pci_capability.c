/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pci_capability.c - the list of capabilities in configuration space (PCI Local Bus 3.0, 6.7). */
#include <string.h>

#include "base/invariant.h"
#include "hw/pci/pci_internal.h"
#include "hw/pci/pci_msi.h"

#define CAPABILITIES_POINTER 0x34
#define STATUS_CAPABILITIES  0x10u /* in PCI_STATUS */
#define FIRST_OFFSET         0x40u

/* Behind the capabilities that are there. */
static unsigned next_offset(const struct pci_device *device)
{
    return MAX(FIRST_OFFSET, (device->capabilities_end + 3u) & ~3u);
}

uint8_t pci_device_add_capability(struct pci_device *device, uint8_t id, uint8_t offset,
                                  uint8_t size)
{
    uint8_t *config = device->pci->config;
    unsigned at = offset != 0 ? offset : next_offset(device);

    invariant(at >= FIRST_OFFSET);
    invariant(at % 4 == 0);
    invariant(size >= 2);
    invariant(at + size <= PCI_CONFIG_BYTES);
    memset(&config[at], 0, size);
    memset(&device->writable[at], 0, size);
    config[at] = id;
    config[at + 1] = config[CAPABILITIES_POINTER];
    config[CAPABILITIES_POINTER] = (uint8_t)at;
    config[PCI_STATUS] |= STATUS_CAPABILITIES;
    device->capabilities_end = MAX(device->capabilities_end, (uint16_t)(at + size));
    return (uint8_t)at;
}
