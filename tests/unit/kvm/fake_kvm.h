/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_kvm.h - a KVM in memory: records every ioctl with its argument, keeps slots and registers as
 * KVM does, and can fail any call.
 *
 * KVM_RUN calls the test's run function; with immediate_exit it first counts a completed I/O
 * instruction, as KVM does. fake_kvm.c also stands in for host_kvm_run_page(), so a test that links
 * it must not open the real KVM.
 */
#ifndef REPLUG_TESTS_UNIT_KVM_FAKE_KVM_H
#define REPLUG_TESTS_UNIT_KVM_FAKE_KVM_H

#include <glib.h>
#include <linux/kvm.h>

#include "base/error_latch.h"
#include "base/fault.h"
#include "host/host_kvm.h"
#include "kvm/kvm_internal.h"
#include "memory/address_space.h"
#include "memory/region.h"
#include "memory/transaction.h"

#define FAKE_VCPUS      8u
#define FAKE_RUN_BYTES  12288u
#define FAKE_MSLOTS_MAX 1024u

struct fake_call {
    enum kvm_target target;
    unsigned vcpu;
    unsigned long request;
    uint64_t number;    /* the argument itself */
    uint8_t bytes[256]; /* the start of what it points to */
    unsigned holds;     /* in force at the time */
    int result;
};

struct fake_kvm;
typedef int (*fake_run_fn)(struct fake_kvm *fake, unsigned vcpu, struct kvm_run *run);

struct fake_vcpu {
    uint64_t page[FAKE_RUN_BYTES / sizeof(uint64_t)]; /* struct kvm_run */
    struct kvm_regs regs;
    struct kvm_sregs sregs;
    struct kvm_mp_state mp_state;
    struct kvm_lapic_state lapic;
    struct kvm_debugregs debugregs;
    uint64_t msrs[4];
    GArray *cpuid; /* struct kvm_cpuid_entry2 */
    unsigned completions;
    unsigned more_accesses; /* of the I/O instruction that is completed */
    int runs;               /* atomic */
};

struct fake_kvm {
    struct kvm_calls calls;
    GMutex lock;
    GArray *log; /* struct fake_call, but KVM_RUN and KVM_CHECK_EXTENSION */
    unsigned slots_max;
    unsigned missing_capability; /* answered with 0 */
    unsigned long fail_request;  /* this one fails ... */
    unsigned fail_countdown;     /* ... at its nth call (0 = never) ... */
    bool fail_always;            /* ... and all later ones */
    int fail_error;
    struct kvm_userspace_memory_region slots[FAKE_MSLOTS_MAX];
    GArray *ring; /* struct kvm_coalesced_mmio */
    fake_run_fn run;
    void *run_opaque;
    struct fake_vcpu vcpus[FAKE_VCPUS];
    struct kvm_irqchip chips[3];
    uint32_t refused_msr; /* by KVM_SET_MSRS */

    enum kvm_irqchip_mode irqchip;
    /* What a VM needs around it. */
    struct error_latch errors;
    struct fault_plan faults;
    struct memory_system *memory;
    struct memory_region root, io_root;
    struct address_space *memory_space, *io_space;
    struct kvm_vm *vm;
};

/* MSRs of the fake: index n is FAKE_MSR + n, and the time stamp counter. */
#define FAKE_MSR 0xc0000081u

/* With memory and I/O spaces, without a VM. */
struct fake_kvm *fake_kvm_create(void);
/* Destroys the VM, if there is one, and everything else. */
void fake_kvm_destroy(struct fake_kvm *fake);

/* exit may be NULL: no vCPU ever runs then. NULL on a failure. */
struct kvm_vm *fake_kvm_create_vm(struct fake_kvm *fake, kvm_exit_fn exit, void *opaque,
                                  GError **error);

void fake_kvm_fail(struct fake_kvm *fake, unsigned long request, unsigned nth, int error);
void fake_kvm_forget(struct fake_kvm *fake); /* empties the log */
unsigned fake_kvm_count(struct fake_kvm *fake, unsigned long request);
/* The nth call of a request since the log was emptied; NULL = there is none. */
const struct fake_call *fake_kvm_nth(struct fake_kvm *fake, unsigned long request, unsigned nth);
void fake_kvm_push_write(struct fake_kvm *fake, uint64_t gpa, uint64_t value, uint32_t size,
                         bool pio);
struct kvm_run *fake_kvm_run_page(struct fake_kvm *fake, unsigned vcpu);

#endif
