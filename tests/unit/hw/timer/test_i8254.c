/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_i8254.c - the three counters in every mode, by a clock that goes tick by tick. */
#include "hw/board_fixture.h"
#include "hw/timer/i8254.h"

#define PIN     0
#define CONTROL 0x43

struct bench {
    struct board_fixture *f;
    struct device *pit;
    uint64_t tick;
};

static const struct type_info *const types[] = { &i8254_type_info, NULL };

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);

    bench->f = board_fixture_create(types);
    bench->pit = board_fixture_device(bench->f, "isa-pit", "pit");
    i8254_connect_irq(bench->pit, board_fixture_line(bench->f, PIN));
    board_fixture_realize(bench->pit);
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

/* To the first nanosecond of a tick that lies ticks ahead. */
static void ticks(struct bench *bench, uint64_t count)
{
    bench->tick += count;
    board_fixture_advance(bench->f, virtual_clock_ns_of_ticks(bench->tick, I8254_HZ) -
                                        bench->f->clock.now_ns);
}

static void late_ticks(struct bench *bench, uint64_t count)
{
    bench->tick += count;
    board_fixture_jump(bench->f,
                       virtual_clock_ns_of_ticks(bench->tick, I8254_HZ) - bench->f->clock.now_ns);
}

static void control(struct bench *bench, unsigned value)
{
    port_write(bench->f, CONTROL, value, 1);
}

static void write16(struct bench *bench, unsigned counter, unsigned value)
{
    port_write(bench->f, (uint16_t)(0x40 + counter), value & 0xff, 1);
    port_write(bench->f, (uint16_t)(0x40 + counter), value >> 8, 1);
}

static unsigned read16(struct bench *bench, unsigned counter)
{
    unsigned low = (unsigned)port_read(bench->f, (uint16_t)(0x40 + counter), 1);

    return low | (unsigned)port_read(bench->f, (uint16_t)(0x40 + counter), 1) << 8;
}

/* Mode, both bytes, binary; then the count. */
static void program(struct bench *bench, unsigned counter, unsigned mode, unsigned count)
{
    control(bench, counter << 6 | 0x30 | mode << 1);
    write16(bench, counter, count);
}

static unsigned gate_port(struct bench *bench, unsigned value)
{
    port_write(bench->f, 0x61, value, 1);
    return (unsigned)port_read(bench->f, 0x61, 1);
}

static bool out2(struct bench *bench)
{
    return (port_read(bench->f, 0x61, 1) & 0x20) != 0;
}

static int level(struct bench *bench)
{
    return bench->f->level[PIN];
}

/* OUT 0 at each of the next ticks, as a string of 0 and 1. */
static void expect_out(struct bench *bench, const char *expected)
{
    g_autoptr(GString) seen = g_string_new(NULL);

    for (size_t i = 0; i < strlen(expected); i++) {
        ticks(bench, 1);
        g_string_append_c(seen, level(bench) ? '1' : '0');
    }
    assert_string_equal(seen->str, expected);
}

static void expect_out2(struct bench *bench, const char *expected)
{
    g_autoptr(GString) seen = g_string_new(NULL);

    for (size_t i = 0; i < strlen(expected); i++) {
        ticks(bench, 1);
        g_string_append_c(seen, out2(bench) ? '1' : '0');
    }
    assert_string_equal(seen->str, expected);
}

static void test_power_up(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(level(bench), 1);
    ticks(bench, 1 + 65536 * 18);
    assert_int_equal(bench->f->raises[PIN], 1 + 18); /* 18 periods are a second, nearly */
    assert_int_equal(port_read(bench->f, CONTROL, 1), 0xff);
}

static void test_mode0(void **state)
{
    struct bench *bench = *state;

    control(bench, 0x30);
    assert_int_equal(level(bench), 0); /* by the control word alone */
    ticks(bench, 100);
    write16(bench, 0, 4);
    expect_out(bench, "0000111");
    /* High 5 ticks after the count was written, which the datasheet calls N + 1. */
    assert_int_equal(read16(bench, 0), 0xfffe); /* it counts on */
    port_write(bench->f, 0x40, 3, 1);
    assert_int_equal(level(bench), 0); /* the first byte of a new count */
    ticks(bench, 50);
    assert_int_equal(level(bench), 0);
    port_write(bench->f, 0x40, 0, 1);
    expect_out(bench, "00011");
    assert_int_equal(bench->f->timers.first == NULL, true);
}

