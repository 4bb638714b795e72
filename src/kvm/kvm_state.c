/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvm_state.c - struct x86_state to and from KVM's own register structs. */
#include <inttypes.h>
#include <string.h>

#include "base/invariant.h"
#include "cpu/x86_state.h"
#include "kvm/kvm_internal.h"
#include "trace/trace.h"

/* Bits of x86_segment.attributes. */
#define ATTRIBUTE_UNUSABLE (1u << 16)

static struct x86_segment segment_from_kvm(const struct kvm_segment *from)
{
    return (struct x86_segment){
        .base = from->base,
        .limit = from->limit,
        .selector = from->selector,
        .attributes = (from->type & 15u) | (from->s & 1u) << 4 | (from->dpl & 3u) << 5 |
                      (from->present & 1u) << 7 | (from->avl & 1u) << 12 | (from->l & 1u) << 13 |
                      (from->db & 1u) << 14 | (from->g & 1u) << 15 |
                      (from->unusable ? ATTRIBUTE_UNUSABLE : 0),
    };
}

static struct kvm_segment segment_to_kvm(const struct x86_segment *from)
{
    uint32_t bits = from->attributes;

    return (struct kvm_segment){
        .base = from->base,
        .limit = from->limit,
        .selector = from->selector,
        .type = bits & 15,
        .s = bits >> 4 & 1,
        .dpl = bits >> 5 & 3,
        .present = bits >> 7 & 1,
        .avl = bits >> 12 & 1,
        .l = bits >> 13 & 1,
        .db = bits >> 14 & 1,
        .g = bits >> 15 & 1,
        .unusable = (bits & ATTRIBUTE_UNUSABLE) != 0,
    };
}

static void regs_from_kvm(const struct kvm_regs *from, struct x86_state *to)
{
    const uint64_t gpr[X86_GPR_COUNT] = { from->rax, from->rcx, from->rdx, from->rbx,
                                          from->rsp, from->rbp, from->rsi, from->rdi,
                                          from->r8,  from->r9,  from->r10, from->r11,
                                          from->r12, from->r13, from->r14, from->r15 };

    memcpy(to->gpr, gpr, sizeof(gpr));
    to->rip = from->rip;
    to->rflags = from->rflags;
}

static struct kvm_regs regs_to_kvm(const struct x86_state *from)
{
    const uint64_t *gpr = from->gpr;

    return (struct kvm_regs){
        .rax = gpr[X86_RAX],
        .rcx = gpr[X86_RCX],
        .rdx = gpr[X86_RDX],
        .rbx = gpr[X86_RBX],
        .rsp = gpr[X86_RSP],
        .rbp = gpr[X86_RBP],
        .rsi = gpr[X86_RSI],
        .rdi = gpr[X86_RDI],
        .r8 = gpr[8],
        .r9 = gpr[9],
        .r10 = gpr[10],
        .r11 = gpr[11],
        .r12 = gpr[12],
        .r13 = gpr[13],
        .r14 = gpr[14],
        .r15 = gpr[15],
        .rip = from->rip,
        .rflags = from->rflags,
    };
}

static void sregs_from_kvm(const struct kvm_sregs *from, struct x86_state *to)
{
    const struct kvm_segment *const segments[X86_SEGMENT_COUNT] = {
        &from->es, &from->cs, &from->ss, &from->ds, &from->fs, &from->gs, &from->ldt, &from->tr,
    };

    for (unsigned i = 0; i < X86_SEGMENT_COUNT; i++) {
        to->segments[i] = segment_from_kvm(segments[i]);
    }
    to->gdt_base = from->gdt.base;
    to->gdt_limit = from->gdt.limit;
    to->idt_base = from->idt.base;
    to->idt_limit = from->idt.limit;
    to->cr0 = from->cr0;
    to->cr2 = from->cr2;
    to->cr3 = from->cr3;
    to->cr4 = from->cr4;
    to->cr8 = from->cr8;
    to->efer = from->efer;
    to->apic_base = from->apic_base;
}

