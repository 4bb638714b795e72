/* SPDX-License-Identifier: GPL-2.0-or-later */
/* acpi_pci_slots.c - one device for each slot of bus pci.0 that may be plugged, and the method that notifies it. */
#include "hw/firmware/firmware_internal.h"

#define SSDT_REVISION 2u
#define FIRST_SLOT    2u /* 0 has the host bridge, 1 the south bridge */
#define SLOT_COUNT    32u

static void slot_name(char name[5], unsigned slot)
{
    (void)g_snprintf(name, 5, "S%02X", slot << 3);
}

static void add_slot(struct aml *aml, unsigned slot)
{
    char name[5];

    slot_name(name, slot);
    aml_begin_device(aml, name);
    aml_name(aml, "_ADR");
    aml_integer(aml, (uint64_t)slot << 16);
    aml_name(aml, "_SUN");
    aml_integer(aml, slot);
    aml_begin_method(aml, "_EJ0", 1, false);
    aml_call(aml, "PCEJ");
    aml_integer(aml, slot);
    aml_end(aml);
    aml_end(aml);
}

void acpi_add_pci_slots(struct acpi_tables *tables)
{
    uint32_t start;
    GByteArray *bytes;
    struct aml aml;

    start = acpi_begin_table(tables, "SSDT", SSDT_REVISION);
    aml_init(&aml);
    aml_begin_scope(&aml, "\\_SB.PCI0");
    for (unsigned slot = FIRST_SLOT; slot < SLOT_COUNT; slot++) {
        add_slot(&aml, slot);
    }
    aml_begin_method(&aml, "PNTF", 2, false);
    for (unsigned slot = FIRST_SLOT; slot < SLOT_COUNT; slot++) {
        char name[5];

        slot_name(name, slot);
        aml_begin_if_argument_equals(&aml, 0, slot);
        aml_notify(&aml, name);
        aml_argument(&aml, 1);
        aml_end(&aml);
    }
    aml_end(&aml);
    aml_end(&aml);
    bytes = aml_finish(&aml);
    g_byte_array_append(tables->tables, bytes->data, bytes->len);
    g_byte_array_unref(bytes);
    acpi_end_table(tables, start, ACPI_LISTED);
    (void)acpi_add_compiled(tables, acpi_pci_slots_aml, ACPI_LISTED);
}
