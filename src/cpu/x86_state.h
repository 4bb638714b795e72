/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x86_state.h - the registers of one vCPU as the accelerators load and save them (Intel SDM volume
 * 3A, chapters 2 and 3).
 */
#ifndef REPLUG_CPU_X86_STATE_H
#define REPLUG_CPU_X86_STATE_H

#include "state/state.h"

enum x86_gpr {
    X86_RAX,
    X86_RCX,
    X86_RDX,
    X86_RBX,
    X86_RSP,
    X86_RBP,
    X86_RSI,
    X86_RDI,
    X86_R8,
    X86_GPR_COUNT = 16
};

enum x86_segment_index {
    X86_ES,
    X86_CS,
    X86_SS,
    X86_DS,
    X86_FS,
    X86_GS,
    X86_LDTR,
    X86_TR,
    X86_SEGMENT_COUNT
};

struct x86_segment {
    uint64_t base;
    uint32_t limit;      /* bytes - 1, granularity applied */
    uint32_t attributes; /* descriptor bits 40-55 as in VMX access rights: type 0-3, S 4, DPL 5-6, P
                            7, AVL 12, L 13, DB 14, G 15; unusable 16 */
    uint16_t selector;
    uint8_t pad[6];
};

#define X86_SEGMENT_FIELDS(FIELD, NESTED, T) \
    FIELD(T, base) FIELD(T, limit) FIELD(T, attributes) FIELD(T, selector) FIELD(T, pad)
STATE_DECLARE(x86_segment_desc, struct x86_segment);

struct x86_state {
    uint64_t gpr[X86_GPR_COUNT]; /* in encoding order: rax rcx rdx rbx rsp rbp rsi rdi r8 ... r15 */
    uint64_t rip;
    uint64_t rflags;
    struct x86_segment segments[X86_SEGMENT_COUNT];
    uint64_t gdt_base, idt_base;
    uint64_t cr0, cr2, cr3, cr4, cr8;
    uint64_t efer;
    uint64_t apic_base;
    uint32_t gdt_limit, idt_limit;
    uint32_t mp_state; /* KVM_MP_STATE_*: 0 runnable, 1 uninitialised (waits for INIT and SIPI), 3
                          halted */
    uint32_t pad;
};

/* clang-format off */
#define X86_STATE_FIELDS(FIELD, NESTED, T) \
    FIELD(T, gpr) FIELD(T, rip) FIELD(T, rflags) NESTED(T, segments, x86_segment_desc) \
    FIELD(T, gdt_base) FIELD(T, idt_base) \
    FIELD(T, cr0) FIELD(T, cr2) FIELD(T, cr3) FIELD(T, cr4) FIELD(T, cr8) \
    FIELD(T, efer) FIELD(T, apic_base) FIELD(T, gdt_limit) FIELD(T, idt_limit) \
    FIELD(T, mp_state) FIELD(T, pad)
/* clang-format on */
STATE_DECLARE(x86_state_desc, struct x86_state);

/* Power-up or INIT state (SDM 3A table 9-1): real mode, CS:IP f000:fff0. bootstrap: runnable; else
 * waiting for SIPI. */
void x86_state_reset(struct x86_state *state, bool bootstrap);

/* "info registers", one vCPU. */
void x86_state_print(const struct x86_state *state, GString *out);

#endif
