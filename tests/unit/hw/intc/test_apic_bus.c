/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_apic_bus.c - messages among three LAPICs, MSIs and the IOAPIC: who takes what. */
#include "hw/intc/intc_fixture.h"
#include "hw/trace_stages.h"

#define MASKED 0x10000u
#define LEVEL  0x8000u
#define RIRR   0x4000u

static int setup(void **state)
{
    (void)intc_setup(state);
    software_enable(*state);
    port_write(((struct intc *)*state)->f, 0x21, 0xff, 1); /* the 8259s keep out */
    port_write(((struct intc *)*state)->f, 0xa1, 0xff, 1);
    return 0;
}

/* The CPUs that take the vector, by bit; ends it. */
static unsigned takers(struct intc *intc, int vector)
{
    unsigned bits = 0;

    for (unsigned i = 0; i < INTC_CPUS; i++) {
        if (intc->cpus[i].intr) {
            assert_int_equal(take(intc, i), vector);
            eoi(intc, i);
            bits |= 1u << i;
        }
    }
    assert_int_equal(asking(intc), 0);
    return bits;
}

static unsigned ipi_takers(struct intc *intc, unsigned from, uint32_t high, uint32_t low)
{
    send_ipi(intc, from, high, low);
    return takers(intc, (int)(low & 0xff));
}

static void test_physical(void **state)
{
    struct intc *intc = *state;

    assert_int_equal(ipi_takers(intc, 0, 0x02000000, 0x4051), 4);
    assert_int_equal(ipi_takers(intc, 2, 0x00000000, 0x4051), 1);
    assert_int_equal(ipi_takers(intc, 2, 0xff000000, 0x4051), 7);
    assert_int_equal(ipi_takers(intc, 2, 0x07000000, 0x4051), 0);
    lapic_out(intc, 1, 0x20, 0x07000000); /* its id is what software says */
    assert_int_equal(ipi_takers(intc, 2, 0x07000000, 0x4051), 2);
    assert_int_equal(lapic_in(intc, 2, 0x300), 0x4051); /* sent: idle */
    assert_int_equal(lapic_in(intc, 2, 0x310), 0x07000000);
}

static void test_shorthands(void **state)
{
    struct intc *intc = *state;

    assert_int_equal(ipi_takers(intc, 1, 0, 0x44051), 2);
    assert_int_equal(ipi_takers(intc, 1, 0, 0x84051), 7);
    assert_int_equal(ipi_takers(intc, 1, 0, 0xc4051), 5);
    send_ipi(intc, 1, 0, 0xc4400);
    assert_int_equal(intc->cpus[0].nmis, 1);
    assert_int_equal(intc->cpus[1].nmis, 0);
    assert_int_equal(intc->cpus[2].nmis, 1);
    send_ipi(intc, 1, 0, 0x84500); /* INIT to all with itself is not a command */
    send_ipi(intc, 1, 0, 0x44400);
    assert_int_equal(intc->cpus[0].inits + intc->cpus[1].inits, 0);
    assert_int_equal(intc->cpus[1].nmis, 0);
}

static void test_logical_flat(void **state)
{
    struct intc *intc = *state;

    for (unsigned i = 0; i < INTC_CPUS; i++) {
        lapic_out(intc, i, 0xd0, 0x01000000u << i);
    }
    assert_int_equal(ipi_takers(intc, 0, 0x05000000, 0x4851), 5);
    assert_int_equal(ipi_takers(intc, 0, 0x02000000, 0x4851), 2);
    assert_int_equal(ipi_takers(intc, 0, 0xf8000000, 0x4851), 0);
    lapic_out(intc, 2, 0xd0, 0);
    assert_int_equal(ipi_takers(intc, 0, 0xff000000, 0x4851), 7); /* all ones is everybody */
}

static void test_logical_cluster(void **state)
{
    static const uint32_t ldr[INTC_CPUS] = { 0x11000000, 0x12000000, 0x21000000 };
    struct intc *intc = *state;

    for (unsigned i = 0; i < INTC_CPUS; i++) {
        lapic_out(intc, i, 0xe0, 0x0fffffff);
        lapic_out(intc, i, 0xd0, ldr[i]);
    }
    assert_int_equal(ipi_takers(intc, 0, 0x13000000, 0x4851), 3);
    assert_int_equal(ipi_takers(intc, 0, 0x21000000, 0x4851), 4);
    assert_int_equal(ipi_takers(intc, 0, 0x22000000, 0x4851), 0);
    assert_int_equal(ipi_takers(intc, 0, 0xf1000000, 0x4851), 5); /* in every cluster */
    lapic_out(intc, 0, 0xe0, 0x5fffffff);                         /* a model that is none */
    assert_int_equal(ipi_takers(intc, 0, 0x11000000, 0x4851), 0);
}

