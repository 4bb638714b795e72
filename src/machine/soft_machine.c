/* SPDX-License-Identifier: GPL-2.0-or-later */
/* soft_machine.c - our own CPUs, their APICs and the PC's interrupt and timer chips: made, wired, reset, taken down. */
#include "base/bytes.h"
#include "base/invariant.h"
#include "machine/pc_chips.h"
#include "machine/soft_machine_internal.h"
#include "machine/soft_outside.h"
#include "machine/soft_watch.h"
#include "qom/property.h"
#include "trace/trace_session.h"

STATE_DESCRIBE(soft_machine_desc, struct soft_machine_state, SOFT_MACHINE_FIELDS);

/* ---- what an APIC tells its CPU ---- */

static void apic_set_intr(void *opaque, bool level)
{
    const struct soft_processor *processor = opaque;

    soft_cpu_set_intr(processor->cpu, level);
}

static void apic_nmi(void *opaque)
{
    const struct soft_processor *processor = opaque;

    soft_cpu_nmi(processor->cpu);
}

static void apic_init(void *opaque)
{
    const struct soft_processor *processor = opaque;

    soft_cpu_init(processor->cpu);
}

static void apic_sipi(void *opaque, uint8_t vector)
{
    const struct soft_processor *processor = opaque;

    soft_cpu_sipi(processor->cpu, vector);
}

/* The TSC counts nanoseconds of virtual time. */
static uint64_t apic_tsc_to_ns(void *opaque, uint64_t tsc)
{
    (void)opaque;
    return tsc;
}

static const struct lapic_cpu_ops apic_ops = {
    .set_intr = apic_set_intr,
    .nmi = apic_nmi,
    .init = apic_init,
    .sipi = apic_sipi,
    .tsc_to_ns = apic_tsc_to_ns,
};

/* ---- what a CPU asks ---- */

static int cpu_acknowledge(void *opaque)
{
    const struct soft_processor *processor = opaque;
    struct machine *machine = processor->machine;
    int vector = lapic_acknowledge(processor->lapic);

    if (vector >= 0) {
        soft_watch_access(machine,
                          &(struct payload_access){ .kind = PAYLOAD_ACCESS_INTERRUPT,
                                                    .icount = machine->soft->state.icount +
                                                              soft_cpu_executed(processor->cpu),
                                                    .address = (uint64_t)vector });
    }
    return vector;
}

static void cpu_sync_time(void *opaque, uint64_t executed)
{
    const struct soft_processor *processor = opaque;
    struct machine *machine = processor->machine;
    const struct soft_machine_state *state = &machine->soft->state;

    virtual_clock_advance(&machine->clock,
                          ((state->icount + executed) << SOFT_SHIFT) + state->jumps_ns);
    machine->soft->now_icount = state->icount + executed;
    trace_session_set_time(machine->trace, machine->soft->now_icount, machine->clock.now_ns);
    if (machine->replay != NULL) {
        machine_replay_plant_clock(machine, machine->soft->now_icount);
    }
}

static void watch(const struct soft_processor *processor, enum payload_access_kind kind,
                  uint64_t address, const void *value, unsigned size)
{
    struct machine *machine = processor->machine;

    soft_watch_access(machine, &(struct payload_access){ .kind = kind,
                                                         .icount = machine->soft->now_icount,
                                                         .address = address,
                                                         .value = value,
                                                         .size = size });
}

static void cpu_device_accessed(void *opaque, const struct soft_device_access *access)
{
    enum payload_access_kind kind = access->is_port ? PAYLOAD_ACCESS_IN : PAYLOAD_ACCESS_LOAD;

    watch(opaque, access->is_write ? kind + 1 : kind, access->address, access->bytes, access->size);
}

static uint64_t cpu_read_tsc(void *opaque)
{
    const struct soft_processor *processor = opaque;

    return processor->machine->clock.now_ns;
}

static void watch_msr(const struct soft_processor *processor, enum payload_access_kind kind,
                      uint32_t msr, uint64_t value)
{
    uint8_t bytes[8];

    bytes_store_le64(bytes, value);
    watch(processor, kind, msr, bytes, sizeof(bytes));
}

static bool cpu_read_apic_msr(void *opaque, uint32_t msr, uint64_t *value)
{
    const struct soft_processor *processor = opaque;

    if (!lapic_read_msr(processor->lapic, msr, value)) {
        return false;
    }
    watch_msr(processor, PAYLOAD_ACCESS_RDMSR, msr, *value);
    return true;
}

static bool cpu_write_apic_msr(void *opaque, uint32_t msr, uint64_t value)
{
    const struct soft_processor *processor = opaque;

    if (!lapic_write_msr(processor->lapic, msr, value)) {
        return false;
    }
    watch_msr(processor, PAYLOAD_ACCESS_WRMSR, msr, value);
    return true;
}

static uint64_t cpu_read_cr8(void *opaque)
{
    const struct soft_processor *processor = opaque;

    return lapic_cr8(processor->lapic);
}

static void cpu_write_cr8(void *opaque, uint64_t priority)
{
    const struct soft_processor *processor = opaque;

    lapic_set_cr8(processor->lapic, (uint8_t)priority);
}

