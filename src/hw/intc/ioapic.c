/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ioapic.c - redirects 24 pins to local APICs (82093AA datasheet chapter 3).
 *
 *   0xfec00000 + 0x00  IOREGSEL   00 id  01 version  02 arbitration id
 *              + 0x10  IOWIN      10 + 2n  redirection of pin n, low; 11 + 2n  high
 *              + 0x40  EOI: w vector
 *
 *   redirection  63-56 destination  16 mask  15 level  14 rirr  13 polarity  12 status
 *                11 logical  10-8 mode  7-0 vector
 */
#include "hw/intc/ioapic.h"

#include "base/error.h"
#include "base/invariant.h"
#include "hw/core/board.h"
#include "hw/intc/intc_internal.h"
#include "trace/trace.h"

#define IOAPIC_BYTES   0x1000u
#define OFFSET_SELECT  0x00u
#define OFFSET_WINDOW  0x10u
#define OFFSET_EOI     0x40u
#define INDEX_ID       0x00u
#define INDEX_VERSION  0x01u
#define INDEX_ARBITER  0x02u
#define INDEX_ENTRIES  0x10u
#define VERSION        (0x20u | (IOAPIC_NUM_PINS - 1) << 16)
#define ID_SHIFT       24
#define ID_MASK        0xfu
#define ENTRY_LOGICAL  0x800ull
#define ENTRY_STATUS   0x1000ull
#define ENTRY_RIRR     0x4000ull
#define ENTRY_LEVEL    0x8000ull
#define ENTRY_MASKED   0x10000ull
#define ENTRY_WRITABLE (0xff0000000001ffffull & ~(ENTRY_STATUS | ENTRY_RIRR))
#define ENTRY_MODE(e)  ((uint8_t)((e) >> 8 & 7))

struct ioapic_state {
    uint64_t entries[IOAPIC_NUM_PINS];
    uint32_t levels; /* bit a pin */
    uint8_t select;
    uint8_t id;
    uint8_t pad[2];
};

/* clang-format off */
#define IOAPIC_FIELDS(FIELD, NESTED, T) \
    FIELD(T, entries) FIELD(T, levels) FIELD(T, select) FIELD(T, id) FIELD(T, pad)
/* clang-format on */
STATE_DECLARE(ioapic_desc, struct ioapic_state);
STATE_DESCRIBE(ioapic_desc, struct ioapic_state, IOAPIC_FIELDS);

struct ioapic {
    struct device device;
    struct ioapic_state state;
    struct apic_bus *bus;
    struct irq_statistics *statistics;
    struct memory_region mmio;
};

static struct ioapic *as_ioapic(struct device *device)
{
    return (struct ioapic *)(void *)device;
}

/* ---- pins ---- */

/* Only what goes by vector knows levels (datasheet 3.2.4, delivery mode). */
static bool is_level_triggered(uint64_t entry)
{
    return (entry & ENTRY_LEVEL) != 0 &&
           (ENTRY_MODE(entry) == APIC_DELIVERY_FIXED || ENTRY_MODE(entry) == APIC_DELIVERY_LOWEST);
}

static bool is_high(const struct ioapic *ioapic, unsigned pin)
{
    return (ioapic->state.levels >> pin & 1) != 0;
}

static void ioapic_service(struct ioapic *ioapic, unsigned pin)
{
    uint64_t entry = ioapic->state.entries[pin];
    struct apic_message message = {
        .destination = (uint32_t)(entry >> 56),
        .logical = (entry & ENTRY_LOGICAL) != 0,
        .level_triggered = is_level_triggered(entry),
        .mode = ENTRY_MODE(entry),
        .vector = (uint8_t)entry,
    };

    trace_ioapic_service_enter(pin, entry);
    if (message.level_triggered) {
        /* Before the message: the LAPIC's EOI may come within it. */
        ioapic->state.entries[pin] |= ENTRY_RIRR;
    }
    if (apic_bus_deliver(ioapic->bus, &message) == 0) {
        ioapic->state.entries[pin] &= ~ENTRY_RIRR;
    }
    trace_ioapic_service_leave();
}

