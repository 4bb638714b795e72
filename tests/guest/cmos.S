/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmos.S - a guest that looks at the clock: 3000 times hours, minutes and seconds of the CMOS, then isa-debug-exit. */
    .intel_syntax noprefix

#define ROUNDS 3000

    .section .multiboot, "a"
    .align 4
    .long 0x1badb002, 0x00000002, -(0x1badb002 + 0x00000002)

    .text
    .code32
    .global start32
start32:
    mov ecx, ROUNDS
1:  mov bl, 4 /* hours, minutes, seconds: registers 4, 2, 0 */
2:  mov al, bl
    out 0x70, al
    in al, 0x71
    sub bl, 2
    jns 2b
    dec ecx
    jnz 1b
    out 0xf4, al
    hlt
