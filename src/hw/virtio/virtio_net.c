/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio_net.c - "virtio-net-pci" (Virtual I/O Device 1.2, 5.1): frames between the guest and a network, without offloads:
 * each has its checksums and fits the network as it is.
 *
 *   queue 0 receives, 1 transmits, 2 takes orders     a frame stands behind a header of 12 bytes
 *
 * A frame that the guest has no buffers for waits outside until the driver says that there are some.
 */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "hw/core/board.h"
#include "hw/virtio/net_filter.h"
#include "hw/virtio/virtio_devices.h"
#include "hw/virtio/virtio_pci.h"
#include "qom/property.h"
#include "trace/trace.h"

#define QUEUE_RECEIVE  0
#define QUEUE_TRANSMIT 1
#define QUEUE_CONTROL  2
#define NET_QUEUE_SIZE 256u
#define CLASS_ETHERNET 0x0200

#define FEATURE_MAC         (1ull << 5)
#define FEATURE_MERGE       (1ull << 15) /* a frame may take several buffers */
#define FEATURE_STATUS      (1ull << 16)
#define FEATURE_CONTROL     (1ull << 17)
#define FEATURE_RX          (1ull << 18)
#define FEATURE_RX_EXTRA    (1ull << 20)
#define FEATURE_MAC_ADDRESS (1ull << 23)

/* flags 1, segmentation 7 (of which nothing is negotiated), buffers 2 */
#define HEADER_BYTES   12u
#define HEADER_BUFFERS 10u

#define CONFIG_MAC    0
#define CONFIG_STATUS 6
#define CONFIG_BYTES  8
#define STATUS_LINK   1

#define CONTROL_HEAD_BYTES 2u
#define CONTROL_OK         0u
#define CONTROL_ERROR      1u

struct virtio_net_state {
    struct virtio_pci_state virtio;
    struct net_filter_state filter;
    bool link_down;
    bool starved; /* a frame found no buffers; the driver has not notified its queue since */
    uint8_t pad[6];
};

#define VIRTIO_NET_FIELDS(FIELD, NESTED, T) \
    NESTED(T, virtio, virtio_pci_desc)      \
    NESTED(T, filter, net_filter_desc) FIELD(T, link_down) FIELD(T, starved) FIELD(T, pad)
STATE_DECLARE(virtio_net_desc, struct virtio_net_state);
STATE_DESCRIBE(virtio_net_desc, struct virtio_net_state, VIRTIO_NET_FIELDS);

/* A buffer that part of a frame has been written into. */
struct filled {
    uint16_t head;
    uint32_t bytes;
};

struct virtio_net {
    struct virtio_pci virtio;
    struct virtio_net_state state;
    struct net_port port;
    struct virtqueue_element first; /* of a frame: its header is written last */
    struct filled filled[NET_QUEUE_SIZE];
    uint8_t *frame; /* NET_FRAME_BYTES_MAX: what the guest sends */
    char *netdev, *mac;
    int32_t bootindex;
};

static struct virtio_net *as_net(struct virtio_pci *virtio)
{
    return (struct virtio_net *)(void *)virtio;
}

static const char *label(const struct virtio_net *net)
{
    return device_label(&net->virtio.pci.device);
}

struct net_port *virtio_net_port(struct device *device)
{
    struct virtio_net *net = (struct virtio_net *)(void *)device;

    return object_is_a(&device->object, virtio_net_type_info.name) ? &net->port : NULL;
}

/* ---- to the outside ---- */

