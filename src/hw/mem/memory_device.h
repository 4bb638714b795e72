/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory_device.h - the device memory region that memory devices share: address choice and limits.
 */
#ifndef REPLUG_HW_MEM_MEMORY_DEVICE_H
#define REPLUG_HW_MEM_MEMORY_DEVICE_H

#include "hw/core/memory_device_if.h"
#include "memory/region.h"

struct json_object;

/* The part of guest memory for such devices; embedded in the machine. */
struct device_memory {
    gpa_t base;
    uint64_t size;               /* bytes; 0 = the machine has none (no slots, maxmem = size) */
    struct memory_region region; /* container "device-memory" */
    uint64_t plugged_bytes;      /* sum of what is plugged */
    uint64_t plugged_max_bytes;  /* maxmem - ram size */
    GPtrArray *devices;          /* borrowed struct device *, sorted by address */
    uint32_t node_count;         /* NUMA nodes; 0 = the machine has no -numa, which is one node */
};

/* From zeroed memory; then the machine maps region, if it has any size, and sets node_count. */
void device_memory_init(struct device_memory *memory, struct memory_system *system, gpa_t base,
                        uint64_t size_bytes, uint64_t plugged_max_bytes);
/* Nothing may be plugged or mapped. Zeroed ones are fine. */
void device_memory_fini(struct device_memory *memory);

/*
 * pre_plug: chooses (addr 0) or checks an address and reserves nothing. Rules: inside the region,
 * address and size aligned (to align_bytes), not overlapping, the sum within plugged_max. First fit
 * from the bottom, so equal DIMMs lie side by side (QEMU 7.2 does the same: the gigabyte a slot that
 * it adds to the region is room for alignment, not a grid). Errors are in QEMU's words.
 */
bool memory_device_pre_plug(struct device_memory *memory, struct device *device,
                            uint64_t align_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Maps the device's region; latches host failures like every memory commit. */
void memory_device_plug(struct device_memory *memory, struct device *device);
void memory_device_unplug(struct device_memory *memory, struct device *device);

/* A new JSON array for query-memory-devices, sorted by address. */
struct json_object *memory_device_list(const struct device_memory *memory);

#endif
