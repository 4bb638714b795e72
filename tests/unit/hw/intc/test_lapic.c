/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_lapic.c - one LAPIC: registers, priorities, local sources, IA32_APIC_BASE, x2APIC's MSRs. */
#include "hw/intc/intc_fixture.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, intc_setup, intc_teardown)

#define LVT_TIMER 0x320
#define LVT_LINT0 0x350
#define LVT_LINT1 0x360
#define LVT_ERROR 0x370
#define MASKED    0x10000u

static void self_ipi(struct intc *intc, unsigned cpu, unsigned vector)
{
    send_ipi(intc, cpu, 0, 0x40000 | vector);
}

static void test_power_up(void **state)
{
    struct intc *intc = *state;

    assert_int_equal(lapic_base(intc->cpus[0].lapic), 0xfee00900);
    assert_int_equal(lapic_base(intc->cpus[1].lapic), 0xfee00800);
    assert_int_equal(lapic_in(intc, 1, 0x20), 0x01000000);
    assert_int_equal(lapic_in(intc, 1, 0x30), 0x01050014);
    assert_int_equal(lapic_in(intc, 1, 0xe0), 0xffffffff);
    assert_int_equal(lapic_in(intc, 1, 0xf0), 0xff);
    for (unsigned offset = LVT_TIMER; offset <= LVT_ERROR; offset += 0x10) {
        assert_int_equal(lapic_in(intc, 1, offset), MASKED);
    }
    assert_int_equal(lapic_in(intc, 0, LVT_LINT0), 0x700); /* the bootstrap processor's wire */
    assert_int_equal(asking(intc), 0);
    lapic_out(intc, 1, 0x20, 0x05000000);
    lapic_out(intc, 1, 0xd0, 0xa5ffffff);
    lapic_out(intc, 1, 0xe0, 0);
    lapic_out(intc, 1, 0xf0, 0xffffffff);
    assert_int_equal(lapic_in(intc, 1, 0x20), 0x05000000);
    assert_int_equal(lapic_in(intc, 1, 0xd0), 0xa5000000);
    assert_int_equal(lapic_in(intc, 1, 0xe0), 0x0fffffff);
    assert_int_equal(lapic_in(intc, 1, 0xf0), 0x11ff);
    device_reset(intc->cpus[1].device);
    assert_int_equal(lapic_in(intc, 1, 0x20), 0x01000000);
    assert_int_equal(lapic_in(intc, 1, 0xf0), 0xff);
}

static void test_priorities(void **state)
{
    struct intc *intc = *state;
    struct fake_cpu *cpu = &intc->cpus[0];

    software_enable(intc);
    self_ipi(intc, 0, 0x31);
    self_ipi(intc, 0, 0x52);
    self_ipi(intc, 0, 0x55);
    assert_true(cpu->intr);
    assert_int_equal(lapic_in(intc, 0, 0x210), 0x20000);            /* IRR 0x31 */
    assert_int_equal(lapic_in(intc, 0, 0x220), 1u << 18 | 1 << 21); /* 0x52, 0x55 */
    assert_int_equal(take(intc, 0), 0x55);
    assert_int_equal(lapic_in(intc, 0, 0x120), 1 << 21); /* ISR */
    assert_int_equal(lapic_in(intc, 0, 0xa0), 0x50);     /* PPR */
    assert_false(cpu->intr);                             /* 0x52 is of the same class */
    self_ipi(intc, 0, 0x60);
    assert_true(cpu->intr);
    assert_int_equal(take(intc, 0), 0x60);
    assert_int_equal(take(intc, 0), -1);
    eoi(intc, 0);
    assert_int_equal(lapic_in(intc, 0, 0xa0), 0x50);
    assert_int_equal(take(intc, 0), -1);
    eoi(intc, 0);
    assert_int_equal(take(intc, 0), 0x52);
    eoi(intc, 0);
    assert_int_equal(take(intc, 0), 0x31);
    eoi(intc, 0);
    eoi(intc, 0); /* one too many does nothing */
    assert_int_equal(take(intc, 0), -1);
    assert_int_equal(lapic_in(intc, 0, 0xa0), 0);
}

