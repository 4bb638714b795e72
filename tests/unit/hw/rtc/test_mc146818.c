/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_mc146818.c - the clock and its interrupts through ports 0x70 and 0x71, by a stepped clock. */
#include "hw/board_fixture.h"
#include "hw/rtc/mc146818.h"

#define SECOND      1000000000ull
#define MILLISECOND 1000000ull
#define PIN         8

struct bench {
    struct board_fixture *f;
    struct device *rtc;
};

static const struct type_info *const types[] = { &mc146818_type_info, NULL };

/* 2024-02-28 23:59:50 UTC, a Wednesday. */
#define BASE 1709164790

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);

    bench->f = board_fixture_create(types);
    bench->rtc = board_fixture_device(bench->f, "mc146818rtc", "rtc");
    mc146818_set_base(bench->rtc, BASE);
    mc146818_connect_irq(bench->rtc, board_fixture_line(bench->f, PIN));
    board_fixture_realize(bench->rtc);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    board_fixture_destroy(bench->f);
    g_free(bench);
    return 0;
}

static unsigned in(struct bench *bench, unsigned index)
{
    port_write(bench->f, 0x70, index, 1);
    return (unsigned)port_read(bench->f, 0x71, 1);
}

static void out(struct bench *bench, unsigned index, unsigned value)
{
    port_write(bench->f, 0x70, index, 1);
    port_write(bench->f, 0x71, value, 1);
}

static void advance(struct bench *bench, uint64_t ns)
{
    board_fixture_advance(bench->f, ns);
}

/* Century, year, month, day, weekday, hour, minute, second as the registers hold them. */
static void expect_time(struct bench *bench, const char *text)
{
    g_autofree char *shown = g_strdup_printf(
        "%02x%02x-%02x-%02x/%x %02x:%02x:%02x", in(bench, 0x32), in(bench, 9), in(bench, 8),
        in(bench, 7), in(bench, 6), in(bench, 4), in(bench, 2), in(bench, 0));

    assert_string_equal(shown, text);
}

static void expect_irq(struct bench *bench, int level, unsigned flags)
{
    assert_int_equal(bench->f->level[PIN], level);
    assert_int_equal(in(bench, 0x0c), flags);
    assert_int_equal(bench->f->level[PIN], 0);
}

static void test_ports_and_ram(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(port_read(bench->f, 0x70, 1), 0xff);
    for (unsigned i = 0x0e; i < 0x80; i++) {
        if (i != 0x32 && i != 0x37) {
            out(bench, i, i ^ 0x5a);
        }
    }
    for (unsigned i = 0x0e; i < 0x80; i++) {
        if (i != 0x32 && i != 0x37) {
            assert_int_equal(in(bench, i), i ^ 0x5a);
            assert_int_equal(in(bench, i | 0x80), i ^ 0x5a); /* NMI masked */
        }
    }
    port_write(bench->f, 0x70, 0xa540, 2); /* index and data in one instruction */
    assert_int_equal(in(bench, 0x40), 0xa5);
    assert_int_equal(in(bench, 0x37), 0x20); /* the century, PS/2 style */
    device_reset(bench->rtc);
    assert_int_equal(in(bench, 0x40), 0xa5); /* a battery keeps it */
}

static void test_control_registers(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(in(bench, 0x0a), 0x26);
    assert_int_equal(in(bench, 0x0b), 0x02);
    assert_int_equal(in(bench, 0x0c), 0x00);
    assert_int_equal(in(bench, 0x0d), 0x80);
    out(bench, 0x0c, 0xff);
    out(bench, 0x0d, 0x00);
    assert_int_equal(in(bench, 0x0c), 0x00);
    assert_int_equal(in(bench, 0x0d), 0x80);
    out(bench, 0x0a, 0xaf);
    assert_int_equal(in(bench, 0x0a), 0x2f); /* UIP is read only */
}

static void test_time_goes_on(void **state)
{
    struct bench *bench = *state;

    expect_time(bench, "2024-02-28/4 23:59:50");
    advance(bench, SECOND - 1);
    expect_time(bench, "2024-02-28/4 23:59:50");
    advance(bench, 1);
    expect_time(bench, "2024-02-28/4 23:59:51");
    advance(bench, 9 * SECOND);
    expect_time(bench, "2024-02-29/5 00:00:00"); /* a leap year */
    advance(bench, 86400 * SECOND);
    expect_time(bench, "2024-03-01/6 00:00:00");
    device_reset(bench->rtc);
    expect_time(bench, "2024-03-01/6 00:00:00");
}

