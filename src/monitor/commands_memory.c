/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commands_memory.c - memory devices, backends, and what the guest's ACPI said about them. */
#include "machine/machine.h"
#include "monitor/monitor_internal.h"

struct json_object *qmp_query_memory_devices(const struct qmp_call *call, GError **error)
{
    (void)error;
    return machine_query_memory_devices(call->machine);
}

struct json_object *qmp_query_memory_size_summary(const struct qmp_call *call, GError **error)
{
    (void)error;
    return machine_query_memory_size_summary(call->machine);
}

struct json_object *qmp_query_memdev(const struct qmp_call *call, GError **error)
{
    (void)error;
    return machine_query_memdev(call->machine);
}

struct json_object *qmp_query_acpi_ospm_status(const struct qmp_call *call, GError **error)
{
    (void)error;
    return machine_query_acpi_ospm_status(call->machine);
}
