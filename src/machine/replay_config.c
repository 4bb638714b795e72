/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay_config.c - the machine of a recording with the faces of a replay: what the recorded command
 * line said of the machine, what the replay's own one says of monitors and traces.
 */
#include <json-c/json.h>

#include "base/error.h"
#include "machine/machine_config.h"

static gpointer copy_text(gconstpointer text, gpointer unused)
{
    (void)unused;
    return g_strdup(text);
}

static gpointer copy_json(gconstpointer object, gpointer unused)
{
    (void)unused;
    return json_object_get((struct json_object *)object);
}

static void replace(GPtrArray *array, GPtrArray *by, GCopyFunc copy)
{
    g_ptr_array_set_size(array, 0);
    for (guint i = 0; i < by->len; i++) {
        g_ptr_array_add(array, copy(g_ptr_array_index(by, i), NULL));
    }
}

static void take_own(struct machine_config *config, const struct machine_config *own)
{
    replace(config->monitors, own->monitors, copy_json);
    replace(config->chardevs, own->chardevs, copy_json);
    replace(config->traces, own->traces, copy_text);
    g_free(config->pidfile);
    config->pidfile = g_strdup(own->pidfile);
    config->daemonize = own->daemonize;
    config->digest = own->digest;
    g_clear_pointer(&config->record_path, g_free);
    config->checkpoint_ns = 0;
}

bool machine_config_replayed(const struct machine_config *own, char *const *arguments,
                             struct machine_config *out_config, GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autofree char *text = NULL;
    char program[] = "replug";

    g_ptr_array_add(argv, program);
    for (char *const *at = arguments; *at != NULL; at++) {
        g_ptr_array_add(argv, *at);
    }
    if (!machine_config_parse(out_config, (int)argv->len, (char **)argv->pdata, &text, error)) {
        g_prefix_error(error, "the recorded command line: ");
        return false;
    }
    if (text != NULL || out_config->replay_path != NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT,
                    "the recorded command line starts no machine");
        return false;
    }
    take_own(out_config, own);
    return true;
}