static void test_formats(void **state)
{
    struct bench *bench = *state;

    out(bench, 0x0b, 0x06); /* binary, 24 hours */
    expect_time(bench, "1418-02-1c/4 17:3b:32");
    out(bench, 0x0b, 0x04); /* binary, 12 hours */
    assert_int_equal(in(bench, 4), 0x8b);
    out(bench, 0x0b, 0x00); /* BCD, 12 hours */
    assert_int_equal(in(bench, 4), 0x91);
    advance(bench, 10 * SECOND);
    assert_int_equal(in(bench, 4), 0x12); /* midnight is 12 am */
    advance(bench, 12 * 3600 * SECOND);
    assert_int_equal(in(bench, 4), 0x92); /* noon is 12 pm */
    /* Every hour survives being set in either form. */
    for (unsigned hour = 0; hour < 24; hour++) {
        unsigned twelve = (hour % 12 != 0 ? hour % 12 : 12) | (hour >= 12 ? 0x80 : 0);

        out(bench, 0x0b, 0x04);
        out(bench, 4, twelve);
        assert_int_equal(in(bench, 4), twelve);
        out(bench, 0x0b, 0x06);
        assert_int_equal(in(bench, 4), hour);
    }
}

static void test_setting_the_time(void **state)
{
    struct bench *bench = *state;

    out(bench, 0x0b, 0x82); /* SET: the time stands */
    advance(bench, 5 * SECOND);
    expect_time(bench, "2024-02-28/4 23:59:50");
    assert_int_equal(in(bench, 0x0a), 0x26);
    out(bench, 0x00, 0x58);
    out(bench, 0x02, 0x59);
    out(bench, 0x04, 0x23);
    out(bench, 0x06, 0x01); /* the guest's own idea of the weekday */
    out(bench, 0x07, 0x31);
    out(bench, 0x08, 0x12);
    out(bench, 0x09, 0x99);
    out(bench, 0x32, 0x19);
    expect_time(bench, "1999-12-31/1 23:59:58");
    advance(bench, SECOND / 4);
    out(bench, 0x0b, 0x02);
    expect_time(bench, "1999-12-31/1 23:59:58");
    advance(bench, SECOND * 3 / 4); /* the divider has kept its phase */
    expect_time(bench, "1999-12-31/1 23:59:59");
    advance(bench, SECOND);
    expect_time(bench, "2000-01-01/2 00:00:00");
    out(bench, 0x09, 0x07); /* single registers while the clock runs */
    out(bench, 0x07, 0x09);
    advance(bench, SECOND);
    expect_time(bench, "2007-01-09/2 00:00:01");
}

static void test_nonsense_is_survived(void **state)
{
    struct bench *bench = *state;

    for (unsigned mode = 0; mode < 8; mode += 2) {
        for (unsigned value = 0; value < 256; value += 15) {
            out(bench, 0x0b, 0x80 | mode);
            for (unsigned i = 0; i < 10; i++) {
                out(bench, i, value);
                assert_int_equal(in(bench, i), value);
            }
            out(bench, 0x32, value);
            out(bench, 0x0b, 0x70 | mode);
            advance(bench, 3 * SECOND / 2);
            (void)in(bench, 0x0c);
            out(bench, 0x04, 0xff);
        }
    }
    /* 31 February 2023 is 3 March. */
    out(bench, 0x0b, 0x82);
    out(bench, 0x32, 0x20);
    out(bench, 0x09, 0x23);
    out(bench, 0x08, 0x02);
    out(bench, 0x07, 0x31);
    out(bench, 0x04, 0x00);
    out(bench, 0x02, 0x00);
    out(bench, 0x00, 0x00);
    out(bench, 0x06, 0x06);
    out(bench, 0x0b, 0x02);
    expect_time(bench, "2023-03-03/6 00:00:00");
}

