/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * char_port.h - a byte stream between a device and the outside: the machine connects host character
 * devices to it.
 *
 * Output goes out at once through write. Input comes as turns: the machine calls receive with at
 * most can_receive() bytes. What the device can't take waits in the host until the device calls
 * accept_input.
 */
#ifndef REPLUG_HW_CORE_CHAR_PORT_H
#define REPLUG_HW_CORE_CHAR_PORT_H

#include <stddef.h>
#include <stdint.h>

struct char_port {
    /* Set by the machine; NULL = output is dropped. */
    void (*write)(void *host, const uint8_t *bytes, size_t count);
    /* can_receive() may have grown from 0. Called inside a turn, on any thread: only note it. NULL
     * = nobody waits. */
    void (*accept_input)(void *host);
    void *host;
    /* Set by the device when it is created or realized. NULL = it takes no input. */
    size_t (*can_receive)(void *device);
    void (*receive)(void *device, const uint8_t *bytes, size_t count);
    void *device;
};

#endif