static void serve_level(struct ioapic *ioapic, unsigned pin)
{
    uint64_t entry = ioapic->state.entries[pin];

    if (is_high(ioapic, pin) && is_level_triggered(entry) &&
        (entry & (ENTRY_MASKED | ENTRY_RIRR)) == 0) {
        ioapic_service(ioapic, pin);
    }
}

static void take_level(struct ioapic *ioapic, unsigned pin, int level)
{
    uint64_t entry = ioapic->state.entries[pin];
    uint32_t bit = 1u << pin;
    bool rises = level != 0 && !is_high(ioapic, pin);

    ioapic->state.levels = level != 0 ? ioapic->state.levels | bit : ioapic->state.levels & ~bit;
    if (is_level_triggered(entry)) {
        serve_level(ioapic, pin);
    } else if (rises && (entry & ENTRY_MASKED) == 0) {
        ioapic_service(ioapic, pin); /* an edge at a masked pin is lost (datasheet, bit 16) */
    }
}

static void ioapic_set_irq(void *sink, unsigned pin, int level)
{
    struct ioapic *ioapic = sink;

    trace_ioapic_set_irq_enter(pin, level);
    if (ioapic->statistics != NULL) {
        uint64_t raised_count = irq_statistics_count(ioapic->statistics, pin, level);

        trace_ioapic_stat_update_irq(pin, level, raised_count);
    }
    take_level(ioapic, pin, level);
    trace_ioapic_set_irq_leave();
}

void ioapic_eoi_broadcast(struct ioapic *ioapic, uint8_t vector)
{
    for (unsigned pin = 0; pin < IOAPIC_NUM_PINS; pin++) {
        uint64_t *entry = &ioapic->state.entries[pin];

        if ((*entry & ENTRY_RIRR) != 0 && (uint8_t)*entry == vector) {
            *entry &= ~ENTRY_RIRR;
            trace_ioapic_eoi(pin, vector);
            serve_level(ioapic, pin);
        }
    }
}

/* ---- registers ---- */

static uint32_t read_window(const struct ioapic *ioapic)
{
    const struct ioapic_state *state = &ioapic->state;
    unsigned index = state->select;

    if (index >= INDEX_ENTRIES && index < INDEX_ENTRIES + 2 * IOAPIC_NUM_PINS) {
        return (uint32_t)(state->entries[(index - INDEX_ENTRIES) / 2] >> (index % 2 * 32));
    }
    switch (index) {
    case INDEX_ID:
    case INDEX_ARBITER: return (uint32_t)state->id << ID_SHIFT;
    case INDEX_VERSION: return VERSION;
    default: trace_guest_error(TYPE_IOAPIC, index, 0, "no register there: zero"); return 0;
    }
}

static void write_entry(struct ioapic *ioapic, unsigned pin, bool high, uint32_t value)
{
    uint64_t *entry = &ioapic->state.entries[pin];
    unsigned shift = high ? 32 : 0;
    uint64_t bits = ENTRY_WRITABLE & 0xffffffffull << shift;

    *entry = (*entry & ~bits) | ((uint64_t)value << shift & bits);
    if (!is_level_triggered(*entry)) {
        *entry &= ~ENTRY_RIRR; /* also how software without the EOI register ends one */
    }
    trace_ioapic_entry_written(pin, *entry);
    if (ioapic->bus->entry_written != NULL) {
        ioapic->bus->entry_written(ioapic->bus->forwarder, pin, *entry);
    }
    serve_level(ioapic, pin);
}

