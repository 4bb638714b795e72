/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_i8259.c - the 8259 pair: commands, priorities, cascade, and its way to the CPU through LINT0. */
#include "hw/intc/intc_fixture.h"
#include "hw/trace_stages.h"

#define MASTER 0x20
#define SLAVE  0xa0

static void out(struct intc *intc, uint16_t port, unsigned value)
{
    port_write(intc->f, port, value, 1);
}

static unsigned in(struct intc *intc, uint16_t port)
{
    return (unsigned)port_read(intc->f, port, 1);
}

/* ICW1 to ICW4 of one chip; icw4 bits beyond "8086 mode". */
static void init_chip(struct intc *intc, uint16_t port, unsigned base, unsigned icw3, unsigned icw4)
{
    out(intc, port, 0x11);
    out(intc, (uint16_t)(port + 1), base);
    out(intc, (uint16_t)(port + 1), icw3);
    out(intc, (uint16_t)(port + 1), 0x01 | icw4);
}

static int setup(void **state)
{
    struct intc *intc;

    (void)intc_setup(state);
    intc = *state;
    init_chip(intc, MASTER, 0x30, 0x04, 0);
    init_chip(intc, SLAVE, 0x38, 0x02, 0);
    return 0;
}

static void pull_up(struct intc *intc, unsigned irq)
{
    set_gsi(intc, irq, 1);
}

static void pull_down(struct intc *intc, unsigned irq)
{
    set_gsi(intc, irq, 0);
}

static unsigned isr(struct intc *intc, uint16_t port)
{
    out(intc, port, 0x0b);
    return in(intc, port);
}

static unsigned irr(struct intc *intc, uint16_t port)
{
    out(intc, port, 0x0a);
    return in(intc, port);
}

static void test_edge(void **state)
{
    struct intc *intc = *state;

    assert_int_equal(asking(intc), 0);
    pull_up(intc, 4);
    assert_int_equal(asking(intc), 1); /* the bootstrap processor's LINT0 is ExtINT */
    assert_int_equal(irr(intc, MASTER), 0x10);
    assert_int_equal(take(intc, 0), 0x34);
    assert_int_equal(irr(intc, MASTER), 0);
    assert_int_equal(isr(intc, MASTER), 0x10);
    assert_int_equal(asking(intc), 0);
    out(intc, MASTER, 0x20);
    assert_int_equal(isr(intc, MASTER), 0);
    assert_int_equal(asking(intc), 0); /* still high, but no edge */
    pull_down(intc, 4);
    pull_up(intc, 4);
    assert_int_equal(asking(intc), 1);
    pull_down(intc, 4); /* gone before INTA */
    assert_int_equal(asking(intc), 0);
}

static void test_priorities(void **state)
{
    struct intc *intc = *state;

    pull_up(intc, 5);
    pull_up(intc, 3);
    assert_int_equal(take(intc, 0), 0x33);
    assert_int_equal(asking(intc), 0);
    pull_up(intc, 1);
    assert_int_equal(take(intc, 0), 0x31);
    assert_int_equal(isr(intc, MASTER), 0x0a);
    out(intc, MASTER, 0x20); /* ends 1 */
    assert_int_equal(isr(intc, MASTER), 0x08);
    assert_int_equal(asking(intc), 0);
    out(intc, MASTER, 0x63); /* specific: 3 */
    assert_int_equal(take(intc, 0), 0x35);
    out(intc, MASTER, 0x20);
    out(intc, MASTER, 0x20); /* one too many */
    assert_int_equal(isr(intc, MASTER), 0);
}

static void test_mask(void **state)
{
    struct intc *intc = *state;

    out(intc, MASTER + 1, 0xf7);
    assert_int_equal(in(intc, MASTER + 1), 0xf7);
    pull_up(intc, 4);
    assert_int_equal(asking(intc), 0);
    assert_int_equal(irr(intc, MASTER), 0x10); /* requests show all the same */
    out(intc, MASTER + 1, 0x00);
    assert_int_equal(asking(intc), 1);
    out(intc, MASTER + 1, 0xff);
    assert_int_equal(asking(intc), 0);
}

