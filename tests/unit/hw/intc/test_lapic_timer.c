/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_lapic_timer.c - the LAPIC's timer in its three modes, to the nanosecond. */
#include "hw/intc/intc_fixture.h"

#define LVT      0x320
#define INITIAL  0x380
#define CURRENT  0x390
#define DIVIDE   0x3e0
#define BY_1     0xb
#define MASKED   0x10000u
#define PERIODIC 0x20000u
#define DEADLINE 0x40000u
#define VECTOR   0x61

static int setup(void **state)
{
    (void)intc_setup(state);
    software_enable(*state);
    board_fixture_advance(((struct intc *)*state)->f, 12345);
    return 0;
}

static void advance(struct intc *intc, uint64_t ns)
{
    board_fixture_advance(intc->f, ns);
}

/* The interrupt comes exactly then. */
static void expect_in(struct intc *intc, uint64_t ns)
{
    advance(intc, ns - 1);
    assert_int_equal(take(intc, 0), -1);
    advance(intc, 1);
    assert_int_equal(take(intc, 0), VECTOR);
    eoi(intc, 0);
}

static void expect_none(struct intc *intc, uint64_t ns)
{
    advance(intc, ns);
    assert_int_equal(take(intc, 0), -1);
}

static void test_one_shot(void **state)
{
    struct intc *intc = *state;

    lapic_out(intc, 0, LVT, VECTOR);
    lapic_out(intc, 0, DIVIDE, BY_1);
    lapic_out(intc, 0, INITIAL, 1000);
    assert_int_equal(lapic_in(intc, 0, CURRENT), 1000);
    advance(intc, 400);
    assert_int_equal(lapic_in(intc, 0, CURRENT), 600);
    assert_int_equal(lapic_in(intc, 0, INITIAL), 1000);
    expect_in(intc, 600);
    assert_int_equal(lapic_in(intc, 0, CURRENT), 0);
    expect_none(intc, 5000);
    lapic_out(intc, 0, INITIAL, 50);
    lapic_out(intc, 0, INITIAL, 0); /* stops it */
    expect_none(intc, 5000);
    lapic_out(intc, 0, CURRENT, 5); /* read only */
    assert_int_equal(lapic_in(intc, 0, CURRENT), 0);
}

static void test_divisors(void **state)
{
    static const struct {
        unsigned value, divisor;
    } rows[] = { { 0x0, 2 },  { 0x1, 4 },  { 0x2, 8 },   { 0x3, 16 },
                 { 0x8, 32 }, { 0x9, 64 }, { 0xa, 128 }, { 0xb, 1 } };
    struct intc *intc = *state;

    lapic_out(intc, 0, LVT, VECTOR);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        lapic_out(intc, 0, DIVIDE, rows[i].value);
        assert_int_equal(lapic_in(intc, 0, DIVIDE), rows[i].value);
        lapic_out(intc, 0, INITIAL, 10);
        advance(intc, 3 * rows[i].divisor - 1);
        assert_int_equal(lapic_in(intc, 0, CURRENT),
                         10 - (3 * rows[i].divisor - 1) / rows[i].divisor);
        advance(intc, 1);
        assert_int_equal(lapic_in(intc, 0, CURRENT), 7);
        expect_in(intc, 7 * rows[i].divisor);
    }
    lapic_out(intc, 0, DIVIDE, 0xffffffff);
    assert_int_equal(lapic_in(intc, 0, DIVIDE), 0xb);
}

static void test_divisor_changes_under_way(void **state)
{
    struct intc *intc = *state;

    lapic_out(intc, 0, LVT, VECTOR);
    lapic_out(intc, 0, DIVIDE, BY_1);
    lapic_out(intc, 0, INITIAL, 100);
    advance(intc, 40);
    lapic_out(intc, 0, DIVIDE, 0x3); /* by 16 */
    assert_int_equal(lapic_in(intc, 0, CURRENT), 60);
    expect_in(intc, 60 * 16);
}

static void test_periodic(void **state)
{
    struct intc *intc = *state;

    lapic_out(intc, 0, LVT, PERIODIC | VECTOR);
    lapic_out(intc, 0, DIVIDE, 0x0); /* by 2 */
    lapic_out(intc, 0, INITIAL, 50);
    expect_in(intc, 100);
    assert_int_equal(lapic_in(intc, 0, CURRENT), 50);
    advance(intc, 2);
    assert_int_equal(lapic_in(intc, 0, CURRENT), 49);
    expect_in(intc, 98);
    expect_in(intc, 100);
    /* The host is late: the missed ones are one, and the phase stays. */
    board_fixture_jump(intc->f, 1030);
    assert_int_equal(lapic_in(intc, 0, CURRENT), 35);
    assert_int_equal(take(intc, 0), VECTOR);
    eoi(intc, 0);
    expect_in(intc, 70);
    lapic_out(intc, 0, LVT, VECTOR); /* one-shot from here: it ends this count */
    expect_in(intc, 100);
    expect_none(intc, 1000);
}

