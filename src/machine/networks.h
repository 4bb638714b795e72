/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * networks.h - networks (-netdev, netdev_add) and the devices on them. Each frame for the guest is a turn "packet".
 *
 * Networks live on the main thread. What the guest sends is carried there; what comes for it waits there while the guest
 * takes nothing, up to a limit. So nothing of a network is part of the machine's state.
 */
#ifndef REPLUG_MACHINE_NETWORKS_H
#define REPLUG_MACHINE_NETWORKS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device;
struct machine;

void networks_init(struct machine *machine);
/* Behind the last device. */
void networks_destroy(struct machine *machine);

/* -netdev of the configuration. */
bool networks_create(struct machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives a device with a network port an address and the network that its property "netdev" names; does nothing for
 * others. Before realize. */
bool network_connect(struct machine *machine, struct device *device,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void network_disconnect(struct machine *machine, struct device *device);

/* The guest runs again: it may take what waits. Under the lock. */
void networks_wake(struct machine *machine);

/* The turn in which a frame comes. payload: the network's id, 0, the frame. False: malformed, or there is no such device. */
bool machine_packet_turn(struct machine *machine, const uint8_t *payload, size_t size);

#endif