static void test_divider_reset(void **state)
{
    struct bench *bench = *state;

    advance(bench, 300 * MILLISECOND);
    out(bench, 0x0a, 0x76); /* held */
    advance(bench, 10 * SECOND);
    expect_time(bench, "2024-02-28/4 23:59:50");
    out(bench, 0x0a, 0x26); /* let go: the first update comes after half a second */
    advance(bench, SECOND / 2 - 1);
    expect_time(bench, "2024-02-28/4 23:59:50");
    advance(bench, 1);
    expect_time(bench, "2024-02-28/4 23:59:51");
}

static void test_update_in_progress(void **state)
{
    struct bench *bench = *state;

    advance(bench, SECOND - 244141);
    assert_int_equal(in(bench, 0x0a), 0x26);
    advance(bench, 1);
    assert_int_equal(in(bench, 0x0a), 0xa6);
    advance(bench, 244139);
    assert_int_equal(in(bench, 0x0a), 0xa6);
    advance(bench, 1);
    assert_int_equal(in(bench, 0x0a), 0x26);
    out(bench, 0x0b, 0x82);
    advance(bench, SECOND - 1);
    assert_int_equal(in(bench, 0x0a), 0x26); /* SET: no update, no announcement */
}

static void test_update_ended_interrupt(void **state)
{
    struct bench *bench = *state;

    out(bench, 0x0a, 0x20); /* no periodic flag in the way */
    out(bench, 0x0b, 0x12);
    advance(bench, SECOND - 1);
    expect_irq(bench, 0, 0x00);
    advance(bench, 1);
    assert_null(bench->f->timers.first); /* raised: nothing more to wake up for */
    expect_irq(bench, 1, 0x90);
    advance(bench, SECOND);
    assert_int_equal(bench->f->level[PIN], 1);
    advance(bench, 5 * SECOND); /* unread: no further edge */
    assert_int_equal(bench->f->raises[PIN], 2);
    expect_irq(bench, 1, 0x90);
    out(bench, 0x0b, 0x92); /* SET clears UIE */
    assert_int_equal(in(bench, 0x0b), 0x82);
    assert_null(bench->f->timers.first);
}

static void test_flags_without_interrupts(void **state)
{
    struct bench *bench = *state;

    out(bench, 0x0a, 0x20);
    advance(bench, SECOND);
    assert_null(bench->f->timers.first); /* nobody wants an interrupt: no timer */
    assert_int_equal(in(bench, 0x0c), 0x10);
    assert_int_equal(in(bench, 0x0c), 0x00);
    advance(bench, SECOND);
    out(bench, 0x0b, 0x12); /* a flag that is set interrupts when it is enabled */
    assert_int_equal(bench->f->level[PIN], 1);
    out(bench, 0x0b, 0x02);
    assert_int_equal(bench->f->level[PIN], 0);
    assert_int_equal(in(bench, 0x0c), 0x10);
}

static void test_periodic_interrupt(void **state)
{
    /* Periods in ns of rates 1 to 15, rounded up. */
    const uint64_t periods[] = { 3906250,  7812500,  122071,    244141,    488282,
                                 976563,   1953125,  3906250,   7812500,   15625000,
                                 31250000, 62500000, 125000000, 250000000, 500000000 };

    for (unsigned rate = 1; rate <= 15; rate++) {
        struct bench *bench = *state;
        uint64_t rest = SECOND - bench->f->clock.now_ns % SECOND;

        advance(bench, rest); /* all periods begin with the second */
        out(bench, 0x0a, 0x20 | rate);
        (void)in(bench, 0x0c);
        out(bench, 0x0b, 0x42);
        advance(bench, periods[rate - 1] - 1);
        expect_irq(bench, 0, 0x00);
        advance(bench, 1);
        expect_irq(bench, 1, 0xc0);
        out(bench, 0x0b, 0x02);
    }
}

