/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci_msi.c - the MSI capability (PCI Local Bus 3.0, 6.8.1), in its form with 64 bits of address and masks.
 *
 *   +0x00 id 05  +0x02 control: bit 0 enable, 3:1 vectors offered, 6:4 granted (log2), 7 64 bits, 8 masks
 *   +0x04 address  +0x08 its upper half  +0x0c data  +0x10 mask bits  +0x14 pending bits
 */
#include "hw/pci/pci_msi.h"

#include "base/bytes.h"
#include "base/invariant.h"
#include "hw/pci/pci_internal.h"
#include "trace/trace.h"

#define CAPABILITY_MSI 0x05
#define CONTROL        0x02
#define ADDRESS        0x04
#define DATA           0x0c
#define MASK_BITS      0x10
#define PENDING_BITS   0x14
#define BYTES          0x18

#define CONTROL_ENABLE   0x0001u
#define CONTROL_OFFERED  1 /* shift of 3 bits */
#define CONTROL_GRANTED  4
#define CONTROL_64       0x0080u
#define CONTROL_MASKABLE 0x0100u

static uint8_t *capability(const struct pci_device *device)
{
    return &device->pci->config[device->msi_offset];
}

static uint16_t control(const struct pci_device *device)
{
    return bytes_load_le16(capability(device) + CONTROL);
}

void pci_device_send_msi(struct pci_device *device, uint64_t address, uint32_t data)
{
    const struct board *board = device->device.board;
    uint16_t command = bytes_load_le16(&device->pci->config[PCI_COMMAND]);

    if ((command & PCI_COMMAND_MASTER) == 0) {
        trace_guest_error(pci_device_label(device), address, data,
                          "message of a function that is no bus master: lost");
        return;
    }
    if (board->ops->send_msi != NULL) {
        board->ops->send_msi(board->opaque, address, data);
    }
}

void pci_msi_init(struct pci_device *device, uint8_t offset, unsigned vectors)
{
    unsigned log = 0;

    invariant(device->msi_offset == 0);
    invariant(vectors >= 1);
    invariant(vectors <= PCI_MSI_VECTORS_MAX);
    invariant((vectors & (vectors - 1)) == 0);
    while (1u << log < vectors) {
        log++;
    }
    device->msi_offset = pci_device_add_capability(device, CAPABILITY_MSI, offset, BYTES);
    offset = device->msi_offset;
    bytes_store_le16(capability(device) + CONTROL,
                     (uint16_t)(log << CONTROL_OFFERED | CONTROL_64 | CONTROL_MASKABLE));
    bytes_store_le16(&device->writable[offset + CONTROL], CONTROL_ENABLE | 7u << CONTROL_GRANTED);
    bytes_store_le32(&device->writable[offset + ADDRESS], 0xfffffffcu);
    bytes_store_le32(&device->writable[offset + ADDRESS + 4], UINT32_MAX);
    bytes_store_le16(&device->writable[offset + DATA], UINT16_MAX);
    bytes_store_le32(&device->writable[offset + MASK_BITS], UINT32_MAX >> (32 - vectors));
}

bool pci_msi_is_enabled(const struct pci_device *device)
{
    return device->msi_offset != 0 && (control(device) & CONTROL_ENABLE) != 0;
}

/* What was granted beyond the offer does not count. */
unsigned pci_msi_vectors(const struct pci_device *device)
{
    unsigned offered = control(device) >> CONTROL_OFFERED & 7;
    unsigned granted = control(device) >> CONTROL_GRANTED & 7;

    return 1u << MIN(offered, granted);
}

bool pci_msi_is_masked(const struct pci_device *device, unsigned vector)
{
    return (bytes_load_le32(capability(device) + MASK_BITS) >> vector & 1) != 0;
}

bool pci_msi_is_pending(const struct pci_device *device, unsigned vector)
{
    return (bytes_load_le32(capability(device) + PENDING_BITS) >> vector & 1) != 0;
}

static void set_pending(struct pci_device *device, unsigned vector, bool pending)
{
    uint8_t *at = capability(device) + PENDING_BITS;
    uint32_t bit = 1u << vector;
    uint32_t old = bytes_load_le32(at);

    bytes_store_le32(at, pending ? old | bit : old & ~bit);
}

static void send(struct pci_device *device, unsigned vector)
{
    uint64_t address = bytes_load_le64(capability(device) + ADDRESS);
    uint32_t data = bytes_load_le16(capability(device) + DATA);

    data = (data & ~(pci_msi_vectors(device) - 1)) | vector;
    trace_msi_notify(pci_device_label(device), vector, address, data);
    pci_device_send_msi(device, address, data);
}

void pci_msi_notify(struct pci_device *device, unsigned vector)
{
    if (!pci_msi_is_enabled(device)) {
        return;
    }
    vector = MIN(vector, pci_msi_vectors(device) - 1);
    if (pci_msi_is_masked(device, vector)) {
        set_pending(device, vector, true);
        trace_msi_pending(pci_device_label(device), vector);
        return;
    }
    send(device, vector);
}

void pci_msi_config_written(struct pci_device *device)
{
    if (!pci_msi_is_enabled(device)) {
        return;
    }
    for (unsigned vector = 0; vector < pci_msi_vectors(device); vector++) {
        if (pci_msi_is_pending(device, vector) && !pci_msi_is_masked(device, vector)) {
            set_pending(device, vector, false);
            send(device, vector);
        }
    }
}

void pci_msi_reset(struct pci_device *device)
{
    uint8_t *at = capability(device);

    if (device->msi_offset == 0) {
        return;
    }
    bytes_store_le16(at + CONTROL,
                     control(device) & (uint16_t) ~(CONTROL_ENABLE | 7u << CONTROL_GRANTED));
    bytes_store_le64(at + ADDRESS, 0);
    bytes_store_le32(at + DATA, 0);
    bytes_store_le32(at + MASK_BITS, 0);
    bytes_store_le32(at + PENDING_BITS, 0);
}
