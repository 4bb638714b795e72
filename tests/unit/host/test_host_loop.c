/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_host_loop.c - posts, the alarm, the idle function, signals, ending. */
#include <signal.h>
#include <unistd.h>

#include "host/host_clock.h"
#include "host/host_loop.h"
#include "host/host_thread.h"
#include "unit.h"

#define MS 1000000u

struct bench {
    struct host_loop *loop;
    GString *log; /* what ran, one letter each */
    unsigned idle_calls;
    uint64_t idle_at_ns[16];
    unsigned idle_wanted;
    uint64_t rang_at_ns;
    int signals[8];
    unsigned signal_count;
    int round; /* atomic */
};

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);

    bench->loop = host_loop_create();
    bench->log = g_string_new(NULL);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    host_loop_destroy(bench->loop);
    g_string_free(bench->log, TRUE);
    g_free(bench);
    return 0;
}

static void log_a(void *opaque)
{
    g_string_append_c(((struct bench *)opaque)->log, 'a');
}

static void log_b(void *opaque)
{
    g_string_append_c(((struct bench *)opaque)->log, 'b');
}

static void quit(void *opaque)
{
    host_loop_quit(((struct bench *)opaque)->loop);
}

/* ---- running and ending ---- */

static void quit_before_run(void **state)
{
    struct bench *bench = *state;

    host_loop_quit(bench->loop);
    host_loop_run(bench->loop);
    /* That quit is used up: the next run needs its own. */
    host_loop_post(bench->loop, log_a, bench);
    host_loop_post(bench->loop, quit, bench);
    host_loop_run(bench->loop);
    assert_string_equal(bench->log->str, "a");
}

#define QUITS 3000

/* Each time a little later, so that the quit meets the loop at every place on its way to sleep. */
static void quit_later_and_later(void *opaque)
{
    struct bench *bench = opaque;

    for (int i = 1; i <= QUITS; i++) {
        while (g_atomic_int_get(&bench->round) < i) {
            g_thread_yield();
        }
        for (int spin = 0; spin < i * 4; spin++) {
            (void)g_atomic_int_get(&bench->round);
        }
        quit(bench);
    }
}

static void quit_from_another_thread(void **state)
{
    struct bench *bench = *state;
    struct host_thread *thread = host_thread_create("quit", quit_later_and_later, bench, NULL);

    for (int i = 1; i <= QUITS; i++) {
        g_atomic_int_set(&bench->round, i);
        host_loop_run(bench->loop);
    }
    host_thread_join(thread);
}

static void two_loops_know_nothing_of_each_other(void **state)
{
    struct bench *bench = *state;
    struct bench other = { .loop = host_loop_create(), .log = g_string_new(NULL) };

    host_loop_post(other.loop, log_a, &other);
    host_loop_post(bench->loop, log_b, bench);
    host_loop_post(bench->loop, quit, bench);
    host_loop_run(bench->loop);
    assert_string_equal(bench->log->str, "b");
    assert_string_equal(other.log->str, "");
    host_loop_destroy(other.loop); /* with its post waiting: dropped, not leaked, not called */
    assert_string_equal(other.log->str, "");
    g_string_free(other.log, TRUE);
}

/* ---- posts ---- */

static void posts_keep_their_order(void **state)
{
    struct bench *bench = *state;

    for (unsigned i = 0; i < 3; i++) {
        host_loop_post(bench->loop, log_a, bench);
        host_loop_post(bench->loop, log_b, bench);
    }
    host_loop_post(bench->loop, quit, bench);
    host_loop_run(bench->loop);
    assert_string_equal(bench->log->str, "ababab");
}

#define POSTS_EACH 5000u

struct poster {
    struct bench *bench;
    unsigned number, posted, arrived;
    unsigned *finished;
};

struct posted {
    struct poster *poster;
    unsigned sequence;
};

static void post_arrives(void *opaque)
{
    struct posted *posted = opaque;
    struct poster *poster = posted->poster;

    assert_int_equal(posted->sequence, poster->arrived);
    if (++poster->arrived == POSTS_EACH && ++*poster->finished == 2) {
        quit(poster->bench);
    }
    g_free(posted);
}