static void test_tpr_and_cr8(void **state)
{
    struct intc *intc = *state;
    struct fake_cpu *cpu = &intc->cpus[0];

    software_enable(intc);
    lapic_set_cr8(cpu->lapic, 5);
    assert_int_equal(lapic_in(intc, 0, 0x80), 0x50);
    self_ipi(intc, 0, 0x5f);
    assert_false(cpu->intr);
    self_ipi(intc, 0, 0x61);
    assert_true(cpu->intr);
    lapic_out(intc, 0, 0x80, 0x6f);
    assert_int_equal(lapic_cr8(cpu->lapic), 6);
    assert_int_equal(lapic_in(intc, 0, 0xa0), 0x6f);
    assert_false(cpu->intr); /* it was asked for, and is not any more */
    assert_int_equal(take(intc, 0), -1);
    lapic_set_cr8(cpu->lapic, 0);
    assert_int_equal(take(intc, 0), 0x61);
    lapic_set_cr8(cpu->lapic, 15);
    self_ipi(intc, 0, 0xff);
    assert_false(cpu->intr); /* class 15 stops all */
}

static void test_apr(void **state)
{
    struct intc *intc = *state;

    software_enable(intc);
    lapic_out(intc, 0, 0x80, 0x23);
    assert_int_equal(lapic_in(intc, 0, 0x90), 0x23);
    self_ipi(intc, 0, 0x47);
    assert_int_equal(lapic_in(intc, 0, 0x90), 0x40);
    assert_int_equal(take(intc, 0), 0x47);
    assert_int_equal(lapic_in(intc, 0, 0x90), 0x40);
    lapic_out(intc, 0, 0x80, 0x41);
    assert_int_equal(lapic_in(intc, 0, 0x90), 0x40);
    lapic_out(intc, 0, 0x80, 0x51);
    assert_int_equal(lapic_in(intc, 0, 0x90), 0x51);
}

static void test_software_disable(void **state)
{
    struct intc *intc = *state;

    self_ipi(intc, 0, 0x31);
    assert_int_equal(asking(intc), 0);
    lapic_out(intc, 1, LVT_ERROR, 0xfe);
    assert_int_equal(lapic_in(intc, 1, LVT_ERROR), MASKED | 0xfe);
    software_enable(intc);
    lapic_out(intc, 0, LVT_ERROR, 0xfe);
    assert_int_equal(lapic_in(intc, 0, LVT_ERROR), 0xfe);
    self_ipi(intc, 0, 0x31);
    lapic_out(intc, 0, 0xf0, 0xff);
    assert_int_equal(lapic_in(intc, 0, LVT_ERROR), MASKED | 0xfe);
    assert_int_equal(take(intc, 0), 0x31); /* what was there before stays */
}

static void test_errors(void **state)
{
    struct intc *intc = *state;

    software_enable(intc);
    lapic_out(intc, 0, LVT_ERROR, 0xfe);
    send_ipi(intc, 0, 0x01000000, 0x00008);
    assert_int_equal(lapic_in(intc, 0, 0x280), 0); /* not before it is written */
    assert_int_equal(take(intc, 0), 0xfe);
    eoi(intc, 0);
    (void)lapic_in(intc, 0, 0x40); /* no such register; the interrupt is not armed again yet */
    assert_int_equal(take(intc, 0), -1);
    lapic_out(intc, 0, 0x280, 0);
    assert_int_equal(lapic_in(intc, 0, 0x280), 0xa0);
    lapic_out(intc, 0, 0x2f0, 0); /* no CMCI */
    assert_int_equal(take(intc, 0), 0xfe);
    eoi(intc, 0);
    lapic_out(intc, 0, 0x280, 0);
    assert_int_equal(lapic_in(intc, 0, 0x280), 0x80);
    /* A received one: from an MSI. */
    apic_bus_send_msi(&intc->bus, LAPIC, 0x0f);
    lapic_out(intc, 0, 0x280, 0);
    assert_int_equal(lapic_in(intc, 0, 0x280), 0x40);
    assert_int_equal(asking(intc), 1); /* by the error's vector */
}

