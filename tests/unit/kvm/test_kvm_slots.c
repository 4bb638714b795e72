/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_kvm_slots.c - memslots follow the FlatView: which ioctls, which numbers, what after a failure. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "fake_kvm.h"
#include "memory/ram_block.h"
#include "unit.h"

#define DIMMS 256u
#define MIB   (1ull << 20)
#define GIB   (1ull << 30)

struct bench {
    struct fake_kvm *fake;
    struct ram_block *block, *other_block;
    struct memory_region ram, other, io, alias;
    struct memory_region_ops ops;
};

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);
    struct ram_block_options options = { .name = "ram", .size_bytes = MIB };

    bench->fake = fake_kvm_create();
    bench->block = ram_block_create(&options, NULL);
    bench->other_block = ram_block_create(&options, NULL);
    memory_region_init_ram(&bench->ram, bench->fake->memory, "ram", bench->block);
    memory_region_init_ram(&bench->other, bench->fake->memory, "other", bench->other_block);
    memory_region_init_io(&bench->io, bench->fake->memory, "io", &bench->ops, bench, 0x1000);
    assert_non_null(fake_kvm_create_vm(bench->fake, NULL, NULL, NULL));
    fake_kvm_forget(bench->fake);
    *state = bench;
    return 0;
}

static void unmap(struct memory_region *region)
{
    if (memory_region_is_mapped(region)) {
        memory_region_del_subregion(region->container, region);
    }
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    unmap(&bench->alias);
    unmap(&bench->ram);
    unmap(&bench->other);
    unmap(&bench->io);
    fake_kvm_destroy(bench->fake);
    memory_region_fini(&bench->alias);
    memory_region_fini(&bench->ram);
    memory_region_fini(&bench->other);
    memory_region_fini(&bench->io);
    ram_block_destroy(bench->block);
    ram_block_destroy(bench->other_block);
    g_free(bench);
    return 0;
}

static struct kvm_userspace_memory_region region_call(struct bench *bench, unsigned nth)
{
    const struct fake_call *entry = fake_kvm_nth(bench->fake, KVM_SET_USER_MEMORY_REGION, nth);
    struct kvm_userspace_memory_region region;

    assert_non_null(entry);
    memcpy(&region, entry->bytes, sizeof(region));
    return region;
}

static unsigned region_calls(struct bench *bench)
{
    return fake_kvm_count(bench->fake, KVM_SET_USER_MEMORY_REGION);
}

static void expect_latched(struct bench *bench, const char *text)
{
    g_autoptr(GError) error = NULL;

    assert_false(error_latch_take(&bench->fake->errors, &error));
    assert_string_equal(error->message, text);
}

static void test_one_ioctl_a_plug(void **state)
{
    struct bench *bench = *state;
    struct kvm_userspace_memory_region region;

    memory_region_add_subregion(&bench->fake->root, 4 * GIB, &bench->ram);
    assert_int_equal(region_calls(bench), 1);
    region = region_call(bench, 0);
    assert_int_equal(region.slot, 0);
    assert_int_equal(region.flags, 0);
    assert_true(region.guest_phys_addr == 4 * GIB);
    assert_true(region.memory_size == MIB);
    assert_true(region.userspace_addr == (uintptr_t)ram_block_host(bench->block));
    /* Nothing replaces anything: no vCPU was held, beyond the VM's own hold. */
    assert_int_equal(fake_kvm_nth(bench->fake, KVM_SET_USER_MEMORY_REGION, 0)->holds, 1);

    memory_region_del_subregion(&bench->fake->root, &bench->ram);
    assert_int_equal(region_calls(bench), 2);
    region = region_call(bench, 1);
    assert_int_equal(region.slot, 0);
    assert_true(region.guest_phys_addr == 4 * GIB);
    assert_true(region.memory_size == 0);
    assert_int_equal(fake_kvm_nth(bench->fake, KVM_SET_USER_MEMORY_REGION, 1)->holds, 1);
    assert_int_equal(kvm_slots_used(bench->fake->vm), 0);
    assert_false(error_latch_is_set(&bench->fake->errors));
}