/* splitmix64: the same for the same session. */
uint64_t soft_machine_random(struct machine *machine)
{
    uint64_t z = machine->soft->state.random += 0x9e3779b97f4a7c15ull;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

static void cpu_random(void *opaque, void *bytes, uint64_t size)
{
    const struct soft_processor *processor = opaque;
    uint8_t *at = bytes;

    for (uint64_t i = 0; i < size; i += sizeof(uint64_t)) {
        uint64_t z = soft_machine_random(processor->machine);

        memcpy(at + i, &z, MIN(size - i, sizeof(z)));
    }
}

/* ---- making ---- */

bool soft_machine_create(struct machine *machine, GError **error)
{
    struct soft_machine *soft = g_new0(struct soft_machine, 1);
    const struct machine_config *config = machine->config;
    g_autofree char *model = config->cpu_features != NULL
                                 ? g_strconcat(config->cpu_model, ",", config->cpu_features, NULL)
                                 : g_strdup(config->cpu_model);
    struct soft_cluster_options options = {
        .system = machine->memory,
        .memory = machine->memory_space,
        .io = machine->io_space,
        .model = model,
    };

    soft->cluster = soft_cluster_create(&options, error);
    if (soft->cluster == NULL) {
        g_free(soft);
        return false;
    }
    soft->state.quantum_left = SOFT_QUANTUM;
    soft->count = machine->config->cpus_max;
    invariant(soft->count <= SOFT_CPUS_MAX);
    machine->soft = soft;
    soft->watch = soft_watch_create(machine);
    machine->timers.closer = soft_machine_deadline_came_closer;
    machine->timers.closer_opaque = machine;
    return true;
}

void soft_machine_destroy(struct machine *machine)
{
    struct soft_machine *soft = machine->soft;

    if (soft == NULL) {
        return;
    }
    machine->timers.closer = NULL;
    soft_outside_close(machine);
    soft_watch_destroy(soft->watch);
    soft_cluster_destroy(soft->cluster);
    g_free(soft);
    machine->soft = NULL;
}

static bool create_apic(struct machine *machine, struct x86_cpu *cpu, GError **error)
{
    struct soft_processor *processor = &machine->soft->processors[cpu->cpu_index];
    struct device *apic = pc_chips_create_lapic(machine, cpu, &apic_ops, processor, error);

    processor->lapic = apic != NULL ? lapic_of(apic) : NULL;
    return apic != NULL;
}

bool soft_machine_create_cpu(struct machine *machine, struct x86_cpu *cpu, GError **error)
{
    struct soft_processor *processor = &machine->soft->processors[cpu->cpu_index];
    const struct machine_config *config = machine->config;
    struct soft_cpu_options options = {
        .cluster = machine->soft->cluster,
        .index = cpu->apic_id,
        .cpu_count = config->cores * config->threads, /* in a package */
        .callbacks = { .opaque = processor,
                       .acknowledge_interrupt = cpu_acknowledge,
                       .sync_time = cpu_sync_time,
                       .device_accessed = cpu_device_accessed,
                       .read_tsc = cpu_read_tsc,
                       .read_apic_msr = cpu_read_apic_msr,
                       .write_apic_msr = cpu_write_apic_msr,
                       .read_cr8 = cpu_read_cr8,
                       .write_cr8 = cpu_write_cr8,
                       .random = cpu_random },
    };

    invariant(processor->cpu == NULL);
    processor->machine = machine;
    processor->cpu = soft_cpu_create(&options);
    if (!create_apic(machine, cpu, error)) {
        soft_cpu_destroy(processor->cpu);
        processor->cpu = NULL;
        return false;
    }
    return true;
}

void soft_machine_destroy_cpu(struct machine *machine, const struct x86_cpu *cpu)
{
    struct soft_processor *processor = &machine->soft->processors[cpu->cpu_index];

    invariant(machine->soft->running == NULL);
    pc_chips_destroy_lapic(machine, cpu);
    soft_cpu_destroy(processor->cpu);
    *processor = (struct soft_processor){ 0 };
}

void soft_machine_set_a20(struct machine *machine, bool open)
{
    soft_cluster_set_a20(machine->soft->cluster, open);
}

/* ---- registers ---- */

void soft_machine_reset_cpu(struct machine *machine, unsigned index)
{
    soft_cpu_reset(machine->soft->processors[index].cpu);
}

void soft_machine_load(struct machine *machine, unsigned index, const struct x86_state *state)
{
    soft_cpu_load_registers(machine->soft->processors[index].cpu, state);
}

void soft_machine_save(const struct machine *machine, unsigned index, struct x86_state *out_state)
{
    soft_cpu_save_registers(machine->soft->processors[index].cpu, out_state);
}

void soft_machine_ram_changed(struct machine *machine, const void *host, uint64_t bytes)
{
    if (machine->soft != NULL) {
        soft_cluster_ram_changed(machine->soft->cluster, host, bytes);
    }
}

void soft_machine_for_each_state(const struct machine *machine, soft_state_fn visit, void *opaque)
{
    const struct soft_machine *soft = machine->soft;

    if (soft == NULL) {
        return;
    }
    visit(opaque, &soft->state, &soft_machine_desc, "soft");
    for (unsigned i = 0; i < soft->count; i++) {
        g_autofree char *path = g_strdup_printf("cpu%u", i);

        if (soft->processors[i].cpu == NULL) {
            continue;
        }
        visit(opaque, soft_cpu_state(soft->processors[i].cpu), &soft_cpu_state_desc, path);
    }
}

/* current and quantum_left may come from a damaged file. */
void soft_machine_after_load(struct machine *machine)
{
    struct soft_machine *soft = machine->soft;

    if (soft->state.current >= soft->count || soft->state.quantum_left == 0 ||
        soft->state.quantum_left > SOFT_QUANTUM) {
        soft->state.current = 0;
        soft->state.quantum_left = SOFT_QUANTUM;
    }
    for (unsigned i = 0; i < soft->count; i++) {
        if (soft->processors[i].cpu != NULL) {
            soft_cpu_after_load(soft->processors[i].cpu);
        }
    }
}

uint64_t soft_machine_schema(void)
{
    return state_schema_hash(&soft_machine_desc) + 3 * state_schema_hash(&soft_cpu_state_desc);
}