static void test_lowest_priority(void **state)
{
    struct intc *intc = *state;

    assert_int_equal(ipi_takers(intc, 0, 0xff000000, 0x4151), 1); /* of equals the first */
    lapic_out(intc, 0, 0x80, 0x30);
    lapic_out(intc, 1, 0x80, 0x20);
    assert_int_equal(ipi_takers(intc, 0, 0xff000000, 0x4151), 4);
    lapic_out(intc, 2, 0x80, 0x20);
    assert_int_equal(ipi_takers(intc, 0, 0xff000000, 0x4151), 2);
    lapic_out(intc, 1, 0xf0, 0xff); /* switched off */
    assert_int_equal(ipi_takers(intc, 0, 0xff000000, 0x4151), 4);
}

static void test_init_and_sipi(void **state)
{
    struct intc *intc = *state;
    struct fake_cpu *cpu = &intc->cpus[1];

    lapic_out(intc, 1, 0x80, 0x40);
    lapic_out(intc, 1, 0x20, 0x09000000);
    lapic_out(intc, 1, 0xd0, 0x80000000);
    send_ipi(intc, 0, 0x09000000, 0xc500);
    assert_int_equal(cpu->inits, 1);
    assert_int_equal(lapic_in(intc, 1, 0x80), 0);
    assert_int_equal(lapic_in(intc, 1, 0xd0), 0);
    assert_int_equal(lapic_in(intc, 1, 0xf0), 0xff);
    assert_int_equal(lapic_in(intc, 1, 0x20), 0x09000000); /* the id outlives INIT */
    send_ipi(intc, 0, 0x09000000, 0x8500);                 /* level de-assert */
    assert_int_equal(cpu->inits, 1);
    send_ipi(intc, 0, 0x09000000, 0x4699); /* while it is disabled by software */
    assert_int_equal(cpu->sipis, 1);
    assert_int_equal(cpu->sipi_vector, 0x99);
    send_ipi(intc, 0, 0, 0xc4699);
    assert_int_equal(cpu->sipis, 2);
    assert_int_equal(intc->cpus[2].sipis, 1);
    assert_int_equal(intc->cpus[0].sipis, 0);
    send_ipi(intc, 0, 0x09000000, 0x4200);
    assert_int_equal(cpu->smis, 1);
    send_ipi(intc, 0, 0x09000000, 0x4300); /* reserved modes */
    send_ipi(intc, 0, 0x09000000, 0x4700);
    assert_int_equal(asking(intc), 0);
    /* x2APIC mode outlives INIT. */
    assert_true(lapic_set_base(intc->cpus[2].lapic, 0xfee00c00));
    send_ipi(intc, 0, 0x02000000, 0x4500);
    assert_int_equal(lapic_base(intc->cpus[2].lapic), 0xfee00c00);
}

static void x2_ipi(struct intc *intc, unsigned from, uint64_t value)
{
    assert_true(lapic_write_msr(intc->cpus[from].lapic, 0x830, value));
}

static void test_x2apic(void **state)
{
    struct intc *intc = *state;
    uint64_t icr = 0;

    intc_add_cpu(intc, 2, "0x123"); /* a fourth; the third is out of the way */
    for (unsigned i = 0; i < INTC_CPUS; i++) {
        assert_true(lapic_set_base(intc->cpus[i].lapic, 0xfee00c00));
        assert_true(lapic_write_msr(intc->cpus[i].lapic, 0x80f, 0x1ff));
    }
    x2_ipi(intc, 0, 0x12300000000 | 0x4051);
    assert_int_equal(asking(intc), 4);
    assert_int_equal(take(intc, 2), 0x51);
    assert_true(lapic_write_msr(intc->cpus[2].lapic, 0x80b, 0));
    assert_true(lapic_read_msr(intc->cpus[0].lapic, 0x830, &icr));
    assert_int_equal(icr, 0x12300004051);
    x2_ipi(intc, 0, 0xff00000000 | 0x4051); /* 255 is a CPU, not everybody */
    assert_int_equal(asking(intc), 0);
    x2_ipi(intc, 0, 0xffffffff00000000 | 0x4051);
    assert_int_equal(asking(intc), 7);
    for (unsigned i = 0; i < INTC_CPUS; i++) {
        assert_int_equal(take(intc, i), 0x51);
        assert_true(lapic_write_msr(intc->cpus[i].lapic, 0x80b, 0));
    }
    x2_ipi(intc, 0, 0x0000000300000000 | 0x4851); /* logical: cluster 0, members 0 and 1 */
    assert_int_equal(asking(intc), 3);
    x2_ipi(intc, 0, 0x0012000800000000 | 0x4852); /* cluster 0x12, member 3: 0x123 */
    assert_int_equal(asking(intc), 7);
}

