/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * interrupts.c - a guest that tries what lies between a device and a vector: pins of the IOAPIC, edge and level, masks, EOIs,
 * and messages of a PCI function (virtio-rng-pci). Every accelerator, with each kind of interrupt controllers, has to print
 * the same.
 *
 * The serial port's THRE interrupt is the level at pin 4: interrupt enable bit 1 raises and lowers it.
 * A line is "NAME: count N ..." with what the handler saw. Reference: 82093AA datasheet; Intel SDM 3A 10; PCI 3.0 6.8.
 */
#include "guest.h"

#define LAPIC_BASE  0xfee00000u
#define IOAPIC_BASE 0xfec00000u
#define BAR_BASE    0xfe000000u /* where the function's memory goes */
#define PIN         4u          /* of the serial port */
#define PCI_PIN     10u         /* where the four PIRQs are led */
#define VECTOR      0x40u       /* and seven behind it */
#define VECTORS     8u

#define ENTRY_LEVEL  0x8000u
#define ENTRY_RIRR   0x4000u
#define ENTRY_MASKED 0x10000u

static struct {
    uint64_t low, high;
} idt[256] __attribute__((aligned(16)));

static uint64_t device_directory[512] __attribute__((aligned(4096)));
static unsigned scenario, first;

/* ---- the chips ---- */

static volatile uint32_t *at(uint32_t address)
{
    return (volatile uint32_t *)(uintptr_t)address;
}

static uint32_t ioapic_read(unsigned index)
{
    *at(IOAPIC_BASE) = index;
    return *at(IOAPIC_BASE + 0x10);
}

static void ioapic_write(unsigned index, uint32_t value)
{
    *at(IOAPIC_BASE) = index;
    *at(IOAPIC_BASE + 0x10) = value;
}

static void set_pin(unsigned pin, uint32_t low)
{
    ioapic_write(0x11 + 2 * pin, 0);
    ioapic_write(0x10 + 2 * pin, low);
}

static uint32_t pin_entry(unsigned pin)
{
    return ioapic_read(0x10 + 2 * pin);
}

static void end_of_interrupt(void)
{
    *at(LAPIC_BASE + 0xb0) = 0;
}

static bool lapic_bit(unsigned base, unsigned vector)
{
    return (*at(LAPIC_BASE + base + vector / 32 * 16) >> vector % 32 & 1) != 0;
}

static void raise(void)
{
    out8(0x3f9, 2);
}

static void lower(void)
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

static void take(unsigned number)
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
HANDLER(2) HANDLER(3)

    __attribute__((interrupt)) static void nmi_handler(struct frame *frame)
{
    (void)frame;
    nmis++;
}

__attribute__((interrupt)) static void spurious_handler(struct frame *frame)
{
    (void)frame;
}

static void set_gate(unsigned vector, uint64_t handler)
{
    idt[vector].low =
        (handler & 0xffff) | 8u << 16 | 0x8eull << 40 | (handler >> 16 & 0xffff) << 48;
    idt[vector].high = handler >> 32;
}

static void build(void)
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

/* ---- scenarios ---- */

static bool begins(const char *name)
{
    if (scenario++ < first) {
        return false;
    }
    print(name);
    print(":");
    for (unsigned i = 0; i < VECTORS; i++) {
        counts[i] = 0;
    }
    nmis = 0;
    seen.remote_irr = seen.in_service = seen.trigger_mode = false;
    before_eoi = after_eoi = 0;
    watched_pin = PIN;
    return true;
}

static void print_field(const char *name, uint64_t value)
{
    print(" ");
    print(name);
    print(" ");
    print_hex(value);
}

/* Long enough for anything that is on its way: each access of a port leaves the guest. */
static void let_interrupts_in(void)
{
    __asm__ volatile("sti");
    for (unsigned i = 0; i < 50; i++) {
        (void)in8(0x80);
    }
    __asm__ volatile("cli");
}

static void print_seen(void)
{
    print_field("RIRR", seen.remote_irr);
    print_field("ISR", seen.in_service);
    print_field("TMR", seen.trigger_mode);
}

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