static void test_mode0_gate(void **state)
{
    struct bench *bench = *state;

    (void)gate_port(bench, 1);
    program(bench, 2, 0, 10);
    ticks(bench, 4);
    assert_int_equal(read16(bench, 2), 7);
    (void)gate_port(bench, 0);
    ticks(bench, 1000);
    assert_int_equal(read16(bench, 2), 7);
    (void)gate_port(bench, 1);
    expect_out2(bench, "00000011");
}

static void test_mode1(void **state)
{
    struct bench *bench = *state;

    (void)gate_port(bench, 0);
    program(bench, 2, 1, 3);
    expect_out2(bench, "111");
    (void)gate_port(bench, 1);
    expect_out2(bench, "00011");
    (void)gate_port(bench, 0);
    (void)gate_port(bench, 1);
    expect_out2(bench, "00"); /* triggered again before its end: starts over */
    (void)gate_port(bench, 0);
    (void)gate_port(bench, 1);
    expect_out2(bench, "000111");
    /* A new count waits for its trigger. */
    write16(bench, 2, 5);
    expect_out2(bench, "11");
    (void)gate_port(bench, 0);
    (void)gate_port(bench, 1);
    expect_out2(bench, "0000011");
}

static void test_mode2(void **state)
{
    struct bench *bench = *state;

    program(bench, 0, 2, 4);
    expect_out(bench, "1110111011101");
    assert_int_equal(bench->f->timers.first != NULL, true);
    /* 13 ticks: one loaded it, 12 are three cycles. */
    assert_int_equal(read16(bench, 0), 4);
    ticks(bench, 1);
    assert_int_equal(read16(bench, 0), 3);
    write16(bench, 0, 3); /* takes effect after the cycle of 4 */
    expect_out(bench, "10110110");
}

static void test_mode3_even_and_odd(void **state)
{
    struct bench *bench = *state;

    program(bench, 0, 3, 6);
    expect_out(bench, "1110001110001");
    program(bench, 0, 3, 5);
    expect_out(bench, "1110011100111");
}

static void test_mode3_counts_by_two(void **state)
{
    static const unsigned even[] = { 8, 6, 4, 2, 8, 6, 4, 2, 8 };
    static const unsigned odd[] = { 6, 4, 2, 0, 6, 4, 2, 6 };
    struct bench *bench = *state;

    program(bench, 0, 3, 8);
    for (unsigned i = 0; i < G_N_ELEMENTS(even); i++) {
        ticks(bench, 1);
        assert_int_equal(read16(bench, 0), even[i]);
    }
    program(bench, 0, 3, 7);
    for (unsigned i = 0; i < G_N_ELEMENTS(odd); i++) {
        ticks(bench, 1);
        assert_int_equal(read16(bench, 0), odd[i]);
    }
}

static void test_mode3_new_count_after_the_half(void **state)
{
    struct bench *bench = *state;

    program(bench, 0, 3, 8);
    expect_out(bench, "11");
    write16(bench, 0, 4);
    expect_out(bench, "1100110011"); /* the high half of 8 ends, then halves of 2 */
}

static void test_mode2_and_3_gate(void **state)
{
    for (unsigned mode = 2; mode <= 3; mode++) {
        struct bench *bench = *state;

        (void)gate_port(bench, 1);
        program(bench, 2, mode, 4);
        ticks(bench, 4);
        assert_false(out2(bench));
        (void)gate_port(bench, 0);
        expect_out2(bench, "1111"); /* high at once, and held */
        (void)gate_port(bench, 1);
        expect_out2(bench, mode == 2 ? "1110111" : "1100110");
    }
}