static void test_rom_and_io(void **state)
{
    struct bench *bench = *state;
    struct memory_region rom = { 0 };

    memory_region_init_rom(&rom, bench->fake->memory, "rom", bench->block);
    memory_region_add_subregion(&bench->fake->root, 0xf0000, &rom);
    memory_region_add_subregion(&bench->fake->root, 0xfed00000, &bench->io);
    assert_int_equal(region_calls(bench), 1);
    assert_int_equal(region_call(bench, 0).flags, KVM_MEM_READONLY);
    memory_region_del_subregion(&bench->fake->root, &rom);
    memory_region_fini(&rom);
}

/* Only whole pages whose offsets line up go to KVM. */
static void test_page_parts(void **state)
{
    struct bench *bench = *state;
    struct kvm_userspace_memory_region region;

    memory_region_init_alias(&bench->alias, bench->fake->memory, "window", &bench->ram, 0x800,
                             0x3000);
    memory_region_add_subregion(&bench->fake->root, 0x100800, &bench->alias);
    assert_int_equal(region_calls(bench), 1);
    region = region_call(bench, 0);
    assert_int_equal(region.guest_phys_addr, 0x101000);
    assert_int_equal(region.memory_size, 0x2000);
    assert_true(region.userspace_addr == (uintptr_t)ram_block_host(bench->block) + 0x1000);
    unmap(&bench->alias);
    assert_int_equal(region_calls(bench), 2);
    /* Guest and host pages at odds: all of it is reached by exits. */
    memory_region_add_subregion(&bench->fake->root, 0x100000, &bench->alias);
    assert_int_equal(region_calls(bench), 2);
    unmap(&bench->alias);
    /* Less than a page. */
    memory_region_set_size(&bench->alias, 0x800);
    memory_region_add_subregion(&bench->fake->root, 0x100800, &bench->alias);
    assert_int_equal(region_calls(bench), 2);
    assert_false(error_latch_is_set(&bench->fake->errors));
}

/* An overlay splits the slot: deleted and made again while the vCPUs are held. */
static void test_replacing_holds(void **state)
{
    struct bench *bench = *state;

    memory_region_add_subregion(&bench->fake->root, 0, &bench->ram);
    fake_kvm_forget(bench->fake);
    memory_region_add_subregion_overlap(&bench->fake->root, 0x80000, &bench->io, 1);
    assert_int_equal(region_calls(bench), 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(fake_kvm_nth(bench->fake, KVM_SET_USER_MEMORY_REGION, i)->holds, 2);
    }
    assert_int_equal(region_call(bench, 0).memory_size, 0);
    assert_int_equal(region_call(bench, 1).memory_size, 0x80000);
    assert_int_equal(region_call(bench, 2).guest_phys_addr, 0x81000);
    assert_int_equal(bench->fake->vm->holds, 1);
    assert_int_equal(kvm_slots_used(bench->fake->vm), 2);
    unmap(&bench->io);
    assert_int_equal(kvm_slots_used(bench->fake->vm), 1);
    assert_int_equal(bench->fake->vm->holds, 1);
}

/* Deletions and additions at different places leave no hole: nothing is held. */
static void test_moving_apart_holds_nothing(void **state)
{
    struct bench *bench = *state;

    memory_region_add_subregion(&bench->fake->root, 0, &bench->ram);
    fake_kvm_forget(bench->fake);
    memory_region_transaction_begin(bench->fake->memory);
    unmap(&bench->ram);
    memory_region_add_subregion(&bench->fake->root, MIB, &bench->other);
    memory_region_transaction_commit(bench->fake->memory);
    assert_int_equal(region_calls(bench), 2);
    assert_int_equal(fake_kvm_nth(bench->fake, KVM_SET_USER_MEMORY_REGION, 0)->holds, 1);
    assert_int_equal(fake_kvm_nth(bench->fake, KVM_SET_USER_MEMORY_REGION, 1)->holds, 1);
    /* The same by one byte of overlap. */
    fake_kvm_forget(bench->fake);
    memory_region_set_offset(&bench->other, 0x1000);
    assert_int_equal(fake_kvm_nth(bench->fake, KVM_SET_USER_MEMORY_REGION, 1)->holds, 2);
}

