/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firmware_internal.h - ACPI tables under construction: bytes, and where in them addresses and
 * checksums belong, so that one set serves a place known now and a place that firmware chooses;
 * what the build generates.
 */
#ifndef REPLUG_HW_FIRMWARE_FIRMWARE_INTERNAL_H
#define REPLUG_HW_FIRMWARE_FIRMWARE_INTERNAL_H

#include "hw/firmware/acpi_tables.h"
#include "hw/firmware/aml.h"

enum acpi_blob {
    ACPI_BLOB_RSDP,   /* "etc/acpi/rsdp" */
    ACPI_BLOB_TABLES, /* "etc/acpi/tables" */
};

/* size bytes at offset hold an offset into the tables; the tables' address is to be added. */
struct acpi_pointer {
    enum acpi_blob blob;
    uint32_t offset;
    uint32_t size;
};

/* The byte at offset makes the sum of [start, start + bytes) 0. */
struct acpi_checksum {
    enum acpi_blob blob;
    uint32_t offset;
    uint32_t start;
    uint32_t bytes;
};

struct acpi_tables {
    GByteArray *rsdp;
    GByteArray *tables;
    GArray *pointers;  /* struct acpi_pointer, in an order that firmware can follow */
    GArray *checksums; /* struct acpi_checksum: after all pointers of their range */
    GArray *roots;     /* uint32_t: offsets of the tables that RSDT and XSDT list */
    GArray *starts;    /* uint32_t: offsets of all tables, in order */
    uint64_t gpa;      /* 0 = not placed */
};

#define ACPI_HEADER_BYTES    36u
#define ACPI_OFFSET_LENGTH   4u
#define ACPI_OFFSET_CHECKSUM 9u
#define ACPI_LISTED          true /* by RSDT and XSDT */

/* ---- acpi_builder.c ---- */

/* Starts a table behind the last; gives its offset. */
uint32_t acpi_begin_table(struct acpi_tables *tables, const char *signature, unsigned revision);
/* Its length and checksum. */
void acpi_end_table(struct acpi_tables *tables, uint32_t start, bool listed);
/* A whole table as the ASL compiler made it. */
uint32_t acpi_add_compiled(struct acpi_tables *tables, const uint8_t *table, bool listed);
/* size bytes at offset of the tables become the address of target (an offset). */
void acpi_set_pointer(struct acpi_tables *tables, enum acpi_blob blob, uint32_t offset,
                      uint32_t size, uint32_t target);
void acpi_add_checksum(struct acpi_tables *tables, enum acpi_blob blob, uint32_t offset,
                       uint32_t start, uint32_t bytes);
GByteArray *acpi_blob_bytes(const struct acpi_tables *tables, enum acpi_blob blob);

/* Appends a little-endian number. */
void acpi_put(GByteArray *bytes, uint64_t value, unsigned size);

/* ---- acpi_topology.c ---- */
void acpi_add_madt(struct acpi_tables *tables, const struct acpi_config *config);
void acpi_add_srat(struct acpi_tables *tables, const struct acpi_config *config);
void acpi_add_slit(struct acpi_tables *tables, const struct acpi_config *config);

/* ---- acpi_ssdt.c ---- */
void acpi_add_ssdt(struct acpi_tables *tables, const struct acpi_config *config);

/* Appends the processor's MADT entry. */
void acpi_put_madt_cpu(GByteArray *out, unsigned uid, const struct acpi_cpu *cpu);

/* ---- acpi_pci_slots.c ---- */
/* The slots' devices, then the table of their registers and methods. */
void acpi_add_pci_slots(struct acpi_tables *tables);

/* ---- acpi_aml.c: generated from the .asl files ---- */
extern const uint8_t acpi_dsdt_aml[], acpi_memory_slots_aml[], acpi_cpu_hotplug_aml[],
    acpi_pci_slots_aml[];

/* ---- linuxboot_rom.c: generated from linuxboot.S ---- */
extern const uint8_t linuxboot_rom[];
extern const size_t linuxboot_rom_bytes;

#endif