/* No interrupt is left waiting for injection: interrupt_bitmap stays empty. */
static struct kvm_sregs sregs_to_kvm(const struct x86_state *from)
{
    struct kvm_sregs to = {
        .gdt = { .base = from->gdt_base, .limit = (uint16_t)from->gdt_limit },
        .idt = { .base = from->idt_base, .limit = (uint16_t)from->idt_limit },
        .cr0 = from->cr0,
        .cr2 = from->cr2,
        .cr3 = from->cr3,
        .cr4 = from->cr4,
        .cr8 = from->cr8,
        .efer = from->efer,
        .apic_base = from->apic_base,
    };
    struct kvm_segment *const segments[X86_SEGMENT_COUNT] = {
        &to.es, &to.cs, &to.ss, &to.ds, &to.fs, &to.gs, &to.ldt, &to.tr,
    };

    for (unsigned i = 0; i < X86_SEGMENT_COUNT; i++) {
        *segments[i] = segment_to_kvm(&from->segments[i]);
    }
    return to;
}

/* KVM knows no such state of a vCPU without a LAPIC: it is the gate's then. */
static bool load_mp_state(struct kvm_vm *vm, unsigned index, uint32_t value, GError **error)
{
    struct kvm_mp_state mp_state = { .mp_state = value };

    if (vm->options.irqchip == KVM_IRQCHIP_OFF) {
        kvm_vcpu_set_mp_state(&vm->vcpus[index], value);
        return true;
    }
    return kvm_ioctl(vm, KVM_VCPU_REQUEST(index, KVM_SET_MP_STATE, &mp_state), error, "mp_state=%u",
                     value) >= 0;
}

/* Whether it is halted is a matter of the threads' speed there, so it counts as running. */
static bool save_mp_state(struct kvm_vm *vm, unsigned index, uint32_t *out_value, GError **error)
{
    struct kvm_mp_state mp_state = { 0 };

    if (vm->options.irqchip == KVM_IRQCHIP_OFF) {
        *out_value =
            kvm_vcpu_waits_for_sipi(vm, index) ? KVM_MP_STATE_UNINITIALIZED : KVM_MP_STATE_RUNNABLE;
        return true;
    }
    if (kvm_ioctl(vm, KVM_VCPU_REQUEST(index, KVM_GET_MP_STATE, &mp_state), error, "%s", "") < 0) {
        return false;
    }
    *out_value = mp_state.mp_state;
    return true;
}

bool kvm_vcpu_load(struct kvm_vm *vm, unsigned index, const struct x86_state *state, GError **error)
{
    struct kvm_regs regs = regs_to_kvm(state);
    struct kvm_sregs sregs = sregs_to_kvm(state);

    invariant(vm->vcpus[index].plugged);
    invariant(vm->holds > 0);
    if (!kvm_vcpu_complete_io(&vm->vcpus[index], true, error) ||
        kvm_ioctl(vm, KVM_VCPU_REQUEST(index, KVM_SET_SREGS, &sregs), error,
                  "cr0=0x%" PRIx64 ", cr3=0x%" PRIx64 ", cr4=0x%" PRIx64 ", efer=0x%" PRIx64,
                  state->cr0, state->cr3, state->cr4, state->efer) < 0 ||
        kvm_ioctl(vm, KVM_VCPU_REQUEST(index, KVM_SET_REGS, &regs), error,
                  "rip=0x%" PRIx64 ", rflags=0x%" PRIx64, state->rip, state->rflags) < 0 ||
        !load_mp_state(vm, index, state->mp_state, error)) {
        return false;
    }
    trace_kvm_vcpu_loaded(index, state->rip, state->mp_state);
    return true;
}

bool kvm_vcpu_save(struct kvm_vm *vm, unsigned index, struct x86_state *out_state, GError **error)
{
    struct x86_state state = { 0 };
    struct kvm_regs regs = { 0 };
    struct kvm_sregs sregs = { 0 };
    uint32_t mp_state = 0;

    invariant(vm->vcpus[index].plugged);
    invariant(vm->holds > 0);
    if (!kvm_vcpu_complete_io(&vm->vcpus[index], false, error) ||
        kvm_ioctl(vm, KVM_VCPU_REQUEST(index, KVM_GET_REGS, &regs), error, "%s", "") < 0 ||
        kvm_ioctl(vm, KVM_VCPU_REQUEST(index, KVM_GET_SREGS, &sregs), error, "%s", "") < 0 ||
        !save_mp_state(vm, index, &mp_state, error)) {
        return false;
    }
    regs_from_kvm(&regs, &state);
    sregs_from_kvm(&sregs, &state);
    state.mp_state = mp_state;
    *out_state = state;
    return true;
}