static void test_failed_add(void **state)
{
    struct bench *bench = *state;

    memory_region_add_subregion(&bench->fake->root, 0, &bench->other);
    fake_kvm_forget(bench->fake);
    fake_kvm_fail(bench->fake, KVM_SET_USER_MEMORY_REGION, 1, EEXIST);
    memory_region_add_subregion(&bench->fake->root, 4 * GIB, &bench->ram);
    expect_latched(bench, "KVM_SET_USER_MEMORY_REGION(slot=1, gpa=0x100000000, size=0x100000, "
                          "flags=0) failed: File exists (EEXIST)");
    assert_int_equal(kvm_slots_used(bench->fake->vm), 1);
    /* Undone without an ioctl; the number is still free for the next one. */
    memory_region_del_subregion(&bench->fake->root, &bench->ram);
    assert_int_equal(region_calls(bench), 1);
    assert_false(error_latch_is_set(&bench->fake->errors));
    memory_region_add_subregion(&bench->fake->root, 4 * GIB, &bench->ram);
    assert_int_equal(region_call(bench, 1).slot, 1);
    assert_false(error_latch_is_set(&bench->fake->errors));
}

static void test_fault_on_demand(void **state)
{
    struct bench *bench = *state;

    assert_true(fault_plan_arm(&bench->fake->faults, "kvm_set_user_memory_region=ENOMEM", NULL));
    memory_region_add_subregion(&bench->fake->root, 0, &bench->ram);
    assert_int_equal(region_calls(bench), 0); /* KVM was not asked */
    expect_latched(bench, "KVM_SET_USER_MEMORY_REGION(slot=0, gpa=0x0, size=0x100000, flags=0) "
                          "failed: Cannot allocate memory (ENOMEM)");
}

static void test_failed_delete_serves_again(void **state)
{
    struct bench *bench = *state;
    g_autoptr(GString) out = g_string_new(NULL);

    memory_region_add_subregion(&bench->fake->root, 0, &bench->ram);
    fake_kvm_fail(bench->fake, KVM_SET_USER_MEMORY_REGION, 1, ENOMEM);
    unmap(&bench->ram);
    expect_latched(bench, "KVM_SET_USER_MEMORY_REGION(slot=0, gpa=0x0, size=0x0, flags=0) failed: "
                          "Cannot allocate memory (ENOMEM)");
    assert_int_equal(kvm_slots_used(bench->fake->vm), 1);
    kvm_slots_print(bench->fake->vm, out);
    assert_string_equal(out->str,
                        "memslots: 1 of 512 used\nslot 0: 0000000000000000-00000000000fffff size "
                        "0x100000 ram: ram (deletion failed)\n");
    fake_kvm_forget(bench->fake);
    memory_region_add_subregion(&bench->fake->root, 0, &bench->ram);
    assert_int_equal(region_calls(bench), 0);
    assert_false(error_latch_is_set(&bench->fake->errors));
    unmap(&bench->ram); /* and goes for good now */
    assert_int_equal(region_calls(bench), 1);
    assert_int_equal(kvm_slots_used(bench->fake->vm), 0);
}

static void test_failed_delete_in_the_way(void **state)
{
    struct bench *bench = *state;

    memory_region_add_subregion(&bench->fake->root, 0, &bench->ram);
    fake_kvm_fail(bench->fake, KVM_SET_USER_MEMORY_REGION, 1, ENOMEM);
    bench->fake->fail_always = true;
    unmap(&bench->ram);
    g_clear_error(&bench->fake->errors.first);
    /* Another range there: the old slot still will not go. */
    memory_region_add_subregion(&bench->fake->root, 0x1000, &bench->other);
    expect_latched(bench, "KVM_SET_USER_MEMORY_REGION(slot=0, gpa=0x0, size=0x0, flags=0) failed: "
                          "Cannot allocate memory (ENOMEM)");
    unmap(&bench->other);
    assert_false(error_latch_is_set(&bench->fake->errors));
    assert_int_equal(kvm_slots_used(bench->fake->vm), 1);
    /* When it does go, the new one takes its number. */
    bench->fake->fail_countdown = 0;
    fake_kvm_forget(bench->fake);
    memory_region_add_subregion(&bench->fake->root, 0x1000, &bench->other);
    assert_int_equal(region_calls(bench), 2);
    assert_int_equal(region_call(bench, 1).slot, 0);
    assert_false(error_latch_is_set(&bench->fake->errors));
}

