/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * start32.S - a multiboot guest that stays in protected mode without paging, and goes to 16-bit, virtual 8086 and real mode.
 *
 * attempt(code) runs code; an exception on the way fills "caught" and makes attempt() return 0. in_real_mode() runs 16-bit
 * code that lies below 64 KiB. References: Multiboot 0.6.96; Intel SDM 3A 7 (tasks), 9.9 (switching modes).
 */
    .intel_syntax noprefix

    .section .multiboot, "a"
    .align 4
    .long 0x1badb002, 0x00000002, -(0x1badb002 + 0x00000002)

#define REAL_CODE 0x7000 /* in_real_mode()'s copy */
#define REAL_DONE 0x6f00

    .text
    .code32
    .global start32
start32:
    cli
    mov esp, offset stack_top
    mov [multiboot_information], ebx
    lgdt [gdt_pointer]
    .att_syntax
    ljmp $0x08, $1f
    .intel_syntax noprefix
1:  mov eax, 0x10
    mov ds, eax
    mov es, eax
    mov ss, eax
    xor eax, eax
    mov fs, eax
    mov gs, eax
    call guest_main
    mov edx, 0x501 /* isa-debug-exit */
    xor eax, eax
    out dx, al
1:  hlt
    jmp 1b

/* bool attempt(void (*code)(void)): false when an exception ended it. */
    .global attempt
attempt:
    mov eax, [esp + 4]
    push ebx
    push ebp
    push esi
    push edi
    pushfd
    mov [attempt_stack], esp
    call eax
    mov eax, 1
    jmp attempt_end
    .global attempt_failed
attempt_failed:
    mov esp, [attempt_stack]
    mov ecx, 0x10
    mov ss, ecx
    mov ds, ecx
    mov es, ecx
    xor eax, eax
    mov fs, eax
    mov gs, eax
attempt_end:
    popfd
    pop edi
    pop esi
    pop ebp
    pop ebx
    ret

/* void enter_user(void (*code)(void)): to ring 3 by IRET; it never comes back but by an exception. */
    .global enter_user
enter_user:
    mov ecx, [esp + 4]
    mov eax, 0x23
    mov ds, eax
    mov es, eax
    push 0x23
    push offset user_stack_top
    pushfd
    pop eax
    or eax, [user_flags]
    push eax
    push 0x1b
    push ecx
    iretd

/* void enter_v86(address): to virtual 8086 mode at 0700:0000 with the stack 0700:0800. */
    .global enter_v86
enter_v86:
    push 0 /* GS */
    push 0 /* FS */
    push 0x0123 /* DS */
    push 0x0456 /* ES */
    push REAL_CODE / 16 /* SS */
    push 0x800
    pushfd
    pop eax
    or eax, 1 << 17
    or eax, [user_flags]
    push eax
    push REAL_CODE / 16
    push 0
    iretd

    .macro vector_entry number
vector_\number:
    .if !(\number == 8 || (\number >= 10 && \number <= 14) || \number == 17 || \number == 21)
    push 0x5a5a5a5a
    .endif
    push \number
    jmp exception
    .endm
    .altmacro
    .set number, 0
    .rept 34
    vector_entry %number
    .set number, number + 1
    .endr
    .noaltmacro

/* On the stack: vector, error, EIP, CS, EFLAGS, and ESP, SS when it came from an outer ring, and ES, DS, FS, GS when from
 * virtual 8086 mode. */
exception:
    push ecx
    mov ecx, 0x10
    push ds
    mov ds, ecx
    .irp field, 0, 1, 2, 3, 4, 5, 6, 7, 8
    mov ecx, [esp + 8 + 4 * \field]
    mov [caught + 4 * \field], ecx
    .endr
    pop ecx
    mov [caught + 36], ecx /* DS */
    lea ecx, [esp + 12] /* where EIP lies */
    mov [caught + 40], ecx
    jmp attempt_failed

/* void in_real_mode(void): runs REAL_CODE as 16-bit code with paging off and PE clear; it ends with a far jump to
 * 0000:REAL_DONE. What it left in EAX, EBX, ECX, EDX is in real_registers. */
    .global in_real_mode
in_real_mode:
    push ebx
    push ebp
    push esi
    push edi
    mov [real_stack], esp
    mov esi, offset real_trampoline
    mov edi, REAL_DONE
    mov ecx, real_trampoline_end - real_trampoline
    rep movsb
    lidt [real_idt]
    .att_syntax
    ljmp $0x30, $(REAL_DONE + to_real - real_trampoline)
    .intel_syntax noprefix

    .code16
real_trampoline: /* back to protected mode */
    cli
    mov [cs:REAL_DONE + saved - real_trampoline], eax
    mov eax, cr0
    or al, 1
    mov cr0, eax
    .att_syntax
    ljmpl $0x08, $real_back
    .intel_syntax noprefix
to_real: /* with 16-bit segments of 64 KiB */
    mov ax, 0x38
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov eax, cr0
    and al, 0xfe
    mov cr0, eax
    .att_syntax
    ljmp $0, $(REAL_DONE + in_real - real_trampoline)
    .intel_syntax noprefix
in_real:
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov esp, REAL_DONE
    .att_syntax
    ljmp $(REAL_CODE >> 4), $0
    .intel_syntax noprefix
saved: .long 0
real_trampoline_end:

    .code32
real_back:
    mov eax, 0x10
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov eax, [REAL_DONE + saved - real_trampoline]
    mov [real_registers], eax
    mov [real_registers + 4], ebx
    mov [real_registers + 8], ecx
    mov [real_registers + 12], edx
    xor eax, eax
    mov fs, eax
    mov gs, eax
    lidt [idt_pointer]
    mov esp, [real_stack]
    pop edi
    pop esi
    pop ebp
    pop ebx
    ret

    .section .rodata
    .global vector_table
    .align 4
vector_table:
    .altmacro
    .macro vector_address number
    .long vector_\number
    .endm
    .set number, 0
    .rept 34
    vector_address %number
    .set number, number + 1
    .endr
    .noaltmacro
real_idt:
    .word 0x3ff
    .long 0

    .data
    .align 8
    .global gdt, idt_pointer, user_flags
/* 08 code, 10 data, 18 and 20 the same for ring 3, 28 a TSS, 30 16-bit code, 38 16-bit data; what scenarios write. */
gdt:
    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00cffb000000ffff, 0x00cff3000000ffff, 0, 0x00009b000000ffff, 0x000093000000ffff
    .fill 24, 8, 0
gdt_pointer:
    .word . - gdt - 1
    .long gdt
    .align 4
    .word 0
idt_pointer:
    .word 34 * 8 - 1
    .long idt
user_flags: .long 0

    .bss
    .align 4096
    .skip 16384
stack_top:
    .skip 8192
    .global user_stack_top, caught, real_registers, multiboot_information
user_stack_top:
    .skip 16
attempt_stack: .skip 4
real_stack: .skip 4
real_registers: .skip 16
caught: .skip 48
multiboot_information: .skip 4
