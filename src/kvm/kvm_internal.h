/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvm_internal.h - what the files of src/kvm share: the VM, its vCPUs, the slot table, ioctls. */
#ifndef REPLUG_KVM_KVM_INTERNAL_H
#define REPLUG_KVM_KVM_INTERNAL_H

#include <linux/kvm.h>

#include "host/host_kvm.h"
#include "kvm/kvm_vm.h"
#include "memory/listener.h"

struct host_thread;

/* ---- kvm_ioctl.c: the one way to KVM, but for KVM_RUN ---- */

struct kvm_request {
    enum kvm_target target;
    unsigned vcpu;
    unsigned long number;
    const char *name;
    void *argument;
};

#define KVM_SYSTEM_REQUEST(ioctl, argument) \
    ((struct kvm_request){ KVM_TARGET_SYSTEM, 0, ioctl, #ioctl, argument })
#define KVM_VM_REQUEST(ioctl, argument) \
    ((struct kvm_request){ KVM_TARGET_VM, 0, ioctl, #ioctl, argument })
#define KVM_VCPU_REQUEST(vcpu, ioctl, argument) \
    ((struct kvm_request){ KVM_TARGET_VCPU, vcpu, ioctl, #ioctl, argument })
/* An ioctl whose argument is a number. */
#define KVM_NUMBER(value) ((void *)(uintptr_t)(value))

/*
 * The ioctl's result, or -errno with *error naming request, arguments and errno. Asks the fault plan
 * first; traced. arguments: a format and what belongs to it; made into text only when it is needed.
 */
int kvm_ioctl(struct kvm_vm *vm, struct kvm_request request, GError **error, const char *arguments,
              ...) G_GNUC_PRINTF(4, 5);

/* ---- kvm_slots.c: which memslots KVM has, by number and by address ---- */

struct kvm_slot {
    gpa_t gpa;
    uint64_t size_bytes;
    void *host;
    uint32_t flags; /* KVM_MEM_* */
    bool used;
    uint64_t stale_since; /* commit in which KVM would not delete it; 0 = its range is there */
    char *region;
};

struct kvm_slots {
    uint32_t max, used;
    uint32_t capacity;      /* of slots and taken, in slots; grows up to max */
    struct kvm_slot *slots; /* by number */
    uint64_t *taken;        /* bit n: number n is in use */
    uint32_t first_free;    /* no lower number is free */
    GArray *by_gpa;         /* uint32_t numbers of the used ones, ascending gpa */
};

void kvm_slots_init(struct kvm_slots *slots, uint32_t max);
void kvm_slots_fini(struct kvm_slots *slots);
/* The lowest free number; false = all are used up. */
bool kvm_slots_lowest_free(struct kvm_slots *slots, uint32_t *out_number);
/* Copies slot, region name included. It must not overlap another. */
void kvm_slots_insert(struct kvm_slots *slots, uint32_t number, const struct kvm_slot *slot);
void kvm_slots_remove(struct kvm_slots *slots, uint32_t number);
/* The lowest slot with a byte in [gpa, gpa + size_bytes); false = none. */
bool kvm_slots_find(const struct kvm_slots *slots, gpa_t gpa, uint64_t size_bytes,
                    uint32_t *out_number);

/* ---- the VM ---- */

/* State of a vCPU as KVM created it, for a reset. */
struct kvm_vcpu_snapshot;

struct kvm_vcpu {
    struct kvm_vm *vm;
    unsigned index;
    uint32_t apic_id;
    struct kvm_run *run; /* NULL without a host: it never runs */
    struct host_thread *thread;
    struct kvm_vcpu_snapshot *created; /* NULL: not whole yet */
    bool exists;  /* KVM has it: for good, there is no ioctl that ends a vCPU */
    bool plugged; /* a processor of the machine; else it is parked */
    /* Under the gate's lock: */
    bool wanted;          /* its thread shall run */
    bool thread_ended;    /* its thread takes no lock any more */
    bool in_guest;        /* from before KVM_RUN until after it */
    bool exit_is_handled; /* its exit callback runs and has not answered yet */
    bool exit_deferred;   /* the run page holds an exit that nobody has handled yet */
    bool io_pending;      /* the next KVM_RUN first completes an I/O instruction */
    bool may_be_ready;    /* it is out of KVM_RUN, and what that said of interrupts still holds */
    bool intr;            /* with controllers of our own: the INTR input */
    bool halted;          /* without LAPICs in the kernel: sleeps until an interrupt comes */
    bool halted_deaf;     /* and doesn't take one: its IF is clear */
    bool waits_for_sipi;  /* without LAPICs in the kernel */
    uint8_t cr8;          /* at the next entry */
    uint64_t epoch;       /* grows with each load of registers */
    uint64_t entry_epoch; /* when it last entered the guest */
};

struct kvm_zone {
    gpa_t gpa;
    uint32_t size_bytes;
};

struct kvm_vm {
    struct kvm_vm_options options;
    struct kvm_calls *calls;
    uint32_t run_bytes;   /* of a run page's mapping */
    uint32_t xsave_bytes; /* of KVM_GET_XSAVE2's answer; 0 = KVM_GET_XSAVE */
    bool has_irq_status, has_xcrs, has_tsc_deadline;

    struct kvm_slots slots;
    struct memory_listener listener;
    bool listens, closing;
    uint64_t commits;     /* of the memory space; 1 = the first */
    unsigned stale_slots; /* whose deletion failed */
    bool commit_holds;    /* the commit under way deletes and re-adds: vCPUs are held */
    GArray *zones;        /* struct kvm_zone that KVM batches writes for */
    bool flushing;
    bool coalescing; /* a range was coalesced at some time */

    GMutex gate;
    GCond gate_opened; /* waited for by vCPU threads */
    GCond guest_left;  /* waited for by kvm_vcpus_hold() */
    unsigned holds;
    bool stopping;
    struct kvm_vcpu vcpus[KVM_VCPUS_MAX];
    unsigned vcpu_count; /* of vcpus[] that may exist: the highest index and 1 */
    bool threads_run;    /* between kvm_vcpus_start() and kvm_vcpus_stop() */

    struct kvm_irqchip created_chips[3];
    struct kvm_pit_state2 created_pit;
    struct kvm_msr_list *msr_list;
    struct kvm_cpuid2 *cpuid; /* KVM's supported set */
};

/* ---- kvm_memory_listener.c ---- */
/* Tells KVM of all RAM that is there, then of changes. */
void kvm_memory_listener_register(struct kvm_vm *vm);
void kvm_memory_listener_unregister(struct kvm_vm *vm);

/* ---- kvm_coalesced.c ---- */
void kvm_coalesced_add(void *opaque, const struct memory_region_section *section);
void kvm_coalesced_del(void *opaque, const struct memory_region_section *section);

/* ---- kvm_cpuid.c ---- */
bool kvm_cpuid_read_supported(struct kvm_vm *vm, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool kvm_cpuid_set(struct kvm_vm *vm, unsigned index, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- kvm_snapshot.c ---- */
bool kvm_snapshot_chips(struct kvm_vm *vm, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool kvm_snapshot_vcpu(struct kvm_vm *vm, unsigned index, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Back to what kvm_snapshot_vcpu() has found. */
bool kvm_snapshot_restore_vcpu(struct kvm_vm *vm, unsigned index,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool kvm_msr_list_read(struct kvm_vm *vm, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void kvm_vcpu_snapshot_destroy(struct kvm_vcpu_snapshot *snapshot);

/* ---- kvm_irq.c ---- */
bool kvm_irqchip_get(struct kvm_vm *vm, uint32_t chip_id, struct kvm_irqchip *out_chip,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- kvm_vcpu.c ---- */
/*
 * Lets KVM finish an I/O instruction whose exit was answered; no guest code runs. discard: the exit
 * will never be answered, what it reads does not matter, and exit_is_current becomes false.
 */
bool kvm_vcpu_complete_io(struct kvm_vcpu *vcpu, bool discard,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- kvm_interrupts.c: a vCPU whose interrupt controllers are ours; under the gate's lock ---- */
/* It has nothing to do until somebody wakes it. */
bool kvm_vcpu_is_asleep(const struct kvm_vcpu *vcpu);
/* On its way into the guest, out of it. result: KVM_RUN's. */
void kvm_vcpu_prepare_passage(struct kvm_vcpu *vcpu);
/* False when KVM_RUN was interrupted and the vCPU has no use of it: else the exit is the window's. */
bool kvm_vcpu_window_is_open(const struct kvm_vcpu *vcpu);
/* What every exit tells about the LAPIC. */
void kvm_vcpu_add_apic_details(const struct kvm_vcpu *vcpu, struct vm_exit *exit);
/* By a load of registers. */
void kvm_vcpu_set_mp_state(struct kvm_vcpu *vcpu, uint32_t mp_state);

/* ---- kvm_vcpu.c ---- */
/* Out of KVM_RUN, if it is there; under the gate's lock. */
void kvm_vcpu_send_out(struct kvm_vcpu *vcpu);

/* ---- kvm_exit.c ---- */
/* out_exit->data points into the run page. True when KVM completes the exit at the next KVM_RUN. */
bool kvm_exit_translate(struct kvm_run *run, uint32_t run_bytes, struct vm_exit *out_exit);

#endif
