/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commands_run.c - running, stopping and ending the guest; the human monitor as a QMP command. */
#include <json-c/json.h>

#include "base/error.h"
#include "machine/machine.h"
#include "monitor/monitor_internal.h"

/* The session answers it itself: it never gets here. */
struct json_object *qmp_capabilities(const struct qmp_call *call, GError **error)
{
    (void)call;
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                "Capabilities negotiation is already complete, command ignored");
    return NULL;
}

struct json_object *qmp_stop(const struct qmp_call *call, GError **error)
{
    (void)error;
    machine_stop(call->machine);
    return json_object_new_object();
}

struct json_object *qmp_cont(const struct qmp_call *call, GError **error)
{
    return machine_cont(call->machine, error) ? json_object_new_object() : NULL;
}

struct json_object *qmp_system_reset(const struct qmp_call *call, GError **error)
{
    (void)error;
    machine_system_reset(call->machine);
    return json_object_new_object();
}

struct json_object *qmp_system_powerdown(const struct qmp_call *call, GError **error)
{
    (void)error;
    machine_system_powerdown(call->machine);
    return json_object_new_object();
}

struct json_object *qmp_quit(const struct qmp_call *call, GError **error)
{
    (void)error;
    machine_quit(call->machine);
    return json_object_new_object();
}

struct json_object *qmp_set_action(const struct qmp_call *call, GError **error)
{
    /* panic and watchdog: no such device here, nothing to act on. */
    bool ok = machine_set_action(call->machine, qmp_argument_string(call, "reboot"),
                                 qmp_argument_string(call, "shutdown"), error);

    return ok ? json_object_new_object() : NULL;
}

struct json_object *qmp_human_monitor_command(const struct qmp_call *call, GError **error)
{
    g_autofree char *text =
        monitor_run_hmp(call->machine, qmp_argument_string(call, "command-line"));

    (void)error;
    return json_object_new_string(text);
}
