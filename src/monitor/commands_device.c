/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commands_device.c - devices, objects and the object model. */
#include <json-c/json.h>

#include "machine/machine.h"
#include "monitor/monitor_internal.h"
#include "trace/trace.h"

static const char *text_or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static struct json_object *empty_if(bool ok)
{
    return ok ? json_object_new_object() : NULL;
}

struct json_object *qmp_device_add(const struct qmp_call *call, GError **error)
{
    bool ok;

    trace_qmp_device_add_enter(qmp_argument_string(call, "driver"),
                               text_or_empty(qmp_argument_string(call, "id")));
    ok = machine_device_add(call->machine, call->arguments, error);
    trace_qmp_device_add_leave(ok);
    return empty_if(ok);
}

struct json_object *qmp_device_del(const struct qmp_call *call, GError **error)
{
    const char *id = qmp_argument_string(call, "id");
    bool ok;

    trace_qmp_device_del_enter(id);
    ok = machine_device_del(call->machine, id, error);
    trace_qmp_device_del_leave(ok);
    return empty_if(ok);
}

struct json_object *qmp_blockdev_add(const struct qmp_call *call, GError **error)
{
    return empty_if(machine_blockdev_add(call->machine, call->arguments, error));
}

struct json_object *qmp_blockdev_del(const struct qmp_call *call, GError **error)
{
    return empty_if(
        machine_blockdev_del(call->machine, qmp_argument_string(call, "node-name"), error));
}

static const char *member_text(const struct json_object *object, const char *key)
{
    struct json_object *value = NULL;

    (void)json_object_object_get_ex(object, key, &value); /* absent: NULL */
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

static bool object_add(struct machine *machine, const struct json_object *arguments, bool from_text,
                       GError **error)
{
    bool ok;

    trace_qmp_object_add_enter(member_text(arguments, "qom-type"), member_text(arguments, "id"));
    ok = from_text ? machine_object_add_text(machine, arguments, error)
                   : machine_object_add(machine, arguments, error);
    trace_qmp_object_add_leave(ok);
    return ok;
}

struct json_object *qmp_object_add(const struct qmp_call *call, GError **error)
{
    return empty_if(object_add(call->machine, call->arguments, false, error));
}

bool qmp_object_add_text(struct machine *machine, const struct json_object *options, GError **error)
{
    return object_add(machine, options, true, error);
}

struct json_object *qmp_object_del(const struct qmp_call *call, GError **error)
{
    const char *id = qmp_argument_string(call, "id");
    bool ok;

    trace_qmp_object_del_enter(id);
    ok = machine_object_del(call->machine, id, error);
    trace_qmp_object_del_leave(ok);
    return empty_if(ok);
}

struct json_object *qmp_device_list_properties(const struct qmp_call *call, GError **error)
{
    return machine_device_list_properties(call->machine, qmp_argument_string(call, "typename"),
                                          error);
}

struct json_object *qmp_qom_list(const struct qmp_call *call, GError **error)
{
    return machine_qom_list(call->machine, qmp_argument_string(call, "path"), error);
}

struct json_object *qmp_qom_get(const struct qmp_call *call, GError **error)
{
    return machine_qom_get(call->machine, qmp_argument_string(call, "path"),
                           qmp_argument_string(call, "property"), error);
}

struct json_object *qmp_qom_set(const struct qmp_call *call, GError **error)
{
    return empty_if(machine_qom_set(call->machine, qmp_argument_string(call, "path"),
                                    qmp_argument_string(call, "property"),
                                    qmp_argument_value(call, "value"), error));
}

struct json_object *qmp_qom_list_types(const struct qmp_call *call, GError **error)
{
    (void)error;
    return machine_qom_list_types(call->machine, qmp_argument_string(call, "implements"),
                                  qmp_argument_bool(call, "abstract"));
}

struct json_object *qmp_qom_list_properties(const struct qmp_call *call, GError **error)
{
    return machine_qom_list_properties(call->machine, qmp_argument_string(call, "typename"), error);
}
