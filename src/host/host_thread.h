/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_thread.h - threads, locks and the kick signal that takes a vCPU thread out of KVM_RUN. */
#ifndef REPLUG_HOST_HOST_THREAD_H
#define REPLUG_HOST_HOST_THREAD_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct host_thread;

/* name: at most 15 characters ("CPU 0/KVM"), longer ones are cut. The thread starts with all but
 * the synchronous signals blocked, the kick signal too: KVM_RUN's own mask lets it in (host_kvm
 * sees to that), so a kick from before KVM_RUN is not lost. */
struct host_thread *host_thread_create(const char *name, void (*run)(void *opaque), void *opaque,
                                       GError **error);
void host_thread_join(struct host_thread *thread);        /* frees it; NULL is fine */
int64_t host_thread_id(const struct host_thread *thread); /* the kernel's tid */

/* Sends the kick signal (SIGUSR1 with an empty handler): the thread's KVM_RUN, or its next one,
 * ends with -EINTR. What the thread shall find then must be written before. From any thread, until
 * host_thread_join(). */
void host_thread_kick(struct host_thread *thread);

#endif
