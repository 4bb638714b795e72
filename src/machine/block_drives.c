/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block_drives.c - block nodes "file" and "raw", and the devices on them. A replay opens no image.
 */
#include "machine/block_drives.h"

#include <json-c/json.h>
#include <string.h>

#include "base/error.h"
#include "base/invariant.h"
#include "host/host_block.h"
#include "hw/core/block_port.h"
#include "hw/virtio/virtio_devices.h"
#include "machine/checkpoint.h"
#include "machine/machine_internal.h"
#include "qom/property.h"

/* ---- nodes ---- */

struct block_node *block_node_find(const struct machine *machine, const char *name)
{
    for (guint i = 0; i < machine->block_nodes->len; i++) {
        struct block_node *node = g_ptr_array_index(machine->block_nodes, i);

        if (strcmp(node->name, name) == 0) {
            return node;
        }
    }
    return NULL;
}

static void node_free(struct block_node *node)
{
    if (node == NULL) {
        return;
    }
    if (node->owns_file) {
        node_free(node->file);
    } else if (node->file != NULL) {
        node->file->users--;
    }
    host_block_close(node->fd);
    g_free(node->name);
    g_free(node->path);
    g_free(node);
}

static struct block_node *open_file(struct machine *machine, const char *name, const char *path,
                                    bool read_only, GError **error)
{
    struct block_node *node = g_new0(struct block_node, 1);
    bool ok = true;

    *node = (struct block_node){ .machine = machine,
                                 .name = g_strdup(name),
                                 .path = g_strdup(path),
                                 .read_only = read_only,
                                 .fd = -1 };
    if (!inputs_are_replayed(machine)) {
        ok = host_block_open(path, read_only, &node->fd, &node->bytes, error);
    }
    if (!machine_host_verdict(machine, ok, error)) {
        node_free(node);
        return NULL;
    }
    node->bytes = machine_fact_number(machine, PAYLOAD_FACT_image_bytes, node->bytes);
    return node;
}

static const char *text_of(const struct json_object *options, const char *key)
{
    struct json_object *value = NULL;

    (void)json_object_object_get_ex(options, key, &value); /* absent: NULL */
    return value != NULL ? json_object_get_string(value) : NULL;
}

/* A boolean or a text; false where it is absent. */
static bool flag_of(const struct json_object *options, const char *key)
{
    const char *text = text_of(options, key);

    return text != NULL && (strcmp(text, "true") == 0 || strcmp(text, "on") == 0);
}

static bool missing(const char *key, GError **error)
{
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "Parameter '%s' is missing", key);
    return false;
}

/* What a raw node stands on: {"driver": "file", "filename": ...}, the same by "file.filename", or a node's name. */
static bool find_file(struct machine *machine, struct block_node *node,
                      const struct json_object *options, GError **error)
{
    struct json_object *file = NULL;
    const char *path = text_of(options, "file.filename");

    (void)json_object_object_get_ex(options, "file", &file); /* absent: NULL */
    if (json_object_is_type(file, json_type_object)) {
        path = text_of(file, "filename");
    } else if (file != NULL && path == NULL) {
        node->file = block_node_find(machine, json_object_get_string(file));
        if (node->file == NULL) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                        "Cannot find device='' nor node-name='%s'", json_object_get_string(file));
            return false;
        }
        node->file->users++;
        return true;
    }
    if (path == NULL) {
        return missing("filename", error);
    }
    node->file = open_file(machine, "", path, node->read_only, error);
    node->owns_file = node->file != NULL;
    return node->owns_file;
}

static struct block_node *open_raw(struct machine *machine, const char *name,
                                   const struct json_object *options, GError **error)
{
    struct block_node *node = g_new0(struct block_node, 1);

    *node = (struct block_node){ .machine = machine,
                                 .name = g_strdup(name),
                                 .read_only = flag_of(options, "read-only"),
                                 .fd = -1 };
    if (!find_file(machine, node, options, error)) {
        node_free(node);
        return NULL;
    }
    node->read_only = node->read_only || node->file->read_only;
    node->bytes = node->file->bytes;
    return node;
}

static bool name_is_free(const struct machine *machine, const char *name, GError **error)
{
    if (!object_id_is_wellformed(name)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "Invalid node-name: '%s'", name);
        return false;
    }
    if (block_node_find(machine, name) != NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY, "Duplicate nodes with node-name='%s'",
                    name);
        return false;
    }
    return true;
}

bool machine_blockdev_add(struct machine *machine, const struct json_object *options,
                          GError **error)
{
    const char *driver = text_of(options, "driver");
    const char *name = text_of(options, "node-name");
    const char *path = text_of(options, "filename");
    struct block_node *node;

    checkpoint_note_command(machine);
    if (driver == NULL || name == NULL) {
        return missing(driver == NULL ? "driver" : "node-name", error);
    }
    if (!name_is_free(machine, name, error)) {
        return false;
    }
    if (strcmp(driver, "raw") == 0) {
        node = open_raw(machine, name, options, error);
    } else if (strcmp(driver, "file") != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "Parameter 'driver' does not accept value '%s'; expected file or raw", driver);
        return false;
    } else if (path == NULL) {
        return missing("filename", error);
    } else {
        node = open_file(machine, name, path, flag_of(options, "read-only"), error);
    }
    if (node != NULL) {
        g_ptr_array_add(machine->block_nodes, node);
    }
    return node != NULL;
}

