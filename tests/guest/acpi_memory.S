/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * acpi_memory.S - a guest that takes DIMMs and gives them back as an operating system's ACPI code does.
 *
 * It switches ACPI on, takes the SCI (ISA interrupt 9), reads GPE0, walks the slots behind the memory hotplug registers
 * at 0xa00, maps and tests new memory, reports _OST, and on an eject request checks that the memory kept its contents,
 * unmaps and ejects it. Processors behind the registers at 0xaf00 it starts by INIT and SIPI, and ejects while they sleep. What it
 * does it prints on the first serial port, a line each.
 *
 * Words on its command line:
 *   slots=N      slots to walk (default 4)
 *   ignore       leaves ACPI off until the console says 'e'
 *   refuse       answers eject requests with _OST "device in use" (until the console says 'a')
 *   block1g      takes only memory whose address and size are multiples of 1 GiB
 *   smp          starts the other processors and counts them
 *   pci          takes PCI functions, too, and gives them back (pci_functions.c)
 * Bytes on its console:
 *   e  enable ACPI          a  accept eject requests      c  check the contents of all memory taken
 *   o  power off (S5)       r  reset (port 0xcf9)         t  triple fault
 *   x  isa-debug-exit 3     (exit status 7)
 *
 * References: Multiboot 0.6.96; Intel SDM 3A chapters 4, 6, 10; 82371AB (PIIX4) chapter 7; 8259A; NS16550A.
 */
    .intel_syntax noprefix

#define COM1                0x3f8
#define GPE0_STATUS         0xafe0
#define GPE0_ENABLE         0xafe2
#define GPE0_PCI            (1 << 1)
#define GPE0_CPU            (1 << 2)
#define GPE0_MEMORY         (1 << 3)
#define SLOT_PORT           0xa00
#define SLOT_OST_EVENT      0xa04
#define SLOT_OST_STATUS     0xa08
#define SLOT_FLAGS          0xa14
#define FLAG_ENABLED        1
#define FLAG_INSERTING      2
#define FLAG_REMOVING       4
#define FLAG_EJECT          8
#define OST_DEVICE_CHECK    1
#define OST_EJECT_REQUEST   3
#define OST_SUCCESS         0
#define OST_FAILURE         1
#define BLOCK_MASK          ((1 << 30) - 1)
#define OST_IN_USE          0x82
#define OST_IN_PROGRESS     0x84
#define PM1_PWRBTN          (1 << 8)
#define SLOTS_MAX           256
#define CHUNK               0x200000 /* memory is mapped and tested in pages of 2 MiB */
#define DIRECTORIES         64       /* page directories for hot-added memory, 1 GiB each */
#define CODE64              8

    .section .multiboot, "a"
    .align 4
    .long 0x1badb002, 0x00000002, -(0x1badb002 + 0x00000002)

    .text
    .code32
    .global start32
start32:
    cli
    mov esp, offset stack_top
    mov [boot_info], ebx
    /* Identity map of the first GiB, long mode (SDM 3A 9.8.5). */
    mov eax, offset pdpt + 3
    mov [pml4], eax
    mov eax, offset first_directory + 3
    mov [pdpt], eax
    mov edi, offset first_directory
    mov eax, 0x83 /* present, writable, 2 MiB */
    mov ecx, 512
1:  mov [edi], eax
    add eax, CHUNK
    add edi, 8
    loop 1b
    mov eax, cr4
    or eax, 1 << 5 /* PAE */
    mov cr4, eax
    mov eax, offset pml4
    mov cr3, eax
    mov ecx, 0xc0000080 /* EFER.LME */
    rdmsr
    or eax, 1 << 8
    wrmsr
    mov eax, cr0
    or eax, 1 << 31
    mov cr0, eax
    lgdt [gdt_pointer]
    .att_syntax
    ljmp $CODE64, $start64
    .intel_syntax noprefix

    .code64
