/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio_registers.c - the registers of a virtio function (Virtual I/O Device 1.2, 4.1.4): common configuration, ISR,
 * notification, and the window into them from config space.
 */
#include <string.h>

#include "base/bytes.h"
#include "base/invariant.h"
#include "hw/core/board.h"
#include "hw/virtio/virtio_internal.h"
#include "trace/trace.h"

#define WINDOW_BAR    4u
#define WINDOW_OFFSET 8u
#define WINDOW_LENGTH 12u
#define WINDOW_DATA   16u

static uint64_t offered_features(const struct virtio_pci *virtio)
{
    const struct virtio_pci_class *class = virtio_pci_class(virtio);

    return VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT |
           (class->features != NULL ? class->features(virtio) : 0);
}

/* NULL = the driver has selected a queue that there is not. */
static struct virtqueue_state *selected_queue(const struct virtio_pci *virtio)
{
    uint16_t select = virtio->state->queue_select;

    return select < virtio_pci_class(virtio)->queue_count ? &virtio->state->queues[select] : NULL;
}

/* ---- reading ---- */

static void store_queue(const struct virtio_pci *virtio, uint8_t *bytes)
{
    const struct virtqueue_state *queue = selected_queue(virtio);

    if (queue == NULL) {
        return;
    }
    bytes_store_le16(bytes + VIRTIO_QUEUE_SIZE, queue->size);
    bytes_store_le16(bytes + VIRTIO_QUEUE_VECTOR, queue->vector);
    bytes_store_le16(bytes + VIRTIO_QUEUE_ENABLE, queue->enabled);
    bytes_store_le16(bytes + VIRTIO_QUEUE_NOTIFY_OFFSET, virtio->state->queue_select);
    bytes_store_le64(bytes + VIRTIO_QUEUE_DESC, queue->desc_gpa);
    bytes_store_le64(bytes + VIRTIO_QUEUE_DRIVER, queue->driver_gpa);
    bytes_store_le64(bytes + VIRTIO_QUEUE_DEVICE, queue->device_gpa);
}

static uint64_t read_common(const struct virtio_pci *virtio, uint64_t offset, unsigned size)
{
    const struct virtio_pci_state *state = virtio->state;
    uint8_t bytes[VIRTIO_COMMON_BYTES] = { 0 };
    uint64_t features = offered_features(virtio);

    if (offset + size > sizeof(bytes)) {
        return 0;
    }
    bytes_store_le32(bytes + VIRTIO_DEVICE_FEATURE_SELECT, state->device_feature_select);
    bytes_store_le32(bytes + VIRTIO_DEVICE_FEATURE,
                     state->device_feature_select < 2
                         ? (uint32_t)(features >> (32 * state->device_feature_select))
                         : 0);
    bytes_store_le32(bytes + VIRTIO_DRIVER_FEATURE_SELECT, state->driver_feature_select);
    bytes_store_le32(bytes + VIRTIO_DRIVER_FEATURE,
                     state->driver_feature_select < 2
                         ? (uint32_t)(state->driver_features >> (32 * state->driver_feature_select))
                         : 0);
    bytes_store_le16(bytes + VIRTIO_CONFIG_VECTOR, state->config_vector);
    bytes_store_le16(bytes + VIRTIO_QUEUE_COUNT, virtio_pci_class(virtio)->queue_count);
    bytes[VIRTIO_STATUS] = state->status;
    bytes_store_le16(bytes + VIRTIO_QUEUE_SELECT, state->queue_select);
    store_queue(virtio, bytes);
    return bytes_load_le(bytes + offset, size);
}

static uint64_t read_config(struct virtio_pci *virtio, uint64_t offset, unsigned size)
{
    const struct virtio_pci_class *class = virtio_pci_class(virtio);
    uint8_t bytes[VIRTIO_CONFIG_BYTES_MAX] = { 0 };

    if (offset + size > sizeof(bytes)) {
        return 0;
    }
    if (class->get_config != NULL) {
        class->get_config(virtio, bytes);
    }
    return bytes_load_le(bytes + offset, size);
}

/* ---- writing ---- */

static void guest_error(const struct virtio_pci *virtio, uint64_t offset, uint64_t value,
                        const char *what)
{
    trace_guest_error(virtio_pci_label(virtio), offset, value, what);
}

static void write_status(struct virtio_pci *virtio, uint8_t value)
{
    struct virtio_pci_state *state = virtio->state;
    uint64_t features = state->driver_features;

    if (value == 0) {
        virtio_pci_reset_driver(virtio);
        trace_virtio_status_changed(virtio_pci_label(virtio), 0);
        return;
    }
    value |= state->status & VIRTIO_STATUS_NEEDS_RESET;
    /* The driver reads this bit back to see whether its choice is accepted. */
    if ((value & VIRTIO_STATUS_FEATURES_OK) != 0 &&
        ((features & ~offered_features(virtio)) != 0 || (features & VIRTIO_F_VERSION_1) == 0)) {
        guest_error(virtio, VIRTIO_STATUS, features, "features that are not offered: not accepted");
        value &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
    }
    state->status = value;
    trace_virtio_status_changed(virtio_pci_label(virtio), value);
}