static void test_mode4(void **state)
{
    struct bench *bench = *state;

    program(bench, 0, 4, 3);
    expect_out(bench, "1110111111");
    assert_null(bench->f->timers.first); /* once only */
    write16(bench, 0, 2);
    expect_out(bench, "11011");
}

static void test_mode5(void **state)
{
    struct bench *bench = *state;

    (void)gate_port(bench, 0);
    program(bench, 2, 5, 3);
    expect_out2(bench, "11111");
    (void)gate_port(bench, 1);
    expect_out2(bench, "1110111");
    (void)gate_port(bench, 0);
    (void)gate_port(bench, 1);
    expect_out2(bench, "11101");
}

static void test_modes_6_and_7(void **state)
{
    struct bench *bench = *state;

    program(bench, 0, 6, 4);
    expect_out(bench, "11101110");
    program(bench, 0, 7, 4);
    expect_out(bench, "11001100");
}

static void test_bcd(void **state)
{
    struct bench *bench = *state;

    control(bench, 0xb1); /* counter 2, mode 0, BCD */
    (void)gate_port(bench, 1);
    write16(bench, 2, 0x0120);
    ticks(bench, 1);
    assert_int_equal(read16(bench, 2), 0x0120);
    ticks(bench, 25);
    assert_int_equal(read16(bench, 2), 0x0095);
    ticks(bench, 96);
    assert_int_equal(read16(bench, 2), 0x9999);
    assert_true(out2(bench));
    write16(bench, 2, 0); /* 10000 */
    ticks(bench, 2);
    assert_int_equal(read16(bench, 2), 0x9999);
}

static void test_latch(void **state)
{
    struct bench *bench = *state;

    program(bench, 0, 2, 0x1234);
    ticks(bench, 5);
    control(bench, 0x00);
    ticks(bench, 7);
    control(bench, 0x00); /* an unread latch stays */
    assert_int_equal(read16(bench, 0), 0x1230);
    assert_int_equal(read16(bench, 0), 0x1229);
    control(bench, 0x24); /* MSB only, mode 2 */
    port_write(bench->f, 0x40, 0x12, 1);
    ticks(bench, 1);
    control(bench, 0x00);
    assert_int_equal(port_read(bench->f, 0x40, 1), 0x12);
    ticks(bench, 1);
    assert_int_equal(port_read(bench->f, 0x40, 1), 0x11);
    control(bench, 0x14); /* LSB only */
    port_write(bench->f, 0x40, 0x80, 1);
    ticks(bench, 3);
    assert_int_equal(port_read(bench->f, 0x40, 1), 0x7e);
}

static void test_read_back(void **state)
{
    struct bench *bench = *state;

    control(bench, 0x34);
    control(bench, 0xe2); /* status of counter 0: no count yet */
    assert_int_equal(port_read(bench->f, 0x40, 1), 0xf4);
    write16(bench, 0, 100);
    control(bench, 0xe2);
    assert_int_equal(port_read(bench->f, 0x40, 1), 0xf4); /* it is loaded a tick later */
    ticks(bench, 1);
    control(bench, 0xe2);
    assert_int_equal(port_read(bench->f, 0x40, 1), 0xb4);
    write16(bench, 0, 50);
    control(bench, 0xe2);
    assert_int_equal(port_read(bench->f, 0x40, 1), 0xf4);
    ticks(bench, 100);
    control(bench, 0xc2); /* status, then count */
    ticks(bench, 3);
    assert_int_equal(port_read(bench->f, 0x40, 1), 0xb4);
    assert_int_equal(read16(bench, 0), 50);
    control(bench, 0xde); /* the counts of all three */
    assert_int_equal(read16(bench, 0), 47);
    control(bench, 0xfe); /* of none, neither status */
    assert_int_equal(read16(bench, 0), 47);
}

