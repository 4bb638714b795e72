/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_virtio.c - what a guest does to a virtio function: registers, queues laid out anywhere, descriptors that point
 * anywhere; and what comes for it from outside meanwhile.
 *
 * Input: a byte that names the function, then operations of 8 bytes: what, where, an offset (2 bytes), a value (4).
 */
#include "base/invariant.h"
#include "fuzz.h"
#include "hw/virtio/virtio_fixture.h"

#define OPERATION_BYTES 8
#define OPERATIONS_MAX  1024
#define REQUESTS_MAX    128
#define DISK_BYTES      (1u << 20)
#define FEATURES_ALL    0xffffffu

struct operation {
    unsigned what, where, offset;
    uint32_t value;
};

struct fuzzed {
    struct virtio_fixture *v;
    struct device *console;
    struct net_port *net;
    struct block_port *block;
    struct char_port *chars;
    uint32_t tags[REQUESTS_MAX];
    uint64_t read_bytes[REQUESTS_MAX]; /* of a read; else 0 */
    unsigned requests;
    uint64_t digest; /* of what goes out: it must be there */
    uint8_t outside[NET_FRAME_BYTES_MAX];
};

/* ---- the outside ---- */

static void look_at(struct fuzzed *f, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        f->digest = f->digest * 31 + bytes[i];
    }
}

static void on_frame(void *host, const uint8_t *frame, size_t bytes)
{
    invariant(bytes >= NET_FRAME_BYTES_MIN);
    invariant(bytes <= NET_FRAME_BYTES_MAX);
    look_at(host, frame, bytes);
}

static void on_bytes(void *host, const uint8_t *bytes, size_t count)
{
    look_at(host, bytes, count);
}

static void on_submit(void *host, const struct block_request *request)
{
    struct fuzzed *f = host;

    invariant(f->requests < REQUESTS_MAX);
    invariant(request->bytes <= BLOCK_REQUEST_BYTES_MAX);
    invariant(request->offset + request->bytes <= DISK_BYTES);
    if (request->operation == BLOCK_WRITE) {
        look_at(f, request->data, request->bytes);
    }
    f->read_bytes[f->requests] = request->operation == BLOCK_READ ? request->bytes : 0;
    f->tags[f->requests++] = request->tag;
}

static void on_cancel(void *host)
{
    ((struct fuzzed *)host)->requests = 0;
}

static void complete_request(struct fuzzed *f, const struct operation *op)
{
    unsigned at = op->where % (f->requests + 1);
    g_autofree uint8_t *data = NULL;
    uint32_t tag;
    uint64_t bytes;

    if (at == f->requests) {
        f->block->complete(f->block->device, op->value, 0, NULL, 0); /* a tag that may be none */
        f->requests = 0;
        return;
    }
    tag = f->tags[at];
    bytes = f->read_bytes[at];
    data = g_malloc0(bytes + 1);
    f->requests--;
    f->tags[at] = f->tags[f->requests];
    f->read_bytes[at] = f->read_bytes[f->requests];
    f->block->complete(f->block->device, tag, op->value % 3 == 0 ? 5 : 0, data,
                       op->value % 3 == 0 ? 0 : bytes);
}

static void come_from_outside(struct fuzzed *f, const struct operation *op)
{
    if (f->net != NULL) {
        if (op->value >> 31 != 0) {
            f->net->set_link(f->net->device, (op->value & 1) != 0);
        } else {
            (void)f->net->receive(f->net->device, f->outside,
                                  op->value % (op->where < 16 ? NET_FRAME_BYTES_MAX : 300));
        }
    } else if (f->block != NULL) {
        complete_request(f, op);
    } else if (f->chars != NULL) {
        size_t room = f->chars->can_receive(f->chars->device);

        f->chars->receive(f->chars->device, f->outside, op->value % (room + 1));
    }
}

/* ---- the guest ---- */

static void lay_out(struct fuzzed *f, const struct operation *op)
{
    struct virtio_fixture *v = f->v;

    map_function(v);
    (void)negotiate(v, VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT |
                           (reg(v, VIRTIO_DEVICE_FEATURE, 4) & op->value & FEATURES_ALL));
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++) {
        set_reg(v, VIRTIO_QUEUE_SELECT, i, 2);
        if (reg(v, VIRTIO_QUEUE_SIZE, 2) != 0) {
            lay_out_queue(v, i, 1u << (op->where % 9));
            store(v, queue_gpa(i, AVAIL_GPA), 0, 4);
        }
    }
    set_reg(v, VIRTIO_STATUS, reg(v, VIRTIO_STATUS, 1) | VIRTIO_STATUS_DRIVER_OK, 1);
}