static void test_periodic_count(void **state)
{
    struct bench *bench = *state;
    unsigned count = 0;

    (void)in(bench, 0x0c);
    out(bench, 0x0b, 0x42);
    for (unsigned i = 0; i < 10000; i++) { /* 1024 Hz for a second, read every 100 us */
        advance(bench, 100000);
        count += (in(bench, 0x0c) & 0x40) != 0;
    }
    assert_int_equal(count, 1024);
    assert_int_equal(bench->f->raises[PIN], 1024);
    board_fixture_jump(bench->f, 10 * SECOND); /* a busy host: one interrupt, none is made up for */
    assert_int_equal(bench->f->raises[PIN], 1025);
    out(bench, 0x0a, 0x20);
    (void)in(bench, 0x0c);
    advance(bench, SECOND);
    assert_int_equal(in(bench, 0x0c), 0x10);
    out(bench, 0x0a, 0x76); /* the divider is held */
    advance(bench, SECOND);
    assert_int_equal(in(bench, 0x0c), 0x00);
}

static void set_alarm(struct bench *bench, unsigned hour, unsigned minute, unsigned second)
{
    out(bench, 5, hour);
    out(bench, 3, minute);
    out(bench, 1, second);
}

static void test_alarm(void **state)
{
    struct bench *bench = *state;

    out(bench, 0x0a, 0x20);
    set_alarm(bench, 0x00, 0x00, 0x05); /* in 15 s */
    (void)in(bench, 0x0c);
    out(bench, 0x0b, 0x22);
    advance(bench, 15 * SECOND - 1);
    expect_irq(bench, 0, 0x10);
    advance(bench, 1);
    expect_irq(bench, 1, 0xb0);
    advance(bench, 86400 * SECOND - 1);
    expect_irq(bench, 0, 0x10);
    advance(bench, 1);
    expect_irq(bench, 1, 0xb0);
    /* While nobody asks for an interrupt the flag comes all the same, however late one looks. */
    out(bench, 0x0b, 0x02);
    board_fixture_jump(bench->f, 86399 * SECOND);
    assert_int_equal(in(bench, 0x0c), 0x10);
    board_fixture_jump(bench->f, 86399 * SECOND);
    assert_int_equal(in(bench, 0x0c), 0x30);
}

static void expect_alarms(struct bench *bench, unsigned seconds, unsigned expected)
{
    unsigned before = bench->f->raises[PIN];

    for (unsigned i = 0; i < seconds; i++) {
        advance(bench, SECOND);
        (void)in(bench, 0x0c);
    }
    assert_int_equal(bench->f->raises[PIN] - before, expected);
}

static void test_alarm_patterns(void **state)
{
    struct bench *bench = *state;

    out(bench, 0x0a, 0x20);
    out(bench, 0x0b, 0x22);
    set_alarm(bench, 0xff, 0xc0, 0xfe); /* every second */
    expect_alarms(bench, 100, 100);
    set_alarm(bench, 0xff, 0xff, 0x30); /* every minute */
    expect_alarms(bench, 3600, 60);
    set_alarm(bench, 0xff, 0x15, 0x00); /* every hour */
    expect_alarms(bench, 3 * 3600, 3);
    set_alarm(bench, 0x13, 0xff, 0x00); /* every minute of an hour */
    expect_alarms(bench, 86400, 60);
    set_alarm(bench, 0x24, 0x00, 0x00); /* never */
    expect_alarms(bench, 86400, 0);
    set_alarm(bench, 0x00, 0x60, 0x00);
    expect_alarms(bench, 3600, 0);
    assert_null(bench->f->timers.first);
    /* 1 pm on a 12-hour clock. */
    out(bench, 0x0b, 0x20);
    set_alarm(bench, 0x81, 0x00, 0x00);
    expect_alarms(bench, 86400, 1);
}

static void test_reset(void **state)
{
    struct bench *bench = *state;

    out(bench, 0x0b, 0x7a);
    advance(bench, 2 * SECOND);
    assert_int_equal(bench->f->level[PIN], 1);
    device_reset(bench->rtc);
    assert_int_equal(bench->f->level[PIN], 0);
    assert_int_equal(in(bench, 0x0b), 0x02);
    assert_int_equal(in(bench, 0x0c), 0x00);
    assert_null(bench->f->timers.first);
    expect_time(bench, "2024-02-28/4 23:59:52");
}

static void expect_le(struct bench *bench, unsigned index, unsigned bytes, unsigned value)
{
    unsigned shown = 0;

    for (unsigned i = 0; i < bytes; i++) {
        shown |= in(bench, index + i) << (8 * i);
    }
    assert_int_equal(shown, value);
}

