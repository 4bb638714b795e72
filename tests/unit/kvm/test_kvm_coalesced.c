/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_kvm_coalesced.c - zones follow the memory map; batched writes are carried out once, in order. */
#include <errno.h>
#include <string.h>

#include "fake_kvm.h"
#include "unit.h"

struct write {
    uint64_t offset, value;
    unsigned size;
    bool pio;
};

struct bench {
    struct fake_kvm *fake;
    struct memory_region io, ports, extra;
    struct memory_region_ops ops, port_ops;
    GArray *writes; /* struct write */
    bool changes_map;
};

static void on_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct bench *bench = opaque;
    struct write write = { offset, value, size, false };

    if (bench->changes_map) { /* and is done only then: a write carried out inside would overtake */
        memory_region_set_enabled(&bench->extra, !bench->extra.enabled);
    }
    g_array_append_val(bench->writes, write);
}

static void on_port_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct write write = { offset, value, size, true };

    g_array_append_val(((struct bench *)opaque)->writes, write);
}

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);

    bench->fake = fake_kvm_create();
    bench->writes = g_array_new(FALSE, FALSE, sizeof(struct write));
    bench->ops = (struct memory_region_ops){ .write = on_write };
    bench->port_ops = (struct memory_region_ops){ .write = on_port_write };
    memory_region_init_io(&bench->io, bench->fake->memory, "io", &bench->ops, bench, 0x1000);
    memory_region_init_io(&bench->extra, bench->fake->memory, "extra", &bench->ops, bench, 16);
    memory_region_init_io(&bench->ports, bench->fake->memory, "ports", &bench->port_ops, bench, 8);
    memory_region_add_coalescing(&bench->io, 0x100, 0x200);
    memory_region_add_subregion(&bench->fake->root, 0xd0000000, &bench->extra);
    memory_region_add_subregion(&bench->fake->io_root, 0x70, &bench->ports);
    assert_non_null(fake_kvm_create_vm(bench->fake, NULL, NULL, NULL));
    fake_kvm_forget(bench->fake);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    if (memory_region_is_mapped(&bench->io)) {
        memory_region_del_subregion(&bench->fake->root, &bench->io);
    }
    memory_region_del_subregion(&bench->fake->root, &bench->extra);
    memory_region_del_subregion(&bench->fake->io_root, &bench->ports);
    fake_kvm_destroy(bench->fake);
    memory_region_fini(&bench->io);
    memory_region_fini(&bench->extra);
    memory_region_fini(&bench->ports);
    g_array_unref(bench->writes);
    g_free(bench);
    return 0;
}

static struct kvm_coalesced_mmio_zone zone_call(struct bench *bench, unsigned long request)
{
    const struct fake_call *entry = fake_kvm_nth(bench->fake, request, 0);
    struct kvm_coalesced_mmio_zone zone;

    assert_non_null(entry);
    memcpy(&zone, entry->bytes, sizeof(zone));
    return zone;
}

static void test_zones(void **state)
{
    struct bench *bench = *state;
    struct kvm_coalesced_mmio_zone zone;

    memory_region_add_subregion(&bench->fake->root, 0xe0000000, &bench->io);
    zone = zone_call(bench, KVM_REGISTER_COALESCED_MMIO);
    assert_true(zone.addr == 0xe0000100);
    assert_int_equal(zone.size, 0x200);
    memory_region_del_subregion(&bench->fake->root, &bench->io);
    zone = zone_call(bench, KVM_UNREGISTER_COALESCED_MMIO);
    assert_true(zone.addr == 0xe0000100);
    assert_int_equal(zone.size, 0x200);
    assert_false(error_latch_is_set(&bench->fake->errors));
}

static void test_failed_zone(void **state)
{
    struct bench *bench = *state;
    g_autoptr(GError) error = NULL;

    assert_true(fault_plan_arm(&bench->fake->faults, "kvm_register_coalesced_mmio=ENOSPC", NULL));
    memory_region_add_subregion(&bench->fake->root, 0xe0000000, &bench->io);
    assert_false(error_latch_take(&bench->fake->errors, &error));
    assert_string_equal(error->message,
                        "KVM_REGISTER_COALESCED_MMIO(gpa=0xe0000100, size=0x200) failed: No space "
                        "left on device (ENOSPC)");
    memory_region_del_subregion(&bench->fake->root, &bench->io);
    assert_int_equal(fake_kvm_count(bench->fake, KVM_UNREGISTER_COALESCED_MMIO), 0);
    assert_false(error_latch_is_set(&bench->fake->errors));
}

