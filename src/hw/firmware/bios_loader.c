/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bios_loader.c - checks a firmware image and maps it below 4 GiB and below 1 MiB. */
#include "hw/firmware/bios_loader.h"

#include <string.h>

#include "base/error.h"
#include "memory/ram_block.h"
#include "memory/transaction.h"

#define BIOS_UNIT_BYTES    0x10000u
#define ISA_BIOS_BYTES_MAX 0x20000u
#define ONE_MIB            0x100000u
#define FOUR_GIB           0x100000000ull

static bool check_size(size_t size, GError **error)
{
    if (size == 0 || size > BIOS_BYTES_MAX || size % BIOS_UNIT_BYTES != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "a firmware image of 0x%zx bytes; expected a multiple of 0x%x, at most 0x%x",
                    size, BIOS_UNIT_BYTES, BIOS_BYTES_MAX);
        return false;
    }
    return true;
}

bool bios_rom_init(struct bios_rom *bios, struct memory_region *system, int32_t priority,
                   GBytes *image, struct fault_plan *faults, GError **error)
{
    size_t size;
    const void *bytes = g_bytes_get_data(image, &size);
    uint64_t isa_bytes = MIN(size, (size_t)ISA_BIOS_BYTES_MAX);
    const struct ram_block_options options = {
        .kind = RAM_BLOCK_ANONYMOUS, .name = "pc.bios", .size_bytes = size, .faults = faults
    };

    if (!check_size(size, error)) {
        return false;
    }
    bios->block = ram_block_create(&options, error);
    if (bios->block == NULL) {
        return false;
    }
    memcpy(ram_block_host(bios->block), bytes, size);
    bios->system = system;
    memory_region_init_rom(&bios->rom, system->system, "pc.bios", bios->block);
    memory_region_init_alias(&bios->isa, system->system, "isa-bios", &bios->rom, size - isa_bytes,
                             isa_bytes);
    memory_region_transaction_begin(system->system);
    memory_region_add_subregion_overlap(system, FOUR_GIB - size, &bios->rom, priority);
    memory_region_add_subregion_overlap(system, ONE_MIB - isa_bytes, &bios->isa, priority);
    memory_region_transaction_commit(system->system);
    return true;
}

void bios_rom_fini(struct bios_rom *bios)
{
    if (bios->block == NULL) {
        return;
    }
    memory_region_del_subregion(bios->system, &bios->isa);
    memory_region_del_subregion(bios->system, &bios->rom);
    memory_region_fini(&bios->isa);
    memory_region_fini(&bios->rom);
    ram_block_destroy(bios->block);
    bios->block = NULL;
}
