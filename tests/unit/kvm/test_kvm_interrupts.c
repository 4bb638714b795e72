/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_kvm_interrupts.c - vCPUs whose interrupt controllers are not KVM's: creation, windows, sleep, messages, reset. */
#include <errno.h>
#include <string.h>

#include "cpu/x86_state.h"
#include "fake_kvm.h"
#include "unit.h"

#define DEADLINE_US 10000000u

/* ---- without threads ---- */

static struct fake_kvm *create(enum kvm_irqchip_mode mode)
{
    struct fake_kvm *fake = fake_kvm_create();

    fake->irqchip = mode;
    assert_non_null(fake_kvm_create_vm(fake, NULL, NULL, NULL));
    assert_true(kvm_vcpu_create(fake->vm, 0, 0, NULL));
    return fake;
}

static uint32_t features_ecx(struct fake_kvm *fake)
{
    const GArray *cpuid = fake->vcpus[0].cpuid;

    for (guint i = 0; i < cpuid->len; i++) {
        const struct kvm_cpuid_entry2 *entry = &g_array_index(cpuid, struct kvm_cpuid_entry2, i);

        if (entry->function == 1) {
            return entry->ecx;
        }
    }
    return 0;
}

static void test_split_is_asked_for(void **state)
{
    struct fake_kvm *fake = create(KVM_IRQCHIP_SPLIT);
    struct kvm_enable_cap cap;

    (void)state;
    memcpy(&cap, fake_kvm_nth(fake, KVM_ENABLE_CAP, 0)->bytes, sizeof(cap));
    assert_int_equal(cap.cap, KVM_CAP_SPLIT_IRQCHIP);
    assert_int_equal(cap.args[0], 24);
    assert_int_equal(fake_kvm_count(fake, KVM_CREATE_IRQCHIP), 0);
    assert_int_equal(fake_kvm_count(fake, KVM_CREATE_PIT2), 0);
    assert_int_equal(fake_kvm_count(fake, KVM_GET_IRQCHIP), 0);
    assert_int_equal(fake_kvm_count(fake, KVM_GET_LAPIC), 1);
    assert_int_equal(features_ecx(fake) & 1u << 24, 1u << 24);
    fake_kvm_destroy(fake);
}

static void test_split_is_refused(void **state)
{
    struct fake_kvm *fake = fake_kvm_create();
    g_autoptr(GError) error = NULL;

    (void)state;
    fake->irqchip = KVM_IRQCHIP_SPLIT;
    fake_kvm_fail(fake, KVM_ENABLE_CAP, 1, EINVAL);
    assert_null(fake_kvm_create_vm(fake, NULL, NULL, &error));
    assert_string_equal(error->message, "KVM_ENABLE_CAP(capability=KVM_CAP_SPLIT_IRQCHIP, pins=24) "
                                        "failed: Invalid argument (EINVAL)");
    fake_kvm_destroy(fake);
}

static void test_off_asks_for_nothing(void **state)
{
    struct fake_kvm *fake = create(KVM_IRQCHIP_OFF);
    struct x86_state registers;

    (void)state;
    assert_int_equal(fake_kvm_count(fake, KVM_ENABLE_CAP), 0);
    assert_int_equal(fake_kvm_count(fake, KVM_CREATE_IRQCHIP), 0);
    assert_int_equal(fake_kvm_count(fake, KVM_GET_LAPIC), 0);
    assert_int_equal(features_ecx(fake) & (1u << 24 | 1u << 21), 0); /* deadline, x2APIC */
    x86_state_reset(&registers, false);
    assert_true(kvm_vcpu_load(fake->vm, 0, &registers, NULL));
    assert_int_equal(fake_kvm_count(fake, KVM_SET_MP_STATE), 0);
    assert_true(kvm_vcpu_waits_for_sipi(fake->vm, 0));
    assert_true(kvm_vcpu_save(fake->vm, 0, &registers, NULL));
    assert_int_equal(registers.mp_state, 1);
    assert_true(kvm_vm_reset_irqchip(fake->vm, NULL));
    assert_int_equal(fake_kvm_count(fake, KVM_SET_IRQCHIP), 0);
    assert_int_equal(fake_kvm_count(fake, KVM_SET_LAPIC), 0);
    fake_kvm_destroy(fake);
}

static void test_interrupt_and_nmi(void **state)
{
    struct fake_kvm *fake = create(KVM_IRQCHIP_OFF);
    struct kvm_interrupt interrupt;
    g_autoptr(GError) error = NULL;

    (void)state;
    kvm_interrupt(fake->vm, 0, 0x29);
    memcpy(&interrupt, fake_kvm_nth(fake, KVM_INTERRUPT, 0)->bytes, sizeof(interrupt));
    assert_int_equal(interrupt.irq, 0x29);
    kvm_nmi(fake->vm, 0);
    assert_true(fake_kvm_nth(fake, KVM_NMI, 0)->holds > 0);
    assert_false(error_latch_is_set(&fake->errors));
    fake_kvm_fail(fake, KVM_INTERRUPT, 1, EEXIST);
    kvm_interrupt(fake->vm, 0, 0x30);
    assert_false(error_latch_take(&fake->errors, &error));
    assert_string_equal(error->message,
                        "KVM_INTERRUPT(vector=0x30) of vCPU 0 failed: File exists (EEXIST)");
    fake_kvm_destroy(fake);
}

