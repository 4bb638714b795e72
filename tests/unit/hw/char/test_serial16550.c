/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_serial16550.c - every register and interrupt of the 16550A, as a driver sees them. */
#include "hw/board_fixture.h"
#include "hw/char/char_devices.h"

#define PORT 0x3f8
#define PIN  4

enum { RBR, IER, IIR, LCR, MCR, LSR, MSR, SCR, THR = 0, DLL = 0, DLM = 1, FCR = 2 };

struct bench {
    struct board_fixture *f;
    struct device *serial;
    struct char_port *port;
    GString *output;
    unsigned accepts;
};

static const struct type_info *const types[] = { &isa_serial_type_info, NULL };

static void on_output(void *host, const uint8_t *bytes, size_t count)
{
    g_string_append_len(((struct bench *)host)->output, (const char *)bytes, (gssize)count);
}

static void on_accept(void *host)
{
    ((struct bench *)host)->accepts++;
}

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);

    bench->f = board_fixture_create(types);
    bench->serial = board_fixture_device(bench->f, "isa-serial", "s0");
    bench->port = char_device_port(bench->serial);
    bench->output = g_string_new(NULL);
    bench->port->write = on_output;
    bench->port->accept_input = on_accept;
    bench->port->host = bench;
    assert_int_equal(bench->port->can_receive(bench->port->device), 0);
    board_fixture_realize(bench->serial);
    isa_serial_connect_irq(bench->serial, board_fixture_line(bench->f, PIN));
    bench->accepts = 0;
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    board_fixture_destroy(bench->f);
    g_string_free(bench->output, TRUE);
    g_free(bench);
    return 0;
}

static unsigned in(struct bench *bench, unsigned reg)
{
    return (unsigned)port_read(bench->f, (uint16_t)(PORT + reg), 1);
}

static void out(struct bench *bench, unsigned reg, unsigned value)
{
    port_write(bench->f, (uint16_t)(PORT + reg), value, 1);
}

static size_t room(const struct bench *bench)
{
    return bench->port->can_receive(bench->port->device);
}

/* Hands text over as the machine does: never more than there is room for. Gives what was taken. */
static size_t type_in(struct bench *bench, const char *text)
{
    size_t taken = 0;

    while (text[taken] != '\0' && room(bench) > 0) {
        size_t count = MIN(room(bench), strlen(text + taken));

        bench->port->receive(bench->port->device, (const uint8_t *)text + taken, count);
        taken += count;
    }
    return taken;
}

static void expect_irq(struct bench *bench, int level, unsigned identity)
{
    assert_int_equal(bench->f->level[PIN], level);
    assert_int_equal(in(bench, IIR), identity);
}

static void test_registers_after_reset(void **state)
{
    struct bench *bench = *state;
    const unsigned expected[] = { 0, 0, 0x01, 0, 0x08, 0x60, 0xb0, 0 };

    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
            assert_int_equal(in(bench, i), expected[i]);
        }
        out(bench, LCR, 0x80);
        assert_int_equal(in(bench, DLL), 12);
        assert_int_equal(in(bench, DLM), 0);
        out(bench, DLL, 0x34);
        out(bench, DLM, 0x12);
        out(bench, SCR, 0x5a);
        out(bench, MCR, 0xff);
        out(bench, FCR, 0xc1);
        out(bench, LCR, 0);
        out(bench, IER, 0x0f);
        assert_int_equal(bench->f->level[PIN], 1);
        device_reset(bench->serial);
        assert_int_equal(bench->f->level[PIN], 0);
    }
}

static void test_plain_registers(void **state)
{
    struct bench *bench = *state;

    for (unsigned value = 0; value < 256; value++) {
        out(bench, SCR, value);
        assert_int_equal(in(bench, SCR), value);
        out(bench, LCR, value);
        assert_int_equal(in(bench, LCR), value);
        out(bench, LCR, 0);
        out(bench, IER, value);
        assert_int_equal(in(bench, IER), value & 0x0f);
        out(bench, MCR, value);
        assert_int_equal(in(bench, MCR), value & 0x1f);
        out(bench, MCR, 0);
    }
    /* LSR and MSR are read only. */
    (void)in(bench, MSR);
    out(bench, LSR, 0xff);
    out(bench, MSR, 0xff);
    assert_int_equal(in(bench, LSR), 0x60);
    assert_int_equal(in(bench, MSR), 0xb0);
    /* Sixteen and 32 bits wide: neighbours. */
    out(bench, LCR, 0x80);
    port_write(bench->f, PORT, 0x1234, 2);
    assert_int_equal(in(bench, DLL), 0x34);
    assert_int_equal(in(bench, DLM), 0x12);
    assert_int_equal(port_read(bench->f, PORT, 2), 0x1234);
}

