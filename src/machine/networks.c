/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * networks.c - networks, the devices on them, and the links between the two. The frames are in network_frames.c.
 */
#include "machine/networks.h"

#include <json-c/json.h>
#include <string.h>

#include "base/error.h"
#include "base/invariant.h"
#include "base/options.h"
#include "host/host_net.h"
#include "hw/core/net_port.h"
#include "hw/virtio/virtio_devices.h"
#include "machine/checkpoint.h"
#include "machine/machine_internal.h"
#include "qom/property.h"

static struct netdev *netdev_at(const struct machine *machine, guint index)
{
    return g_ptr_array_index(machine->netdevs, index);
}

static struct nic *nic_at(const struct machine *machine, guint index)
{
    return g_ptr_array_index(machine->nics, index);
}

struct netdev *netdev_find(const struct machine *machine, const char *id)
{
    for (guint i = 0; i < machine->netdevs->len; i++) {
        if (strcmp(netdev_at(machine, i)->id, id) == 0) {
            return netdev_at(machine, i);
        }
    }
    return NULL;
}

/* ---- networks ---- */

static void detach(struct netdev *netdev)
{
    struct net_port *port = netdev->nic->port;

    port->send = NULL;
    port->accept_input = NULL;
    port->host = NULL;
    netdev->nic->netdev = NULL;
    netdev->nic = NULL;
}

static void netdev_free(struct netdev *netdev)
{
    host_net_close(netdev->host);
    netdev_drop_frames(netdev);
    json_object_put(netdev->options);
    g_free(netdev->id);
    g_free(netdev);
}

static bool missing(const char *key, GError **error)
{
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "Parameter '%s' is missing", key);
    return false;
}

static bool options_are_good(const struct machine *machine, const struct json_object *options,
                             GError **error)
{
    const char *type = options_text(options, "type");
    const char *id = options_text(options, "id");

    if (type == NULL || id == NULL) {
        return missing(type == NULL ? "type" : "id", error);
    }
    if (strcmp(type, "user") != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "Parameter 'type' does not accept value '%s'; expected user", type);
        return false;
    }
    if (!object_id_is_wellformed(id)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter 'id' expects an identifier (it is '%s')", id);
        return false;
    }
    if (netdev_find(machine, id) != NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY, "Duplicate ID '%s'", id);
        return false;
    }
    return true;
}

bool machine_netdev_add(struct machine *machine, const struct json_object *options, GError **error)
{
    struct netdev *netdev;
    bool ok = true;

    checkpoint_note_command(machine);
    if (!options_are_good(machine, options, error)) {
        return false;
    }
    netdev = g_new0(struct netdev, 1);
    netdev->machine = machine;
    netdev->id = g_strdup(options_text(options, "id"));
    netdev->options = json_object_get((struct json_object *)options);
    g_queue_init(&netdev->waiting);
    g_queue_init(&netdev->sent);
    if (!inputs_are_replayed(machine)) {
        netdev->host = host_net_open(machine->loop, options, netdev_receive, netdev, error);
        ok = netdev->host != NULL;
    }
    if (!machine_host_verdict(machine, ok, error)) {
        netdev_free(netdev);
        return false;
    }
    g_ptr_array_add(machine->netdevs, netdev);
    return true;
}

bool machine_netdev_del(struct machine *machine, const char *id, GError **error)
{
    struct netdev *netdev = netdev_find(machine, id);

    checkpoint_note_command(machine);
    if (netdev == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND, "Device '%s' not found", id);
        return false;
    }
    if (netdev->nic != NULL) {
        struct net_port *port = netdev->nic->port;

        port->set_link(port->device, false); /* the cable hangs loose */
        detach(netdev);
    }
    g_ptr_array_remove(machine->netdevs, netdev);
    netdev_free(netdev);
    return true;
}

bool machine_set_link(struct machine *machine, const char *name, bool is_up, GError **error)
{
    struct netdev *netdev = netdev_find(machine, name);
    const struct nic *nic = netdev != NULL ? netdev->nic : NULL;

    checkpoint_note_command(machine);
    for (guint i = 0; netdev == NULL && nic == NULL && i < machine->nics->len; i++) {
        if (g_strcmp0(nic_at(machine, i)->device->id, name) == 0) {
            nic = nic_at(machine, i);
        }
    }
    if (netdev == NULL && nic == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND, "Device '%s' not found", name);
        return false;
    }
    if (netdev != NULL) {
        netdev->link_down = !is_up;
    }
    if (nic != NULL) {
        nic->port->set_link(nic->port->device, is_up);
    }
    return true;
}

/* ---- devices ---- */

