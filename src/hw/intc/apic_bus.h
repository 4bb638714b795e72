/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * apic_bus.h - what carries interrupt messages between IOAPICs, MSI writers and local APICs, and the
 * window at 0xfee00000 (Intel SDM 3A 10.6, 10.11).
 *
 *   PIC INT --> pic_irq_request --> LINT0 of every LAPIC
 *   IOAPIC  --> apic_bus_deliver ---> the LAPICs that the destination names
 *   ICR     -->        "
 *   MSI     --> apic_bus_send_msi -->   "
 *   LAPIC EOI -> apic_bus_eoi --> every IOAPIC
 *
 *   0xfee00000 + 0x000       a store is an MSI for destination 0 (no register is there)
 *              + 0x010-0xfff registers of the LAPIC of the CPU that makes the access
 *              + 0x1000 on   a store is an MSI
 *
 * It keeps no guest-visible state: that is in the LAPICs and IOAPICs.
 */
#ifndef REPLUG_HW_INTC_APIC_BUS_H
#define REPLUG_HW_INTC_APIC_BUS_H

#include "hw/core/irq_line.h"
#include "memory/region.h"

struct board;
struct device;
struct ioapic;
struct lapic;

#define APIC_BUS_LAPICS_MAX  256
#define APIC_BUS_IOAPICS_MAX 8
#define APIC_WINDOW_GPA      0xfee00000ull
#define APIC_WINDOW_BYTES    0x100000ull

/* As in ICR and redirection entries, bits 10:8. */
enum apic_delivery_mode {
    APIC_DELIVERY_FIXED = 0,
    APIC_DELIVERY_LOWEST = 1,
    APIC_DELIVERY_SMI = 2,
    APIC_DELIVERY_RESERVED = 3,
    APIC_DELIVERY_NMI = 4,
    APIC_DELIVERY_INIT = 5,
    APIC_DELIVERY_SIPI = 6,
    APIC_DELIVERY_EXTINT = 7,
};

/* As in ICR, bits 19:18. */
enum apic_shorthand {
    APIC_SHORTHAND_NONE = 0,
    APIC_SHORTHAND_SELF = 1,
    APIC_SHORTHAND_ALL = 2,
    APIC_SHORTHAND_OTHERS = 3,
};

struct apic_message {
    uint32_t destination;
    bool wide;    /* 32 bits of destination (x2APIC); else 8 */
    bool logical; /* the destination is a logical one */
    bool level_triggered;
    uint8_t mode; /* enum apic_delivery_mode */
    uint8_t vector;
    uint8_t shorthand;          /* enum apic_shorthand */
    const struct lapic *sender; /* for shorthands */
};

struct apic_bus {
    /* Set by the machine: the LAPIC of the CPU whose access runs now, NULL = a device's. */
    struct lapic *current;
    /* Set by the machine: the 8259s' INTA cycle, gives the vector. NULL = there are none. */
    int (*pic_acknowledge)(void *pic);
    void *pic;
    /* Set by the machine where the LAPICs are elsewhere (KVM's): takes every message, gives how
     * many accepted it. NULL = the LAPICs here. */
    unsigned (*forward)(void *forwarder, const struct apic_message *message);
    /* Likewise, with forward: pin 0 (the 8259s' INT) or 1 (NMI) of all LAPICs, and what the guest has made of an IOAPIC's
     * pin. */
    void (*forward_pic)(void *forwarder, unsigned lint, int level);
    void (*entry_written)(void *forwarder, unsigned pin, uint64_t entry);
    void *forwarder;

    struct lapic *lapics[APIC_BUS_LAPICS_MAX]; /* in order of realize; borrowed */
    unsigned lapic_count;
    struct ioapic *ioapics[APIC_BUS_IOAPICS_MAX]; /* borrowed */
    unsigned ioapic_count;
    struct memory_region window;
    struct memory_region *container;
};

/* Maps the window. The bus stays where it is and outlives its APICs. */
void apic_bus_init(struct apic_bus *bus, const struct board *board);
void apic_bus_fini(struct apic_bus *bus);

/* Gives how many LAPICs have accepted it. Lowest priority picks one: of equals the first. */
unsigned apic_bus_deliver(struct apic_bus *bus, const struct apic_message *message);

/* A device's message: address 0xfeexxxxx and data as PCI's MSI has them. Other addresses are
 * dropped as a guest's error. */
void apic_bus_send_msi(struct apic_bus *bus, uint64_t address, uint32_t data);

/* A CPU has ended a level-triggered vector: to the IOAPICs. The LAPICs here call it themselves. */
void apic_bus_eoi(struct apic_bus *bus, uint8_t vector);

/* Where the 8259s' INT goes. */
struct irq_line apic_bus_pic_line(struct apic_bus *bus);
/* The NMI line to every CPU (LINT1). */
struct irq_line apic_bus_nmi_line(struct apic_bus *bus);

#endif
