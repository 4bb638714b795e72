/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory_device_if.h - interface "memory-device": what address choice, ACPI slots and queries ask
 * of a device that brings memory.
 */
#ifndef REPLUG_HW_CORE_MEMORY_DEVICE_IF_H
#define REPLUG_HW_CORE_MEMORY_DEVICE_IF_H

#include "hw/core/device.h"

struct memory_region;

#define TYPE_MEMORY_DEVICE "memory-device"

struct json_object;

struct memory_device_methods {
    uint64_t (*get_addr)(const struct device *device);
    void (*set_addr)(struct device *device, uint64_t addr);
    uint64_t (*get_size)(const struct device *device); /* bytes */
    struct memory_region *(*get_memory_region)(struct device *device, GError **error);
    uint64_t (*get_min_alignment)(const struct device *device); /* bytes; 0 = no wish of its own */
    uint32_t (*get_slot)(const struct device *device);
    uint32_t (*get_node)(const struct device *device);
    struct json_object *(*get_info)(const struct device *device); /* a new MemoryDeviceInfo (QMP) */
};

extern const struct type_info memory_device_if_type_info;

#endif