static void write_window(struct ioapic *ioapic, uint32_t value)
{
    unsigned index = ioapic->state.select;

    if (index >= INDEX_ENTRIES && index < INDEX_ENTRIES + 2 * IOAPIC_NUM_PINS) {
        write_entry(ioapic, (index - INDEX_ENTRIES) / 2, index % 2 != 0, value);
    } else if (index == INDEX_ID) {
        ioapic->state.id = (uint8_t)(value >> ID_SHIFT & ID_MASK);
    } else {
        trace_guest_error(TYPE_IOAPIC, index, value, "no register to write there: dropped");
    }
}

static uint64_t ioapic_read(void *opaque, uint64_t offset, unsigned size)
{
    const struct ioapic *ioapic = opaque;

    (void)size;
    switch (offset) {
    case OFFSET_SELECT: return ioapic->state.select;
    case OFFSET_WINDOW: return read_window(ioapic);
    default: trace_guest_error(TYPE_IOAPIC, offset, 0, "no register there: zero"); return 0;
    }
}

static void ioapic_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct ioapic *ioapic = opaque;

    (void)size;
    switch (offset) {
    case OFFSET_SELECT: ioapic->state.select = (uint8_t)value; break;
    case OFFSET_WINDOW: write_window(ioapic, (uint32_t)value); break;
    case OFFSET_EOI: ioapic_eoi_broadcast(ioapic, (uint8_t)value); break;
    default: trace_guest_error(TYPE_IOAPIC, offset, value, "no register there: dropped"); break;
    }
}

static const struct memory_region_ops ioapic_ops = {
    .read = ioapic_read,
    .write = ioapic_write,
    .size_min = 4,
    .size_max = 4,
};

/* ---- life ---- */

void ioapic_connect(struct device *device, struct apic_bus *bus, struct irq_statistics *statistics)
{
    as_ioapic(device)->bus = bus;
    as_ioapic(device)->statistics = statistics;
}

struct irq_line ioapic_pin(struct device *device, unsigned pin)
{
    invariant(pin < IOAPIC_NUM_PINS);
    return (struct irq_line){ .set = ioapic_set_irq, .sink = as_ioapic(device), .pin = pin };
}

/* The pins keep the levels that others drive. */
static void ioapic_reset(struct device *device)
{
    struct ioapic *ioapic = as_ioapic(device);

    ioapic->state = (struct ioapic_state){ .levels = ioapic->state.levels };
    for (unsigned pin = 0; pin < IOAPIC_NUM_PINS; pin++) {
        ioapic->state.entries[pin] = ENTRY_MASKED;
    }
}

static bool ioapic_realize(struct device *device, GError **error)
{
    struct ioapic *ioapic = as_ioapic(device);
    const struct board *board = device->board;

    invariant(ioapic->bus != NULL);
    if (ioapic->bus->ioapic_count == APIC_BUS_IOAPICS_MAX) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NO_SPACE, "there can be at most %d IOAPICs",
                    APIC_BUS_IOAPICS_MAX);
        return false;
    }
    apic_bus_add_ioapic(ioapic->bus, ioapic);
    memory_region_init_io(&ioapic->mmio, board->memory, TYPE_IOAPIC, &ioapic_ops, ioapic,
                          IOAPIC_BYTES);
    memory_region_add_subregion(board->system_memory, IOAPIC_BASE_GPA, &ioapic->mmio);
    ioapic_reset(device);
    return true;
}

static void ioapic_unrealize(struct device *device)
{
    struct ioapic *ioapic = as_ioapic(device);

    memory_region_del_subregion(device->board->system_memory, &ioapic->mmio);
    memory_region_fini(&ioapic->mmio);
    apic_bus_remove_ioapic(ioapic->bus, ioapic);
}

static const struct device_class ioapic_class = {
    .description = "IOAPIC",
    .bus_type = "System",
    .realize = ioapic_realize,
    .unrealize = ioapic_unrealize,
    .reset = ioapic_reset,
    .state = &ioapic_desc,
    .state_offset = offsetof(struct ioapic, state),
};

const struct type_info ioapic_type_info = {
    .name = TYPE_IOAPIC,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(struct ioapic),
    .class_methods = &ioapic_class,
};
