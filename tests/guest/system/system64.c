/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * system64.c - a guest that tries what user mode can't: each scenario in long mode ends in an exception (or does not)
 * and prints what the handler found. Every accelerator has to print the same.
 *
 * A line is "NAME: none" or "NAME: vector V error E rip +OFFSET cs C ss S flags F rsp -DEPTH cr2 A"; offsets count from
 * the scenario's first instruction and its stack. Reference: Intel SDM 3A chapters 4 to 6, 2A and 2B.
 */
#include "guest.h"

#define KERNEL_CS 0x08
#define USER_CS32 0x1b
#define USER_CS64 0x2b
#define FLAGS     (1u << 8 | 1u << 9 | 1u << 10 | 1u << 14 | 1u << 16 | 1u << 17 | 1u << 18 | 3u << 12)

#define PAGE_PRESENT    1u
#define PAGE_WRITABLE   2u
#define PAGE_USER       4u
#define PAGE_ACCESSED   0x20u
#define PAGE_DIRTY      0x40u
#define PAGE_NO_EXECUTE (1ull << 63)

/* A scenario's instructions, as a function of that name. */
#define CODE(name, text)                                                          \
    void name(void);                                                              \
    __asm__(".text\n.global " #name "\n" #name ":\n.intel_syntax noprefix\n" text \
            "\nret\n.att_syntax\n")

/* Linear addresses with page tables that scenarios write: 1 GiB and on, 4 KiB pages. */
#define TEST_BASE 0x40000000ull

struct tss {
    uint32_t reserved0;
    uint64_t rsp[3], reserved1, ist[7], reserved2;
    uint16_t reserved3, io_map;
    uint8_t io_bits[9];
} __attribute__((packed));

static struct {
    uint64_t low, high;
} idt[256] __attribute__((aligned(16)));

static uint64_t test_directory[512] __attribute__((aligned(4096)));
static uint64_t test_table[512] __attribute__((aligned(4096)));
static uint8_t test_page[8192] __attribute__((aligned(4096)));
static uint8_t ring0_stack[4096] __attribute__((aligned(16)));
static uint8_t ist_stack[4096] __attribute__((aligned(16)));
static struct tss tss;

static void set_gate(unsigned vector, uint64_t handler, uint8_t type, uint8_t ist)
{
    idt[vector].low = (handler & 0xffff) | (uint64_t)KERNEL_CS << 16 | (uint64_t)ist << 32 |
                      (uint64_t)type << 40 | (handler >> 16 & 0xffff) << 48;
    idt[vector].high = handler >> 32;
}

static void load_idt(uint16_t limit)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = { limit, (uint64_t)(uintptr_t)idt };

    __asm__ volatile("lidt %0" : : "m"(pointer));
}