static void test_output(void **state)
{
    struct bench *bench = *state;

    out(bench, THR, 'h');
    out(bench, LCR, 0x83);
    out(bench, DLL, 1);
    out(bench, LCR, 0x03);
    out(bench, THR, 0xff);
    assert_int_equal(in(bench, LSR), 0x60);
    assert_int_equal(bench->output->len, 2);
    assert_memory_equal(bench->output->str, "h\xff", 2);
    bench->port->write = NULL;
    out(bench, THR, 'x');
    assert_int_equal(bench->output->len, 2);
}

static void test_thre_interrupt(void **state)
{
    struct bench *bench = *state;

    /* Enabling it raises it at once; reading IIR answers it; enabling it again raises it again
     * (what Linux tests for at start-up). */
    out(bench, IER, 0x02);
    expect_irq(bench, 1, 0x02);
    expect_irq(bench, 0, 0x01);
    out(bench, IER, 0x02); /* no change, no interrupt */
    expect_irq(bench, 0, 0x01);
    out(bench, IER, 0);
    out(bench, IER, 0x02);
    expect_irq(bench, 1, 0x02);
    /* A character brings it back, with an edge each time. */
    out(bench, THR, 'a');
    assert_int_equal(bench->f->raises[PIN], 3);
    out(bench, THR, 'b');
    assert_int_equal(bench->f->raises[PIN], 4);
    expect_irq(bench, 1, 0x02);
    /* Disabling takes it away. */
    out(bench, THR, 'c');
    out(bench, IER, 0);
    expect_irq(bench, 0, 0x01);
}

static void test_single_register_receive(void **state)
{
    struct bench *bench = *state;

    out(bench, IER, 0x01);
    assert_int_equal(type_in(bench, "ab"), 1); /* the rest waits outside */
    expect_irq(bench, 1, 0x04);
    assert_int_equal(in(bench, LSR), 0x61);
    assert_int_equal(bench->accepts, 0);
    assert_int_equal(in(bench, RBR), 'a');
    assert_int_equal(bench->accepts, 1);
    expect_irq(bench, 0, 0x01);
    assert_int_equal(in(bench, LSR), 0x60);
    assert_int_equal(in(bench, RBR), 'a'); /* the register keeps its last character */
    assert_int_equal(type_in(bench, "b"), 1);
    assert_int_equal(in(bench, RBR), 'b');
}

static void test_fifo_trigger_levels(void **state)
{
    const unsigned levels[] = { 1, 4, 8, 14 };

    for (unsigned i = 0; i < 4; i++) {
        struct bench *bench = *state;

        out(bench, FCR, i << 6 | 0x07);
        out(bench, IER, 0x01);
        assert_int_equal(in(bench, IIR), 0xc1);
        assert_int_equal(room(bench), levels[i]);
        for (unsigned n = 1; n <= levels[i]; n++) {
            expect_irq(bench, 0, 0xc1);
            assert_int_equal(type_in(bench, "x"), 1);
        }
        expect_irq(bench, 1, 0xc4);
        (void)in(bench, RBR);
        expect_irq(bench, 0, 0xc1);
        out(bench, FCR, 0);
    }
}

static void test_fifo_holds_sixteen_in_order(void **state)
{
    struct bench *bench = *state;

    out(bench, FCR, 0x81);
    (void)type_in(bench, "....");
    for (unsigned i = 0; i < 4; i++) {
        (void)in(bench, RBR); /* so that the ring wraps */
    }
    assert_int_equal(type_in(bench, "0123456789abcdefXYZ"), 16);
    assert_int_equal(room(bench), 0);
    assert_int_equal(in(bench, LSR), 0x61);
    for (unsigned i = 0; i < 16; i++) {
        assert_int_equal(in(bench, RBR), "0123456789abcdef"[i]);
    }
    assert_int_equal(in(bench, LSR), 0x60);
    assert_int_equal(in(bench, RBR), 0);
    assert_int_equal(room(bench), 8);
}

