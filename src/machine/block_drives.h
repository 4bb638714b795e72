/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block_drives.h - images: -drive, -blockdev, blockdev-add, blockdev-del; and their requests, each of which comes back as
 * a turn "block".
 *
 * On our own CPUs a request is carried out right behind the instruction that made it, on KVM by the main thread.
 */
#ifndef REPLUG_MACHINE_BLOCK_DRIVES_H
#define REPLUG_MACHINE_BLOCK_DRIVES_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct block_port;
struct block_request;
struct device;
struct json_object;
struct machine;

struct block_node {
    struct machine *machine;
    char *name;
    struct block_node *file; /* of a raw node; borrowed unless owns_file */
    bool owns_file;
    bool read_only;
    bool is_drive; /* by -drive: file and raw in one */
    char *path;    /* NULL for a raw node */
    int fd;        /* -1 for a raw node and in a replay */
    uint64_t bytes;
    unsigned users;          /* devices and nodes on it */
    struct device *device;   /* that has it; borrowed */
    struct block_port *port; /* the device's */
};

void block_drives_init(struct machine *machine);
/* Behind the last device. */
void block_drives_destroy(struct machine *machine);

/* -blockdev and -drive of the configuration. */
bool block_drives_create(struct machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives a device with a block port the image that its property "drive" names; does nothing for others. Before realize. */
bool block_drive_connect(struct machine *machine, struct device *device,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
void block_drive_disconnect(struct machine *machine, struct device *device);

/* NULL = there is none. */
struct block_node *block_node_find(const struct machine *machine, const char *name);

/* ---- block_requests.c ---- */

/* A block port's submit and cancel; host: the node. */
void block_node_submit(void *host, const struct block_request *request);
void block_node_cancel(void *host);

/* Requests wait to be carried out. Under the lock. */
bool block_requests_wait(const struct machine *machine);
/* Carries them out, a turn each. Under the lock, which is given away in between. */
void block_requests_serve(struct machine *machine);

/* The turn in which a request comes back. payload: node, 0, tag 4, errno 4, the data of a read. False: malformed, or
 * there is no such device. */
bool machine_block_turn(struct machine *machine, const uint8_t *payload, size_t size);

#endif
