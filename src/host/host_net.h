/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_net.h - a network of the user's: libslirp plays router, DHCP server and name server, and carries connections on by
 * the process's own sockets. It needs no privileges. Its sockets and timers live in the event loop.
 */
#ifndef REPLUG_HOST_HOST_NET_H
#define REPLUG_HOST_HOST_NET_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host_loop;
struct host_net;
struct json_object;

/* A frame for the guest. On the loop's thread; must only keep it: no function of the network may be called in it. */
typedef void (*host_net_receive_fn)(void *opaque, const uint8_t *frame, size_t bytes);

/*
 * options: those of -netdev user; "type" and "id" are not looked at. Errors: an unknown option, an address that is none or
 * lies outside of the network, a forwarding rule that is none or whose port is taken.
 */
struct host_net *host_net_open(struct host_loop *loop, const struct json_object *options,
                               host_net_receive_fn receive, void *opaque, GError **error);
/* NULL is fine. */
void host_net_close(struct host_net *net);

/* A frame from the guest; what is none is dropped. On the loop's thread, as everything here. */
void host_net_send(struct host_net *net, const uint8_t *frame, size_t bytes);

#endif