/* The same place and size but other memory: the old slot must not serve for it. */
static void test_failed_delete_of_other_memory(void **state)
{
    struct bench *bench = *state;

    memory_region_add_subregion(&bench->fake->root, 0, &bench->ram);
    fake_kvm_fail(bench->fake, KVM_SET_USER_MEMORY_REGION, 1, ENOMEM);
    unmap(&bench->ram);
    g_clear_error(&bench->fake->errors.first);
    memory_region_add_subregion(&bench->fake->root, 0, &bench->other);
    assert_true(bench->fake->slots[0].userspace_addr ==
                (uintptr_t)ram_block_host(bench->other_block));
    assert_int_equal(kvm_slots_used(bench->fake->vm), 1);
}

/* A later commit, of something else, takes a slot away that stayed. */
static void test_failed_delete_is_tried_again(void **state)
{
    struct bench *bench = *state;

    memory_region_add_subregion(&bench->fake->root, 0, &bench->ram);
    fake_kvm_fail(bench->fake, KVM_SET_USER_MEMORY_REGION, 1, ENOMEM);
    unmap(&bench->ram);
    g_clear_error(&bench->fake->errors.first);
    memory_region_add_subregion(&bench->fake->root, 4 * GIB, &bench->other);
    assert_int_equal(kvm_slots_used(bench->fake->vm), 1);
    assert_int_equal(bench->fake->slots[0].memory_size, 0);
    assert_false(error_latch_is_set(&bench->fake->errors));
}

static void test_used_up(void **state)
{
    struct bench *bench = *state;

    bench->fake->vm->slots.max = 1;
    memory_region_add_subregion(&bench->fake->root, 0, &bench->ram);
    memory_region_add_subregion(&bench->fake->root, MIB, &bench->other);
    expect_latched(bench, "KVM's memory slots are used up: all 1 are taken, none is left for "
                          "'other' at 0x100000");
    assert_int_equal(region_calls(bench), 1);
    unmap(&bench->other);
    unmap(&bench->ram);
    memory_region_add_subregion(&bench->fake->root, MIB, &bench->other);
    assert_false(error_latch_is_set(&bench->fake->errors));
}

/* 256 DIMMs: one ioctl each, numbers in order, freed ones reused lowest first. */
static void test_many_dimms(void **state)
{
    struct bench *bench = *state;
    struct memory_region *dimms = g_new0(struct memory_region, DIMMS);
    struct ram_block *blocks[DIMMS];
    struct ram_block_options options = { .name = "dimm", .size_bytes = 4096 };

    for (unsigned i = 0; i < DIMMS; i++) {
        blocks[i] = ram_block_create(&options, NULL);
        memory_region_init_ram(&dimms[i], bench->fake->memory, "dimm", blocks[i]);
        memory_region_add_subregion(&bench->fake->root, 4 * GIB + i * 0x10000, &dimms[i]);
        assert_int_equal(region_calls(bench), i + 1);
        assert_int_equal(region_call(bench, i).slot, i);
    }
    unmap(&dimms[200]);
    unmap(&dimms[7]);
    unmap(&dimms[70]);
    fake_kvm_forget(bench->fake);
    memory_region_add_subregion(&bench->fake->root, 8 * GIB, &dimms[200]);
    memory_region_add_subregion(&bench->fake->root, 9 * GIB, &dimms[70]);
    memory_region_add_subregion(&bench->fake->root, 3 * GIB, &dimms[7]);
    assert_int_equal(region_call(bench, 0).slot, 7);
    assert_int_equal(region_call(bench, 1).slot, 70);
    assert_int_equal(region_call(bench, 2).slot, 200);
    assert_false(error_latch_is_set(&bench->fake->errors));
    for (unsigned i = 0; i < DIMMS; i++) {
        unmap(&dimms[i]);
        memory_region_fini(&dimms[i]);
        ram_block_destroy(blocks[i]);
    }
    assert_int_equal(kvm_slots_used(bench->fake->vm), 0);
    g_free(dimms);
}