static void test_msi(void **state)
{
    struct intc *intc = *state;
    struct address_space *memory = intc->f->board.memory_space;

    intc->bus.current = NULL;
    address_space_store(memory, LAPIC + 0x1000, 0x0051, 4);
    assert_int_equal(takers(intc, 0x51), 2);
    intc->bus.current = intc->cpus[2].lapic; /* a store to no register is an MSI from a CPU too */
    address_space_store(memory, LAPIC, 0x0052, 4);
    assert_int_equal(takers(intc, 0x52), 1);
    apic_bus_send_msi(&intc->bus, LAPIC + 0xff000, 0x0053);
    assert_int_equal(takers(intc, 0x53), 7);
    for (unsigned i = 0; i < INTC_CPUS; i++) {
        lapic_out(intc, i, 0xd0, 0x01000000u << i);
    }
    apic_bus_send_msi(&intc->bus, LAPIC + 0x6004, 0x0054); /* logical 6 */
    assert_int_equal(takers(intc, 0x54), 6);
    apic_bus_send_msi(&intc->bus, LAPIC + 0x600c, 0x0054); /* with the redirection hint: one */
    assert_int_equal(takers(intc, 0x54), 2);
    apic_bus_send_msi(&intc->bus, LAPIC + 0x6004, 0x0154); /* lowest priority */
    assert_int_equal(takers(intc, 0x54), 2);
    apic_bus_send_msi(&intc->bus, LAPIC + 0x2000, 0x0400);
    assert_int_equal(intc->cpus[2].nmis, 1);
    apic_bus_send_msi(&intc->bus, LAPIC + 0x2000, 0x8055); /* level, de-asserted */
    apic_bus_send_msi(&intc->bus, 0xfed02000, 0x0055);
    apic_bus_send_msi(&intc->bus, LAPIC + 0x2000, 0x0355);
    assert_int_equal(asking(intc), 0);
    apic_bus_send_msi(&intc->bus, LAPIC + 0x2000, 0xc055);
    assert_int_equal(takers(intc, 0x55), 4);
}

static unsigned count_forwarded(void *opaque, const struct apic_message *message)
{
    *(struct apic_message *)opaque = *message;
    return 1;
}

static void test_forward(void **state)
{
    struct intc *intc = *state;
    struct apic_message seen = { 0 };

    intc->bus.forward = count_forwarded;
    intc->bus.forwarder = &seen;
    redirect(intc, 4, 0x02000000, LEVEL | 0x64);
    set_gsi(intc, 4, 1);
    assert_int_equal(seen.vector, 0x64);
    assert_int_equal(seen.destination, 2);
    assert_true(seen.level_triggered);
    assert_int_equal(asking(intc), 0);
    seen.vector = 0;
    apic_bus_eoi(&intc->bus, 0x64); /* from where the LAPICs are */
    assert_int_equal(seen.vector, 0x64);
}

/* ---- IOAPIC ---- */

static void test_ioapic_registers(void **state)
{
    struct intc *intc = *state;

    assert_int_equal(ioapic_in(intc, 1), 0x170020);
    assert_int_equal(ioapic_in(intc, 0x10), MASKED);
    assert_int_equal(ioapic_in(intc, 0x3f), 0);
    ioapic_out(intc, 0, 0xffffffff);
    assert_int_equal(ioapic_in(intc, 0), 0x0f000000);
    assert_int_equal(ioapic_in(intc, 2), 0x0f000000);
    ioapic_out(intc, 1, 0);
    assert_int_equal(ioapic_in(intc, 1), 0x170020);
    redirect(intc, 23, 0xffffffff, 0xffffffff);
    assert_int_equal(ioapic_in(intc, 0x3e), 0x1afff); /* neither status nor remote IRR */
    assert_int_equal(ioapic_in(intc, 0x3f), 0xff000000);
    assert_int_equal(ioapic_in(intc, 0x40), 0); /* no 25th pin */
    ioapic_out(intc, 0x40, 0);
    device_reset(intc->chips.ioapic);
    assert_int_equal(ioapic_in(intc, 0x3e), MASKED);
    assert_int_equal(address_space_load(intc->f->board.memory_space, IOAPIC + 0x20, 4), 0);
}