/* A descriptor: its flags from where, its length from the value's low half, its place from the high one. */
static void describe(struct fuzzed *f, const struct operation *op)
{
    set_desc(f->v, queue_gpa(op->offset >> 8 & 3, DESC_GPA), op->offset & 0xff,
             (op->value >> 16) * 16ull, op->value & 0xffff, op->where & 7,
             (uint16_t)(op->where >> 3));
}

static void operate(struct fuzzed *f, const struct operation *op)
{
    struct virtio_fixture *v = f->v;
    unsigned size = 1u << (op->where % 3);

    switch (op->what % 12) {
    case 0: set_reg(v, op->offset % VIRTIO_BAR_BYTES, op->value, size); break;
    case 1: (void)reg(v, op->offset % VIRTIO_BAR_BYTES, size); break;
    case 2:
        store(v, (uint64_t)op->offset * 16 + op->where % 16, op->value, 1u << (op->where % 4));
        break;
    case 3: lay_out(f, op); break;
    case 4:
    case 5:
    case 6: describe(f, op); break;
    case 7:
    case 8:
        offer_at(v, op->where & 3, 1u << (op->where >> 2 & 15) % 9, (uint16_t)(op->value & 0xff));
        kick_at(v, op->where & 3);
        break;
    case 9:
        pci_bus_config_write(v->bus, DEVFN, op->offset % 256 & ~(size - 1), op->value, size);
        (void)pci_bus_config_read(v->bus, DEVFN, op->offset % 256 & ~(size - 1), size);
        break;
    case 10: come_from_outside(f, op); break;
    default:
        if (op->value == 0) {
            device_reset(v->device);
        } else {
            kick_at(v, op->where & 3);
        }
        break;
    }
    v->board->msi_count = 0;
}

/* ---- the machine ---- */

static void connect_ports(struct fuzzed *f)
{
    f->net = virtio_net_port(f->v->device);
    f->block = virtio_block_port(f->v->device);
    if (f->net != NULL) {
        f->net->send = on_frame;
        f->net->host = f;
    }
    if (f->block != NULL) {
        f->block->submit = on_submit;
        f->block->cancel = on_cancel;
        f->block->bytes = DISK_BYTES;
        f->block->host = f;
    }
    virtio_serial_set_types(f->v->device, f->v->board->registry);
}

static struct bus *serial_bus(struct device *device)
{
    for (guint i = 0; device->object.children != NULL && i < device->object.children->len; i++) {
        struct object *child = g_ptr_array_index(device->object.children, i);

        if (object_is_a(child, TYPE_BUS)) {
            return (struct bus *)(void *)child;
        }
    }
    return NULL;
}

static void add_console(struct fuzzed *f)
{
    struct bus *bus = serial_bus(f->v->device);

    if (bus == NULL) {
        return;
    }
    f->console = board_fixture_device(f->v->board, "virtconsole", "c0");
    bus_add_device(bus, f->console);
    f->chars = virtio_console_port(f->console);
    f->chars->write = on_bytes;
    f->chars->host = f;
    board_fixture_realize(f->console);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const types[] = { "virtio-net-pci", "virtio-blk-pci", "virtio-serial-pci",
                                         "virtio-rng-pci" };
    struct fuzzed *f;

    if (size == 0) {
        return 0;
    }
    f = g_new0(struct fuzzed, 1);
    f->v = virtio_fixture_create(types[bytes[0] % G_N_ELEMENTS(types)]);
    connect_ports(f);
    board_fixture_realize(f->v->device);
    add_console(f);
    for (size_t at = 1; at + OPERATION_BYTES <= MIN(size, OPERATIONS_MAX * OPERATION_BYTES);
         at += OPERATION_BYTES) {
        struct operation op = { bytes[at], bytes[at + 1], bytes_load_le16(&bytes[at + 2]),
                                bytes_load_le32(&bytes[at + 4]) };

        operate(f, &op);
    }
    if (f->console != NULL) {
        bool gone = device_set_realized(f->console, false, NULL);

        invariant(gone);
    }
    virtio_fixture_destroy(f->v);
    g_free(f);
    return 0;
}
