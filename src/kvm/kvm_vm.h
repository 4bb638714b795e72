/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvm_vm.h - a virtual machine on KVM as the rest of Replug sees it: memory, vCPUs, interrupt
 * lines.
 *
 * Locking: everything here is called under the machine's lock, but the exit callback, which a
 * vCPU's thread calls without it. The callback takes the lock, reacts (one turn) and returns; then
 * the thread enters the guest again.
 *
 * The gate: vCPUs are in the guest only while no hold is in force. kvm_vcpus_hold() returns once
 * every vCPU is out of KVM_RUN; vCPUs whose exits wait for the lock count as out.
 */
#ifndef REPLUG_KVM_KVM_VM_H
#define REPLUG_KVM_KVM_VM_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "cpu/vm_exit.h"

struct address_space;
struct error_latch;
struct fault_plan;
struct host_kvm;
struct kvm_calls;
struct kvm_vm;
struct memory_system;
struct x86_state;

#define KVM_VCPUS_MAX 8

typedef void (*kvm_exit_fn)(void *opaque, unsigned vcpu, struct vm_exit *exit);

enum kvm_irqchip_mode {
    KVM_IRQCHIP_ON,    /* 8259s, IOAPIC, LAPICs and 8254 are KVM's */
    KVM_IRQCHIP_SPLIT, /* the LAPICs are; the machine has the rest and sends messages */
    KVM_IRQCHIP_OFF,   /* nothing is */
};

struct kvm_vm_options {
    enum kvm_irqchip_mode irqchip;
    struct kvm_calls *calls; /* host_kvm_get_calls, or a test's or replay's own; outlives the VM */
    struct host_kvm *host; /* for run pages and threads; NULL = no vCPU ever runs (tests, replay) */
    struct memory_system *memory;
    struct address_space *memory_space;
    struct address_space *io_space;
    struct error_latch *errors;
    struct fault_plan *faults;
    kvm_exit_fn exit;
    void *opaque;
    /* What CPUID tells about topology; 0 = 1. An APIC ID holds socket, core and thread from the top,
     * each in as few bits as its number needs. */
    unsigned cores_per_socket, threads_per_core;
};

/*
 * Checks every capability that Replug needs (one clear message for each that is missing), creates
 * VM, irqchip and PIT, sets TSS and identity map addresses, registers the memory listener
 * (memslots) and the coalesced MMIO flush. Errors name ioctl, arguments and errno.
 *
 * RAM that is taken out of the memory space may be freed only when the error latch is empty after the
 * commit: a memslot that KVM did not delete still leads the guest to that host address.
 */
struct kvm_vm *kvm_vm_create(const struct kvm_vm_options *options, GError **error);
/* vCPU threads must have been stopped. NULL is fine. */
void kvm_vm_destroy(struct kvm_vm *vm);

/* Span kvm_pc_setup_irq_routing: GSI 0-15 to both 8259s and the IOAPIC (0 to pin 2), 16-23 to the
 * IOAPIC. */
