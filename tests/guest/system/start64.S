/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * start64.S - takes a multiboot guest into long mode and gives its C code exceptions that can be tried out.
 *
 * attempt(f, stack) runs f; an exception on the way fills "caught" and makes attempt() return. Everything else of a
 * scenario is C. References: Multiboot 0.6.96; Intel SDM 3A 9.8.5 (long mode), 6.14 (exceptions in 64-bit mode).
 */
    .intel_syntax noprefix

    .section .multiboot, "a"
    .align 4
    .long 0x1badb002, 0x00000002, -(0x1badb002 + 0x00000002)

    .text
    .code32
    .global start32
start32:
    cli
    mov esp, offset stack_top
    mov [multiboot_information], ebx
    mov eax, offset page_directory_pointers + 7
    mov [page_map_level_4], eax
    mov eax, offset page_directory + 7
    mov [page_directory_pointers], eax
    mov edi, offset page_directory
    mov eax, 0x87 /* present, writable, user, 2 MiB */
    mov ecx, 512
1:  mov [edi], eax
    add eax, 0x200000
    add edi, 8
    loop 1b
    mov eax, cr4
    or eax, 1 << 5 /* PAE */
    mov cr4, eax
    mov eax, offset page_map_level_4
    mov cr3, eax
    mov ecx, 0xc0000080 /* EFER: LME, NXE, SCE */
    rdmsr
    or eax, 1 << 8 | 1 << 11 | 1 << 0
    wrmsr
    mov eax, cr0
    or eax, 1 << 31 | 1 << 16 /* paging, write protection */
    mov cr0, eax
    lgdt [gdt_pointer]
    .att_syntax
    ljmp $0x08, $start64
    .intel_syntax noprefix

    .code64
start64:
    mov eax, 0x10
    mov ds, eax
    mov es, eax
    mov ss, eax
    xor eax, eax
    mov fs, eax
    mov gs, eax
    mov rsp, offset stack_top
    call guest_main
    mov edx, 0x501 /* isa-debug-exit: status 1 */
    xor eax, eax
    out dx, al
1:  hlt
    jmp 1b

/* bool attempt(void (*code)(void)): false when an exception ended it. */
    .global attempt
attempt:
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
    pushfq
    mov [attempt_stack], rsp
    call rdi
    mov eax, 1
    jmp attempt_end
attempt_failed:
    mov rsp, [attempt_stack]
    mov ecx, 0x10
    mov ds, ecx
    mov es, ecx
    mov ss, ecx
    xor eax, eax
attempt_end:
    popfq
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    ret

/* void in_user_mode(void (*code)(void), selectors): to ring 3 by IRET; it never comes back but by an exception. */
    .global enter_user
enter_user:
    mov eax, 0x23
    mov ds, eax
    mov es, eax
    pushfq
    pop rax
    or rax, [user_flags]
    push 0x23 /* SS: user data, RPL 3 */
    push offset user_stack_top
    push rax
    push rsi /* CS */
    push rdi
    iretq

/* Exceptions: those with an error code have it already. All write what they were into "caught". */
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

exception:
    push rax
    mov rax, [rsp + 8]
    mov [caught], rax
    mov rax, [rsp + 16]
    mov [caught + 8], rax
    mov rax, [rsp + 24]
    mov [caught + 16], rax /* RIP */
    mov rax, [rsp + 32]
    mov [caught + 24], rax /* CS */
    mov rax, [rsp + 40]
    mov [caught + 32], rax /* RFLAGS */
    mov rax, [rsp + 48]
    mov [caught + 40], rax /* RSP */
    mov rax, [rsp + 56]
    mov [caught + 48], rax /* SS */
    mov rax, cr2
    mov [caught + 56], rax
    lea rax, [rsp + 64] /* where the processor began to push */
    mov [caught + 64], rax
    jmp attempt_failed

/* SYSCALL's and SYSENTER's target: vectors that do not exist. */
    .global syscall_entry, sysenter_entry
syscall_entry:
    mov qword ptr [caught], 0x100
    jmp 1f
sysenter_entry:
    mov qword ptr [caught], 0x101
1:  mov qword ptr [caught + 8], 0
    mov [caught + 16], rcx
    mov ax, cs
    movzx eax, ax
    mov [caught + 24], rax
    mov [caught + 32], r11
    mov [caught + 40], rsp
    mov ax, ss
    movzx eax, ax
    mov [caught + 48], rax
    jmp attempt_failed

    .section .rodata
    .global vector_table
    .align 8
vector_table:
    .altmacro
    .macro vector_address number
    .quad vector_\number
    .endm
    .set number, 0
    .rept 34
    vector_address %number
    .set number, number + 1
    .endr
    .noaltmacro

    .data
    .align 8
    .global gdt, user_flags
/* 08 code 64, 10 data, 18 user code 32, 20 user data, 28 user code 64 (SYSRET's order), then what scenarios write. */
gdt:
    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cffb000000ffff, 0x00cff3000000ffff, 0x00affb000000ffff
    .fill 26, 8, 0
gdt_pointer:
    .word . - gdt - 1
    .quad gdt
user_flags:
    .quad 0

    .bss
    .align 4096
    .global page_map_level_4, page_directory_pointers, page_directory
page_map_level_4: .skip 4096
page_directory_pointers: .skip 4096
page_directory: .skip 4096
    .skip 16384
stack_top:
    .skip 8192
    .global user_stack_top
user_stack_top:
    .skip 16
attempt_stack: .skip 8
    .global multiboot_information
multiboot_information: .skip 8
    .global caught
caught: .skip 72
