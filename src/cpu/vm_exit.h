/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_exit.h - why a vCPU left the guest, as plain data: the same for KVM, a recording and (for what
 * leaves it) the software CPU.
 */
#ifndef REPLUG_CPU_VM_EXIT_H
#define REPLUG_CPU_VM_EXIT_H

#include <stdbool.h>
#include <stdint.h>

enum vm_exit_kind {
    VM_EXIT_INTERRUPTED, /* kicked by us; nothing to do */
    VM_EXIT_PIO,
    VM_EXIT_MMIO,
    VM_EXIT_HALT,             /* only without an in-kernel LAPIC */
    VM_EXIT_SHUTDOWN,         /* triple fault, or KVM_SYSTEM_EVENT_RESET: the machine resets */
    VM_EXIT_SYSTEM_EVENT,     /* detail[0] = type */
    VM_EXIT_FAIL_ENTRY,       /* detail[0] = hardware reason */
    VM_EXIT_INTERNAL_ERROR,   /* detail[0] = suberror, then its data */
    VM_EXIT_RUN_FAILED,       /* KVM_RUN itself failed; detail[0] = errno */
    VM_EXIT_UNKNOWN,          /* detail[0] = exit_reason */
    VM_EXIT_INTERRUPT_WINDOW, /* only with interrupt controllers of our own: it can take one now */
    VM_EXIT_TPR,              /* only with LAPICs of our own: CR8 was lowered */
    VM_EXIT_EOI,              /* only with IOAPICs of our own: detail[0] = vector */
};

#define VM_EXIT_LAST VM_EXIT_EOI

/* With LAPICs of our own, what the vCPU keeps of its LAPIC comes with every exit that can act. */
#define VM_EXIT_DETAIL_CR8       0
#define VM_EXIT_DETAIL_APIC_BASE 1

#define VM_EXIT_DETAIL_MAX 16

struct vm_exit {
    enum vm_exit_kind kind;
    /* PIO: gpa is the port, count units of size bytes (string instructions). MMIO: one unit of size
     * 1 to 8. */
    uint64_t gpa;
    uint8_t size;
    bool is_write;
    uint32_t count;
    uint8_t *data; /* count * size bytes; a read's answer goes here */
    uint32_t detail_count;
    uint64_t detail[VM_EXIT_DETAIL_MAX];
};

/* "pio", "mmio", ... static string. */
static inline const char *vm_exit_kind_name(enum vm_exit_kind kind)
{
    static const char *const names[] = { "interrupted",
                                         "pio",
                                         "mmio",
                                         "halt",
                                         "shutdown",
                                         "system-event",
                                         "fail-entry",
                                         "internal-error",
                                         "run-failed",
                                         "unknown",
                                         "interrupt-window",
                                         "tpr",
                                         "eoi" };

    return names[kind];
}

#endif
