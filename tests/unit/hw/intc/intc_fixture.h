/* SPDX-License-Identifier: GPL-2.0-or-later */
/* intc_fixture.h - an APIC bus with some LAPICs whose CPUs record what they are told, and the 8259s
 * and IOAPIC behind GSI lines. */
#ifndef REPLUG_TESTS_UNIT_HW_INTC_INTC_FIXTURE_H
#define REPLUG_TESTS_UNIT_HW_INTC_INTC_FIXTURE_H

#include "hw/board_fixture.h"
#include "hw/intc/apic_bus.h"
#include "hw/intc/gsi_handler.h"
#include "hw/intc/i8259.h"
#include "hw/intc/ioapic.h"
#include "hw/intc/lapic.h"

#define INTC_CPUS 3
#define IOAPIC    0xfec00000ull
#define LAPIC     0xfee00000ull

/* A CPU that does nothing. Its TSC goes at 2 GHz. */
struct fake_cpu {
    struct lapic *lapic;
    struct device *device;
    bool intr;
    unsigned intr_changes, nmis, smis, inits, sipis;
    uint8_t sipi_vector;
    uint64_t tsc_offset;
};

struct intc {
    struct board_fixture *f;
    struct apic_bus bus;
    struct gsi_chips chips;
    struct fake_cpu cpus[INTC_CPUS];
    struct irq_line gsi[GSI_NUM_PINS];
};

static inline void fake_set_intr(void *opaque, bool level)
{
    struct fake_cpu *cpu = opaque;

    cpu->intr = level;
    cpu->intr_changes++;
}

static inline void fake_nmi(void *opaque)
{
    ((struct fake_cpu *)opaque)->nmis++;
}

static inline void fake_smi(void *opaque)
{
    ((struct fake_cpu *)opaque)->smis++;
}

static inline void fake_init(void *opaque)
{
    ((struct fake_cpu *)opaque)->inits++;
}

static inline void fake_sipi(void *opaque, uint8_t vector)
{
    ((struct fake_cpu *)opaque)->sipis++;
    ((struct fake_cpu *)opaque)->sipi_vector = vector;
}

static inline uint64_t fake_tsc_to_ns(void *opaque, uint64_t tsc)
{
    const struct fake_cpu *cpu = opaque;

    return tsc <= cpu->tsc_offset ? 0 : (tsc - cpu->tsc_offset + 1) / 2;
}

static const struct lapic_cpu_ops fake_ops = {
    .set_intr = fake_set_intr,
    .nmi = fake_nmi,
    .smi = fake_smi,
    .init = fake_init,
    .sipi = fake_sipi,
    .tsc_to_ns = fake_tsc_to_ns,
};

static const struct type_info *const intc_types[] = { &lapic_type_info, &ioapic_type_info,
                                                      &i8259_type_info, NULL };

static inline void intc_add_cpu(struct intc *intc, unsigned index, const char *id)
{
    struct fake_cpu *cpu = &intc->cpus[index];

    cpu->device = board_fixture_device(intc->f, "apic", NULL);
    cpu->lapic = lapic_of(cpu->device);
    assert_true(object_property_parse(&cpu->device->object, "id", id, intc->f->root, NULL));
    lapic_connect(cpu->device, &intc->bus, &fake_ops, cpu);
    board_fixture_realize(cpu->device);
}

/* CPUs with ids 0, 1, 2. */
static inline int intc_setup(void **state)
{
    static const char *const ids[INTC_CPUS] = { "0", "1", "2" };
    struct intc *intc = g_new0(struct intc, 1);

    intc->f = board_fixture_create(intc_types);
    apic_bus_init(&intc->bus, &intc->f->board);
    for (unsigned i = 0; i < INTC_CPUS; i++) {
        intc_add_cpu(intc, i, ids[i]);
    }
    intc->chips.bus = &intc->bus;
    intc->chips.i8259_master = board_fixture_device(intc->f, "isa-i8259", "master");
    intc->chips.i8259_slave = board_fixture_device(intc->f, "isa-i8259", "slave");
    intc->chips.ioapic = board_fixture_device(intc->f, "ioapic", "ioapic");
    assert_true(gsi_chips_init(&intc->chips, intc->gsi, NULL));
    intc->bus.current = intc->cpus[0].lapic;
    *state = intc;
    return 0;
}

static inline int intc_teardown(void **state)
{
    struct intc *intc = *state;

    device_unrealize_all(intc->f->root);
    apic_bus_fini(&intc->bus);
    board_fixture_destroy(intc->f);
    g_free(intc);
    return 0;
}

/* ---- what a guest does ---- */

static inline uint32_t lapic_in(struct intc *intc, unsigned cpu, unsigned offset)
{
    intc->bus.current = intc->cpus[cpu].lapic;
    return (uint32_t)address_space_load(intc->f->board.memory_space, LAPIC + offset, 4);
}

static inline void lapic_out(struct intc *intc, unsigned cpu, unsigned offset, uint32_t value)
{
    intc->bus.current = intc->cpus[cpu].lapic;
    address_space_store(intc->f->board.memory_space, LAPIC + offset, value, 4);
}

static inline void software_enable(struct intc *intc)
{
    for (unsigned i = 0; i < INTC_CPUS; i++) {
        lapic_out(intc, i, 0xf0, 0x1ff);
    }
}

static inline void send_ipi(struct intc *intc, unsigned from, uint32_t high, uint32_t low)
{
    lapic_out(intc, from, 0x310, high);
    lapic_out(intc, from, 0x300, low);
}

static inline int take(struct intc *intc, unsigned cpu)
{
    return lapic_acknowledge(intc->cpus[cpu].lapic);
}

static inline void eoi(struct intc *intc, unsigned cpu)
{
    lapic_out(intc, cpu, 0xb0, 0);
}

static inline uint32_t ioapic_in(struct intc *intc, unsigned index)
{
    address_space_store(intc->f->board.memory_space, IOAPIC, index, 1);
    return (uint32_t)address_space_load(intc->f->board.memory_space, IOAPIC + 0x10, 4);
}

static inline void ioapic_out(struct intc *intc, unsigned index, uint32_t value)
{
    address_space_store(intc->f->board.memory_space, IOAPIC, index, 1);
    address_space_store(intc->f->board.memory_space, IOAPIC + 0x10, value, 4);
}

static inline void redirect(struct intc *intc, unsigned pin, uint32_t high, uint32_t low)
{
    ioapic_out(intc, 0x11 + 2 * pin, high);
    ioapic_out(intc, 0x10 + 2 * pin, low);
}

static inline void set_gsi(struct intc *intc, unsigned gsi, int level)
{
    irq_line_set(&intc->gsi[gsi], level);
}

/* Which CPUs have an interrupt to take, by bit. */
static inline unsigned asking(const struct intc *intc)
{
    unsigned bits = 0;

    for (unsigned i = 0; i < INTC_CPUS; i++) {
        bits |= (unsigned)intc->cpus[i].intr << i;
    }
    return bits;
}

#endif
