/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_rng.c - "virtio-rng-pci" (Virtual I/O Device 1.2, 5.4): one queue of buffers to be filled with random bytes. */
#include "base/bytes.h"
#include "base/error.h"
#include "hw/core/board.h"
#include "hw/virtio/rng_backend.h"
#include "hw/virtio/virtio_devices.h"
#include "hw/virtio/virtio_pci.h"
#include "qom/property.h"
#include "trace/trace.h"

#define RNG_QUEUE      0
#define RNG_QUEUE_SIZE 8
#define RNG_BYTES_MAX \
    4096u /* of a buffer that we fill: the rest is the driver's to ask for again */
#define CLASS_OTHER 0x00ff

struct virtio_rng_state {
    struct virtio_pci_state virtio;
    uint64_t random; /* splitmix64 */
};

#define VIRTIO_RNG_FIELDS(FIELD, NESTED, T) NESTED(T, virtio, virtio_pci_desc) FIELD(T, random)
STATE_DECLARE(virtio_rng_desc, struct virtio_rng_state);
STATE_DESCRIBE(virtio_rng_desc, struct virtio_rng_state, VIRTIO_RNG_FIELDS);

struct virtio_rng {
    struct virtio_pci virtio;
    struct virtio_rng_state state;
    struct object *rng; /* link; borrowed; NULL = as rng-builtin */
};

static struct virtio_rng *as_rng(struct virtio_pci *virtio)
{
    return (struct virtio_rng *)(void *)virtio;
}

static uint64_t next_random(struct virtio_rng_state *state)
{
    uint64_t z = state->random += 0x9e3779b97f4a7c15ull;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

static uint32_t fill(struct virtio_rng *rng, struct virtqueue *queue,
                     const struct virtqueue_element *element)
{
    uint8_t bytes[RNG_BYTES_MAX];
    uint32_t size = (uint32_t)MIN(element->in_bytes, sizeof(bytes));

    for (uint32_t at = 0; at < size; at += 8) {
        bytes_store_le64(bytes + at, next_random(&rng->state));
    }
    return (uint32_t)virtqueue_write(queue, element, 0, bytes, size);
}

static void notify(struct virtio_pci *virtio, unsigned index)
{
    struct virtqueue *queue = &virtio->queues[index];
    unsigned done = 0;

    for (; done < RNG_QUEUE_SIZE && virtqueue_pop(queue, &virtio->element); done++) {
        uint32_t written = fill(as_rng(virtio), queue, &virtio->element);

        trace_virtio_rng_filled(device_label(&virtio->pci.device), written);
        virtqueue_push(queue, virtio->element.head, written);
    }
    if (done > 0) {
        virtio_pci_queue_done(virtio, index);
    }
}

static bool realize(struct virtio_pci *virtio, GError **error)
{
    struct virtio_rng *rng = as_rng(virtio);
    const struct board *board = virtio->pci.device.board;

    if (rng->rng != NULL && rng_backend_is_used(rng->rng)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY,
                    "can't use already busy rng backend: %s", rng->rng->name);
        return false;
    }
    if (!board->ops->random_seed(board->opaque,
                                 rng->rng != NULL ? rng_backend_filename(rng->rng) : NULL,
                                 &rng->state.random, error)) {
        return false;
    }
    if (rng->rng != NULL) {
        rng_backend_set_used(rng->rng, true);
    }
    return true;
}

static void unrealize(struct virtio_pci *virtio)
{
    struct virtio_rng *rng = as_rng(virtio);

    if (rng->rng != NULL) {
        rng_backend_set_used(rng->rng, false);
    }
}

static const struct property_info properties[] = {
    { .name = "rng",
      .kind = PROPERTY_LINK,
      .link_type = TYPE_RNG_BACKEND,
      .offset = offsetof(struct virtio_rng, rng),
      .description = "The backend that seeds it",
      .fixed_once_realized = true },
    { .name = NULL },
};

static const struct virtio_pci_class virtio_rng_class = {
    .pci = { VIRTIO_PCI_CLASS("Virtio RNG", VIRTIO_TYPE_RNG, struct virtio_rng, virtio_rng_desc,
                              CLASS_OTHER) },
    .queue_count = 1,
    .queue_size = RNG_QUEUE_SIZE,
    .realize = realize,
    .unrealize = unrealize,
    .notify = notify,
};

const struct type_info virtio_rng_type_info = {
    .name = "virtio-rng-pci",
    .parent = TYPE_VIRTIO_PCI,
    .instance_size = sizeof(struct virtio_rng),
    .properties = properties,
    .class_methods = &virtio_rng_class,
};
