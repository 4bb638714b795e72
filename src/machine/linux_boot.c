/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linux_boot.c - boots a bzImage without firmware: the ACPI tables that firmware would leave, the kernel, and the state in
 * which the processor enters it. What lies where: hw/firmware/boot_layout.h.
 */
#include "cpu/x86_state.h"
#include "hw/firmware/acpi_tables.h"
#include "hw/firmware/boot_layout.h"
#include "hw/firmware/linux_image.h"
#include "hw/firmware/linux_loader.h"
#include "hw/timer/hpet.h"
#include "machine/machine_internal.h"

bool linux_boot_is_for(GBytes *kernel)
{
    size_t size;
    const uint8_t *bytes = g_bytes_get_data(kernel, &size);

    return linux_image_detect(bytes, size);
}

struct acpi_tables *linux_boot_tables(const struct machine *machine)
{
    const struct machine_config *config = machine->config;
    struct acpi_cpu cpus[MACHINE_CPUS_MAX];
    struct acpi_config acpi = {
        .cpus = cpus,
        .cpu_count = config->cpus_max,
        .below_4g_bytes = machine->below_4g_bytes,
        .above_4g_bytes = machine->above_4g_bytes,
        .device_memory_base = machine->device_memory.base,
        .device_memory_bytes = machine->device_memory.size,
        .memory_slots = config->slots,
        .node_count = machine->numa.count,
        .node_bytes = machine->numa.count > 0 ? machine->numa.bytes : NULL,
        .node_distances = machine->numa.has_distances ? machine->numa.distances : NULL,
        .serial_ports = machine->serial_port_mask,
        .hpet_block_id = machine->chips != NULL ? HPET_EVENT_TIMER_BLOCK_ID : 0,
        .has_i8042 = machine->chips != NULL,
        .pm_base = machine->bios_image != NULL ? ACPI_SEABIOS_PM_BASE : 0,
        .has_fw_cfg = machine->bios_image != NULL,
    };

    for (uint32_t i = 0; i < config->cpus_max; i++) {
        struct x86_cpu place;

        pc_cpu_topology(config, i, &place);
        cpus[i] = (struct acpi_cpu){ .apic_id = place.apic_id,
                                     .node = pc_cpu_node(machine, i),
                                     .present = machine->cpus[i] != NULL };
    }
    return acpi_tables_create(&acpi);
}

static struct x86_segment flat(uint16_t selector, uint32_t type, uint32_t size_bits)
{
    return (struct x86_segment){
        .limit = 0xffffffffu,
        .attributes = type | 1u << 4 | 1u << 7 | size_bits | 1u << 15, /* S, P, G */
        .selector = selector,
    };
}

static void enter(const struct linux_boot *boot, struct x86_state *state)
{
    bool wide = boot->entry == LINUX_ENTRY_64;

    state->rip = boot->rip;
    state->gpr[X86_RSI] = boot->rsi;
    state->gpr[X86_RDX] = 0;
    state->rflags = 2;
    state->cr0 = boot->cr0;
    state->cr3 = boot->cr3;
    state->cr4 = boot->cr4;
    state->efer = boot->efer;
    state->gdt_base = boot->gdt_gpa;
    state->gdt_limit = boot->gdt_limit;
    state->segments[X86_CS] = flat(boot->code_selector, 0xb, wide ? 1u << 13 : 1u << 14);
    for (unsigned i = 0; i < X86_LDTR; i++) {
        if (i != X86_CS) {
            state->segments[i] = flat(boot->data_selector, 0x3, 1u << 14);
        }
    }
}

static bool load(struct machine *machine, struct acpi_tables *tables, struct x86_state *out_state,
                 GError **error)
{
    struct e820_map map;
    struct e820_pc_options ram = {
        .below_4g_bytes = machine->below_4g_bytes,
        .above_4g_bytes = machine->above_4g_bytes,
        .acpi_gpa = acpi_tables_place(tables, machine->below_4g_bytes & ~0xfffull),
        .acpi_bytes = acpi_tables_bytes(tables),
    };
    struct linux_boot_options options = {
        .kernel = machine->kernel_image,
        .initrd = machine->initrd_image,
        .command_line = machine->config->append,
        .map = &map,
        .rsdp_gpa = BOOT_RSDP_GPA,
    };
    struct linux_boot boot;

    e820_map_build_pc(&map, &ram);
    if (!acpi_tables_write(tables, &machine->dma, error) ||
        !linux_boot_load(&options, &machine->dma, &boot, error)) {
        g_prefix_error(error, "-kernel %s: ", machine->config->kernel);
        return false;
    }
    enter(&boot, out_state);
    return true;
}

bool linux_boot(struct machine *machine, struct x86_state *out_state, GError **error)
{
    struct acpi_tables *tables = linux_boot_tables(machine);
    bool ok = load(machine, tables, out_state, error);

    acpi_tables_destroy(tables);
    return ok;
}