static void send_frame(struct virtio_net *net, const struct virtqueue *queue,
                       const struct virtqueue_element *element)
{
    uint64_t bytes = element->out_bytes - MIN(element->out_bytes, HEADER_BYTES);
    const char *what = "out";

    if (bytes < NET_FRAME_BYTES_MIN || bytes > NET_FRAME_BYTES_MAX) {
        trace_guest_error(label(net), element->head, element->out_bytes,
                          "this is no frame: dropped");
        return;
    }
    if (net->state.link_down) {
        what = "dropped: the link is down";
    } else if (net->port.send == NULL) {
        what = "dropped: there is no network";
    } else {
        (void)virtqueue_read(queue, element, HEADER_BYTES, net->frame, bytes);
        net->port.send(net->port.host, net->frame, bytes);
    }
    trace_virtio_net_sent(label(net), (uint32_t)bytes, what);
}

static void transmit(struct virtio_net *net)
{
    struct virtio_pci *virtio = &net->virtio;
    struct virtqueue *queue = &virtio->queues[QUEUE_TRANSMIT];
    unsigned done = 0;

    for (; done < NET_QUEUE_SIZE && virtqueue_pop(queue, &virtio->element); done++) {
        send_frame(net, queue, &virtio->element);
        virtqueue_push(queue, virtio->element.head, 0);
    }
    if (done > 0) {
        virtio_pci_queue_done(virtio, QUEUE_TRANSMIT);
    }
}

/* ---- to the guest ---- */

enum placing { PLACED, NO_ROOM, TOO_LONG };

/* Writes the frame into buffers, which are not given back yet; their number into *out_count in any case. */
static enum placing place(struct virtio_net *net, const uint8_t *frame, size_t bytes,
                          unsigned *out_count)
{
    struct virtqueue *queue = &net->virtio.queues[QUEUE_RECEIVE];
    bool merges = (net->virtio.state->driver_features & FEATURE_MERGE) != 0;
    size_t done = 0;

    for (*out_count = 0; *out_count < NET_QUEUE_SIZE && done < bytes; (*out_count)++) {
        bool is_first = *out_count == 0;
        struct virtqueue_element *element = is_first ? &net->first : &net->virtio.element;
        uint32_t header = is_first ? HEADER_BYTES : 0;
        uint64_t put;

        if (*out_count == 1 && !merges) {
            return TOO_LONG;
        }
        if (!virtqueue_pop(queue, element)) {
            return NO_ROOM;
        }
        if (element->in_bytes <= header) {
            virtqueue_break(queue, "a receive buffer is too short");
            return NO_ROOM;
        }
        put = virtqueue_write(queue, element, header, frame + done, bytes - done);
        net->filled[*out_count] =
            (struct filled){ .head = element->head, .bytes = (uint32_t)put + header };
        done += put;
    }
    return done == bytes ? PLACED : TOO_LONG;
}

/* They show in one step: a guest that runs beside us must not find half a frame. */
static void hand_over(struct virtio_net *net, unsigned count)
{
    struct virtqueue *queue = &net->virtio.queues[QUEUE_RECEIVE];
    uint8_t header[HEADER_BYTES] = { 0 };

    bytes_store_le16(&header[HEADER_BUFFERS], (uint16_t)count);
    (void)virtqueue_write(queue, &net->first, 0, header, sizeof(header));
    for (unsigned i = 0; i < count; i++) {
        virtqueue_fill(queue, net->filled[i].head, net->filled[i].bytes, i);
    }
    virtqueue_flush(queue, count);
    virtio_pci_queue_done(&net->virtio, QUEUE_RECEIVE);
}

static bool deliver(struct virtio_net *net, const uint8_t *frame, size_t bytes)
{
    struct virtqueue *queue = &net->virtio.queues[QUEUE_RECEIVE];
    unsigned count;
    enum placing result = place(net, frame, bytes, &count);

    if (result == PLACED) {
        hand_over(net, count);
        trace_virtio_net_received(label(net), (uint32_t)bytes, (uint16_t)count);
        return true;
    }
    for (unsigned i = 0; queue->broken == NULL && i < count; i++) {
        virtqueue_unpop(queue);
    }
    if (result == TOO_LONG) {
        trace_virtio_net_dropped(label(net), (uint32_t)bytes, "no buffer is long enough");
        return true;
    }
    trace_virtio_net_no_buffers(label(net), (uint32_t)bytes);
    net->state.starved = true;
    return false;
}

