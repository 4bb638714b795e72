/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * system32.c - a guest that tries protected mode without paging: limits, gates, hardware tasks, 16-bit code, virtual 8086
 * and real mode. Every accelerator has to print the same.
 *
 * A line is "NAME: none" or "NAME: vector V error E eip +OFFSET cs C flags F" (with "esp -DEPTH ss S" when it came from an
 * outer ring). Reference: Intel SDM 3A chapters 5, 6, 7, 20.
 */
#include "guest.h"

#define FLAGS (1u << 8 | 1u << 9 | 1u << 14 | 1u << 16 | 1u << 17 | 3u << 12)

#define CODE(name, text)                                                          \
    void name(void);                                                              \
    __asm__(".text\n.global " #name "\n" #name ":\n.intel_syntax noprefix\n" text \
            "\nret\n.att_syntax\n")

/* 16-bit code, copied to 7000h; it ends in a far jump back. */
#define CODE16(name, text)                                                         \
    extern const uint8_t name[], name##_end[];                                     \
    __asm__(".section .rodata\n.code16\n.intel_syntax noprefix\n" #name ":\n" text \
            "\n.byte 0xea, 0x00, 0x6f, 0x00, 0x00\n" #name "_end:\n.att_syntax\n.code32\n.text\n")

struct tss32 {
    uint32_t link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi, es, cs, ss, ds, fs, gs, ldt;
    uint16_t trap, io_map;
};

uint64_t idt[256];
static struct tss32 tss, task;
static uint8_t ring0_stack[4096], task_stack[4096];
static uint64_t ldt[4];

static void set_descriptor(unsigned selector, uint32_t base, uint32_t limit, uint16_t type)
{
    gdt[selector / 8] = (limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 |
                        (uint64_t)type << 40 | (uint64_t)(limit >> 16 & 15) << 48 |
                        (uint64_t)(base >> 24) << 56;
}

static void set_gate(unsigned vector, uint16_t selector, uint32_t offset, uint8_t type)
{
    idt[vector] = (offset & 0xffff) | (uint64_t)selector << 16 | (uint64_t)type << 40 |
                  (uint64_t)(offset >> 16) << 48;
}

static void report(const void *code)
{
    bool v86 = (caught.eflags & 1u << 17) != 0;

    print_field("vector", caught.vector);
    if (caught.error != NO_ERROR_CODE) {
        print_field("error", caught.error);
    }
    if (caught.eip - (uint32_t)code < 4096) {
        print_field("eip +", caught.eip - (uint32_t)code);
    } else {
        print_field("eip", caught.eip);
    }
    print_field("cs", caught.cs & 0xffff);
    print_field("flags", caught.eflags & FLAGS);
    if (v86 || (caught.cs & 3) != 0) {
        print_field("ss", caught.ss & 0xffff);
        if (v86) {
            print_field("esp", caught.esp);
            print_field("es", caught.es & 0xffff);
            print_field("ds", caught.ds_pushed & 0xffff);
        }
        print(caught.frame + (v86 ? 36 : 20) == (uint32_t)(ring0_stack + sizeof(ring0_stack))
                  ? " on esp0"
                  : " elsewhere");
    }
    print("\n");
}

static void kernel(const char *name, void (*code)(void))
{
    if (begins(name)) {
        if (attempt(code)) {
            print(" none\n");
        } else {
            report((const void *)code);
        }
    }
}

static void (*user_code)(void);

static void call_user(void)
{
    enter_user(user_code);
}

static void user(const char *name, void (*code)(void))
{
    if (begins(name)) {
        user_code = code;
        (void)attempt(call_user);
        report((const void *)code);
    }
}

static void copy_code16(const uint8_t *code, const uint8_t *end)
{
    uint8_t *to = (uint8_t *)0x7000;

    while (code < end) {
        *to++ = *code++;
    }
}

static void v86(const char *name, const uint8_t *code, const uint8_t *end)
{
    if (begins(name)) {
        copy_code16(code, end);
        (void)attempt(enter_v86);
        report((const void *)0);
    }
}

static void real(const char *name, const uint8_t *code, const uint8_t *end)
{
    if (begins(name)) {
        copy_code16(code, end);
        in_real_mode();
        print_field("eax", real_registers[0]);
        print_field("ebx", real_registers[1]);
        print_field("ecx", real_registers[2]);
        print_field("edx", real_registers[3]);
        print("\n");
    }
}

/* ---- Segments of protected mode ---- */
CODE(beyond_limit, "mov eax, 0x50\n mov ds, eax\n mov al, [0xfff]\n mov al, [0x1000]");
CODE(across_limit, "mov eax, 0x50\n mov ds, eax\n mov eax, [0xffd]");
CODE(write_read_only, "mov eax, 0x58\n mov ds, eax\n mov al, [0]\n mov [0], al");
CODE(read_execute_only, "mov al, cs:[0x100000]\n mov eax, 0x60\n mov ds, eax");
CODE(below_expand_down, "mov eax, 0x68\n mov ds, eax\n mov al, [0x1000]\n mov al, [0xfff]");
CODE(null_data, "xor eax, eax\n mov ds, eax\n mov al, [0]");
CODE(use_ldt,
     "mov eax, 0x78\n lldt ax\n mov eax, 0x0c\n mov ds, eax\n mov al, [0x10]\n mov al, [0x40]");
CODE(call_16_bit, ".byte 0x9a\n .long 0\n .word 0x80");
CODE(jump_to_data, ".byte 0xea\n .long 0\n .word 0x10");
CODE(jump_to_ring3, ".byte 0xea\n .long 0\n .word 0x18");
CODE(bound_range, "push 10\n push 5\n mov eax, 11\n bound eax, [esp]");
CODE(into_overflow, "mov al, 127\n add al, 1\n into");
CODE(
    arpl_lar,
    "mov ax, 0x10\n mov cx, 3\n arpl ax, cx\n lar ecx, ax\n cmp eax, 0x13\n jne 1f\n cmp ecx, 0x00cf9300\n jne 1f\n ud2\n1: nop");
CODE(fpu_absent, "mov eax, cr0\n or eax, 8\n mov cr0, eax\n fnop");
CODE(clear_ts, "clts\n fnop");

/* ---- Ring 3 ---- */
CODE(user_sti, "sti");
CODE(user_divide, "xor ecx, ecx\n div ecx");
CODE(user_call_gate, "push 0x11111111\n push 0x22222222\n .byte 0x9a\n .long 0\n .word 0x88");
CODE(
    gate_target,
    "mov eax, [esp + 8]\n cmp eax, 0x22222222\n jne 1f\n mov eax, [esp + 12]\n cmp eax, 0x11111111\n jne 1f\n ud2\n1: hlt\n jmp 1b");
CODE(user_far_in, ".byte 0x9a\n .long 0\n .word 0x08");
CODE(user_data0, "mov eax, 0x10\n mov ds, eax");
CODE(user_conforming, ".byte 0x9a\n .long conforming_target\n .word 0x90");
CODE(conforming_target, "mov eax, cs\n ud2");

/* ---- Tasks ---- */
CODE(jump_task, ".byte 0xea\n .long 0\n .word 0x40");
CODE(call_task,
     "mov eax, 5\n .byte 0x9a\n .long 0\n .word 0x40\n cmp eax, 5\n jne 1f\n ud2\n1: nop");
CODE(call_task_gate, ".byte 0x9a\n .long 0\n .word 0x98\n ud2");
CODE(interrupt_task, "int 33\n ud2");
CODE(task_undefined, "mov eax, [esp]\n nop\n ud2");
CODE(task_returns, "inc eax\n iretd\n inc ebx\n iretd");

/* ---- 16 bits ---- */
CODE16(v86_int, "nop\n int 0x21");
CODE16(v86_cli, "cli");
CODE16(v86_pushf, "pushf");
CODE16(v86_in, "in al, 0x60");
CODE16(v86_hlt, "hlt");
CODE16(v86_limit, "mov bx, 0xffff\n mov ax, [bx]");
CODE16(v86_undefined, "mov ax, 0x1234\n mov fs, ax\n lldt ax");
CODE16(real_plain, "mov eax, 0x12345678\n mov ebx, cs\n mov ecx, ss\n smsw dx");
CODE16(
    real_wrap,
    "mov ax, 0xffff\n mov es, ax\n mov bx, 0x10\n mov byte ptr [0], 0x5a\n mov al, es:[bx]\n movzx eax, al\n xor ebx, ebx\n xor ecx, ecx\n xor edx, edx");

static void segments(void)
{
    set_descriptor(0x50, 0, 0xfff, 0x4093);   /* byte granular, 32 bits */
    set_descriptor(0x58, 0, 0xfffff, 0xc091); /* read only */
    set_descriptor(0x60, 0, 0xfffff, 0xc099); /* code that can't be read */
    set_descriptor(0x68, 0, 0xfff, 0x4097);   /* expand down */
    set_descriptor(0x78, (uint32_t)ldt, 15, 0x0082);
    set_descriptor(0x80, 0, 0xffff, 0x009b);
    ldt[1] = 0x0040930000000000ull | 0x3f;
    gdt[0x80 / 8] &= ~(1ull << 47); /* not present */
    kernel("beyond the limit", beyond_limit);
    kernel("across the limit", across_limit);
    kernel("write to a read-only segment", write_read_only);
    kernel("code that can't be read as data", read_execute_only);
    kernel("below an expand-down segment", below_expand_down);
    kernel("null segment", null_data);
    kernel("LDT", use_ldt);
    kernel("call of an absent segment", call_16_bit);
    kernel("jump to data", jump_to_data);
    kernel("jump to ring 3", jump_to_ring3);
    kernel("BOUND", bound_range);
    kernel("INTO", into_overflow);
    kernel("ARPL and LAR", arpl_lar);
    kernel("x87 under CR0.TS", fpu_absent);
    kernel("x87 after CLTS", clear_ts);
}

static void tables(void)
{
    for (unsigned vector = 0; vector < 34; vector++) {
        set_gate(vector, 0x08, vector_table[vector], 0x8e);
    }
    tss.esp0 = (uint32_t)(ring0_stack + sizeof(ring0_stack));
    tss.ss0 = 0x10;
    tss.io_map = sizeof(tss);
    set_descriptor(0x28, (uint32_t)&tss, sizeof(tss) - 1, 0x0089);
    __asm__ volatile("lidt idt_pointer; ltr %w0" : : "r"(0x28));
}

static void privileges(void)
{
    user("STI in ring 3", user_sti);
    user("divide in ring 3", user_divide);
    user("data of ring 0 in ring 3", user_data0);
    user("far call inwards", user_far_in);
    set_descriptor(0x90, 0, 0xfffff, 0xc09f);
    user("conforming code", user_conforming);
    gdt[0x88 / 8] = ((uint32_t)gate_target & 0xffff) | 0x08u << 16 | 0xec02ull << 32 |
                    (uint64_t)((uint32_t)gate_target >> 16) << 48;
    if (begins("call gate with two parameters")) {
        user_code = user_call_gate;
        (void)attempt(call_user);
        report((const void *)gate_target);
    }
}

static void set_task(void (*code)(void))
{
    task = (struct tss32){ .eip = (uint32_t)code,
                           .eflags = 2,
                           .esp = (uint32_t)(task_stack + sizeof(task_stack) - 16),
                           .es = 0x10,
                           .cs = 0x08,
                           .ss = 0x10,
                           .ds = 0x10,
                           .io_map = sizeof(task) };
    set_descriptor(0x40, (uint32_t)&task, sizeof(task) - 1, 0x0089);
    set_descriptor(0x28, (uint32_t)&tss, sizeof(tss) - 1, 0x0089);
    __asm__ volatile("ltr %w0; clts" : : "r"(0x28));
}

/* What a switch left in the descriptors and the register. */
static void print_tasks(void)
{
    uint32_t tr;

    if (scenario <= first) {
        return;
    }
    __asm__ volatile("str %0" : "=r"(tr));
    print_field(" TR", tr & 0xffff);
    print_field("type of 28", gdt[5] >> 40 & 15);
    print_field("type of 40", gdt[8] >> 40 & 15);
    print_field("link", task.link & 0xffff);
    print("\n");
}

static void one_task(const char *name, void (*code)(void), void (*in_task)(void))
{
    set_task(in_task);
    if (begins(name)) {
        if (attempt(code)) {
            print(" none\n");
        } else {
            report(caught.eip - (uint32_t)code < 64 ? (const void *)code : (const void *)in_task);
        }
    }
    print_tasks();
}

static void tasks(void)
{
    one_task("jump to a task", jump_task, task_undefined);
    one_task("call of a task that returns", call_task, task_returns);
    one_task("call of a task", call_task, task_undefined);
    gdt[0x98 / 8] = 0x40ull << 16 | 0x85ull << 40;
    one_task("task gate", call_task_gate, task_returns);
    set_gate(33, 0x40, 0, 0x85);
    one_task("interrupt through a task gate", interrupt_task, task_returns);
    set_task(task_undefined);
    set_descriptor(0x40, (uint32_t)&task, 0x66, 0x0089);
    kernel("task with a short TSS", jump_task);
    set_descriptor(0x40, (uint32_t)&task, sizeof(task) - 1, 0x008b);
    kernel("busy task", jump_task);
    set_descriptor(0x40, (uint32_t)&task, sizeof(task) - 1, 0x0009);
    kernel("absent task", jump_task);
    set_task(task_undefined);
    task.trap = 1;
    kernel("task with the debug trap", jump_task);
    set_task(task_undefined);
}

#define V86(text, name)  v86(text, name, name##_end)
#define REAL(text, name) real(text, name, name##_end)

static void sixteen_bits(void)
{
    V86("INT in virtual 8086 mode", v86_int);
    V86("CLI in virtual 8086 mode", v86_cli);
    V86("PUSHF in virtual 8086 mode", v86_pushf);
    V86("IN in virtual 8086 mode", v86_in);
    V86("HLT in virtual 8086 mode", v86_hlt);
    V86("across 64 KiB in virtual 8086 mode", v86_limit);
    V86("LLDT in virtual 8086 mode", v86_undefined);
    user_flags = 3u << 12; /* IOPL 3 */
    V86("INT in virtual 8086 mode with IOPL 3", v86_int);
    user_flags = 0;
    REAL("real mode", real_plain);
    REAL("1 MiB and more in real mode", real_wrap);
}

void guest_main(void);

void guest_main(void)
{
    first = first_scenario();
    tables();
    segments();
    privileges();
    tasks();
    sixteen_bits();
    print("end\n");
}