static void test_lint_modes(void **state)
{
    struct intc *intc = *state;
    struct fake_cpu *cpu = &intc->cpus[1];

    software_enable(intc);
    lapic_out(intc, 1, LVT_LINT1, 0x400);
    lapic_set_lint(cpu->lapic, 1, 1);
    lapic_set_lint(cpu->lapic, 1, 1);
    assert_int_equal(cpu->nmis, 1);
    lapic_set_lint(cpu->lapic, 1, 0);
    lapic_out(intc, 1, LVT_LINT1, 0x200);
    lapic_set_lint(cpu->lapic, 1, 1);
    assert_int_equal(cpu->smis, 1);
    lapic_out(intc, 1, LVT_LINT1, 0x10400);
    lapic_set_lint(cpu->lapic, 1, 0);
    lapic_set_lint(cpu->lapic, 1, 1);
    assert_int_equal(cpu->nmis, 1); /* masked */
    lapic_out(intc, 1, LVT_LINT0, 0x61);
    lapic_set_lint(cpu->lapic, 0, 1);
    assert_int_equal(take(intc, 1), 0x61);
    lapic_set_lint(cpu->lapic, 0, 1);
    eoi(intc, 1);
    assert_int_equal(take(intc, 1), -1); /* an edge is one interrupt */
    lapic_set_lint(cpu->lapic, 0, 0);
    lapic_out(intc, 1, LVT_LINT0, 0x500); /* INIT */
    lapic_set_lint(cpu->lapic, 0, 1);
    assert_int_equal(cpu->inits, 1);
    assert_int_equal(lapic_in(intc, 1, LVT_LINT0), MASKED);
}

static void test_lint_level(void **state)
{
    struct intc *intc = *state;
    struct fake_cpu *cpu = &intc->cpus[1];

    software_enable(intc);
    lapic_set_lint(cpu->lapic, 0, 1);
    lapic_out(intc, 1, LVT_LINT0, 0x8061); /* is high already */
    assert_int_equal(take(intc, 1), 0x61);
    assert_int_equal(lapic_in(intc, 1, LVT_LINT0), 0xc061);
    assert_int_equal(take(intc, 1), -1);
    eoi(intc, 1);
    assert_int_equal(take(intc, 1), 0x61); /* still high */
    lapic_set_lint(cpu->lapic, 0, 0);
    eoi(intc, 1);
    assert_int_equal(take(intc, 1), -1);
    assert_int_equal(lapic_in(intc, 1, LVT_LINT0), 0x8061);
}

static void test_own_events(void **state)
{
    struct intc *intc = *state;

    software_enable(intc);
    lapic_out(intc, 0, 0x340, 0x400);
    lapic_performance_overflow(intc->cpus[0].lapic);
    assert_int_equal(intc->cpus[0].nmis, 1);
    assert_int_equal(lapic_in(intc, 0, 0x340), 0x10400); /* masks itself */
    lapic_performance_overflow(intc->cpus[0].lapic);
    assert_int_equal(intc->cpus[0].nmis, 1);
    lapic_out(intc, 0, 0x330, 0xfa);
    lapic_thermal_event(intc->cpus[0].lapic);
    assert_int_equal(take(intc, 0), 0xfa);
}

static void test_base_transitions(void **state)
{
    struct intc *intc = *state;
    struct lapic *lapic = intc->cpus[1].lapic;

    assert_false(lapic_set_base(lapic, 0xfee00400)); /* x2APIC without enable */
    assert_false(lapic_set_base(lapic, 0xfee00801)); /* reserved bits */
    assert_false(lapic_set_base(lapic, 0xfee00a00));
    assert_false(lapic_set_base(lapic, 1ull << 60 | 0xfee00800));
    assert_true(lapic_set_base(lapic, 0xfee00c00));
    assert_false(lapic_set_base(lapic, 0xfee00800)); /* back only through off */
    assert_int_equal(lapic_base(lapic), 0xfee00c00);
    assert_true(lapic_set_base(lapic, 0xfee00000));
    assert_false(lapic_set_base(lapic, 0xfee00c00)); /* not at once */
    assert_true(lapic_set_base(lapic, 0xfee00800));
    assert_true(lapic_set_base(lapic, 0xfee00900));
}

