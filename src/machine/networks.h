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
struct host_net;
struct json_object;
struct machine;
struct net_port;
struct nic;

struct netdev {
    struct machine *machine;
    char *id;
    struct json_object *options;
    struct host_net *host; /* NULL in a replay */
    struct nic *nic;       /* the device on it; borrowed; under the lock */
    bool link_down;        /* under the lock */
    GQueue waiting;        /* GBytes *; main thread */
    GQueue sent;           /* GBytes *; under the lock */
};

struct nic {
    struct device *device;
    struct net_port *port;
    struct netdev *netdev; /* NULL = none, or it has been deleted */
};

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

/* NULL = there is none. */
struct netdev *netdev_find(const struct machine *machine, const char *id);

/* ---- network_frames.c ---- */

/* A network port's send and accept_input; host: the netdev. */
void netdev_send(void *host, const uint8_t *frame, size_t bytes);
void netdev_accept_input(void *host);
/* Of the network, for a netdev: host_net_receive_fn. */
void netdev_receive(void *opaque, const uint8_t *frame, size_t bytes);
/* All that are on their way. */
void netdev_drop_frames(struct netdev *netdev);

/* The guest runs again: it may take what waits. Under the lock. */
void networks_wake(struct machine *machine);

/* The turn in which a frame comes. payload: the network's id, 0, the frame. False: malformed, or there is no such device. */
bool machine_packet_turn(struct machine *machine, const uint8_t *payload, size_t size);

#endif
