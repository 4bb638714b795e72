/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio_console.c - "virtio-serial-pci" with a "virtconsole" on its bus (Virtual I/O Device 1.2, 5.3): a byte stream to a
 * character device. One port, the console, as the standard has it without its feature MULTIPORT.
 *
 *   queue 0 receives, queue 1 transmits. What the guest has no buffers for waits here, up to FIFO_BYTES.
 */
#include <string.h>

#include "base/error.h"
#include "hw/core/board.h"
#include "hw/core/hotplug.h"
#include "hw/virtio/virtio_devices.h"
#include "hw/virtio/virtio_pci.h"
#include "qom/property.h"
#include "trace/trace.h"

#define CONSOLE_QUEUE_SIZE  64
#define QUEUE_RECEIVE       0
#define QUEUE_TRANSMIT      1
#define FIFO_BYTES          512u
#define TRANSMIT_STEP       4096u
#define TRANSMIT_BYTES_MAX  (1u << 20) /* of one buffer */
#define CLASS_COMMUNICATION 0x0780
#define CONFIG_BYTES        12
#define BUS_NAME            "virtio-serial-bus"

struct virtio_serial_state {
    struct virtio_pci_state virtio;
    uint32_t fifo_count;
    uint8_t fifo[FIFO_BYTES];
    uint8_t pad[4];
};

#define VIRTIO_SERIAL_FIELDS(FIELD, NESTED, T) \
    NESTED(T, virtio, virtio_pci_desc) FIELD(T, fifo_count) FIELD(T, fifo) FIELD(T, pad)
STATE_DECLARE(virtio_serial_desc, struct virtio_serial_state);
STATE_DESCRIBE(virtio_serial_desc, struct virtio_serial_state, VIRTIO_SERIAL_FIELDS);

struct virtio_console {
    struct device device;
    struct char_port port;
    char *chardev;
};

struct virtio_serial {
    struct virtio_pci virtio;
    struct virtio_serial_state state;
    const struct type_registry *types; /* borrowed */
    struct bus *bus;
    struct virtio_console *console; /* borrowed; NULL = nobody listens */
};

static struct virtio_serial *as_serial(struct virtio_pci *virtio)
{
    return (struct virtio_serial *)(void *)virtio;
}

static struct virtio_serial *serial_of(const struct virtio_console *console)
{
    return (struct virtio_serial *)(void *)console->device.parent_bus->parent;
}

struct char_port *virtio_console_port(struct device *device)
{
    struct virtio_console *console = (struct virtio_console *)(void *)device;

    return object_is_a(&device->object, virtio_console_type_info.name) ? &console->port : NULL;
}

void virtio_serial_set_types(struct device *device, const struct type_registry *types)
{
    if (object_is_a(&device->object, virtio_serial_type_info.name)) {
        ((struct virtio_serial *)(void *)device)->types = types;
    }
}

/* ---- to the outside ---- */

static void send_out(struct virtio_serial *serial, const struct virtqueue *queue,
                     const struct virtqueue_element *element)
{
    const struct char_port *port = serial->console != NULL ? &serial->console->port : NULL;
    uint64_t left = MIN(element->out_bytes, TRANSMIT_BYTES_MAX);
    uint8_t bytes[TRANSMIT_STEP];

    if (left < element->out_bytes) {
        trace_guest_error(device_label(&serial->virtio.pci.device), element->head,
                          element->out_bytes, "a buffer beyond all measure: cut");
    }
    for (uint64_t at = 0; left > 0;) {
        uint64_t count =
            virtqueue_read(queue, element, at, bytes, left < sizeof(bytes) ? left : sizeof(bytes));

        if (port != NULL && port->write != NULL) {
            port->write(port->host, bytes, count);
        }
        at += count;
        left -= count;
    }
}

static void transmit(struct virtio_serial *serial)
{
    struct virtio_pci *virtio = &serial->virtio;
    struct virtqueue *queue = &virtio->queues[QUEUE_TRANSMIT];
    unsigned done = 0;

    for (; done < CONSOLE_QUEUE_SIZE && virtqueue_pop(queue, &virtio->element); done++) {
        send_out(serial, queue, &virtio->element);
        virtqueue_push(queue, virtio->element.head, 0);
    }
    if (done > 0) {
        virtio_pci_queue_done(virtio, QUEUE_TRANSMIT);
    }
}

/* ---- to the guest ---- */

static void deliver(struct virtio_serial *serial)
{
    struct virtio_serial_state *state = &serial->state;
    struct virtio_pci *virtio = &serial->virtio;
    struct virtqueue *queue = &virtio->queues[QUEUE_RECEIVE];
    unsigned done = 0;

    while (state->fifo_count > 0 && done < CONSOLE_QUEUE_SIZE &&
           virtqueue_pop(queue, &virtio->element)) {
        uint32_t count =
            (uint32_t)virtqueue_write(queue, &virtio->element, 0, state->fifo, state->fifo_count);

        virtqueue_push(queue, virtio->element.head, count);
        state->fifo_count -= count;
        memmove(state->fifo, state->fifo + count, state->fifo_count);
        memset(state->fifo + state->fifo_count, 0, FIFO_BYTES - state->fifo_count);
        done++;
    }
    if (done > 0) {
        const struct virtio_console *console = serial->console;

        virtio_pci_queue_done(virtio, QUEUE_RECEIVE);
        if (console != NULL && console->port.accept_input != NULL) {
            console->port.accept_input(console->port.host);
        }
    }
}

