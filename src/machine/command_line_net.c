/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command_line_net.c - the options of networks: -netdev, -nic (network and device in one), and -net none. */
#include <json-c/json.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "machine/command_line.h"

#define NIC_MODEL "virtio-net-pci"

bool command_line_apply_netdev(struct machine_config *config, const char *argument, GError **error)
{
    struct json_object *options =
        options_parse_lists(argument, "type", machine_netdev_lists, error);

    if (options != NULL) {
        g_ptr_array_add(config->netdevs, options);
    }
    return options != NULL;
}

/* What stands in a -nic for its device goes there. */
static void move_to_device(struct json_object *options, struct json_object *device, const char *key)
{
    struct json_object *value = NULL;

    if (json_object_object_get_ex(options, key, &value)) {
        json_object_object_add(device, key, json_object_get(value));
        json_object_object_del(options, key);
    }
}

static bool model_is_known(const struct json_object *options, GError **error)
{
    const char *model = options_text(options, "model");

    if (model == NULL || strcmp(model, NIC_MODEL) == 0 || strcmp(model, "virtio") == 0) {
        return true;
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                "Parameter 'model' does not accept value '%s'; expected " NIC_MODEL, model);
    return false;
}

static void add_nic(struct machine_config *config, struct json_object *options)
{
    struct json_object *device = json_object_new_object();
    g_autofree char *id = options_text(options, "id") != NULL
                              ? g_strdup(options_text(options, "id"))
                              : g_strdup_printf("nic%u", config->netdevs->len);

    json_object_object_add(options, "id", json_object_new_string(id));
    json_object_object_del(options, "model");
    json_object_object_add(device, "driver", json_object_new_string(NIC_MODEL));
    json_object_object_add(device, "netdev", json_object_new_string(id));
    move_to_device(options, device, "mac");
    g_ptr_array_add(config->netdevs, json_object_get(options));
    g_ptr_array_add(config->devices, device);
}

bool command_line_apply_nic(struct machine_config *config, const char *argument, GError **error)
{
    struct json_object *options =
        options_parse_lists(argument, "type", machine_netdev_lists, error);
    const char *type = options != NULL ? options_text(options, "type") : NULL;
    bool ok = options != NULL && model_is_known(options, error);

    if (ok && g_strcmp0(type, "none") != 0) {
        add_nic(config, options);
    }
    json_object_put(options);
    return ok;
}

bool command_line_apply_net(struct machine_config *config, const char *argument, GError **error)
{
    (void)config;
    if (strcmp(argument, "none") == 0) {
        return true;
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                "expected none, or -nic user, or -netdev and -device " NIC_MODEL);
    return false;
}
