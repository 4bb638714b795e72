/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * interrupts.c - a guest that tries the pins of the IOAPIC: edge and level, masks, priorities, EOIs. Every accelerator, with each
 * kind of interrupt controllers, has to print the same.
 *
 * The serial port's THRE interrupt is the level at pin 4: interrupt enable bit 1 raises and lowers it.
 * A line is "NAME: count N ..." with what the handler saw.
 */
#include "chips.h"

static void report_pin(unsigned number)
{
    uint32_t entry = pin_entry(PIN);

    lower();
    print_field("count", counts[number]);
    print_seen();
    print(" then");
    print_field("RIRR", (entry & ENTRY_RIRR) != 0);
    print("\n");
    set_pin(PIN, ENTRY_MASKED);
}

static void lower_at_third(void)
{
    if (counts[0] == 3) {
        lower();
    }
}

static volatile unsigned count_in_handler;

/* While remote IRR is set the pin falls and rises: no second message before the EOI. */
static void fall_and_rise(void)
{
    if (counts[0] == 1) {
        lower();
        raise();
        entry_in_handler = pin_entry(PIN);
        count_in_handler = lapic_bit(0x200, VECTOR);
    } else {
        lower();
    }
}

static void mask_and_unmask(void)
{
    if (counts[0] == 1) {
        set_pin(PIN, VECTOR | ENTRY_LEVEL | ENTRY_MASKED);
        set_pin(PIN, VECTOR | ENTRY_LEVEL);
        entry_in_handler = pin_entry(PIN);
        count_in_handler = lapic_bit(0x200, VECTOR);
    } else {
        lower();
    }
}

static void print_in_handler(void)
{
    print(" within");
    print_field("RIRR", (entry_in_handler & ENTRY_RIRR) != 0);
    print_field("IRR", count_in_handler);
}

static void levels(void)
{
    unsigned masked;

    if (begins_anew("level")) {
        before_eoi = lower;
        set_pin(PIN, VECTOR | ENTRY_LEVEL);
        raise();
        let_interrupts_in();
        report_pin(0);
    }
    if (begins_anew("level that stays")) {
        before_eoi = lower_at_third;
        set_pin(PIN, VECTOR | ENTRY_LEVEL);
        raise();
        let_interrupts_in();
        report_pin(0);
    }
    if (begins_anew("level that falls and rises in the handler")) {
        before_eoi = fall_and_rise;
        set_pin(PIN, VECTOR | ENTRY_LEVEL);
        raise();
        let_interrupts_in();
        print_in_handler();
        report_pin(0);
    }
    if (begins_anew("level that is masked and unmasked in the handler")) {
        before_eoi = mask_and_unmask;
        set_pin(PIN, VECTOR | ENTRY_LEVEL);
        raise();
        let_interrupts_in();
        print_in_handler();
        report_pin(0);
    }
    if (begins_anew("level at a masked pin")) {
        set_pin(PIN, VECTOR | ENTRY_LEVEL | ENTRY_MASKED);
        raise();
        let_interrupts_in();
        report_pin(0);
    }
    if (begins_anew("level at a pin that is unmasked later")) {
        before_eoi = lower;
        set_pin(PIN, VECTOR | ENTRY_LEVEL | ENTRY_MASKED);
        raise();
        let_interrupts_in();
        masked = counts[0];
        set_pin(PIN, VECTOR | ENTRY_LEVEL);
        let_interrupts_in();
        print_field("masked", masked);
        report_pin(0);
    }
    if (begins_anew("level that is gone when the pin is unmasked")) {
        set_pin(PIN, VECTOR | ENTRY_LEVEL | ENTRY_MASKED);
        raise();
        lower();
        set_pin(PIN, VECTOR | ENTRY_LEVEL);
        let_interrupts_in();
        report_pin(0);
    }
}

/* EOIs and priorities. */
static void lower_and_raise_after(void)
{
    before_eoi = lower;
    after_eoi = 0;
    raise();
}

static void priorities(void)
{
    if (begins_anew("level that waits for the task priority")) {
        before_eoi = lower;
        *at(LAPIC_BASE + 0x80) = VECTOR;
        set_pin(PIN, VECTOR | ENTRY_LEVEL);
        raise();
        let_interrupts_in();
        count_in_handler = lapic_bit(0x200, VECTOR);
        entry_in_handler = pin_entry(PIN);
        *at(LAPIC_BASE + 0x80) = 0;
        let_interrupts_in();
        print_in_handler();
        report_pin(0);
    }
    if (begins_anew("level that rises behind the EOI")) {
        before_eoi = lower;
        after_eoi = lower_and_raise_after;
        set_pin(PIN, VECTOR | ENTRY_LEVEL);
        raise();
        let_interrupts_in();
        report_pin(0);
    }
    if (begins_anew("level to a vector that moves while it is served")) {
        before_eoi = lower;
        set_pin(PIN, VECTOR | ENTRY_LEVEL);
        raise();
        let_interrupts_in();
        set_pin(PIN, (VECTOR + 1) | ENTRY_LEVEL);
        raise();
        let_interrupts_in();
        print_field("second", counts[1]);
        report_pin(0);
    }
    if (begins_anew("logical destination, lowest priority")) {
        before_eoi = lower;
        *at(LAPIC_BASE + 0xe0) = 0xffffffff;
        *at(LAPIC_BASE + 0xd0) = 4u << 24;
        ioapic_write(0x11 + 2 * PIN, 6u << 24);
        ioapic_write(0x10 + 2 * PIN, VECTOR | ENTRY_LEVEL | 0x900);
        raise();
        let_interrupts_in();
        report_pin(0);
    }
    if (begins_anew("destination that nobody has")) {
        ioapic_write(0x11 + 2 * PIN, 7u << 24);
        ioapic_write(0x10 + 2 * PIN, VECTOR);
        raise();
        let_interrupts_in();
        report_pin(0);
    }
}

static void edges(void)
{
    if (begins_anew("edge")) {
        set_pin(PIN, VECTOR);
        raise();
        let_interrupts_in();
        report_pin(0);
    }
    if (begins_anew("edge at a masked pin")) {
        set_pin(PIN, VECTOR | ENTRY_MASKED);
        raise();
        let_interrupts_in();
        set_pin(PIN, VECTOR);
        let_interrupts_in();
        report_pin(0);
    }
    if (begins_anew("two edges before the first is taken")) {
        set_pin(PIN, VECTOR);
        raise();
        lower();
        raise();
        let_interrupts_in();
        report_pin(0);
    }
    if (begins_anew("an edge in the handler")) {
        before_eoi = fall_and_rise;
        set_pin(PIN, VECTOR);
        raise();
        let_interrupts_in();
        print_in_handler();
        report_pin(0);
    }
    if (begins_anew("the level of an edge's pin turned to level")) {
        before_eoi = lower;
        set_pin(PIN, VECTOR | ENTRY_MASKED);
        raise();
        set_pin(PIN, VECTOR | ENTRY_LEVEL);
        let_interrupts_in();
        report_pin(0);
    }
    if (begins_anew("NMI by a pin")) {
        set_pin(PIN, 0x400);
        raise();
        let_interrupts_in();
        print_field("nmis", nmis);
        report_pin(0);
    }
}

void guest_main(void);

void guest_main(void)
{
    first = first_scenario();
    build();
    levels();
    priorities();
    edges();
    print("end\n");
}
