/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * acpi_ost.h - what the guest reports by _OST (ACPI 6.5 §6.3.5) about a slot, and how its refusal to
 * let a device go reaches the user.
 */
#ifndef REPLUG_HW_ACPI_ACPI_OST_H
#define REPLUG_HW_ACPI_ACPI_OST_H

#include "hw/core/device.h"

struct board;
struct json_object;

/* A slot of DIMMs or processors as its last report left it. */
struct acpi_ost_slot {
    const char *type; /* "DIMM" or "CPU" */
    uint32_t number;
    uint32_t event, status;
    struct device *device; /* in the slot; NULL = it is empty */
};

/* A new ACPIOSTInfo: {"device"?, "slot": "0", "slot-type": "DIMM", "source", "status"}. */
struct json_object *acpi_ost_info(const struct acpi_ost_slot *slot);

/* The status has been written: ACPI_DEVICE_OST, and if it refuses an eject that was asked for, what
 * acpi_unplug_refused() says. */
void acpi_ost_report(const struct board *board, const struct acpi_ost_slot *slot);

/* The device that the guest was asked for stays: DEVICE_UNPLUG_GUEST_ERROR, for a DIMM
 * MEM_UNPLUG_ERROR with the reason before it. It may be asked for again. */
void acpi_unplug_refused(const struct board *board, const struct acpi_ost_slot *slot,
                         const char *why);

#endif