static void load_tss(void)
{
    uint64_t base = (uint64_t)(uintptr_t)&tss;

    gdt[6] =
        (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
    gdt[7] = base >> 32;
    tss.rsp[0] = (uint64_t)(uintptr_t)(ring0_stack + sizeof(ring0_stack));
    tss.ist[0] = (uint64_t)(uintptr_t)(ist_stack + sizeof(ist_stack));
    tss.io_map = (uint16_t)((uint64_t)(uintptr_t)tss.io_bits - base);
    for (unsigned i = 0; i < sizeof(tss.io_bits); i++) {
        tss.io_bits[i] = 0xff;
    }
    __asm__ volatile("ltr %w0" : : "r"(6 * 8));
}

static void load_cr3(void)
{
    uint64_t value;

    __asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r"(value) : : "memory");
}

static void build_tables(void)
{
    for (unsigned vector = 0; vector < 34; vector++) {
        set_gate(vector, vector_table[vector], 0x8e, 0);
    }
    load_idt(34 * 16 - 1);
    load_tss();
    page_directory_pointers[TEST_BASE >> 30] = (uint64_t)(uintptr_t)test_directory | 7;
    test_directory[0] = (uint64_t)(uintptr_t)test_table | 7;
    load_cr3();
    write_msr(0xc0000081, 0x0008ull << 32 | 0x0018ull << 48);  /* STAR */
    write_msr(0xc0000082, (uint64_t)(uintptr_t)syscall_entry); /* LSTAR */
    write_msr(0xc0000083, (uint64_t)(uintptr_t)syscall_entry); /* CSTAR */
    write_msr(0xc0000084, 0x40700);                            /* SFMASK: AC, DF, IF, TF */
}

/* Stacks that the handlers may stand on, by name, so that addresses need not be printed. */
static void print_frame(void)
{
    uint64_t top0 = (uint64_t)(uintptr_t)(ring0_stack + sizeof(ring0_stack));
    uint64_t top_ist = (uint64_t)(uintptr_t)(ist_stack + sizeof(ist_stack));

    if (caught.frame == top0) {
        print(" on rsp0");
    } else if (caught.frame == top_ist) {
        print(" on ist1");
    } else if (caught.frame <= caught.rsp && caught.frame > caught.rsp - 16) {
        print(" on the same stack");
    } else {
        print(" elsewhere");
    }
}

static void report(void (*code)(void), bool ended)
{
    if (ended) {
        print(" none\n");
        return;
    }
    print_field("vector", caught.vector);
    if (caught.error != NO_ERROR_CODE) {
        print_field("error", caught.error);
    }
    if (caught.rip - (uint64_t)(uintptr_t)code < 4096) {
        print_field("rip +", caught.rip - (uint64_t)(uintptr_t)code);
    } else {
        print_field("rip", caught.rip);
    }
    print_field("cs", caught.cs);
    print_field("ss", caught.ss);
    print_field("flags", caught.rflags & FLAGS);
    if (caught.vector < 0x100) {
        print_frame();
    }
    if (caught.vector == 14) {
        print_field("cr2", caught.cr2);
    }
    print("\n");
}

static void (*user_code)(void);
static uint64_t user_cs;

static void call_user(void)
{
    enter_user(user_code, user_cs);
}

static void kernel(const char *name, void (*code)(void))
{
    if (begins(name)) {
        report(code, attempt(code));
    }
}

static void user_in(const char *name, uint64_t cs, void (*code)(void))
{
    user_code = code;
    user_cs = cs;
    if (begins(name)) {
        report(code, attempt(call_user));
    }
}

static void user(const char *name, void (*code)(void))
{
    user_in(name, USER_CS64, code);
}

/* ---- Plain exceptions ---- */
CODE(divide, "xor ecx, ecx\n mov eax, 1\n xor edx, edx\n div ecx");
CODE(divide_overflow, "mov edx, 5\n mov eax, 1\n mov ecx, 2\n div ecx");
CODE(breakpoint, "nop\n int3");
CODE(undefined, "nop\n ud2");
CODE(noncanonical_load, "movabs rax, 0x800000000000\n mov rax, [rax]");
CODE(noncanonical_store, "movabs rax, 0xffff7fffffffffff\n mov [rax], al");
CODE(noncanonical_stack,
     "mov rcx, rsp\n movabs rsp, 0x800000000000\n mov rax, [rsp]\n mov rsp, rcx");
CODE(noncanonical_jump, "movabs rax, 0x800000000000\n jmp rax");
CODE(reserved_cr0, "mov rax, cr0\n bts rax, 40\n mov cr0, rax");
CODE(paging_without_protection, "mov rax, cr0\n btr rax, 0\n mov cr0, rax");
CODE(cr4_without_pae, "mov rax, cr4\n btr rax, 5\n mov cr4, rax");
CODE(reserved_cr4, "mov rax, cr4\n bts rax, 31\n mov cr4, rax");
CODE(reserved_cr8, "mov eax, 0x10\n mov cr8, rax");
CODE(unknown_cr, "mov rax, cr1");
CODE(reserved_msr, "mov ecx, 0x4fffffff\n rdmsr");
CODE(noncanonical_msr, "mov ecx, 0xc0000082\n mov edx, 0x8000\n xor eax, eax\n wrmsr");
CODE(reserved_efer, "mov ecx, 0xc0000080\n rdmsr\n bts eax, 9\n wrmsr");
CODE(leave_long_mode, "mov ecx, 0xc0000080\n rdmsr\n btr eax, 8\n wrmsr");
CODE(lock_on_register, ".byte 0xf0, 0x01, 0xc0");
CODE(lock_on_load, ".byte 0xf0, 0x8b, 0x00");
CODE(push_es, ".byte 0x06");
CODE(interrupt_beyond_idt, "int 0x80");
CODE(long_instruction, ".fill 15, 1, 0x66\n nop\n nop");

/* ---- Segments ---- */
CODE(load_beyond_gdt, "mov eax, 0x1000\n mov ds, eax");
CODE(load_ldt_without, "mov eax, 0x0c\n mov ds, eax");
CODE(load_null_stack, "xor eax, eax\n mov ss, eax");
CODE(load_null_stack_rpl3, "mov eax, 3\n mov ss, eax");
CODE(load_code_as_stack, "mov eax, 0x08\n mov ss, eax");
CODE(load_wrong_rpl_stack, "mov eax, 0x23\n mov ss, eax");
CODE(load_not_present, "mov eax, 0x50\n mov ds, eax");
CODE(load_stack_not_present, "mov eax, 0x50\n mov ss, eax");
CODE(load_system_segment, "mov eax, 0x30\n mov ds, eax");
CODE(load_tss_busy, "mov eax, 0x30\n ltr ax");
CODE(load_tss_data, "mov eax, 0x10\n ltr ax");
CODE(load_ldt_data, "mov eax, 0x10\n lldt ax");
CODE(far_to_data, "push 0x10\n lea rax, [rip]\n push rax\n retfq");
CODE(far_to_null, "push 0\n lea rax, [rip]\n push rax\n retfq");
CODE(far_to_not_present, "push 0x58\n lea rax, [rip]\n push rax\n retfq");
CODE(far_to_long_default, "push 0x60\n lea rax, [rip]\n push rax\n retfq");
CODE(
    iret_to_noncanonical,
    "mov rcx, rsp\n push 0x10\n push rcx\n pushfq\n push 8\n movabs rax, 0x900000000000\n push rax\n iretq");
CODE(iret_to_bad_code,
     "mov rcx, rsp\n push 0x10\n push rcx\n pushfq\n push 0x10\n push rcx\n iretq");
CODE(iret_to_bad_stack,
     "mov rcx, rsp\n push 0x08\n push rcx\n pushfq\n push 0x2b\n push rcx\n iretq");
CODE(
    iret_nested_task,
    "pushfq\n bts dword ptr [rsp], 14\n popfq\n mov rcx, rsp\n push 0x10\n push rcx\n push 2\n push 8\n lea rax, [rip]\n push rax\n iretq");

/* ---- Ring 3 ---- */
CODE(user_halt, "hlt");
CODE(user_cli, "cli");
CODE(user_in_port, "in al, 0x60");
CODE(user_in_allowed, "mov edx, 5\n in al, dx\n ud2");
CODE(user_in_straddles, "mov edx, 4\n in ax, dx\n ud2");
CODE(user_cr0, "mov rax, cr0");
CODE(user_debug_register, "mov rax, dr7");
CODE(user_rdmsr, "xor ecx, ecx\n rdmsr");
CODE(user_lgdt, "lgdt [rsp]");
CODE(user_int_14, "int 14");
CODE(user_int_3_gate, "int 32");
CODE(user_int3, "int3");
CODE(user_divide, "xor ecx, ecx\n div ecx");
CODE(user_undefined, "ud2");
CODE(user_popf,
     "pushfq\n or qword ptr [rsp], 0x3200\n popfq\n pushfq\n pop rax\n and eax, 0x3200\n ud2");
CODE(user_single_step, "pushfq\n or qword ptr [rsp], 0x100\n popfq\n nop\n nop");
CODE(user_alignment, "pushfq\n or qword ptr [rsp], 0x40000\n popfq\n mov eax, [rsp - 7]\n ud2");
CODE(user_syscall, "syscall");
CODE(user_sysenter, "sysenter");
CODE(user_load_kernel_data, "mov eax, 0x10\n mov ds, eax\n ud2");
CODE(user_far_to_kernel, "push 8\n push 0\n retfq");
CODE(user_to_compatibility,
     "push 0x1b\n lea rax, [rip + 3]\n push rax\n retfq\n .byte 0x48, 0x0f, 0x0b");
CODE(compatibility_call_user, ".byte 0x06, 0x07, 0x0f, 0x0b");  /* push es, pop es, ud2 */
CODE(compatibility_into, ".byte 0xb0, 0x7f, 0x04, 0x01, 0xce"); /* mov al, 127; add al, 1; into */
CODE(compatibility_bound,
     "lea eax, [rsp - 16]\n mov dword ptr [rsp - 16], 1\n mov dword ptr [rsp - 12], 2\n"
     ".byte 0x31, 0xc9, 0x62, 0x08"); /* xor ecx, ecx; bound ecx, [eax] */

/* ---- Gates and stacks ---- */
CODE(page_fault_here, "mov eax, 0x40000000\n mov al, [rax]");
CODE(general_protection, "movabs rax, 0x800000000000\n mov rax, [rax]");

CODE(user_call_gate_32,
     "mov dword ptr [rsp - 8], 0\n mov dword ptr [rsp - 4], 0x70\n call far ptr [rsp - 8]\n ud2");
CODE(compatibility_call_gate, ".byte 0x9a, 0, 0, 0, 0, 0x70, 0, 0x0f, 0x0b"); /* call far 0x70:0 */

/* ---- Paging ---- */
CODE(read_test, "mov eax, 0x40000000\n mov al, [rax]");
CODE(write_test, "mov eax, 0x40000000\n mov [rax], al");
CODE(modify_test, "mov eax, 0x40000000\n add byte ptr [rax], 1");
CODE(run_test, "mov eax, 0x40000000\n call rax");
CODE(straddle_test, "mov eax, 0x40000ffe\n mov ecx, [rax]");
CODE(straddle_write_test, "mov eax, 0x40000ffe\n mov [rax], ecx");
CODE(user_read_test, "mov eax, 0x40000000\n mov al, [rax]\n ud2");
CODE(user_write_test, "mov eax, 0x40000000\n mov [rax], al\n ud2");
CODE(user_run_test, "mov eax, 0x40000000\n call rax\n ud2");
CODE(user_push_test, "mov esp, 0x40000004\n push rax\n ud2");
CODE(stac_read_test, "stac\n mov eax, 0x40000000\n mov al, [rax]\n clac");
CODE(push_test, "mov rcx, rsp\n mov esp, 0x40000008\n push rax\n mov rsp, rcx");

/* ---- Debug registers ---- */
CODE(single_step, "pushfq\n or qword ptr [rsp], 0x100\n popfq\n nop\n nop\n");
CODE(single_step_behind_stack_load,
     "pushfq\n or qword ptr [rsp], 0x100\n mov ecx, 0x10\n popfq\n mov ss, ecx\n nop\n nop");
CODE(icebp, ".byte 0xf1");
CODE(debug_general_detect, "mov rax, dr7\n bts rax, 13\n mov dr7, rax\n mov rax, dr0");
CODE(
    debug_write_watch,
    "mov eax, 0x40000010\n mov dr0, rax\n mov rax, 0x000d0001\n mov dr7, rax\n mov ecx, 0x40000010\n mov [rcx], eax\n nop\n nop");
CODE(
    debug_read_watch,
    "mov eax, 0x40000010\n mov dr0, rax\n mov rax, 0x000f0001\n mov dr7, rax\n mov ecx, 0x40000011\n mov al, [rcx]\n nop\n nop");
CODE(debug_run_watch,
     "lea rax, [rip + 1f]\n mov dr0, rax\n mov rax, 0x1\n mov dr7, rax\n nop\n1: nop\n nop");

static void exceptions(void)
{
    kernel("divide by zero", divide);
    kernel("divide overflow", divide_overflow);
    kernel("breakpoint", breakpoint);
    kernel("undefined", undefined);
    kernel("non-canonical load", noncanonical_load);
    kernel("non-canonical store", noncanonical_store);
    set_gate(12, vector_table[12], 0x8e, 1);
    kernel("non-canonical stack", noncanonical_stack);
    set_gate(12, vector_table[12], 0x8e, 0);
    kernel("non-canonical jump", noncanonical_jump);
    kernel("reserved bit of CR0", reserved_cr0);
    kernel("paging without protection", paging_without_protection);
    kernel("CR4 without PAE", cr4_without_pae);
    kernel("reserved bit of CR4", reserved_cr4);
    kernel("reserved bit of CR8", reserved_cr8);
    kernel("CR1", unknown_cr);
    kernel("unknown MSR", reserved_msr);
    kernel("non-canonical LSTAR", noncanonical_msr);
    kernel("reserved bit of EFER", reserved_efer);
    kernel("EFER.LME under paging", leave_long_mode);
    kernel("LOCK with a register", lock_on_register);
    kernel("LOCK with a load", lock_on_load);
    kernel("PUSH ES", push_es);
    kernel("vector beyond the IDT", interrupt_beyond_idt);
    kernel("16 bytes of prefixes", long_instruction);
}

static void segments(void)
{
    gdt[10] = 0x00cf73000000ffff; /* 50: data, not present */
    gdt[11] = 0x00af1b000000ffff; /* 58: code, not present */
    gdt[12] = 0x00ef9b000000ffff; /* 60: code with L and D */
    kernel("selector beyond the GDT", load_beyond_gdt);
    kernel("LDT that is not there", load_ldt_without);
    kernel("null SS", load_null_stack);
    kernel("null SS of ring 3", load_null_stack_rpl3);
    kernel("code as stack", load_code_as_stack);
    kernel("stack with wrong RPL", load_wrong_rpl_stack);
    kernel("DS not present", load_not_present);
    kernel("SS not present", load_stack_not_present);
    kernel("TSS as data", load_system_segment);
    kernel("busy TSS", load_tss_busy);
    kernel("data as TSS", load_tss_data);
    kernel("data as LDT", load_ldt_data);
    kernel("far return to data", far_to_data);
    kernel("far return to null", far_to_null);
    kernel("far return to absent code", far_to_not_present);
    kernel("far return to L and D", far_to_long_default);
    kernel("IRET to a non-canonical address", iret_to_noncanonical);
    kernel("IRET to data", iret_to_bad_code);
    kernel("IRET to a bad stack", iret_to_bad_stack);
    kernel("IRET from a nested task", iret_nested_task);
}

static void privileges(void)
{
    user("HLT in ring 3", user_halt);
    user("CLI in ring 3", user_cli);
    user("IN in ring 3", user_in_port);
    tss.io_bits[0] = 0xdf; /* port 5 */
    user("IN with permission", user_in_allowed);
    user("IN with half a permission", user_in_straddles);
    tss.io_bits[0] = 0xff;
    user("CR0 in ring 3", user_cr0);
    user("DR7 in ring 3", user_debug_register);
    user("RDMSR in ring 3", user_rdmsr);
    user("LGDT in ring 3", user_lgdt);
    user("INT through a gate of ring 0", user_int_14);
    set_gate(32, vector_table[32], 0xee, 0);
    user("INT through a gate of ring 3", user_int_3_gate);
    user("INT3 through a gate of ring 0", user_int3);
    set_gate(3, vector_table[3], 0xef, 0);
    user("INT3 through a gate of ring 3", user_int3);
    user("divide in ring 3", user_divide);
    user("undefined in ring 3", user_undefined);
    user("POPF in ring 3", user_popf);
    user("single step in ring 3", user_single_step);
    user("SYSCALL", user_syscall);
    user("data of ring 0 in ring 3", user_load_kernel_data);
    user("far return inwards", user_far_to_kernel);
    user("to compatibility mode", user_to_compatibility);
    user_in("PUSH ES in compatibility mode", USER_CS32, compatibility_call_user);
    user_in("INTO", USER_CS32, compatibility_into);
}

static void set_cr0_am(void)
{
    uint64_t value;

    __asm__ volatile("mov %%cr0, %0; bts $18, %0; mov %0, %%cr0" : "=&r"(value));
}

static void more_privileges(void)
{
    set_cr0_am();
    user("misaligned under AC", user_alignment);
    set_gate(4, vector_table[4], 0xef, 0);
    user_in("INTO through a gate of ring 3", USER_CS32, compatibility_into);
    user_in("BOUND", USER_CS32, compatibility_bound);
    write_msr(0x174, KERNEL_CS); /* IA32_SYSENTER_CS, ESP, EIP */
    write_msr(0x175, (uint64_t)(uintptr_t)(ring0_stack + sizeof(ring0_stack)));
    write_msr(0x176, (uint64_t)(uintptr_t)sysenter_entry);
    user_in("SYSENTER in compatibility mode", USER_CS32, user_sysenter);
    write_msr(0x174, 0);
    user_in("SYSENTER without a segment", USER_CS32, user_sysenter);
    write_msr(0xc0000080, read_msr(0xc0000080) & ~1ull);
    user("SYSCALL without EFER.SCE", user_syscall);
    write_msr(0xc0000080, read_msr(0xc0000080) | 1);
}

static void call_gates(void)
{
    uint64_t target = vector_table[33];

    gdt[14] = (target & 0xffff) | (uint64_t)KERNEL_CS << 16 | 0xecull << 40 |
              (target >> 16 & 0xffff) << 48;
    gdt[15] = target >> 32;
    user("call gate", user_call_gate_32);
    user_in("call gate from compatibility mode", USER_CS32, compatibility_call_gate);
    gdt[14] &= ~(0x60ull << 40); /* DPL 0 */
    user("call gate of ring 0", user_call_gate_32);
    gdt[14] = (gdt[14] | 0x60ull << 40) & ~(0x80ull << 40);
    user("absent call gate", user_call_gate_32);
    gdt[14] |= 0x80ull << 40;
    gdt[15] |= 0x0000050000000000; /* a type where 64-bit gates have none */
    user("call gate with a type above", user_call_gate_32);
    gdt[15] = 0x8000; /* not canonical */
    user("call gate to a non-canonical address", user_call_gate_32);
}

static void gates(void)
{
    set_gate(13, vector_table[13], 0x8e, 1);
    kernel("#GP on an IST stack", general_protection);
    user("#GP in ring 3 on an IST stack", user_halt);
    set_gate(13, vector_table[13], 0x0e, 0); /* not present: #NP */
    kernel("#GP through an absent gate", general_protection);
    set_gate(13, vector_table[13], 0x8c, 0); /* a call gate */
    kernel("#GP through a wrong gate", general_protection);
    set_gate(14, vector_table[14], 0x0e, 0);
    kernel("#PF through an absent gate", page_fault_here);
    set_gate(14, vector_table[14], 0x8e, 0);
    set_gate(13, vector_table[13], 0x8e, 0);
    tss.rsp[0] = 0x900000000000;
    set_gate(12, vector_table[12], 0x8e, 1);
    user("ring 3 to a non-canonical stack", user_undefined);
    set_gate(12, vector_table[12], 0x8e, 0);
    tss.rsp[0] = TEST_BASE + 16 * 4096; /* nothing there */
    set_gate(8, vector_table[8], 0x8e, 1);
    user("ring 3 to a stack that is not mapped", user_undefined);
    set_gate(8, vector_table[8], 0x8e, 0);
    tss.rsp[0] = (uint64_t)(uintptr_t)(ring0_stack + sizeof(ring0_stack));
}

static void map(uint64_t flags)
{
    test_table[0] = ((uint64_t)(uintptr_t)test_page) | flags;
    load_cr3();
}

static void print_entry(void)
{
    if (scenario <= first) {
        return; /* what it tells of was left out */
    }
    print("  page table entry has");
    print((test_table[0] & PAGE_ACCESSED) != 0 ? " accessed" : " not accessed");
    print((test_table[0] & PAGE_DIRTY) != 0 ? " dirty\n" : " not dirty\n");
}

static void tables(void)
{
    test_page[0] = 0xc3; /* ret */
    map(0);
    kernel("read of nothing", read_test);
    kernel("write of nothing", write_test);
    kernel("run of nothing", run_test);
    user("read of nothing in ring 3", user_read_test);
    map(PAGE_PRESENT);
    kernel("read of a read-only page", read_test);
    print_entry();
    kernel("write of a read-only page", write_test);
    kernel("modify of a read-only page", modify_test);
    print_entry();
    user("read of a supervisor page in ring 3", user_read_test);
    user("run of a supervisor page in ring 3", user_run_test);
    map(PAGE_PRESENT | PAGE_WRITABLE);
    kernel("write of a page", write_test);
    print_entry();
    test_page[0] = 0xc3;
    kernel("run of a page", run_test);
    map(PAGE_PRESENT | PAGE_WRITABLE | PAGE_NO_EXECUTE);
    kernel("run of an NX page", run_test);
    print_entry();
    kernel("page and nothing", straddle_test);
    kernel("write of page and nothing", straddle_write_test);
    map(PAGE_PRESENT | PAGE_USER);
    user("read of a user page in ring 3", user_read_test);
    user("write of a read-only page in ring 3", user_write_test);
    user("push to a read-only page in ring 3", user_push_test);
    test_page[0] = 0xc3;
    user("run of a user page in ring 3", user_run_test);
    map(PAGE_PRESENT | PAGE_USER | PAGE_NO_EXECUTE);
    user("run of an NX page in ring 3", user_run_test);
    map(PAGE_PRESENT | 1ull << 51); /* beyond the physical address: reserved */
    kernel("reserved bit in a page table entry", read_test);
    user("reserved bit in ring 3", user_read_test);
    map(PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER);
    test_directory[0] &= ~(uint64_t)PAGE_WRITABLE;
    load_cr3();
    kernel("write where the directory is read-only", write_test);
    test_directory[0] |= PAGE_WRITABLE;
    load_cr3();
}

static void set_cr4(uint64_t bits, bool on)
{
    uint64_t value;

    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    value = on ? value | bits : value & ~bits;
    __asm__ volatile("mov %0, %%cr4" : : "r"(value) : "memory");
}

/* Bit of CPUID leaf 7, EBX. */
static bool has(unsigned bit)
{
    uint32_t a = 7, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (b >> bit & 1) != 0;
}

/* The first GiB, where the guest itself lies. */
static void let_user_in(bool allowed)
{
    for (unsigned i = 0; i < 512; i++) {
        page_directory[i] =
            allowed ? page_directory[i] | PAGE_USER : page_directory[i] & ~(uint64_t)PAGE_USER;
    }
    load_cr3();
}

static void supervisor_protections(void)
{
    let_user_in(false);
    map(PAGE_PRESENT | PAGE_USER | PAGE_WRITABLE);
    test_page[0] = 0xc3;
    if (has(7)) {
        set_cr4(1u << 20, true);
        kernel("run of a user page under SMEP", run_test);
        set_cr4(1u << 20, false);
    }
    if (has(20)) {
        set_cr4(1u << 21, true);
        kernel("read of a user page under SMAP", read_test);
        kernel("write of a user page under SMAP", write_test);
        set_gate(14, vector_table[14], 0x8e, 1);
        kernel("push to a user page under SMAP", push_test);
        set_gate(14, vector_table[14], 0x8e, 0);
        kernel("read of a user page under SMAP and AC", stac_read_test);
        set_cr4(1u << 21, false);
    }
    let_user_in(true);
}

static void clear_debug(void)
{
    uint64_t zero = 0;

    __asm__ volatile("mov %0, %%dr7; mov %0, %%dr0; mov %1, %%dr6"
                     :
                     : "r"(zero), "r"(0xffff0ff0ull));
}

static void debug(const char *name, void (*code)(void))
{
    uint64_t dr6;

    clear_debug();
    kernel(name, code);
    if (scenario > first) {
        __asm__ volatile("mov %%dr6, %0" : "=r"(dr6));
        print_field(" DR6", dr6);
        print("\n");
    }
    clear_debug();
}

static void debug_exceptions(void)
{
    map(PAGE_PRESENT | PAGE_WRITABLE);
    debug("single step", single_step);
    debug("single step behind MOV SS", single_step_behind_stack_load);
    debug("ICEBP", icebp);
    debug("general detect", debug_general_detect);
    debug("watched write", debug_write_watch);
    debug("watched read", debug_read_watch);
    debug("watched instruction", debug_run_watch);
}

/* Ends the machine: no handler for it, none for what that causes, none for the double fault. */
static void triple_fault(void)
{
    load_idt(0);
    kernel("triple fault", undefined);
    load_idt(34 * 16 - 1);
}

void guest_main(void);

void guest_main(void)
{
    first = first_scenario();
    build_tables();
    exceptions();
    segments();
    privileges();
    more_privileges();
    call_gates();
    gates();
    tables();
    supervisor_protections();
    debug_exceptions();
    triple_fault();
    print("end\n");
}
