/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_kvm_slots_random.c - random changes of the memory map with random failures of KVM: the slot
 * table stays what KVM has, KVM is never asked for nonsense, and without failures every page of RAM is
 * where the FlatView has it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_kvm.h"
#include "memory/ram_block.h"
#include "unit.h"

#define REGIONS 12u
#define PAGES   64u /* of the address space that is used */
#define STEPS   4000u

struct world {
    struct fake_kvm *fake;
    struct memory_region regions[REGIONS];
    struct ram_block *blocks[REGIONS];
    struct memory_region_ops ops;
    unsigned seed;
};

static unsigned pick(struct world *world, unsigned bound)
{
    return (unsigned)rand_r(&world->seed) % bound;
}

static struct world *world_create(unsigned seed)
{
    struct world *world = g_new0(struct world, 1);

    world->seed = seed;
    world->fake = fake_kvm_create();
    for (unsigned i = 0; i < REGIONS; i++) {
        struct ram_block_options options = { .name = "ram",
                                             .size_bytes = (1 + pick(world, 16)) * 4096 };
        struct memory_region *region = &world->regions[i];

        world->blocks[i] = ram_block_create(&options, NULL);
        if (i % 4 == 0) {
            memory_region_init_io(region, world->fake->memory, "io", &world->ops, NULL,
                                  options.size_bytes);
        } else if (i % 4 == 1) {
            memory_region_init_rom(region, world->fake->memory, "rom", world->blocks[i]);
        } else {
            memory_region_init_ram(region, world->fake->memory, "ram", world->blocks[i]);
        }
    }
    assert_non_null(fake_kvm_create_vm(world->fake, NULL, NULL, NULL));
    return world;
}

static void change(struct world *world)
{
    struct memory_region *region = &world->regions[pick(world, REGIONS)];
    uint64_t offset = pick(world, PAGES) * 4096ull;

    if (!memory_region_is_mapped(region)) {
        memory_region_add_subregion_overlap(&world->fake->root, offset, region,
                                            (int32_t)pick(world, 3));
    } else if (pick(world, 2) == 0) {
        memory_region_del_subregion(&world->fake->root, region);
    } else {
        memory_region_set_offset(region, offset);
    }
}

static void check_table(struct world *world)
{
    const struct kvm_slots *slots = &world->fake->vm->slots;
    unsigned used = 0;
    unsigned stale = 0;

    for (uint32_t i = 0; i < world->fake->slots_max; i++) {
        const struct kvm_userspace_memory_region *has = &world->fake->slots[i];

        if (has->memory_size == 0) {
            assert_true(i >= slots->capacity || !slots->slots[i].used);
            continue;
        }
        used++;
        stale += slots->slots[i].stale_since != 0;
        assert_true(i < slots->capacity && slots->slots[i].used);
        assert_true(slots->slots[i].gpa == has->guest_phys_addr);
        assert_true(slots->slots[i].size_bytes == has->memory_size);
        assert_true((uintptr_t)slots->slots[i].host == has->userspace_addr);
        assert_int_equal(slots->slots[i].flags, has->flags);
    }
    assert_int_equal(slots->used, used);
    assert_int_equal(world->fake->vm->stale_slots, stale);
}

/* What KVM refused by its own rules was nonsense. */
static void check_calls(struct world *world, int injected)
{
    const struct fake_call *entry;

    for (unsigned i = 0; (entry = fake_kvm_nth(world->fake, KVM_SET_USER_MEMORY_REGION, i)) != NULL;
         i++) {
        assert_true(entry->result == 0 || entry->result == -injected);
    }
    fake_kvm_forget(world->fake);
}

/* The host address that KVM maps a page to; 0 = none. */
static uint64_t kvm_page(const struct world *world, uint64_t gpa, uint32_t *out_flags)
{
    for (uint32_t i = 0; i < world->fake->slots_max; i++) {
        const struct kvm_userspace_memory_region *has = &world->fake->slots[i];

        if (has->memory_size != 0 && gpa >= has->guest_phys_addr &&
            gpa < has->guest_phys_addr + has->memory_size) {
            *out_flags = has->flags;
            return has->userspace_addr + (gpa - has->guest_phys_addr);
        }
    }
    return 0;
}

static void check_pages(const struct world *world)
{
    const struct flatview *view = address_space_flatview(world->fake->memory_space);

    for (uint64_t gpa = 0; gpa < (PAGES + 16) * 4096; gpa += 4096) {
        const struct flat_range *range = flatview_find(view, gpa);
        uint32_t flags = 0;
        uint64_t at = kvm_page(world, gpa, &flags);

        if (range == NULL || range->region->kind == MEMORY_REGION_IO) {
            assert_int_equal(at, 0);
        } else {
            assert_true(at == (uintptr_t)ram_block_host(range->region->ram) + range->region_offset +
                                  (gpa - range->first));
            assert_int_equal(flags, range->readonly ? KVM_MEM_READONLY : 0);
        }
    }
}

static void world_destroy(struct world *world)
{
    for (unsigned i = 0; i < REGIONS; i++) {
        if (memory_region_is_mapped(&world->regions[i])) {
            memory_region_del_subregion(&world->fake->root, &world->regions[i]);
        }
    }
    assert_int_equal(kvm_slots_used(world->fake->vm), 0);
    fake_kvm_destroy(world->fake);
    for (unsigned i = 0; i < REGIONS; i++) {
        memory_region_fini(&world->regions[i]);
        ram_block_destroy(world->blocks[i]);
    }
    g_free(world);
}

static void test_without_failures(void **state)
{
    struct world *world = world_create(1);

    (void)state;
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned changes = 1 + pick(world, 3);

        memory_region_transaction_begin(world->fake->memory);
        while (changes-- > 0) {
            change(world);
        }
        memory_region_transaction_commit(world->fake->memory);
        assert_false(error_latch_is_set(&world->fake->errors));
        check_calls(world, 0);
        check_table(world);
        check_pages(world);
    }
    world_destroy(world);
}

/* With failures the table stays true, a failure is latched, and once KVM does as it is told again,
 * taking everything out and putting it back repairs all. */
static void test_with_failures(void **state)
{
    struct world *world = world_create(2);

    (void)state;
    for (unsigned step = 0; step < STEPS; step++) {
        if (pick(world, 3) == 0) {
            fake_kvm_fail(world->fake, KVM_SET_USER_MEMORY_REGION, 1 + pick(world, 3), EPERM);
        }
        change(world);
        g_clear_error(&world->fake->errors.first);
        check_calls(world, EPERM);
        check_table(world);
        assert_int_equal(world->fake->vm->holds, 1);
        if (step % 50 == 0) {
            world->fake->fail_countdown = 0;
            memory_region_set_enabled(&world->fake->root, false);
            memory_region_set_enabled(&world->fake->root, true);
            assert_false(error_latch_is_set(&world->fake->errors));
            check_table(world);
            check_pages(world);
        }
    }
    world->fake->fail_countdown = 0;
    memory_region_set_enabled(&world->fake->root, false);
    memory_region_set_enabled(&world->fake->root, true);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_failures),
        cmocka_unit_test(test_with_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
