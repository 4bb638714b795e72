/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hmp_info.c - "info ...": what the machine's queries say, as text in QEMU's form. */
#include <inttypes.h>
#include <string.h>

#include "base/json_members.h"
#include "machine/machine.h"
#include "monitor/monitor_internal.h"
#include "trace/trace_session.h"

static void info_mtree(const struct hmp_call *call)
{
    machine_print_mtree(call->machine, call->flags['f' - 'a'], call->out);
}

static void info_qtree(const struct hmp_call *call)
{
    machine_print_qtree(call->machine, call->out);
}

static void info_qom_tree(const struct hmp_call *call)
{
    machine_print_qom_tree(call->machine, call->arguments[0], call->out);
}

static void info_irq(const struct hmp_call *call)
{
    machine_print_irq(call->machine, call->out);
}

static void info_pic(const struct hmp_call *call)
{
    machine_print_pic(call->machine, call->out);
}

static void info_memory_devices(const struct hmp_call *call)
{
    machine_print_memory_devices(call->machine, call->out);
}

static void info_memory_size_summary(const struct hmp_call *call)
{
    struct json_object *summary = machine_query_memory_size_summary(call->machine);

    g_string_append_printf(call->out, "base memory: %" PRIu64 "\nplugged memory: %" PRIu64 "\n",
                           json_number(summary, "base-memory"),
                           json_number(summary, "plugged-memory"));
    json_object_put(summary);
}

static void info_memslots(const struct hmp_call *call)
{
    machine_print_memslots(call->machine, call->out);
}

static void info_registers(const struct hmp_call *call)
{
    machine_print_registers(call->machine, call->flags[0], call->out);
}

static void info_status(const struct hmp_call *call)
{
    struct json_object *status = machine_query_status(call->machine);
    const char *name = json_text(status, "status");
    bool running = json_flag(status, "running");

    g_string_append_printf(call->out, "VM status: %s", running ? "running" : "paused");
    if (!running && strcmp(name, "paused") != 0) {
        g_string_append_printf(call->out, " (%s)", name);
    }
    g_string_append_c(call->out, '\n');
    json_object_put(status);
}

static void info_version(const struct hmp_call *call)
{
    struct json_object *version = monitor_version();
    struct json_object *qemu = json_object_object_get(version, "qemu");

    g_string_append_printf(call->out, "%" PRIu64 ".%" PRIu64 ".%" PRIu64 " (%s)\n",
                           json_number(qemu, "major"), json_number(qemu, "minor"),
                           json_number(qemu, "micro"), json_text(version, "package"));
    json_object_put(version);
}

static void info_name(const struct hmp_call *call)
{
    struct json_object *name = machine_query_name(call->machine);

    if (json_object_object_get_ex(name, "name", NULL)) {
        g_string_append_printf(call->out, "%s\n", json_text(name, "name"));
    }
    json_object_put(name);
}

static void info_uuid(const struct hmp_call *call)
{
    struct json_object *uuid = machine_query_uuid(call->machine);

    g_string_append_printf(call->out, "%s\n", json_text(uuid, "UUID"));
    json_object_put(uuid);
}

static void info_cpus(const struct hmp_call *call)
{
    struct json_object *cpus = machine_query_cpus_fast(call->machine);

    for (size_t i = 0; i < json_object_array_length(cpus); i++) {
        const struct json_object *cpu = json_object_array_get_idx(cpus, i);

        g_string_append_printf(call->out, "%c CPU #%" PRIu64 ": thread_id=%" PRIu64 "\n",
                               i == 0 ? '*' : ' ', json_number(cpu, "cpu-index"),
                               json_number(cpu, "thread-id"));
    }
    json_object_put(cpus);
}

static void info_kvm(const struct hmp_call *call)
{
    struct json_object *kvm = machine_query_kvm(call->machine);

    g_string_append_printf(call->out, "kvm support: %s\n",
                           json_flag(kvm, "enabled") ? "enabled" : "disabled");
    json_object_put(kvm);
}