start64:
    xor eax, eax
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov rsp, offset stack_top
    call serial_init
    call interrupts_init
    call read_command_line
    cmp byte ptr [want_pci], 0
    je 1f
    call scan_pci
1:  mov rsi, offset text_hello
    call print
    mov rax, [slot_count]
    call print_number
    call print_newline
    cmp byte ptr [want_smp], 0
    je 1f
    call start_processors
1:  cmp byte ptr [want_ignore], 0
    jne main_loop
    call acpi_enable

main_loop:
    cli
    cmp byte ptr [gpe_pending], 0
    jne 1f
    cmp byte ptr [button_pending], 0
    jne power_off
    call serial_poll
    test al, al
    jnz main_loop
    sti /* takes effect behind hlt: no interrupt is lost between the look and the sleep */
    hlt
    jmp main_loop
1:  mov byte ptr [gpe_pending], 0
    sti
    call walk_slots
    call walk_cpus
    cmp byte ptr [want_pci], 0
    je main_loop
    call walk_pci /* the stack is aligned: nothing is on it */
    jmp main_loop

/* ---- ACPI ---- */

/* Finds PMBASE in function 3 of the PIIX4 (register 0x40), asks for ACPI mode by SMI_CMD, opens the GPEs. */
acpi_enable:
    mov eax, 0x80000b40
    mov dx, 0xcf8
    out dx, eax
    mov dx, 0xcfc
    in eax, dx
    and eax, 0xffc0
    mov [pm_base], eax
    mov al, 0xf1
    out 0xb2, al
    mov edx, eax
    mov edx, [pm_base]
    add edx, 4
1:  in ax, dx
    test al, 1 /* SCI_EN */
    jz 1b
    mov edx, [pm_base]
    add edx, 2
    mov ax, PM1_PWRBTN
    out dx, ax
    mov dx, GPE0_ENABLE
    mov al, [want_pci]
    shl al, 1
    or al, GPE0_MEMORY | GPE0_CPU
    out dx, al
    mov rsi, offset text_acpi
    jmp print

/* S5: SLP_TYP 0, SLP_EN (82371AB 7.1.3). */
power_off:
    mov rsi, offset text_off
    call print
    mov edx, [pm_base]
    add edx, 4
    mov ax, 1 << 13
    out dx, ax
1:  hlt
    jmp 1b

/* Slot ebx gets the answer: event in ecx, status in eax. */
report_ost:
    push rax
    mov dx, SLOT_PORT
    mov eax, ebx
    out dx, eax
    mov dx, SLOT_OST_EVENT
    mov eax, ecx
    out dx, eax
    mov dx, SLOT_OST_STATUS
    pop rax
    out dx, eax
    ret

walk_slots:
    xor ebx, ebx
1:  mov dx, SLOT_PORT
    mov eax, ebx
    out dx, eax
    mov dx, SLOT_FLAGS
    in al, dx
    test al, FLAG_INSERTING
    jz 2f
    call slot_insert
    mov dx, SLOT_FLAGS /* both may be asked before the guest looks */
    in al, dx
2:  test al, FLAG_REMOVING
    jz 3f
    call slot_remove
3:  inc ebx
    cmp ebx, [slot_count]
    jb 1b
    ret

/* Slot ebx: acknowledge, read _CRS and _PXM, map, test, report. */
slot_insert:
    mov dx, SLOT_FLAGS
    mov al, FLAG_INSERTING
    out dx, al
    mov edi, SLOT_PORT
    call read_long
    mov r12, rax
    mov edi, SLOT_PORT + 8
    call read_long
    mov r13, rax
    mov [slot_base + rbx * 8], r12
    mov [slot_size + rbx * 8], r13
    call print_slot
    mov rsi, offset text_inserted
    call print
    mov rax, r12
    call print_hex
    mov rsi, offset text_size
    call print
    mov rax, r13
    call print_hex
    mov rsi, offset text_node
    call print
    mov dx, SLOT_PORT + 16
    in eax, dx
    call print_number
    call print_newline
    cmp byte ptr [want_block1g], 0
    je 1f
    mov rax, r12
    or rax, r13
    test eax, BLOCK_MASK
    jnz slot_misaligned
