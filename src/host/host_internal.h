/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_internal.h - what the files of this folder share: the loop's context and wake-ups. */
#ifndef REPLUG_HOST_HOST_INTERNAL_H
#define REPLUG_HOST_HOST_INTERNAL_H

#include <glib.h>
#include <stdbool.h>

#include "host/host_kvm.h"
#include "host/host_loop.h"

/* ---- host_loop.c ---- */

GMainContext *host_loop_context(struct host_loop *loop);

/* A source that calls fn on the loop's thread once after each host_wake(), which any thread may
 * call; several wakes before that are one. The caller ends it with host_source_destroy(). */
GSource *host_wake_source_create(struct host_loop *loop, host_loop_fn fn, void *opaque);
void host_wake(GSource *source);

/* Destroys and forgets; *source may be NULL. */
void host_source_destroy(GSource **source);

/* The kick signal; installs its empty handler, which is no harm when done again. */
int host_kick_signal(void);

/* ---- host_kvm.c ---- */

/* host_kvm_open() for another path than /dev/kvm. */
struct host_kvm *host_kvm_open_path(const char *path, GError **error);

struct kvm_coalesced_mmio_ring;
/* Takes the oldest entry out of a ring of one page that KVM fills; false = empty. */
bool host_kvm_ring_take(struct kvm_coalesced_mmio_ring *ring, struct kvm_coalesced_mmio *out_entry);

#endif
