/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_internal.h - what virtio_pci.c and virtio_registers.c share. */
#ifndef REPLUG_HW_VIRTIO_VIRTIO_INTERNAL_H
#define REPLUG_HW_VIRTIO_VIRTIO_INTERNAL_H

#include "hw/virtio/virtio_pci.h"

#define VIRTIO_NOTIFY_STEP 4u /* bytes from one queue's notification to the next one's */

const struct virtio_pci_class *virtio_pci_class(const struct virtio_pci *virtio);
/* Its id, or its type. */
const char *virtio_pci_label(const struct virtio_pci *virtio);

/* The driver wrote status 0. */
void virtio_pci_reset_driver(struct virtio_pci *virtio);
/* The driver wrote a queue's notification. */
void virtio_pci_notified(struct virtio_pci *virtio, unsigned queue);
/* The ISR status, which goes by this. */
uint8_t virtio_pci_take_isr(struct virtio_pci *virtio);

/* ---- virtio_registers.c ---- */

/* Makes the region of BAR 4. */
void virtio_registers_init(struct virtio_pci *virtio);

#endif
