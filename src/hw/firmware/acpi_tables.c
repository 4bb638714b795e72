/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * acpi_tables.c - the set of tables, and those that describe the fixed hardware: FACS, FADT, HPET,
 * and the roots RSDT, XSDT, RSDP.
 */
#include "hw/firmware/acpi_tables.h"

#include "base/bytes.h"
#include "base/invariant.h"
#include "hw/firmware/boot_layout.h"
#include "hw/firmware/firmware_internal.h"

#define FACS_BYTES    64u
#define FACS_VERSION  2u
#define FADT_REVISION 6u
#define FADT_BYTES    276u
#define RSDP_BYTES_V1 20u
#define RSDP_BYTES    36u

/* Where hw/acpi has the fixed hardware (piix4_pm.h). */
#define SCI_IRQ           9u
#define SMI_CMD_PORT      0xb2u
#define ACPI_ENABLE       0xf1u
#define ACPI_DISABLE      0xf0u
#define PM_BASE           0xb000u
#define PM1A_CONTROL      4u /* from there on */
#define PM_TIMER          8u
#define GPE0_PORT         0xafe0u
#define RESET_PORT        0xcf9u
#define RESET_VALUE       0x06u
#define RTC_CENTURY_INDEX 0x32u
#define LATENCY_NO_C2     0xfffu /* more than 100 us: there is no C2 (ACPI 6.5 §5.2.9) */
#define LATENCY_NO_C3     0xfffu /* more than 1000 us */

/* Offsets in the FADT (ACPI 6.5 table 5.9). */
enum fadt_offset {
    FADT_FACS = 36,
    FADT_DSDT = 40,
    FADT_SCI = 46,
    FADT_SMI_CMD = 48,
    FADT_ACPI_ENABLE = 52,
    FADT_ACPI_DISABLE = 53,
    FADT_PM1A_EVENT = 56,
    FADT_PM1A_CONTROL = 64,
    FADT_PM_TIMER = 76,
    FADT_GPE0 = 80,
    FADT_PM1_EVENT_LENGTH = 88,
    FADT_PM1_CONTROL_LENGTH = 89,
    FADT_PM_TIMER_LENGTH = 91,
    FADT_GPE0_LENGTH = 92,
    FADT_C2_LATENCY = 96,
    FADT_C3_LATENCY = 98,
    FADT_CENTURY = 108,
    FADT_BOOT_ARCH = 109,
    FADT_FLAGS = 112,
    FADT_RESET_REGISTER = 116,
    FADT_RESET_VALUE = 128,
    FADT_X_FACS = 132,
    FADT_X_DSDT = 140,
    FADT_X_PM1A_EVENT = 148,
    FADT_X_PM1A_CONTROL = 172,
    FADT_X_PM_TIMER = 208,
    FADT_X_GPE0 = 220,
};

enum fadt_boot_arch {
    BOOT_ARCH_LEGACY_DEVICES = 1 << 0,
    BOOT_ARCH_8042 = 1 << 1,
    BOOT_ARCH_NO_VGA = 1 << 2,
};

enum fadt_flag {
    FADT_FLAG_WBINVD = 1 << 0,
    FADT_FLAG_PROC_C1 = 1 << 2,
    FADT_FLAG_NO_FIXED_SLEEP_BUTTON = 1 << 5,
    FADT_FLAG_RTC_S4 = 1 << 7,
    FADT_FLAG_RESET_REGISTER = 1 << 10,
};

enum access_size { ACCESS_BYTE = 1, ACCESS_WORD = 2, ACCESS_DWORD = 3 };

/* A generic address structure in the system's ports (ACPI 6.5 §5.2.3.2). */
static void store_port(uint8_t *at, uint32_t port, unsigned bits, enum access_size access)
{
    at[0] = 1; /* system I/O */
    at[1] = (uint8_t)bits;
    at[2] = 0;
    at[3] = (uint8_t)access;
    bytes_store_le64(at + 4, port);
}

/* First of all: at offset 0 it has the alignment of 64 that it needs wherever the tables go. */
static uint32_t add_facs(struct acpi_tables *tables)
{
    GByteArray *bytes = tables->tables;
    uint32_t start = bytes->len;

    invariant(start == 0);
    g_array_append_val(tables->starts, start);
    g_byte_array_append(bytes, (const guint8 *)"FACS", 4);
    acpi_put(bytes, FACS_BYTES, 4);
    for (unsigned i = 8; i < FACS_BYTES; i++) {
        acpi_put(bytes, i == 32 ? FACS_VERSION : 0, 1);
    }
    return start;
}