/* The fake keeps only an argument's head. */
static int routing_call(void *opaque, enum kvm_target target, unsigned vcpu, unsigned long request,
                        void *argument)
{
    const struct kvm_irq_routing *routing = argument;

    (void)target;
    (void)vcpu;
    assert_int_equal(request, KVM_SET_GSI_ROUTING);
    assert_int_equal(routing->nr, 2);
    *(struct kvm_irq_routing_entry *)opaque = routing->entries[1];
    return 0;
}

static void test_routes(void **state)
{
    struct fake_kvm *fake = create(KVM_IRQCHIP_SPLIT);
    struct kvm_msi_route routes[2] = { { 0xfee00000, 0 }, { 0xfee0100c, 0xc041 } };
    struct kvm_irq_routing_entry entry;
    struct kvm_calls calls = { .opaque = &entry, .call = routing_call };
    struct kvm_calls *before = fake->vm->calls;

    (void)state;
    fake->vm->calls = &calls;
    kvm_set_ioapic_routes(fake->vm, routes, 2);
    fake->vm->calls = before;
    assert_int_equal(entry.gsi, 1);
    assert_int_equal(entry.type, KVM_IRQ_ROUTING_MSI);
    assert_int_equal(entry.u.msi.address_lo, 0xfee0100c);
    assert_int_equal(entry.u.msi.data, 0xc041);
    fake_kvm_destroy(fake);
}

/* ---- with a thread ---- */

struct session {
    struct fake_kvm *fake;
    GAsyncQueue *exits; /* kind + 1 */
    struct vm_exit last;
    int runs_at_window;
    bool has_if; /* of the guest that halts */
    bool halts;  /* else it is interrupted all the time */
    bool writes; /* to a port, and never leaves for a window */
    int runs_at_write;
    uint64_t cr8_at_window;
};

/* A guest that halts for ever, but leaves for the window when it is asked to. */
static int guest_runs(struct fake_kvm *fake, unsigned vcpu, struct kvm_run *run)
{
    const struct session *session = fake->run_opaque;

    (void)vcpu;
    run->cr8 = 5;
    run->apic_base = 0xfee00900;
    run->if_flag = session->has_if;
    run->ready_for_interrupt_injection = 1;
    if (session->writes) {
        run->exit_reason = KVM_EXIT_IO;
        run->io.direction = KVM_EXIT_IO_OUT;
        run->io.size = 1;
        run->io.count = 1;
        run->io.port = 0x80;
        run->io.data_offset = sizeof(*run);
        return 0;
    }
    if (!session->halts) {
        return -EINTR;
    }
    run->exit_reason = run->request_interrupt_window ? KVM_EXIT_IRQ_WINDOW_OPEN : KVM_EXIT_HLT;
    return 0;
}

static void take_exit(void *opaque, unsigned vcpu, struct vm_exit *exit)
{
    struct session *session = opaque;

    session->last = *exit;
    if (exit->kind == VM_EXIT_INTERRUPT_WINDOW) {
        session->runs_at_window = g_atomic_int_get(&session->fake->vcpus[0].runs);
        session->cr8_at_window = exit->detail[VM_EXIT_DETAIL_CR8];
        kvm_vcpu_set_intr(session->fake->vm, vcpu, false);
    }
    if (exit->kind == VM_EXIT_PIO && session->writes) {
        session->runs_at_write = g_atomic_int_get(&session->fake->vcpus[0].runs);
        session->writes = false;
        kvm_vcpu_set_cr8(session->fake->vm, vcpu, 3);
        kvm_vcpu_set_intr(session->fake->vm, vcpu, true);
    }
    g_async_queue_push(session->exits, GINT_TO_POINTER(exit->kind + 1));
}

static void start(struct session *session, enum kvm_irqchip_mode mode, uint32_t mp_state)
{
    struct x86_state registers;

    session->fake = fake_kvm_create();
    session->exits = g_async_queue_new();
    session->fake->irqchip = mode;
    session->fake->run = guest_runs;
    session->fake->run_opaque = session;
    assert_non_null(fake_kvm_create_vm(session->fake, take_exit, session, NULL));
    assert_true(kvm_vcpu_create(session->fake->vm, 0, 0, NULL));
    x86_state_reset(&registers, true);
    registers.mp_state = mp_state;
    assert_true(kvm_vcpu_load(session->fake->vm, 0, &registers, NULL));
    assert_true(kvm_vcpus_start(session->fake->vm, NULL));
    kvm_vcpus_release(session->fake->vm);
}

static void end(struct session *session)
{
    kvm_vcpus_stop(session->fake->vm);
    fake_kvm_destroy(session->fake);
    g_async_queue_unref(session->exits);
}