bool machine_blockdev_del(struct machine *machine, const char *name, GError **error)
{
    struct block_node *node = block_node_find(machine, name);

    checkpoint_note_command(machine);
    if (node == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND,
                    "Failed to find node with node-name='%s'", name);
        return false;
    }
    if (node->users > 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY, "Node %s is in use", name);
        return false;
    }
    g_ptr_array_remove(machine->block_nodes, node);
    node_free(node);
    return true;
}

/* ---- the command line ---- */

static bool create_drive(struct machine *machine, const struct json_object *drive, guint index,
                         GError **error)
{
    static const char *const known[] = { "file",     "if",        "id",    "format",
                                         "readonly", "read-only", "cache", "aio",
                                         "media",    "discard",   "index", NULL };
    const char *interface = text_of(drive, "if");
    const char *format = text_of(drive, "format");
    const char *path = text_of(drive, "file");
    g_autofree char *name = text_of(drive, "id") != NULL ? g_strdup(text_of(drive, "id"))
                                                         : g_strdup_printf("none%u", index);
    struct block_node *node;

    json_object_object_foreach((struct json_object *)drive, key, value)
    {
        (void)value;
        if (!g_strv_contains(known, key)) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                        "Block format 'raw' does not support the option '%s'", key);
            return false;
        }
    }
    if (interface == NULL || strcmp(interface, "none") != 0 ||
        (format != NULL && strcmp(format, "raw") != 0)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "expected if=none and format=raw, and a -device that names the drive");
        return false;
    }
    if (path == NULL) {
        return missing("file", error);
    }
    if (!name_is_free(machine, name, error)) {
        return false;
    }
    node = open_file(machine, name, path, flag_of(drive, "readonly") || flag_of(drive, "read-only"),
                     error);
    if (node != NULL) {
        node->is_drive = true;
        g_ptr_array_add(machine->block_nodes, node);
    }
    return node != NULL;
}

bool block_drives_create(struct machine *machine, GError **error)
{
    const struct machine_config *config = machine->config;

    for (guint i = 0; i < config->blockdevs->len; i++) {
        if (!machine_blockdev_add(machine, g_ptr_array_index(config->blockdevs, i), error)) {
            g_prefix_error(error, "-blockdev: ");
            return false;
        }
    }
    for (guint i = 0; i < config->drives->len; i++) {
        if (!create_drive(machine, g_ptr_array_index(config->drives, i), i, error)) {
            g_prefix_error(error, "-drive: ");
            return false;
        }
    }
    return true;
}

/* ---- devices ---- */

static bool can_take(const struct device *device, const struct block_node *node, const char *name,
                     GError **error)
{
    const char *type = object_type_name(&device->object);

    if (node == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Property '%s.drive' can't find value '%s'", type, name);
        return false;
    }
    if (node->users > 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY,
                    "Property '%s.drive' can't take value '%s', it's in use", type, name);
        return false;
    }
    return true;
}

static const struct block_node *file_of(const struct block_node *node)
{
    return node->file != NULL ? file_of(node->file) : node;
}

/* Nobody else may use the image while a device does. */
static bool lock_image(struct machine *machine, const struct block_node *node, GError **error)
{
    const struct block_node *file = file_of(node);
    bool ok = inputs_are_replayed(machine) ||
              host_block_lock(file->fd, node->read_only, file->path, error);

    return machine_host_verdict(machine, ok, error);
}

bool block_drive_connect(struct machine *machine, struct device *device, GError **error)
{
    struct block_port *port = virtio_block_port(device);
    struct json_object *value =
        port != NULL ? object_property_get(&device->object, "drive", NULL) : NULL;
    const char *name = value != NULL ? json_object_get_string(value) : NULL;
    struct block_node *node;
    bool ok = true;

    if (name != NULL && name[0] != '\0') {
        node = block_node_find(machine, name);
        ok = can_take(device, node, name, error) && lock_image(machine, node, error);
        if (ok) {
            node->users++;
            node->device = device;
            node->port = port;
            port->submit = block_node_submit;
            port->cancel = block_node_cancel;
            port->host = node;
            port->bytes = node->bytes;
            port->read_only = node->read_only;
        }
    }
    json_object_put(value);
    return ok;
}

void block_drive_disconnect(struct machine *machine, struct device *device)
{
    for (guint i = 0; i < machine->block_nodes->len; i++) {
        struct block_node *node = g_ptr_array_index(machine->block_nodes, i);

        if (node->device == device) {
            host_block_unlock(file_of(node)->fd);
            node->users--;
            node->device = NULL;
            node->port = NULL;
        }
    }
}

/* ---- life ---- */

void block_drives_init(struct machine *machine)
{
    machine->block_nodes = g_ptr_array_new();
    g_queue_init(&machine->block_jobs);
}

void block_drives_destroy(struct machine *machine)
{
    invariant(!block_requests_wait(machine)); /* The devices have cancelled theirs. */
    /* What stands on a node came behind it. */
    while (machine->block_nodes->len > 0) {
        node_free(g_ptr_array_steal_index(machine->block_nodes, machine->block_nodes->len - 1));
    }
    g_ptr_array_unref(machine->block_nodes);
}
