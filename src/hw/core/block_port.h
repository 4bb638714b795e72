/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block_port.h - blocks of bytes between a device and the outside: the machine connects an image to it.
 *
 * A request is handed over by submit and comes back in a turn of its own through complete. In between the guest goes on.
 */
#ifndef REPLUG_HW_CORE_BLOCK_PORT_H
#define REPLUG_HW_CORE_BLOCK_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK_SECTOR_BYTES      512u
#define BLOCK_REQUEST_BYTES_MAX (4u << 20)

enum block_operation { BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH };

struct block_request {
    uint32_t tag; /* the device's, to know it again */
    enum block_operation operation;
    uint64_t offset, bytes; /* within the image; at most BLOCK_REQUEST_BYTES_MAX */
    const uint8_t *data;    /* of BLOCK_WRITE; only for the call */
};

struct block_port {
    /* Set by the machine before realize. submit NULL = there is no image. */
    void (*submit)(void *host, const struct block_request *request);
    /* Writes that have been submitted are carried out; no request comes back after this. */
    void (*cancel)(void *host);
    void *host;
    uint64_t bytes; /* size of the image */
    bool read_only;
    /* Set by the device when it is created. error: an errno, 0 = success; data: of BLOCK_READ. */
    void (*complete)(void *device, uint32_t tag, int error, const uint8_t *data, uint64_t bytes);
    void *device;
};

#endif
