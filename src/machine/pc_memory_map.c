/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pc_memory_map.c - where the PC's RAM lies: split below the PCI hole, the rest above 4 GiB, then the device memory.
 *
 *   "system" 0 +--------------------+
 *              | ram-below-4g       |  --> pc.ram, offset 0
 *    lowmem    +--------------------+  all of the RAM when it is less than 3.5 GiB; else 3 GiB
 *              | PCI hole, IOAPIC,  |
 *              | LAPIC, firmware    |
 *      4 GiB   +--------------------+
 *              | ram-above-4g       |  --> pc.ram, offset lowmem; absent when nothing is left
 *       base   +--------------------+  aligned to 1 GiB
 *              | device-memory      |  maxmem - size + 1 GiB for each slot, so that any DIMMs can be
 *              |   DIMMs            |  aligned to 1 GiB; absent when maxmem = size
 *              +--------------------+
 *
 * "pc.ram" is a block of the machine's own, one memory backend, or a container with a backend for each NUMA node.
 */
#include <inttypes.h>

#include "base/error.h"
#include "hw/mem/memory_backend.h"
#include "machine/machine_internal.h"
#include "memory/ram_block.h"
#include "memory/transaction.h"

#define GIB               (1ull << 30)
#define FOUR_GIB          (4 * GIB)
#define LOWMEM_MAX        0xe0000000ull
#define LOWMEM_SPLIT      0xc0000000ull
#define GUEST_PAGE_BYTES  4096ull
#define PHYSICAL_BITS_MAX 52 /* of an x86-64 physical address (Intel SDM 3A 4.1.4) */

static bool use_own_ram(struct machine *machine, GError **error)
{
    struct ram_block_options options = {
        .kind = RAM_BLOCK_ANONYMOUS,
        .name = "pc.ram",
        .size_bytes = machine->config->ram_bytes,
        .faults = &machine->faults,
        .calls = memory_system_ram_calls(machine->memory),
    };

    machine->ram = ram_block_create(&options, error);
    if (machine->ram == NULL) {
        return false;
    }
    memory_region_init_ram(&machine->ram_region, machine->memory, "pc.ram", machine->ram);
    machine->ram_source = &machine->ram_region;
    return true;
}

static void take_backend(struct machine *machine, struct object *backend)
{
    memory_backend_set_mapped(backend, true);
    g_ptr_array_add(machine->ram_backends, backend);
}

static bool use_backend(struct machine *machine, const char *id, GError **error)
{
    struct object *backend = object_child(machine->objects, id);

    if (backend == NULL || !object_is_a(backend, TYPE_MEMORY_BACKEND)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND, "Memory backend '%s' not found",
                    id);
        return false;
    }
    if (memory_backend_size(backend) != machine->config->ram_bytes) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Machine memory size does not match the size of the memory backend: -m says "
                    "0x%" PRIx64 ", '%s' has 0x%" PRIx64,
                    machine->config->ram_bytes, id, memory_backend_size(backend));
        return false;
    }
    take_backend(machine, backend);
    machine->ram_source = memory_backend_region(backend);
    return true;
}

static bool use_numa_backends(struct machine *machine, GError **error)
{
    const struct numa *numa = &machine->numa;
    uint64_t total = 0;

    for (uint32_t i = 0; i < numa->count; i++) {
        total += numa->bytes[i];
    }
    if (total != machine->config->ram_bytes) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "total memory for NUMA nodes (0x%" PRIx64 ") should equal RAM size (0x%" PRIx64
                    ")",
                    total, machine->config->ram_bytes);
        return false;
    }
    memory_region_init_container(&machine->ram_region, machine->memory, "pc.ram", total);
    machine->ram_source = &machine->ram_region;
    total = 0;
    for (uint32_t i = 0; i < numa->count; i++) {
        if (numa->backends[i] != NULL) {
            memory_region_add_subregion(&machine->ram_region, total,
                                        memory_backend_region(numa->backends[i]));
            total += numa->bytes[i];
        }
    }
    return true;
}