static void test_memory_sizes(void **state)
{
    struct bench *bench = *state;

    mc146818_set_memory_sizes(bench->rtc, 512ull << 20, 0);
    expect_le(bench, 0x15, 2, 640);
    expect_le(bench, 0x17, 2, 65535);
    expect_le(bench, 0x30, 2, 65535);
    expect_le(bench, 0x34, 2, (512 - 16) * 16);
    expect_le(bench, 0x5b, 3, 0);
    mc146818_set_memory_sizes(bench->rtc, 3ull << 30, (5ull << 30) + 65536);
    expect_le(bench, 0x34, 2, 3056 * 16);
    expect_le(bench, 0x5b, 3, 5 * 16384 + 1);
    mc146818_set_memory_sizes(bench->rtc, 8ull << 20, 0);
    expect_le(bench, 0x17, 2, 7 * 1024);
    expect_le(bench, 0x34, 2, 0);
    mc146818_set_memory_sizes(bench->rtc, 512 << 10, 1ull << 60);
    expect_le(bench, 0x15, 2, 512);
    expect_le(bench, 0x30, 2, 0);
    expect_le(bench, 0x5b, 3, 0xffffff);
    mc146818_set_cmos(bench->rtc, 0x0f, 0x0a);
    assert_int_equal(in(bench, 0x0f), 0x0a);
}

static void test_state_is_complete(void **state)
{
    struct bench *bench = *state;
    const struct device_class *class = device_class(bench->rtc);
    uint8_t *bytes = (uint8_t *)bench->rtc + class->state_offset;
    g_autofree uint8_t *saved = NULL;

    out(bench, 0x0a, 0x20);
    (void)in(bench, 0x0c);
    out(bench, 0x0b, 0x12);
    advance(bench, SECOND / 2);
    saved = g_memdup2(bytes, class->state->size);
    out(bench, 0x0b, 0x82);
    out(bench, 0x00, 0x11);
    assert_null(bench->f->timers.first);
    memcpy(bytes, saved, class->state->size);
    class->after_load(bench->rtc);
    advance(bench, SECOND / 2 - 1);
    assert_int_equal(bench->f->level[PIN], 0);
    advance(bench, 1);
    expect_irq(bench, 1, 0x90);
    expect_time(bench, "2024-02-28/4 23:59:51");
}

static void test_property_errors(void **state)
{
    struct bench *bench = *state;
    struct device *other = board_fixture_device(bench->f, "mc146818rtc", NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *refusal = board_fixture_refusal(bench->f, bench->rtc, "irq", "9");

    assert_string_equal(refusal, "Attempt to set property 'irq' on device 'rtc' (type "
                                 "'mc146818rtc') after it was realized");
    assert_true(object_property_parse(&other->object, "irq", "16", NULL, NULL));
    assert_false(device_set_realized(other, true, &error));
    assert_string_equal(error->message, "Maximum value for \"irq\" is: 15");
    g_clear_error(&error);
    assert_true(object_property_parse(&other->object, "irq", "15", NULL, NULL));
    assert_true(object_property_parse(&other->object, "iobase", "0xffff", NULL, NULL));
    assert_false(device_set_realized(other, true, &error));
    assert_string_equal(error->message,
                        "Parameter 'iobase' is 0xffff; expected a port up to 0xfffe");
    assert_true(object_property_parse(&other->object, "iobase", "0xfffe", NULL, NULL));
    board_fixture_realize(other);
    port_write(bench->f, 0xfffe, 0x0d, 1);
    assert_int_equal(port_read(bench->f, 0xffff, 1), 0x80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ports_and_ram, setup, teardown),
        cmocka_unit_test_setup_teardown(test_control_registers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_time_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_formats, setup, teardown),
        cmocka_unit_test_setup_teardown(test_setting_the_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nonsense_is_survived, setup, teardown),
        cmocka_unit_test_setup_teardown(test_divider_reset, setup, teardown),
        cmocka_unit_test_setup_teardown(test_update_in_progress, setup, teardown),
        cmocka_unit_test_setup_teardown(test_update_ended_interrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flags_without_interrupts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_periodic_interrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_periodic_count, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alarm, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alarm_patterns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_state_is_complete, setup, teardown),
        cmocka_unit_test_setup_teardown(test_property_errors, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