static void post_many(void *opaque)
{
    struct poster *poster = opaque;

    for (unsigned i = 0; i < POSTS_EACH; i++) {
        struct posted *posted = g_new(struct posted, 1);

        *posted = (struct posted){ poster, i };
        host_loop_post(poster->bench->loop, post_arrives, posted);
    }
}

static void posts_of_two_threads_keep_each_order(void **state)
{
    struct bench *bench = *state;
    unsigned finished = 0;
    struct poster posters[2] = { { .bench = bench, .finished = &finished },
                                 { .bench = bench, .finished = &finished } };
    struct host_thread *threads[2];

    for (unsigned i = 0; i < 2; i++) {
        threads[i] = host_thread_create("post", post_many, &posters[i], NULL);
    }
    host_loop_run(bench->loop);
    for (unsigned i = 0; i < 2; i++) {
        host_thread_join(threads[i]);
        assert_int_equal(posters[i].arrived, POSTS_EACH);
    }
}

/* A function that posts itself for ever leaves room for the alarm. */
static void post_again(void *opaque)
{
    host_loop_post(((struct bench *)opaque)->loop, post_again, opaque);
}

static void alarm_ends(void *opaque)
{
    struct bench *bench = opaque;

    bench->rang_at_ns = host_clock_monotonic_ns();
    quit(bench);
}

static void posts_do_not_starve_the_alarm(void **state)
{
    struct bench *bench = *state;

    post_again(bench);
    host_loop_set_alarm(bench->loop, host_clock_monotonic_ns() + MS, alarm_ends, bench);
    host_loop_run(bench->loop);
    assert_true(bench->rang_at_ns != 0);
}

/* ---- the alarm ---- */

static void alarm_rings_once_and_not_early(void **state)
{
    struct bench *bench = *state;
    uint64_t at_ns = host_clock_monotonic_ns() + 2 * MS + 345678;

    host_loop_set_alarm(bench->loop, at_ns, alarm_ends, bench);
    host_loop_run(bench->loop);
    assert_true(bench->rang_at_ns >= at_ns);
    bench->rang_at_ns = 0;
    host_loop_set_idle(bench->loop, 0, quit, bench);
    host_loop_run(bench->loop);
    assert_true(bench->rang_at_ns == 0);
}

static void alarm_in_the_past_rings_at_once(void **state)
{
    struct bench *bench = *state;

    host_loop_set_alarm(bench->loop, 0, alarm_ends, bench);
    host_loop_run(bench->loop);
    bench->rang_at_ns = 0;
    host_loop_set_alarm(bench->loop, 1, alarm_ends, bench);
    host_loop_run(bench->loop);
    assert_true(bench->rang_at_ns != 0);
}

static void alarm_is_replaced(void **state)
{
    struct bench *bench = *state;
    uint64_t now_ns = host_clock_monotonic_ns();

    host_loop_set_alarm(bench->loop, now_ns, log_a, bench); /* due before the loop runs */
    host_loop_set_alarm(bench->loop, now_ns + 3 * MS, alarm_ends, bench);
    host_loop_run(bench->loop);
    assert_true(bench->rang_at_ns >= now_ns + 3 * MS);
    assert_string_equal(bench->log->str, "");
}

static void alarm_is_taken_back(void **state)
{
    struct bench *bench = *state;

    host_loop_set_alarm(bench->loop, 1, log_a, bench);
    host_loop_set_alarm(bench->loop, UINT64_MAX, log_b, bench);
    host_loop_set_idle(bench->loop, 0, quit, bench);
    host_loop_run(bench->loop);
    assert_string_equal(bench->log->str, "");
    host_loop_set_alarm(bench->loop, UINT64_MAX - 1, log_a,
                        bench); /* 584 years: none of our business */
    host_loop_set_idle(bench->loop, 0, quit, bench);
    host_loop_run(bench->loop);
    assert_string_equal(bench->log->str, "");
}

static void set_alarm_soon(void *opaque)
{
    struct bench *bench = opaque;

    g_usleep(1000);
    host_loop_set_alarm(bench->loop, 1, alarm_ends, bench);
}