static bool find_ram(struct machine *machine, GError **error)
{
    const struct machine_config *config = machine->config;

    if (config->ram_backend != NULL && config->numa->len > 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "'-machine memory-backend' and '-numa memdev' properties are mutually "
                    "exclusive");
        return false;
    }
    if (config->ram_backend != NULL) {
        return use_backend(machine, config->ram_backend, error);
    }
    return machine->numa.count > 0 ? use_numa_backends(machine, error)
                                   : use_own_ram(machine, error);
}

static void map_ram(struct machine *machine)
{
    uint64_t ram = machine->config->ram_bytes;
    uint64_t below = ram < LOWMEM_MAX ? ram : LOWMEM_SPLIT;

    machine->below_4g_bytes = below;
    machine->above_4g_bytes = ram - below;
    memory_region_init_alias(&machine->ram_below_4g, machine->memory, "ram-below-4g",
                             machine->ram_source, 0, below);
    memory_region_add_subregion(&machine->system_memory, 0, &machine->ram_below_4g);
    if (machine->above_4g_bytes > 0) {
        memory_region_init_alias(&machine->ram_above_4g, machine->memory, "ram-above-4g",
                                 machine->ram_source, below, machine->above_4g_bytes);
        memory_region_add_subregion(&machine->system_memory, FOUR_GIB, &machine->ram_above_4g);
    }
}

static void map_device_memory(struct machine *machine)
{
    const struct machine_config *config = machine->config;
    struct device_memory *memory = &machine->device_memory;
    uint64_t base = (FOUR_GIB + machine->above_4g_bytes + GIB - 1) & ~(GIB - 1);
    uint64_t hotplug = config->maxram_bytes - config->ram_bytes;
    uint64_t size = hotplug > 0 ? hotplug + config->slots * GIB : 0;

    device_memory_init(memory, machine->memory, base, size, hotplug);
    memory->node_count = machine->numa.count;
    if (size > 0) {
        memory_region_add_subregion(&machine->system_memory, base, &memory->region);
    }
}

static bool check_sizes(const struct machine_config *config, GError **error)
{
    if (config->maxram_bytes % GUEST_PAGE_BYTES != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "maximum memory size must by aligned to multiple of %u bytes",
                    (unsigned)GUEST_PAGE_BYTES);
        return false;
    }
    /* Half of the physical addresses leaves room for what is added below. */
    if (config->maxram_bytes > 1ull << (PHYSICAL_BITS_MAX - 1)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "maximum memory size 0x%" PRIx64 " is too large; expected at most 0x%llx",
                    config->maxram_bytes, 1ull << (PHYSICAL_BITS_MAX - 1));
        return false;
    }
    return true;
}

bool pc_memory_map_build(struct machine *machine, GError **error)
{
    if (!check_sizes(machine->config, error) || !pc_numa_read(machine, error) ||
        !find_ram(machine, error)) {
        return false;
    }
    map_ram(machine);
    map_device_memory(machine);
    return true;
}

static void unmap(struct memory_region *region)
{
    if (region->container != NULL) {
        memory_region_del_subregion(region->container, region);
    }
}

void pc_memory_map_destroy(struct machine *machine)
{
    unmap(&machine->device_memory.region);
    unmap(&machine->ram_above_4g);
    unmap(&machine->ram_below_4g);
    device_memory_fini(&machine->device_memory);
    memory_region_fini(&machine->ram_above_4g);
    memory_region_fini(&machine->ram_below_4g);
    for (guint i = 0; i < machine->ram_backends->len; i++) {
        struct object *backend = g_ptr_array_index(machine->ram_backends, i);

        if (machine->ram_source == &machine->ram_region) {
            unmap(memory_backend_region(backend));
        }
        memory_backend_set_mapped(backend, false);
    }
    memory_region_fini(&machine->ram_region);
}