static void info_chardev(const struct hmp_call *call)
{
    struct json_object *chardevs = machine_query_chardev(call->machine);

    for (size_t i = 0; i < json_object_array_length(chardevs); i++) {
        const struct json_object *chardev = json_object_array_get_idx(chardevs, i);

        g_string_append_printf(call->out, "%s: filename=%s\n", json_text(chardev, "label"),
                               json_text(chardev, "filename"));
    }
    json_object_put(chardevs);
}

static struct json_object *trace_events(void *opaque, GError **error)
{
    const struct hmp_call *call = opaque;
    const char *pattern = call->arguments[0] != NULL ? call->arguments[0] : "*";

    return trace_session_event_state(machine_trace(call->machine), pattern, error);
}

static void info_trace_events(const struct hmp_call *call)
{
    g_autoptr(GError) error = NULL;
    struct json_object *events =
        machine_outside(call->machine, trace_events, (struct hmp_call *)call, &error);

    if (error != NULL) {
        g_string_append_printf(call->out, "Error: %s\n", error->message);
        return;
    }
    if (!json_object_is_type(events, json_type_array)) {
        json_object_put(events);
        return;
    }
    for (size_t i = 0; i < json_object_array_length(events); i++) {
        const struct json_object *event = json_object_array_get_idx(events, i);
        bool on = strcmp(json_text(event, "state"), "enabled") == 0;

        g_string_append_printf(call->out, "%s : state %d\n", json_text(event, "name"), on);
    }
    json_object_put(events);
}

static void info_faults(const struct hmp_call *call)
{
    struct json_object *faults = machine_query_faults(call->machine);

    for (size_t i = 0; i < json_object_array_length(faults); i++) {
        const struct json_object *fault = json_object_array_get_idx(faults, i);

        g_string_append_printf(call->out, "%s=%s,at=%s\n", json_text(fault, "point"),
                               json_text(fault, "error"), json_text(fault, "at"));
    }
    json_object_put(faults);
}

/* clang-format off */
const struct hmp_command hmp_info_commands[] = {
    { "block", "", "show info of all block devices", .run = hmp_info_block },
    { "chardev", "", "show the character devices", .run = info_chardev },
    { "cpus", "", "show infos for each CPU", .run = info_cpus },
    { "faults", "", "show the faults that are armed", .run = info_faults },
    { "irq", "", "show the interrupts statistics", .run = info_irq },
    { "kvm", "", "show KVM information", .run = info_kvm },
    { "memory-devices", "", "show memory devices", .run = info_memory_devices },
    { "memory_size_summary", "",
      "show the amount of initially allocated and present hotpluggable memory in bytes",
      .run = info_memory_size_summary },
    { "memslots", "", "show KVM's memory slots", .run = info_memslots },
    { "mtree", "[-f]", "show memory tree (-f: dump flat view for address spaces)",
      .run = info_mtree, .flags = "f" },
    { "name", "", "show the current VM name", .run = info_name },
    { "network", "", "show the network state", .run = hmp_info_network },
    { "pci", "", "show PCI info", .run = hmp_info_pci },
    { "pic", "", "show PIC state", .run = info_pic },
    { "qom-tree", "[path]", "show QOM composition tree", .run = info_qom_tree, .optional = 1 },
    { "qtree", "", "show device tree", .run = info_qtree },
    { "registers", "[-a]", "show the cpu registers (-a: of all CPUs)",
      .run = info_registers, .flags = "a" },
    { "status", "", "show the current VM status (running|paused)", .run = info_status },
    { "trace-events", "[name]",
      "show available trace-events and their state (name: event name pattern)",
      .run = info_trace_events, .optional = 1 },
    { "uuid", "", "show the current VM UUID", .run = info_uuid },
    { "version", "", "show the version", .run = info_version },
    { .name = NULL },
};
/* clang-format on */
