/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvm_exit.c - struct kvm_run after KVM_RUN as a struct vm_exit: one table for every exit reason
 * (KVM API, section 5). The page is shared with the kernel: lengths in it are checked all the same.
 */
#include <string.h>

#include "kvm/kvm_internal.h"

typedef void (*translate_fn)(struct kvm_run *run, uint32_t run_bytes, struct vm_exit *exit);

static void add_detail(struct vm_exit *exit, uint64_t value)
{
    if (exit->detail_count < VM_EXIT_DETAIL_MAX) {
        exit->detail[exit->detail_count++] = value;
    }
}

static void to_unknown(struct kvm_run *run, uint32_t run_bytes, struct vm_exit *exit)
{
    (void)run_bytes;
    exit->kind = VM_EXIT_UNKNOWN;
    add_detail(exit, run->exit_reason);
}

static void to_interrupted(struct kvm_run *run, uint32_t run_bytes, struct vm_exit *exit)
{
    (void)run;
    (void)run_bytes;
    exit->kind = VM_EXIT_INTERRUPTED;
}

static void to_hardware(struct kvm_run *run, uint32_t run_bytes, struct vm_exit *exit)
{
    to_unknown(run, run_bytes, exit);
    add_detail(exit, run->hw.hardware_exit_reason);
}

static void to_pio(struct kvm_run *run, uint32_t run_bytes, struct vm_exit *exit)
{
    uint64_t bytes = (uint64_t)run->io.size * run->io.count;
    uint64_t offset = run->io.data_offset;
    unsigned size = run->io.size;

    if ((size != 1 && size != 2 && size != 4) || bytes == 0 || offset > run_bytes ||
        bytes > run_bytes - offset) {
        to_unknown(run, run_bytes, exit);
        add_detail(exit, size);
        add_detail(exit, run->io.count);
        add_detail(exit, offset);
        return;
    }
    exit->kind = VM_EXIT_PIO;
    exit->gpa = run->io.port;
    exit->size = run->io.size;
    exit->count = run->io.count;
    exit->is_write = run->io.direction == KVM_EXIT_IO_OUT;
    exit->data = (uint8_t *)run + offset;
}

static void to_mmio(struct kvm_run *run, uint32_t run_bytes, struct vm_exit *exit)
{
    if (run->mmio.len == 0 || run->mmio.len > sizeof(run->mmio.data)) {
        to_unknown(run, run_bytes, exit);
        add_detail(exit, run->mmio.len);
        return;
    }
    exit->kind = VM_EXIT_MMIO;
    exit->gpa = run->mmio.phys_addr;
    exit->size = (uint8_t)run->mmio.len;
    exit->count = 1;
    exit->is_write = run->mmio.is_write != 0;
    exit->data = run->mmio.data;
}

static void to_window(struct kvm_run *run, uint32_t run_bytes, struct vm_exit *exit)
{
    (void)run;
    (void)run_bytes;
    exit->kind = VM_EXIT_INTERRUPT_WINDOW;
}

static void to_tpr(struct kvm_run *run, uint32_t run_bytes, struct vm_exit *exit)
{
    (void)run;
    (void)run_bytes;
    exit->kind = VM_EXIT_TPR;
}

static void to_eoi(struct kvm_run *run, uint32_t run_bytes, struct vm_exit *exit)
{
    (void)run_bytes;
    exit->kind = VM_EXIT_EOI;
    add_detail(exit, run->eoi.vector);
}

static void to_halt(struct kvm_run *run, uint32_t run_bytes, struct vm_exit *exit)
{
    (void)run;
    (void)run_bytes;
    exit->kind = VM_EXIT_HALT;
}

static void to_shutdown(struct kvm_run *run, uint32_t run_bytes, struct vm_exit *exit)
{
    (void)run;
    (void)run_bytes;
    exit->kind = VM_EXIT_SHUTDOWN;
}

static void to_system_event(struct kvm_run *run, uint32_t run_bytes, struct vm_exit *exit)
{
    (void)run_bytes;
    exit->kind = VM_EXIT_SYSTEM_EVENT;
    add_detail(exit, run->system_event.type);
    for (uint32_t i = 0; i < MIN(run->system_event.ndata, G_N_ELEMENTS(run->system_event.data));
         i++) {
        add_detail(exit, run->system_event.data[i]);
    }
}

static void to_fail_entry(struct kvm_run *run, uint32_t run_bytes, struct vm_exit *exit)
{
    (void)run_bytes;
    exit->kind = VM_EXIT_FAIL_ENTRY;
    add_detail(exit, run->fail_entry.hardware_entry_failure_reason);
}

static void to_internal_error(struct kvm_run *run, uint32_t run_bytes, struct vm_exit *exit)
{
    (void)run_bytes;
    exit->kind = VM_EXIT_INTERNAL_ERROR;
    add_detail(exit, run->internal.suberror);
    for (uint32_t i = 0; i < MIN(run->internal.ndata, G_N_ELEMENTS(run->internal.data)); i++) {
        add_detail(exit, run->internal.data[i]);
    }
}

/* Nothing here switches on single steps or breakpoints. */
static void to_debug(struct kvm_run *run, uint32_t run_bytes, struct vm_exit *exit)
{
    to_unknown(run, run_bytes, exit);
    add_detail(exit, run->debug.arch.pc);
    add_detail(exit, run->debug.arch.dr6);
}

static void to_msr(struct kvm_run *run, uint32_t run_bytes, struct vm_exit *exit)
{
    to_unknown(run, run_bytes, exit);
    add_detail(exit, run->msr.index);
}

/* A reason without a row is unknown. */
static const translate_fn exit_rows[] = {
    [KVM_EXIT_UNKNOWN] = to_hardware,
    [KVM_EXIT_IO] = to_pio,
    [KVM_EXIT_DEBUG] = to_debug,
    [KVM_EXIT_HLT] = to_halt,
    [KVM_EXIT_MMIO] = to_mmio,
    [KVM_EXIT_IRQ_WINDOW_OPEN] = to_window,
    [KVM_EXIT_SHUTDOWN] = to_shutdown,
    [KVM_EXIT_FAIL_ENTRY] = to_fail_entry,
    [KVM_EXIT_INTR] = to_interrupted,
    [KVM_EXIT_SET_TPR] = to_tpr,
    [KVM_EXIT_INTERNAL_ERROR] = to_internal_error,
    [KVM_EXIT_SYSTEM_EVENT] = to_system_event,
    [KVM_EXIT_IOAPIC_EOI] = to_eoi,
    [KVM_EXIT_X86_RDMSR] = to_msr,
    [KVM_EXIT_X86_WRMSR] = to_msr,
};

bool kvm_exit_translate(struct kvm_run *run, uint32_t run_bytes, struct vm_exit *out_exit)
{
    uint32_t reason = run->exit_reason;
    translate_fn translate = reason < G_N_ELEMENTS(exit_rows) ? exit_rows[reason] : NULL;

    memset(out_exit, 0, sizeof(*out_exit));
    (translate != NULL ? translate : to_unknown)(run, run_bytes, out_exit);
    return reason == KVM_EXIT_IO || reason == KVM_EXIT_MMIO || reason == KVM_EXIT_X86_RDMSR ||
           reason == KVM_EXIT_X86_WRMSR || reason == KVM_EXIT_HYPERCALL;
}
