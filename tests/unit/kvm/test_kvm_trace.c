/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_kvm_trace.c - the stages that a plug, an interrupt and a batched write leave in the trace. */
#include <errno.h>
#include <string.h>

#include "fake_kvm.h"
#include "memory/ram_block.h"
#include "trace/trace_session.h"
#include "unit.h"

struct bench {
    struct fake_kvm *fake;
    struct ram_block *block;
    struct memory_region ram;
    struct trace_session *trace;
};

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);
    struct ram_block_options options = { .name = "ram", .size_bytes = 0x10000 };

    bench->fake = fake_kvm_create();
    bench->block = ram_block_create(&options, NULL);
    memory_region_init_ram(&bench->ram, bench->fake->memory, "ram", bench->block);
    assert_non_null(fake_kvm_create_vm(bench->fake, NULL, NULL, NULL));
    bench->trace = trace_session_create(NULL);
    assert_true(trace_session_configure(bench->trace, "*", NULL));
    trace_session_bind(bench->trace);
    trace_session_turn_begin(bench->trace, 1, 0, TRACE_VCPU_NONE);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    trace_session_turn_end(bench->trace);
    trace_session_bind(NULL);
    trace_session_destroy(bench->trace);
    if (memory_region_is_mapped(&bench->ram)) {
        memory_region_del_subregion(&bench->fake->root, &bench->ram);
    }
    fake_kvm_destroy(bench->fake);
    memory_region_fini(&bench->ram);
    ram_block_destroy(bench->block);
    g_free(bench);
    return 0;
}

/* The texts appear in the trace in this order. */
static void expect_order(struct bench *bench, const char *const *texts)
{
    g_autoptr(GString) out = g_string_new(NULL);
    const char *at;

    trace_session_ring_dump(bench->trace, out);
    at = out->str;
    for (; *texts != NULL; texts++) {
        at = strstr(at, *texts);
        if (at == NULL) {
            fail_msg("'%s' is missing or too early in:\n%s", *texts, out->str);
        }
        at += strlen(*texts);
    }
}

static void test_plug(void **state)
{
    static const char *const chain[] = {
        "--> memory_region_transaction_commit: depth=0",
        "--> address_space_set_flatview",
        "--> address_space_update_topology_pass: address_space=\"memory\" adding=true",
        "--> kvm_region_add: gpa=0x100000000 size_bytes=65536 region=\"ram\" readonly=false",
        "--> kvm_set_phys_mem: gpa=0x100000000 size_bytes=65536 region=\"ram\" adding=true",
        "kvm_ioctl: request=\"KVM_SET_USER_MEMORY_REGION\" vcpu=65535 arguments=\"slot=0, "
        "gpa=0x100000000, size=0x10000, flags=0\" result=0 error=0",
        "kvm_memslot_added: slot=0",
        "<-- kvm_set_phys_mem: ok=true",
        "<-- kvm_region_add",
        NULL,
    };
    struct bench *bench = *state;

    memory_region_add_subregion(&bench->fake->root, 0x100000000, &bench->ram);
    expect_order(bench, chain);
}

static void test_unplug(void **state)
{
    static const char *const chain[] = {
        "--> address_space_update_topology_pass: address_space=\"memory\" adding=false",
        "--> kvm_region_del: gpa=0x100000000",
        "--> kvm_set_phys_mem: gpa=0x100000000 size_bytes=65536 region=\"ram\" adding=false",
        "arguments=\"slot=0, gpa=0x100000000, size=0x0, flags=0\" result=0 error=0",
        "kvm_memslot_deleted: slot=0",
        "<-- kvm_set_phys_mem: ok=true",
        NULL,
    };
    struct bench *bench = *state;

    memory_region_add_subregion(&bench->fake->root, 0x100000000, &bench->ram);
    memory_region_del_subregion(&bench->fake->root, &bench->ram);
    expect_order(bench, chain);
}

static void test_failure(void **state)
{
    static const char *const chain[] = {
        "--> kvm_set_phys_mem",
        "result=-1 error=17", /* EEXIST */
        "<-- kvm_set_phys_mem: ok=false",
        NULL,
    };
    struct bench *bench = *state;

    fake_kvm_fail(bench->fake, KVM_SET_USER_MEMORY_REGION, 1, EEXIST);
    memory_region_add_subregion(&bench->fake->root, 0x100000000, &bench->ram);
    expect_order(bench, chain);
}

static void test_interrupt(void **state)
{
    static const char *const chain[] = {
        "--> kvm_set_irq: gsi=9 level=1",
        "kvm_ioctl: request=\"KVM_IRQ_LINE_STATUS\" vcpu=65535 arguments=\"gsi=9, level=1\"",
        "<-- kvm_set_irq: status=1",
        NULL,
    };
    struct bench *bench = *state;

    kvm_set_irq(bench->fake->vm, 9, 1);
    expect_order(bench, chain);
}

static void test_batched_write(void **state)
{
    static const char *const chain[] = {
        "--> memory_region_transaction_begin: depth=0",
        "--> qemu_flush_coalesced_mmio_buffer",
        "--> kvm_flush_coalesced_mmio_buffer",
        "kvm_coalesced_write: gpa=0xe0000000 value=0x5a size_bytes=1 pio=false",
        "<-- kvm_flush_coalesced_mmio_buffer: writes=1",
        "<-- qemu_flush_coalesced_mmio_buffer",
        "<-- memory_region_transaction_begin",
        NULL,
    };
    struct bench *bench = *state;

    fake_kvm_push_write(bench->fake, 0xe0000000, 0x5a, 1, false);
    memory_region_transaction_begin(bench->fake->memory);
    memory_region_transaction_commit(bench->fake->memory);
    expect_order(bench, chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_plug, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unplug, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failure, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_batched_write, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
