/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvm_chips.c - interrupt controllers of our own on KVM: messages and lines out to vCPUs, windows and EOIs back. */
#include "base/error_latch.h"
#include "cpu/x86_state.h"
#include "hw/intc/i8259.h"
#include "machine/pc_chips.h"

#define MSI_ADDRESS      0xfee00000ull
#define MSI_LOGICAL      0x4u
#define MSI_LEVEL_ASSERT 0xc000u

#define ENTRY_DESTINATION(entry) ((uint32_t)((entry) >> 56))
#define ENTRY_LOGICAL            0x800u
#define ENTRY_LEVEL              0x8000u
#define ENTRY_VECTOR_AND_MODE    0x7ffu

#define MP_STATE_RUNNABLE 0

/* ---- off: a LAPIC to its vCPU ---- */

static void lapic_on_intr(void *opaque, bool level)
{
    const struct kvm_processor *processor = opaque;

    if (processor->machine->kvm != NULL) {
        kvm_vcpu_set_intr(processor->machine->kvm, processor->index, level);
    }
}

static void lapic_on_nmi(void *opaque)
{
    const struct kvm_processor *processor = opaque;

    kvm_nmi(processor->machine->kvm, processor->index);
}

static void load(const struct kvm_processor *processor, const struct x86_state *state)
{
    struct machine *machine = processor->machine;
    GError *error = NULL;

    kvm_vcpus_hold(machine->kvm);
    if (!kvm_vcpu_load(machine->kvm, processor->index, state, &error)) {
        error_latch_set(&machine->errors, error);
    }
    kvm_vcpus_release(machine->kvm);
}

/* Intel SDM 3A 8.4.2: the bootstrap processor starts over, another one waits for a SIPI. */
static void lapic_on_init(void *opaque)
{
    const struct kvm_processor *processor = opaque;
    struct x86_state state;

    x86_state_reset(&state, processor->index == 0);
    load(processor, &state);
}

static void lapic_on_sipi(void *opaque, uint8_t vector)
{
    const struct kvm_processor *processor = opaque;
    struct x86_state state;

    if (!kvm_vcpu_waits_for_sipi(processor->machine->kvm, processor->index)) {
        return;
    }
    x86_state_reset(&state, false);
    state.segments[X86_CS].selector = (uint16_t)(vector << 8);
    state.segments[X86_CS].base = (uint64_t)vector << 12;
    state.rip = 0;
    state.mp_state = MP_STATE_RUNNABLE;
    load(processor, &state);
}

/* No TSC deadline: KVM keeps the guest's TSC to itself. */
static const struct lapic_cpu_ops lapic_ops = {
    .set_intr = lapic_on_intr,
    .nmi = lapic_on_nmi,
    .init = lapic_on_init,
    .sipi = lapic_on_sipi,
};

bool kvm_chips_create_cpu(struct machine *machine, struct x86_cpu *cpu, GError **error)
{
    struct kvm_processor *processor = &machine->chips->processors[cpu->cpu_index];
    struct device *lapic;

    *processor = (struct kvm_processor){ .machine = machine, .index = cpu->cpu_index };
    if (machine->config->irqchip != KVM_IRQCHIP_OFF) {
        return true;
    }
    lapic = pc_chips_create_lapic(machine, cpu, &lapic_ops, processor, error);
    processor->lapic = lapic != NULL ? lapic_of(lapic) : NULL;
    return lapic != NULL;
}

void kvm_chips_destroy_cpu(struct machine *machine, const struct x86_cpu *cpu)
{
    pc_chips_destroy_lapic(machine, cpu);
    machine->chips->processors[cpu->cpu_index].lapic = NULL;
}

/* ---- split: messages to KVM's LAPICs, the 8259s' INT to the first vCPU ---- */

static unsigned forward(void *opaque, const struct apic_message *message)
{
    struct machine *machine = opaque;
    uint64_t address =
        MSI_ADDRESS | message->destination << 12 | (message->logical ? MSI_LOGICAL : 0);
    uint32_t data = message->vector | (uint32_t)message->mode << 8 |
                    (message->level_triggered ? MSI_LEVEL_ASSERT : 0);

    return machine->kvm != NULL && kvm_send_msi(machine->kvm, address, data);
}

