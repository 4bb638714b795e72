/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * chips.h - what guests that try interrupts share: the IOAPIC, the local APIC, handlers that note what they see.
 *
 * Reference: 82093AA datasheet; Intel SDM 3A 10.
 */
#ifndef CHIPS_H
#define CHIPS_H

#include "guest.h"

#define LAPIC_BASE  0xfee00000u
#define IOAPIC_BASE 0xfec00000u
#define PIN         4u    /* of the serial port */
#define VECTOR      0x40u /* and seven behind it */
#define VECTORS     8u

#define ENTRY_LEVEL  0x8000u
#define ENTRY_RIRR   0x4000u
#define ENTRY_MASKED 0x10000u

static struct {
    uint64_t low, high;
} idt[256] __attribute__((aligned(16)));

static uint64_t device_directory[512] __attribute__((aligned(4096)));

/* ---- the chips ---- */

static inline volatile uint32_t *at(uint32_t address)
{
    return (volatile uint32_t *)(uintptr_t)address;
}

static inline uint32_t ioapic_read(unsigned index)
{
    *at(IOAPIC_BASE) = index;
    return *at(IOAPIC_BASE + 0x10);
}

static inline void ioapic_write(unsigned index, uint32_t value)
{
    *at(IOAPIC_BASE) = index;
    *at(IOAPIC_BASE + 0x10) = value;
}

static inline void set_pin(unsigned pin, uint32_t low)
{
    ioapic_write(0x11 + 2 * pin, 0);
    ioapic_write(0x10 + 2 * pin, low);
}

static inline uint32_t pin_entry(unsigned pin)
{
    return ioapic_read(0x10 + 2 * pin);
}

static inline void end_of_interrupt(void)
{
    *at(LAPIC_BASE + 0xb0) = 0;
}

static inline bool lapic_bit(unsigned base, unsigned vector)
{
    return (*at(LAPIC_BASE + base + vector / 32 * 16) >> vector % 32 & 1) != 0;
}

static inline void raise(void)
{
    out8(0x3f9, 2);
}

static inline void lower(void)
{
    out8(0x3f9, 0);
}

/* ---- handlers ---- */

static volatile unsigned counts[VECTORS], nmis;
static volatile unsigned watched_pin;

static volatile struct {
    bool remote_irr, in_service, trigger_mode;
} seen;

/* What the handler does before its EOI, and behind it. */
static void (*volatile before_eoi)(void), (*volatile after_eoi)(void);

static inline void take(unsigned number)
{
    counts[number]++;
    seen.remote_irr = (pin_entry(watched_pin) & ENTRY_RIRR) != 0;
    seen.in_service = lapic_bit(0x100, VECTOR + number);
    seen.trigger_mode = lapic_bit(0x180, VECTOR + number);
    if (before_eoi != 0) {
        before_eoi();
    }
    end_of_interrupt();
    if (after_eoi != 0) {
        after_eoi();
    }
}

struct frame;
#define HANDLER(number)                                                          \
    __attribute__((interrupt)) static void handler_##number(struct frame *frame) \
    {                                                                            \
        (void)frame;                                                             \
        take(number);                                                            \
    }

HANDLER(0)

HANDLER(1)

HANDLER(2)
HANDLER(3)

__attribute__((interrupt)) static void nmi_handler(struct frame *frame)
{
    (void)frame;
    nmis++;
}

__attribute__((interrupt)) static void spurious_handler(struct frame *frame)
{
    (void)frame;
}

static inline void set_gate(unsigned vector, uint64_t handler)
{
    idt[vector].low =
        (handler & 0xffff) | 8u << 16 | 0x8eull << 40 | (handler >> 16 & 0xffff) << 48;
    idt[vector].high = handler >> 32;
}

static inline void build(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = { sizeof(idt) - 1, (uint64_t)(uintptr_t)idt };

    set_gate(VECTOR, (uint64_t)(uintptr_t)handler_0);
    set_gate(VECTOR + 1, (uint64_t)(uintptr_t)handler_1);
    set_gate(VECTOR + 2, (uint64_t)(uintptr_t)handler_2);
    set_gate(VECTOR + 3, (uint64_t)(uintptr_t)handler_3);
    set_gate(2, (uint64_t)(uintptr_t)nmi_handler);
    set_gate(0xff, (uint64_t)(uintptr_t)spurious_handler);
    __asm__ volatile("lidt %0" : : "m"(pointer));
    for (unsigned i = 0; i < 512; i++) { /* 3 GiB to 4 GiB, uncached */
        device_directory[i] = 0xc0000000u + ((uint64_t)i << 21) + 0x9b;
    }
    page_directory_pointers[3] = (uint64_t)(uintptr_t)device_directory | 3;
    out8(0x21, 0xff);
    out8(0xa1, 0xff);
    out8(0x3fc, 8);
    *at(LAPIC_BASE + 0xf0) = 0x1ff;
    *at(LAPIC_BASE + 0x80) = 0;
}

/* Whether it is its turn; then nothing has happened yet. */
static inline bool begins_anew(const char *name)
{
    if (!begins(name)) {
        return false;
    }
    for (unsigned i = 0; i < VECTORS; i++) {
        counts[i] = 0;
    }
    nmis = 0;
    seen.remote_irr = seen.in_service = seen.trigger_mode = false;
    before_eoi = after_eoi = 0;
    watched_pin = PIN;
    return true;
}

/* Long enough for anything that is on its way: each access of a port leaves the guest. */
static inline void let_interrupts_in(void)
{
    __asm__ volatile("sti");
    for (unsigned i = 0; i < 50; i++) {
        (void)in8(0x80);
    }
    __asm__ volatile("cli");
}

static inline void print_seen(void)
{
    print_field("RIRR", seen.remote_irr);
    print_field("ISR", seen.in_service);
    print_field("TMR", seen.trigger_mode);
}

/* For what a handler finds on the way. */
static volatile uint32_t entry_in_handler;

#endif
