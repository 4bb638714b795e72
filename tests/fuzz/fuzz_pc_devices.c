/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_pc_devices.c - what a guest does to the interrupt controllers, timers, clock and keyboard
 * controller of a PC, wired as there, with two CPUs that take interrupts.
 *
 * Input: operations of 8 bytes: what, where, an offset (2 bytes), a value (4). A CPU is asked to
 * take an interrupt exactly while there is one, and loading the state that is there changes nothing.
 */
#include "base/bytes.h"
#include "base/invariant.h"
#include "fuzz.h"
#include "hw/board_fixture.h"
#include "hw/input/i8042.h"
#include "hw/input/port92.h"
#include "hw/intc/apic_bus.h"
#include "hw/intc/gsi_handler.h"
#include "hw/intc/i8259.h"
#include "hw/intc/ioapic.h"
#include "hw/intc/lapic.h"
#include "hw/rtc/mc146818.h"
#include "hw/timer/hpet.h"
#include "hw/timer/i8254.h"

#define PC_CPUS         2
#define OPERATION_BYTES 8
#define OPERATIONS_MAX  4096
#define FIRES_MAX       200 /* of timers in one step: a period of a nanosecond is legal */

struct pc {
    struct board_fixture *f;
    struct apic_bus bus;
    struct gsi_chips chips;
    struct irq_line gsi[GSI_NUM_PINS];
    struct device *cpus[PC_CPUS];
    bool intr[PC_CPUS];
    struct device *pit, *hpet, *rtc, *i8042;
};

static const struct type_info *const types[] = {
    &lapic_type_info, &ioapic_type_info, &i8259_type_info,
    &i8254_type_info, &hpet_type_info,   &mc146818_type_info,
    &i8042_type_info, &port92_type_info, NULL,
};

static void set_intr(void *cpu, bool level)
{
    *(bool *)cpu = level;
}

static void ignore(void *cpu)
{
    (void)cpu;
}

static void ignore_sipi(void *cpu, uint8_t vector)
{
    (void)cpu;
    (void)vector;
}

static uint64_t tsc_to_ns(void *cpu, uint64_t tsc)
{
    (void)cpu;
    return tsc;
}

static const struct lapic_cpu_ops cpu_ops = {
    .set_intr = set_intr,
    .nmi = ignore,
    .smi = ignore,
    .init = ignore,
    .sipi = ignore_sipi,
    .tsc_to_ns = tsc_to_ns,
};

/* ---- the machine ---- */

static void create_interrupts(struct pc *pc)
{
    static const char *const ids[PC_CPUS] = { "0", "1" };

    apic_bus_init(&pc->bus, &pc->f->board);
    for (unsigned i = 0; i < PC_CPUS; i++) {
        pc->cpus[i] = board_fixture_device(pc->f, "apic", NULL);
        invariant(object_property_parse(&pc->cpus[i]->object, "id", ids[i], pc->f->root, NULL));
        lapic_connect(pc->cpus[i], &pc->bus, &cpu_ops, &pc->intr[i]);
        board_fixture_realize(pc->cpus[i]);
    }
    pc->chips.bus = &pc->bus;
    pc->chips.i8259_master = board_fixture_device(pc->f, "isa-i8259", NULL);
    pc->chips.i8259_slave = board_fixture_device(pc->f, "isa-i8259", NULL);
    pc->chips.ioapic = board_fixture_device(pc->f, "ioapic", NULL);
    invariant(gsi_chips_init(&pc->chips, pc->gsi, NULL));
}

static void create_devices(struct pc *pc)
{
    struct i8042_lines lines = { .keyboard = pc->gsi[1], .mouse = pc->gsi[12] };

    pc->pit = board_fixture_device(pc->f, "isa-pit", NULL);
    pc->hpet = board_fixture_device(pc->f, "hpet", NULL);
    pc->rtc = board_fixture_device(pc->f, "mc146818rtc", NULL);
    pc->i8042 = board_fixture_device(pc->f, "i8042", NULL);
    invariant(object_property_parse(&pc->hpet->object, "msi", "on", pc->f->root, NULL));
    i8254_connect_irq(pc->pit, pc->gsi[0]);
    hpet_connect(pc->hpet, pc->gsi, GSI_NUM_PINS, i8254_irq_control(pc->pit));
    mc146818_connect_irq(pc->rtc, hpet_rtc_input(pc->hpet));
    i8042_connect(pc->i8042, &lines);
    board_fixture_realize(pc->pit);
    board_fixture_realize(pc->hpet);
    board_fixture_realize(pc->rtc);
    board_fixture_realize(pc->i8042);
    board_fixture_realize(board_fixture_device(pc->f, "port92", NULL));
}

static struct device *device_at(struct pc *pc, unsigned index)
{
    return g_ptr_array_index(pc->f->root->children, index);
}