1:  call map_memory
    call fill_memory
    call check_memory
    test rax, rax
    jnz memory_bad
    call print_slot
    mov rsi, offset text_online
    call print
    mov ecx, OST_DEVICE_CHECK
    mov eax, OST_SUCCESS
    jmp report_ost

/* Slot ebx is left as it is. */
slot_misaligned:
    mov qword ptr [slot_size + rbx * 8], 0
    call print_slot
    mov rsi, offset text_misaligned
    call print
    mov ecx, OST_DEVICE_CHECK
    mov eax, OST_FAILURE
    jmp report_ost

/* Slot ebx: acknowledge, then refuse, or check the contents, unmap, eject. */
slot_remove:
    mov dx, SLOT_FLAGS
    mov al, FLAG_REMOVING
    out dx, al
    call print_slot
    mov rsi, offset text_asked
    call print
    cmp byte ptr [want_refuse], 0
    je 1f
    call print_slot
    mov rsi, offset text_refused
    call print
    mov ecx, OST_EJECT_REQUEST
    mov eax, OST_IN_USE
    jmp report_ost
1:  mov ecx, OST_EJECT_REQUEST
    mov eax, OST_IN_PROGRESS
    call report_ost
    mov r12, [slot_base + rbx * 8]
    mov r13, [slot_size + rbx * 8]
    test r13, r13
    jz 3f /* it was never taken */
    call check_memory
    test rax, rax
    jnz memory_bad
    call unmap_memory
3:  mov qword ptr [slot_size + rbx * 8], 0
    mov dx, SLOT_PORT
    mov eax, ebx
    out dx, eax
    mov dx, SLOT_FLAGS
    mov al, FLAG_EJECT
    out dx, al
    in al, dx
    mov rsi, offset text_ejected
    test al, FLAG_ENABLED
    jz 2f
    mov rsi, offset text_stays
2:  call print_slot
    call print
    mov ecx, OST_EJECT_REQUEST
    mov eax, OST_SUCCESS
    jmp report_ost

/* rax = the 64-bit register pair at port edi. */
read_long:
    mov edx, edi
    add edx, 4
    in eax, dx
    shl rax, 32
    mov rcx, rax
    mov edx, edi
    in eax, dx
    or rax, rcx
    ret

/* ---- memory: base r12, size r13, a multiple of 2 MiB below 512 GiB ---- */

/* rdi = the address of the page directory entry of r14. A missing directory comes from the pool. */
directory_entry:
    mov rax, r14
    shr rax, 30
    mov rdi, [pdpt + rax * 8]
    test rdi, rdi
    jnz 1f
    mov edi, [directories_used]
    cmp edi, DIRECTORIES
    jae out_of_directories
    inc dword ptr [directories_used]
    shl rdi, 12
    add rdi, offset directories + 3
    mov [pdpt + rax * 8], rdi
1:  and rdi, -4096
    mov rax, r14
    shr rax, 21
    and eax, 511
    lea rdi, [rdi + rax * 8]
    ret

map_memory:
    mov r14, r12
1:  call directory_entry
    mov rax, r14
    or rax, 0x83
    mov [rdi], rax
    call next_chunk
    jb 1b
    ret

unmap_memory:
    mov r14, r12
1:  call directory_entry
    mov qword ptr [rdi], 0
    invlpg [r14]
    call next_chunk
    jb 1b
    ret

/* Moves r14 on; below: not at the end yet. */
next_chunk:
    add r14, CHUNK
    mov rax, r12
    add rax, r13
    cmp r14, rax
    ret

/* First and last quadword of each chunk hold their address, inverted. New memory must read as zero. */
fill_memory:
    mov r14, r12