static void test_cascade(void **state)
{
    struct intc *intc = *state;

    pull_up(intc, 12);
    assert_int_equal(take(intc, 0), 0x3c);
    assert_int_equal(isr(intc, MASTER), 0x04);
    assert_int_equal(isr(intc, SLAVE), 0x10);
    pull_up(intc, 9); /* higher in the slave, but the master's input 2 is in service */
    assert_int_equal(asking(intc), 0);
    out(intc, SLAVE, 0x20); /* ends 12 */
    assert_int_equal(asking(intc), 0);
    out(intc, MASTER, 0x20);
    assert_int_equal(take(intc, 0), 0x39);
    pull_up(intc, 1); /* IRQ 1 goes before all of the slave */
    assert_int_equal(take(intc, 0), 0x31);
}

static void test_special_fully_nested(void **state)
{
    struct intc *intc = *state;

    init_chip(intc, MASTER, 0x30, 0x04, 0x10);
    pull_up(intc, 12);
    assert_int_equal(take(intc, 0), 0x3c);
    pull_up(intc, 13);
    assert_int_equal(asking(intc), 0);
    pull_up(intc, 9);
    assert_int_equal(take(intc, 0), 0x39);
    assert_int_equal(isr(intc, SLAVE), 0x12);
    pull_up(intc, 3); /* lower than the slave's input */
    assert_int_equal(asking(intc), 0);
    pull_up(intc, 1); /* higher: now the slave waits for it */
    assert_int_equal(take(intc, 0), 0x31);
    pull_up(intc, 8);
    assert_int_equal(asking(intc), 0);
    out(intc, MASTER, 0x20);
    assert_int_equal(take(intc, 0), 0x38);
}

static void test_level(void **state)
{
    struct intc *intc = *state;

    out(intc, 0x4d0, 0xff);
    out(intc, 0x4d1, 0xff);
    assert_int_equal(in(intc, 0x4d0), 0xf8); /* 0, 1, 2, 8, 13 stay edges */
    assert_int_equal(in(intc, 0x4d1), 0xde);
    pull_up(intc, 11);
    assert_int_equal(take(intc, 0), 0x3b);
    out(intc, SLAVE, 0x20);
    out(intc, MASTER, 0x20);
    assert_int_equal(take(intc, 0), 0x3b); /* still high */
    pull_down(intc, 11);
    out(intc, SLAVE, 0x20);
    out(intc, MASTER, 0x20);
    assert_int_equal(asking(intc), 0);
    out(intc, 0x4d0, 0x00);
    pull_up(intc, 5);
    assert_int_equal(take(intc, 0), 0x35);
    out(intc, MASTER, 0x20);
    assert_int_equal(asking(intc), 0);
    out(intc, 0x4d0, 0x20); /* becomes level triggered while high */
    assert_int_equal(asking(intc), 1);
}

static void test_spurious(void **state)
{
    struct intc *intc = *state;

    assert_int_equal(i8259_acknowledge(intc->chips.i8259_master), 0x37);
    assert_int_equal(isr(intc, MASTER), 0); /* nothing is in service by it */
    /* The slave has asked, the master remembers a level, the slave's request is gone. */
    pull_up(intc, 14);
    out(intc, SLAVE + 1, 0xff);
    assert_int_equal(asking(intc), 0);
    assert_int_equal(i8259_acknowledge(intc->chips.i8259_master), 0x37);
}

static void test_spurious_slave(void **state)
{
    struct intc *intc = *state;
    struct irq_line cascade = i8259_input(intc->chips.i8259_master, 2);

    irq_line_raise(&cascade); /* noise on the wire: the slave has nothing */
    assert_int_equal(take(intc, 0), 0x3f);
    assert_int_equal(isr(intc, MASTER), 0x04);
    assert_int_equal(isr(intc, SLAVE), 0);
}

static void test_auto_eoi(void **state)
{
    struct intc *intc = *state;

    init_chip(intc, MASTER, 0x30, 0x04, 0x02);
    pull_up(intc, 3);
    pull_up(intc, 4);
    assert_int_equal(take(intc, 0), 0x33);
    assert_int_equal(isr(intc, MASTER), 0);
    assert_int_equal(take(intc, 0), 0x34);
    out(intc, MASTER, 0x80); /* rotate in AEOI mode */
    pull_down(intc, 3);
    pull_up(intc, 3);
    assert_int_equal(take(intc, 0), 0x33); /* now the lowest */
    pull_down(intc, 3);
    pull_up(intc, 3);
    pull_down(intc, 6);
    pull_up(intc, 6);
    assert_int_equal(take(intc, 0), 0x36);
    out(intc, MASTER, 0x00); /* no more */
    assert_int_equal(take(intc, 0), 0x33);
}

