/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pc_chips.h - the PC's interrupt controllers and timers where they are ours: always on our own CPUs, and on KVM with
 * kernel-irqchip=split (KVM has the LAPICs) or off (all are ours).
 *
 *     KVM, off:    gsi -> 8259s, IOAPIC -> bus -> LAPICs -> kvm_vcpu_set_intr ... interrupt window -> kvm_interrupt
 *     KVM, split:  gsi -> IOAPIC -> bus -> kvm_send_msi;  8259s -> kvm_vcpu_set_intr of the first vCPU ... -> kvm_interrupt
 */
#ifndef REPLUG_MACHINE_PC_CHIPS_H
#define REPLUG_MACHINE_PC_CHIPS_H

#include "hw/intc/apic_bus.h"
#include "hw/intc/gsi_handler.h"
#include "hw/intc/lapic.h"
#include "machine/machine_internal.h"

struct pc_chips {
    struct apic_bus bus;
    struct gsi_chips gsi;
    struct irq_line rtc_input; /* the RTC's interrupt, behind the HPET */
    uint8_t a20_sources;       /* bit a source that opens A20; derived from theirs */

    /* KVM's vCPUs by index, with their LAPICs where those are ours. */
    struct kvm_processor {
        struct machine *machine;
        unsigned index;
        struct lapic *lapic;
    } processors[KVM_VCPUS_MAX];

    struct kvm_msi_route routes[IOAPIC_NUM_PINS]; /* split: what KVM knows of the IOAPIC */
};

/* The bus, once there is memory; machine->chips is set. Destroyed when devices are gone. */
void pc_chips_create(struct machine *machine);
void pc_chips_destroy(struct machine *machine);
/* A LAPIC on the bus as the processor's child "lapic". */
struct device *pc_chips_create_lapic(struct machine *machine, struct x86_cpu *cpu,
                                     const struct lapic_cpu_ops *ops, void *opaque, GError **error);
void pc_chips_destroy_lapic(struct machine *machine, const struct x86_cpu *cpu);
/* IOAPIC, 8259 pair, 8254, HPET, i8042, port 0x92; the GSI lines in machine->gsi. */
bool pc_chips_build(struct machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- kvm_chips.c: how they serve KVM ---- */

/* What there is of its own for split and off. */
void kvm_chips_connect(struct machine *machine);
bool kvm_chips_create_cpu(struct machine *machine, struct x86_cpu *cpu,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
void kvm_chips_destroy_cpu(struct machine *machine, const struct x86_cpu *cpu);
/* Around what an exit does: the LAPIC follows its vCPU's CR8 and base, then the other way round. */
void kvm_chips_exit_begin(struct machine *machine, unsigned vcpu, const struct vm_exit *exit);
void kvm_chips_exit_end(struct machine *machine, unsigned vcpu);
/* VM_EXIT_INTERRUPT_WINDOW, VM_EXIT_EOI. */
void kvm_chips_interrupt_window(struct machine *machine, unsigned vcpu);
void kvm_chips_eoi(struct machine *machine, uint8_t vector);

#endif