static void fill_fadt_fixed(uint8_t *fadt, const struct acpi_config *config)
{
    unsigned boot_arch = BOOT_ARCH_LEGACY_DEVICES | (config->has_i8042 ? BOOT_ARCH_8042 : 0) |
                         (config->has_vga ? 0 : BOOT_ARCH_NO_VGA);
    uint32_t pm_base = config->pm_base != 0 ? config->pm_base : PM_BASE;

    bytes_store_le16(fadt + FADT_SCI, SCI_IRQ);
    bytes_store_le32(fadt + FADT_SMI_CMD, SMI_CMD_PORT);
    fadt[FADT_ACPI_ENABLE] = ACPI_ENABLE;
    fadt[FADT_ACPI_DISABLE] = ACPI_DISABLE;
    bytes_store_le32(fadt + FADT_PM1A_EVENT, pm_base);
    bytes_store_le32(fadt + FADT_PM1A_CONTROL, pm_base + PM1A_CONTROL);
    bytes_store_le32(fadt + FADT_PM_TIMER, pm_base + PM_TIMER);
    bytes_store_le32(fadt + FADT_GPE0, GPE0_PORT);
    fadt[FADT_PM1_EVENT_LENGTH] = 4;
    fadt[FADT_PM1_CONTROL_LENGTH] = 2;
    fadt[FADT_PM_TIMER_LENGTH] = 4;
    fadt[FADT_GPE0_LENGTH] = 4;
    bytes_store_le16(fadt + FADT_C2_LATENCY, LATENCY_NO_C2);
    bytes_store_le16(fadt + FADT_C3_LATENCY, LATENCY_NO_C3);
    fadt[FADT_CENTURY] = RTC_CENTURY_INDEX;
    bytes_store_le16(fadt + FADT_BOOT_ARCH, (uint16_t)boot_arch);
    bytes_store_le32(fadt + FADT_FLAGS, FADT_FLAG_WBINVD | FADT_FLAG_PROC_C1 |
                                            FADT_FLAG_NO_FIXED_SLEEP_BUTTON | FADT_FLAG_RTC_S4 |
                                            FADT_FLAG_RESET_REGISTER);
    store_port(fadt + FADT_RESET_REGISTER, RESET_PORT, 8, ACCESS_BYTE);
    fadt[FADT_RESET_VALUE] = RESET_VALUE;
    store_port(fadt + FADT_X_PM1A_EVENT, pm_base, 32, ACCESS_WORD);
    store_port(fadt + FADT_X_PM1A_CONTROL, pm_base + PM1A_CONTROL, 16, ACCESS_WORD);
    store_port(fadt + FADT_X_PM_TIMER, pm_base + PM_TIMER, 32, ACCESS_DWORD);
    store_port(fadt + FADT_X_GPE0, GPE0_PORT, 32, ACCESS_BYTE);
}

static void add_fadt(struct acpi_tables *tables, const struct acpi_config *config, uint32_t facs,
                     uint32_t dsdt)
{
    uint32_t start = acpi_begin_table(tables, "FACP", FADT_REVISION);

    while (tables->tables->len - start < FADT_BYTES) {
        acpi_put(tables->tables, 0, 1);
    }
    fill_fadt_fixed(tables->tables->data + start, config);
    acpi_set_pointer(tables, ACPI_BLOB_TABLES, start + FADT_FACS, 4, facs);
    acpi_set_pointer(tables, ACPI_BLOB_TABLES, start + FADT_DSDT, 4, dsdt);
    acpi_set_pointer(tables, ACPI_BLOB_TABLES, start + FADT_X_FACS, 8, facs);
    acpi_set_pointer(tables, ACPI_BLOB_TABLES, start + FADT_X_DSDT, 8, dsdt);
    acpi_end_table(tables, start, ACPI_LISTED);
}

