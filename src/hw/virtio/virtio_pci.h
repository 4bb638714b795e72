/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio_pci.h - "virtio-pci": what virtio functions share (Virtual I/O Device 1.2, 4.1): registers, features, status,
 * queues, interrupts. Devices of the current standard only, without the legacy interface: as QEMU's with disable-legacy=on.
 *
 *   BAR 4, 16 KiB of memory
 *     0x0000  common configuration     0x1000  ISR status (reading clears it)
 *     0x2000  device configuration     0x3000  notification, 4 bytes a queue
 *   BAR 1, MSI-X
 *
 * A type's instance is struct virtio_pci, then its state struct, which begins with struct virtio_pci_state. Its class is
 * made by VIRTIO_PCI_CLASS(...).
 */
#ifndef REPLUG_HW_VIRTIO_VIRTIO_PCI_H
#define REPLUG_HW_VIRTIO_VIRTIO_PCI_H

#include "hw/pci/pci.h"
#include "hw/pci/pci_msi.h"
#include "hw/virtio/virtqueue.h"

#define TYPE_VIRTIO_PCI            "virtio-pci"
#define VIRTIO_QUEUES_MAX          4
#define VIRTIO_CONFIG_BYTES_MAX    64
#define VIRTIO_BAR_BYTES           0x4000
#define VIRTIO_BAR                 4
#define VIRTIO_MSIX_BAR            1
#define VIRTIO_PCI_VENDOR          0x1af4
#define VIRTIO_PCI_DEVICE_ID(type) ((uint16_t)(0x1040 + (type)))

/* Offsets in BAR 4. */
enum virtio_bar_part {
    VIRTIO_PART_COMMON = 0x0000,
    VIRTIO_PART_ISR = 0x1000,
    VIRTIO_PART_DEVICE = 0x2000,
    VIRTIO_PART_NOTIFY = 0x3000,
};

enum virtio_common_register {
    VIRTIO_DEVICE_FEATURE_SELECT = 0,
    VIRTIO_DEVICE_FEATURE = 4,
    VIRTIO_DRIVER_FEATURE_SELECT = 8,
    VIRTIO_DRIVER_FEATURE = 12,
    VIRTIO_CONFIG_VECTOR = 16,
    VIRTIO_QUEUE_COUNT = 18,
    VIRTIO_STATUS = 20,
    VIRTIO_CONFIG_GENERATION = 21,
    VIRTIO_QUEUE_SELECT = 22,
    VIRTIO_QUEUE_SIZE = 24,
    VIRTIO_QUEUE_VECTOR = 26,
    VIRTIO_QUEUE_ENABLE = 28,
    VIRTIO_QUEUE_NOTIFY_OFFSET = 30,
    VIRTIO_QUEUE_DESC = 32,
    VIRTIO_QUEUE_DRIVER = 40,
    VIRTIO_QUEUE_DEVICE = 48,
    VIRTIO_COMMON_BYTES = 56,
};

enum virtio_status {
    VIRTIO_STATUS_ACKNOWLEDGE = 1,
    VIRTIO_STATUS_DRIVER = 2,
    VIRTIO_STATUS_DRIVER_OK = 4,
    VIRTIO_STATUS_FEATURES_OK = 8,
    VIRTIO_STATUS_NEEDS_RESET = 0x40,
    VIRTIO_STATUS_FAILED = 0x80,
};

#define VIRTIO_NO_VECTOR   0xffffu
#define VIRTIO_F_INDIRECT  (1ull << 28)
#define VIRTIO_F_VERSION_1 (1ull << 32)
#define VIRTIO_ISR_QUEUE   1u
#define VIRTIO_ISR_CONFIG  2u

struct virtio_pci_state {
    struct pci_device_state pci;
    struct pci_msix_state msix;
    struct virtqueue_state queues[VIRTIO_QUEUES_MAX];
    uint64_t driver_features;
    uint32_t device_feature_select, driver_feature_select;
    uint16_t queue_select, config_vector;
    uint8_t status, isr;
    uint8_t pad[2];
};

