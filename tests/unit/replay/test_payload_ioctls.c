/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_payload_ioctls.c - ioctls have the names that this host's header gives them. */
#include <linux/kvm.h>

#include "replay/payload_fields.h"
#include "unit.h"

#define CHECK(request) assert_string_equal(payload_ioctl_name((uint32_t)(request)), #request)

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

/* The widths of an argument's fields make up its size. */
static void test_arguments(void **state)
{
    static const uint32_t requests[] = {
        KVM_SET_USER_MEMORY_REGION,    (uint32_t)KVM_IRQ_LINE, (uint32_t)KVM_IRQ_LINE_STATUS,
        KVM_REGISTER_COALESCED_MMIO,   KVM_SET_REGS,           KVM_SET_MP_STATE,
        KVM_UNREGISTER_COALESCED_MMIO, KVM_SIGNAL_MSI,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        size_t size = _IOC_SIZE(requests[i]), count, sum = 0;
        const struct payload_row *rows = payload_ioctl_rows(requests[i], size, &count);

        assert_non_null(rows);
        for (size_t row = 0; row < count; row++) {
            sum += rows[row].size;
        }
        assert_int_equal(sum, size);
        assert_null(payload_ioctl_rows(requests[i], size + 1, &count));
    }
}

static void test_unknown(void **state)
{
    (void)state;
    assert_null(payload_ioctl_name(0));
    assert_null(payload_ioctl_name((uint32_t)KVM_IRQ_LINE + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_names_of_twins),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
