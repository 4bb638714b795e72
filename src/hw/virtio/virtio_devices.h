/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_devices.h - the virtio functions as device types (QEMU's names), and how the machine connects them. */
#ifndef REPLUG_HW_VIRTIO_VIRTIO_DEVICES_H
#define REPLUG_HW_VIRTIO_VIRTIO_DEVICES_H

#include "hw/core/block_port.h"
#include "hw/core/char_port.h"
#include "hw/core/device.h"
#include "hw/core/net_port.h"

/* Device IDs (Virtual I/O Device 1.2, 5). */
enum virtio_type {
    VIRTIO_TYPE_NET = 1,
    VIRTIO_TYPE_BLOCK = 2,
    VIRTIO_TYPE_CONSOLE = 3,
    VIRTIO_TYPE_RNG = 4,
};

extern const struct type_info virtio_rng_type_info;   /* "virtio-rng-pci": rng */
extern const struct type_info virtio_block_type_info; /* "virtio-blk-pci": drive, serial */
extern const struct type_info virtio_net_type_info;   /* "virtio-net-pci": netdev, mac */

extern const struct type_info virtio_serial_type_info;     /* "virtio-serial-pci": brings a bus */
extern const struct type_info virtio_serial_bus_type_info; /* "virtio-serial-bus" */
extern const struct type_info virtio_console_type_info;    /* "virtconsole" on it: chardev */

/* A virtconsole's byte stream, for the machine to connect. NULL for another type. */
struct char_port *virtio_console_port(struct device *device);
/* Where a virtio-serial-pci finds the type of its bus; before realize, nothing for another type. The registry outlives it. */
void virtio_serial_set_types(struct device *device, const struct type_registry *types);

/* The device's image port, for the machine to connect between creation and realize. NULL for another type. */
struct block_port *virtio_block_port(struct device *device);

/* The device's network port, for the machine to connect between creation and realize. NULL for another type. */
struct net_port *virtio_net_port(struct device *device);

#endif
