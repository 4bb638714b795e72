/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * acpi_tables.h - the PC's ACPI tables (ACPI 6.5 chapter 5): RSDP, RSDT, XSDT, FADT, FACS, MADT,
 * HPET, SRAT, SLIT, DSDT, SSDTs.
 *
 *     tables = acpi_tables_create(&config);
 *   without firmware (boot_layout.h):
 *     gpa = acpi_tables_place(tables, below_4g_bytes);      addresses and checksums are final now
 *     e820_map_build_pc(&map, { .acpi_gpa = gpa, .acpi_bytes = acpi_tables_bytes(tables), ... });
 *     acpi_tables_write(tables, board->dma, &error);        at the first start and at each reset
 *     linux_boot_load({ .rsdp_gpa = BOOT_RSDP_GPA, ... });
 *   with firmware: acpi_tables_add_to_fw_cfg(), never place.
 *
 * Names of devices are QEMU's: \_SB.PCI0 with MHPD, \_SB.MHPC with MP00 to MPFF, \_SB.CPUS,
 * \_GPE._E03.
 */
#ifndef REPLUG_HW_FIRMWARE_ACPI_TABLES_H
#define REPLUG_HW_FIRMWARE_ACPI_TABLES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define ACPI_MEMORY_SLOTS_MAX 256
#define ACPI_SERIAL_PORTS_MAX 4
#define ACPI_SEABIOS_PM_BASE  0x600

struct acpi_tables;
struct device;
struct dma_port;

struct acpi_cpu {
    uint32_t apic_id;
    uint32_t node;
    bool present; /* false: may be plugged later */
};

/* Everything is borrowed for the call only. */
struct acpi_config {
    const struct acpi_cpu *cpus; /* cpu_count of them; index = ACPI processor UID */
    unsigned cpu_count;
    uint64_t below_4g_bytes, above_4g_bytes;
    const uint64_t
        *node_bytes;     /* RAM of each NUMA node, node_count of them; NULL = all in node 0 */
    unsigned node_count; /* 0 = no NUMA; SRAT is there with nodes or with memory_slots */
    /* Between nodes, node_count each from one node: 10 to itself, 255 = out of reach; NULL = no SLIT. */
    const uint8_t *node_distances;
    uint64_t device_memory_base, device_memory_bytes; /* where DIMMs are plugged */
    unsigned memory_slots;            /* at most ACPI_MEMORY_SLOTS_MAX; 0 = no memory hotplug */
    uint64_t pci64_base, pci64_bytes; /* window for 64-bit BARs; bytes 0 = none */
    unsigned serial_ports;            /* bit n: COM(n + 1) is there */
    uint32_t hpet_block_id;           /* low half of the HPET's capability register; 0 = no HPET */
    /* PMBASE of the PIIX4_PM. 0 = 0xb000, where it is without firmware; SeaBIOS 1.16 moves it to
     * ACPI_SEABIOS_PM_BASE. */
    uint16_t pm_base;
    bool has_i8042, has_vga, has_fw_cfg;
};

/*
 * Invariants: at least one processor, slot and serial port counts in range, node_bytes adds up to
 * the RAM.
 */
struct acpi_tables *acpi_tables_create(const struct acpi_config *config);
void acpi_tables_destroy(struct acpi_tables *tables);

/* All tables but the RSDP, in whole pages. */
uint64_t acpi_tables_bytes(const struct acpi_tables *tables);

/* Gives them their place: they end at end_gpa (a multiple of the page), the RSDP is at
 * BOOT_RSDP_GPA. Once; returns their address. */
uint64_t acpi_tables_place(struct acpi_tables *tables, uint64_t end_gpa);

/* Errors: guest memory refused the write (IO). Invariant: they are placed. */
bool acpi_tables_write(const struct acpi_tables *tables, struct dma_port *memory,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* "etc/acpi/rsdp", "etc/acpi/tables" and "etc/table-loader". Invariant: they are not placed. Before the
 * device's realize. */
void acpi_tables_add_to_fw_cfg(const struct acpi_tables *tables, struct device *fw_cfg);

/*
 * The table with this signature, the index-th where there are several (SSDT); NULL = there is none.
 * Borrowed.
 */
const uint8_t *acpi_tables_find(const struct acpi_tables *tables, const char *signature,
                                unsigned index, uint32_t *out_bytes);
/* The RSDP, 36 bytes; borrowed. */
const uint8_t *acpi_tables_rsdp(const struct acpi_tables *tables);

#endif