static void test_ioapic_edge(void **state)
{
    struct intc *intc = *state;

    redirect(intc, 4, 0x01000000, 0x64);
    set_gsi(intc, 4, 1);
    assert_int_equal(takers(intc, 0x64), 2);
    set_gsi(intc, 4, 1);
    assert_int_equal(asking(intc), 0);
    set_gsi(intc, 4, 0);
    redirect(intc, 4, 0x01000000, MASKED | 0x64);
    set_gsi(intc, 4, 1);
    redirect(intc, 4, 0x01000000, 0x64);
    assert_int_equal(asking(intc), 0); /* an edge at a masked pin is lost */
    redirect(intc, 2, 0x02000000, 0x30);
    set_gsi(intc, 0, 1); /* GSI 0 is pin 2 */
    assert_int_equal(takers(intc, 0x30), 4);
    set_gsi(intc, 0, 0);
    port_write(intc->f, 0x21, 0xfb, 1);
    set_gsi(intc, 2, 1); /* that pin too, but not the 8259's cascade */
    assert_int_equal(takers(intc, 0x30), 4);
    redirect(intc, 5, 0x02000000, 0x400);
    set_gsi(intc, 5, 1);
    assert_int_equal(intc->cpus[2].nmis, 1);
}

static void test_ioapic_level(void **state)
{
    struct intc *intc = *state;

    redirect(intc, 16, 0x01000000, LEVEL | 0x2000 | 0x70); /* active low: still an assertion */
    set_gsi(intc, 16, 1);
    assert_int_equal(ioapic_in(intc, 0x30), LEVEL | 0x2000 | RIRR | 0x70);
    assert_int_equal(lapic_in(intc, 1, 0x1b0), 1u << 16); /* TMR */
    assert_int_equal(take(intc, 1), 0x70);
    set_gsi(intc, 16, 1); /* it waits for its EOI */
    assert_int_equal(lapic_in(intc, 1, 0x230), 0);
    eoi(intc, 1); /* still high: again */
    assert_int_equal(ioapic_in(intc, 0x30), LEVEL | 0x2000 | RIRR | 0x70);
    assert_int_equal(take(intc, 1), 0x70);
    set_gsi(intc, 16, 0);
    eoi(intc, 1);
    assert_int_equal(ioapic_in(intc, 0x30), LEVEL | 0x2000 | 0x70);
    assert_int_equal(asking(intc), 0);
    send_ipi(intc, 0, 0x01000000, 0x4070); /* the same vector by an edge */
    assert_int_equal(lapic_in(intc, 1, 0x1b0), 0);
    assert_int_equal(take(intc, 1), 0x70);
    eoi(intc, 1);
    /* Masked while high, it comes when it is unmasked. */
    redirect(intc, 16, 0x01000000, MASKED | LEVEL | 0x70);
    set_gsi(intc, 16, 1);
    assert_int_equal(asking(intc), 0);
    redirect(intc, 16, 0x01000000, LEVEL | 0x70);
    assert_int_equal(asking(intc), 2);
}

static void test_ioapic_eoi_register(void **state)
{
    struct intc *intc = *state;

    lapic_out(intc, 1, 0xf0, 0x11ff); /* EOIs are not broadcast */
    redirect(intc, 16, 0x01000000, LEVEL | 0x70);
    set_gsi(intc, 16, 1);
    assert_int_equal(take(intc, 1), 0x70);
    set_gsi(intc, 16, 0);
    eoi(intc, 1);
    assert_int_equal(ioapic_in(intc, 0x30), LEVEL | RIRR | 0x70);
    address_space_store(intc->f->board.memory_space, IOAPIC + 0x40, 0x71, 4);
    assert_int_equal(ioapic_in(intc, 0x30), LEVEL | RIRR | 0x70);
    address_space_store(intc->f->board.memory_space, IOAPIC + 0x40, 0x70, 4);
    assert_int_equal(ioapic_in(intc, 0x30), LEVEL | 0x70);
    /* The way of software that knows no such register: edge and back. */
    set_gsi(intc, 16, 1);
    set_gsi(intc, 16, 0);
    redirect(intc, 16, 0x01000000, MASKED | 0x70);
    redirect(intc, 16, 0x01000000, LEVEL | 0x70);
    assert_int_equal(ioapic_in(intc, 0x30), LEVEL | 0x70);
}

