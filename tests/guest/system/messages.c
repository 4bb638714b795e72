/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * messages.c - a guest that tries the interrupts of a PCI function, virtio-rng-pci: messages by MSI-X with their masks, and INTx.
 * Every accelerator, with each kind of interrupt controllers, has to print the same.
 *
 * Reference: PCI 3.0 6.8; Virtio 1.1 3.1, 4.1; Intel SDM 3A 10.11.
 */
#include "chips.h"

#define BAR_BASE 0xfe000000u /* where the function's memory goes */
#define PCI_PIN  10u         /* where the four PIRQs are led */

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
    if (begins_anew(name)) {
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
    if (begins_anew("message as NMI")) {
        set_msix(true, false);
        set_message(LAPIC_BASE, 0x400, false);
        start_queue(0);
        use_queue();
        print_field("nmis", nmis);
        report_message(2);
    }
    if (begins_anew("message that waits for the table's mask")) {
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
    if (begins_anew("message that waits for the function's mask")) {
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
    if (begins_anew("message without a vector")) {
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
    if (begins_anew("INTx")) {
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
    if (begins_anew("INTx that is disabled")) {
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
    if (find_function()) {
        messages();
        pins_of_pci();
    } else {
        print("no virtio function: none\n");
    }
    print("end\n");
}