/* clang-format off */
#define VIRTIO_PCI_FIELDS(FIELD, NESTED, T) \
    NESTED(T, pci, pci_device_desc) NESTED(T, msix, pci_msix_desc) NESTED(T, queues, virtqueue_desc) \
    FIELD(T, driver_features) FIELD(T, device_feature_select) FIELD(T, driver_feature_select) \
    FIELD(T, queue_select) FIELD(T, config_vector) FIELD(T, status) FIELD(T, isr) FIELD(T, pad)
/* clang-format on */
STATE_DECLARE(virtio_pci_desc, struct virtio_pci_state);

struct virtio_pci {
    struct pci_device pci;
    struct virtio_pci_state *state;
    struct virtqueue queues[VIRTIO_QUEUES_MAX];
    struct virtqueue_element element; /* scratch of the buffer under work */
    struct pci_msix msix;
    struct memory_region bar;
    uint8_t window; /* config offset of the capability that reaches BAR 4 */
    bool
        is_busy; /* a queue is being worked on: a descriptor that points at our own registers does nothing */
};

struct virtio_pci_class {
    struct pci_device_class pci;
    uint16_t queue_count, queue_size;
    uint32_t config_bytes;
    /* Any but notify may be NULL. realize comes before the guest can see the function. */
    bool (*realize)(struct virtio_pci *virtio, GError **error);
    void (*unrealize)(struct virtio_pci *virtio);
    void (*reset)(struct virtio_pci *virtio);              /* by the driver, or the machine's */
    uint64_t (*features)(const struct virtio_pci *virtio); /* the type's own bits */
    void (*get_config)(struct virtio_pci *virtio,
                       uint8_t *bytes); /* config_bytes of them, zeroed */
    void (*set_config)(struct virtio_pci *virtio, uint32_t offset, uint32_t value, unsigned size);
    /* A state has been loaded, guest memory before it. */
    void (*after_load)(struct virtio_pci *virtio);
    /* The driver has made buffers of a queue available, and said so. */
    void (*notify)(struct virtio_pci *virtio, unsigned queue);
};

extern const struct type_info virtio_pci_type_info;

/* For the classes. */
bool virtio_pci_realize(struct device *device, GError **error);
void virtio_pci_unrealize(struct device *device);
void virtio_pci_reset(struct device *device);
void virtio_pci_after_load(struct device *device);
void virtio_pci_config_write(struct pci_device *device, uint32_t offset, uint32_t value,
                             unsigned size);
void virtio_pci_config_read(struct pci_device *device, uint32_t offset, unsigned size);

/* clang-format off */
#define VIRTIO_PCI_CLASS(text, type, instance, desc, class_of_function)      \
    .device = { .description = text,                                         \
                .bus_type = TYPE_PCI_BUS,                                    \
                .user_creatable = true,                                      \
                .hotpluggable = true,                                        \
                .realize = virtio_pci_realize,                               \
                .unrealize = virtio_pci_unrealize,                           \
                .reset = virtio_pci_reset,                                   \
                .state = &(desc),                                            \
                .state_offset = offsetof(instance, state),                   \
                .after_load = virtio_pci_after_load },                       \
    .vendor_id = VIRTIO_PCI_VENDOR,                                          \
    .device_id = VIRTIO_PCI_DEVICE_ID(type),                                 \
    .revision = 1,                                                           \
    .class_id = (class_of_function),                                         \
    .config_offset = offsetof(instance, state.virtio.pci),                   \
    .config_read = virtio_pci_config_read,                                   \
    .config_write = virtio_pci_config_write
/* clang-format on */

/* The driver is up, the function may reach memory, and the queue is usable. */
bool virtio_pci_queue_is_live(const struct virtio_pci *virtio, unsigned queue);
/* Buffers have been given back: interrupts the guest if it wants that. */
void virtio_pci_queue_done(struct virtio_pci *virtio, unsigned queue);
/* After work on a queue: where the guest broke it the device needs a reset, and says so. */
void virtio_pci_check_queue(struct virtio_pci *virtio, unsigned queue);
/* The device configuration has changed. */
void virtio_pci_config_changed(struct virtio_pci *virtio);

#endif
