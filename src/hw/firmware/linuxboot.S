/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linuxboot.S - an option ROM that boots the kernel that fw_cfg holds: firmware lists it as a boot entry (Plug and Play BIOS
 * Specification 1.0A, section 3) and calls its boot entry vector in real mode.
 *
 * Each part says by three items where it goes, how long it is and what it is. They are fetched by DMA, which reaches memory
 * above 1 MiB from real mode. Then the real-mode part of the kernel is entered (Linux, boot.rst, "Running the Kernel").
 */
    .code16
    .text

    .set FW_CFG_PORT,   0x510
    .set DMA_PORT_HIGH, 0x514
    .set DMA_PORT_LOW,  0x518
    .set DMA_SELECT_READ, 0x0a
    .set DMA_ERROR,     0x01

    .set KERNEL_ADDR,   0x07
    .set INITRD_ADDR,   0x0a
    .set CMDLINE_ADDR,  0x13
    .set SETUP_ADDR,    0x16
    .set KERNEL_DATA,   0x11
    .set INITRD_DATA,   0x12
    .set CMDLINE_DATA,  0x15
    .set SETUP_DATA,    0x18

    /* The DMA command: where a boot sector would be, which nobody uses now. */
    .set COMMAND,       0x7c00

rom:
    .byte 0x55, 0xaa
    .byte 0                     /* size in 512 bytes: tools/gen/option_rom.py */
    mov $0x20, %ax              /* initialization: an initial program load device is attached */
    lret
    .org 0x1a
    .word pnp
    .balign 16
pnp:
    .ascii "$PnP"
    .byte 1                     /* revision */
    .byte 2                     /* length in 16 bytes */
    .word 0                     /* no other header */
    .byte 0
    .byte 0                     /* checksum: tools/gen/option_rom.py */
    .long 0                     /* device identifier */
    .word maker
    .word product
    .byte 0, 0, 0               /* device type */
    .byte 0x04                  /* may be booted from */
    .word 0                     /* boot connection vector */
    .word 0                     /* disconnect vector */
    .word boot
    .word 0
    .word 0                     /* static resource information */
maker:
    .asciz "Replug"
product:
    .asciz "Linux kernel"

boot:
    cli
    cld
    push %cs
    pop %ds
    xor %ax, %ax
    mov %ax, %es                /* the command */
    mov $parts, %si
1:  lodsw                       /* key of the address, key of the data */
    test %al, %al
    jz run
    mov %ax, %bx
    call read_item              /* the address */
    mov %eax, %edi
    inc %bl
    call read_item              /* the size: its key is the next one */
    test %eax, %eax
    jz 1b
    call fetch
    jmp 1b

parts:
    .byte KERNEL_ADDR, KERNEL_DATA
    .byte INITRD_ADDR, INITRD_DATA
    .byte CMDLINE_ADDR, CMDLINE_DATA
    .byte SETUP_ADDR, SETUP_DATA
    .byte 0

/* EAX = the 32-bit item BL. Changes CX, DX. */
read_item:
    mov $FW_CFG_PORT, %dx
    movzbw %bl, %ax
    outw %ax, %dx
    inc %dx
    mov $4, %cx
1:  ror $8, %eax
    inb %dx, %al
    loop 1b
    ror $8, %eax
    ret

/* EAX bytes of item BH to EDI. */
fetch:
    bswap %eax
    mov %eax, %es:COMMAND + 4
    mov %edi, %eax
    bswap %eax
    movl $0, %es:COMMAND + 8
    mov %eax, %es:COMMAND + 12
    movzbl %bh, %eax
    shl $16, %eax
    or $DMA_SELECT_READ, %al
    bswap %eax
    mov %eax, %es:COMMAND
    mov $DMA_PORT_HIGH, %dx
    xor %eax, %eax
    outl %eax, %dx
    mov $DMA_PORT_LOW, %dx
    mov $COMMAND, %eax
    bswap %eax
    outl %eax, %dx              /* this starts it */
1:  mov %es:COMMAND, %eax
    test %eax, %eax
    jz 2f
    bswap %eax
    test $DMA_ERROR, %al
    jz 1b
    int $0x18                   /* no boot from here: the firmware goes on */
2:  ret

run:
    mov $SETUP_ADDR, %bl
    call read_item
    mov %eax, %edi
    mov $CMDLINE_ADDR, %bl
    call read_item
    sub %edi, %eax
    sub $16, %eax               /* the stack ends below the command line */
    shr $4, %edi
    mov %di, %ds
    mov %di, %es
    mov %di, %fs
    mov %di, %gs
    mov %di, %ss
    mov %eax, %esp
    add $0x20, %di              /* the entry: 512 bytes behind the start */
    push %di
    push $0
    lret
