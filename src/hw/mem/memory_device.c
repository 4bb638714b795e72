/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory_device.c - where in the device memory region a memory device goes, and what is there. */
#include "hw/mem/memory_device.h"

#include <inttypes.h>
#include <json-c/json.h>

#include "base/error.h"
#include "base/invariant.h"
#include "memory/transaction.h"
#include "trace/trace.h"

struct range {
    uint64_t first;
    uint64_t size_bytes;
};

void device_memory_init(struct device_memory *memory, struct memory_system *system, gpa_t base,
                        uint64_t size_bytes, uint64_t plugged_max_bytes)
{
    *memory = (struct device_memory){
        .base = base,
        .size = size_bytes,
        .plugged_max_bytes = plugged_max_bytes,
        .devices = g_ptr_array_new(),
    };
    invariant(size_bytes <= UINT64_MAX - base);
    if (size_bytes != 0) {
        memory_region_init_container(&memory->region, system, "device-memory", size_bytes);
    }
}

void device_memory_fini(struct device_memory *memory)
{
    invariant(memory->devices == NULL || memory->devices->len == 0);
    memory_region_fini(&memory->region);
    if (memory->devices != NULL) {
        g_ptr_array_unref(memory->devices);
    }
    *memory = (struct device_memory){ 0 };
}

static const struct memory_device_methods *methods_of(const struct device *device)
{
    const struct memory_device_methods *methods =
        object_interface(&device->object, TYPE_MEMORY_DEVICE);

    invariant(methods != NULL);
    return methods;
}

static struct range range_of(const struct device *device)
{
    const struct memory_device_methods *methods = methods_of(device);

    return (struct range){ methods->get_addr(device), methods->get_size(device) };
}

static struct device *device_at(const struct device_memory *memory, guint index)
{
    return g_ptr_array_index(memory->devices, index);
}

static const char *label(const struct device *device)
{
    return device->id != NULL ? device->id : object_type_name(&device->object);
}

/* ---- address choice ---- */

static bool check_size(const struct device_memory *memory, uint64_t size_bytes,
                       uint64_t align_bytes, GError **error)
{
    if (memory->size == 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "memory devices (e.g. for memory hotplug) are not enabled, "
                    "please specify the maxmem option");
        return false;
    }
    if (size_bytes > memory->plugged_max_bytes - memory->plugged_bytes) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NO_SPACE,
                    "not enough space, currently 0x%" PRIx64
                    " in use of total space for memory devices 0x%" PRIx64,
                    memory->plugged_bytes, memory->plugged_max_bytes);
        return false;
    }
    if (size_bytes == 0 || size_bytes % align_bytes != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "backend memory size must be multiple of 0x%" PRIx64, align_bytes);
        return false;
    }
    return true;
}

static bool overlap(struct range a, struct range b)
{
    return a.first < b.first + b.size_bytes && b.first < a.first + a.size_bytes;
}

/* The address that the user wants. */
static bool check_wish(const struct device_memory *memory, struct range wish, uint64_t align_bytes,
                       GError **error)
{
    if (wish.first % align_bytes != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "address must be aligned to 0x%" PRIx64 " bytes", align_bytes);
        return false;
    }
    if (wish.first < memory->base || wish.first - memory->base > memory->size ||
        wish.size_bytes > memory->size - (wish.first - memory->base)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "can't add memory device [0x%" PRIx64 ":0x%" PRIx64
                    "], usable range for memory devices [0x%" PRIx64 ":0x%" PRIx64 "]",
                    wish.first, wish.size_bytes, memory->base, memory->size);
        return false;
    }
    for (guint i = 0; i < memory->devices->len; i++) {
        const struct device *other = device_at(memory, i);

        if (overlap(wish, range_of(other))) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY,
                        "address range conflicts with memory device id='%s'", label(other));
            return false;
        }
    }
    return true;
}

/* The lowest aligned gap. The region ends below 2^64, so no sum here wraps for a size that fits. */
static bool first_fit(const struct device_memory *memory, uint64_t size_bytes, uint64_t align_bytes,
                      uint64_t *out_first, GError **error)
{
    uint64_t end = memory->base + memory->size;
    uint64_t at = (memory->base + align_bytes - 1) / align_bytes * align_bytes;

    for (guint i = 0; i < memory->devices->len; i++) {
        struct range taken = range_of(device_at(memory, i));

        if (taken.first >= at && taken.first - at >= size_bytes) {
            break;
        }
        if (taken.first + taken.size_bytes > at) {
            at = (taken.first + taken.size_bytes + align_bytes - 1) / align_bytes * align_bytes;
        }
    }
    if (at < memory->base || at > end || size_bytes > end - at) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NO_SPACE,
                    "could not find position in guest address space for memory device - "
                    "memory fragmented due to alignments");
        return false;
    }
    *out_first = at;
    return true;
}

bool memory_device_pre_plug(struct device_memory *memory, struct device *device,
                            uint64_t align_bytes, GError **error)
{
    const struct memory_device_methods *methods = methods_of(device);
    struct range range = range_of(device);
    bool wished = range.first != 0;
    bool ok;

    align_bytes = MAX(align_bytes, 1);
    ok = check_size(memory, range.size_bytes, align_bytes, error);
    if (ok && wished) {
        ok = check_wish(memory, range, align_bytes, error);
    } else if (ok) {
        ok = first_fit(memory, range.size_bytes, align_bytes, &range.first, error);
    }
    if (ok) {
        methods->set_addr(device, range.first);
        trace_memory_device_address_assigned(label(device), range.first, range.size_bytes,
                                             align_bytes, wished);
    }
    return ok;
}

/* ---- plug and unplug ---- */

/* Its region exists: the device was plugged or is about to be. */
static struct memory_region *region_of(struct device *device)
{
    struct memory_region *region = methods_of(device)->get_memory_region(device, NULL);

    invariant(region != NULL);
    return region;
}

/* How many devices lie below address: the device's own place in the list, or a new one's. */
static guint place_of(const struct device_memory *memory, uint64_t address)
{
    guint low = 0;
    guint high = memory->devices->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;

        if (range_of(device_at(memory, middle)).first < address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void memory_device_plug(struct device_memory *memory, struct device *device)
{
    struct range range = range_of(device);

    memory_region_add_subregion(&memory->region, range.first - memory->base, region_of(device));
    g_ptr_array_insert(memory->devices, (gint)place_of(memory, range.first), device);
    memory->plugged_bytes += range.size_bytes;
}

void memory_device_unplug(struct device_memory *memory, struct device *device)
{
    struct range range = range_of(device);
    guint place = place_of(memory, range.first);

    invariant(place < memory->devices->len);
    invariant(device_at(memory, place) == device);
    memory_region_del_subregion(&memory->region, region_of(device));
    g_ptr_array_remove_index(memory->devices, place);
    memory->plugged_bytes -= range.size_bytes;
}

struct json_object *memory_device_list(const struct device_memory *memory)
{
    struct json_object *list = json_object_new_array();

    for (guint i = 0; memory->devices != NULL && i < memory->devices->len; i++) {
        const struct device *device = device_at(memory, i);

        json_object_array_add(list, methods_of(device)->get_info(device));
    }
    return list;
}
