/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commands_query.c - what the monitor, the machine and its processors are. */
#include <json-c/json.h>

#include "machine/machine.h"
#include "monitor/monitor_internal.h"

struct json_object *qmp_query_version(const struct qmp_call *call, GError **error)
{
    (void)call;
    (void)error;
    return monitor_version();
}

struct json_object *qmp_query_commands(const struct qmp_call *call, GError **error)
{
    struct json_object *list = json_object_new_array();

    (void)call;
    (void)error;
    for (const struct qmp_command *command = qmp_commands; command->name != NULL; command++) {
        struct json_object *entry = json_object_new_object();

        json_object_object_add(entry, "name", json_object_new_string(command->name));
        json_object_array_add(list, entry);
    }
    return list;
}

/* Lists that are empty here: the schema, option groups, migration. Clients then take the plain
 * forms (libvirt: comma syntax, no migration). */
struct json_object *qmp_query_nothing(const struct qmp_call *call, GError **error)
{
    (void)call;
    (void)error;
    return json_object_new_array();
}

struct json_object *qmp_query_status(const struct qmp_call *call, GError **error)
{
    (void)error;
    return machine_query_status(call->machine);
}

struct json_object *qmp_query_kvm(const struct qmp_call *call, GError **error)
{
    (void)error;
    return machine_query_kvm(call->machine);
}

struct json_object *qmp_query_name(const struct qmp_call *call, GError **error)
{
    (void)error;
    return machine_query_name(call->machine);
}

struct json_object *qmp_query_uuid(const struct qmp_call *call, GError **error)
{
    (void)error;
    return machine_query_uuid(call->machine);
}

struct json_object *qmp_query_target(const struct qmp_call *call, GError **error)
{
    struct json_object *target = json_object_new_object();

    (void)call;
    (void)error;
    json_object_object_add(target, "arch", json_object_new_string("x86_64"));
    return target;
}

struct json_object *qmp_query_machines(const struct qmp_call *call, GError **error)
{
    (void)error;
    return machine_query_machines(call->machine);
}

struct json_object *qmp_query_hotpluggable_cpus(const struct qmp_call *call, GError **error)
{
    (void)error;
    return machine_query_hotpluggable_cpus(call->machine);
}

struct json_object *qmp_query_cpus_fast(const struct qmp_call *call, GError **error)
{
    (void)error;
    return machine_query_cpus_fast(call->machine);
}

struct json_object *qmp_query_cpu_definitions(const struct qmp_call *call, GError **error)
{
    (void)error;
    return machine_query_cpu_definitions(call->machine);
}

struct json_object *qmp_query_chardev(const struct qmp_call *call, GError **error)
{
    (void)error;
    return machine_query_chardev(call->machine);
}

struct json_object *qmp_query_pci(const struct qmp_call *call, GError **error)
{
    (void)error;
    return machine_query_pci(call->machine);
}

struct json_object *qmp_query_block(const struct qmp_call *call, GError **error)
{
    (void)error;
    return machine_query_block(call->machine);
}

struct json_object *qmp_query_named_block_nodes(const struct qmp_call *call, GError **error)
{
    (void)error;
    return machine_query_named_block_nodes(call->machine);
}

struct json_object *qmp_query_replay(const struct qmp_call *call, GError **error)
{
    (void)error;
    return machine_query_replay(call->machine);
}

struct json_object *qmp_query_state(const struct qmp_call *call, GError **error)
{
    struct json_object *reply = json_object_new_object();

    (void)error;
    json_object_object_add(reply, "state", machine_query_state(call->machine));
    return reply;
}
