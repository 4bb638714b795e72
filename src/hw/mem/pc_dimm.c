/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pc_dimm.c - the DIMM: its properties, slot choice, and mapping of its backend's memory. */
#include "hw/mem/pc_dimm.h"

#include <inttypes.h>
#include <json-c/json.h>

#include "base/error.h"
#include "base/invariant.h"
#include "hw/mem/memory_backend.h"
#include "trace/trace.h"

static struct pc_dimm *as_dimm(struct device *device)
{
    return (struct pc_dimm *)(void *)device;
}

static const struct pc_dimm *as_const_dimm(const struct device *device)
{
    return (const struct pc_dimm *)(const void *)device;
}

static const char *label(const struct pc_dimm *dimm)
{
    return dimm->device.id != NULL ? dimm->device.id : TYPE_PC_DIMM;
}

static bool has_memdev(const struct pc_dimm *dimm, GError **error)
{
    if (dimm->hostmem == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "'memdev' property must be set");
    }
    return dimm->hostmem != NULL;
}

/* ---- properties ---- */

static struct json_object *get_size(const struct object *object,
                                    const struct property_info *property, GError **error)
{
    const struct pc_dimm *dimm = (const struct pc_dimm *)(const void *)object;

    (void)property;
    return has_memdev(dimm, error) ? json_object_new_uint64(memory_backend_size(dimm->hostmem))
                                   : NULL;
}

#define AT(field) .offset = offsetof(struct pc_dimm, field), .fixed_once_realized = true

static const struct property_info pc_dimm_properties[] = {
    { .name = "memdev", .kind = PROPERTY_LINK, AT(hostmem), .link_type = TYPE_MEMORY_BACKEND },
    { .name = "addr", .kind = PROPERTY_UINT64, AT(addr), .default_text = "0" },
    { .name = "slot", .kind = PROPERTY_INT32, AT(slot), .default_text = "-1" },
    { .name = "node", .kind = PROPERTY_UINT32, AT(node), .default_text = "0" },
    { .name = "size", .kind = PROPERTY_UINT64, .read_only = true, .get = get_size },
    { .name = NULL },
};

/* ---- the class's and the interface's methods ---- */

static struct memory_region *pc_dimm_get_memory_region(struct pc_dimm *dimm, GError **error)
{
    return has_memdev(dimm, error) ? memory_backend_region(dimm->hostmem) : NULL;
}

static const struct pc_dimm_class *class_of(const struct device *device)
{
    return (const struct pc_dimm_class *)device_class(device);
}

static uint64_t get_addr(const struct device *device)
{
    return as_const_dimm(device)->addr;
}

static void set_addr(struct device *device, uint64_t addr)
{
    as_dimm(device)->addr = addr;
}

static uint64_t get_size_bytes(const struct device *device)
{
    const struct pc_dimm *dimm = as_const_dimm(device);

    return dimm->hostmem != NULL ? memory_backend_size(dimm->hostmem) : 0;
}

static struct memory_region *get_memory_region(struct device *device, GError **error)
{
    return class_of(device)->get_memory_region(as_dimm(device), error);
}

static uint64_t get_min_alignment(const struct device *device)
{
    const struct pc_dimm *dimm = as_const_dimm(device);

    return dimm->hostmem != NULL ? memory_backend_alignment(dimm->hostmem) : 0;
}

static uint32_t get_slot(const struct device *device)
{
    return (uint32_t)as_const_dimm(device)->slot;
}

static uint32_t get_node(const struct device *device)
{
    return as_const_dimm(device)->node;
}

static struct json_object *get_info(const struct device *device)
{
    const struct pc_dimm *dimm = as_const_dimm(device);
    struct json_object *info = json_object_new_object();
    struct json_object *data = json_object_new_object();
    g_autofree char *memdev = object_canonical_path(dimm->hostmem);

    if (device->id != NULL) {
        json_object_object_add(data, "id", json_object_new_string(device->id));
    }
    json_object_object_add(data, "addr", json_object_new_uint64(dimm->addr));
    json_object_object_add(data, "slot", json_object_new_int(dimm->slot));
    json_object_object_add(data, "node", json_object_new_int64(dimm->node));
    json_object_object_add(data, "memdev", json_object_new_string(memdev));
    json_object_object_add(data, "size", json_object_new_uint64(get_size_bytes(device)));
    json_object_object_add(data, "hotpluggable",
                           json_object_new_boolean(device_class(device)->hotpluggable));
    json_object_object_add(data, "hotplugged", json_object_new_boolean(device->hotplugged));
    json_object_object_add(info, "type", json_object_new_string("dimm"));
    json_object_object_add(info, "data", data);
    return info;
}

/* ---- slot choice ---- */

