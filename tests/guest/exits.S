/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exits.S - a guest that does nothing but leave: 100 000 times a write of the CMOS index and a read of its data, then isa-debug-exit. */
    .intel_syntax noprefix

#define ROUNDS 100000

    .section .multiboot, "a"
    .align 4
    .long 0x1badb002, 0x00000002, -(0x1badb002 + 0x00000002)

    .text
    .code32
    .global start32
start32:
    mov ecx, ROUNDS
1:  mov al, 0x0a
    out 0x70, al
    in al, 0x71
    dec ecx
    jnz 1b
    out 0xf4, al
    hlt
