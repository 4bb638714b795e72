/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * acpi_device.h - interface "acpi-device-if": what the rest of the machine asks of the device that
 * carries the ACPI hardware.
 */
#ifndef REPLUG_HW_ACPI_ACPI_DEVICE_H
#define REPLUG_HW_ACPI_ACPI_DEVICE_H

#include "qom/object.h"

#define TYPE_ACPI_DEVICE_IF "acpi-device-if"

struct json_object;

/* GPE0 status bits, as QEMU's DSDT uses them. */
enum acpi_event_status {
    ACPI_PCI_HOTPLUG_STATUS = 1 << 1,
    ACPI_CPU_HOTPLUG_STATUS = 1 << 2,
    ACPI_MEMORY_HOTPLUG_STATUS = 1 << 3,
};

struct acpi_device_methods {
    void (*ospm_status)(const struct object *device,
                        struct json_object *list); /* appends ACPIOSTInfo objects */
    void (*send_event)(struct object *device, enum acpi_event_status event);
    void (*madt_cpu)(const struct object *device, uint32_t apic_id, bool enabled, GByteArray *madt);
};

extern const struct type_info acpi_device_if_type_info;

#endif
