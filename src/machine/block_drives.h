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

struct device;
struct json_object;
struct machine;

void block_drives_init(struct machine *machine);
/* Behind the last device. */
void block_drives_destroy(struct machine *machine);

/* -blockdev and -drive of the configuration. */
bool block_drives_create(struct machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives a device with a block port the image that its property "drive" names; does nothing for others. Before realize. */
bool block_drive_connect(struct machine *machine, struct device *device,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
void block_drive_disconnect(struct machine *machine, struct device *device);

/* Requests wait to be carried out. Under the lock. */
bool block_requests_wait(const struct machine *machine);
/* Carries them out, a turn each. Under the lock, which is given away in between. */
void block_requests_serve(struct machine *machine);

/* The turn in which a request comes back. payload: node, 0, tag 4, errno 4, the data of a read. False: malformed, or
 * there is no such device. */
bool machine_block_turn(struct machine *machine, const uint8_t *payload, size_t size);

#endif