static void test_fifo_control(void **state)
{
    struct bench *bench = *state;

    out(bench, FCR, 0xc1);
    (void)type_in(bench, "abc");
    out(bench, FCR, 0xc3); /* clear the receiver alone */
    assert_int_equal(in(bench, LSR), 0x60);
    assert_int_equal(in(bench, IIR), 0xc1);
    (void)type_in(bench, "abc");
    out(bench, FCR, 0xc1); /* nothing to clear */
    assert_int_equal(in(bench, LSR), 0x61);
    out(bench, FCR, 0xc0); /* off: cleared, and the trigger level with it */
    assert_int_equal(in(bench, LSR), 0x60);
    assert_int_equal(in(bench, IIR), 0x01);
    assert_int_equal(room(bench), 1);
}

/* 115200 baud, 8 data bits, no parity, 1 stop bit: 86805 ns a character, four of them 347220. */
static void set_fast_line(struct bench *bench)
{
    out(bench, LCR, 0x83);
    out(bench, DLL, 1);
    out(bench, DLM, 0);
    out(bench, LCR, 0x03);
}

static void test_character_timeout(void **state)
{
    struct bench *bench = *state;

    set_fast_line(bench);
    out(bench, FCR, 0x81);
    out(bench, IER, 0x01);
    (void)type_in(bench, "ab");
    board_fixture_advance(bench->f, 347000);
    expect_irq(bench, 0, 0xc1);
    (void)type_in(bench, "c"); /* a character starts the time again */
    board_fixture_advance(bench->f, 347000);
    expect_irq(bench, 0, 0xc1);
    board_fixture_advance(bench->f, 300);
    expect_irq(bench, 1, 0xcc);
    assert_int_equal(in(bench, RBR), 'a'); /* so does reading, which answers it */
    expect_irq(bench, 0, 0xc1);
    board_fixture_advance(bench->f, 347300);
    expect_irq(bench, 1, 0xcc);
    (void)in(bench, RBR);
    (void)in(bench, RBR);
    board_fixture_jump(bench->f, 10000000);
    expect_irq(bench, 0, 0xc1); /* nothing waits: no timeout */
    assert_null(bench->f->timers.first);
}

static void test_timeout_follows_the_line(void **state)
{
    struct bench *bench = *state;

    /* 9600 baud, 7 data bits, parity, 2 stop bits: 11 bits, 1145833 ns a character. */
    out(bench, LCR, 0x0e);
    out(bench, FCR, 0xc1);
    out(bench, IER, 0x01);
    (void)type_in(bench, "a");
    board_fixture_advance(bench->f, 4583000);
    expect_irq(bench, 0, 0xc1);
    board_fixture_advance(bench->f, 400);
    expect_irq(bench, 1, 0xcc);
    /* Clearing the FIFO takes it away; masking it too. */
    out(bench, FCR, 0xc3);
    expect_irq(bench, 0, 0xc1);
    (void)type_in(bench, "b");
    out(bench, IER, 0);
    board_fixture_advance(bench->f, 5000000);
    expect_irq(bench, 0, 0xc1);
    out(bench, IER, 0x01);
    expect_irq(bench, 1, 0xcc);
    /* A divisor of 0 is no division by it. */
    out(bench, LCR, 0x80);
    port_write(bench->f, PORT, 0, 2);
    out(bench, LCR, 0);
    (void)type_in(bench, "c");
}

static void test_loopback_data(void **state)
{
    struct bench *bench = *state;

    out(bench, MCR, 0x10);
    assert_int_equal(room(bench), 0); /* the outside is cut off */
    out(bench, IER, 0x05);
    out(bench, THR, 'q');
    assert_int_equal(bench->output->len, 0);
    expect_irq(bench, 1, 0x04);
    out(bench, THR, 'r'); /* overrun: the newer one stays */
    expect_irq(bench, 1, 0x06);
    assert_int_equal(in(bench, LSR), 0x63);
    expect_irq(bench, 1, 0x04); /* reading LSR has cleared the overrun */
    assert_int_equal(in(bench, LSR), 0x61);
    assert_int_equal(in(bench, RBR), 'r');
    out(bench, FCR, 0x01);
    for (unsigned i = 0; i < 17; i++) {
        out(bench, THR, 'A' + i);
    }
    assert_int_equal(in(bench, LSR), 0x63);
    for (unsigned i = 0; i < 16; i++) {
        assert_int_equal(in(bench, RBR), 'A' + i); /* the FIFO keeps the older ones */
    }
    bench->accepts = 0;
    out(bench, MCR, 0);
    assert_int_equal(bench->accepts, 1);
    assert_int_equal(room(bench), 1);
}