static void test_masked_counts_silently(void **state)
{
    struct intc *intc = *state;

    lapic_out(intc, 0, LVT, MASKED | PERIODIC | VECTOR);
    lapic_out(intc, 0, DIVIDE, BY_1);
    lapic_out(intc, 0, INITIAL, 100);
    assert_null(intc->f->timers.first);
    expect_none(intc, 1030);
    assert_int_equal(lapic_in(intc, 0, CURRENT), 70);
    lapic_out(intc, 0, LVT, PERIODIC | VECTOR);
    expect_in(intc, 70);
    expect_in(intc, 100);
    lapic_out(intc, 0, LVT, MASKED | VECTOR);
    lapic_out(intc, 0, INITIAL, 100);
    expect_none(intc, 150);
    lapic_out(intc, 0, LVT, VECTOR); /* too late: it has ended while masked */
    expect_none(intc, 1000);
}

static void test_tsc_deadline(void **state)
{
    struct intc *intc = *state;
    struct lapic *lapic = intc->cpus[0].lapic;

    lapic_set_tsc_deadline(lapic, 99); /* not in this mode */
    assert_int_equal(lapic_tsc_deadline(lapic), 0);
    lapic_out(intc, 0, INITIAL, 10);
    lapic_out(intc, 0, LVT, DEADLINE | VECTOR);
    assert_int_equal(lapic_in(intc, 0, CURRENT), 0);
    lapic_out(intc, 0, INITIAL, 10); /* ignored in this one */
    assert_int_equal(lapic_in(intc, 0, INITIAL), 0);
    lapic_set_tsc_deadline(lapic, 2 * (12345 + 500));
    assert_int_equal(lapic_tsc_deadline(lapic), 2 * (12345 + 500));
    expect_in(intc, 500);
    assert_int_equal(lapic_tsc_deadline(lapic), 0);
    lapic_set_tsc_deadline(lapic, 1); /* past: now */
    assert_int_equal(take(intc, 0), VECTOR);
    eoi(intc, 0);
    assert_int_equal(lapic_tsc_deadline(lapic), 0);
    lapic_set_tsc_deadline(lapic, 2 * (12845 + 500));
    lapic_set_tsc_deadline(lapic, 0); /* disarms */
    expect_none(intc, 1000);
}

static void test_tsc_deadline_follows_the_tsc(void **state)
{
    struct intc *intc = *state;
    struct lapic *lapic = intc->cpus[0].lapic;

    lapic_out(intc, 0, LVT, DEADLINE | VECTOR);
    lapic_set_tsc_deadline(lapic, 2 * (12345 + 500));
    intc->cpus[0].tsc_offset = 200;
    lapic_tsc_changed(lapic);
    expect_in(intc, 400);
}

static void test_mode_change_disarms(void **state)
{
    struct intc *intc = *state;
    struct lapic *lapic = intc->cpus[0].lapic;

    lapic_out(intc, 0, LVT, VECTOR);
    lapic_out(intc, 0, INITIAL, 100);
    lapic_out(intc, 0, LVT, DEADLINE | VECTOR);
    expect_none(intc, 1000);
    lapic_set_tsc_deadline(lapic, 1ull << 40);
    lapic_out(intc, 0, LVT, VECTOR);
    assert_int_equal(lapic_tsc_deadline(lapic), 0);
    assert_null(intc->f->timers.first);
}

static void test_masked_deadline_is_cleared(void **state)
{
    struct intc *intc = *state;
    struct lapic *lapic = intc->cpus[0].lapic;

    lapic_out(intc, 0, LVT, MASKED | DEADLINE | VECTOR);
    lapic_set_tsc_deadline(lapic, 2 * (12345 + 500));
    expect_none(intc, 500);
    assert_int_equal(lapic_tsc_deadline(lapic), 0);
}

static void test_init_and_disable_stop_it(void **state)
{
    struct intc *intc = *state;

    lapic_out(intc, 1, LVT, PERIODIC | VECTOR);
    lapic_out(intc, 1, INITIAL, 100);
    assert_non_null(intc->f->timers.first);
    send_ipi(intc, 0, 0x01000000, 0x4500);
    assert_null(intc->f->timers.first);
    lapic_out(intc, 0, LVT, PERIODIC | VECTOR);
    lapic_out(intc, 0, INITIAL, 100);
    assert_true(lapic_set_base(intc->cpus[0].lapic, 0xfee00100));
    assert_null(intc->f->timers.first);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, intc_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_one_shot),
        TEST(test_divisors),
        TEST(test_divisor_changes_under_way),
        TEST(test_periodic),
        TEST(test_masked_counts_silently),
        TEST(test_tsc_deadline),
        TEST(test_tsc_deadline_follows_the_tsc),
        TEST(test_mode_change_disarms),
        TEST(test_masked_deadline_is_cleared),
        TEST(test_init_and_disable_stop_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