static void test_ioapic_without_a_taker(void **state)
{
    struct intc *intc = *state;

    redirect(intc, 16, 0x09000000, LEVEL | 0x70);
    set_gsi(intc, 16, 1);
    assert_int_equal(ioapic_in(intc, 0x30), LEVEL | 0x70); /* nobody will end it */
    ioapic_out(intc, 0x31, 0x01000000);
    assert_int_equal(asking(intc), 2);
}

static void test_ioapic_logical_and_lowest(void **state)
{
    struct intc *intc = *state;

    for (unsigned i = 0; i < INTC_CPUS; i++) {
        lapic_out(intc, i, 0xd0, 0x01000000u << i);
    }
    redirect(intc, 7, 0x06000000, 0x0864);
    set_gsi(intc, 7, 1);
    assert_int_equal(takers(intc, 0x64), 6);
    set_gsi(intc, 7, 0);
    redirect(intc, 7, 0x06000000, 0x0964);
    set_gsi(intc, 7, 1);
    assert_int_equal(takers(intc, 0x64), 2);
}

/* The way of an interrupt as tracedump prints it. */
static void test_stages(void **state)
{
    struct intc *intc = *state;
    struct trace_session *trace;
    g_autofree char *pin = NULL;
    g_autofree char *ended = NULL;

    redirect(intc, 20, 0x02000000, LEVEL | 0x71);
    trace = trace_stages_begin();
    set_gsi(intc, 20, 1);
    pin = trace_stages_end(trace);
    assert_string_equal(pin, "qemu_set_irq( gsi_handler( qemu_set_irq( ioapic_set_irq( "
                             "ioapic_stat_update_irq ioapic_service( apic_deliver_irq( "
                             "apic_set_irq( apic_intr_changed ) ) ) ) ) ) ) ");
    trace = trace_stages_begin();
    assert_int_equal(take(intc, 2), 0x71);
    lapic_mmio_write(intc->cpus[2].lapic, 0xb0, 0);
    ended = trace_stages_end(trace);
    assert_string_equal(ended, "apic_acknowledged apic_intr_changed apic_eoi ioapic_eoi "
                               "ioapic_service( apic_deliver_irq( apic_set_irq( "
                               "apic_intr_changed ) ) ) ");
}

static void test_random_accesses(void **state)
{
    struct intc *intc = *state;
    GRand *random = g_rand_new_with_seed(0x10a91c);

    for (unsigned i = 0; i < 40000; i++) {
        uint32_t value = g_rand_int(random);

        switch (g_rand_int(random) % 6) {
        case 0: ioapic_out(intc, value % 0x50, g_rand_int(random)); break;
        case 1: (void)ioapic_in(intc, value % 0x50); break;
        case 2: set_gsi(intc, value % 24, (int)(value >> 8 & 1)); break;
        case 3:
            address_space_store(intc->f->board.memory_space, IOAPIC + value % 0x60,
                                g_rand_int(random), 1u << value / 256 % 4);
            break;
        case 4:
            apic_bus_send_msi(&intc->bus, LAPIC + value % 0x100000, g_rand_int(random) & 0xffff);
            break;
        default: (void)take(intc, value % INTC_CPUS); eoi(intc, value % INTC_CPUS);
        }
        if (i % 100 == 0) {
            software_enable(intc); /* an INIT may have switched them off */
        }
    }
    g_rand_free(random);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, intc_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_physical),
        TEST(test_shorthands),
        TEST(test_logical_flat),
        TEST(test_logical_cluster),
        TEST(test_lowest_priority),
        TEST(test_init_and_sipi),
        TEST(test_x2apic),
        TEST(test_msi),
        TEST(test_forward),
        TEST(test_ioapic_registers),
        TEST(test_ioapic_edge),
        TEST(test_ioapic_level),
        TEST(test_ioapic_eoi_register),
        TEST(test_ioapic_without_a_taker),
        TEST(test_ioapic_logical_and_lowest),
        TEST(test_stages),
        TEST(test_random_accesses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
