/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net_port.h - Ethernet frames between a device and the outside: the machine connects a network to it.
 *
 * Frames go out at once through send. They come in as turns: the machine calls receive when can_receive() says that the
 * device takes frames. One that it has no room for stays outside until the device calls accept_input.
 */
#ifndef REPLUG_HW_CORE_NET_PORT_H
#define REPLUG_HW_CORE_NET_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_MAC_BYTES       6u
#define NET_FRAME_BYTES_MIN 14u    /* the two addresses and the type */
#define NET_FRAME_BYTES_MAX 65550u /* ... and 64 KiB - 1 behind them */

struct net_port {
    /* Set by the machine; NULL = there is no network. */
    void (*send)(void *host, const uint8_t *frame, size_t bytes);
    /* can_receive() may say something else now. Called inside a turn, on any thread: only note it. NULL = nobody waits. */
    void (*accept_input)(void *host);
    void *host;
    /* The address: the machine's choice when it connects, the device's own behind realize. */
    uint8_t mac[NET_MAC_BYTES];
    /* Set by the device when it is created. */
    bool (*can_receive)(void *device);
    /* False: there is no room, the frame is to come again. */
    bool (*receive)(void *device, const uint8_t *frame, size_t bytes);
    void (*set_link)(void *device, bool is_up);
    bool (*link_is_up)(void *device);
    void *device;
};

#endif
