/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pc_cpu_hotplug.c - plugging processors: place in the topology, ACPI half, and the machine's list of them.
 *
 *   pc_machine_device_plug_cb -> pc_cpu_plug -> piix4_device_plug_cb -> acpi_cpu_plug_cb
 *
 * The vCPU itself comes and goes with the device's realize and unrealize (pc_cpus.c): between pre_plug and plug, and when the
 * turn ends in which the guest ejected it.
 */
#include <string.h>

#include "base/error.h"
#include "base/invariant.h"
#include "machine/machine_internal.h"
#include "trace/trace.h"

static const char *name_of(const struct x86_cpu *cpu)
{
    return cpu->device.id != NULL ? cpu->device.id : object_type_name(&cpu->device.object);
}

/* ---- pre_plug ---- */

static bool check_type(const struct machine *machine, const struct x86_cpu *cpu, GError **error)
{
    g_autofree char *expected = g_strconcat(machine->config->cpu_model, "-x86_64-cpu", NULL);

    if (strcmp(object_type_name(&cpu->device.object), expected) != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Invalid CPU type, expected cpu type: '%s'", expected);
        return false;
    }
    return true;
}

static bool check_number(const char *name, int32_t number, unsigned count, GError **error)
{
    if (number == CPU_UNASSIGNED) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "CPU %s is not set", name);
        return false;
    }
    if (number < 0 || (unsigned)number >= count) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Invalid CPU %s: %d must be in range 0:%u", name, number, count - 1);
        return false;
    }
    return true;
}

static bool check_node(const struct machine *machine, struct x86_cpu *cpu, GError **error)
{
    int32_t node = (int32_t)pc_cpu_node(machine, cpu->cpu_index);

    if (cpu->node_id != CPU_UNASSIGNED && cpu->node_id != node) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "node-id=%d must match numa node specified with -numa option", cpu->node_id);
        return false;
    }
    cpu->node_id = node;
    return true;
}

static bool pre_plug(struct machine *machine, struct x86_cpu *cpu, GError **error)
{
    const struct machine_config *config = machine->config;

    if (!check_type(machine, cpu, error) ||
        !check_number("socket-id", cpu->socket_id, config->sockets, error) ||
        (cpu->die_id != CPU_UNASSIGNED && !check_number("die-id", cpu->die_id, 1, error)) ||
        !check_number("core-id", cpu->core_id, config->cores, error) ||
        !check_number("thread-id", cpu->thread_id, config->threads, error)) {
        return false;
    }
    pc_cpu_topology(config,
                    ((uint32_t)cpu->socket_id * config->cores + (uint32_t)cpu->core_id) *
                            config->threads +
                        (uint32_t)cpu->thread_id,
                    cpu);
    if (machine->cpus[cpu->cpu_index] != NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY, "CPU[%u] with APIC ID %u exists",
                    cpu->cpu_index, cpu->apic_id);
        return false;
    }
    return check_node(machine, cpu, error);
}

bool pc_cpu_pre_plug(struct machine *machine, struct x86_cpu *cpu, GError **error)
{
    bool ok;

    trace_pc_cpu_pre_plug_enter(name_of(cpu), cpu->socket_id, cpu->core_id, cpu->thread_id);
    ok = pre_plug(machine, cpu, error);
    trace_pc_cpu_pre_plug_leave(ok);
    return ok;
}

/* ---- the other phases ---- */

/* Those of the start are there before the power management device, which gets them at its creation. */
bool pc_cpu_plug(struct machine *machine, struct x86_cpu *cpu, GError **error)
{
    bool ok;

    trace_pc_cpu_plug_enter(name_of(cpu), cpu->cpu_index, cpu->apic_id);
    ok = machine->pm == NULL || hotplug_handler_plug(&machine->pm->object, &cpu->device, error);
    if (ok) {
        invariant(machine->cpus[cpu->cpu_index] == NULL);
        machine->cpus[cpu->cpu_index] = cpu;
        machine->cpu_count++;
    }
    trace_pc_cpu_plug_leave(ok);
    return ok;
}

static bool unplug_request(struct machine *machine, struct x86_cpu *cpu, GError **error)
{
    bool pending = cpu->device.unplug_pending;

    if (cpu->cpu_index == 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED, "Boot CPU is unpluggable");
        return false;
    }
    if (!hotplug_handler_unplug_request(&machine->pm->object, &cpu->device, error) ||
        !error_latch_take(&machine->errors, error)) {
        cpu->device.unplug_pending = pending;
        return false;
    }
    return true;
}

bool pc_cpu_unplug_request_cb(struct machine *machine, struct x86_cpu *cpu, GError **error)
{
    bool ok;

    trace_pc_cpu_unplug_request_cb_enter(name_of(cpu), cpu->cpu_index);
    ok = unplug_request(machine, cpu, error);
    trace_pc_cpu_unplug_request_cb_leave(ok);
    return ok;
}

bool pc_cpu_unplug_cb(struct machine *machine, struct x86_cpu *cpu, GError **error)
{
    bool ok;

    trace_pc_cpu_unplug_cb_enter(name_of(cpu), cpu->cpu_index);
    ok = hotplug_handler_unplug(&machine->pm->object, &cpu->device, error);
    if (ok) {
        machine->cpus[cpu->cpu_index] = NULL;
        machine->cpu_count--;
    }
    trace_pc_cpu_unplug_cb_leave(ok);
    return ok;
}
