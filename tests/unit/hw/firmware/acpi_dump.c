/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * acpi_dump.c - writes the tables of a configuration as files: acpi_dump FOLDER SLOTS. With "few"
 * things (0 slots: one processor, nothing optional) or all of them.
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "hw/firmware/acpi_tables.h"

#define GIB  0x40000000ull
#define CPUS 8u

static bool dump(const char *folder, const char *name, const uint8_t *table, size_t bytes)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    return g_file_set_contents(path, (const char *)table, (gssize)bytes, NULL);
}

static bool dump_all(const char *folder, const struct acpi_tables *tables)
{
    static const char *const signatures[] = { "FACS", "DSDT", "FACP", "SSDT", "APIC",
                                              "HPET", "SRAT", "SLIT", "RSDT", "XSDT" };

    for (unsigned i = 0; i < G_N_ELEMENTS(signatures); i++) {
        const uint8_t *table;
        uint32_t bytes;

        for (unsigned n = 0; (table = acpi_tables_find(tables, signatures[i], n, &bytes)); n++) {
            g_autofree char *name = g_strdup_printf("%s%u.aml", signatures[i], n);

            if (!dump(folder, name, table, bytes)) {
                return false;
            }
        }
    }
    return dump(folder, "RSDP.bin", acpi_tables_rsdp(tables), 36);
}

int main(int argc, char **argv)
{
    struct acpi_cpu cpus[CPUS];
    const uint64_t nodes[] = { 2 * GIB, 6 * GIB };
    const uint8_t distances[] = { 10, 20, 21, 10 };
    struct acpi_config config = {
        .cpus = cpus, .cpu_count = 1, .below_4g_bytes = 3 * GIB, .above_4g_bytes = 5 * GIB
    };
    struct acpi_tables *tables;
    bool ok;

    if (argc != 3) {
        (void)fprintf(stderr, "usage: acpi_dump FOLDER SLOTS\n");
        return 2;
    }
    for (unsigned i = 0; i < CPUS; i++) {
        cpus[i] = (struct acpi_cpu){ .apic_id = i == CPUS - 1 ? 300 : i,
                                     .node = i & 1,
                                     .present = i < 6 };
    }
    config.memory_slots = (unsigned)strtoul(argv[2], NULL, 0);
    if (config.memory_slots > 0) {
        config.cpu_count = CPUS;
        config.node_count = 2;
        config.node_bytes = nodes;
        config.node_distances = distances;
        config.device_memory_base = 16 * GIB;
        config.device_memory_bytes = 256 * GIB;
        config.pci64_base = 0x8000000000;
        config.pci64_bytes = 0x8000000000;
        config.serial_ports = 0xf;
        config.hpet_block_id = 0x8086a201;
        config.has_i8042 = true;
        config.has_fw_cfg = true;
    }
    tables = acpi_tables_create(&config);
    (void)acpi_tables_place(tables, config.below_4g_bytes);
    ok = dump_all(argv[1], tables);
    acpi_tables_destroy(tables);
    return ok ? 0 : 1;
}