/* Which of the slots are taken; the caller frees it. */
static bool *slots_taken(const struct device_memory *memory, uint32_t slots)
{
    bool *taken = g_new0(bool, slots);

    for (guint i = 0; memory->devices != NULL && i < memory->devices->len; i++) {
        const struct device *device = g_ptr_array_index(memory->devices, i);
        const struct memory_device_methods *methods =
            object_interface(&device->object, TYPE_MEMORY_DEVICE);
        uint32_t slot = methods->get_slot(device);

        if (slot < slots) {
            taken[slot] = true;
        }
    }
    return taken;
}

static bool choose_slot(const struct pc_dimm *dimm, const struct device_memory *memory,
                        uint32_t slots, int32_t *out_slot, GError **error)
{
    g_autofree bool *taken = NULL;
    uint32_t slot = 0;

    if (slots == 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "no slots where allocated, please specify the 'slots' option");
        return false;
    }
    if (dimm->slot != PC_DIMM_SLOT_UNASSIGNED &&
        (dimm->slot < 0 || (uint32_t)dimm->slot >= slots)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "invalid slot number %" PRId32 ", valid range is [0-%" PRIu32 "]", dimm->slot,
                    slots - 1);
        return false;
    }
    taken = slots_taken(memory, slots);
    if (dimm->slot != PC_DIMM_SLOT_UNASSIGNED) {
        if (taken[dimm->slot]) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY, "slot %" PRId32 " is busy",
                        dimm->slot);
            return false;
        }
        *out_slot = dimm->slot;
        return true;
    }
    while (slot < slots && taken[slot]) {
        slot++;
    }
    if (slot == slots) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NO_SPACE, "no free slots available");
        return false;
    }
    *out_slot = (int32_t)slot;
    return true;
}

/* ---- the phases ---- */

static bool check_backend_and_node(const struct pc_dimm *dimm, const struct device_memory *memory,
                                   GError **error)
{
    uint32_t nodes = MAX(memory->node_count, 1);

    if (!has_memdev(dimm, error)) {
        return false;
    }
    if (memory_backend_is_mapped(dimm->hostmem)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY, "can't use already busy memdev: %s",
                    dimm->hostmem->name);
        return false;
    }
    if (dimm->node >= nodes) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "'DIMM property node has value %" PRIu32
                    "' which exceeds the number of numa nodes: %" PRIu32,
                    dimm->node, nodes);
        return false;
    }
    return true;
}

bool pc_dimm_pre_plug(struct pc_dimm *dimm, struct device_memory *memory, uint32_t slots,
                      GError **error)
{
    bool wished = dimm->slot != PC_DIMM_SLOT_UNASSIGNED;
    int32_t slot;

    if (!choose_slot(dimm, memory, slots, &slot, error) ||
        !check_backend_and_node(dimm, memory, error) ||
        !memory_device_pre_plug(memory, &dimm->device, get_min_alignment(&dimm->device), error)) {
        return false;
    }
    dimm->slot = slot;
    trace_pc_dimm_slot_assigned(label(dimm), slot, wished);
    return true;
}

void pc_dimm_memory_plug(struct pc_dimm *dimm, struct device_memory *memory)
{
    trace_pc_dimm_memory_plug_enter(label(dimm), dimm->slot, dimm->addr,
                                    get_size_bytes(&dimm->device),
                                    get_min_alignment(&dimm->device));
    memory_device_plug(memory, &dimm->device);
    memory_backend_set_mapped(dimm->hostmem, true);
    trace_pc_dimm_memory_plug_leave();
}

void pc_dimm_memory_unplug(struct pc_dimm *dimm, struct device_memory *memory)
{
    trace_pc_dimm_memory_unplug_enter(label(dimm), dimm->slot, dimm->addr,
                                      get_size_bytes(&dimm->device));
    memory_device_unplug(memory, &dimm->device);
    memory_backend_set_mapped(dimm->hostmem, false);
    trace_pc_dimm_memory_unplug_leave();
}

static const struct memory_device_methods memory_device = {
    .get_addr = get_addr,
    .set_addr = set_addr,
    .get_size = get_size_bytes,
    .get_memory_region = get_memory_region,
    .get_min_alignment = get_min_alignment,
    .get_slot = get_slot,
    .get_node = get_node,
    .get_info = get_info,
};

static const struct interface_impl pc_dimm_interfaces[] = {
    { TYPE_MEMORY_DEVICE, &memory_device },
    { NULL, NULL },
};

static const struct pc_dimm_class pc_dimm_class = {
    .device = { .description = "DIMM memory module", .user_creatable = true, .hotpluggable = true },
    .get_memory_region = pc_dimm_get_memory_region,
    .get_vmstate_memory_region = pc_dimm_get_memory_region,
};

const struct type_info pc_dimm_type_info = {
    .name = TYPE_PC_DIMM,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(struct pc_dimm),
    .interfaces = pc_dimm_interfaces,
    .properties = pc_dimm_properties,
    .class_methods = &pc_dimm_class,
};
