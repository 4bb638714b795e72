/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serial_ports.c - the byte streams of serial ports and debug consoles: -serial, and chardev= of a -device.
 *
 * Output goes out at once. Input comes from the loop as turns ("console"), never more than the
 * device has room for; what it has no room for waits in the host until the device says that it has.
 */
#include <json-c/json.h>
#include <string.h>
#include <xxhash.h>

#include "base/error.h"
#include "host/host_char.h"
#include "hw/char/char_devices.h"
#include "hw/virtio/virtio_devices.h"
#include "machine/machine_internal.h"
#include "machine/soft_outside.h"
#include "qom/property.h"
#include "trace/trace_session.h"

#define SERIAL_PORTS_MAX 4

struct serial_char {
    struct machine *machine;
    struct host_char *chr; /* claimed; NULL in a replay */
    char *label;           /* of the character device */
    struct device *device; /* borrowed */
    struct char_port *port;
};

static void port_write(void *host, const uint8_t *bytes, size_t count)
{
    struct serial_char *serial = host;
    struct machine *machine = serial->machine;

    if (machine->soft != NULL) {
        machine->console_digest = XXH3_64bits_withSeed(bytes, count, machine->console_digest);
    }
    if (inputs_are_logged(machine)) {
        g_byte_array_set_size(machine->payload, 0);
        console_payload_store(serial->label, bytes, count, machine->payload);
        machine_effect(machine, RECORDING_EFFECT_console, machine->payload->data,
                       machine->payload->len);
    }
    if (serial->chr != NULL) {
        host_char_write(serial->chr, bytes, count);
    }
}

/* Inside a turn: the host asks again later, from the loop. */
static void port_accept_input(void *host)
{
    struct serial_char *serial = host;

    if (serial->chr != NULL) {
        host_char_accept_input(serial->chr);
    }
    if (serial->machine->soft != NULL) {
        soft_outside_console_has_room(serial->machine);
    }
}

static size_t room(const struct serial_char *serial)
{
    const struct char_port *port = serial->port;

    return port->can_receive != NULL ? port->can_receive(port->device) : 0;
}

/* On the main thread, outside of any turn. */
static size_t host_can_read(void *opaque)
{
    struct serial_char *serial = opaque;
    size_t count;

    g_mutex_lock(&serial->machine->lock);
    count = room(serial);
    g_mutex_unlock(&serial->machine->lock);
    return count;
}

static struct serial_char *find_serial(struct machine *machine, const char *label)
{
    for (guint i = 0; i < machine->serial_chars->len; i++) {
        struct serial_char *serial = g_ptr_array_index(machine->serial_chars, i);

        if (strcmp(serial->label, label) == 0) {
            return serial;
        }
    }
    return NULL;
}

const char *serial_ports_first(const struct machine *machine)
{
    const struct serial_char *serial =
        machine->serial_chars->len > 0 ? g_ptr_array_index(machine->serial_chars, 0) : NULL;

    return serial != NULL ? serial->label : NULL;
}

size_t serial_ports_room(struct machine *machine, const char *label)
{
    const struct serial_char *serial = find_serial(machine, label);

    return serial != NULL && serial->port->receive != NULL ? room(serial) : 0;
}

bool machine_console_turn(struct machine *machine, const char *label, const uint8_t *bytes,
                          size_t count)
{
    struct serial_char *serial;

    g_mutex_lock(&machine->lock);
    serial = find_serial(machine, label);
    if (serial == NULL || serial->port->receive == NULL) {
        g_mutex_unlock(&machine->lock);
        return false;
    }
    g_byte_array_set_size(machine->payload, 0);
    console_payload_store(label, bytes, count, machine->payload);
    machine_turn_begin_locked(machine, TRACE_VCPU_NONE, RECORDING_TURN_console,
                              machine->payload->data, machine->payload->len);
    serial->port->receive(serial->port->device, bytes, count);
    machine_turn_end(machine);
    return true;
}

static void host_read(void *opaque, const uint8_t *bytes, size_t count)
{
    struct serial_char *serial = opaque;

    (void)machine_console_turn(serial->machine, serial->label, bytes, count); /* it is there */
}

static void disconnect(struct serial_char *serial)
{
    if (serial->chr != NULL) {
        host_char_set_handlers(serial->chr, NULL);
        machine_release_chardev(serial->machine, serial->chr);
    }
    serial->port->write = NULL;
    serial->port->accept_input = NULL;
    serial->port->host = NULL;
    g_free(serial->label);
    g_free(serial);
}