static void test_failed_unregister(void **state)
{
    struct bench *bench = *state;
    g_autoptr(GError) error = NULL;

    memory_region_add_subregion(&bench->fake->root, 0xe0000000, &bench->io);
    assert_true(fault_plan_arm(&bench->fake->faults, "kvm_unregister_coalesced_mmio=ENOMEM", NULL));
    memory_region_del_subregion(&bench->fake->root, &bench->io);
    assert_false(error_latch_take(&bench->fake->errors, &error));
    assert_string_equal(error->message,
                        "KVM_UNREGISTER_COALESCED_MMIO(gpa=0xe0000100, size=0x200) failed: Cannot "
                        "allocate memory (ENOMEM)");
    /* Back again: KVM still has it. */
    fake_kvm_forget(bench->fake);
    memory_region_add_subregion(&bench->fake->root, 0xe0000000, &bench->io);
    assert_int_equal(fake_kvm_count(bench->fake, KVM_REGISTER_COALESCED_MMIO), 0);
    memory_region_del_subregion(&bench->fake->root, &bench->io);
    assert_int_equal(fake_kvm_count(bench->fake, KVM_UNREGISTER_COALESCED_MMIO), 1);
    assert_false(error_latch_is_set(&bench->fake->errors));
}

static void test_order_and_spaces(void **state)
{
    struct bench *bench = *state;
    const struct write *writes;

    memory_region_add_subregion(&bench->fake->root, 0xe0000000, &bench->io);
    fake_kvm_push_write(bench->fake, 0xe0000100, 0x11, 1, false);
    fake_kvm_push_write(bench->fake, 0x72, 0x22, 2, true);
    fake_kvm_push_write(bench->fake, 0xe0000108, 0x3333333344444444ull, 8, false);
    fake_kvm_push_write(bench->fake, 0xe0000110, 0x55, 200, false); /* at most 8 bytes */
    kvm_flush_coalesced(bench->fake->vm);
    writes = &g_array_index(bench->writes, struct write, 0);
    assert_int_equal(bench->writes->len, 4);
    assert_int_equal(writes[0].offset, 0x100);
    assert_int_equal(writes[0].value, 0x11);
    assert_true(writes[1].pio);
    assert_int_equal(writes[1].offset, 2);
    assert_true(writes[2].value == 0x3333333344444444ull);
    assert_int_equal(writes[3].size, 8);
    kvm_flush_coalesced(bench->fake->vm);
    assert_int_equal(bench->writes->len, 4);
}

/* Exits look into the ring from the first coalesced range on, also behind the last one. */
static void test_exits_flush(void **state)
{
    struct bench *bench = *state;

    fake_kvm_push_write(bench->fake, 0xe0000100, 0x11, 1, false);
    kvm_flush_coalesced_at_exit(bench->fake->vm);
    assert_int_equal(bench->writes->len, 0);
    memory_region_add_subregion(&bench->fake->root, 0xe0000000, &bench->io);
    fake_kvm_push_write(bench->fake, 0xe0000100, 0x22, 1, false);
    kvm_flush_coalesced_at_exit(bench->fake->vm);
    assert_true(g_array_index(bench->writes, struct write, bench->writes->len - 1).value == 0x22);
    memory_region_del_subregion(&bench->fake->root, &bench->io);
    fake_kvm_push_write(bench->fake, 0x72, 0x33, 1, true);
    kvm_flush_coalesced_at_exit(bench->fake->vm);
    assert_true(g_array_index(bench->writes, struct write, bench->writes->len - 1).value == 0x33);
}

/* Writes come before the change of the map, also where their handlers change the map themselves. */
static void test_transaction_flushes(void **state)
{
    struct bench *bench = *state;

    memory_region_add_subregion(&bench->fake->root, 0xe0000000, &bench->io);
    bench->changes_map = true;
    for (uint64_t i = 0; i < 5; i++) {
        fake_kvm_push_write(bench->fake, 0xe0000100 + i, i, 1, false);
    }
    memory_region_transaction_begin(bench->fake->memory);
    assert_int_equal(bench->writes->len, 5);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(g_array_index(bench->writes, struct write, i).value, i);
    }
    memory_region_transaction_commit(bench->fake->memory);
    assert_false(bench->extra.enabled);
    bench->changes_map = false;
    memory_region_set_enabled(&bench->extra, true);
}

/* A ring that never runs dry does not hold a flush forever. */
static bool endless_next(void *opaque, struct kvm_coalesced_mmio *out_entry)
{
    (void)opaque;
    *out_entry = (struct kvm_coalesced_mmio){ .phys_addr = 0xe0000100, .len = 1 };
    return true;
}

static void test_flush_ends(void **state)
{
    struct bench *bench = *state;

    memory_region_add_subregion(&bench->fake->root, 0xe0000000, &bench->io);
    bench->fake->calls.coalesced_next = endless_next;
    kvm_flush_coalesced(bench->fake->vm);
    assert_int_equal(bench->writes->len, 170); /* what a ring of one page holds */
    bench->fake->calls.coalesced_next = NULL;
    memory_system_set_coalesced_flush(bench->fake->memory, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_zones, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failed_zone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failed_unregister, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order_and_spaces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exits_flush, setup, teardown),
        cmocka_unit_test_setup_teardown(test_transaction_flushes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flush_ends, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
