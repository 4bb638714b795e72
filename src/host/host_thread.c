/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_thread.c - threads with all but the synchronous signals blocked, so that these reach the
 * main thread and the kick waits for KVM_RUN, whose own mask lets it in (host_kvm.c). */
#include "host/host_thread.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/invariant.h"
#include "host/host_internal.h"

#define NAME_BYTES 16 /* with the zero: pthread_setname_np(3) */

struct host_thread {
    pthread_t handle;
    char name[NAME_BYTES];
    void (*run)(void *opaque);
    void *opaque;

    GMutex lock; /* for tid, until create returns */
    GCond started;
    int64_t tid; /* 0 = not known yet */
};

static void on_kick(int number)
{
    (void)number;
}

int host_kick_signal(void)
{
    struct sigaction action = { .sa_handler = on_kick };

    /* Without SA_RESTART: the point is that the ioctl ends with EINTR. */
    sigemptyset(&action.sa_mask);
    invariant(sigaction(SIGUSR1, &action, NULL) == 0);
    return SIGUSR1;
}

static void *thread_main(void *opaque)
{
    struct host_thread *thread = opaque;

    (void)pthread_setname_np(pthread_self(), thread->name); /* a name is no reason to fail */
    g_mutex_lock(&thread->lock);
    thread->tid = syscall(SYS_gettid);
    g_cond_signal(&thread->started);
    g_mutex_unlock(&thread->lock);
    thread->run(thread->opaque);
    return NULL;
}

static void mask_for_thread(sigset_t *mask)
{
    static const int synchronous[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP };

    sigfillset(mask);
    for (unsigned i = 0; i < G_N_ELEMENTS(synchronous); i++) {
        sigdelset(mask, synchronous[i]);
    }
}

static void thread_free(struct host_thread *thread)
{
    g_mutex_clear(&thread->lock);
    g_cond_clear(&thread->started);
    g_free(thread);
}

struct host_thread *host_thread_create(const char *name, void (*run)(void *opaque), void *opaque,
                                       GError **error)
{
    struct host_thread *thread = g_new0(struct host_thread, 1);
    sigset_t mask, previous;
    int number;

    g_mutex_init(&thread->lock);
    g_cond_init(&thread->started);
    g_strlcpy(thread->name, name, sizeof(thread->name));
    thread->run = run;
    thread->opaque = opaque;
    (void)host_kick_signal();
    /* The new thread inherits the mask: no signal meets it before it is set. */
    mask_for_thread(&mask);
    pthread_sigmask(SIG_SETMASK, &mask, &previous);
    number = pthread_create(&thread->handle, NULL, thread_main, thread);
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
    if (number != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO, "cannot start thread '%s': %s", name,
                    g_strerror(number));
        thread_free(thread);
        return NULL;
    }
    g_mutex_lock(&thread->lock);
    while (thread->tid == 0) {
        g_cond_wait(&thread->started, &thread->lock);
    }
    g_mutex_unlock(&thread->lock);
    return thread;
}

void host_thread_join(struct host_thread *thread)
{
    if (thread == NULL) {
        return;
    }
    invariant(pthread_join(thread->handle, NULL) == 0);
    thread_free(thread);
}

int64_t host_thread_id(const struct host_thread *thread)
{
    return thread->tid;
}

void host_thread_kick(struct host_thread *thread)
{
    /* ESRCH, the thread has ended already, is what a kick wants. */
    (void)pthread_kill(thread->handle, SIGUSR1);
}
