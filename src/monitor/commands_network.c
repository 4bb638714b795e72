/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commands_network.c - networks and their links. */
#include <json-c/json.h>

#include "machine/machine.h"
#include "monitor/monitor_internal.h"

static struct json_object *empty_if(bool ok)
{
    return ok ? json_object_new_object() : NULL;
}

struct json_object *qmp_netdev_add(const struct qmp_call *call, GError **error)
{
    return empty_if(machine_netdev_add(call->machine, call->arguments, error));
}

struct json_object *qmp_netdev_del(const struct qmp_call *call, GError **error)
{
    return empty_if(machine_netdev_del(call->machine, qmp_argument_string(call, "id"), error));
}

struct json_object *qmp_set_link(const struct qmp_call *call, GError **error)
{
    return empty_if(machine_set_link(
        call->machine, qmp_argument_string(call, "name"),
        json_object_get_boolean(json_object_object_get(call->arguments, "up")), error));
}