static void write_driver_feature(struct virtio_pci *virtio, uint32_t value)
{
    struct virtio_pci_state *state = virtio->state;
    unsigned shift = 32 * state->driver_feature_select;

    if (state->driver_feature_select >= 2 || (state->status & VIRTIO_STATUS_FEATURES_OK) != 0) {
        guest_error(virtio, VIRTIO_DRIVER_FEATURE, value, "features at the wrong time: ignored");
        return;
    }
    state->driver_features = (state->driver_features & ~(0xffffffffull << shift)) | (uint64_t)value
                                                                                        << shift;
}

static uint16_t checked_vector(const struct virtio_pci *virtio, uint32_t value)
{
    return value < virtio->msix.vectors ? (uint16_t)value : VIRTIO_NO_VECTOR;
}

/* half: a register of 64 bits is written by its halves. */
static void write_address(uint64_t *address, unsigned half, uint32_t value)
{
    unsigned shift = 32 * half;

    *address = (*address & ~(0xffffffffull << shift)) | (uint64_t)value << shift;
}

static void write_queue_size(struct virtio_pci *virtio, struct virtqueue_state *queue,
                             uint32_t value)
{
    if (value == 0 || (value & (value - 1)) != 0 || value > virtio_pci_class(virtio)->queue_size) {
        guest_error(virtio, VIRTIO_QUEUE_SIZE, value, "no size that a queue can have: ignored");
        return;
    }
    queue->size = (uint16_t)value;
}

static void write_queue(struct virtio_pci *virtio, struct virtqueue_state *queue, uint64_t offset,
                        uint32_t value)
{
    if (offset == VIRTIO_QUEUE_VECTOR) {
        queue->vector = checked_vector(virtio, value);
        return;
    }
    if (queue->enabled) {
        guest_error(virtio, offset, value, "the queue is in use: ignored");
        return;
    }
    switch (offset) {
    case VIRTIO_QUEUE_SIZE: write_queue_size(virtio, queue, value); break;
    case VIRTIO_QUEUE_ENABLE:
        queue->enabled = value == 1;
        trace_virtio_queue_enabled(virtio_pci_label(virtio), virtio->state->queue_select,
                                   queue->size, queue->desc_gpa, queue->driver_gpa,
                                   queue->device_gpa);
        break;
    case VIRTIO_QUEUE_DESC: write_address(&queue->desc_gpa, 0, value); break;
    case VIRTIO_QUEUE_DESC + 4: write_address(&queue->desc_gpa, 1, value); break;
    case VIRTIO_QUEUE_DRIVER: write_address(&queue->driver_gpa, 0, value); break;
    case VIRTIO_QUEUE_DRIVER + 4: write_address(&queue->driver_gpa, 1, value); break;
    case VIRTIO_QUEUE_DEVICE: write_address(&queue->device_gpa, 0, value); break;
    case VIRTIO_QUEUE_DEVICE + 4: write_address(&queue->device_gpa, 1, value); break;
    default: guest_error(virtio, offset, value, "no register begins here: ignored"); break;
    }
}

/* The width in which a register is to be written. */
static unsigned common_width(uint64_t offset)
{
    if (offset == VIRTIO_STATUS || offset == VIRTIO_CONFIG_GENERATION) {
        return 1;
    }
    return offset >= VIRTIO_CONFIG_VECTOR && offset < VIRTIO_QUEUE_DESC ? 2 : 4;
}

static void write_common(struct virtio_pci *virtio, uint64_t offset, uint32_t value, unsigned size)
{
    struct virtio_pci_state *state = virtio->state;
    struct virtqueue_state *queue = selected_queue(virtio);

    if (size != common_width(offset)) {
        guest_error(virtio, offset, value, "a register written in another width: ignored");
        return;
    }
    switch (offset) {
    case VIRTIO_DEVICE_FEATURE_SELECT: state->device_feature_select = value; break;
    case VIRTIO_DRIVER_FEATURE_SELECT: state->driver_feature_select = value; break;
    case VIRTIO_DRIVER_FEATURE: write_driver_feature(virtio, value); break;
    case VIRTIO_CONFIG_VECTOR: state->config_vector = checked_vector(virtio, value); break;
    case VIRTIO_STATUS: write_status(virtio, (uint8_t)value); break;
    case VIRTIO_QUEUE_SELECT: state->queue_select = (uint16_t)value; break;
    default:
        if (queue != NULL && offset >= VIRTIO_QUEUE_SIZE) {
            write_queue(virtio, queue, offset, value);
        } else {
            guest_error(virtio, offset, value, "no register of a queue that there is: ignored");
        }
        break;
    }
}

/* ---- BAR 4 ---- */

static uint64_t part_of(uint64_t offset)
{
    return offset & ~0xfffull;
}

static uint64_t do_read(struct virtio_pci *virtio, uint64_t offset, unsigned size)
{
    uint64_t inside = offset & 0xfff;

    switch ((enum virtio_bar_part)part_of(offset)) {
    case VIRTIO_PART_COMMON: return read_common(virtio, inside, size);
    case VIRTIO_PART_ISR: return inside == 0 ? virtio_pci_take_isr(virtio) : 0;
    case VIRTIO_PART_DEVICE: return read_config(virtio, inside, size);
    case VIRTIO_PART_NOTIFY: break;
    }
    return 0;
}

static void do_write(struct virtio_pci *virtio, uint64_t offset, uint32_t value, unsigned size)
{
    const struct virtio_pci_class *class = virtio_pci_class(virtio);
    uint64_t inside = offset & 0xfff;

    switch ((enum virtio_bar_part)part_of(offset)) {
    case VIRTIO_PART_COMMON: write_common(virtio, inside, value, size); break;
    case VIRTIO_PART_ISR: break;
    case VIRTIO_PART_DEVICE:
        if (class->set_config != NULL && inside + size <= class->config_bytes) {
            class->set_config(virtio, (uint32_t)inside, value, size);
        }
        break;
    case VIRTIO_PART_NOTIFY:
        virtio_pci_notified(virtio, (unsigned)(inside / VIRTIO_NOTIFY_STEP));
        break;
    }
}

/* A descriptor may point at the function's own registers: what work on a queue does to them is nothing. */
static uint64_t on_read(void *opaque, uint64_t offset, unsigned size)
{
    struct virtio_pci *virtio = opaque;
    uint64_t value;

    if (virtio->is_busy) {
        guest_error(virtio, offset, 0, "a virtqueue's buffer is the device itself: all-ones");
        return UINT64_MAX >> (64 - 8 * size);
    }
    value = do_read(virtio, offset, size);
    trace_virtio_register_read(virtio_pci_label(virtio), (uint16_t)offset, (uint32_t)value,
                               (uint8_t)size);
    return value;
}

static void on_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct virtio_pci *virtio = opaque;

    if (virtio->is_busy) {
        guest_error(virtio, offset, value, "a virtqueue's buffer is the device itself: ignored");
        return;
    }
    trace_virtio_register_write(virtio_pci_label(virtio), (uint16_t)offset, (uint32_t)value,
                                (uint8_t)size);
    virtio->is_busy = true;
    do_write(virtio, offset, (uint32_t)value, size);
    virtio->is_busy = false;
}

static const struct memory_region_ops ops = {
    .read = on_read, .write = on_write, .size_min = 1, .size_max = 4
};

void virtio_registers_init(struct virtio_pci *virtio)
{
    memory_region_init_io(&virtio->bar, virtio->pci.device.board->memory, "virtio-pci", &ops,
                          virtio, VIRTIO_BAR_BYTES);
}

/* ---- the window in config space (4.1.4.9) ---- */

/* Where the window is, when the access touches its data and its settings make sense. */
static bool window_is_meant(const struct virtio_pci *virtio, uint32_t offset, unsigned size,
                            uint32_t *out_offset, unsigned *out_size)
{
    const uint8_t *window = &virtio->state->pci.config[virtio->window];
    uint32_t data = virtio->window + WINDOW_DATA;
    uint32_t length = bytes_load_le32(window + WINDOW_LENGTH);

    *out_offset = bytes_load_le32(window + WINDOW_OFFSET);
    *out_size = length;
    return virtio->window != 0 && offset < data + 4 && data < offset + size &&
           window[WINDOW_BAR] == VIRTIO_BAR && (length == 1 || length == 2 || length == 4) &&
           *out_offset <= VIRTIO_BAR_BYTES - length && *out_offset % length == 0;
}

void virtio_pci_config_read(struct pci_device *device, uint32_t offset, unsigned size)
{
    struct virtio_pci *virtio = (struct virtio_pci *)(void *)device;
    uint32_t at;
    unsigned width;

    if (window_is_meant(virtio, offset, size, &at, &width)) {
        bytes_store_le(&virtio->state->pci.config[virtio->window + WINDOW_DATA],
                       on_read(virtio, at, width), width);
    }
}

void virtio_pci_config_write(struct pci_device *device, uint32_t offset, uint32_t value,
                             unsigned size)
{
    struct virtio_pci *virtio = (struct virtio_pci *)(void *)device;
    uint32_t at;
    unsigned width;

    (void)value;
    if (window_is_meant(virtio, offset, size, &at, &width)) {
        on_write(virtio, at,
                 bytes_load_le(&virtio->state->pci.config[virtio->window + WINDOW_DATA], width),
                 width);
    }
}
