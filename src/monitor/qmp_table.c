/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qmp_table.c - every QMP command: name, handler, arguments, is open, only looks. query-commands lists
 * exactly these. */
#include "monitor/monitor_internal.h"

static const char *const reboot_actions[] = { "reset", "shutdown", NULL };
static const char *const shutdown_actions[] = { "poweroff", "pause", NULL };
static const char *const panic_actions[] = { "pause", "shutdown", "exit-failure", "none", NULL };
static const char *const watchdog_actions[] = { "reset", "shutdown",   "poweroff", "pause",
                                                "debug", "inject-nmi", "none",     NULL };

/* clang-format off */
#define REQUIRED(name, type) { name, type, false, NULL }
#define OPTIONAL(name, type) { name, type, true, NULL }
#define CHOICE(name, values) { name, QMP_STRING, true, values }

const struct qmp_command qmp_commands[] = {
    { "qmp_capabilities", qmp_capabilities, { OPTIONAL("enable", QMP_ARRAY) }, false, true },
    { "query-version", qmp_query_version, { { 0 } }, false, true },
    { "query-commands", qmp_query_commands, { { 0 } }, false, true },
    { "query-qmp-schema", qmp_query_nothing, { { 0 } }, false, true },
    { "query-command-line-options", qmp_query_nothing,
      { OPTIONAL("option", QMP_STRING) }, false, true },
    { "query-migrate-capabilities", qmp_query_nothing, { { 0 } }, false, true },

    { "query-status", qmp_query_status, { { 0 } }, false, true },
    { "query-kvm", qmp_query_kvm, { { 0 } }, false, true },
    { "query-name", qmp_query_name, { { 0 } }, false, true },
    { "query-uuid", qmp_query_uuid, { { 0 } }, false, true },
    { "query-target", qmp_query_target, { { 0 } }, false, true },
    { "query-machines", qmp_query_machines, { { 0 } }, false, true },
    { "query-cpu-definitions", qmp_query_cpu_definitions, { { 0 } }, false, true },
    { "query-hotpluggable-cpus", qmp_query_hotpluggable_cpus, { { 0 } }, false, true },
    { "query-cpus-fast", qmp_query_cpus_fast, { { 0 } }, false, true },
    { "query-chardev", qmp_query_chardev, { { 0 } }, false, true },
    { "query-pci", qmp_query_pci, { { 0 } }, false, true },
    { "query-block", qmp_query_block, { { 0 } }, false, true },
    { "query-named-block-nodes", qmp_query_named_block_nodes,
      { OPTIONAL("flat", QMP_BOOL) }, false, true },

    { "device_add", qmp_device_add,
      { REQUIRED("driver", QMP_STRING), OPTIONAL("bus", QMP_STRING), OPTIONAL("id", QMP_STRING) },
      true, false },
    { "device_del", qmp_device_del, { REQUIRED("id", QMP_STRING) }, false, false },
    { "blockdev-add", qmp_blockdev_add,
      { REQUIRED("driver", QMP_STRING), OPTIONAL("node-name", QMP_STRING) }, true, false },
    { "blockdev-del", qmp_blockdev_del, { REQUIRED("node-name", QMP_STRING) }, false, false },
    { "netdev_add", qmp_netdev_add,
      { REQUIRED("type", QMP_STRING), REQUIRED("id", QMP_STRING) }, true, false },
    { "netdev_del", qmp_netdev_del, { REQUIRED("id", QMP_STRING) }, false, false },
    { "set_link", qmp_set_link,
      { REQUIRED("name", QMP_STRING), { "up", QMP_BOOL, false, NULL } }, false, false },
    { "object-add", qmp_object_add,
      { REQUIRED("qom-type", QMP_STRING), REQUIRED("id", QMP_STRING) }, true, false },
    { "object-del", qmp_object_del, { REQUIRED("id", QMP_STRING) }, false, false },
    { "device-list-properties", qmp_device_list_properties,
      { REQUIRED("typename", QMP_STRING) }, false, true },
    { "qom-list", qmp_qom_list, { REQUIRED("path", QMP_STRING) }, false, true },
    { "qom-get", qmp_qom_get,
      { REQUIRED("path", QMP_STRING), REQUIRED("property", QMP_STRING) }, false, true },
    { "qom-set", qmp_qom_set,
      { REQUIRED("path", QMP_STRING), REQUIRED("property", QMP_STRING),
        REQUIRED("value", QMP_ANY) },
      false, false },
    { "qom-list-types", qmp_qom_list_types,
      { OPTIONAL("implements", QMP_STRING), OPTIONAL("abstract", QMP_BOOL) }, false, true },
    { "qom-list-properties", qmp_qom_list_properties,
      { REQUIRED("typename", QMP_STRING) }, false, true },

    { "query-memory-devices", qmp_query_memory_devices, { { 0 } }, false, true },
    { "query-memory-size-summary", qmp_query_memory_size_summary, { { 0 } }, false, true },
    { "query-memdev", qmp_query_memdev, { { 0 } }, false, true },
    { "query-acpi-ospm-status", qmp_query_acpi_ospm_status, { { 0 } }, false, true },

    { "stop", qmp_stop, { { 0 } }, false, true },
    { "cont", qmp_cont, { { 0 } }, false, true },
    { "system_reset", qmp_system_reset, { { 0 } }, false, false },
    { "system_powerdown", qmp_system_powerdown, { { 0 } }, false, false },
    { "quit", qmp_quit, { { 0 } }, false, true },
    { "set-action", qmp_set_action,
      { CHOICE("reboot", reboot_actions), CHOICE("shutdown", shutdown_actions),
        CHOICE("panic", panic_actions), CHOICE("watchdog", watchdog_actions) },
      false, false },
    { "human-monitor-command", qmp_human_monitor_command,
      { REQUIRED("command-line", QMP_STRING), OPTIONAL("cpu-index", QMP_INT) }, false, true },

    { "trace-event-get-state", qmp_trace_event_get_state,
      { REQUIRED("name", QMP_STRING), OPTIONAL("vcpu", QMP_INT) }, false, true },
    { "trace-event-set-state", qmp_trace_event_set_state,
      { REQUIRED("name", QMP_STRING), REQUIRED("enable", QMP_BOOL),
        OPTIONAL("ignore-unavailable", QMP_BOOL), OPTIONAL("vcpu", QMP_INT) },
      false, true },
    { "trace-ring-dump", qmp_trace_ring_dump, { OPTIONAL("filename", QMP_STRING) }, false, true },
    { "x-fault-inject", qmp_fault_inject, { REQUIRED("fault", QMP_STRING) }, false, false },
    { "x-query-faults", qmp_query_faults, { { 0 } }, false, true },
    { "x-query-replay", qmp_query_replay, { { 0 } }, false, true },
    { "x-query-state", qmp_query_state, { { 0 } }, false, true },
    { NULL, NULL, { { 0 } }, false, false },
};
/* clang-format on */