static void test_loopback_modem_lines(void **state)
{
    struct bench *bench = *state;
    const unsigned pins[] = { 0x20, 0x10, 0x40, 0x80 }; /* DTR, RTS, OUT1, OUT2 come back as */

    out(bench, MCR, 0x10);
    (void)in(bench, MSR);
    for (unsigned i = 0; i < 4; i++) {
        out(bench, MCR, 0x10 | 1u << i);
        assert_int_equal(in(bench, MSR) & 0xf0, pins[i]);
    }
    /* Linux looks for a 16550 so. */
    out(bench, MCR, 0x1a);
    assert_int_equal(in(bench, MSR) & 0xf0, 0x90);
}

static void test_modem_status_interrupt(void **state)
{
    struct bench *bench = *state;

    out(bench, MCR, 0x10);
    assert_int_equal(in(bench, MSR), 0x0b); /* CTS, DSR and DCD have gone; RI had not been there */
    assert_int_equal(in(bench, MSR), 0x00);
    out(bench, IER, 0x08);
    out(bench, MCR, 0x12);
    expect_irq(bench, 1, 0x00);
    assert_int_equal(in(bench, MSR), 0x11);
    expect_irq(bench, 0, 0x01);
    out(bench, MCR, 0x16); /* RI rises: of no interest */
    expect_irq(bench, 0, 0x01);
    out(bench, MCR, 0x12); /* RI falls */
    expect_irq(bench, 1, 0x00);
    assert_int_equal(in(bench, MSR), 0x14);
}

static void test_priorities(void **state)
{
    struct bench *bench = *state;

    out(bench, IER, 0x0f);
    out(bench, MCR, 0x10); /* modem status */
    out(bench, FCR, 0x81);
    for (unsigned i = 0; i < 17; i++) {
        out(bench, THR, 'x'); /* overrun, data, transmitter */
    }
    board_fixture_advance(bench->f, 1000000000);
    assert_int_equal(in(bench, IIR), 0xc6);
    (void)in(bench, LSR);
    assert_int_equal(in(bench, IIR), 0xcc);
    (void)in(bench, RBR);
    assert_int_equal(in(bench, IIR), 0xc4);
    for (unsigned i = 0; i < 15; i++) {
        (void)in(bench, RBR);
    }
    assert_int_equal(in(bench, IIR), 0xc2);
    assert_int_equal(in(bench, IIR), 0xc0);
    assert_int_equal(bench->f->raises[PIN] > 0 && bench->f->level[PIN], 1);
    (void)in(bench, MSR);
    expect_irq(bench, 0, 0xc1);
}

static void test_state_is_complete(void **state)
{
    struct bench *bench = *state;
    const struct device_class *class = device_class(bench->serial);
    uint8_t *state_bytes = (uint8_t *)bench->serial + class->state_offset;
    g_autofree uint8_t *saved = NULL;
    g_autoptr(GString) out_text = g_string_new(NULL);

    set_fast_line(bench);
    out(bench, FCR, 0x81);
    out(bench, IER, 0x01);
    (void)type_in(bench, "ab");
    saved = g_memdup2(state_bytes, class->state->size);
    device_reset(bench->serial);
    assert_null(bench->f->timers.first);
    memcpy(state_bytes, saved, class->state->size);
    class->after_load(bench->serial);
    board_fixture_advance(bench->f, 347300);
    expect_irq(bench, 1, 0xcc);
    assert_int_equal(in(bench, RBR), 'a');
    assert_int_equal(in(bench, RBR), 'b');
    device_print_state(bench->f->root, out_text);
    assert_non_null(strstr(out_text->str, "/s0.ier: 01\n"));
}

static void test_unrealize_leaves_nothing(void **state)
{
    struct bench *bench = *state;

    out(bench, FCR, 0x81);
    (void)type_in(bench, "a");
    assert_true(device_set_realized(bench->serial, false, NULL));
    assert_null(bench->f->timers.first);
    assert_int_equal(room(bench), 0);
    assert_int_equal(in(bench, LSR), 0xff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_registers_after_reset, setup, teardown),
        cmocka_unit_test_setup_teardown(test_plain_registers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_output, setup, teardown),
        cmocka_unit_test_setup_teardown(test_thre_interrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_single_register_receive, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fifo_trigger_levels, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fifo_holds_sixteen_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fifo_control, setup, teardown),
        cmocka_unit_test_setup_teardown(test_character_timeout, setup, teardown),
        cmocka_unit_test_setup_teardown(test_timeout_follows_the_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_loopback_data, setup, teardown),
        cmocka_unit_test_setup_teardown(test_loopback_modem_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_modem_status_interrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_priorities, setup, teardown),
        cmocka_unit_test_setup_teardown(test_state_is_complete, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unrealize_leaves_nothing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
