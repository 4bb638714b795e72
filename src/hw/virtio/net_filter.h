/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net_filter.h - which frames a virtio-net's driver wants to see, as it says by the control queue (Virtual I/O Device 1.2, 5.1.6.5). */
#ifndef REPLUG_HW_VIRTIO_NET_FILTER_H
#define REPLUG_HW_VIRTIO_NET_FILTER_H

#include "hw/core/net_port.h"
#include "state/state.h"

#define NET_FILTER_MACS_MAX 64u

enum net_control_class { NET_CONTROL_RX = 0, NET_CONTROL_MAC = 1 };

enum net_control_mac { NET_CONTROL_MAC_TABLE = 0, NET_CONTROL_MAC_ADDRESS = 1 };

struct net_filter_state {
    uint8_t mac[NET_MAC_BYTES]; /* the device's own */
    bool promiscuous, all_multicast, all_unicast, no_multicast, no_unicast,
        no_broadcast;                          /* order */
    bool unicast_overflow, multicast_overflow; /* more than the table holds: all of them */
    uint8_t unicast_count, multicast_count;    /* in the table, in this order */
    uint8_t macs[NET_FILTER_MACS_MAX * NET_MAC_BYTES];
};

/* clang-format off */
#define NET_FILTER_FIELDS(FIELD, NESTED, T) \
    FIELD(T, mac) FIELD(T, promiscuous) FIELD(T, all_multicast) FIELD(T, all_unicast) \
    FIELD(T, no_multicast) FIELD(T, no_unicast) FIELD(T, no_broadcast) \
    FIELD(T, unicast_overflow) FIELD(T, multicast_overflow) \
    FIELD(T, unicast_count) FIELD(T, multicast_count) FIELD(T, macs)
/* clang-format on */
STATE_DECLARE(net_filter_desc, struct net_filter_state);

/* Everything is wanted until the driver says more. */
void net_filter_reset(struct net_filter_state *filter, const uint8_t *mac);
/* frame has NET_FRAME_BYTES_MIN bytes at least. */
bool net_filter_accepts(const struct net_filter_state *filter, const uint8_t *frame);
/* An order with its data. False: there is no such order, or its data makes no sense; nothing has changed. */
bool net_filter_command(struct net_filter_state *filter, uint8_t class, uint8_t command,
                        const uint8_t *data, size_t bytes);

#endif