static void alarm_from_another_thread_wakes(void **state)
{
    struct bench *bench = *state;
    struct host_thread *thread;

    host_loop_set_alarm(bench->loop, host_clock_monotonic_ns() + 3600ull * 1000 * MS, log_a, bench);
    thread = host_thread_create("alarm", set_alarm_soon, bench, NULL);
    host_loop_run(bench->loop);
    host_thread_join(thread);
    assert_string_equal(bench->log->str, "");
}

/* ---- idle ---- */

static void on_idle(void *opaque)
{
    struct bench *bench = opaque;

    bench->idle_at_ns[bench->idle_calls++ % 16] = host_clock_monotonic_ns();
    g_string_append_c(bench->log, 'i');
    if (bench->idle_calls == bench->idle_wanted) {
        quit(bench);
    } else {
        host_loop_post(bench->loop, log_a, bench); /* something to do, so that it is owed again */
    }
}

static void idle_comes_when_all_is_done(void **state)
{
    struct bench *bench = *state;

    bench->idle_wanted = 1;
    host_loop_set_idle(bench->loop, 1, on_idle, bench);
    host_loop_post(bench->loop, log_a, bench);
    host_loop_post(bench->loop, log_b, bench);
    host_loop_run(bench->loop);
    assert_string_equal(bench->log->str, "abi");
}

static void idle_keeps_its_interval(void **state)
{
    struct bench *bench = *state;

    bench->idle_wanted = 4;
    host_loop_set_idle(bench->loop, 3, on_idle, bench);
    host_loop_run(bench->loop);
    assert_string_equal(bench->log->str, "iaiaiai");
    for (unsigned i = 1; i < 4; i++) {
        assert_true(bench->idle_at_ns[i] - bench->idle_at_ns[i - 1] >= 3 * MS);
    }
}

static void count_idle(void *opaque)
{
    ((struct bench *)opaque)->idle_calls++;
}

/* Nothing happens, so nothing is owed: no wake-ups of a sleeping emulator. */
static void idle_does_not_tick(void **state)
{
    struct bench *bench = *state;

    host_loop_set_idle(bench->loop, 1, count_idle, bench);
    host_loop_set_alarm(bench->loop, host_clock_monotonic_ns() + 20 * MS, alarm_ends, bench);
    host_loop_run(bench->loop);
    assert_int_equal(bench->idle_calls, 1);
}

/* ---- signals ---- */

static void on_signal(void *opaque, int number)
{
    struct bench *bench = opaque;

    bench->signals[bench->signal_count++ % 8] = number;
    quit(bench);
}

static void signals_arrive_in_the_loop(void **state)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
    struct bench *bench = *state;

    host_loop_on_signal(bench->loop, on_signal, bench);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(kill(getpid(), numbers[i]), 0);
        host_loop_run(bench->loop);
        assert_int_equal(bench->signal_count, i + 1);
        assert_int_equal(bench->signals[i], numbers[i]);
    }
}

static void signals_have_their_default_again(void **state)
{
    struct bench *bench = *state;
    struct sigaction action;

    host_loop_on_signal(bench->loop, on_signal, bench);
    assert_int_equal(sigaction(SIGTERM, NULL, &action), 0);
    assert_true(action.sa_handler != SIG_DFL);
    host_loop_on_signal(bench->loop, NULL, NULL);
    assert_int_equal(sigaction(SIGTERM, NULL, &action), 0);
    assert_true(action.sa_handler == SIG_DFL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(quit_before_run),
        TEST(quit_from_another_thread),
        TEST(two_loops_know_nothing_of_each_other),
        TEST(posts_keep_their_order),
        TEST(posts_of_two_threads_keep_each_order),
        TEST(posts_do_not_starve_the_alarm),
        TEST(alarm_rings_once_and_not_early),
        TEST(alarm_in_the_past_rings_at_once),
        TEST(alarm_is_replaced),
        TEST(alarm_is_taken_back),
        TEST(alarm_from_another_thread_wakes),
        TEST(idle_comes_when_all_is_done),
        TEST(idle_keeps_its_interval),
        TEST(idle_does_not_tick),
        TEST(signals_arrive_in_the_loop),
        TEST(signals_have_their_default_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