/* chr may be NULL. */
static void connect_port(struct machine *machine, struct device *device, struct char_port *port,
                         struct host_char *chr, const char *label)
{
    struct serial_char *serial = g_new0(struct serial_char, 1);
    struct host_char_handlers handlers = {
        .can_read = host_can_read,
        .read = host_read,
        .opaque = serial,
    };

    *serial = (struct serial_char){
        .machine = machine,
        .chr = chr,
        .label = g_strdup(label),
        .device = device,
        .port = port,
    };
    port->write = port_write;
    port->accept_input = port_accept_input;
    port->host = serial;
    g_ptr_array_add(machine->serial_chars, serial);
    if (chr != NULL) {
        host_char_set_handlers(chr, &handlers);
    }
}

/* A replay has the recording's console without its character device. */
static bool claim(struct machine *machine, const char *label, struct host_char **out_chr,
                  GError **error)
{
    bool replayed = inputs_are_replayed(machine);
    struct host_char *chr = replayed ? NULL : machine_claim_chardev(machine, label, error);

    *out_chr = chr;
    return machine_host_verdict(machine, replayed || chr != NULL, error);
}

static struct char_port *port_of(struct device *device)
{
    struct char_port *port = char_device_port(device);

    return port != NULL ? port : virtio_console_port(device);
}

bool serial_port_connect(struct machine *machine, struct device *device, GError **error)
{
    struct char_port *port = port_of(device);
    struct json_object *value =
        port != NULL ? object_property_get(&device->object, "chardev", NULL) : NULL;
    const char *label = value != NULL ? json_object_get_string(value) : NULL;
    bool ok = true;

    if (label != NULL && label[0] != '\0') {
        struct host_char *chr;

        ok = claim(machine, label, &chr, error);
        if (ok) {
            connect_port(machine, device, port, chr, label);
        } else {
            g_prefix_error(error, "Property '%s.chardev' can't take value '%s': ",
                           object_type_name(&device->object), label);
        }
    }
    json_object_put(value);
    return ok;
}

void serial_port_disconnect(struct machine *machine, struct device *device)
{
    for (guint i = machine->serial_chars->len; i > 0; i--) {
        struct serial_char *serial = g_ptr_array_index(machine->serial_chars, i - 1);

        if (serial->device == device) {
            g_ptr_array_remove_index(machine->serial_chars, i - 1);
            disconnect(serial);
        }
    }
}

void serial_ports_destroy(struct machine *machine)
{
    while (machine->serial_chars->len > 0) {
        disconnect(g_ptr_array_steal_index(machine->serial_chars, machine->serial_chars->len - 1));
    }
}

/* ---- -serial ---- */

/* The label of what -serial names: a -chardev's by "chardev:ID", else one opened as "serialN". */
static char *open_serial(struct machine *machine, const char *text, guint index, GError **error)
{
    g_autofree char *label = NULL;
    struct host_char *chr;

    if (g_str_has_prefix(text, "chardev:")) {
        return g_strdup(text + strlen("chardev:"));
    }
    label = g_strdup_printf("serial%u", index);
    if (inputs_are_replayed(machine)) {
        return g_steal_pointer(&label);
    }
    chr = host_char_open_text(machine->loop, text, error);
    if (chr == NULL) {
        return NULL;
    }
    host_char_set_label(chr, label);
    return machine_add_chardev(machine, chr, error) ? g_steal_pointer(&label) : NULL;
}

static bool create_port(struct machine *machine, guint index, const char *label, GError **error)
{
    struct device *device = pc_builtin_create(machine, "isa-serial", NULL, NULL, error);
    g_autofree char *number = g_strdup_printf("%u", index);

    return device != NULL &&
           object_property_parse(&device->object, "index", number, machine->root, error) &&
           object_property_parse(&device->object, "chardev", label, machine->root, error) &&
           pc_realize_connected(machine, device, machine->isa_bus, error);
}

bool serial_ports_create(struct machine *machine, GError **error)
{
    const GPtrArray *serials = machine->config->serials;

    for (guint i = 0; i < serials->len; i++) {
        const char *text = g_ptr_array_index(serials, i);
        g_autofree char *label = NULL;

        if (strcmp(text, "none") == 0) {
            continue;
        }
        if (i >= SERIAL_PORTS_MAX) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NO_SPACE,
                        "-serial %s: too many serial ports; expected at most %u", text,
                        SERIAL_PORTS_MAX);
            return false;
        }
        label = open_serial(machine, text, i, error);
        if (label == NULL || !create_port(machine, i, label, error)) {
            g_prefix_error(error, "-serial %s: ", text);
            return false;
        }
    }
    return true;
}