static volatile uint32_t entry_in_handler;
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

    if (begins("level")) {
        before_eoi = lower;
        set_pin(PIN, VECTOR | ENTRY_LEVEL);
        raise();
        let_interrupts_in();
        report_pin(0);
    }
    if (begins("level that stays")) {
        before_eoi = lower_at_third;
        set_pin(PIN, VECTOR | ENTRY_LEVEL);
        raise();
        let_interrupts_in();
        report_pin(0);
    }
    if (begins("level that falls and rises in the handler")) {
        before_eoi = fall_and_rise;
        set_pin(PIN, VECTOR | ENTRY_LEVEL);
        raise();
        let_interrupts_in();
        print_in_handler();
        report_pin(0);
    }
    if (begins("level that is masked and unmasked in the handler")) {
        before_eoi = mask_and_unmask;
        set_pin(PIN, VECTOR | ENTRY_LEVEL);
        raise();
        let_interrupts_in();
        print_in_handler();
        report_pin(0);
    }
    if (begins("level at a masked pin")) {
        set_pin(PIN, VECTOR | ENTRY_LEVEL | ENTRY_MASKED);
        raise();
        let_interrupts_in();
        report_pin(0);
    }
    if (begins("level at a pin that is unmasked later")) {
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
    if (begins("level that is gone when the pin is unmasked")) {
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
    if (begins("level that waits for the task priority")) {
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
    if (begins("level that rises behind the EOI")) {
        before_eoi = lower;
        after_eoi = lower_and_raise_after;
        set_pin(PIN, VECTOR | ENTRY_LEVEL);
        raise();
        let_interrupts_in();
        report_pin(0);
    }
    if (begins("level to a vector that moves while it is served")) {
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
    if (begins("logical destination, lowest priority")) {
        before_eoi = lower;
        *at(LAPIC_BASE + 0xe0) = 0xffffffff;
        *at(LAPIC_BASE + 0xd0) = 4u << 24;
        ioapic_write(0x11 + 2 * PIN, 6u << 24);
        ioapic_write(0x10 + 2 * PIN, VECTOR | ENTRY_LEVEL | 0x900);
        raise();
        let_interrupts_in();
        report_pin(0);
    }
    if (begins("destination that nobody has")) {
        ioapic_write(0x11 + 2 * PIN, 7u << 24);
        ioapic_write(0x10 + 2 * PIN, VECTOR);
        raise();
        let_interrupts_in();
        report_pin(0);
    }
}

static void edges(void)
{
    if (begins("edge")) {
        set_pin(PIN, VECTOR);
        raise();
        let_interrupts_in();
        report_pin(0);
    }
    if (begins("edge at a masked pin")) {
        set_pin(PIN, VECTOR | ENTRY_MASKED);
        raise();
        let_interrupts_in();
        set_pin(PIN, VECTOR);
        let_interrupts_in();
        report_pin(0);
    }
    if (begins("two edges before the first is taken")) {
        set_pin(PIN, VECTOR);
        raise();
        lower();
        raise();
        let_interrupts_in();
        report_pin(0);
    }
    if (begins("an edge in the handler")) {
        before_eoi = fall_and_rise;
        set_pin(PIN, VECTOR);
        raise();
        let_interrupts_in();
        print_in_handler();
        report_pin(0);
    }
    if (begins("the level of an edge's pin turned to level")) {
        before_eoi = lower;
        set_pin(PIN, VECTOR | ENTRY_MASKED);
        raise();
        set_pin(PIN, VECTOR | ENTRY_LEVEL);
        let_interrupts_in();
        report_pin(0);
    }
    if (begins("NMI by a pin")) {
        set_pin(PIN, 0x400);
        raise();
        let_interrupts_in();
        print_field("nmis", nmis);
        report_pin(0);
    }
}

/* ---- a PCI function ---- */

static uint32_t function; /* its configuration address */
static uint32_t common, notify, table, bars_used = BAR_BASE;
static uint8_t msix;

static void out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("out %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static uint32_t in32(uint16_t port)
{
    uint32_t value;

    __asm__ volatile("in %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static uint32_t config_read(unsigned offset)
{
    out32(0xcf8, function | (offset & 0xfc));
    return in32(0xcfc) >> (offset & 3) * 8;
}

static void config_write(unsigned offset, uint32_t value)
{
    out32(0xcf8, function | offset);
    out32(0xcfc, value);
}

static uint32_t place_bar(unsigned bar)
{
    unsigned offset = 0x10 + bar * 4;

    if ((config_read(offset) & ~0xfu) == 0) {
        config_write(offset, bars_used);
        if ((config_read(offset) & 6) == 4) {
            config_write(offset + 4, 0);
        }
        bars_used += 0x100000;
    }
    return config_read(offset) & ~0xfu;
}

static void write16(uint32_t address, uint16_t value)
{
    *(volatile uint16_t *)(uintptr_t)address = value;
}

static void write8(uint32_t address, uint8_t value)
{
    *(volatile uint8_t *)(uintptr_t)address = value;
}

static void set_pirqs(uint8_t value)
{
    uint32_t saved = function;

    function = 0x80000000u | 1u << 11; /* PIIX3's ISA bridge: 01.0 */
    config_write(0x60, value * 0x01010101u);
    function = saved;
}

/* Virtio 1.1, 4.1.4: where the structures are. */
static bool find_function(void)
{
    for (unsigned slot = 2; slot < 32 && msix == 0; slot++) {
        function = 0x80000000u | slot << 11;
        if ((config_read(0) & 0xffff) != 0x1af4) {
            continue;
        }
        config_write(4, 6); /* memory space, bus master */
        for (uint8_t cap = (uint8_t)config_read(0x34); cap != 0;
             cap = (uint8_t)(config_read(cap) >> 8)) {
            uint8_t id = (uint8_t)config_read(cap), type = (uint8_t)(config_read(cap) >> 24);

            if (id == 0x11) {
                uint32_t where = config_read(cap + 4);

                table = place_bar(where & 7) + (where & ~7u);
                msix = cap;
            } else if (id == 9 && (type == 1 || type == 2)) {
                *(type == 1 ? &common : &notify) =
                    place_bar(config_read(cap + 4) & 7) + config_read(cap + 8);
            }
        }
    }
    return msix != 0;
}

static struct {
    struct {
        uint64_t address;
        uint32_t size;
        uint16_t flags, next;
    } descriptors[8];

    struct {
        uint16_t flags, index, ring[8], event;
    } available;

    uint8_t pad[0x400 - 8 * 16 - 22];

    struct {
        uint16_t flags, index;

        struct {
            uint32_t id, size;
        } ring[8];
    } used;
} queue __attribute__((aligned(4096)));

static uint8_t bytes[16];

/* Virtio 1.1, 3.1.1; vector: of the queue's in the table, or ffff. */
static void start_queue(uint16_t vector)
{
    write8(common + 20, 0);
    write8(common + 20, 3);
    *at(common + 8) = 1;
    *at(common + 12) = 1; /* VIRTIO_F_VERSION_1 */
    *at(common + 8) = 0;
    *at(common + 12) = 0;
    write8(common + 20, 0xb);
    write16(common + 22, 0);
    write16(common + 24, 8);
    write16(common + 26, vector);
    *at(common + 32) = (uint32_t)(uintptr_t)queue.descriptors;
    *at(common + 36) = 0;
    *at(common + 40) = (uint32_t)(uintptr_t)&queue.available;
    *at(common + 44) = 0;
    *at(common + 48) = (uint32_t)(uintptr_t)&queue.used;
    *at(common + 52) = 0;
    queue.available.index = queue.used.index = 0;
    queue.descriptors[0].address = (uint64_t)(uintptr_t)bytes;
    queue.descriptors[0].size = sizeof(bytes);
    queue.descriptors[0].flags = 2;
    write16(common + 28, 1);
    write8(common + 20, 0xf);
}

/* One request, and the time until it is answered. */
static void use_queue(void)
{
    volatile uint16_t *used = &queue.used.index;
    uint16_t before = *used;

    queue.available.ring[queue.available.index % 8] = 0;
    *(volatile uint16_t *)&queue.available.index = (uint16_t)(queue.available.index + 1);
    write16(notify, 0);
    while (*used == before) {
        (void)in8(0x80);
    }
    let_interrupts_in();
}

static void set_message(uint32_t address, uint32_t data, bool masked)
{
    *at(table) = address;
    *at(table + 4) = 0;
    *at(table + 8) = data;
    *at(table + 12) = masked;
}

static void set_msix(bool enabled, bool masked)
{
    config_write(msix, (config_read(msix) & 0xffff) | (enabled ? 0x80000000u : 0) |
                           (masked ? 0x40000000u : 0));
}

static bool pending(void)
{
    uint32_t where = config_read(msix + 8);

    return (*at(place_bar(where & 7) + (where & ~7u)) & 1) != 0;
}

static void report_message(unsigned number)
{
    print_field("count", counts[number]);
    print_field("ISR", seen.in_service);
    print_field("TMR", seen.trigger_mode);
    print_field("used", queue.used.index);
    print("\n");
    write8(common + 20, 0);
    set_msix(false, false);
}

static void message(const char *name, uint32_t address, uint32_t data, unsigned number)
{
    if (begins(name)) {
        set_msix(true, false);
        set_message(address, data, false);
        start_queue(0);
        use_queue();
        use_queue();
        report_message(number);
    }
}

static void messages(void)
{
    *at(LAPIC_BASE + 0xe0) = 0xffffffff;
    *at(LAPIC_BASE + 0xd0) = 4u << 24;
    message("message", LAPIC_BASE, VECTOR + 2, 2);
    message("message to another vector", LAPIC_BASE, VECTOR + 3, 3);
    message("message to a logical destination", LAPIC_BASE | 6u << 12 | 4, VECTOR + 2, 2);
    message("message, lowest priority", LAPIC_BASE | 4u << 12 | 0xc, (VECTOR + 2) | 0x100, 2);
    message("message to nobody", LAPIC_BASE | 9u << 12, VECTOR + 2, 2);
    message("message to all", LAPIC_BASE | 0xffu << 12, VECTOR + 2, 2);
    if (begins("message as NMI")) {
        set_msix(true, false);
        set_message(LAPIC_BASE, 0x400, false);
        start_queue(0);
        use_queue();
        print_field("nmis", nmis);
        report_message(2);
    }
    if (begins("message that waits for the table's mask")) {
        set_msix(true, false);
        set_message(LAPIC_BASE, VECTOR + 2, true);
        start_queue(0);
        use_queue();
        use_queue();
        print_field("masked", counts[2]);
        print_field("pending", pending());
        *at(table + 12) = 0;
        let_interrupts_in();
        print_field("pending", pending());
        report_message(2);
    }
    if (begins("message that waits for the function's mask")) {
        set_msix(true, true);
        set_message(LAPIC_BASE, VECTOR + 2, false);
        start_queue(0);
        use_queue();
        print_field("masked", counts[2]);
        print_field("pending", pending());
        set_msix(true, false);
        let_interrupts_in();
        print_field("pending", pending());
        report_message(2);
    }
    if (begins("message without a vector")) {
        set_msix(true, false);
        set_message(LAPIC_BASE, VECTOR + 2, false);
        start_queue(0xffff);
        use_queue();
        report_message(2);
    }
}

static uint32_t isr_register(void)
{
    for (uint8_t cap = (uint8_t)config_read(0x34); cap != 0;
         cap = (uint8_t)(config_read(cap) >> 8)) {
        if ((config_read(cap) & 0xff) == 9 && config_read(cap) >> 24 == 3) {
            return place_bar(config_read(cap + 4) & 7) + config_read(cap + 8);
        }
    }
    return 0;
}

static uint32_t isr;

/* Reading it lowers the line. */
static void read_isr(void)
{
    entry_in_handler = *(volatile uint8_t *)(uintptr_t)isr;
}

/* INTA# to a PIRQ, to an ISA line, to a pin: a level. */
static void pins_of_pci(void)
{
    if (begins("INTx")) {
        isr = isr_register();
        watched_pin = PCI_PIN;
        before_eoi = read_isr;
        set_pirqs(PCI_PIN);
        set_pin(PCI_PIN, (VECTOR + 2) | ENTRY_LEVEL);
        start_queue(0xffff);
        use_queue();
        use_queue();
        print_field("cause", entry_in_handler);
        print_seen();
        set_pin(PCI_PIN, ENTRY_MASKED);
        report_message(2);
    }
    if (begins("INTx that is disabled")) {
        isr = isr_register();
        watched_pin = PCI_PIN;
        before_eoi = read_isr;
        config_write(4, 0x406);
        set_pirqs(PCI_PIN);
        set_pin(PCI_PIN, (VECTOR + 2) | ENTRY_LEVEL);
        start_queue(0xffff);
        use_queue();
        print_field("status bit", config_read(6) >> 3 & 1);
        print_field("masked", counts[2]);
        config_write(4, 6);
        let_interrupts_in();
        report_message(2);
        set_pin(PCI_PIN, ENTRY_MASKED);
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
    if (find_function()) {
        messages();
        pins_of_pci();
    } else {
        print("no virtio function: none\n");
    }
    print("end\n");
}