bool kvm_pc_setup_irq_routing(struct kvm_vm *vm, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* KVM_IRQ_LINE; span kvm_set_irq. A failure is latched. */
void kvm_set_irq(struct kvm_vm *vm, uint32_t gsi, int level);

/* KVM_SIGNAL_MSI; span kvm_send_msi. True = a LAPIC took it. What a guest's address and data make KVM refuse is a lost message, not a failure. */
bool kvm_send_msi(struct kvm_vm *vm, uint64_t address, uint32_t data);

/* ---- interrupt controllers of our own ---- */

struct kvm_msi_route {
    uint64_t address;
    uint32_t data;
};

/* Split: what the IOAPIC's pins send, by which KVM knows whose EOIs it has to tell (VM_EXIT_EOI). A failure is latched. */
void kvm_set_ioapic_routes(struct kvm_vm *vm, const struct kvm_msi_route *routes, unsigned count);
/* The vCPU's INTR input. While it is high the vCPU leaves the guest by VM_EXIT_INTERRUPT_WINDOW as soon as it can take an
 * interrupt, and wakes from HLT. */
void kvm_vcpu_set_intr(struct kvm_vm *vm, unsigned index, bool level);
/* KVM_INTERRUPT, span kvm_interrupt: in the turn of a VM_EXIT_INTERRUPT_WINDOW. A failure is latched. */
void kvm_interrupt(struct kvm_vm *vm, unsigned index, uint8_t vector);
/* KVM_NMI, when all vCPUs are out of the guest for a moment. A failure is latched. */
void kvm_nmi(struct kvm_vm *vm, unsigned index);
/* Off: what CR8 is to be at the next entry. */
void kvm_vcpu_set_cr8(struct kvm_vm *vm, unsigned index, uint8_t cr8);
/* Off: whether it waits for a SIPI, by kvm_vcpu_load(). */
bool kvm_vcpu_waits_for_sipi(const struct kvm_vm *vm, unsigned index);

/* Carries out the writes that KVM batched for coalesced ranges, in their order (spans
 * qemu_flush_coalesced_mmio_buffer is the memory layer's, kvm_flush_coalesced_mmio_buffer this
 * one's). kvm_vm_create() installs it as the memory system's flush. */
void kvm_flush_coalesced(struct kvm_vm *vm);
/* The same at an exit; nothing as long as no range was ever coalesced: then the ring is empty. */
void kvm_flush_coalesced_at_exit(struct kvm_vm *vm);

/* ---- vCPUs ---- */

/* Creates vCPU index with this APIC ID, CPUID from KVM's supported set (topology and APIC ID filled
 * in), or takes the parked one of this index back, as KVM created it. Its thread does not run yet. */
bool kvm_vcpu_create(struct kvm_vm *vm, unsigned index, uint32_t apic_id,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/*
 * An unplugged processor's vCPU: out of the guest when this returns, its exits on their way have no
 * effect, its thread ends by itself. The vCPU stays in KVM and may be created again. May be called
 * from its own exit callback. Fails as kvm_vcpu_load() when an I/O instruction does not end; it is
 * parked all the same.
 */
bool kvm_vcpu_park(struct kvm_vm *vm, unsigned index, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Those that are not parked. */
unsigned kvm_vcpu_count(const struct kvm_vm *vm);

/* Starts the threads; they wait at the gate. kvm_vcpus_stop(): they leave and are joined (call
 * WITHOUT the machine's lock). */
bool kvm_vcpus_start(struct kvm_vm *vm, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void kvm_vcpus_stop(struct kvm_vm *vm);
/* The thread of one that was created while the others' run; nothing to do as long as they don't. */
bool kvm_vcpu_start(struct kvm_vm *vm, unsigned index, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Holds nest. May be called from a vCPU's own thread in its exit callback (it counts as out). The
 * VM starts with one hold. */
void kvm_vcpus_hold(struct kvm_vm *vm);
void kvm_vcpus_release(struct kvm_vm *vm);

/* Registers; the vCPUs must be held. Both first complete an I/O instruction that was answered (a
 * KVM_RUN with immediate_exit); save leaves one without an answer alone, load drops it. */
bool kvm_vcpu_load(struct kvm_vm *vm, unsigned index, const struct x86_state *state,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool kvm_vcpu_save(struct kvm_vm *vm, unsigned index, struct x86_state *out_state,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* False when kvm_vcpu_load() has run since this vCPU last entered the guest: its exit belongs to a
 * time before a reset and must have no effect. For the exit callback. */
bool kvm_vcpu_exit_is_current(const struct kvm_vm *vm, unsigned vcpu);
/* For the exit callback, at its end under the machine's lock: the exit's answer is in place, and
 * kvm_vcpu_save() may complete the instruction from now on. Without it that is so once the callback
 * has returned, a moment after the turn's end. exit->data must not be touched any more. */
void kvm_vcpu_exit_answered(struct kvm_vm *vm, unsigned vcpu);
/* Back to what KVM_CREATE_IRQCHIP and KVM_CREATE_VCPU gave: LAPICs, IOAPIC, PICs, PIT, MSRs, FPU,
 * debug registers, pending events. For a machine reset, before kvm_vcpu_load(); vCPUs are held.
 * Exits on their way are overtaken as by kvm_vcpu_load(). */
bool kvm_vm_reset_irqchip(struct kvm_vm *vm, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The kernel's tid; 0 while the threads don't run. */
int64_t kvm_vcpu_thread_id(const struct kvm_vm *vm, unsigned index);

/* ---- looking ---- */

/* "info memslots": slot, gpa, size, region, flags. Numbers only, no host addresses. */
void kvm_slots_print(const struct kvm_vm *vm, GString *out);
uint32_t kvm_slots_used(const struct kvm_vm *vm);
uint32_t kvm_slots_max(const struct kvm_vm *vm);
/* "info pic": irr, imr, isr of both 8259s and the IOAPIC's redirection table, read from KVM. */
bool kvm_irqchip_print(struct kvm_vm *vm, GString *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