static bool can_receive(void *device)
{
    const struct virtio_net *net = device;

    return net->virtio.pci.device.realized && !net->state.starved &&
           virtio_pci_queue_is_live(&net->virtio, QUEUE_RECEIVE);
}

static bool receive(void *device, const uint8_t *frame, size_t bytes)
{
    struct virtio_net *net = device;
    struct virtio_pci *virtio = &net->virtio;
    const char *why = NULL;
    bool taken;

    if (!can_receive(net)) {
        return false;
    }
    if (bytes < NET_FRAME_BYTES_MIN || bytes > NET_FRAME_BYTES_MAX) {
        why = "this is no frame";
    } else if (net->state.link_down) {
        why = "the link is down";
    } else if (!net_filter_accepts(&net->state.filter, frame)) {
        why = "the driver does not want it";
    }
    if (why != NULL) {
        trace_virtio_net_dropped(label(net), (uint32_t)bytes, why);
        return true;
    }
    virtio->is_busy = true;
    taken = deliver(net, frame, bytes);
    virtio_pci_check_queue(virtio, QUEUE_RECEIVE);
    virtio->is_busy = false;
    return taken;
}

/* ---- orders ---- */

static void obey(struct virtio_net *net, const struct virtqueue *queue,
                 const struct virtqueue_element *element)
{
    uint64_t bytes = MIN(element->out_bytes, NET_FRAME_BYTES_MAX);
    uint8_t *order = net->frame;
    uint8_t answer = CONTROL_ERROR;
    bool ok;

    (void)virtqueue_read(queue, element, 0, order, bytes);
    ok = bytes == element->out_bytes &&
         net_filter_command(&net->state.filter, order[0], order[1], order + CONTROL_HEAD_BYTES,
                            bytes - CONTROL_HEAD_BYTES);
    trace_virtio_net_control(label(net), order[0], order[1], ok);
    if (ok) {
        answer = CONTROL_OK;
    }
    (void)virtqueue_write(queue, element, 0, &answer, 1);
}

static void take_orders(struct virtio_net *net)
{
    struct virtio_pci *virtio = &net->virtio;
    struct virtqueue *queue = &virtio->queues[QUEUE_CONTROL];
    unsigned done = 0;

    for (; done < NET_QUEUE_SIZE && virtqueue_pop(queue, &virtio->element); done++) {
        if (virtio->element.out_bytes < CONTROL_HEAD_BYTES || virtio->element.in_bytes < 1) {
            virtqueue_break(queue, "an order without its head or the place for its answer");
            return;
        }
        obey(net, queue, &virtio->element);
        virtqueue_push(queue, virtio->element.head, 1);
    }
    if (done > 0) {
        virtio_pci_queue_done(virtio, QUEUE_CONTROL);
    }
}

static void notify(struct virtio_pci *virtio, unsigned queue)
{
    struct virtio_net *net = as_net(virtio);

    switch (queue) {
    case QUEUE_RECEIVE:
        net->state.starved = false;
        if (net->port.accept_input != NULL) {
            net->port.accept_input(net->port.host);
        }
        break;
    case QUEUE_TRANSMIT: transmit(net); break;
    default: take_orders(net); break;
    }
}

/* ---- link ---- */

static void set_link(void *device, bool is_up)
{
    struct virtio_net *net = device;

    if (net->state.link_down == !is_up) {
        return;
    }
    net->state.link_down = !is_up;
    trace_virtio_net_link(label(net), is_up);
    if ((net->virtio.state->driver_features & FEATURE_STATUS) != 0) {
        virtio_pci_config_changed(&net->virtio);
    }
}

static bool link_is_up(void *device)
{
    return !((const struct virtio_net *)device)->state.link_down;
}

/* ---- device ---- */

