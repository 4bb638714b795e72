/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pc_cpus.c - the processors: a QOM device each, and with it a vCPU of the accelerator. APIC IDs follow from the topology
 * (Intel SDM 3A 9.9.1).
 */
#include "base/invariant.h"
#include "cpu/x86_state.h"
#include "hw/acpi/cpu_hotplug.h"
#include "hw/acpi/piix4_pm.h"
#include "machine/machine_internal.h"
#include "machine/pc_chips.h"
#include "machine/soft_machine.h"

G_STATIC_ASSERT(MACHINE_CPUS_MAX <= CPU_HOTPLUG_CPUS_MAX);

/* Bits that hold count different numbers. */
static unsigned field_width(unsigned count)
{
    return count <= 1 ? 0 : g_bit_storage(count - 1);
}

void pc_cpu_topology(const struct machine_config *config, uint32_t index, struct x86_cpu *out_cpu)
{
    unsigned thread_width = field_width(config->threads);
    unsigned core_width = field_width(config->cores);
    uint32_t thread = index % config->threads;
    uint32_t core = index / config->threads % config->cores;
    uint32_t socket = index / (config->threads * config->cores);

    out_cpu->cpu_index = index;
    out_cpu->thread_id = (int32_t)thread;
    out_cpu->core_id = (int32_t)core;
    out_cpu->die_id = 0;
    out_cpu->socket_id = (int32_t)socket;
    out_cpu->apic_id = socket << (core_width + thread_width) | core << thread_width | thread;
}

bool pc_cpus_create(struct machine *machine, GError **error)
{
    g_autofree char *type = g_strconcat(machine->config->cpu_model, "-x86_64-cpu", NULL);

    invariant(machine->config->cpus_max <= MACHINE_CPUS_MAX);
    for (uint32_t i = 0; i < machine->config->cpus; i++) {
        struct device *device = pc_builtin_create(machine, type, NULL, NULL, error);

        if (device == NULL) {
            return false;
        }
        pc_cpu_topology(machine->config, i, (struct x86_cpu *)device);
        if (!pc_builtin_realize(machine, device, NULL, error)) {
            return false;
        }
    }
    return true;
}

void pc_cpus_announce(struct machine *machine)
{
    for (uint32_t i = 0; i < machine->config->cpus_max; i++) {
        struct x86_cpu *cpu = machine->cpus[i];
        struct x86_cpu place;

        pc_cpu_topology(machine->config, i, &place);
        piix4_pm_add_cpu(machine->pm, place.apic_id, cpu != NULL ? &cpu->device : NULL);
    }
}

/* ---- the device's life ---- */

/* Waits for INIT and SIPI, as any processor but the first. */
static bool power_up(struct machine *machine, unsigned index, GError **error)
{
    struct x86_state state;
    bool ok;

    x86_state_reset(&state, false);
    if (machine->soft != NULL) {
        return machine_reset_cpu(machine, index, &state, error);
    }
    kvm_vcpus_hold(machine->kvm);
    ok = machine_reset_cpu(machine, index, &state, error);
    kvm_vcpus_release(machine->kvm);
    return ok && kvm_vcpu_start(machine->kvm, index, error);
}

static bool create_vcpu(struct machine *machine, struct x86_cpu *cpu, GError **error)
{
    if (machine->soft != NULL) {
        return soft_machine_create_cpu(machine, cpu, error);
    }
    if (machine->chips != NULL && !kvm_chips_create_cpu(machine, cpu, error)) {
        return false;
    }
    if (!kvm_vcpu_create(machine->kvm, cpu->cpu_index, cpu->apic_id, error)) {
        if (machine->chips != NULL) {
            kvm_chips_destroy_cpu(machine, cpu);
        }
        return false;
    }
    return true;
}

/* Its registers are nobody's any more: that a last I/O instruction did not end is of no consequence. */
static void destroy_vcpu(struct machine *machine, const struct x86_cpu *cpu)
{
    if (machine->soft != NULL) {
        soft_machine_destroy_cpu(machine, cpu);
        return;
    }
    if (machine->chips != NULL) {
        kvm_chips_destroy_cpu(machine, cpu);
    }
    if (machine->kvm != NULL) {
        (void)!kvm_vcpu_park(machine->kvm, cpu->cpu_index, NULL);
    }
}

bool x86_cpu_realize(struct device *device, GError **error)
{
    struct machine *machine = device->board->opaque;
    struct x86_cpu *cpu = (struct x86_cpu *)device;

    if (!create_vcpu(machine, cpu, error)) {
        return false;
    }
    if (device->hotplugged && !power_up(machine, cpu->cpu_index, error)) {
        destroy_vcpu(machine, cpu);
        return false;
    }
    return true;
}

void x86_cpu_unrealize(struct device *device)
{
    destroy_vcpu(device->board->opaque, (struct x86_cpu *)device);
}
