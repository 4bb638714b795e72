/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_host_thread.c - names, ids, signal masks and kicks. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/host_thread.h"
#include "unit.h"

struct seen {
    int64_t id;
    char name[32];
    sigset_t blocked;
    int waiting; /* atomic */
    int result, error;
};

static void look(void *opaque)
{
    struct seen *seen = opaque;

    seen->id = syscall(SYS_gettid);
    pthread_getname_np(pthread_self(), seen->name, sizeof(seen->name));
    pthread_sigmask(SIG_SETMASK, NULL, &seen->blocked);
}

static struct seen look_from(const char *name, int64_t *out_id)
{
    struct seen seen = { 0 };
    struct host_thread *thread = host_thread_create(name, look, &seen, NULL);

    assert_non_null(thread);
    *out_id = host_thread_id(thread);
    host_thread_join(thread);
    return seen;
}

static void name_and_id(void **state)
{
    int64_t id;
    struct seen seen = look_from("CPU 0/KVM", &id);

    (void)state;
    assert_string_equal(seen.name, "CPU 0/KVM");
    assert_int_equal(seen.id, id);
    assert_int_not_equal(id, getpid());
    seen = look_from("a name of twenty-two..", &id);
    assert_string_equal(seen.name, "a name of twent");
}

static void signals_stay_with_the_main_thread(void **state)
{
    sigset_t before, after;
    int64_t id;
    struct seen seen;

    (void)state;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    seen = look_from("masked", &id);
    assert_int_equal(sigismember(&seen.blocked, SIGUSR1), 1);
    assert_int_equal(sigismember(&seen.blocked, SIGINT), 1);
    assert_int_equal(sigismember(&seen.blocked, SIGTERM), 1);
    assert_int_equal(sigismember(&seen.blocked, SIGSEGV), 0);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_int_equal(sigismember(&after, SIGINT), sigismember(&before, SIGINT));
    assert_int_equal(sigismember(&after, SIGUSR1), 0);
}

/* ppoll() with a mask of its own stands for KVM_RUN. */
static void wait_for_kick(void *opaque)
{
    struct seen *seen = opaque;
    sigset_t open;

    pthread_sigmask(SIG_SETMASK, NULL, &open);
    sigdelset(&open, SIGUSR1);
    g_atomic_int_set(&seen->waiting, 1);
    seen->result = ppoll(NULL, 0, NULL, &open);
    seen->error = errno;
}

static void kick_interrupts(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        struct seen seen = { 0 };
        struct host_thread *thread = host_thread_create("kicked", wait_for_kick, &seen, NULL);

        while (!g_atomic_int_get(&seen.waiting)) {
            g_thread_yield();
        }
        /* It may be on the way into ppoll() or within. Either way it comes out. */
        host_thread_kick(thread);
        host_thread_join(thread);
        assert_int_equal(seen.result, -1);
        assert_int_equal(seen.error, EINTR);
    }
}

static void kick_of_an_ended_thread(void **state)
{
    struct seen seen = { 0 };
    struct host_thread *thread = host_thread_create("ended", look, &seen, NULL);
    char path[64];

    (void)state;
    g_snprintf(path, sizeof(path), "/proc/self/task/%ld", (long)host_thread_id(thread));
    while (access(path, F_OK) == 0) {
        g_thread_yield();
    }
    host_thread_kick(thread);
    host_thread_join(thread);
    host_thread_join(NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_and_id),
        cmocka_unit_test(signals_stay_with_the_main_thread),
        cmocka_unit_test(kick_interrupts),
        cmocka_unit_test(kick_of_an_ended_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