static void test_x2apic_is_not_offered(void **state)
{
    struct intc *intc = *state;
    struct device *device = board_fixture_device(intc->f, "apic", "old");
    struct fake_cpu cpu = { 0 };

    assert_true(object_property_parse(&device->object, "x2apic", "off", intc->f->root, NULL));
    assert_true(object_property_parse(&device->object, "id", "9", intc->f->root, NULL));
    lapic_connect(device, &intc->bus, &fake_ops, &cpu);
    board_fixture_realize(device);
    assert_false(lapic_set_base(lapic_of(device), 0xfee00c00));
    assert_true(device_set_realized(device, false, NULL));
}

static void test_disabled_is_not_there(void **state)
{
    struct intc *intc = *state;
    struct fake_cpu *cpu = &intc->cpus[1];

    software_enable(intc);
    lapic_out(intc, 1, 0x80, 0x40);
    assert_true(lapic_set_base(cpu->lapic, 0xfee00000));
    assert_int_equal(lapic_in(intc, 1, 0x30), 0);
    lapic_out(intc, 1, 0xf0, 0x1ff);
    send_ipi(intc, 0, 0x01000000, 0x4500);
    send_ipi(intc, 0, 0x01000000, 0x4051);
    assert_int_equal(cpu->inits, 0);
    assert_int_equal(asking(intc), 0);
    lapic_set_lint(cpu->lapic, 1, 1); /* the pins are NMI and INTR */
    assert_int_equal(cpu->nmis, 1);
    lapic_set_lint(cpu->lapic, 0, 1);
    assert_int_equal(asking(intc), 2);
    assert_true(lapic_set_base(cpu->lapic, 0xfee00800));
    assert_int_equal(asking(intc), 0);
    assert_int_equal(lapic_in(intc, 1, 0x80), 0); /* as after power-up */
    assert_int_equal(lapic_in(intc, 1, 0xf0), 0xff);
}

static uint64_t msr(struct intc *intc, unsigned cpu, uint32_t index)
{
    uint64_t value = 0;

    assert_true(lapic_read_msr(intc->cpus[cpu].lapic, index, &value));
    return value;
}

static bool wrmsr(struct intc *intc, unsigned cpu, uint32_t index, uint64_t value)
{
    return lapic_write_msr(intc->cpus[cpu].lapic, index, value);
}

static void test_msrs(void **state)
{
    static const uint32_t readable[] = { 0x802, 0x803, 0x808, 0x80a, 0x80d, 0x80f, 0x810,
                                         0x817, 0x818, 0x81f, 0x820, 0x827, 0x828, 0x830,
                                         0x832, 0x837, 0x838, 0x839, 0x83e };
    struct intc *intc = *state;
    uint64_t value = 77;
    unsigned found = 0;

    assert_false(lapic_read_msr(intc->cpus[2].lapic, 0x802, &value)); /* xAPIC mode */
    assert_false(wrmsr(intc, 2, 0x808, 0));
    assert_true(lapic_set_base(intc->cpus[2].lapic, 0xfee00c00));
    for (unsigned i = 0; i < G_N_ELEMENTS(readable); i++) {
        (void)msr(intc, 2, readable[i]);
    }
    for (uint32_t index = 0x800; index <= 0x8ff; index++) {
        found += lapic_read_msr(intc->cpus[2].lapic, index, &value);
    }
    /* id, version, TPR, PPR, LDR, SVR, 24 bits, ESR, ICR, 6 LVTs, two counts, divide */
    assert_int_equal(found, 6 + 24 + 2 + 6 + 3);
    assert_int_equal(msr(intc, 2, 0x802), 2);
    assert_int_equal(msr(intc, 2, 0x80d), 4);
    assert_int_equal(lapic_in(intc, 2, 0x30), 0); /* the page is gone */
    assert_true(wrmsr(intc, 2, 0x808, 0x35));
    assert_int_equal(msr(intc, 2, 0x808), 0x35);
    assert_false(wrmsr(intc, 2, 0x808, 0x135));
    assert_false(wrmsr(intc, 2, 0x802, 2)); /* read only */
    assert_false(wrmsr(intc, 2, 0x80d, 4));
    assert_false(wrmsr(intc, 2, 0x80e, 0));
    assert_false(wrmsr(intc, 2, 0x810, 0));
    assert_false(wrmsr(intc, 2, 0x831, 0));
    assert_false(wrmsr(intc, 2, 0x839, 0));
    assert_false(wrmsr(intc, 2, 0x80b, 1)); /* zero alone */
    assert_true(wrmsr(intc, 2, 0x80b, 0));
    assert_false(wrmsr(intc, 2, 0x828, 1));
    assert_true(wrmsr(intc, 2, 0x828, 0));
    assert_true(wrmsr(intc, 2, 0x80f, 0x11ff));
    assert_false(wrmsr(intc, 2, 0x80f, 0x2ff));
    assert_false(wrmsr(intc, 2, 0x832, 0x80000));
    assert_false(wrmsr(intc, 2, 0x838, 1ull << 32));
    assert_false(wrmsr(intc, 2, 0x83e, 0x10));
    assert_false(wrmsr(intc, 2, 0x830, 0x1000));
}

