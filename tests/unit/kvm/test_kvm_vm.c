/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_kvm_vm.c - creation in KVM's order, a clear message for each capability and failure, CPUID. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fake_kvm.h"
#include "unit.h"

static guint index_of(struct fake_kvm *fake, unsigned long request)
{
    for (guint i = 0; i < fake->log->len; i++) {
        if (g_array_index(fake->log, struct fake_call, i).request == request) {
            return i;
        }
    }
    fail_msg("ioctl 0x%lx was not made", request);
    return 0;
}

static void test_order(void **state)
{
    struct fake_kvm *fake = fake_kvm_create();
    uint64_t identity_map;

    (void)state;
    assert_non_null(fake_kvm_create_vm(fake, NULL, NULL, NULL));
    assert_true(kvm_vcpu_create(fake->vm, 0, 0, NULL));
    assert_true(index_of(fake, KVM_CREATE_VM) < index_of(fake, KVM_SET_IDENTITY_MAP_ADDR));
    assert_true(index_of(fake, KVM_SET_IDENTITY_MAP_ADDR) < index_of(fake, KVM_CREATE_VCPU));
    assert_true(index_of(fake, KVM_SET_TSS_ADDR) < index_of(fake, KVM_CREATE_VCPU));
    assert_true(index_of(fake, KVM_CREATE_IRQCHIP) < index_of(fake, KVM_CREATE_PIT2));
    assert_true(index_of(fake, KVM_CREATE_IRQCHIP) < index_of(fake, KVM_CREATE_VCPU));
    memcpy(&identity_map, fake_kvm_nth(fake, KVM_SET_IDENTITY_MAP_ADDR, 0)->bytes, 8);
    assert_true(identity_map == 0xfffbc000);
    assert_true(fake_kvm_nth(fake, KVM_SET_TSS_ADDR, 0)->number == 0xfffbd000);
    assert_int_equal(kvm_vcpu_count(fake->vm), 1);
    assert_int_equal(kvm_vcpu_thread_id(fake->vm, 0), 0);
    fake_kvm_destroy(fake);
}

static void test_missing_capability(void **state)
{
    struct fake_kvm *fake = fake_kvm_create();
    g_autoptr(GError) error = NULL;

    (void)state;
    fake->missing_capability = KVM_CAP_READONLY_MEM;
    assert_null(fake_kvm_create_vm(fake, NULL, NULL, &error));
    assert_string_equal(error->message,
                        "this host's KVM lacks KVM_CAP_READONLY_MEM (needed for ROM)");
    assert_int_equal(fake->log->len, 0); /* nothing was made */
    fake_kvm_destroy(fake);
}

static void test_memslots_without_answer(void **state)
{
    struct fake_kvm *fake = fake_kvm_create();

    (void)state;
    fake->missing_capability = KVM_CAP_NR_MEMSLOTS;
    assert_non_null(fake_kvm_create_vm(fake, NULL, NULL, NULL));
    assert_int_equal(kvm_slots_max(fake->vm), 32);
    fake_kvm_destroy(fake);
}

/* Whatever fails ends in an error that begins with its name; nothing leaks. */
static void test_every_failure(void **state)
{
    static const struct {
        unsigned long request;
        const char *start;
    } rows[] = {
        { KVM_GET_VCPU_MMAP_SIZE, "KVM_GET_VCPU_MMAP_SIZE() failed: " },
        { KVM_CREATE_VM, "KVM_CREATE_VM(type=0) failed: " },
        { KVM_SET_IDENTITY_MAP_ADDR, "KVM_SET_IDENTITY_MAP_ADDR(gpa=0xfffbc000) failed: " },
        { KVM_SET_TSS_ADDR, "KVM_SET_TSS_ADDR(gpa=0xfffbd000) failed: " },
        { KVM_CREATE_IRQCHIP, "KVM_CREATE_IRQCHIP() failed: " },
        { KVM_CREATE_PIT2, "KVM_CREATE_PIT2(flags=1) failed: " },
        { KVM_GET_IRQCHIP, "KVM_GET_IRQCHIP(chip_id=0) failed: " },
        { KVM_GET_PIT2, "KVM_GET_PIT2() failed: " },
        { KVM_GET_SUPPORTED_CPUID, "KVM_GET_SUPPORTED_CPUID(entries=256) failed: " },
        { KVM_CREATE_VCPU, "KVM_CREATE_VCPU(index=0, apic_id=3) failed: " },
        { KVM_SET_CPUID2, "KVM_SET_CPUID2(entries=11) of vCPU 0 failed: " },
        { KVM_GET_LAPIC, "KVM_GET_LAPIC() of vCPU 0 failed: " },
        { KVM_GET_MSRS, "KVM_GET_MSRS(entries=4) of vCPU 0 failed: " },
        { KVM_GET_XSAVE2, "KVM_GET_XSAVE2() of vCPU 0 failed: " },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct fake_kvm *fake = fake_kvm_create();
        g_autoptr(GError) error = NULL;

        fake_kvm_fail(fake, rows[i].request, 1, EPERM);
        if (fake_kvm_create_vm(fake, NULL, NULL, &error) != NULL) {
            assert_false(kvm_vcpu_create(fake->vm, 0, 3, &error));
        }
        assert_true(g_str_has_prefix(error->message, rows[i].start));
        assert_true(g_str_has_suffix(error->message, "Operation not permitted (EPERM)"));
        fake_kvm_destroy(fake);
    }
}

