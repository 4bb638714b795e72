/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_kvm.h - the only door to /dev/kvm: file descriptors, shared pages and the ioctls themselves
 * (Linux: Documentation/virt/kvm/api.rst).
 *
 * Everything above asks through struct kvm_calls, so that a replay can answer from a recording
 * instead.
 */
#ifndef REPLUG_HOST_HOST_KVM_H
#define REPLUG_HOST_HOST_KVM_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct kvm_coalesced_mmio;
struct kvm_run;

enum kvm_target { KVM_TARGET_SYSTEM, KVM_TARGET_VM, KVM_TARGET_VCPU };

struct kvm_calls {
    void *opaque;
    /* The ioctl's result, or -errno. vcpu matters for KVM_TARGET_VCPU only. KVM_CREATE_VM and
     * KVM_CREATE_VCPU keep their descriptors inside. */
    int (*call)(void *opaque, enum kvm_target target, unsigned vcpu, unsigned long request,
                void *argument);
    /* Takes the next coalesced write out of the ring; false = empty. */
    bool (*coalesced_next)(void *opaque, struct kvm_coalesced_mmio *out_entry);
};

struct host_kvm;

/* Opens /dev/kvm. Errors: missing, no permission (say which), wrong API version. */
struct host_kvm *host_kvm_open(GError **error);
void host_kvm_close(struct host_kvm *kvm);
void host_kvm_get_calls(struct host_kvm *kvm, struct kvm_calls *out_calls);

/* The shared page of a vCPU after KVM_CREATE_VCPU. */
struct kvm_run *host_kvm_run_page(struct host_kvm *kvm, unsigned vcpu);

#endif
