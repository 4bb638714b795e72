/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_timer_queue.c - timers fire by deadline, then by order of arming; the one who waits hears of earlier ones; ticks. */
#include "clock/timer_queue.h"
#include "clock/virtual_clock.h"
#include "unit.h"

static char fired[16];
static unsigned fired_count;

static void note(void *opaque)
{
    fired[fired_count++] = *(const char *)opaque;
    fired[fired_count] = '\0';
}

static void count(void *opaque)
{
    ++*(unsigned *)opaque;
}

static int setup(void **state)
{
    (void)state;
    fired_count = 0;
    fired[0] = '\0';
    return 0;
}

static void test_order(void **state)
{
    struct timer_queue queue;
    struct timer timers[4];

    (void)state;
    timer_queue_init(&queue);
    for (unsigned i = 0; i < 4; i++) {
        timer_init(&timers[i], &queue, note, (void *)&"abcd"[i]);
    }
    timer_arm(&timers[0], 30);
    timer_arm(&timers[1], 10);
    timer_arm(&timers[2], 30);
    timer_arm(&timers[3], 20);
    assert_int_equal(timer_queue_deadline_ns(&queue), 10);
    assert_int_equal(timer_queue_run(&queue, 9), 0);
    assert_int_equal(timer_queue_run(&queue, 29), 2);
    assert_string_equal(fired, "bd");
    timer_arm(&timers[0], 30); /* moved behind the other one of its time */
    assert_int_equal(timer_queue_run(&queue, 30), 2);
    assert_string_equal(fired, "bdca");
    assert_true(timer_queue_deadline_ns(&queue) == UINT64_MAX);
}

static void test_cancel(void **state)
{
    struct timer_queue queue;
    struct timer one, two;

    (void)state;
    timer_queue_init(&queue);
    timer_init(&one, &queue, note, (void *)"1");
    timer_init(&two, &queue, note, (void *)"2");
    timer_arm(&one, 5);
    timer_arm(&two, 6);
    timer_cancel(&one);
    timer_cancel(&one);
    assert_int_equal(timer_queue_run(&queue, 100), 1);
    assert_string_equal(fired, "2");
    assert_false(one.armed);
}

static void test_closer(void **state)
{
    struct timer_queue queue;
    struct timer one, two;
    unsigned calls = 0;

    (void)state;
    timer_queue_init(&queue);
    queue.closer = count;
    queue.closer_opaque = &calls;
    timer_init(&one, &queue, note, (void *)"1");
    timer_init(&two, &queue, note, (void *)"2");
    timer_arm(&one, 50);
    assert_int_equal(calls, 1);
    timer_arm(&two, 60);
    assert_int_equal(calls, 1);
    timer_arm(&two, 40);
    assert_int_equal(calls, 2);
}

static void test_ticks(void **state)
{
    struct virtual_clock clock = { .now_ns = 0 };

    (void)state;
    virtual_clock_advance(&clock, 1000000000);
    virtual_clock_advance(&clock, 5); /* never back */
    assert_true(virtual_clock_ticks(&clock, 3579545) == 3579545);
    for (uint64_t ticks = 1; ticks < 100000; ticks = ticks * 3 + 1) {
        uint64_t at = virtual_clock_ns_of_ticks(ticks, 1193182);

        clock.now_ns = at;
        assert_true(virtual_clock_ticks(&clock, 1193182) == ticks);
        clock.now_ns = at - 1;
        assert_true(virtual_clock_ticks(&clock, 1193182) == ticks - 1);
    }
    assert_true(virtual_clock_ns_of_ticks(UINT64_MAX, 1) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_order, setup),
        cmocka_unit_test_setup(test_cancel, setup),
        cmocka_unit_test_setup(test_closer, setup),
        cmocka_unit_test_setup(test_ticks, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
