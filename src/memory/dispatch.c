/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dispatch.c - one access: which range it meets, in which pieces a handler sees it. */
#include <string.h>

#include "base/bytes.h"
#include "memory/memory_internal.h"
#include "memory/ram_block.h"
#include "trace/trace.h"

static unsigned or_default(unsigned size, unsigned fallback)
{
    return size != 0 ? size : fallback;
}

static uint64_t mask_of(unsigned size)
{
    return size >= 8 ? UINT64_MAX : (1ull << (size * 8)) - 1;
}

/* How many of the next left bytes go to the handler at once: a power of two, aligned if it must be.
 */
static unsigned piece_size(const struct memory_region_ops *ops, uint64_t offset, uint64_t left)
{
    unsigned size = or_default(ops->access_max, 8);

    while (size > left || (!ops->unaligned && (offset & (size - 1)) != 0)) {
        size /= 2;
    }
    return size;
}

static uint64_t handler_read(const struct memory_region *region, uint64_t offset, unsigned size)
{
    const struct memory_region_ops *ops = region->ops;
    unsigned size_min = or_default(ops->size_min, 1);
    unsigned size_max = or_default(ops->size_max, 8);
    uint64_t value = 0;

    if (size < size_min) {
        unsigned shift = (unsigned)(offset & (size_min - 1));

        value = ops->read(region->opaque, offset - shift, size_min) >> (shift * 8);
    } else {
        for (unsigned at = 0; at < size; at += MIN(size, size_max)) {
            unsigned step = MIN(size, size_max);

            value |= (ops->read(region->opaque, offset + at, step) & mask_of(step)) << (at * 8);
        }
    }
    return value & mask_of(size);
}

static void handler_write(const struct memory_region *region, uint64_t offset, uint64_t value,
                          unsigned size)
{
    const struct memory_region_ops *ops = region->ops;
    unsigned size_min = or_default(ops->size_min, 1);
    unsigned size_max = or_default(ops->size_max, 8);

    if (size < size_min) {
        unsigned shift = (unsigned)(offset & (size_min - 1));

        ops->write(region->opaque, offset - shift, value << (shift * 8), size_min);
        return;
    }
    for (unsigned at = 0; at < size; at += MIN(size, size_max)) {
        unsigned step = MIN(size, size_max);

        ops->write(region->opaque, offset + at, (value >> (at * 8)) & mask_of(step), step);
    }
}

/* Reads into or writes from buffer; false when the device takes no access of this size. */
static bool access_io(const struct memory_region *region, uint64_t offset, uint8_t *buffer,
                      unsigned size, bool is_write)
{
    uint64_t value = is_write ? bytes_load_le(buffer, size) : UINT64_MAX;
    bool handled = is_write ? region->ops->write != NULL : region->ops->read != NULL;

    if (!handled || size < or_default(region->ops->access_min, 1)) {
        if (!is_write) {
            bytes_store_le(buffer, UINT64_MAX, size);
        }
        trace_guest_error(region->name, offset, is_write ? value : 0,
                          is_write ? "access refused by the device: dropped"
                                   : "access refused by the device: all-ones");
        return false;
    }
    if (region->system->io_access != NULL) {
        region->system->io_access(region->system->io_access_opaque, region);
    }
    if (is_write) {
        trace_memory_region_access(region->name, offset, value, (uint8_t)size, true);
        handler_write(region, offset, value, size);
    } else {
        value = handler_read(region, offset, size);
        trace_memory_region_access(region->name, offset, value, (uint8_t)size, false);
        bytes_store_le(buffer, value, size);
    }
    return true;
}

static bool access_ram(const struct flat_range *range, uint64_t offset, uint8_t *buffer,
                       uint64_t size, bool is_write)
{
    uint8_t *host = (uint8_t *)ram_block_host(range->region->ram) + offset;

    if (!is_write) {
        memcpy(buffer, host, size);
        return true;
    }
    if (range->readonly) {
        trace_guest_error(range->region->name, offset, 0, "write to read-only memory: dropped");
        return false;
    }
    memcpy(host, buffer, size);
    if (range->region->system->ram_write != NULL) {
        range->region->system->ram_write(range->region->system->ram_write_opaque, host, size);
    }
    return true;
}

static bool access_nothing(const struct address_space *address_space, gpa_t gpa, uint8_t *buffer,
                           uint64_t size, bool is_write)
{
    if (!is_write) {
        memset(buffer, 0xff, size);
    }
    trace_guest_error(
        address_space->name, gpa, is_write ? bytes_load_le(buffer, (unsigned)MIN(size, 8)) : 0,
        is_write ? "write to unassigned address: dropped" : "read of unassigned address: all-ones");
    return false;
}

/* Bytes from gpa up to where the next range begins, at most size. */
static uint64_t gap_bytes(const struct flatview *view, gpa_t gpa, uint64_t size)
{
    for (uint32_t i = 0; i < view->count; i++) {
        if (view->ranges[i].first > gpa) {
            return MIN(size, view->ranges[i].first - gpa);
        }
    }
    return size;
}

static bool access_any(struct address_space *address_space, gpa_t gpa, uint8_t *buffer,
                       uint64_t size, bool is_write)
{
    /* A handler may change the map: the view that this access began with stays alive. */
    struct flatview *view = flatview_ref(address_space->view);
    bool ok = true;

    while (size > 0) {
        const struct flat_range *range = flatview_find(view, gpa);
        uint64_t bytes;

        if (range == NULL) {
            bytes = gap_bytes(view, gpa, size);
            ok &= access_nothing(address_space, gpa, buffer, bytes, is_write);
        } else {
            uint64_t offset = range->region_offset + (gpa - range->first);

            bytes = MIN(size - 1, range->last - gpa) + 1;
            if (range->region->kind == MEMORY_REGION_IO) {
                bytes = piece_size(range->region->ops, offset, bytes);
                ok &= access_io(range->region, offset, buffer, (unsigned)bytes, is_write);
            } else {
                ok &= access_ram(range, offset, buffer, bytes, is_write);
            }
        }
        gpa += bytes;
        buffer += bytes;
        size -= bytes;
    }
    flatview_unref(view);
    return ok;
}

bool address_space_read(struct address_space *address_space, gpa_t gpa, void *buffer, uint64_t size)
{
    return access_any(address_space, gpa, buffer, size, false);
}

bool address_space_write(struct address_space *address_space, gpa_t gpa, const void *buffer,
                         uint64_t size)
{
    return access_any(address_space, gpa, (uint8_t *)buffer, size, true);
}

uint64_t address_space_load(struct address_space *address_space, gpa_t gpa, unsigned size)
{
    uint8_t buffer[8];

    (void)address_space_read(address_space, gpa, buffer, size);
    return bytes_load_le(buffer, size);
}

void address_space_store(struct address_space *address_space, gpa_t gpa, uint64_t value,
                         unsigned size)
{
    uint8_t buffer[8];

    bytes_store_le(buffer, value, size);
    (void)address_space_write(address_space, gpa, buffer, size);
}

void *address_space_ram(struct address_space *address_space, gpa_t gpa, uint64_t size)
{
    const struct flat_range *range = flatview_find(address_space->view, gpa);

    if (range == NULL || range->region->kind == MEMORY_REGION_IO || size == 0 ||
        range->last - gpa < size - 1) {
        return NULL;
    }
    return (uint8_t *)ram_block_host(range->region->ram) + range->region_offset +
           (gpa - range->first);
}