/* What is loaded is what was there: deadlines and lines are in the state, not beside it. */
static void load_what_is_there(struct pc *pc)
{
    for (unsigned i = 0; i < pc->f->root->children->len; i++) {
        struct device *device = device_at(pc, i);
        const struct device_class *class = device_class(device);
        const uint8_t *state = (const uint8_t *)device + class->state_offset;
        uint64_t digest = state_digest(class->state, state, 0);

        if (class->after_load != NULL) {
            class->after_load(device);
        }
        invariant(state_digest(class->state, state, 0) == digest);
    }
}

/* ---- the guest ---- */

static void advance(struct pc *pc, uint64_t ns)
{
    uint64_t end = pc->f->clock.now_ns + ns;

    for (unsigned i = 0; i < FIRES_MAX && timer_queue_deadline_ns(&pc->f->timers) <= end; i++) {
        virtual_clock_advance(&pc->f->clock, timer_queue_deadline_ns(&pc->f->timers));
        (void)timer_queue_run(&pc->f->timers, pc->f->clock.now_ns);
    }
    virtual_clock_advance(&pc->f->clock, end);
    (void)timer_queue_run(&pc->f->timers, end);
}

static uint64_t gpa_of(unsigned where, unsigned offset)
{
    switch (where % 4) {
    case 0: return IOAPIC_BASE_GPA + offset % 0x50;
    case 1: return HPET_BASE_GPA + offset % HPET_BYTES;
    case 2: return APIC_WINDOW_GPA + offset % 0x400;
    default: return APIC_WINDOW_GPA + (uint64_t)offset * 4;
    }
}

static uint16_t port_of(unsigned where)
{
    static const uint16_t ports[] = { 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1, 0x40, 0x41,
                                      0x42, 0x43, 0x60, 0x61, 0x64,  0x70,  0x71, 0x92 };

    return ports[where % G_N_ELEMENTS(ports)];
}

static void access_msr(struct pc *pc, unsigned cpu, unsigned offset, uint32_t value)
{
    static const uint32_t others[] = { LAPIC_MSR_BASE, LAPIC_MSR_DEADLINE };
    struct lapic *lapic = lapic_of(pc->cpus[cpu]);
    uint32_t msr = offset % 4 == 0 ? others[offset / 4 % 2] : 0x800 + offset / 4 % 0x100;
    uint64_t wide = msr == LAPIC_MSR_BASE ? APIC_WINDOW_GPA | (value & 0xd00) : value;
    bool ok = lapic_write_msr(lapic, msr, wide);

    ok |= lapic_read_msr(lapic, msr, &wide);
    invariant(ok || msr >= LAPIC_MSR_X2_FIRST || (wide & LAPIC_BASE_ADDRESS) != 0);
}

static void take_interrupt(struct pc *pc, unsigned cpu)
{
    struct lapic *lapic = lapic_of(pc->cpus[cpu]);
    bool asked = pc->intr[cpu];
    int vector = lapic_acknowledge(lapic);

    invariant(asked == (vector >= 0));
    invariant(vector <= 0xff);
    invariant(pc->intr[cpu] == lapic_intr(lapic));
}

static void operate(struct pc *pc, const uint8_t *bytes)
{
    unsigned where = bytes[1], offset = (unsigned)(bytes[2] | bytes[3] << 8);
    uint32_t value = (uint32_t)bytes_load_le(&bytes[4], 4);
    unsigned cpu = where >> 7, size = 1u << (where >> 5 & 3);

    pc->bus.current = lapic_of(pc->cpus[cpu]);
    switch (bytes[0] % 12) {
    case 0:
    case 1: address_space_store(pc->f->board.io_space, port_of(where), value, 1); break;
    case 2: (void)address_space_load(pc->f->board.io_space, port_of(where), 1); break;
    case 3:
    case 4:
        address_space_store(pc->f->board.memory_space, gpa_of(where, offset),
                            value | (uint64_t)value << 32, size);
        break;
    case 5: (void)address_space_load(pc->f->board.memory_space, gpa_of(where, offset), size); break;
    case 6: access_msr(pc, cpu, offset, value); break;
    case 7: take_interrupt(pc, cpu); break;
    case 8: advance(pc, value >> (where & 0x1f)); break;
    case 9: irq_line_set(&pc->gsi[where % GSI_NUM_PINS], (int)(value & 1)); break;
    case 10:
        i8042_key(pc->i8042, (uint8_t)value, (value >> 8 & 1) != 0, (value >> 9 & 1) != 0);
        break;
    default:
        if (value == 0) {
            device_reset(device_at(pc, where % pc->f->root->children->len));
        } else {
            load_what_is_there(pc);
        }
    }
    pc->f->request_count = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct pc *pc = g_new0(struct pc, 1);

    pc->f = board_fixture_create(types);
    create_interrupts(pc);
    create_devices(pc);
    for (size_t at = 0; at + OPERATION_BYTES <= MIN(size, OPERATIONS_MAX * OPERATION_BYTES);
         at += OPERATION_BYTES) {
        operate(pc, bytes + at);
    }
    device_unrealize_all(pc->f->root);
    apic_bus_fini(&pc->bus);
    board_fixture_destroy(pc->f);
    g_free(pc);
    return 0;
}
