/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pc_firmware.c - the PC with firmware (-bios): its ROM, shadow RAM, and fw_cfg with everything it asks for: RAM, processors,
 * ACPI tables, the console, and the kernel that it is to boot.
 *
 * There is no display: firmware's texts go to the first serial port where there is one.
 */
#include <string.h>

#include "base/error.h"
#include "hw/firmware/acpi_tables.h"
#include "hw/firmware/fw_cfg.h"
#include "hw/firmware/fw_cfg_pc.h"
#include "hw/pci/pci.h"
#include "machine/machine_internal.h"

#define BIOS_PRIORITY   1
#define COM1_PORT       0x3f8
#define HIGH_MEMORY_MAX 0x40000u /* SeaBIOS's own, below the end of low RAM */
#define UUID_BYTES      16u

/* "8-4-4-4-12": the first three numbers are little-endian (SMBIOS 2.6, 7.2.1). */
static bool uuid_bytes(const char *text, uint8_t out_uuid[UUID_BYTES])
{
    static const uint8_t order[UUID_BYTES] = {
        3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15
    };
    unsigned count = 0;

    if (text == NULL) {
        return false;
    }
    for (; *text != '\0' && count < UUID_BYTES; text++) {
        if (*text != '-') {
            out_uuid[order[count++]] =
                (uint8_t)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));
            text++;
        }
    }
    return count == UUID_BYTES;
}

static void add_pc(struct machine *machine, struct device *fw_cfg)
{
    const struct machine_config *config = machine->config;
    const struct device_memory *dimms = &machine->device_memory;
    uint8_t uuid[UUID_BYTES];
    struct fw_cfg_pc_options options = {
        .below_4g_bytes = machine->below_4g_bytes,
        .above_4g_bytes = machine->above_4g_bytes,
        .device_memory_end = dimms->size != 0 ? dimms->base + dimms->size : 0,
        .cpu_count = (uint16_t)config->cpus,
        .cpus_max = (uint16_t)config->cpus_max,
        .uuid = uuid_bytes(config->uuid, uuid) ? uuid : NULL,
        .boot_menu = config->boot_menu,
        .serial_console = (machine->serial_port_mask & 1) != 0 ? COM1_PORT : 0,
        .boot_order = machine->kernel_image != NULL ? FW_CFG_LINUX_BOOT_ORDER : NULL,
    };

    fw_cfg_add_pc(fw_cfg, &options);
}

static bool add_kernel(struct machine *machine, struct device *fw_cfg, uint64_t tables_bytes,
                       GError **error)
{
    struct linux_fw_cfg_options options = {
        .kernel = machine->kernel_image,
        .initrd = machine->initrd_image,
        .command_line = machine->config->append,
        .below_4g_bytes = machine->below_4g_bytes,
        .reserved_bytes = HIGH_MEMORY_MAX + tables_bytes,
    };

    if (machine->kernel_image == NULL) {
        return true;
    }
    if (!linux_boot_is_for(machine->kernel_image)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "-kernel %s: with -bios only a Linux bzImage can be booted",
                    machine->config->kernel);
        return false;
    }
    if (!fw_cfg_add_linux(fw_cfg, &options, error)) {
        g_prefix_error(error, "-kernel %s: ", machine->config->kernel);
        return false;
    }
    return true;
}

static bool create_fw_cfg(struct machine *machine, GError **error)
{
    struct device *fw_cfg =
        pc_builtin_create(machine, TYPE_FW_CFG_IO, machine->machine_object, "fw_cfg", error);
    struct acpi_tables *tables;
    bool ok;

    if (fw_cfg == NULL) {
        return false;
    }
    tables = linux_boot_tables(machine);
    add_pc(machine, fw_cfg);
    acpi_tables_add_to_fw_cfg(tables, fw_cfg);
    ok = add_kernel(machine, fw_cfg, acpi_tables_bytes(tables), error) &&
         pc_builtin_realize(machine, fw_cfg, NULL, error);
    acpi_tables_destroy(tables);
    return ok;
}

bool pc_firmware_create(struct machine *machine, GError **error)
{
    struct pci_bus *bus = i440fx_pci_bus(machine->pci_host);

    if (machine->bios_image == NULL) {
        return true;
    }
    if (!bios_rom_init(&machine->bios, bus->memory, BIOS_PRIORITY, machine->bios_image,
                       &machine->faults, error)) {
        g_prefix_error(error, "-bios %s: ", machine->config->bios);
        return false;
    }
    i440fx_connect_shadow_ram(machine->pci_host, machine->ram_source);
    return create_fw_cfg(machine, error);
}

void pc_firmware_destroy(struct machine *machine)
{
    bios_rom_fini(&machine->bios);
}
