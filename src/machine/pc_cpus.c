/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pc_cpus.c - the processors: a QOM device and a KVM vCPU each, APIC IDs from the topology (Intel SDM 3A 9.9.1). */
#include "base/invariant.h"
#include "machine/machine_internal.h"
#include "machine/soft_machine.h"

/* Bits that hold count different numbers. */
static unsigned field_width(unsigned count)
{
    return count <= 1 ? 0 : g_bit_storage(count - 1);
}

void pc_cpu_topology(const struct machine_config *config, uint32_t index, struct x86_cpu *out_cpu)
{
    unsigned thread_width = field_width(config->threads);
    unsigned core_width = field_width(config->cores);

    out_cpu->cpu_index = index;
    out_cpu->thread_id = index % config->threads;
    out_cpu->core_id = index / config->threads % config->cores;
    out_cpu->socket_id = index / (config->threads * config->cores);
    out_cpu->apic_id = out_cpu->socket_id << (core_width + thread_width) |
                       out_cpu->core_id << thread_width | out_cpu->thread_id;
}

bool pc_cpus_create(struct machine *machine, GError **error)
{
    g_autofree char *type = g_strconcat(machine->config->cpu_model, "-x86_64-cpu", NULL);

    invariant(machine->config->cpus <= MACHINE_CPUS_MAX);
    for (uint32_t i = 0; i < machine->config->cpus; i++) {
        struct device *device = pc_builtin_create(machine, type, NULL, NULL, error);
        struct x86_cpu *cpu = (struct x86_cpu *)device;

        if (cpu == NULL) {
            return false;
        }
        pc_cpu_topology(machine->config, i, cpu);
        if (!pc_builtin_realize(machine, device, NULL, error) ||
            !(machine->soft != NULL ? soft_machine_create_cpu(machine, cpu, error)
                                    : kvm_vcpu_create(machine->kvm, i, cpu->apic_id, error))) {
            return false;
        }
        machine->cpus[i] = cpu;
        machine->cpu_count = i + 1;
    }
    return true;
}
