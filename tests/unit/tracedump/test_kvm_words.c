/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_kvm_words.c - ioctls have the names that this host's header gives them. */
#include <linux/kvm.h>

#include "tracedump/kvm_words.h"
#include "unit.h"

#define CHECK(request) assert_string_equal(kvm_ioctl_name((uint32_t)(request)), #request)

static void test_names(void **state)
{
    (void)state;
    CHECK(KVM_CREATE_VM);
    CHECK(KVM_CHECK_EXTENSION);
    CHECK(KVM_CREATE_VCPU);
    CHECK(KVM_SET_USER_MEMORY_REGION);
    CHECK(KVM_CREATE_IRQCHIP);
    CHECK(KVM_IRQ_LINE);
    CHECK(KVM_IRQ_LINE_STATUS);
    CHECK(KVM_REGISTER_COALESCED_MMIO);
    CHECK(KVM_UNREGISTER_COALESCED_MMIO);
    CHECK(KVM_SET_GSI_ROUTING);
    CHECK(KVM_CREATE_PIT2);
    CHECK(KVM_GET_MSRS);
    CHECK(KVM_SET_CPUID2);
}

/* Two ioctls have one number and differ in direction or size only. */
static void test_names_of_twins(void **state)
{
    (void)state;
    CHECK(KVM_GET_PIT2);
    CHECK(KVM_GET_VCPU_EVENTS);
    CHECK(KVM_SET_PIT2);
    CHECK(KVM_SET_VCPU_EVENTS);
    CHECK(KVM_SET_XSAVE);
    CHECK(KVM_SIGNAL_MSI);
}

static void test_unknown(void **state)
{
    (void)state;
    assert_null(kvm_ioctl_name(0));
    assert_null(kvm_ioctl_name((uint32_t)KVM_IRQ_LINE + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_names_of_twins),
        cmocka_unit_test(test_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