static size_t can_receive(void *device)
{
    const struct virtio_console *console = device;

    return console->device.realized ? FIFO_BYTES - serial_of(console)->state.fifo_count : 0;
}

static void receive(void *device, const uint8_t *bytes, size_t count)
{
    const struct virtio_console *console = device;
    struct virtio_serial *serial = serial_of(console);
    struct virtio_serial_state *state = &serial->state;
    struct virtio_pci *virtio = &serial->virtio;

    count = MIN(count, FIFO_BYTES - state->fifo_count);
    memcpy(state->fifo + state->fifo_count, bytes, count);
    state->fifo_count += (uint32_t)count;
    virtio->is_busy = true;
    if (virtio_pci_queue_is_live(virtio, QUEUE_RECEIVE)) {
        deliver(serial);
        virtio_pci_check_queue(virtio, QUEUE_RECEIVE);
    }
    virtio->is_busy = false;
}

/* ---- virtio-serial-pci ---- */

static void notify(struct virtio_pci *virtio, unsigned queue)
{
    if (queue == QUEUE_TRANSMIT) {
        transmit(as_serial(virtio));
    } else {
        deliver(as_serial(virtio));
    }
}

static void reset(struct virtio_pci *virtio)
{
    struct virtio_serial_state *state = &as_serial(virtio)->state;

    state->fifo_count = 0;
    memset(state->fifo, 0, sizeof(state->fifo));
}

static bool realize(struct virtio_pci *virtio, GError **error)
{
    struct virtio_serial *serial = as_serial(virtio);

    serial->bus = bus_create(serial->types, BUS_NAME, &virtio->pci.device, NULL, error);
    if (serial->bus == NULL) {
        return false;
    }
    serial->bus->hotplug_handler = &virtio->pci.device.object;
    return true;
}

static void unrealize(struct virtio_pci *virtio)
{
    struct virtio_serial *serial = as_serial(virtio);

    object_destroy(&serial->bus->object);
    serial->bus = NULL;
}

static const struct virtio_pci_class virtio_serial_class = {
    .pci = { VIRTIO_PCI_CLASS("Virtio serial", VIRTIO_TYPE_CONSOLE, struct virtio_serial,
                              virtio_serial_desc, CLASS_COMMUNICATION) },
    .queue_count = 2,
    .queue_size = CONSOLE_QUEUE_SIZE,
    .config_bytes = CONFIG_BYTES,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .notify = notify,
};

/* A console comes and goes at once: the guest's port is there without it, too. */
static const struct hotplug_handler_methods hotplug_methods = { .plug = NULL };

static const struct interface_impl serial_interfaces[] = {
    { TYPE_HOTPLUG_HANDLER, &hotplug_methods },
    { NULL, NULL },
};

const struct type_info virtio_serial_type_info = {
    .name = "virtio-serial-pci",
    .parent = TYPE_VIRTIO_PCI,
    .instance_size = sizeof(struct virtio_serial),
    .interfaces = serial_interfaces,
    .class_methods = &virtio_serial_class,
};

const struct type_info virtio_serial_bus_type_info = {
    .name = BUS_NAME,
    .parent = TYPE_BUS,
    .instance_size = sizeof(struct bus),
};

/* ---- virtconsole ---- */

static bool console_realize(struct device *device, GError **error)
{
    struct virtio_console *console = (struct virtio_console *)(void *)device;
    struct virtio_serial *serial = serial_of(console);

    if (serial->console != NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NO_SPACE,
                    "virtio-serial-bus: the one port of bus '%s' has its console already",
                    device->parent_bus->name);
        return false;
    }
    serial->console = console;
    return true;
}

static void console_unrealize(struct device *device)
{
    serial_of((struct virtio_console *)(void *)device)->console = NULL;
}

static void console_init(struct object *object)
{
    struct virtio_console *console = (struct virtio_console *)(void *)object;

    console->port.can_receive = can_receive;
    console->port.receive = receive;
    console->port.device = console;
}

static const struct property_info console_properties[] = {
    { .name = "chardev",
      .kind = PROPERTY_STRING,
      .offset = offsetof(struct virtio_console, chardev),
      .description = "ID of a chardev to use as a backend",
      .fixed_once_realized = true },
    { .name = NULL },
};

static const struct device_class virtio_console_class = {
    .description = "Virtio console",
    .bus_type = BUS_NAME,
    .user_creatable = true,
    .hotpluggable = true,
    .realize = console_realize,
    .unrealize = console_unrealize,
};

const struct type_info virtio_console_type_info = {
    .name = "virtconsole",
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(struct virtio_console),
    .instance_init = console_init,
    .properties = console_properties,
    .class_methods = &virtio_console_class,
};
