/* SPDX-License-Identifier: GPL-2.0-or-later */
/* acpi_internal.h - what the files of src/hw/acpi share. */
#ifndef REPLUG_HW_ACPI_ACPI_INTERNAL_H
#define REPLUG_HW_ACPI_ACPI_INTERNAL_H

#include "hw/acpi/acpi_device.h"

/* Span acpi_send_event: through the interface of the device that carries the ACPI hardware. */
void acpi_send_event(struct object *device, enum acpi_event_status event);

/* The PC's madt_cpu: a Local APIC entry, or a Local x2APIC one for large ids. */
void pc_madt_cpu_entry(const struct object *device, uint32_t apic_id, bool enabled,
                       GByteArray *madt);

#endif