static bool naive_find(const struct kvm_slot *naive, uint64_t gpa, uint64_t size, uint32_t *out)
{
    bool found = false;

    for (uint32_t i = 0; i < 300; i++) {
        if (naive[i].used && naive[i].gpa <= gpa + size - 1 &&
            gpa <= naive[i].gpa + naive[i].size_bytes - 1 &&
            (!found || naive[i].gpa < naive[*out].gpa)) {
            *out = i;
            found = true;
        }
    }
    return found;
}

/* The table against a plain array, over random insertions and removals. */
static void test_table_against_array(void **state)
{
    struct kvm_slots slots;
    struct kvm_slot naive[300] = { 0 };
    unsigned seed = 1;
    char name[] = "r";

    (void)state;
    kvm_slots_init(&slots, 300);
    for (unsigned step = 0; step < 20000; step++) {
        uint64_t gpa = (uint64_t)(rand_r(&seed) % 1000) * 4096;
        uint64_t size = (uint64_t)(1 + rand_r(&seed) % 8) * 4096;
        uint32_t number = 0, expected = 0;
        bool found = kvm_slots_find(&slots, gpa, size, &number);

        assert_int_equal(found, naive_find(naive, gpa, size, &expected));
        assert_int_equal(number, expected);
        if (found && rand_r(&seed) % 2 == 0) {
            kvm_slots_remove(&slots, number);
            naive[number].used = false;
        } else if (!found) {
            struct kvm_slot slot = { .gpa = gpa, .size_bytes = size, .region = name };
            uint32_t lowest = 0;

            while (lowest < 300 && naive[lowest].used) {
                lowest++;
            }
            assert_int_equal(kvm_slots_lowest_free(&slots, &number), lowest < 300);
            if (lowest < 300) {
                assert_int_equal(number, lowest);
                kvm_slots_insert(&slots, number, &slot);
                naive[number] = slot;
                naive[number].used = true;
            }
        }
    }
    kvm_slots_fini(&slots);
}

/* What is there before the VM gets its slots at creation; a failure there fails the creation. */
static void test_memory_before_the_vm(void **state)
{
    struct bench *bench = *state;
    g_autoptr(GError) error = NULL;

    kvm_vm_destroy(bench->fake->vm);
    bench->fake->vm = NULL;
    memset(bench->fake->slots, 0, sizeof(bench->fake->slots));
    memory_region_add_subregion(&bench->fake->root, 0, &bench->ram);
    fake_kvm_fail(bench->fake, KVM_SET_USER_MEMORY_REGION, 1, EINVAL);
    assert_null(fake_kvm_create_vm(bench->fake, NULL, NULL, &error));
    assert_string_equal(error->message,
                        "KVM_SET_USER_MEMORY_REGION(slot=0, gpa=0x0, size=0x100000, flags=0) "
                        "failed: Invalid argument (EINVAL)");
    assert_non_null(fake_kvm_create_vm(bench->fake, NULL, NULL, NULL));
    assert_int_equal(kvm_slots_used(bench->fake->vm), 1);
    assert_int_equal(kvm_slots_max(bench->fake->vm), 512);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_ioctl_a_plug, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rom_and_io, setup, teardown),
        cmocka_unit_test_setup_teardown(test_page_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replacing_holds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_moving_apart_holds_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failed_add, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fault_on_demand, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failed_delete_serves_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failed_delete_in_the_way, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failed_delete_of_other_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failed_delete_is_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_used_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_dimms, setup, teardown),
        cmocka_unit_test(test_table_against_array),
        cmocka_unit_test_setup_teardown(test_memory_before_the_vm, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
