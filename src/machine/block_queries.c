/* SPDX-License-Identifier: GPL-2.0-or-later */
/* block_queries.c - query-block and query-named-block-nodes. What only the host knows (the space that a file takes) is left out. */
#include "base/json_members.h"
#include "hw/core/device.h"
#include "machine/block_drives.h"
#include "machine/machine_internal.h"

static const char *driver_of(const struct block_node *node)
{
    return node->file != NULL || node->is_drive ? "raw" : "file";
}

static const char *path_of(const struct block_node *node)
{
    return node->file != NULL ? path_of(node->file) : node->path;
}

/* Nothing here limits or caches. */
static void add_limits(struct json_object *entry)
{
    static const char *const limits[] = { "bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr" };
    struct json_object *cache = json_object_new_object();

    for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
        json_add_number(entry, limits[i], 0);
    }
    json_add_text(entry, "detect_zeroes", "off");
    json_add_number(entry, "write_threshold", 0);
    json_add_bool(cache, "writeback", true);
    json_add_bool(cache, "direct", false);
    json_add_bool(cache, "no-flush", false);
    json_object_object_add(entry, "cache", cache);
}

static struct json_object *node_entry(const struct block_node *node)
{
    struct json_object *entry = json_object_new_object();
    struct json_object *image = json_object_new_object();

    json_add_text(image, "filename", path_of(node));
    json_add_text(image, "format", driver_of(node));
    json_add_number(image, "virtual-size", node->bytes);
    json_add_bool(image, "dirty-flag", false);
    json_object_object_add(entry, "image", image);
    json_add_text(entry, "file", path_of(node));
    json_add_text(entry, "node-name", node->name);
    json_add_text(entry, "drv", driver_of(node));
    json_add_bool(entry, "ro", node->read_only);
    json_add_number(entry, "backing_file_depth", 0);
    json_add_bool(entry, "encrypted", false);
    add_limits(entry);
    return entry;
}

/* A -drive, or a node that a device is on. */
static struct json_object *backend_entry(const struct block_node *node)
{
    struct json_object *entry = json_object_new_object();

    json_add_text(entry, "device", node->is_drive ? node->name : "");
    if (node->device != NULL) {
        g_autofree char *path = device_path(node->device);

        json_add_text(entry, "qdev", path);
        json_add_text(entry, "io-status", "ok");
    }
    json_add_text(entry, "type", "unknown");
    json_add_bool(entry, "removable", false);
    json_add_bool(entry, "locked", false);
    json_object_object_add(entry, "inserted", node_entry(node));
    return entry;
}

struct json_object *machine_query_block(struct machine *machine)
{
    struct json_object *list = json_object_new_array();

    for (guint i = 0; i < machine->block_nodes->len; i++) {
        const struct block_node *node = g_ptr_array_index(machine->block_nodes, i);

        if (node->is_drive || node->device != NULL) {
            json_object_array_add(list, backend_entry(node));
        }
    }
    return list;
}

struct json_object *machine_query_named_block_nodes(struct machine *machine)
{
    struct json_object *list = json_object_new_array();

    for (guint i = 0; i < machine->block_nodes->len; i++) {
        json_object_array_add(list, node_entry(g_ptr_array_index(machine->block_nodes, i)));
    }
    return list;
}