static void test_base_and_deadline_msrs(void **state)
{
    static const struct lapic_cpu_ops old_ops = {
        .set_intr = fake_set_intr, .nmi = fake_nmi, .init = fake_init, .sipi = fake_sipi
    };
    struct intc *intc = *state;
    struct device *device = board_fixture_device(intc->f, "apic", "old");
    struct fake_cpu cpu = { 0 };
    uint64_t value = 0;

    assert_int_equal(msr(intc, 1, 0x1b), 0xfee00800);
    assert_false(wrmsr(intc, 1, 0x1b, 0xfee00801));
    assert_true(wrmsr(intc, 1, 0x1b, 0xfee00c00));
    assert_int_equal(msr(intc, 1, 0x1b), 0xfee00c00);
    assert_true(wrmsr(intc, 1, 0x80f, 0x1ff));
    assert_true(wrmsr(intc, 1, 0x832, 0x40061));
    assert_true(wrmsr(intc, 1, 0x6e0, 5000));
    assert_int_equal(msr(intc, 1, 0x6e0), 5000);
    board_fixture_advance(intc->f, 2500);
    assert_int_equal(msr(intc, 1, 0x6e0), 0);
    assert_int_equal(take(intc, 1), 0x61);
    assert_false(wrmsr(intc, 1, 0x7ff, 0));
    assert_false(lapic_read_msr(intc->cpus[1].lapic, 0x7ff, &value));
    /* A CPU without TSC-deadline, and without SMM. */
    assert_true(object_property_parse(&device->object, "id", "9", intc->f->root, NULL));
    lapic_connect(device, &intc->bus, &old_ops, &cpu);
    board_fixture_realize(device);
    assert_false(lapic_read_msr(lapic_of(device), 0x6e0, &value));
    assert_false(lapic_write_msr(lapic_of(device), 0x6e0, 1));
    lapic_mmio_write(lapic_of(device), 0xf0, 0x1ff);
    lapic_mmio_write(lapic_of(device), 0x320, 0x40061);
    assert_int_equal(lapic_mmio_read(lapic_of(device), 0x320), 0x61);
    send_ipi(intc, 0, 0x09000000, 0x4200);
    assert_true(device_set_realized(device, false, NULL));
}

static void test_self_ipi_msr(void **state)
{
    struct intc *intc = *state;
    uint64_t value;

    assert_true(lapic_set_base(intc->cpus[2].lapic, 0xfee00c00));
    assert_true(wrmsr(intc, 2, 0x80f, 0x1ff));
    assert_true(wrmsr(intc, 2, 0x83f, 0x71));
    assert_int_equal(asking(intc), 4);
    assert_int_equal(take(intc, 2), 0x71);
    assert_false(wrmsr(intc, 2, 0x83f, 0x171));
    assert_false(lapic_read_msr(intc->cpus[2].lapic, 0x83f, &value)); /* write only */
    assert_false(lapic_read_msr(intc->cpus[2].lapic, 0x80b, &value));
    assert_true(wrmsr(intc, 2, 0x83f, 0x02));
    assert_true(wrmsr(intc, 2, 0x828, 0));
    assert_int_equal(msr(intc, 2, 0x828), 0x20);
}

