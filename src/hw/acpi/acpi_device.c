/* SPDX-License-Identifier: GPL-2.0-or-later */
/* acpi_device.c - interface "acpi-device-if": sending events through it, a processor's MADT entry. */
#include "hw/acpi/acpi_device.h"

#include "base/bytes.h"
#include "base/invariant.h"
#include "hw/acpi/acpi_internal.h"
#include "trace/trace.h"

#define MADT_LOCAL_APIC   0 /* ACPI 6.5 §5.2.12.2 */
#define MADT_LOCAL_X2APIC 9 /* §5.2.12.12 */

const struct type_info acpi_device_if_type_info = {
    .name = TYPE_ACPI_DEVICE_IF,
    .abstract = true,
};

void acpi_send_event(struct object *device, enum acpi_event_status event)
{
    const struct acpi_device_methods *methods = object_interface(device, TYPE_ACPI_DEVICE_IF);

    trace_acpi_send_event_enter(object_type_name(device), event);
    invariant(methods != NULL);
    methods->send_event(device, event);
    trace_acpi_send_event_leave();
}

void pc_madt_cpu_entry(const struct object *device, uint32_t apic_id, bool enabled,
                       GByteArray *madt)
{
    uint8_t entry[16] = { 0 };

    (void)device;
    if (apic_id < 255) {
        entry[0] = MADT_LOCAL_APIC;
        entry[1] = 8;
        entry[2] = (uint8_t)apic_id; /* the processor's UID */
        entry[3] = (uint8_t)apic_id;
        bytes_store_le32(&entry[4], enabled);
    } else {
        entry[0] = MADT_LOCAL_X2APIC;
        entry[1] = 16;
        bytes_store_le32(&entry[4], apic_id);
        bytes_store_le32(&entry[8], enabled);
        bytes_store_le32(&entry[12], apic_id);
    }
    g_byte_array_append(madt, entry, entry[1]);
}