static void forward_pic(void *opaque, unsigned lint, int level)
{
    struct machine *machine = opaque;

    if (machine->kvm == NULL) {
        return;
    }
    if (lint == 0) {
        kvm_vcpu_set_intr(machine->kvm, 0, level != 0);
    } else if (level != 0) {
        kvm_nmi(machine->kvm, 0);
    }
}

/* KVM tells of the EOIs of vectors that a pin's message has, level-triggered. */
static void entry_written(void *opaque, unsigned pin, uint64_t entry)
{
    struct machine *machine = opaque;
    struct kvm_msi_route *route = &machine->chips->routes[pin];
    struct kvm_msi_route wanted = {
        .address = MSI_ADDRESS | ENTRY_DESTINATION(entry) << 12 |
                   ((entry & ENTRY_LOGICAL) != 0 ? MSI_LOGICAL : 0),
        .data = (uint32_t)(entry & ENTRY_VECTOR_AND_MODE) |
                ((entry & ENTRY_LEVEL) != 0 ? MSI_LEVEL_ASSERT : 0),
    };

    if (machine->kvm != NULL && (route->address != wanted.address || route->data != wanted.data)) {
        *route = wanted;
        kvm_set_ioapic_routes(machine->kvm, machine->chips->routes, IOAPIC_NUM_PINS);
    }
}

void kvm_chips_connect(struct machine *machine)
{
    struct apic_bus *bus = &machine->chips->bus;

    if (machine->config->irqchip == KVM_IRQCHIP_SPLIT) {
        bus->forward = forward;
        bus->forward_pic = forward_pic;
        bus->entry_written = entry_written;
        bus->forwarder = machine;
    }
}

/* ---- exits ---- */

static struct lapic *lapic_of_vcpu(const struct machine *machine, unsigned vcpu)
{
    return machine->chips != NULL ? machine->chips->processors[vcpu].lapic : NULL;
}

void kvm_chips_exit_begin(struct machine *machine, unsigned vcpu, const struct vm_exit *exit)
{
    struct lapic *lapic = lapic_of_vcpu(machine, vcpu);

    if (lapic == NULL) {
        return;
    }
    machine->chips->bus.current = lapic;
    if (exit->kind != VM_EXIT_PIO && exit->kind != VM_EXIT_MMIO && exit->kind != VM_EXIT_HALT &&
        exit->kind != VM_EXIT_INTERRUPT_WINDOW && exit->kind != VM_EXIT_TPR) {
        return; /* the others tell nothing of it */
    }
    if (lapic_cr8(lapic) != (uint8_t)exit->detail[VM_EXIT_DETAIL_CR8]) {
        lapic_set_cr8(lapic, (uint8_t)exit->detail[VM_EXIT_DETAIL_CR8]);
    }
    if (lapic_base(lapic) != exit->detail[VM_EXIT_DETAIL_APIC_BASE]) {
        (void)!lapic_set_base(lapic,
                              exit->detail[VM_EXIT_DETAIL_APIC_BASE]); /* KVM has accepted it */
    }
}

void kvm_chips_exit_end(struct machine *machine, unsigned vcpu)
{
    struct lapic *lapic = lapic_of_vcpu(machine, vcpu);

    if (lapic != NULL) {
        machine->chips->bus.current = NULL;
        kvm_vcpu_set_cr8(machine->kvm, vcpu, lapic_cr8(lapic));
    }
}

/* The request may be gone by now. In split, KVM's LAPIC has let the 8259s' through. */
void kvm_chips_interrupt_window(struct machine *machine, unsigned vcpu)
{
    struct lapic *lapic = lapic_of_vcpu(machine, vcpu);
    int vector = -1;

    if (lapic != NULL) {
        vector = lapic_acknowledge(lapic);
    } else if (machine->chips != NULL && vcpu == 0) {
        vector = i8259_acknowledge(machine->chips->gsi.i8259_master);
    }
    if (vector >= 0) {
        kvm_interrupt(machine->kvm, vcpu, (uint8_t)vector);
    }
}

void kvm_chips_eoi(struct machine *machine, uint8_t vector)
{
    if (machine->chips != NULL) {
        apic_bus_eoi(&machine->chips->bus, vector);
    }
}
