/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recorded_kvm.h - stands between src/kvm and KVM: writes every ioctl of a turn and its answer down,
 * or answers from a recording, without any KVM.
 */
#ifndef REPLUG_MACHINE_RECORDED_KVM_H
#define REPLUG_MACHINE_RECORDED_KVM_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/host_kvm.h"

struct machine;
struct recorded_kvm;

/* real: who answers (copied); NULL in a replay. out_calls is what src/kvm gets instead. */
struct recorded_kvm *recorded_kvm_create(struct machine *machine, const struct kvm_calls *real,
                                         struct kvm_calls *out_calls);
void recorded_kvm_destroy(struct recorded_kvm *recorded);

/* The next ioctl's effect shows a changed argument: for tests that want a replay to go wrong. */
void recorded_kvm_spoil(struct recorded_kvm *recorded);

#endif