static void test_window_sizes_and_gaps(void **state)
{
    struct intc *intc = *state;
    struct address_space *memory = intc->f->board.memory_space;

    assert_int_equal(address_space_load(memory, LAPIC + 0x32, 1), 0x05);
    assert_int_equal(lapic_in(intc, 0, 0x34), 0); /* registers are 16 bytes apart */
    lapic_out(intc, 0, 0x84, 0x55);
    assert_int_equal(lapic_in(intc, 0, 0x80), 0);
    assert_int_equal(address_space_load(memory, LAPIC + 0x1030, 4), 0xffffffff);
    intc->bus.current = NULL; /* a device reads */
    assert_int_equal(address_space_load(memory, LAPIC + 0x30, 4), 0xffffffff);
    /* A LAPIC that was moved does not answer at the old place. */
    assert_true(lapic_set_base(intc->cpus[1].lapic, 0xd0000800));
    assert_int_equal(lapic_in(intc, 1, 0x30), 0xffffffff);
    assert_int_equal(lapic_mmio_read(intc->cpus[1].lapic, 0x30), 0x01050014);
}

static void test_load_goes_on_as_saved(void **state)
{
    struct intc *intc = *state;
    struct fake_cpu *cpu = &intc->cpus[0];
    const struct device_class *class = device_class(cpu->device);
    uint8_t *at = (uint8_t *)cpu->device + class->state_offset;
    g_autofree uint8_t *saved = NULL;

    software_enable(intc);
    self_ipi(intc, 0, 0x52);
    lapic_out(intc, 0, LVT_TIMER, 0x61);
    lapic_out(intc, 0, 0x3e0, 0xb);
    lapic_out(intc, 0, 0x380, 1000);
    saved = g_memdup2(at, class->state->size);
    device_reset(cpu->device);
    assert_false(cpu->intr);
    memcpy(at, saved, class->state->size);
    class->after_load(cpu->device);
    assert_true(cpu->intr);
    board_fixture_advance(intc->f, 1000);
    assert_int_equal(take(intc, 0), 0x61);
    eoi(intc, 0);
    assert_int_equal(take(intc, 0), 0x52);
}

static void test_random_accesses(void **state)
{
    struct intc *intc = *state;
    GRand *random = g_rand_new_with_seed(0xa91c);
    unsigned refused = 0;

    for (unsigned i = 0; i < 40000; i++) {
        unsigned cpu = g_rand_int(random) % INTC_CPUS;
        unsigned offset = g_rand_int(random) % 0x100 * 0x10;
        uint32_t value = g_rand_int(random) >> g_rand_int(random) % 32;
        struct lapic *lapic = intc->cpus[cpu].lapic;
        uint64_t wide = 0;
        bool ok = true;

        switch (g_rand_int(random) % 8) {
        case 0: lapic_out(intc, cpu, g_rand_int(random) % 0x3000, value); break;
        case 1: lapic_out(intc, cpu, offset % 0x400, value); break;
        case 2: (void)lapic_in(intc, cpu, offset); break;
        case 3: ok = wrmsr(intc, cpu, 0x800 + value % 0x100, g_rand_int(random)); break;
        case 4: ok = lapic_read_msr(lapic, 0x800 + value % 0x100, &wide); break;
        case 5: ok = lapic_set_base(lapic, 0xfee00000 | (value & 0xd00)); break;
        case 6: lapic_set_tsc_deadline(lapic, value); break;
        default: board_fixture_jump(intc->f, value % 5000); break;
        }
        refused += !ok;
        (void)take(intc, cpu);
        assert_int_equal(intc->cpus[cpu].intr, lapic_intr(lapic));
    }
    assert_true(refused > 0);
    g_rand_free(random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_power_up),
        TEST(test_priorities),
        TEST(test_tpr_and_cr8),
        TEST(test_apr),
        TEST(test_software_disable),
        TEST(test_errors),
        TEST(test_lint_modes),
        TEST(test_lint_level),
        TEST(test_own_events),
        TEST(test_base_transitions),
        TEST(test_x2apic_is_not_offered),
        TEST(test_disabled_is_not_there),
        TEST(test_msrs),
        TEST(test_base_and_deadline_msrs),
        TEST(test_self_ipi_msr),
        TEST(test_window_sizes_and_gaps),
        TEST(test_load_goes_on_as_saved),
        TEST(test_random_accesses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