static void expect_exit(struct session *session, enum vm_exit_kind kind)
{
    gpointer got = g_async_queue_timeout_pop(session->exits, DEADLINE_US);

    assert_int_equal(GPOINTER_TO_INT(got) - 1, (int)kind);
}

/* HLT sleeps at the gate, not in KVM: one exit, then nothing until the interrupt. */
static void test_halt_and_window(void **state)
{
    struct session session = { .has_if = true, .halts = true };

    (void)state;
    start(&session, KVM_IRQCHIP_OFF, 0);
    for (unsigned i = 0; i < 100; i++) {
        expect_exit(&session, VM_EXIT_HALT);
        kvm_vcpu_set_intr(session.fake->vm, 0, true);
        expect_exit(&session, VM_EXIT_INTERRUPT_WINDOW);
    }
    expect_exit(&session, VM_EXIT_HALT);
    assert_int_equal(session.last.detail_count, 2);
    assert_int_equal(session.last.detail[VM_EXIT_DETAIL_CR8], 5);
    assert_int_equal(session.last.detail[VM_EXIT_DETAIL_APIC_BASE], 0xfee00900);
    end(&session);
}

static void test_halt_without_if_needs_an_nmi(void **state)
{
    struct session session = { .has_if = false, .halts = true };

    (void)state;
    start(&session, KVM_IRQCHIP_OFF, 0);
    expect_exit(&session, VM_EXIT_HALT);
    kvm_vcpu_set_intr(session.fake->vm, 0, true);
    assert_int_equal(g_atomic_int_get(&session.fake->vcpus[0].runs), 1);
    kvm_nmi(session.fake->vm, 0);
    expect_exit(&session, VM_EXIT_INTERRUPT_WINDOW);
    end(&session);
}

static void test_waits_for_sipi(void **state)
{
    struct session session = { .has_if = true, .halts = true };
    struct x86_state registers;

    (void)state;
    start(&session, KVM_IRQCHIP_OFF, 1);
    kvm_vcpu_set_intr(session.fake->vm, 0, true); /* does not wake it */
    kvm_vcpus_hold(session.fake->vm);
    assert_int_equal(g_atomic_int_get(&session.fake->vcpus[0].runs), 0);
    x86_state_reset(&registers, true);
    assert_true(kvm_vcpu_load(session.fake->vm, 0, &registers, NULL));
    kvm_vcpus_release(session.fake->vm);
    expect_exit(&session, VM_EXIT_INTERRUPT_WINDOW);
    end(&session);
}

/* One that KVM itself has put to sleep is only kicked: being ready counts as a window. */
static void test_kicked_and_ready(void **state)
{
    struct session session = { .halts = false };
    int runs;

    (void)state;
    start(&session, KVM_IRQCHIP_SPLIT, 0);
    kvm_vcpu_set_intr(session.fake->vm, 0, true);
    expect_exit(&session, VM_EXIT_INTERRUPT_WINDOW);
    assert_int_equal(session.last.detail_count, 0);
    /* Once more in KVM: only what has been sent out of it is ready without entering. */
    while (g_atomic_int_get(&session.fake->vcpus[0].runs) <= session.runs_at_window + 1) {
        g_thread_yield();
    }
    /* Raised while it is held: without entering, as inside KVM it would go on sleeping. */
    kvm_vcpus_hold(session.fake->vm);
    session.halts = true;
    runs = g_atomic_int_get(&session.fake->vcpus[0].runs);
    kvm_vcpu_set_intr(session.fake->vm, 0, true);
    kvm_vcpus_release(session.fake->vm);
    expect_exit(&session, VM_EXIT_INTERRUPT_WINDOW);
    expect_exit(&session, VM_EXIT_HALT);
    assert_int_equal(session.runs_at_window, runs);
    end(&session);
}

/* An interrupt that a port's access causes: the access itself said that it can be taken. */
static void test_ready_behind_an_access(void **state)
{
    struct session session = { .has_if = true, .halts = true, .writes = true };

    (void)state;
    start(&session, KVM_IRQCHIP_OFF, 0);
    expect_exit(&session, VM_EXIT_PIO);
    expect_exit(&session, VM_EXIT_INTERRUPT_WINDOW);
    expect_exit(&session, VM_EXIT_HALT);
    assert_int_equal(session.runs_at_window, session.runs_at_write);
    assert_int_equal(session.cr8_at_window, 3); /* as the access left it */
    end(&session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split_is_asked_for),
        cmocka_unit_test(test_split_is_refused),
        cmocka_unit_test(test_off_asks_for_nothing),
        cmocka_unit_test(test_interrupt_and_nmi),
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_halt_and_window),
        cmocka_unit_test(test_halt_without_if_needs_an_nmi),
        cmocka_unit_test(test_waits_for_sipi),
        cmocka_unit_test(test_kicked_and_ready),
        cmocka_unit_test(test_ready_behind_an_access),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
