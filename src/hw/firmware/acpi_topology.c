/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * acpi_topology.c - processors, interrupt controllers and memory nodes: MADT (ACPI 6.5 §5.2.12),
 * SRAT (§5.2.16) and SLIT (§5.2.17).
 */
#include "base/invariant.h"
#include "hw/firmware/boot_layout.h"
#include "hw/firmware/firmware_internal.h"

#define MADT_REVISION         3u
#define MADT_PCAT_COMPAT      1u /* there are 8259s too */
#define CPU_ENABLED           1u
#define X2APIC_ID_FIRST       255u /* what an xAPIC entry can't hold */
#define UID_ALL_8BIT          0xffu
#define UID_ALL_32BIT         0xffffffffu
#define INTERRUPT_BUS_DEFAULT 0u
#define ACTIVE_HIGH_LEVEL     0x0du
#define LINT_NMI              1u

enum madt_type {
    MADT_LAPIC = 0,
    MADT_IOAPIC = 1,
    MADT_SOURCE_OVERRIDE = 2,
    MADT_LAPIC_NMI = 4,
    MADT_X2APIC = 9,
    MADT_X2APIC_NMI = 10,
};

#define SRAT_REVISION         3u
#define AFFINITY_ENABLED      1u
#define AFFINITY_HOTPLUGGABLE 2u

#define SLIT_REVISION 1u

enum srat_type { SRAT_LAPIC = 0, SRAT_MEMORY = 1, SRAT_X2APIC = 2 };

/* ---- MADT ---- */

void acpi_put_madt_cpu(GByteArray *out, unsigned uid, const struct acpi_cpu *cpu)
{
    uint32_t flags = cpu->present ? CPU_ENABLED : 0;

    if (cpu->apic_id < X2APIC_ID_FIRST) {
        acpi_put(out, MADT_LAPIC, 1);
        acpi_put(out, 8, 1);
        acpi_put(out, uid, 1);
        acpi_put(out, cpu->apic_id, 1);
        acpi_put(out, flags, 4);
    } else {
        acpi_put(out, MADT_X2APIC, 1);
        acpi_put(out, 16, 1);
        acpi_put(out, 0, 2);
        acpi_put(out, cpu->apic_id, 4);
        acpi_put(out, flags, 4);
        acpi_put(out, uid, 4);
    }
}

static void add_override(GByteArray *out, unsigned irq, unsigned gsi, unsigned flags)
{
    acpi_put(out, MADT_SOURCE_OVERRIDE, 1);
    acpi_put(out, 10, 1);
    acpi_put(out, 0, 1); /* ISA */
    acpi_put(out, irq, 1);
    acpi_put(out, gsi, 4);
    acpi_put(out, flags, 2);
}

static void add_nmi(GByteArray *out, bool x2apic)
{
    acpi_put(out, x2apic ? MADT_X2APIC_NMI : MADT_LAPIC_NMI, 1);
    acpi_put(out, x2apic ? 12 : 6, 1);
    if (!x2apic) {
        acpi_put(out, UID_ALL_8BIT, 1);
    }
    acpi_put(out, INTERRUPT_BUS_DEFAULT, 2);
    if (x2apic) {
        acpi_put(out, UID_ALL_32BIT, 4);
    }
    acpi_put(out, LINT_NMI, 1);
    if (x2apic) {
        acpi_put(out, 0, 3);
    }
}

void acpi_add_madt(struct acpi_tables *tables, const struct acpi_config *config)
{
    /* PCI interrupts and the SCI: level triggered although they are ISA's numbers. */
    static const unsigned level_irqs[] = { 5, 9, 10, 11 };
    uint32_t start = acpi_begin_table(tables, "APIC", MADT_REVISION);
    GByteArray *out = tables->tables;
    bool has_x2apic = false;

    acpi_put(out, BOOT_LAPIC_GPA, 4);
    acpi_put(out, MADT_PCAT_COMPAT, 4);
    for (unsigned i = 0; i < config->cpu_count; i++) {
        acpi_put_madt_cpu(out, i, &config->cpus[i]);
        has_x2apic = has_x2apic || config->cpus[i].apic_id >= X2APIC_ID_FIRST;
    }
    acpi_put(out, MADT_IOAPIC, 1);
    acpi_put(out, 12, 1);
    acpi_put(out, 0, 2); /* ID 0 */
    acpi_put(out, BOOT_IOAPIC_GPA, 4);
    acpi_put(out, 0, 4); /* first GSI */
    add_override(out, 0, 2, INTERRUPT_BUS_DEFAULT);
    for (unsigned i = 0; i < G_N_ELEMENTS(level_irqs); i++) {
        add_override(out, level_irqs[i], level_irqs[i], ACTIVE_HIGH_LEVEL);
    }
    add_nmi(out, false);
    if (has_x2apic) {
        add_nmi(out, true);
    }
    acpi_end_table(tables, start, ACPI_LISTED);
}