/* The list of MSRs is asked for twice: for its length, then for itself. */
static void test_msr_list_fails(void **state)
{
    struct fake_kvm *fake = fake_kvm_create();
    g_autoptr(GError) error = NULL;

    (void)state;
    fake_kvm_fail(fake, KVM_GET_MSR_INDEX_LIST, 2, EFAULT);
    assert_null(fake_kvm_create_vm(fake, NULL, NULL, &error));
    assert_string_equal(error->message,
                        "KVM_GET_MSR_INDEX_LIST(entries=5) failed: Bad address (EFAULT)");
    fake_kvm_destroy(fake);
}

static struct kvm_cpuid_entry2 leaf(struct fake_kvm *fake, unsigned vcpu, uint32_t function,
                                    uint32_t index)
{
    const GArray *cpuid = fake->vcpus[vcpu].cpuid;
    struct kvm_cpuid_entry2 found = { 0 };
    unsigned count = 0;

    for (guint i = 0; i < cpuid->len; i++) {
        const struct kvm_cpuid_entry2 *entry = &g_array_index(cpuid, struct kvm_cpuid_entry2, i);

        if (entry->function == function && entry->index == index) {
            found = *entry;
            count++;
        }
    }
    assert_true(count <= 1);
    return found;
}

/* Each vCPU a socket of its own, as -smp N makes them. */
static void test_cpuid_sockets(void **state)
{
    struct fake_kvm *fake = fake_kvm_create();

    (void)state;
    assert_non_null(fake_kvm_create_vm(fake, NULL, NULL, NULL));
    assert_true(kvm_vcpu_create(fake->vm, 0, 0, NULL));
    assert_true(kvm_vcpu_create(fake->vm, 1, 1, NULL));
    assert_int_equal(leaf(fake, 1, 1, 0).ebx, 0x01010800);
    assert_int_equal(leaf(fake, 1, 1, 0).edx & (1u << 28), 0);
    assert_true((leaf(fake, 1, 1, 0).ecx & (1u << 31)) != 0); /* hypervisor */
    assert_true((leaf(fake, 1, 1, 0).ecx & (1u << 24)) != 0); /* TSC deadline */
    assert_int_equal(leaf(fake, 1, 1, 0).ecx & (1u << 27), 0);
    assert_int_equal(leaf(fake, 1, 4, 0).eax, 0x121);
    assert_int_equal(leaf(fake, 1, 0xb, 0).edx, 1);
    assert_int_equal(leaf(fake, 1, 0xb, 0).ecx, 0x100);
    assert_int_equal(leaf(fake, 1, 0xb, 0).ebx, 1);
    assert_int_equal(leaf(fake, 1, 0xb, 1).ecx, 0x201);
    assert_int_equal(leaf(fake, 1, 0xb, 1).eax, 0);
    assert_int_equal(leaf(fake, 1, 0x1f, 0).edx, 0);
    assert_int_equal(leaf(fake, 1, 0x80000001, 0).ecx & 2, 0);
    assert_int_equal(leaf(fake, 1, 0x80000008, 0).ecx, 0);
    assert_int_equal(leaf(fake, 1, 0x8000001e, 0).eax, 1);
    fake_kvm_destroy(fake);
}

/* sockets 2, cores 3, threads 2: APIC ID = socket, 2 bits of core, 1 bit of thread. */
static void test_cpuid_cores(void **state)
{
    struct fake_kvm *fake = fake_kvm_create();

    (void)state;
    assert_non_null(fake_kvm_create_vm(fake, NULL, NULL, NULL));
    fake->vm->options.cores_per_socket = 3;
    fake->vm->options.threads_per_core = 2;
    assert_true(kvm_vcpu_create(fake->vm, 0, 13, NULL)); /* socket 1, core 2, thread 1 */
    assert_int_equal(fake_kvm_nth(fake, KVM_CREATE_VCPU, 0)->number, 13);
    assert_int_equal(fake_kvm_nth(fake, KVM_CREATE_VCPU, 0)->vcpu, 0);
    assert_int_equal(leaf(fake, 0, 1, 0).ebx, 0x0d060800);
    assert_true((leaf(fake, 0, 1, 0).edx & (1u << 28)) != 0);
    assert_true(leaf(fake, 0, 4, 0).eax == (3u << 26 | 1u << 14 | 0x121));
    assert_true(leaf(fake, 0, 4, 1).eax == (3u << 26 | 7u << 14 | 0x163));
    assert_int_equal(leaf(fake, 0, 4, 2).eax, 0);
    assert_int_equal(leaf(fake, 0, 0xb, 0).eax, 1);
    assert_int_equal(leaf(fake, 0, 0xb, 0).ebx, 2);
    assert_int_equal(leaf(fake, 0, 0xb, 1).eax, 3);
    assert_int_equal(leaf(fake, 0, 0xb, 1).ebx, 6);
    assert_int_equal(leaf(fake, 0, 0xb, 2).ecx, 2);
    assert_int_equal(leaf(fake, 0, 0x80000008, 0).ecx, 0x3005);
    assert_int_equal(leaf(fake, 0, 0x80000001, 0).ecx, 2);
    assert_int_equal(leaf(fake, 0, 0x8000001e, 0).eax, 13);
    assert_int_equal(leaf(fake, 0, 0x8000001e, 0).ebx, 0x0106);
    fake_kvm_destroy(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_missing_capability),
        cmocka_unit_test(test_memslots_without_answer),
        cmocka_unit_test(test_every_failure),
        cmocka_unit_test(test_msr_list_fails),
        cmocka_unit_test(test_cpuid_sockets),
        cmocka_unit_test(test_cpuid_cores),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
