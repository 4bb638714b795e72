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
    /* The ioctl's result, or -errno. vcpu is the number of a vCPU, for KVM_TARGET_VCPU and for
     * KVM_CREATE_VCPU. KVM_CREATE_VM (KVM_TARGET_SYSTEM) and KVM_CREATE_VCPU (KVM_TARGET_VM;
     * argument is KVM's vcpu_id, vcpu the free number to keep it under) give 0 and keep their
     * descriptors inside. KVM_RUN is the only one that ends with -EINTR, and takes the kick
     * (host_thread.h) with it: a kick that came before the call ends it at once. */
    int (*call)(void *opaque, enum kvm_target target, unsigned vcpu, unsigned long request,
                void *argument);
    /* Takes the next coalesced write out of the ring; false = empty. */
    bool (*coalesced_next)(void *opaque, struct kvm_coalesced_mmio *out_entry);
    /* How it ended when an I/O instruction was completed between two runs: told once for each such
     * attempt, whether anything was left to complete or not, and gives the result to go by. NULL =
     * the one that was told. */
    int (*io_completed)(void *opaque, unsigned vcpu, int result);
};

struct host_kvm;

#define HOST_KVM_VCPUS_MAX 256

/* Opens /dev/kvm. Errors: missing, no permission (say which), wrong API version. */
struct host_kvm *host_kvm_open(GError **error);
void host_kvm_close(struct host_kvm *kvm);
void host_kvm_get_calls(struct host_kvm *kvm, struct kvm_calls *out_calls);

/* The shared page of a vCPU after KVM_CREATE_VCPU; NULL = no such vCPU. Ends with host_kvm_close. */
struct kvm_run *host_kvm_run_page(struct host_kvm *kvm, unsigned vcpu);

#endif
