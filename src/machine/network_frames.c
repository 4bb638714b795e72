/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * network_frames.c - the frames between networks and the devices on them.
 *
 * A replay has no network: what came from it is in the recording, and what the guest sends is only compared.
 */
#include <string.h>
#include <xxhash.h>

#include "base/bytes.h"
#include "host/host_loop.h"
#include "host/host_net.h"
#include "hw/core/net_port.h"
#include "machine/machine_internal.h"
#include "machine/networks.h"
#include "replay/payload_layout.h"
#include "trace/trace_session.h"

#define FRAMES_WAITING_MAX 256u  /* for the guest; what comes then is lost, as on any network */
#define FRAMES_SENT_MAX    1024u /* by the guest, that the main thread has not carried on yet */
#define FRAMES_AT_ONCE     64u   /* then the loop's other work has its chance */

/* ---- the main thread's work ---- */

static void serve(void *opaque);

static void post(struct machine *machine)
{
    if (g_atomic_int_compare_and_exchange(&machine->networks_posted, 0, 1)) {
        host_loop_post(machine->loop, serve, machine);
    }
}

static void carry_out(struct machine *machine, struct netdev *netdev)
{
    GQueue frames;
    GBytes *frame;

    machine_lock(machine);
    frames = netdev->sent;
    g_queue_init(&netdev->sent);
    g_mutex_unlock(&machine->lock);
    while ((frame = g_queue_pop_head(&frames)) != NULL) {
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(frame, &bytes);

        host_net_send(netdev->host, data, bytes);
        g_bytes_unref(frame);
    }
}

enum offer { TAKEN, REFUSED };

/* Under the lock, which it gives away. */
static enum offer receive_locked(struct machine *machine, struct netdev *netdev,
                                 const uint8_t *payload, size_t size)
{
    const struct net_port *port = netdev->nic->port;
    size_t head = strlen(netdev->id) + 1;
    bool taken;

    machine_turn_begin_locked(machine, TRACE_VCPU_NONE, RECORDING_TURN_packet, payload, size);
    taken = port->receive(port->device, payload + head, size - head);
    machine_turn_end(machine);
    return taken ? TAKEN : REFUSED;
}

static enum offer offer(struct machine *machine, struct netdev *netdev, GBytes *frame)
{
    const struct nic *nic;
    gsize bytes;
    const guint8 *data = g_bytes_get_data(frame, &bytes);

    machine_lock(machine);
    nic = netdev->nic;
    if (nic == NULL || netdev->link_down) {
        g_mutex_unlock(&machine->lock);
        return TAKEN; /* by nobody */
    }
    if (machine->run_state != RUN_STATE_RUNNING || machine->quitting ||
        !nic->port->can_receive(nic->port->device)) {
        g_mutex_unlock(&machine->lock);
        return REFUSED;
    }
    g_byte_array_set_size(machine->payload, 0);
    g_byte_array_append(machine->payload, (const guint8 *)netdev->id,
                        (guint)strlen(netdev->id) + 1);
    g_byte_array_append(machine->payload, data, (guint)bytes);
    return receive_locked(machine, netdev, machine->payload->data, machine->payload->len);
}

static void bring_in(struct machine *machine, struct netdev *netdev)
{
    for (unsigned i = 0; i < FRAMES_AT_ONCE; i++) {
        GBytes *frame = g_queue_peek_head(&netdev->waiting);

        if (frame == NULL || offer(machine, netdev, frame) == REFUSED) {
            return;
        }
        (void)g_queue_pop_head(&netdev->waiting); /* = frame */
        g_bytes_unref(frame);
    }
    post(machine);
}

/* Networks come and go on this thread only. */
static void serve(void *opaque)
{
    struct machine *machine = opaque;

    g_atomic_int_set(&machine->networks_posted, 0);
    for (guint i = 0; i < machine->netdevs->len; i++) {
        struct netdev *netdev = g_ptr_array_index(machine->netdevs, i);

        if (netdev->host != NULL) {
            carry_out(machine, netdev);
            bring_in(machine, netdev);
        }
    }
}

void netdev_receive(void *opaque, const uint8_t *frame, size_t bytes)
{
    struct netdev *netdev = opaque;

    if (g_queue_get_length(&netdev->waiting) < FRAMES_WAITING_MAX) {
        g_queue_push_tail(&netdev->waiting, g_bytes_new(frame, bytes));
    }
    post(netdev->machine);
}

/* ---- in turns ---- */

void netdev_send(void *host, const uint8_t *frame, size_t bytes)
{
    struct netdev *netdev = host;
    struct machine *machine = netdev->machine;
    size_t head = strlen(netdev->id) + 1;

    if (netdev->link_down) {
        return;
    }
    if (inputs_are_logged(machine)) {
        g_autofree uint8_t *effect = g_malloc(head + sizeof(struct payload_packet));
        struct payload_packet *packet = (struct payload_packet *)(effect + head);

        memcpy(effect, netdev->id, head);
        bytes_store_le32(packet->count, (uint32_t)bytes);
        bytes_store_le64(packet->digest, XXH3_64bits(frame, bytes));
        machine_effect(machine, RECORDING_EFFECT_packet, effect, head + sizeof(*packet));
    }
    if (netdev->host != NULL && g_queue_get_length(&netdev->sent) < FRAMES_SENT_MAX) {
        g_queue_push_tail(&netdev->sent, g_bytes_new(frame, bytes));
        post(machine);
    }
}

void netdev_accept_input(void *host)
{
    const struct netdev *netdev = host;

    if (netdev->host != NULL) {
        post(netdev->machine);
    }
}

void networks_wake(struct machine *machine)
{
    if (machine->netdevs->len > 0 && !machine_is_replaying(machine)) {
        post(machine);
    }
}

bool machine_packet_turn(struct machine *machine, const uint8_t *payload, size_t size)
{
    struct netdev *netdev;

    if (size == 0 || memchr(payload, 0, size) == NULL) {
        return false;
    }
    g_mutex_lock(&machine->lock);
    netdev = netdev_find(machine, (const char *)payload);
    if (netdev == NULL || netdev->nic == NULL) {
        g_mutex_unlock(&machine->lock);
        return false;
    }
    (void)receive_locked(machine, netdev, payload, size); /* in the live session, it came again */
    return true;
}

/* ---- the end ---- */

static void free_frames(GQueue *frames)
{
    GBytes *frame;

    while ((frame = g_queue_pop_head(frames)) != NULL) {
        g_bytes_unref(frame);
    }
}

void netdev_drop_frames(struct netdev *netdev)
{
    free_frames(&netdev->waiting);
    free_frames(&netdev->sent);
}