static void test_slave_asks_on_after_inta(void **state)
{
    struct intc *intc = *state;

    init_chip(intc, SLAVE, 0x38, 0x02, 0x02); /* auto EOI: its next request is there at once */
    pull_up(intc, 9);
    pull_up(intc, 12);
    assert_int_equal(take(intc, 0), 0x39);
    assert_int_equal(asking(intc), 0);
    out(intc, MASTER, 0x20);
    assert_int_equal(take(intc, 0), 0x3c);
}

static void test_rotation(void **state)
{
    struct intc *intc = *state;

    pull_up(intc, 3);
    assert_int_equal(take(intc, 0), 0x33);
    out(intc, MASTER, 0xa0); /* rotate on non-specific EOI: 3 is the lowest */
    pull_down(intc, 3);
    pull_up(intc, 3);
    pull_up(intc, 1);
    pull_up(intc, 4);
    assert_int_equal(take(intc, 0), 0x34);
    out(intc, MASTER, 0x20);
    assert_int_equal(take(intc, 0), 0x31);
    out(intc, MASTER, 0xe1); /* rotate on specific EOI: 1 is the lowest */
    pull_up(intc, 6);
    assert_int_equal(take(intc, 0), 0x33);
    out(intc, MASTER, 0x20);
    out(intc, MASTER, 0xc5); /* set priority: 5 is the lowest, 6 the highest */
    pull_up(intc, 0);
    assert_int_equal(take(intc, 0), 0x36);
    out(intc, MASTER, 0x40); /* no operation */
    assert_int_equal(isr(intc, MASTER), 0x40);
}

static void test_special_mask(void **state)
{
    struct intc *intc = *state;

    pull_up(intc, 3);
    assert_int_equal(take(intc, 0), 0x33);
    out(intc, MASTER + 1, 0x08);
    out(intc, MASTER, 0x68); /* special mask mode */
    pull_up(intc, 5);        /* lower than what is in service and masked */
    assert_int_equal(take(intc, 0), 0x35);
    out(intc, MASTER, 0x20); /* does not end the masked one */
    assert_int_equal(isr(intc, MASTER), 0x08);
    out(intc, MASTER, 0x48); /* and back */
    pull_up(intc, 6);
    assert_int_equal(asking(intc), 0);
}

static void test_poll(void **state)
{
    struct intc *intc = *state;

    out(intc, MASTER, 0x0c);
    assert_int_equal(in(intc, MASTER), 0x00);
    pull_up(intc, 6);
    out(intc, MASTER, 0x0c);
    assert_int_equal(in(intc, MASTER), 0x86); /* and that was its INTA */
    assert_int_equal(isr(intc, MASTER), 0x40);
    assert_int_equal(asking(intc), 0);
    assert_int_equal(in(intc, MASTER), 0x40); /* one read alone */
}

static void test_initialization(void **state)
{
    struct intc *intc = *state;

    pull_up(intc, 3);
    assert_int_equal(take(intc, 0), 0x33);
    out(intc, MASTER + 1, 0xff);
    out(intc, MASTER, 0x13); /* ICW1: single, with ICW4 */
    out(intc, MASTER + 1, 0x4f);
    out(intc, MASTER + 1, 0x01);
    assert_int_equal(in(intc, MASTER + 1), 0); /* the mask is clear */
    assert_int_equal(isr(intc, MASTER), 0);
    assert_int_equal(asking(intc), 0); /* 3 is high, its edge is gone */
    pull_down(intc, 3);
    pull_up(intc, 3);
    assert_int_equal(take(intc, 0), 0x4b); /* the base's low bits are not */
    out(intc, MASTER, 0x10);               /* without ICW4 */
    out(intc, MASTER + 1, 0x50);
    out(intc, MASTER + 1, 0x04);
    out(intc, MASTER + 1, 0xaa);
    assert_int_equal(in(intc, MASTER + 1), 0xaa);
    device_reset(intc->chips.i8259_master);
    assert_int_equal(in(intc, MASTER + 1), 0);
}