1:  mov rax, [r14]
    or rax, [r14 + CHUNK - 8]
    jnz memory_dirty
    mov rax, r14
    not rax
    mov [r14], rax
    mov [r14 + CHUNK - 8], rax
    call next_chunk
    jb 1b
    ret

/* rax = 0 when all is as filled. */
check_memory:
    mov r14, r12
1:  mov rax, r14
    not rax
    cmp rax, [r14]
    jne 2f
    cmp rax, [r14 + CHUNK - 8]
    jne 2f
    call next_chunk
    jb 1b
    xor eax, eax
    ret
2:  mov eax, 1
    ret

memory_bad:
    mov rsi, offset text_bad
    jmp die
memory_dirty:
    mov rsi, offset text_dirty
    jmp die
out_of_directories:
    mov rsi, offset text_pool
die:
    call print
    mov dx, 0x501
    mov al, 1
    out dx, al
1:  cli
    hlt
    jmp 1b

/* Console 'c': the contents of all slots that are online. */
check_slots:
    xor ebx, ebx
1:  mov r12, [slot_base + rbx * 8]
    mov r13, [slot_size + rbx * 8]
    test r13, r13
    jz 2f
    call check_memory
    test rax, rax
    jnz memory_bad
    call print_slot
    mov rsi, offset text_intact
    call print
2:  inc ebx
    cmp ebx, [slot_count]
    jb 1b
    mov rsi, offset text_checked
    jmp print

#include "processors.inc"

/* ---- interrupts ---- */

interrupts_init:
    mov rdi, offset idt
    mov rax, offset exceptions
    mov ecx, 32
1:  call set_gate
    add rax, 16
    loop 1b
    mov rdi, offset idt + 0x24 * 16
    mov rax, offset serial_interrupt
    call set_gate
    mov rdi, offset idt + 0x29 * 16
    mov rax, offset sci_interrupt
    call set_gate
    lidt [idt_pointer]
    /* 8259 pair: vectors 0x20 and 0x28; IRQ 2, 4 and 9 open; 9 level triggered (ELCR). */
    mov rsi, offset pic_setup
    mov ecx, 11
    xor edx, edx
1:  lodsw
    mov dx, ax
    lodsb
    out dx, al
    loop 1b
    ret

/* An interrupt gate at rdi to rax; rdi moves on. */
set_gate:
    mov [rdi], ax
    mov word ptr [rdi + 2], CODE64
    mov word ptr [rdi + 4], 0x8e00
    mov rdx, rax
    shr rdx, 16
    mov [rdi + 6], rdx
    add rdi, 16
    ret

    .align 16
exceptions:
    .set vector, 0
    .rept 32
    .align 16
    mov eax, vector
    jmp exception
    .set vector, vector + 1
    .endr

exception:
    push rax
    mov rsi, offset text_exception
    call print
    pop rax
    call print_number
    call print_newline
    mov rsi, offset text_empty
    jmp die

/* GPE0 is edge-like for these bits: clear the status first, look at slots and processors afterwards. */
sci_interrupt:
    push rax
    push rdx
    mov dx, GPE0_STATUS
    in al, dx
    and al, GPE0_MEMORY | GPE0_PCI | GPE0_CPU
    jz 1f
    out dx, al
    mov byte ptr [gpe_pending], 1
1:  mov edx, [pm_base]
    in ax, dx
    test ax, PM1_PWRBTN
    jz 2f
    mov ax, PM1_PWRBTN
    out dx, ax
    mov byte ptr [button_pending], 1
2:  mov al, 0x20
    out 0xa0, al
    out 0x20, al
    pop rdx
    pop rax
    iretq

/* Wakes the main loop, which reads the byte; the line is masked by IER until then. */
serial_interrupt:
    push rax
    push rdx
    mov dx, COM1 + 1
    xor eax, eax
    out dx, al
    mov al, 0x20
    out 0x20, al
    pop rdx
    pop rax
    iretq

/* ---- console ---- */

