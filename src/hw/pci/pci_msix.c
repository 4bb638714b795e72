/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci_msix.c - the MSI-X capability (PCI Local Bus 3.0, 6.8.2) with its table in a BAR of its own.
 *
 *   capability  +0 id 11  +2 control: 10:0 vectors - 1, 14 function mask, 15 enable
 *               +4 table: BAR, offset 0  +8 pending bits: BAR, offset 0x800
 *   BAR         0x000 + 16 n  address (8), data (4), vector control (4): bit 0 masked
 *               0x800         pending bits, read only
 */
#include "base/bytes.h"
#include "base/invariant.h"
#include "hw/pci/pci_internal.h"
#include "hw/pci/pci_msi.h"
#include "memory/region.h"
#include "trace/trace.h"

#define CAPABILITY_MSIX 0x11
#define CONTROL         2
#define TABLE           4
#define PENDING         8
#define BYTES           12

#define CONTROL_MASKED 0x4000u
#define CONTROL_ENABLE 0x8000u
#define VECTOR_MASKED  1u

#define ENTRY_BYTES    16u
#define PENDING_OFFSET 0x800u

STATE_DESCRIBE(pci_msix_entry_desc, struct pci_msix_entry_state, PCI_MSIX_ENTRY_FIELDS);
STATE_DESCRIBE(pci_msix_desc, struct pci_msix_state, PCI_MSIX_FIELDS);

static uint16_t control(const struct pci_msix *msix)
{
    return bytes_load_le16(&msix->device->pci->config[msix->offset + CONTROL]);
}

bool pci_msix_is_enabled(const struct pci_msix *msix)
{
    return msix->device != NULL && (control(msix) & CONTROL_ENABLE) != 0;
}

bool pci_msix_is_masked(const struct pci_msix *msix, unsigned vector)
{
    return (control(msix) & CONTROL_MASKED) != 0 ||
           (msix->state->table[vector].control & VECTOR_MASKED) != 0;
}

bool pci_msix_is_pending(const struct pci_msix *msix, unsigned vector)
{
    return (msix->state->pending >> vector & 1) != 0;
}

static void send(struct pci_msix *msix, unsigned vector)
{
    const struct pci_msix_entry_state *entry = &msix->state->table[vector];

    trace_msix_notify(pci_device_label(msix->device), vector, entry->address, entry->data);
    pci_device_send_msi(msix->device, entry->address, entry->data);
}

void pci_msix_notify(struct pci_msix *msix, unsigned vector)
{
    if (!pci_msix_is_enabled(msix) || vector >= msix->vectors) {
        return;
    }
    if (pci_msix_is_masked(msix, vector)) {
        msix->state->pending |= 1ull << vector;
        trace_msi_pending(pci_device_label(msix->device), vector);
        return;
    }
    send(msix, vector);
}

/* What is pending and may be sent by now is sent. */
static void send_pending(struct pci_msix *msix)
{
    for (unsigned vector = 0; vector < msix->vectors && msix->state->pending != 0; vector++) {
        if (pci_msix_is_pending(msix, vector) && !pci_msix_is_masked(msix, vector)) {
            msix->state->pending &= ~(1ull << vector);
            send(msix, vector);
        }
    }
}

void pci_msix_config_written(struct pci_msix *msix)
{
    if (pci_msix_is_enabled(msix)) {
        send_pending(msix);
    }
}

/* ---- the BAR ---- */

static uint64_t bar_read(void *opaque, uint64_t offset, unsigned size)
{
    const struct pci_msix *msix = opaque;
    const struct pci_msix_entry_state *entry;

    (void)size;
    if (offset == PENDING_OFFSET || offset == PENDING_OFFSET + 4) {
        return (uint32_t)(msix->state->pending >> (offset == PENDING_OFFSET ? 0 : 32));
    }
    if (offset / ENTRY_BYTES >= msix->vectors) {
        return 0;
    }
    entry = &msix->state->table[offset / ENTRY_BYTES];
    switch (offset % ENTRY_BYTES) {
    case 0: return (uint32_t)entry->address;
    case 4: return entry->address >> 32;
    case 8: return entry->data;
    default: return entry->control;
    }
}

static void bar_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct pci_msix *msix = opaque;
    struct pci_msix_entry_state *entry;

    (void)size;
    if (offset / ENTRY_BYTES >= msix->vectors) {
        trace_guest_error(pci_device_label(msix->device), offset, value,
                          "write beyond the MSI-X table: ignored");
        return;
    }
    entry = &msix->state->table[offset / ENTRY_BYTES];
    switch (offset % ENTRY_BYTES) {
    case 0:
        entry->address = (entry->address & ~(uint64_t)UINT32_MAX) | (value & 0xfffffffcu);
        break;
    case 4: entry->address = (entry->address & UINT32_MAX) | value << 32; break;
    case 8: entry->data = (uint32_t)value; break;
    default:
        entry->control = (uint32_t)value & VECTOR_MASKED;
        trace_msix_vector_masked(pci_device_label(msix->device), (uint32_t)(offset / ENTRY_BYTES),
                                 entry->control != 0);
        pci_msix_config_written(msix);
        break;
    }
}

static const struct memory_region_ops bar_ops = {
    .read = bar_read, .write = bar_write, .size_min = 4, .size_max = 4, .access_min = 4
};

/* ---- life ---- */

void pci_msix_reset(struct pci_msix *msix)
{
    uint8_t *at = &msix->device->pci->config[msix->offset + CONTROL];

    bytes_store_le16(at, (uint16_t)(msix->vectors - 1));
    *msix->state = (struct pci_msix_state){ .pending = 0 };
    for (unsigned vector = 0; vector < msix->vectors; vector++) {
        msix->state->table[vector].control = VECTOR_MASKED;
    }
}

void pci_msix_init(struct pci_msix *msix, struct pci_device *device, struct pci_msix_state *state,
                   unsigned vectors, unsigned bar)
{
    uint8_t *config = device->pci->config;

    invariant(vectors >= 1);
    invariant(vectors <= PCI_MSIX_VECTORS_MAX);
    invariant(device->msix == NULL);
    msix->device = device;
    msix->state = state;
    msix->vectors = vectors;
    msix->offset = pci_device_add_capability(device, CAPABILITY_MSIX, 0, BYTES);
    bytes_store_le32(&config[msix->offset + TABLE], bar);
    bytes_store_le32(&config[msix->offset + PENDING], PENDING_OFFSET | bar);
    bytes_store_le16(&device->writable[msix->offset + CONTROL], CONTROL_ENABLE | CONTROL_MASKED);
    memory_region_init_io(&msix->bar, device->device.board->memory, "msix", &bar_ops, msix,
                          PCI_MSIX_BAR_BYTES);
    pci_device_register_bar(device, bar, &msix->bar, false);
    device->msix = msix;
    pci_msix_reset(msix);
}

void pci_msix_fini(struct pci_msix *msix)
{
    if (msix->device != NULL) {
        memory_region_fini(&msix->bar);
        msix->device = NULL;
    }
}
