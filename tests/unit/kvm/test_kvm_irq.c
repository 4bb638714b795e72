/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_kvm_irq.c - GSI routing, interrupt lines and their failures, the controllers as text. */
#include <errno.h>
#include <string.h>

#include "fake_kvm.h"
#include "unit.h"

static int setup(void **state)
{
    struct fake_kvm *fake = fake_kvm_create();

    assert_non_null(fake_kvm_create_vm(fake, NULL, NULL, NULL));
    fake_kvm_forget(fake);
    *state = fake;
    return 0;
}

static int teardown(void **state)
{
    fake_kvm_destroy(*state);
    return 0;
}

/* The fake keeps the first bytes of an argument; the routes are looked at where they are made. */
static struct kvm_irq_routing_entry routes[64];
static unsigned route_count;

static int routing_call(void *opaque, enum kvm_target target, unsigned vcpu, unsigned long request,
                        void *argument)
{
    const struct kvm_irq_routing *routing = argument;

    (void)opaque;
    (void)target;
    (void)vcpu;
    assert_int_equal(request, KVM_SET_GSI_ROUTING);
    assert_true(routing->nr <= G_N_ELEMENTS(routes));
    memcpy(routes, routing->entries, routing->nr * sizeof(routes[0]));
    route_count = routing->nr;
    return 0;
}

static bool routed(uint32_t gsi, uint32_t chip, uint32_t pin)
{
    for (unsigned i = 0; i < route_count; i++) {
        if (routes[i].gsi == gsi && routes[i].u.irqchip.irqchip == chip &&
            routes[i].u.irqchip.pin == pin) {
            assert_int_equal(routes[i].type, KVM_IRQ_ROUTING_IRQCHIP);
            return true;
        }
    }
    return false;
}

static void test_routing(void **state)
{
    struct fake_kvm *fake = *state;
    struct kvm_calls calls = { NULL, routing_call, NULL, NULL };

    fake->vm->calls = &calls;
    assert_true(kvm_pc_setup_irq_routing(fake->vm, NULL));
    fake->vm->calls = &fake->calls;
    assert_int_equal(route_count, 16 + 23);
    for (unsigned gsi = 0; gsi < 8; gsi++) {
        assert_true(routed(gsi, KVM_IRQCHIP_PIC_MASTER, gsi));
        assert_true(routed(gsi + 8, KVM_IRQCHIP_PIC_SLAVE, gsi));
    }
    assert_true(routed(0, KVM_IRQCHIP_IOAPIC, 2));
    assert_false(routed(0, KVM_IRQCHIP_IOAPIC, 0));
    assert_false(routed(2, KVM_IRQCHIP_IOAPIC, 2));
    for (unsigned gsi = 3; gsi < 24; gsi++) {
        assert_true(routed(gsi, KVM_IRQCHIP_IOAPIC, gsi));
    }
}

static void test_routing_fails(void **state)
{
    struct fake_kvm *fake = *state;
    g_autoptr(GError) error = NULL;

    assert_true(fault_plan_arm(&fake->faults, "kvm_set_gsi_routing=EINVAL", NULL));
    assert_false(kvm_pc_setup_irq_routing(fake->vm, &error));
    assert_string_equal(error->message,
                        "KVM_SET_GSI_ROUTING(routes=39) failed: Invalid argument (EINVAL)");
}

static void test_set_irq(void **state)
{
    struct fake_kvm *fake = *state;
    struct kvm_irq_level line;

    kvm_set_irq(fake->vm, 9, 1);
    kvm_set_irq(fake->vm, 9, 0);
    assert_int_equal(fake_kvm_count(fake, KVM_IRQ_LINE_STATUS), 2);
    memcpy(&line, fake_kvm_nth(fake, KVM_IRQ_LINE_STATUS, 0)->bytes, sizeof(line));
    assert_int_equal(line.irq, 9);
    assert_int_equal(line.level, 1);
    memcpy(&line, fake_kvm_nth(fake, KVM_IRQ_LINE_STATUS, 1)->bytes, sizeof(line));
    assert_int_equal(line.level, 0);
    assert_false(error_latch_is_set(&fake->errors));
    /* A KVM without KVM_CAP_IRQ_INJECT_STATUS. */
    fake->vm->has_irq_status = false;
    kvm_set_irq(fake->vm, 9, 1);
    assert_int_equal(fake_kvm_count(fake, KVM_IRQ_LINE), 1);
}

static void test_send_msi(void **state)
{
    struct fake_kvm *fake = *state;
    struct kvm_msi msi;

    kvm_send_msi(fake->vm, 0x12fee01004, 0x4041);
    memcpy(&msi, fake_kvm_nth(fake, KVM_SIGNAL_MSI, 0)->bytes, sizeof(msi));
    assert_int_equal(msi.address_lo, 0xfee01004);
    assert_int_equal(msi.address_hi, 0x12);
    assert_int_equal(msi.data, 0x4041);
    assert_int_equal(msi.flags, 0);
    kvm_send_msi(fake->vm, 0xdead0000, 1); /* the guest's own fault */
    assert_false(error_latch_is_set(&fake->errors));
}

static void test_set_irq_fails(void **state)
{
    struct fake_kvm *fake = *state;
    g_autoptr(GError) error = NULL;

    assert_true(fault_plan_arm(&fake->faults, "kvm_irq_line=EIO,at=2", NULL));
    kvm_set_irq(fake->vm, 9, 1);
    assert_false(error_latch_is_set(&fake->errors));
    kvm_set_irq(fake->vm, 9, 0);
    assert_false(error_latch_take(&fake->errors, &error));
    assert_string_equal(error->message,
                        "KVM_IRQ_LINE_STATUS(gsi=9, level=0) failed: Input/output error (EIO)");
}

static void test_print(void **state)
{
    struct fake_kvm *fake = *state;
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    fake->chips[0].chip.pic.imr = 0xfb;
    fake->chips[1].chip.pic.irr = 0x02;
    fake->chips[2].chip.ioapic.redirtbl[9].bits = 0x010000000000a931ull;
    assert_true(kvm_irqchip_print(fake->vm, out, NULL));
    assert_non_null(strstr(out->str, "pic0: irr=00 imr=fb isr=00 "));
    assert_non_null(strstr(out->str, "pic1: irr=02 imr=00 isr=00 "));
    assert_non_null(strstr(
        out->str, "  pin 9  0x010000000000a931 dest=01 vec=49  active-lo level lowest logical\n"));
    fake_kvm_fail(fake, KVM_GET_IRQCHIP, 3, ENXIO);
    g_string_truncate(out, 0);
    assert_false(kvm_irqchip_print(fake->vm, out, &error));
    assert_string_equal(error->message,
                        "KVM_GET_IRQCHIP(chip_id=2) failed: No such device or address (ENXIO)");
    assert_int_equal(out->len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_routing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_routing_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_set_irq, setup, teardown),
        cmocka_unit_test_setup_teardown(test_set_irq_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_send_msi, setup, teardown),
        cmocka_unit_test_setup_teardown(test_print, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
