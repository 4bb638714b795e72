/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvm_interrupts.c - vCPUs whose interrupt controllers are ours, all (off) or but the LAPICs (split).
 *
 *     controllers: INTR rises  ->  the vCPU is sent out and enters with request_interrupt_window
 *     KVM: it can take one     ->  VM_EXIT_INTERRUPT_WINDOW, a turn: acknowledge, KVM_INTERRUPT
 *
 * So which vector it is, and what taking it does to the controllers, is decided in a turn. Without LAPICs in the kernel
 * there are no HLT and no waiting for a SIPI in KVM either: such a vCPU sleeps at the gate.
 */
#include "base/error_latch.h"
#include "base/invariant.h"
#include "kvm/kvm_internal.h"
#include "trace/trace.h"

#define ROUTES_MAX 24u

static bool is_ours(const struct kvm_vcpu *vcpu)
{
    return vcpu->vm->options.irqchip != KVM_IRQCHIP_ON;
}

static bool has_no_lapic(const struct kvm_vcpu *vcpu)
{
    return vcpu->vm->options.irqchip == KVM_IRQCHIP_OFF;
}

/* ---- on the vCPU's thread ---- */

bool kvm_vcpu_is_asleep(const struct kvm_vcpu *vcpu)
{
    return vcpu->waits_for_sipi || (vcpu->halted && (vcpu->halted_deaf || !vcpu->intr));
}

void kvm_vcpu_prepare_passage(struct kvm_vcpu *vcpu)
{
    if (is_ours(vcpu)) {
        vcpu->run->request_interrupt_window = vcpu->intr;
    }
    if (has_no_lapic(vcpu)) {
        vcpu->run->cr8 = vcpu->cr8;
    }
}

/* One that halts inside KVM is sent out and ready, but would not say so by itself; and a KVM that interprets guest code
 * tells of a window late, while each exit says whether it is open. */
bool kvm_vcpu_window_is_open(const struct kvm_vcpu *vcpu)
{
    return is_ours(vcpu) && vcpu->intr && vcpu->run->ready_for_interrupt_injection != 0;
}

void kvm_vcpu_add_apic_details(const struct kvm_vcpu *vcpu, struct vm_exit *exit)
{
    switch (exit->kind) {
    case VM_EXIT_PIO:
    case VM_EXIT_MMIO:
    case VM_EXIT_HALT:
    case VM_EXIT_INTERRUPT_WINDOW:
    case VM_EXIT_TPR:
        if (has_no_lapic(vcpu)) {
            exit->detail[VM_EXIT_DETAIL_CR8] = vcpu->run->cr8;
            exit->detail[VM_EXIT_DETAIL_APIC_BASE] = vcpu->run->apic_base;
            exit->detail_count = 2;
        }
        break;
    case VM_EXIT_INTERRUPTED:
    case VM_EXIT_SHUTDOWN:
    case VM_EXIT_SYSTEM_EVENT:
    case VM_EXIT_FAIL_ENTRY:
    case VM_EXIT_INTERNAL_ERROR:
    case VM_EXIT_RUN_FAILED:
    case VM_EXIT_UNKNOWN:
    case VM_EXIT_EOI: break;
    }
}

/* ---- under the machine's lock ---- */

void kvm_vcpu_set_mp_state(struct kvm_vcpu *vcpu, uint32_t mp_state)
{
    g_mutex_lock(&vcpu->vm->gate);
    vcpu->waits_for_sipi = mp_state == KVM_MP_STATE_UNINITIALIZED;
    vcpu->halted = vcpu->halted_deaf = mp_state == KVM_MP_STATE_HALTED;
    g_cond_broadcast(&vcpu->vm->gate_opened);
    g_mutex_unlock(&vcpu->vm->gate);
}

bool kvm_vcpu_waits_for_sipi(const struct kvm_vm *vm, unsigned index)
{
    return vm->vcpus[index].waits_for_sipi;
}

void kvm_vcpu_set_intr(struct kvm_vm *vm, unsigned index, bool level)
{
    struct kvm_vcpu *vcpu = &vm->vcpus[index];

    trace_kvm_vcpu_intr_changed(index, level);
    g_mutex_lock(&vm->gate);
    vcpu->intr = level;
    if (level) {
        kvm_vcpu_send_out(vcpu);
        g_cond_broadcast(&vm->gate_opened);
    }
    g_mutex_unlock(&vm->gate);
}

void kvm_vcpu_set_cr8(struct kvm_vm *vm, unsigned index, uint8_t cr8)
{
    g_mutex_lock(&vm->gate);
    vm->vcpus[index].cr8 = cr8;
    g_mutex_unlock(&vm->gate);
}

void kvm_interrupt(struct kvm_vm *vm, unsigned index, uint8_t vector)
{
    struct kvm_interrupt interrupt = { .irq = vector };
    GError *error = NULL;

    trace_kvm_interrupt_enter(index, vector);
    if (kvm_ioctl(vm, KVM_VCPU_REQUEST(index, KVM_INTERRUPT, &interrupt), &error, "vector=0x%x",
                  vector) < 0) {
        error_latch_set(vm->options.errors, error);
    }
    trace_kvm_interrupt_leave(error == NULL);
}

void kvm_nmi(struct kvm_vm *vm, unsigned index)
{
    struct kvm_vcpu *vcpu = &vm->vcpus[index];
    GError *error = NULL;

    kvm_vcpus_hold(vm);
    if (kvm_ioctl(vm, KVM_VCPU_REQUEST(index, KVM_NMI, NULL), &error, "%s", "") < 0) {
        error_latch_set(vm->options.errors, error);
    }
    g_mutex_lock(&vm->gate);
    vcpu->halted = false;
    g_cond_broadcast(&vm->gate_opened);
    g_mutex_unlock(&vm->gate);
    kvm_vcpus_release(vm);
}

void kvm_set_ioapic_routes(struct kvm_vm *vm, const struct kvm_msi_route *routes, unsigned count)
{
    struct {
        struct kvm_irq_routing head;
        struct kvm_irq_routing_entry entries[ROUTES_MAX];
    } table = { .head = { .nr = count } };

    GError *error = NULL;

    invariant(count <= ROUTES_MAX);
    for (unsigned i = 0; i < count; i++) {
        table.entries[i].gsi = i;
        table.entries[i].type = KVM_IRQ_ROUTING_MSI;
        table.entries[i].u.msi.address_lo = (uint32_t)routes[i].address;
        table.entries[i].u.msi.address_hi = (uint32_t)(routes[i].address >> 32);
        table.entries[i].u.msi.data = routes[i].data;
    }
    trace_kvm_set_ioapic_routes_enter(count);
    if (kvm_ioctl(vm, KVM_VM_REQUEST(KVM_SET_GSI_ROUTING, &table), &error, "routes=%u", count) <
        0) {
        error_latch_set(vm->options.errors, error);
    }
    trace_kvm_set_ioapic_routes_leave(error == NULL);
}
