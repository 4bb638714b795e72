/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_device_if.h - interface "cpu-device": what the ACPI hardware asks of a processor. */
#ifndef REPLUG_HW_CORE_CPU_DEVICE_IF_H
#define REPLUG_HW_CORE_CPU_DEVICE_IF_H

#include "hw/core/device.h"

#define TYPE_CPU_DEVICE "cpu-device"

struct cpu_device_methods {
    /* Its place among all processors that the machine may have: the ACPI processor UID. */
    uint32_t (*get_index)(const struct device *device);
};

extern const struct type_info cpu_device_if_type_info;

#endif