serial_init:
    mov rsi, offset serial_setup
    mov ecx, 7
1:  lodsw
    mov dx, ax
    lodsb
    out dx, al
    loop 1b
    ret

/* Handles one byte if there is one; al = 0 when there was none. */
serial_poll:
    mov dx, COM1 + 5
    in al, dx
    test al, 1
    jz 9f
    mov dx, COM1
    in al, dx
    cmp al, 'e'
    je do_enable
    cmp al, 'a'
    je do_accept
    cmp al, 'c'
    je do_check
    cmp al, 'o'
    je power_off
    cmp al, 'r'
    je do_reset
    cmp al, 't'
    je do_triple_fault
    cmp al, 'x'
    je do_exit
8:  mov al, 1
    ret
9:  mov dx, COM1 + 1
    mov al, 1
    out dx, al
    xor eax, eax
    ret
do_enable:
    call acpi_enable
    jmp 8b
do_accept:
    mov byte ptr [want_refuse], 0
    mov rsi, offset text_accepting
    call print
    jmp 8b
do_check:
    call check_slots
    jmp 8b
do_reset:
    mov dx, 0xcf9
    mov al, 2
    out dx, al
    mov al, 6
    out dx, al
    hlt
do_triple_fault:
    lidt [no_idt]
    ud2
do_exit:
    mov dx, 0x501
    mov al, 3
    out dx, al
    hlt

/* The text at rsi. Changes no register but rsi and rax. */
print:
    push rdx
1:  lodsb
    test al, al
    jz 3f
    push rax
    mov dx, COM1 + 5
2:  in al, dx
    test al, 0x20
    jz 2b
    pop rax
    mov dx, COM1
    out dx, al
    jmp 1b
3:  pop rdx
    ret

print_newline:
    mov rsi, offset text_newline
    jmp print

print_slot:
    push rsi
    mov rsi, offset text_slot
    call print_place
    pop rsi
    ret

/* The word at rsi and the number ebx. */
print_place:
    call print
    mov eax, ebx
    call print_number
    mov rsi, offset text_colon
    jmp print

/* rax in decimal, and in hexadecimal with 0x. */
print_number:
    mov ecx, 10
    jmp print_radix
print_hex:
    push rax
    mov rsi, offset text_0x
    call print
    pop rax
    mov ecx, 16
print_radix:
    mov rsi, offset number_end
1:  xor edx, edx
    div rcx
    mov dl, [digits + rdx]
    dec rsi
    mov [rsi], dl
    test rax, rax
    jnz 1b
    jmp print

/* ---- command line ---- */

read_command_line:
    mov ebx, [boot_info]
    test dword ptr [rbx], 1 << 2
    jz 9f
    mov esi, [rbx + 16]
1:  mov al, [rsi]
    test al, al
    jz 9f
    mov rdi, offset word_slots
    call has_prefix
    jne 2f
    call read_number
    mov [slot_count], rax
2:  mov rdi, offset word_ignore
    call has_prefix
    sete al
    or [want_ignore], al
    mov rdi, offset word_refuse
    call has_prefix
    sete al
    or [want_refuse], al
    mov rdi, offset word_block1g
    call has_prefix
    sete al
    or [want_block1g], al
    mov rdi, offset word_smp
    call has_prefix
    sete al
    or [want_smp], al
    mov rdi, offset word_pci
    call has_prefix
    sete al
    or [want_pci], al
    inc rsi
    jmp 1b
9:  ret

/* Equal when the text at rsi begins with the word at rdi; rdx then points behind it. */
has_prefix:
    mov rdx, rsi
1:  mov al, [rdi]
    test al, al
    jz 2f
    cmp al, [rdx]
    jne 2f
    inc rdi
    inc rdx
    jmp 1b
2:  ret

/* rax = the number at rdx, 1 to SLOTS_MAX. */
read_number:
    xor eax, eax