/* IA-PC HPET specification 1.0a, section 3.2.4. */
static void add_hpet(struct acpi_tables *tables, const struct acpi_config *config)
{
    uint32_t start;

    if (config->hpet_block_id == 0) {
        return;
    }
    start = acpi_begin_table(tables, "HPET", 1);
    acpi_put(tables->tables, config->hpet_block_id, 4);
    acpi_put(tables->tables, 0, 4); /* memory, width and offset as the block has them */
    acpi_put(tables->tables, BOOT_HPET_GPA, 8);
    acpi_put(tables->tables, 0, 1); /* number */
    acpi_put(tables->tables, 0, 2); /* no periodic tick is too short */
    acpi_put(tables->tables, 0, 1);
    acpi_end_table(tables, start, ACPI_LISTED);
}

/* RSDT (entries of 4 bytes) or XSDT (8): all tables that are listed so far. */
static uint32_t add_root(struct acpi_tables *tables, const char *signature, unsigned entry_size)
{
    uint32_t start = acpi_begin_table(tables, signature, 1);

    for (guint i = 0; i < tables->roots->len; i++) {
        uint32_t at = tables->tables->len;

        acpi_put(tables->tables, 0, entry_size);
        acpi_set_pointer(tables, ACPI_BLOB_TABLES, at, entry_size,
                         g_array_index(tables->roots, uint32_t, i));
    }
    acpi_end_table(tables, start, !ACPI_LISTED);
    return start;
}

static void add_rsdp(struct acpi_tables *tables, uint32_t rsdt, uint32_t xsdt)
{
    GByteArray *bytes = tables->rsdp;

    g_byte_array_append(bytes, (const guint8 *)"RSD PTR ", 8);
    acpi_put(bytes, 0, 1); /* checksum of the first 20 bytes */
    g_byte_array_append(bytes, (const guint8 *)"REPLUG", 6);
    acpi_put(bytes, 2, 1); /* revision */
    acpi_put(bytes, 0, 4);
    acpi_put(bytes, RSDP_BYTES, 4);
    acpi_put(bytes, 0, 8);
    acpi_put(bytes, 0, 4); /* extended checksum, reserved */
    invariant(bytes->len == RSDP_BYTES);
    acpi_set_pointer(tables, ACPI_BLOB_RSDP, 16, 4, rsdt);
    acpi_set_pointer(tables, ACPI_BLOB_RSDP, 24, 8, xsdt);
    acpi_add_checksum(tables, ACPI_BLOB_RSDP, 8, 0, RSDP_BYTES_V1);
    acpi_add_checksum(tables, ACPI_BLOB_RSDP, 32, 0, RSDP_BYTES);
}

struct acpi_tables *acpi_tables_create(const struct acpi_config *config)
{
    struct acpi_tables *tables = g_new0(struct acpi_tables, 1);
    uint32_t facs, dsdt, rsdt, xsdt;

    invariant(config->cpu_count > 0);
    invariant(config->memory_slots <= ACPI_MEMORY_SLOTS_MAX);
    invariant(config->serial_ports < 1u << ACPI_SERIAL_PORTS_MAX);
    tables->rsdp = g_byte_array_new();
    tables->tables = g_byte_array_new();
    tables->pointers = g_array_new(FALSE, FALSE, sizeof(struct acpi_pointer));
    tables->checksums = g_array_new(FALSE, FALSE, sizeof(struct acpi_checksum));
    tables->roots = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    tables->starts = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    facs = add_facs(tables);
    dsdt = acpi_add_compiled(tables, acpi_dsdt_aml, !ACPI_LISTED);
    add_fadt(tables, config, facs, dsdt);
    if (config->memory_slots > 0) {
        (void)acpi_add_compiled(tables, acpi_memory_slots_aml, ACPI_LISTED);
    }
    (void)acpi_add_compiled(tables, acpi_cpu_hotplug_aml, ACPI_LISTED);
    acpi_add_ssdt(tables, config);
    acpi_add_pci_slots(tables);
    acpi_add_madt(tables, config);
    add_hpet(tables, config);
    acpi_add_srat(tables, config);
    acpi_add_slit(tables, config);
    rsdt = add_root(tables, "RSDT", 4);
    xsdt = add_root(tables, "XSDT", 8);
    add_rsdp(tables, rsdt, xsdt);
    return tables;
}

void acpi_tables_destroy(struct acpi_tables *tables)
{
    if (tables == NULL) {
        return;
    }
    g_byte_array_unref(tables->rsdp);
    g_byte_array_unref(tables->tables);
    g_array_unref(tables->pointers);
    g_array_unref(tables->checksums);
    g_array_unref(tables->roots);
    g_array_unref(tables->starts);
    g_free(tables);
}
