/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_kvm_state.c - registers to KVM and back, and the reset to what KVM created. */
#include <errno.h>
#include <string.h>

#include "cpu/x86_state.h"
#include "fake_kvm.h"
#include "unit.h"

static int setup(void **state)
{
    struct fake_kvm *fake = fake_kvm_create();

    for (unsigned i = 0; i < 2; i++) {
        fake->vcpus[i].msrs[0] = 0x100 + i;
        fake->vcpus[i].lapic.regs[0x20] = (char)(0x40 + i);
        fake->vcpus[i].debugregs.dr7 = 0x400;
        fake->vcpus[i].sregs.apic_base = 0xfee00800;
    }
    assert_non_null(fake_kvm_create_vm(fake, NULL, NULL, NULL));
    assert_true(kvm_vcpu_create(fake->vm, 0, 0, NULL));
    assert_true(kvm_vcpu_create(fake->vm, 1, 1, NULL));
    fake_kvm_forget(fake);
    *state = fake;
    return 0;
}

static int teardown(void **state)
{
    fake_kvm_destroy(*state);
    return 0;
}

/* Every field another value, within what the hardware's fields hold. */
static void fill(struct x86_state *state)
{
    memset(state, 0, sizeof(*state));
    for (unsigned i = 0; i < X86_GPR_COUNT; i++) {
        state->gpr[i] = 0x1111111111111111ull * (i + 1);
    }
    state->rip = 0xfedcba9876543210ull;
    state->rflags = 0x10246;
    for (unsigned i = 0; i < X86_SEGMENT_COUNT; i++) {
        state->segments[i] =
            (struct x86_segment){ .base = 0x100000000ull + i,
                                  .limit = 0xffff0000u + i,
                                  .attributes = (0xf0ffu ^ (i << 12)) | (i % 2 ? 1u << 16 : 0),
                                  .selector = (uint16_t)(0x10 + i * 8) };
    }
    state->gdt_base = 0xa000;
    state->gdt_limit = 0x7f;
    state->idt_base = 0xb000;
    state->idt_limit = 0xfff;
    state->cr0 = 0x80050033;
    state->cr2 = 0xc000;
    state->cr3 = 0xd000;
    state->cr4 = 0x6f0;
    state->cr8 = 3;
    state->efer = 0xd01;
    state->apic_base = 0xfee00900;
    state->mp_state = 3;
}

static void test_round_trip(void **state)
{
    struct fake_kvm *fake = *state;
    g_autoptr(GString) differences = g_string_new(NULL);
    struct x86_state loaded, saved;

    fill(&loaded);
    assert_true(kvm_vcpu_load(fake->vm, 1, &loaded, NULL));
    assert_true(kvm_vcpu_save(fake->vm, 1, &saved, NULL));
    if (state_compare(&x86_state_desc, &loaded, &saved, "vcpu", differences) != 0) {
        fail_msg("%s", differences->str);
    }
    /* Where KVM has them. */
    assert_true(fake->vcpus[1].regs.rsi == 0x7777777777777777ull);
    assert_true(fake->vcpus[1].regs.rbx == 0x4444444444444444ull);
    assert_int_equal(fake->vcpus[1].sregs.cs.selector, 0x18);
    assert_int_equal(fake->vcpus[1].sregs.cs.unusable, 1);
    assert_int_equal(fake->vcpus[1].sregs.es.type, 15);
    assert_int_equal(fake->vcpus[1].sregs.es.dpl, 3);
    assert_int_equal(fake->vcpus[1].sregs.tr.selector, 0x48);
    assert_int_equal(fake->vcpus[1].mp_state.mp_state, 3);
    assert_int_equal(fake->vcpus[0].regs.rip, 0);
}

static void test_load_fails(void **state)
{
    static const struct {
        const char *fault;
        const char *text;
    } rows[] = {
        { "kvm_set_regs=EINVAL", "KVM_SET_REGS(rip=0xfff0, rflags=0x2) of vCPU 1 failed: Invalid "
                                 "argument (EINVAL)" },
        { "kvm_set_sregs=EINVAL", "KVM_SET_SREGS(cr0=0x60000010, cr3=0x0, cr4=0x0, efer=0x0) of "
                                  "vCPU 1 failed: Invalid argument (EINVAL)" },
    };
    struct fake_kvm *fake = *state;
    struct x86_state loaded;

    x86_state_reset(&loaded, false);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        assert_true(fault_plan_arm(&fake->faults, rows[i].fault, NULL));
        assert_false(kvm_vcpu_load(fake->vm, 1, &loaded, &error));
        assert_string_equal(error->message, rows[i].text);
    }
}

