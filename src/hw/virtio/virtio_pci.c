/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio_pci.c - life of a virtio function, its queues and interrupts. The registers are in virtio_registers.c.
 */
#include "hw/virtio/virtio_pci.h"

#include <string.h>

#include "base/bytes.h"
#include "hw/core/board.h"
#include "hw/virtio/virtio_internal.h"
#include "trace/trace.h"

STATE_DESCRIBE(virtio_pci_desc, struct virtio_pci_state, VIRTIO_PCI_FIELDS);

static struct virtio_pci *as_virtio(struct device *device)
{
    return (struct virtio_pci *)(void *)device;
}

const struct virtio_pci_class *virtio_pci_class(const struct virtio_pci *virtio)
{
    return (const struct virtio_pci_class *)(const void *)device_class(&virtio->pci.device);
}

const char *virtio_pci_label(const struct virtio_pci *virtio)
{
    return device_label(&virtio->pci.device);
}

/* ---- interrupts ---- */

static void update_intx(struct virtio_pci *virtio)
{
    pci_device_set_irq(&virtio->pci, virtio->state->isr != 0);
}

static void interrupt(struct virtio_pci *virtio, uint8_t cause, uint16_t vector)
{
    trace_virtio_notify(virtio_pci_label(virtio), cause,
                        pci_msix_is_enabled(&virtio->msix) ? vector : VIRTIO_NO_VECTOR);
    if (pci_msix_is_enabled(&virtio->msix)) {
        if (vector != VIRTIO_NO_VECTOR) {
            pci_msix_notify(&virtio->msix, vector);
        }
        return;
    }
    virtio->state->isr |= cause;
    update_intx(virtio);
}

uint8_t virtio_pci_take_isr(struct virtio_pci *virtio)
{
    uint8_t isr = virtio->state->isr;

    virtio->state->isr = 0;
    update_intx(virtio);
    return isr;
}

void virtio_pci_queue_done(struct virtio_pci *virtio, unsigned queue)
{
    struct virtqueue *ring = &virtio->queues[queue];

    if (ring->broken == NULL && virtqueue_wants_interrupt(ring)) {
        interrupt(virtio, VIRTIO_ISR_QUEUE, ring->state->vector);
    }
}

void virtio_pci_config_changed(struct virtio_pci *virtio)
{
    if ((virtio->state->status & VIRTIO_STATUS_DRIVER_OK) != 0) {
        interrupt(virtio, VIRTIO_ISR_CONFIG, virtio->state->config_vector);
    }
}

/* ---- queues ---- */

bool virtio_pci_queue_is_live(const struct virtio_pci *virtio, unsigned queue)
{
    const uint8_t *config = virtio->state->pci.config;

    return (virtio->state->status & VIRTIO_STATUS_DRIVER_OK) != 0 &&
           (virtio->state->status & VIRTIO_STATUS_NEEDS_RESET) == 0 &&
           virtio->queues[queue].state->enabled &&
           (bytes_load_le16(&config[PCI_COMMAND]) & PCI_COMMAND_MASTER) != 0;
}

void virtio_pci_check_queue(struct virtio_pci *virtio, unsigned queue)
{
    const char *broken = virtio->queues[queue].broken;

    if (broken != NULL && (virtio->state->status & VIRTIO_STATUS_NEEDS_RESET) == 0) {
        trace_guest_error(virtio_pci_label(virtio), queue, virtio->queues[queue].state->last_avail,
                          broken);
        virtio->state->status |= VIRTIO_STATUS_NEEDS_RESET;
        virtio_pci_config_changed(virtio);
    }
}

void virtio_pci_notified(struct virtio_pci *virtio, unsigned queue)
{
    const struct virtio_pci_class *class = virtio_pci_class(virtio);

    if (queue >= class->queue_count) {
        trace_guest_error(virtio_pci_label(virtio), queue, 0, "there is no such queue: ignored");
        return;
    }
    trace_virtio_queue_notify(virtio_pci_label(virtio), (uint16_t)queue);
    if (virtio_pci_queue_is_live(virtio, queue)) {
        class->notify(virtio, queue);
        virtio_pci_check_queue(virtio, queue);
    }
}

/* ---- reset ---- */

void virtio_pci_reset_driver(struct virtio_pci *virtio)
{
    const struct virtio_pci_class *class = virtio_pci_class(virtio);
    struct virtio_pci_state *state = virtio->state;

    if (class->reset != NULL) {
        class->reset(virtio);
    }
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++) {
        state->queues[i] =
            (struct virtqueue_state){ .size = i < class->queue_count ? class->queue_size : 0,
                                      .vector = VIRTIO_NO_VECTOR };
        virtio->queues[i].broken = NULL;
    }
    state->driver_features = 0;
    state->device_feature_select = 0;
    state->driver_feature_select = 0;
    state->queue_select = 0;
    state->config_vector = VIRTIO_NO_VECTOR;
    state->status = 0;
    state->isr = 0;
    update_intx(virtio);
}

void virtio_pci_reset(struct device *device)
{
    struct virtio_pci *virtio = as_virtio(device);

    virtio_pci_reset_driver(virtio);
    pci_device_reset(&virtio->pci);
    pci_msix_reset(&virtio->msix);
}

