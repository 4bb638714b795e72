/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine_config.c - defaults, ownership, and the checks that concern several options. */
#include "machine/machine_config.h"

#include <json-c/json.h>
#include <string.h>

const char *const machine_netdev_lists[] = { "hostfwd", "dnssearch", NULL };

static void json_free(gpointer object)
{
    json_object_put(object);
}

void machine_config_init(struct machine_config *config)
{
    *config = (struct machine_config){
        .machine_name = g_strdup("pc-i440fx-7.2"),
        .accel = g_strdup("kvm"),
        .cpu_model = g_strdup("qemu64"),
        .ram_bytes = 128u << 20,
        .cpus = 1,
        .rtc_base_seconds = INT64_MIN,
        .objects = g_ptr_array_new_with_free_func(json_free),
        .devices = g_ptr_array_new_with_free_func(json_free),
        .blockdevs = g_ptr_array_new_with_free_func(json_free),
        .drives = g_ptr_array_new_with_free_func(json_free),
        .netdevs = g_ptr_array_new_with_free_func(json_free),
        .numa = g_ptr_array_new_with_free_func(json_free),
        .chardevs = g_ptr_array_new_with_free_func(json_free),
        .monitors = g_ptr_array_new_with_free_func(json_free),
        .serials = g_ptr_array_new_with_free_func(g_free),
        .traces = g_ptr_array_new_with_free_func(g_free),
    };
}

void machine_config_fini(struct machine_config *config)
{
    g_free(config->machine_name);
    g_free(config->accel);
    g_free(config->cpu_model);
    g_free(config->cpu_features);
    g_free(config->name);
    g_free(config->uuid);
    g_free(config->ram_backend);
    g_free(config->bios);
    g_free(config->kernel);
    g_free(config->initrd);
    g_free(config->append);
    g_free(config->pidfile);
    g_free(config->record_path);
    g_free(config->replay_path);
    g_free(config->replay_plant);
    g_free(config->console_script);
    g_free(config->replay_from);
    g_ptr_array_unref(config->objects);
    g_ptr_array_unref(config->devices);
    g_ptr_array_unref(config->blockdevs);
    g_ptr_array_unref(config->drives);
    g_ptr_array_unref(config->netdevs);
    g_ptr_array_unref(config->numa);
    g_ptr_array_unref(config->chardevs);
    g_ptr_array_unref(config->monitors);
    g_ptr_array_unref(config->serials);
    g_ptr_array_unref(config->traces);
    *config = (struct machine_config){ 0 };
}

bool machine_is_soft(const struct machine_config *config)
{
    return strcmp(config->accel, "soft") == 0;
}