/* ---- SRAT ---- */

static void add_cpu_affinity(GByteArray *out, const struct acpi_cpu *cpu)
{
    if (cpu->apic_id < X2APIC_ID_FIRST) {
        acpi_put(out, SRAT_LAPIC, 1);
        acpi_put(out, 16, 1);
        acpi_put(out, cpu->node & 0xff, 1);
        acpi_put(out, cpu->apic_id, 1);
        acpi_put(out, AFFINITY_ENABLED, 4);
        acpi_put(out, 0, 1);
        acpi_put(out, cpu->node >> 8, 3);
        acpi_put(out, 0, 4); /* clock domain */
    } else {
        acpi_put(out, SRAT_X2APIC, 1);
        acpi_put(out, 24, 1);
        acpi_put(out, 0, 2);
        acpi_put(out, cpu->node, 4);
        acpi_put(out, cpu->apic_id, 4);
        acpi_put(out, AFFINITY_ENABLED, 4);
        acpi_put(out, 0, 8);
    }
}

static void add_memory_affinity(GByteArray *out, uint64_t base, uint64_t end, unsigned node,
                                unsigned flags)
{
    if (base >= end) {
        return;
    }
    acpi_put(out, SRAT_MEMORY, 1);
    acpi_put(out, 40, 1);
    acpi_put(out, node, 4);
    acpi_put(out, 0, 2);
    acpi_put(out, base, 8);
    acpi_put(out, end - base, 8);
    acpi_put(out, 0, 4);
    acpi_put(out, flags, 4);
    acpi_put(out, 0, 8);
}

/*
 * A node's RAM: the part of [first, last) of all RAM that falls into [base, end) of the guest's
 * addresses.
 */
static void add_part(GByteArray *out, uint64_t first, uint64_t last, uint64_t ram_offset,
                     uint64_t base, uint64_t end, unsigned node)
{
    uint64_t shift = base - ram_offset;
    uint64_t from = MAX(first, ram_offset);
    uint64_t to = MIN(last, ram_offset + (end - base));

    if (from < to) {
        add_memory_affinity(out, from + shift, to + shift, node, AFFINITY_ENABLED);
    }
}

static void add_node(GByteArray *out, const struct acpi_config *config, uint64_t first,
                     uint64_t bytes, unsigned node)
{
    uint64_t below = config->below_4g_bytes;

    add_part(out, first, first + bytes, 0, 0, MIN(below, (uint64_t)BOOT_LOW_RAM_END), node);
    if (below > BOOT_HIGH_RAM_GPA) {
        add_part(out, first, first + bytes, BOOT_HIGH_RAM_GPA, BOOT_HIGH_RAM_GPA, below, node);
    }
    add_part(out, first, first + bytes, below, BOOT_FOUR_GIB,
             BOOT_FOUR_GIB + config->above_4g_bytes, node);
}

static void add_memory(GByteArray *out, const struct acpi_config *config)
{
    uint64_t ram = config->below_4g_bytes + config->above_4g_bytes;
    uint64_t first = 0;

    if (config->node_bytes == NULL) {
        add_node(out, config, 0, ram, 0);
        return;
    }
    for (unsigned node = 0; node < config->node_count; node++) {
        add_node(out, config, first, config->node_bytes[node], node);
        first += config->node_bytes[node];
    }
    invariant(first == ram);
}

void acpi_add_srat(struct acpi_tables *tables, const struct acpi_config *config)
{
    GByteArray *out = tables->tables;
    uint32_t start;

    if (config->node_count == 0 && config->memory_slots == 0) {
        return;
    }
    start = acpi_begin_table(tables, "SRAT", SRAT_REVISION);
    acpi_put(out, 1, 4); /* reserved, 1 for compatibility */
    acpi_put(out, 0, 8);
    for (unsigned i = 0; i < config->cpu_count; i++) {
        add_cpu_affinity(out, &config->cpus[i]);
    }
    add_memory(out, config);
    /* So that the operating system prepares for addresses that are empty yet. */
    if (config->memory_slots > 0) {
        add_memory_affinity(out, config->device_memory_base,
                            config->device_memory_base + config->device_memory_bytes,
                            config->node_count > 0 ? config->node_count - 1 : 0,
                            AFFINITY_ENABLED | AFFINITY_HOTPLUGGABLE);
    }
    acpi_end_table(tables, start, ACPI_LISTED);
}

/* ---- SLIT ---- */

void acpi_add_slit(struct acpi_tables *tables, const struct acpi_config *config)
{
    uint32_t start;

    if (config->node_distances == NULL) {
        return;
    }
    start = acpi_begin_table(tables, "SLIT", SLIT_REVISION);
    acpi_put(tables->tables, config->node_count, 8);
    for (unsigned i = 0; i < config->node_count * config->node_count; i++) {
        acpi_put(tables->tables, config->node_distances[i], 1);
    }
    acpi_end_table(tables, start, ACPI_LISTED);
}