/* ---- capabilities ---- */

enum virtio_capability {
    CAPABILITY_COMMON = 1,
    CAPABILITY_NOTIFY = 2,
    CAPABILITY_ISR = 3,
    CAPABILITY_DEVICE = 4,
    CAPABILITY_PCI_CONFIG = 5,
};

#define CAPABILITY_VENDOR 0x09
#define CAPABILITY_BYTES  16u
#define CAPABILITY_MORE \
    4u /* what the notification's and the window's capabilities have behind it */

/* vendor, next, length, type, BAR, id, pad 2, offset 4, length 4 (4.1.4) */
static uint8_t add_capability(struct virtio_pci *virtio, enum virtio_capability type, uint8_t bytes,
                              uint32_t offset, uint32_t length)
{
    uint8_t at = pci_device_add_capability(&virtio->pci, CAPABILITY_VENDOR, 0, bytes);
    uint8_t *config = &virtio->state->pci.config[at];

    config[2] = bytes;
    config[3] = (uint8_t)type;
    config[4] = VIRTIO_BAR;
    bytes_store_le32(config + 8, offset);
    bytes_store_le32(config + 12, length);
    return at;
}

static void add_capabilities(struct virtio_pci *virtio)
{
    uint8_t *writable = virtio->pci.writable;
    uint8_t at = add_capability(virtio, CAPABILITY_NOTIFY, CAPABILITY_BYTES + CAPABILITY_MORE,
                                VIRTIO_PART_NOTIFY, VIRTIO_NOTIFY_STEP * VIRTIO_QUEUES_MAX);

    bytes_store_le32(&virtio->state->pci.config[at + CAPABILITY_BYTES], VIRTIO_NOTIFY_STEP);
    (void)add_capability(virtio, CAPABILITY_DEVICE, CAPABILITY_BYTES, VIRTIO_PART_DEVICE,
                         VIRTIO_CONFIG_BYTES_MAX);
    (void)add_capability(virtio, CAPABILITY_ISR, CAPABILITY_BYTES, VIRTIO_PART_ISR, 4);
    (void)add_capability(virtio, CAPABILITY_COMMON, CAPABILITY_BYTES, VIRTIO_PART_COMMON,
                         VIRTIO_COMMON_BYTES);
    /* The window: the driver chooses BAR, offset and length, and reads or writes data there. */
    at = add_capability(virtio, CAPABILITY_PCI_CONFIG, CAPABILITY_BYTES + CAPABILITY_MORE, 0, 0);
    virtio->window = at;
    writable[at + 4] = 0xff;
    memset(&writable[at + 8], 0xff, CAPABILITY_BYTES + CAPABILITY_MORE - 8);
}

/* ---- life ---- */

static void init_queues(struct virtio_pci *virtio)
{
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++) {
        virtio->queues[i] = (struct virtqueue){ .state = &virtio->state->queues[i],
                                                .dma = virtio->pci.device.board->dma };
    }
}

bool virtio_pci_realize(struct device *device, GError **error)
{
    struct virtio_pci *virtio = as_virtio(device);
    const struct virtio_pci_class *class = virtio_pci_class(virtio);

    if (!pci_device_realize(&virtio->pci, error)) {
        return false;
    }
    init_queues(virtio);
    if (class->realize != NULL && !class->realize(virtio, error)) {
        pci_device_unrealize(&virtio->pci);
        return false;
    }
    virtio->state->pci.config[PCI_INTERRUPT_PIN] = 1;
    virtio_registers_init(virtio);
    pci_device_register_bar(&virtio->pci, VIRTIO_BAR, &virtio->bar, false);
    add_capabilities(virtio);
    pci_msix_init(&virtio->msix, &virtio->pci, &virtio->state->msix, class->queue_count + 1u,
                  VIRTIO_MSIX_BAR);
    virtio_pci_reset_driver(virtio);
    return true;
}

void virtio_pci_unrealize(struct device *device)
{
    struct virtio_pci *virtio = as_virtio(device);
    const struct virtio_pci_class *class = virtio_pci_class(virtio);

    virtio_pci_reset_driver(virtio);
    if (class->unrealize != NULL) {
        class->unrealize(virtio);
    }
    pci_device_unrealize(&virtio->pci);
    pci_msix_fini(&virtio->msix);
    memory_region_fini(&virtio->bar);
}

void virtio_pci_after_load(struct device *device)
{
    struct virtio_pci *virtio = as_virtio(device);
    const struct virtio_pci_class *class = virtio_pci_class(virtio);

    pci_device_after_load(&virtio->pci);
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++) {
        virtqueue_after_load(&virtio->queues[i]);
    }
    update_intx(virtio);
    if (class->after_load != NULL) {
        class->after_load(virtio);
    }
}

static void virtio_pci_init(struct object *object)
{
    struct virtio_pci *virtio = (struct virtio_pci *)(void *)object;

    virtio->state = (struct virtio_pci_state *)(void *)virtio->pci.pci;
}

const struct type_info virtio_pci_type_info = {
    .name = TYPE_VIRTIO_PCI,
    .parent = TYPE_PCI_DEVICE,
    .abstract = true,
    .instance_size = sizeof(struct virtio_pci),
    .instance_init = virtio_pci_init,
};