static uint64_t features(const struct virtio_pci *virtio)
{
    (void)virtio;
    return FEATURE_MAC | FEATURE_MERGE | FEATURE_STATUS | FEATURE_CONTROL | FEATURE_RX |
           FEATURE_RX_EXTRA | FEATURE_MAC_ADDRESS;
}

static void get_config(struct virtio_pci *virtio, uint8_t *bytes)
{
    const struct virtio_net_state *state = &as_net(virtio)->state;

    memcpy(bytes + CONFIG_MAC, state->filter.mac, NET_MAC_BYTES);
    bytes[CONFIG_STATUS] = state->link_down ? 0 : STATUS_LINK;
}

static void reset(struct virtio_pci *virtio)
{
    struct virtio_net *net = as_net(virtio);

    net_filter_reset(&net->state.filter, net->port.mac);
    net->state.starved = false;
}

static bool parse_mac(const char *text, uint8_t *out_mac)
{
    uint8_t mac[NET_MAC_BYTES];

    for (unsigned i = 0; i < NET_MAC_BYTES; i++) {
        int high = g_ascii_xdigit_value(text[0]);
        int low = high >= 0 ? g_ascii_xdigit_value(text[1]) : -1;
        bool is_last = i == NET_MAC_BYTES - 1;

        if (low < 0 || (is_last ? text[2] != '\0' : text[2] != ':' && text[2] != '-')) {
            return false;
        }
        mac[i] = (uint8_t)(high << 4 | low);
        text += 3;
    }
    memcpy(out_mac, mac, sizeof(mac));
    return true;
}

static bool realize(struct virtio_pci *virtio, GError **error)
{
    struct virtio_net *net = as_net(virtio);
    uint8_t *mac = net->port.mac;

    if (net->mac != NULL && !parse_mac(net->mac, mac)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Property '%s.mac' doesn't take value '%s'",
                    object_type_name(&virtio->pci.device.object), net->mac);
        return false;
    }
    g_free(net->mac);
    net->mac = g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
                               mac[4], mac[5]);
    net->frame = g_malloc(NET_FRAME_BYTES_MAX);
    return true;
}

static void unrealize(struct virtio_pci *virtio)
{
    g_clear_pointer(&as_net(virtio)->frame, g_free);
}

static void init(struct object *object)
{
    struct virtio_net *net = (struct virtio_net *)(void *)object;

    net->port.can_receive = can_receive;
    net->port.receive = receive;
    net->port.set_link = set_link;
    net->port.link_is_up = link_is_up;
    net->port.device = net;
}

#define AT(field) .offset = offsetof(struct virtio_net, field), .fixed_once_realized = true

static const struct property_info properties[] = {
    { .name = "netdev",
      .kind = PROPERTY_STRING,
      AT(netdev),
      .description = "ID of a netdev to use as a backend" },
    { .name = "mac",
      .kind = PROPERTY_STRING,
      AT(mac),
      .description = "Ethernet 6-byte MAC Address, example: 52:54:00:12:34:56" },
    { .name = "bootindex",
      .kind = PROPERTY_INT32,
      AT(bootindex),
      .default_text = "-1",
      .description = "Kept for who sets it: nothing boots from it" },
    { .name = NULL },
};

static const struct virtio_pci_class virtio_net_class = {
    .pci = { VIRTIO_PCI_CLASS("Virtio network device", VIRTIO_TYPE_NET, struct virtio_net,
                              virtio_net_desc, CLASS_ETHERNET) },
    .queue_count = 3,
    .queue_size = NET_QUEUE_SIZE,
    .config_bytes = CONFIG_BYTES,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .features = features,
    .get_config = get_config,
    .notify = notify,
};

const struct type_info virtio_net_type_info = {
    .name = "virtio-net-pci",
    .parent = TYPE_VIRTIO_PCI,
    .instance_size = sizeof(struct virtio_net),
    .instance_init = init,
    .properties = properties,
    .class_methods = &virtio_net_class,
};