/* The first free one of a row. */
static void choose_mac(const struct machine *machine, uint8_t *out_mac)
{
    uint8_t mac[NET_MAC_BYTES] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

    for (guint i = 0; i < machine->nics->len;) {
        if (memcmp(nic_at(machine, i)->port->mac, mac, NET_MAC_BYTES) == 0) {
            mac[5]++;
            i = 0;
        } else {
            i++;
        }
    }
    memcpy(out_mac, mac, NET_MAC_BYTES);
}

static bool can_take(const struct device *device, const struct netdev *netdev, const char *id,
                     GError **error)
{
    const char *type = object_type_name(&device->object);

    if (netdev == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Property '%s.netdev' can't find value '%s'", type, id);
        return false;
    }
    if (netdev->nic != NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY,
                    "Property '%s.netdev' can't take value '%s', it's in use", type, id);
        return false;
    }
    return true;
}

bool network_connect(struct machine *machine, struct device *device, GError **error)
{
    struct net_port *port = virtio_net_port(device);
    struct json_object *value =
        port != NULL ? object_property_get(&device->object, "netdev", NULL) : NULL;
    const char *id = value != NULL ? json_object_get_string(value) : NULL;
    struct netdev *netdev = id != NULL && id[0] != '\0' ? netdev_find(machine, id) : NULL;
    bool ok = id == NULL || id[0] == '\0' || can_take(device, netdev, id, error);

    if (ok && port != NULL) {
        struct nic *nic = g_new0(struct nic, 1);

        *nic = (struct nic){ .device = device, .port = port, .netdev = netdev };
        choose_mac(machine, port->mac);
        g_ptr_array_add(machine->nics, nic);
        if (netdev != NULL) {
            netdev->nic = nic;
            port->send = netdev_send;
            port->accept_input = netdev_accept_input;
            port->host = netdev;
        }
    }
    json_object_put(value);
    return ok;
}

void network_disconnect(struct machine *machine, struct device *device)
{
    for (guint i = machine->nics->len; i > 0; i--) {
        struct nic *nic = nic_at(machine, i - 1);

        if (nic->device == device) {
            if (nic->netdev != NULL) {
                detach(nic->netdev);
            }
            g_ptr_array_remove_index(machine->nics, i - 1);
            g_free(nic);
        }
    }
}

/* ---- info network ---- */

static void print_netdev(const struct netdev *netdev, const char *before, GString *out)
{
    const char *net = options_text(netdev->options, "net");
    bool is_restricted = false;
    bool ok = options_switch(netdev->options, "restrict", &is_restricted, NULL);

    invariant(ok); /* It was read when the network was made. */
    net = net != NULL ? net : "10.0.2.0";
    g_string_append_printf(out, "%s%s: index=0,type=user,net=%.*s,restrict=%s\n", before,
                           netdev->id, (int)strcspn(net, "/"), net, is_restricted ? "on" : "off");
}

void machine_print_network(struct machine *machine, GString *out)
{
    for (guint i = 0; i < machine->nics->len; i++) {
        const struct nic *nic = nic_at(machine, i);
        const uint8_t *mac = nic->port->mac;

        g_string_append_printf(
            out, "%s: index=0,type=nic,model=%s,macaddr=%02x:%02x:%02x:%02x:%02x:%02x%s\n",
            device_label(nic->device), object_type_name(&nic->device->object), mac[0], mac[1],
            mac[2], mac[3], mac[4], mac[5],
            nic->port->link_is_up(nic->port->device) ? "" : ",link=down");
        if (nic->netdev != NULL) {
            print_netdev(nic->netdev, " \\ ", out);
        }
    }
    for (guint i = 0; i < machine->netdevs->len; i++) {
        if (netdev_at(machine, i)->nic == NULL) {
            print_netdev(netdev_at(machine, i), "", out);
        }
    }
}

/* ---- life ---- */

void networks_init(struct machine *machine)
{
    machine->netdevs = g_ptr_array_new();
    machine->nics = g_ptr_array_new();
}

bool networks_create(struct machine *machine, GError **error)
{
    const GPtrArray *entries = machine->config->netdevs;

    for (guint i = 0; i < entries->len; i++) {
        if (!machine_netdev_add(machine, g_ptr_array_index(entries, i), error)) {
            g_prefix_error(error, "-netdev: ");
            return false;
        }
    }
    return true;
}

void networks_destroy(struct machine *machine)
{
    while (machine->nics->len > 0) {
        network_disconnect(machine, nic_at(machine, 0)->device);
    }
    for (guint i = 0; i < machine->netdevs->len; i++) {
        netdev_free(netdev_at(machine, i));
    }
    g_ptr_array_unref(machine->netdevs);
    g_ptr_array_unref(machine->nics);
}