static void test_virtual_wire(void **state)
{
    struct intc *intc = *state;

    software_enable(intc);
    lapic_out(intc, 0, 0x350, 0x10700);
    pull_up(intc, 4);
    assert_int_equal(asking(intc), 0);
    lapic_out(intc, 0, 0x350, 0x700); /* high already */
    assert_int_equal(asking(intc), 1);
    lapic_out(intc, 0, 0x80, 0xff); /* no priority holds it */
    assert_int_equal(asking(intc), 1);
    assert_int_equal(take(intc, 0), 0x34);
    out(intc, MASTER, 0x20);
    pull_down(intc, 4);
    lapic_out(intc, 1, 0x350, 0x700); /* two take it: the second one finds nothing */
    pull_up(intc, 4);
    assert_int_equal(asking(intc), 3);
    assert_int_equal(take(intc, 1), 0x34);
    assert_int_equal(asking(intc), 0);
    assert_int_equal(take(intc, 0), -1);
    /* By message, through the IOAPIC. */
    out(intc, MASTER, 0x20);
    lapic_out(intc, 0, 0x350, 0x10700);
    lapic_out(intc, 1, 0x350, 0x10700);
    redirect(intc, 5, 0x02000000, 0x700);
    pull_up(intc, 5);
    assert_int_equal(asking(intc), 4);
    assert_int_equal(take(intc, 2), 0x35);
    assert_int_equal(asking(intc), 0);
}

static void test_stages(void **state)
{
    struct intc *intc = *state;
    struct trace_session *trace;
    g_autofree char *slave = NULL;

    trace = trace_stages_begin();
    pull_up(intc, 9);
    slave = trace_stages_end(trace);
    assert_string_equal(slave, "qemu_set_irq( gsi_handler( qemu_set_irq( pic_set_irq( "
                               "pic_stat_update_irq pic_update_irq( qemu_set_irq( pic_set_irq( "
                               "pic_stat_update_irq pic_update_irq( qemu_set_irq( "
                               "pic_irq_request( apic_local_deliver( apic_intr_changed ) "
                               ") ) ) ) ) ) ) ) "
                               "qemu_set_irq( ioapic_set_irq( ioapic_stat_update_irq ) ) ) ) ");
}

static void test_statistics(void **state)
{
    struct intc *intc = *state;
    g_autoptr(GString) text = g_string_new(NULL);

    pull_up(intc, 0);
    pull_down(intc, 0);
    pull_up(intc, 0);
    pull_up(intc, 0);
    pull_up(intc, 9);
    pull_up(intc, 20);
    gsi_chips_print_statistics(&intc->chips, text);
    /* Input 2 is the slave's INT. */
    assert_string_equal(text->str, "IRQ statistics for ioapic:\n 2: 2\n 9: 1\n20: 1\n"
                                   "IRQ statistics for isa-i8259:\n 0: 2\n 2: 1\n 9: 1\n");
}

static void test_nonsense_ports_are_refused(void **state)
{
    struct intc *intc = *state;
    struct device *chip = board_fixture_device(intc->f, "isa-i8259", "third");
    g_autoptr(GError) error = NULL;

    assert_false(device_set_realized(chip, true, &error));
    assert_string_equal(error->message,
                        "Parameter 'iobase' is 0xffffffff; expected a port up to 0xfffe");
}

static void test_random_accesses(void **state)
{
    static const uint16_t ports[] = { 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1 };
    struct intc *intc = *state;
    GRand *random = g_rand_new_with_seed(8259);

    for (unsigned i = 0; i < 40000; i++) {
        uint32_t value = g_rand_int(random);

        switch (value % 4) {
        case 0: out(intc, ports[value / 4 % G_N_ELEMENTS(ports)], value >> 8 & 0xff); break;
        case 1: (void)in(intc, ports[value / 4 % G_N_ELEMENTS(ports)]); break;
        case 2: set_gsi(intc, value / 4 % 16, (int)(value >> 8 & 1)); break;
        default: (void)take(intc, 0); break;
        }
    }
    g_rand_free(random);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, intc_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_edge),
        TEST(test_priorities),
        TEST(test_mask),
        TEST(test_cascade),
        TEST(test_special_fully_nested),
        TEST(test_level),
        TEST(test_spurious),
        TEST(test_spurious_slave),
        TEST(test_auto_eoi),
        TEST(test_slave_asks_on_after_inta),
        TEST(test_rotation),
        TEST(test_special_mask),
        TEST(test_poll),
        TEST(test_initialization),
        TEST(test_virtual_wire),
        TEST(test_stages),
        TEST(test_statistics),
        TEST(test_nonsense_ports_are_refused),
        TEST(test_random_accesses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
