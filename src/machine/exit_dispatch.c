/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exit_dispatch.c - what the machine does for each kind of exit: one table for every accelerator. */
#include <inttypes.h>

#include "base/error.h"
#include "machine/machine_internal.h"
#include "machine/pc_chips.h"

typedef void (*exit_fn)(struct machine *machine, unsigned vcpu, struct vm_exit *exit);

static void exit_interrupted(struct machine *machine, unsigned vcpu, struct vm_exit *exit)
{
    (void)machine;
    (void)vcpu;
    (void)exit;
}

/* String instructions come as count units on one port. */
static void exit_pio(struct machine *machine, unsigned vcpu, struct vm_exit *exit)
{
    (void)vcpu;
    for (uint32_t i = 0; i < exit->count; i++) {
        uint8_t *unit = exit->data + (size_t)i * exit->size;

        if (exit->is_write) {
            (void)address_space_write(machine->io_space, exit->gpa, unit, exit->size);
        } else {
            (void)address_space_read(machine->io_space, exit->gpa, unit, exit->size);
        }
    }
}

/* Unassigned addresses read all-ones and swallow writes; the memory layer traces a guest_error. */
static void exit_mmio(struct machine *machine, unsigned vcpu, struct vm_exit *exit)
{
    (void)vcpu;
    if (exit->is_write) {
        (void)address_space_write(machine->memory_space, exit->gpa, exit->data, exit->size);
    } else {
        (void)address_space_read(machine->memory_space, exit->gpa, exit->data, exit->size);
        machine_exit_read_ram(machine, exit->gpa, exit->data, exit->size);
    }
}

static void exit_interrupt_window(struct machine *machine, unsigned vcpu, struct vm_exit *exit)
{
    (void)exit;
    kvm_chips_interrupt_window(machine, vcpu);
}

static void exit_eoi(struct machine *machine, unsigned vcpu, struct vm_exit *exit)
{
    (void)vcpu;
    kvm_chips_eoi(machine, (uint8_t)exit->detail[0]);
}

static void exit_shutdown(struct machine *machine, unsigned vcpu, struct vm_exit *exit)
{
    (void)vcpu;
    (void)exit;
    machine_request(machine, MACHINE_REQUEST_RESET, true, "guest-reset");
}

/* KVM_SYSTEM_EVENT_SHUTDOWN 1, _RESET 2, _CRASH 3 (KVM API, section 5). */
static void exit_system_event(struct machine *machine, unsigned vcpu, struct vm_exit *exit)
{
    (void)vcpu;
    switch (exit->detail[0]) {
    case 1: machine_request(machine, MACHINE_REQUEST_SHUTDOWN, true, "guest-shutdown"); break;
    case 2: machine_request(machine, MACHINE_REQUEST_RESET, true, "guest-reset"); break;
    default:
        error_latch_set(&machine->errors,
                        g_error_new_literal(REPLUG_ERROR, REPLUG_ERROR_IO, "the guest crashed"));
        machine_request(machine, MACHINE_REQUEST_ERROR, true, "guest-panic");
        break;
    }
}

static void exit_failed(struct machine *machine, unsigned vcpu, struct vm_exit *exit)
{
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_printf(text, "vCPU %u can't go on: %s", vcpu, vm_exit_kind_name(exit->kind));
    for (uint32_t i = 0; i < exit->detail_count; i++) {
        g_string_append_printf(text, " 0x%" PRIx64, exit->detail[i]);
    }
    error_latch_set(&machine->errors,
                    g_error_new_literal(REPLUG_ERROR, REPLUG_ERROR_IO, text->str));
    machine_request(machine, MACHINE_REQUEST_ERROR, true, "internal-error");
}

static const exit_fn exit_table[] = {
    [VM_EXIT_INTERRUPTED] = exit_interrupted,
    [VM_EXIT_PIO] = exit_pio,
    [VM_EXIT_MMIO] = exit_mmio,
    [VM_EXIT_HALT] = exit_interrupted,
    [VM_EXIT_SHUTDOWN] = exit_shutdown,
    [VM_EXIT_SYSTEM_EVENT] = exit_system_event,
    [VM_EXIT_FAIL_ENTRY] = exit_failed,
    [VM_EXIT_INTERNAL_ERROR] = exit_failed,
    [VM_EXIT_RUN_FAILED] = exit_failed,
    [VM_EXIT_UNKNOWN] = exit_failed,
    [VM_EXIT_INTERRUPT_WINDOW] = exit_interrupt_window,
    [VM_EXIT_TPR] = exit_interrupted,
    [VM_EXIT_EOI] = exit_eoi,
};

void exit_dispatch(struct machine *machine, unsigned vcpu, struct vm_exit *exit)
{
    kvm_flush_coalesced_at_exit(machine->kvm);
    kvm_chips_exit_begin(machine, vcpu, exit);
    exit_table[exit->kind](machine, vcpu, exit);
    kvm_chips_exit_end(machine, vcpu);
    /* A device whose interrupt line failed in this turn could not say so: the machine stops. */
    if (error_latch_is_set(&machine->errors)) {
        machine_request(machine, MACHINE_REQUEST_ERROR, true, "internal-error");
    }
}