static void test_port61(void **state)
{
    struct bench *bench = *state;
    unsigned toggles = 0, before;

    assert_int_equal(gate_port(bench, 0xff) & 0xcf, 0x0f);
    assert_int_equal(gate_port(bench, 0x00) & 0xcf, 0x00);
    before = (unsigned)port_read(bench->f, 0x61, 1) & 0x10;
    for (unsigned i = 0; i < 180; i++) {
        unsigned now;

        ticks(bench, 1);
        now = (unsigned)port_read(bench->f, 0x61, 1) & 0x10;
        toggles += now != before;
        before = now;
    }
    assert_int_equal(toggles, 10); /* every 15 us */
    (void)gate_port(bench, 3);
    program(bench, 2, 3, 4);
    ticks(bench, 1);
    assert_true(i8254_speaker_is_on(bench->pit));
    ticks(bench, 2);
    assert_false(i8254_speaker_is_on(bench->pit));
    (void)gate_port(bench, 1);
    ticks(bench, 2);
    assert_false(i8254_speaker_is_on(bench->pit));
}

static void test_hpet_takes_irq0_away(void **state)
{
    struct bench *bench = *state;
    struct irq_line line = i8254_irq_control(bench->pit);
    unsigned raises;

    program(bench, 0, 2, 10);
    ticks(bench, 1);
    irq_line_raise(&line);
    assert_int_equal(level(bench), 0);
    raises = bench->f->raises[PIN];
    ticks(bench, 100);
    assert_int_equal(bench->f->raises[PIN], raises);
    irq_line_lower(&line);
    assert_int_equal(level(bench), 1);
    ticks(bench, 100);
    assert_int_equal(bench->f->raises[PIN], raises + 11);
}

static void test_late_host_still_gives_an_edge(void **state)
{
    struct bench *bench = *state;
    unsigned raises;

    program(bench, 0, 2, 1000);
    ticks(bench, 1);
    raises = bench->f->raises[PIN];
    late_ticks(bench, 5000);
    assert_int_equal(bench->f->raises[PIN], raises + 1);
    assert_int_equal(level(bench), 1);
    program(bench, 0, 4, 10);
    late_ticks(bench, 50);
    assert_int_equal(bench->f->raises[PIN], raises + 2);
}

static void test_load_goes_on_as_saved(void **state)
{
    struct bench *bench = *state;
    const struct device_class *class = device_class(bench->pit);
    uint8_t *at = (uint8_t *)bench->pit + class->state_offset;
    g_autofree uint8_t *saved = NULL;

    program(bench, 0, 2, 100);
    ticks(bench, 51);
    saved = g_memdup2(at, class->state->size);
    program(bench, 0, 4, 7);
    memcpy(at, saved, class->state->size);
    class->after_load(bench->pit);
    assert_int_equal(read16(bench, 0), 50);
    ticks(bench, 49);
    assert_int_equal(level(bench), 0);
    ticks(bench, 1);
    assert_int_equal(level(bench), 1);
}

static void test_random_accesses(void **state)
{
    struct bench *bench = *state;
    GRand *random = g_rand_new_with_seed(8254);

    for (unsigned i = 0; i < 20000; i++) {
        unsigned port = g_rand_int(random) % 5;

        if (g_rand_int(random) % 3 == 0) {
            (void)port_read(bench->f, (uint16_t)(port == 4 ? 0x61 : 0x40 + port), 1);
        } else {
            port_write(bench->f, (uint16_t)(port == 4 ? 0x61 : 0x40 + port),
                       g_rand_int(random) & 0xff, 1);
        }
        ticks(bench, g_rand_int(random) % 40);
    }
    device_reset(bench->pit);
    assert_int_equal(level(bench), 1);
    g_rand_free(random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_power_up),
        TEST(test_mode0),
        TEST(test_mode0_gate),
        TEST(test_mode1),
        TEST(test_mode2),
        TEST(test_mode3_even_and_odd),
        TEST(test_mode3_counts_by_two),
        TEST(test_mode3_new_count_after_the_half),
        TEST(test_mode2_and_3_gate),
        TEST(test_mode4),
        TEST(test_mode5),
        TEST(test_modes_6_and_7),
        TEST(test_bcd),
        TEST(test_latch),
        TEST(test_read_back),
        TEST(test_port61),
        TEST(test_hpet_takes_irq0_away),
        TEST(test_late_host_still_gives_an_edge),
        TEST(test_load_goes_on_as_saved),
        TEST(test_random_accesses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
