/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pc_dimm.h - "pc-dimm", DIMM memory module: properties memdev, addr, slot, node, size (read only).
 */
#ifndef REPLUG_HW_MEM_PC_DIMM_H
#define REPLUG_HW_MEM_PC_DIMM_H

#include "hw/mem/memory_device.h"

#define TYPE_PC_DIMM            "pc-dimm"
#define PC_DIMM_SLOT_UNASSIGNED (-1)

struct pc_dimm;

struct pc_dimm_class {
    struct device_class device;
    struct memory_region *(*get_memory_region)(struct pc_dimm *dimm, GError **error);
    struct memory_region *(*get_vmstate_memory_region)(struct pc_dimm *dimm, GError **error);
};

struct pc_dimm {
    struct device device;
    uint64_t addr;          /* 0 = choose */
    uint32_t node;          /* NUMA proximity domain */
    int32_t slot;           /* PC_DIMM_SLOT_UNASSIGNED = choose */
    struct object *hostmem; /* link "memdev"; borrowed */
};

extern const struct type_info pc_dimm_type_info;

/*
 * Slot and address are chosen or checked, nothing changes but the DIMM's own properties, and those
 * only on success. slots = the machine's slot count. Errors, in this order: no slots configured, slot
 * out of range, taken, all taken; no memdev, memdev in use, no such node; memory_device_pre_plug's.
 */
bool pc_dimm_pre_plug(struct pc_dimm *dimm, struct device_memory *memory, uint32_t slots,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Span pc_dimm_memory_plug: maps the DIMM's region and marks the backend used; the caller looks at
 * the error latch after it. */
void pc_dimm_memory_plug(struct pc_dimm *dimm, struct device_memory *memory);
void pc_dimm_memory_unplug(struct pc_dimm *dimm, struct device_memory *memory);

#endif
