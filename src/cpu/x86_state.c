/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86_state.c - a vCPU's registers at power-up (Intel SDM volume 3A, table 9-1) and as text. */
#include "cpu/x86_state.h"

#include <inttypes.h>
#include <string.h>

#include "cpu/vm_exit.h"

/* clang-format off */
STATE_DESCRIBE(x86_segment_desc, struct x86_segment, X86_SEGMENT_FIELDS);
STATE_DESCRIBE(x86_state_desc, struct x86_state, X86_STATE_FIELDS);
/* clang-format on */

/* Access rights as in the SDM's VMX segment fields (volume 3C, table 24-2). */
#define RIGHTS_DATA 0x93u /* present, read and write, accessed */
#define RIGHTS_CODE 0x9bu /* present, execute and read, accessed */
#define RIGHTS_LDT  0x82u
#define RIGHTS_TSS  0x8bu /* busy; a vCPU can't be entered with an available one */

#define SIGNATURE_FAMILY_6     0x600u
#define MP_STATE_RUNNABLE      0u
#define MP_STATE_UNINITIALISED 1u
#define APIC_BASE_DEFAULT      0xfee00800ull /* enabled */
#define APIC_BASE_BOOTSTRAP    0x100ull

void x86_state_reset(struct x86_state *state, bool bootstrap)
{
    memset(state, 0, sizeof(*state));
    state->gpr[X86_RDX] = SIGNATURE_FAMILY_6;
    state->rip = 0xfff0;
    state->rflags = 2;
    for (unsigned i = X86_ES; i <= X86_GS; i++) {
        state->segments[i].limit = 0xffff;
        state->segments[i].attributes = RIGHTS_DATA;
    }
    /* The first fetch goes to fffffff0h although the selector says f0000h (SDM 3A 9.1.4). */
    state->segments[X86_CS].attributes = RIGHTS_CODE;
    state->segments[X86_CS].selector = 0xf000;
    state->segments[X86_CS].base = 0xffff0000;
    state->segments[X86_LDTR].limit = 0xffff;
    state->segments[X86_LDTR].attributes = RIGHTS_LDT;
    state->segments[X86_TR].limit = 0xffff;
    state->segments[X86_TR].attributes = RIGHTS_TSS;
    state->gdt_limit = 0xffff;
    state->idt_limit = 0xffff;
    state->cr0 = 0x60000010;
    state->apic_base = APIC_BASE_DEFAULT | (bootstrap ? APIC_BASE_BOOTSTRAP : 0);
    state->mp_state = bootstrap ? MP_STATE_RUNNABLE : MP_STATE_UNINITIALISED;
}

/* O D I T S Z A P C, as far as "info registers" has room for them. */
static void print_flags(uint64_t rflags, GString *out)
{
    static const struct {
        unsigned bit;
        char letter;
    } flags[] = { { 10, 'D' }, { 11, 'O' }, { 7, 'S' }, { 6, 'Z' },
                  { 4, 'A' },  { 2, 'P' },  { 0, 'C' } };

    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
        g_string_append_c(out, (rflags >> flags[i].bit) & 1 ? flags[i].letter : '-');
    }
}

static void print_gprs(const struct x86_state *state, GString *out)
{
    static const struct {
        const char *name;
        unsigned gpr;
    } rows[X86_GPR_COUNT] = {
        { "RAX", X86_RAX }, { "RBX", X86_RBX }, { "RCX", X86_RCX }, { "RDX", X86_RDX },
        { "RSI", X86_RSI }, { "RDI", X86_RDI }, { "RBP", X86_RBP }, { "RSP", X86_RSP },
        { "R8 ", 8 },       { "R9 ", 9 },       { "R10", 10 },      { "R11", 11 },
        { "R12", 12 },      { "R13", 13 },      { "R14", 14 },      { "R15", 15 },
    };

    for (unsigned i = 0; i < X86_GPR_COUNT; i++) {
        g_string_append_printf(out, "%s=%016" PRIx64 "%c", rows[i].name, state->gpr[rows[i].gpr],
                               i % 4 == 3 ? '\n' : ' ');
    }
}

static void print_segments(const struct x86_state *state, GString *out)
{
    static const char *const names[X86_SEGMENT_COUNT] = { "ES ", "CS ", "SS ", "DS ",
                                                          "FS ", "GS ", "LDT", "TR " };

    for (unsigned i = 0; i < X86_SEGMENT_COUNT; i++) {
        const struct x86_segment *segment = &state->segments[i];

        g_string_append_printf(out, "%s=%04x %016" PRIx64 " %08x %08x\n", names[i],
                               segment->selector, segment->base, segment->limit,
                               (segment->attributes & 0xffff) << 8);
    }
    g_string_append_printf(out, "GDT=     %016" PRIx64 " %08x\nIDT=     %016" PRIx64 " %08x\n",
                           state->gdt_base, state->gdt_limit, state->idt_base, state->idt_limit);
}

void x86_state_print(const struct x86_state *state, GString *out)
{
    print_gprs(state, out);
    g_string_append_printf(out, "RIP=%016" PRIx64 " RFL=%08" PRIx64 " [", state->rip,
                           state->rflags);
    print_flags(state->rflags, out);
    g_string_append_printf(out, "] CPL=%u HLT=%d\n", (state->segments[X86_SS].attributes >> 5) & 3,
                           state->mp_state == 3);
    print_segments(state, out);
    g_string_append_printf(out,
                           "CR0=%08" PRIx64 " CR2=%016" PRIx64 " CR3=%016" PRIx64 " CR4=%08" PRIx64
                           " CR8=%" PRIx64 "\n",
                           state->cr0, state->cr2, state->cr3, state->cr4, state->cr8);
    g_string_append_printf(out, "EFER=%016" PRIx64 " APIC_BASE=%016" PRIx64 "\n", state->efer,
                           state->apic_base);
}