static void test_save_fails(void **state)
{
    struct fake_kvm *fake = *state;
    struct x86_state saved, before;
    g_autoptr(GError) error = NULL;

    memset(&saved, 0x5a, sizeof(saved));
    before = saved;
    assert_true(fault_plan_arm(&fake->faults, "kvm_get_regs=EIO", NULL));
    assert_false(kvm_vcpu_save(fake->vm, 0, &saved, &error));
    assert_string_equal(error->message,
                        "KVM_GET_REGS() of vCPU 0 failed: Input/output error (EIO)");
    assert_memory_equal(&saved, &before, sizeof(saved));
}

/* Whatever the guest left in there is replaced by what was there at creation. */
static void test_reset(void **state)
{
    struct fake_kvm *fake = *state;

    for (unsigned i = 0; i < 2; i++) {
        fake->vcpus[i].msrs[0] = 0xbad;
        fake->vcpus[i].lapic.regs[0x20] = 0;
        fake->vcpus[i].debugregs.dr7 = 0;
        fake->vcpus[i].sregs.apic_base = 0xfee00c00; /* x2APIC */
    }
    fake->chips[0].chip.pic.imr = 0xff;
    fake->chips[2].chip.ioapic.redirtbl[3].bits = 0xbad;
    assert_true(kvm_vm_reset_irqchip(fake->vm, NULL));
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(fake->vcpus[i].msrs[0], 0x100 + i);
        assert_int_equal(fake->vcpus[i].lapic.regs[0x20], 0x40 + i);
        assert_int_equal(fake->vcpus[i].debugregs.dr7, 0x400);
        assert_true(fake->vcpus[i].sregs.apic_base == 0xfee00800);
    }
    assert_int_equal(fake->chips[0].chip.pic.imr, 0);
    assert_int_equal(fake->chips[2].chip.ioapic.redirtbl[3].bits, 0);
    assert_int_equal(fake_kvm_count(fake, KVM_SET_XSAVE), 2);
    assert_int_equal(fake_kvm_count(fake, KVM_SET_XCRS), 2);
    assert_int_equal(fake_kvm_count(fake, KVM_SET_VCPU_EVENTS), 2);
    assert_int_equal(fake_kvm_count(fake, KVM_SET_PIT2), 1);
    assert_false(kvm_vcpu_exit_is_current(fake->vm, 0));
}

/* An MSR that KVM lists but does not let be set is left out of the snapshot. */
static void test_refused_msr(void **state)
{
    struct fake_kvm *fake = fake_kvm_create();
    g_autoptr(GError) error = NULL;

    (void)state;
    fake->refused_msr = FAKE_MSR + 1;
    assert_non_null(fake_kvm_create_vm(fake, NULL, NULL, NULL));
    assert_true(kvm_vcpu_create(fake->vm, 0, 0, NULL));
    fake->vcpus[0].msrs[1] = 7;
    fake->vcpus[0].msrs[2] = 7;
    fake->vcpus[0].msrs[3] = 7;
    assert_true(kvm_vm_reset_irqchip(fake->vm, NULL));
    assert_int_equal(fake->vcpus[0].msrs[1], 7);
    assert_int_equal(fake->vcpus[0].msrs[2], 0);
    assert_int_equal(fake->vcpus[0].msrs[3], 0);
    /* One that was accepted then and is refused now is an error. */
    fake->refused_msr = FAKE_MSR + 3;
    assert_false(kvm_vm_reset_irqchip(fake->vm, &error));
    assert_string_equal(error->message, "KVM_SET_MSRS of vCPU 0 refused MSR 0xc0000084 = 0x0");
    fake_kvm_destroy(fake);
}

static void test_reset_fails(void **state)
{
    static const struct {
        unsigned long request;
        const char *text;
    } rows[] = {
        { KVM_SET_IRQCHIP, "KVM_SET_IRQCHIP(chip_id=0) failed: Bad address (EFAULT)" },
        { KVM_SET_PIT2, "KVM_SET_PIT2() failed: Bad address (EFAULT)" },
        { KVM_SET_MSRS, "KVM_SET_MSRS(entries=5) of vCPU 0 failed: Bad address (EFAULT)" },
        { KVM_SET_LAPIC, "KVM_SET_LAPIC() of vCPU 0 failed: Bad address (EFAULT)" },
    };
    struct fake_kvm *fake = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        fake_kvm_fail(fake, rows[i].request, 1, EFAULT);
        assert_false(kvm_vm_reset_irqchip(fake->vm, &error));
        assert_string_equal(error->message, rows[i].text);
    }
    assert_true(kvm_vm_reset_irqchip(fake->vm, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_save_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
        cmocka_unit_test(test_refused_msr),
        cmocka_unit_test_setup_teardown(test_reset_fails, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