1:  movzx ecx, byte ptr [rdx]
    sub ecx, '0'
    cmp ecx, 9
    ja 2f
    imul eax, eax, 10
    add eax, ecx
    inc rdx
    jmp 1b
2:  dec eax
    cmp eax, SLOTS_MAX - 1
    jbe 3f
    mov eax, 3
3:  inc eax
    ret

/* ---- data ---- */

    .section .rodata
text_hello:      .asciz "guest: hello, slots "
text_acpi:       .asciz "guest: ACPI enabled\n"
text_off:        .asciz "guest: power off\n"
text_processors: .asciz "guest: processors "
text_slot:       .asciz "slot "
text_cpu:        .asciz "cpu "
text_started:    .asciz "started, APIC ID "
text_asleep:     .asciz "DOES NOT START, APIC ID "
text_colon:      .asciz ": "
text_inserted:   .asciz "inserted, base "
text_size:       .asciz " size "
text_node:       .asciz " node "
text_misaligned: .asciz "misaligned for blocks of 1 GiB\n"
text_online:     .asciz "online, memory tested\n"
text_asked:      .asciz "eject requested\n"
text_refused:    .asciz "refused, in use\n"
text_ejected:    .asciz "ejected\n"
text_stays:      .asciz "eject failed, still enabled\n"
text_intact:     .asciz "memory intact\n"
text_checked:    .asciz "guest: all slots checked\n"
text_accepting:  .asciz "guest: accepting eject requests\n"
text_bad:        .asciz "guest: MEMORY LOST ITS CONTENTS\n"
text_dirty:      .asciz "guest: NEW MEMORY IS NOT ZERO\n"
text_pool:       .asciz "guest: out of page directories\n"
text_exception:  .asciz "guest: EXCEPTION "
text_0x:         .asciz "0x"
text_newline:    .asciz "\n"
text_empty:      .asciz ""
word_slots:      .asciz "slots="
word_ignore:     .asciz "ignore"
word_refuse:     .asciz "refuse"
word_block1g:    .asciz "block1g"
word_smp:        .asciz "smp"
word_pci:        .asciz "pci"
digits:          .ascii "0123456789abcdef"

    .macro port number, value
    .word \number
    .byte \value
    .endm
serial_setup: /* 115200 8n1, FIFOs on, DTR RTS OUT2, receive interrupt */
    port COM1 + 1, 0
    port COM1 + 3, 0x80
    port COM1 + 0, 1
    port COM1 + 1, 0
    port COM1 + 3, 3
    port COM1 + 2, 7
    port COM1 + 4, 0x0b
pic_setup:
    port 0x20, 0x11
    port 0xa0, 0x11
    port 0x21, 0x20
    port 0xa1, 0x28
    port 0x21, 4
    port 0xa1, 2
    port 0x21, 1
    port 0xa1, 1
    port 0x4d1, 2
    port 0x21, 0xeb
    port 0xa1, 0xfd

    .align 8
gdt:
    .quad 0, 0x00209a0000000000 /* 64-bit code, ring 0 */
gdt_pointer:
    .word . - gdt - 1
    .long gdt
no_idt:
    .word 0
    .quad 0
idt_pointer:
    .word 256 * 16 - 1
    .quad idt

    .data
    .align 8
slot_count:       .quad 4
boot_info:        .long 0
pm_base:          .long 0
directories_used: .long 0
gpe_pending:      .byte 0
button_pending:   .byte 0
want_ignore:      .byte 0
    .global want_refuse
want_refuse:      .byte 0
want_pci:         .byte 0
want_block1g:     .byte 0
want_smp:         .byte 0
number:           .skip 32
number_end:       .byte 0

    .bss
    .align 4096
pml4:            .skip 4096
pdpt:            .skip 4096
first_directory: .skip 4096
directories:     .skip 4096 * DIRECTORIES
idt:             .skip 4096
slot_base:       .skip 8 * SLOTS_MAX
slot_size:       .skip 8 * SLOTS_MAX
stack:           .skip 8192
stack_top:
