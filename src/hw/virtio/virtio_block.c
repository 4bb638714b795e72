/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio_block.c - "virtio-blk-pci" (Virtual I/O Device 1.2, 5.2): one queue of requests for sectors of an image.
 *
 *   readable: type 4, reserved 4, sector 8, then the data of a write     writable: the data of a read, then a status byte
 *
 * A request is with the image until it comes back in a turn of its own. Unplug and reset let writes end.
 */
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "hw/core/block_port.h"
#include "hw/core/board.h"
#include "hw/virtio/virtio_devices.h"
#include "hw/virtio/virtio_pci.h"
#include "qom/property.h"
#include "trace/trace.h"

#define BLOCK_QUEUE_SIZE 128
#define SEGMENTS_MAX     (BLOCK_QUEUE_SIZE - 2)
#define SEGMENT_BYTES    0x8000u /* so that a request fits BLOCK_REQUEST_BYTES_MAX */
#define HEADER_BYTES     16u
#define SERIAL_BYTES     20u
#define CLASS_SCSI       0x0100

#define FEATURE_SIZE_MAX (1ull << 1)
#define FEATURE_SEG_MAX  (1ull << 2)
#define FEATURE_RO       (1ull << 5)
#define FEATURE_BLK_SIZE (1ull << 6)
#define FEATURE_FLUSH    (1ull << 9)

enum request_type { REQUEST_IN = 0, REQUEST_OUT = 1, REQUEST_FLUSH = 4, REQUEST_GET_ID = 8 };

enum request_status { STATUS_OK = 0, STATUS_IOERR = 1, STATUS_UNSUPPORTED = 2 };

enum config_offset {
    CONFIG_CAPACITY = 0,
    CONFIG_SIZE_MAX = 8,
    CONFIG_SEG_MAX = 12,
    CONFIG_BLK_SIZE = 20
};

#define CONFIG_BYTES 36

struct virtio_block_state {
    struct virtio_pci_state virtio;
    bool busy[BLOCK_QUEUE_SIZE];      /* requests that are with the image */
    uint16_t heads[BLOCK_QUEUE_SIZE]; /* where the guest has them */
};

#define VIRTIO_BLOCK_FIELDS(FIELD, NESTED, T) \
    NESTED(T, virtio, virtio_pci_desc) FIELD(T, busy) FIELD(T, heads)
STATE_DECLARE(virtio_block_desc, struct virtio_block_state);
STATE_DESCRIBE(virtio_block_desc, struct virtio_block_state, VIRTIO_BLOCK_FIELDS);

struct virtio_block {
    struct virtio_pci virtio;
    struct virtio_block_state state;
    struct virtqueue_element *requests; /* BLOCK_QUEUE_SIZE, by tag */
    uint8_t *buffer;                    /* BLOCK_REQUEST_BYTES_MAX: what a write brings */
    struct block_port port;
    char *drive, *serial;
    int32_t bootindex;
};

static struct virtio_block *as_block(struct virtio_pci *virtio)
{
    return (struct virtio_block *)(void *)virtio;
}

static const char *label(const struct virtio_block *block)
{
    return device_label(&block->virtio.pci.device);
}

struct block_port *virtio_block_port(struct device *device)
{
    struct virtio_block *block = (struct virtio_block *)(void *)device;

    return object_is_a(&device->object, virtio_block_type_info.name) ? &block->port : NULL;
}

/* ---- giving back ---- */

static void finish(struct virtio_block *block, const struct virtqueue_element *element,
                   enum request_status status, uint64_t written)
{
    struct virtqueue *queue = &block->virtio.queues[0];
    uint8_t byte = (uint8_t)status;

    (void)virtqueue_write(queue, element, element->in_bytes - 1, &byte, 1);
    virtqueue_push(queue, element->head, (uint32_t)(written + 1));
    virtio_pci_queue_done(&block->virtio, 0);
}

/* ---- requests ---- */

static bool range_is_inside(const struct virtio_block *block, uint64_t sector, uint64_t bytes)
{
    uint64_t sectors = block->port.bytes / BLOCK_SECTOR_BYTES;

    return bytes % BLOCK_SECTOR_BYTES == 0 && bytes <= BLOCK_REQUEST_BYTES_MAX &&
           sector <= sectors && bytes / BLOCK_SECTOR_BYTES <= sectors - sector;
}

static void submit(struct virtio_block *block, uint32_t tag, enum block_operation operation,
                   uint64_t offset, uint64_t bytes)
{
    struct block_request request = {
        .tag = tag, .operation = operation, .offset = offset, .bytes = bytes, .data = block->buffer
    };

    trace_virtio_block_submitted(label(block), tag, (uint8_t)operation, offset, bytes);
    block->state.busy[tag] = true;
    block->state.heads[tag] = block->requests[tag].head;
    block->port.submit(block->port.host, &request);
}

static void get_id(struct virtio_block *block, const struct virtqueue_element *element)
{
    char id[SERIAL_BYTES + 1] = { 0 };
    uint64_t written;

    g_strlcpy(id, block->serial != NULL ? block->serial : "", sizeof(id));
    written = virtqueue_write(&block->virtio.queues[0], element, 0, id,
                              MIN(SERIAL_BYTES, element->in_bytes - 1));
    finish(block, element, STATUS_OK, written);
}

static void transfer(struct virtio_block *block, uint32_t tag, bool is_write, uint64_t sector)
{
    const struct virtqueue_element *element = &block->requests[tag];
    uint64_t bytes = is_write ? element->out_bytes - HEADER_BYTES : element->in_bytes - 1;

    if (!range_is_inside(block, sector, bytes) || (is_write && block->port.read_only)) {
        trace_guest_error(label(block), sector, bytes,
                          "a request that the disk can't take: I/O error");
        finish(block, element, STATUS_IOERR, 0);
        return;
    }
    if (is_write) {
        (void)virtqueue_read(&block->virtio.queues[0], element, HEADER_BYTES, block->buffer, bytes);
    }
    submit(block, tag, is_write ? BLOCK_WRITE : BLOCK_READ, sector * BLOCK_SECTOR_BYTES, bytes);
}

static void start(struct virtio_block *block, uint32_t tag)
{
    struct virtqueue *queue = &block->virtio.queues[0];
    const struct virtqueue_element *element = &block->requests[tag];
    uint8_t header[HEADER_BYTES];

    if (element->in_bytes < 1 ||
        virtqueue_read(queue, element, 0, header, HEADER_BYTES) != HEADER_BYTES) {
        virtqueue_break(queue, "a block request without its header or status byte");
        return;
    }
    switch (bytes_load_le32(header)) {
    case REQUEST_IN: transfer(block, tag, false, bytes_load_le64(header + 8)); break;
    case REQUEST_OUT: transfer(block, tag, true, bytes_load_le64(header + 8)); break;
    case REQUEST_FLUSH: submit(block, tag, BLOCK_FLUSH, 0, 0); break;
    case REQUEST_GET_ID: get_id(block, element); break;
    default: finish(block, element, STATUS_UNSUPPORTED, 0); break;
    }
}

/* BLOCK_QUEUE_SIZE = all are with the image. */
static uint32_t free_tag(const struct virtio_block *block)
{
    uint32_t tag = 0;

    while (tag < BLOCK_QUEUE_SIZE && block->state.busy[tag]) {
        tag++;
    }
    return tag;
}

static void notify(struct virtio_pci *virtio, unsigned index)
{
    struct virtio_block *block = as_block(virtio);

    for (unsigned i = 0; i < BLOCK_QUEUE_SIZE; i++) {
        uint32_t tag = free_tag(block);

        if (tag == BLOCK_QUEUE_SIZE ||
            !virtqueue_pop(&virtio->queues[index], &block->requests[tag])) {
            return;
        }
        start(block, tag);
    }
}

static void complete(void *device, uint32_t tag, int error, const uint8_t *data, uint64_t bytes)
{
    struct virtio_block *block = device;
    struct virtio_pci *virtio = &block->virtio;
    uint64_t written = 0;

    if (tag >= BLOCK_QUEUE_SIZE || !block->state.busy[tag]) {
        return;
    }
    trace_virtio_block_completed(label(block), tag, (uint32_t)error, bytes);
    block->state.busy[tag] = false;
    block->state.heads[tag] = 0;
    virtio->is_busy = true;
    if (error == 0 && bytes > 0) {
        bytes = MIN(bytes, block->requests[tag].in_bytes - 1);
        written = virtqueue_write(&virtio->queues[0], &block->requests[tag], 0, data, bytes);
    }
    finish(block, &block->requests[tag], error == 0 ? STATUS_OK : STATUS_IOERR, written);
    virtio_pci_check_queue(virtio, 0);
    if (virtio_pci_queue_is_live(virtio, 0)) {
        notify(virtio, 0); /* what found no free place before */
        virtio_pci_check_queue(virtio, 0);
    }
    virtio->is_busy = false;
}

/* ---- device ---- */

static uint64_t features(const struct virtio_pci *virtio)
{
    const struct virtio_block *block = (const struct virtio_block *)(const void *)virtio;

    return FEATURE_SIZE_MAX | FEATURE_SEG_MAX | FEATURE_BLK_SIZE | FEATURE_FLUSH |
           (block->port.read_only ? FEATURE_RO : 0);
}

static void get_config(struct virtio_pci *virtio, uint8_t *bytes)
{
    bytes_store_le64(bytes + CONFIG_CAPACITY, as_block(virtio)->port.bytes / BLOCK_SECTOR_BYTES);
    bytes_store_le32(bytes + CONFIG_SIZE_MAX, SEGMENT_BYTES);
    bytes_store_le32(bytes + CONFIG_SEG_MAX, SEGMENTS_MAX);
    bytes_store_le32(bytes + CONFIG_BLK_SIZE, BLOCK_SECTOR_BYTES);
}

static void reset(struct virtio_pci *virtio)
{
    struct virtio_block *block = as_block(virtio);

    block->port.cancel(block->port.host);
    memset(block->state.busy, 0, sizeof(block->state.busy));
    memset(block->state.heads, 0, sizeof(block->state.heads));
}

/* What is under way lies in guest memory, where it must not change until it is given back. */
static void after_load(struct virtio_pci *virtio)
{
    struct virtio_block *block = as_block(virtio);

    for (unsigned tag = 0; tag < BLOCK_QUEUE_SIZE; tag++) {
        struct virtqueue_element *element = &block->requests[tag];

        if (block->state.busy[tag] &&
            (!virtqueue_find(&virtio->queues[0], block->state.heads[tag], element) ||
             element->in_bytes < 1)) {
            block->state.busy[tag] = false;
        }
    }
}

static bool realize(struct virtio_pci *virtio, GError **error)
{
    struct virtio_block *block = as_block(virtio);

    if (block->port.submit == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "drive property not set");
        return false;
    }
    block->requests = g_new0(struct virtqueue_element, BLOCK_QUEUE_SIZE);
    block->buffer = g_malloc(BLOCK_REQUEST_BYTES_MAX);
    return true;
}

static void unrealize(struct virtio_pci *virtio)
{
    struct virtio_block *block = as_block(virtio);

    g_clear_pointer(&block->requests, g_free);
    g_clear_pointer(&block->buffer, g_free);
}

static void init(struct object *object)
{
    struct virtio_block *block = (struct virtio_block *)(void *)object;

    block->port.complete = complete;
    block->port.device = block;
}

#define AT(field) .offset = offsetof(struct virtio_block, field), .fixed_once_realized = true

static const struct property_info properties[] = {
    { .name = "drive",
      .kind = PROPERTY_STRING,
      AT(drive),
      .description = "Node name or ID of a block device to use as a backend" },
    { .name = "serial", .kind = PROPERTY_STRING, AT(serial) },
    { .name = "bootindex",
      .kind = PROPERTY_INT32,
      AT(bootindex),
      .default_text = "-1",
      .description = "Kept for who sets it: nothing boots from it" },
    { .name = NULL },
};

static const struct virtio_pci_class virtio_block_class = {
    .pci = { VIRTIO_PCI_CLASS("Virtio block device", VIRTIO_TYPE_BLOCK, struct virtio_block,
                              virtio_block_desc, CLASS_SCSI) },
    .queue_count = 1,
    .queue_size = BLOCK_QUEUE_SIZE,
    .config_bytes = CONFIG_BYTES,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .after_load = after_load,
    .features = features,
    .get_config = get_config,
    .notify = notify,
};

const struct type_info virtio_block_type_info = {
    .name = "virtio-blk-pci",
    .parent = TYPE_VIRTIO_PCI,
    .instance_size = sizeof(struct virtio_block),
    .instance_init = init,
    .properties = properties,
    .class_methods = &virtio_block_class,
};
