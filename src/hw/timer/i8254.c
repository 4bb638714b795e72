/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * i8254.c - the programmable interval timer behind its ports, its IRQ 0, and port 0x61 (Intel 8254
 * datasheet 231164; 82371SB §2.5.4).
 *
 *   0x40-0x42  counter 0-2
 *   0x43  w    7-6 counter, 3 = read-back   5-4 access, 0 = latch   3-1 mode   0 BCD
 *   0x61       0 GATE 2  1 speaker  2,3 NMI enables (kept)  4 refresh toggle (r)  5 OUT 2 (r)
 *
 * The counters: i8254_counter.c. A timer is armed for the next change of OUT 0 alone.
 */
#include "hw/timer/i8254.h"

#include "base/error.h"
#include "clock/timer_queue.h"
#include "clock/virtual_clock.h"
#include "hw/core/board.h"
#include "hw/timer/timer_internal.h"
#include "memory/region.h"
#include "trace/trace.h"

#define COUNTER_COUNT 3
#define PORT_CONTROL  3
#define SELECT(value) ((value) >> 6 & 3)
#define ACCESS(value) ((uint8_t)((value) >> 4 & 3))
#define MODE(value)   ((uint8_t)((value) >> 1 & 7))
#define BCD           0x01
#define READ_BACK     3
#define ACCESS_LATCH  0
#define ACCESS_LSB    1
#define ACCESS_MSB    2
#define ACCESS_BOTH   3
#define NO_COUNT      0x20 /* read-back: active low */
#define NO_STATUS     0x10

#define PORT61          0x61
#define PORT61_GATE     0x01
#define PORT61_SPEAKER  0x02
#define PORT61_WRITABLE 0x0f
#define PORT61_REFRESH  0x10
#define PORT61_OUT      0x20
#define REFRESH_TICKS   18 /* 15.085 us */

struct i8254_state {
    struct i8254_counter_state counters[COUNTER_COUNT];
    uint64_t deadline_ns; /* of the next change of OUT 0, UINT64_MAX = none */
    int64_t change_tick;  /* the same in ticks */
    uint8_t port61;       /* the writable bits */
    bool out_level;       /* OUT 0 as seen last */
    bool irq_level;       /* what the line was told */
    bool irq_taken_away;
    uint8_t pad[4];
};

/* clang-format off */
#define I8254_FIELDS(FIELD, NESTED, T) \
    NESTED(T, counters, i8254_counter_desc) FIELD(T, deadline_ns) FIELD(T, change_tick) \
    FIELD(T, port61) FIELD(T, out_level) FIELD(T, irq_level) FIELD(T, irq_taken_away) FIELD(T, pad)
/* clang-format on */
STATE_DECLARE(i8254_desc, struct i8254_state);
STATE_DESCRIBE(i8254_desc, struct i8254_state, I8254_FIELDS);

struct i8254 {
    struct device device;
    struct i8254_state state;
    uint32_t iobase; /* property */
    struct irq_line line;
    struct memory_region ports, port61;
    struct timer timer;
};

static struct i8254 *as_pit(struct device *device)
{
    return (struct i8254 *)(void *)device;
}

static int64_t now_tick(const struct i8254 *pit)
{
    return (int64_t)virtual_clock_ticks(pit->device.board->clock, I8254_HZ);
}

/* ---- IRQ 0 ---- */

static void drive(struct i8254 *pit, bool level)
{
    level = level && !pit->state.irq_taken_away;
    if (level != pit->state.irq_level) {
        pit->state.irq_level = level;
        irq_line_set(&pit->line, level);
    }
}

static void arm(struct i8254 *pit)
{
    if (pit->state.deadline_ns == UINT64_MAX) {
        timer_cancel(&pit->timer);
    } else {
        timer_arm(&pit->timer, pit->state.deadline_ns);
    }
}

/* Brings OUT 0 and its line to now, and arms the timer for its next change. */
static void update_irq(struct i8254 *pit)
{
    struct i8254_state *state = &pit->state;
    struct i8254_counter_state *counter = &state->counters[0];
    int64_t tick = now_tick(pit);
    bool missed = tick > state->change_tick && state->out_level;
    bool out;

    i8254_counter_sync(counter, tick);
    out = i8254_counter_out(counter, tick);
    if (missed && out) {
        drive(pit, false); /* the host was late: the low pulse is over, its edge is not */
    }
    state->out_level = out;
    drive(pit, out);
    state->change_tick = i8254_counter_next_change(counter, tick);
    state->deadline_ns = state->change_tick == I8254_NEVER
                             ? UINT64_MAX
                             : virtual_clock_ns_of_ticks((uint64_t)state->change_tick, I8254_HZ);
    arm(pit);
}

static void timer_fired(void *opaque)
{
    update_irq(opaque);
}

static void set_irq_control(void *sink, unsigned pin, int level)
{
    struct i8254 *pit = sink;

    (void)pin;
    pit->state.irq_taken_away = level != 0;
    drive(pit, pit->state.out_level);
}

/* ---- counters ---- */

static void latch_count(struct i8254_counter_state *counter, int64_t tick)
{
    if (counter->latch_bytes == 0) {
        counter->latch = i8254_counter_value(counter, tick);
        counter->latch_bytes = counter->access == ACCESS_BOTH ? 2 : 1;
    }
}

static void latch_status(struct i8254_counter_state *counter, int64_t tick)
{
    if (!counter->status_latched) {
        counter->status = i8254_counter_status(counter, tick);
        counter->status_latched = true;
    }
}

static void read_back(struct i8254 *pit, uint8_t command, int64_t tick)
{
    for (unsigned i = 0; i < COUNTER_COUNT; i++) {
        struct i8254_counter_state *counter = &pit->state.counters[i];

        if ((command >> (i + 1) & 1) == 0) {
            continue;
        }
        if ((command & NO_COUNT) == 0) {
            latch_count(counter, tick);
        }
        if ((command & NO_STATUS) == 0) {
            latch_status(counter, tick);
        }
    }
}

static void write_control(struct i8254 *pit, uint8_t value, int64_t tick)
{
    struct i8254_counter_state *counter;

    if (SELECT(value) == READ_BACK) {
        read_back(pit, value, tick);
        return;
    }
    counter = &pit->state.counters[SELECT(value)];
    if (ACCESS(value) == ACCESS_LATCH) {
        latch_count(counter, tick);
        return;
    }
    counter->access = ACCESS(value);
    i8254_counter_set_mode(counter, MODE(value), (value & BCD) != 0);
}

static void load(struct i8254 *pit, unsigned index, int64_t tick, uint16_t value)
{
    struct i8254_counter_state *counter = &pit->state.counters[index];

    i8254_counter_load(counter, tick, value);
    trace_pit_counter_loaded(index, counter->mode, value);
}

static void write_counter(struct i8254 *pit, unsigned index, uint8_t value, int64_t tick)
{
    struct i8254_counter_state *counter = &pit->state.counters[index];

    if (counter->access == ACCESS_LSB) {
        load(pit, index, tick, value);
    } else if (counter->access == ACCESS_MSB) {
        load(pit, index, tick, (uint16_t)(value << 8));
    } else if (!counter->write_high_next) {
        counter->write_low = value;
        counter->write_high_next = true;
        if (counter->mode == 0) {
            counter->count = 0; /* the first byte stops the counting (datasheet, mode 0) */
        }
    } else {
        counter->write_high_next = false;
        load(pit, index, tick, (uint16_t)(value << 8 | counter->write_low));
    }
}

static uint8_t read_counter(struct i8254_counter_state *counter, int64_t tick)
{
    uint16_t value = counter->latch;
    bool high;

    if (counter->status_latched) {
        counter->status_latched = false;
        return counter->status;
    }
    if (counter->latch_bytes != 0) {
        high = counter->access == ACCESS_MSB ||
               (counter->access == ACCESS_BOTH && counter->latch_bytes == 1);
        counter->latch_bytes--;
    } else {
        value = i8254_counter_value(counter, tick);
        high = counter->access == ACCESS_MSB || counter->read_high_next;
        counter->read_high_next = counter->access == ACCESS_BOTH && !counter->read_high_next;
    }
    return (uint8_t)(high ? value >> 8 : value);
}

/* ---- ports ---- */

static uint64_t ports_read(void *opaque, uint64_t offset, unsigned size)
{
    struct i8254 *pit = opaque;
    int64_t tick = now_tick(pit);

    (void)size;
    if (offset == PORT_CONTROL) {
        trace_guest_error(TYPE_I8254, offset, 0, "the control word can't be read: all-ones");
        return 0xff;
    }
    i8254_counter_sync(&pit->state.counters[offset], tick);
    return read_counter(&pit->state.counters[offset], tick);
}

static void ports_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct i8254 *pit = opaque;
    int64_t tick = now_tick(pit);

    (void)size;
    for (unsigned i = 0; i < COUNTER_COUNT; i++) {
        i8254_counter_sync(&pit->state.counters[i], tick);
    }
    if (offset == PORT_CONTROL) {
        write_control(pit, (uint8_t)value, tick);
    } else {
        write_counter(pit, (unsigned)offset, (uint8_t)value, tick);
    }
    if (offset == 0 || (offset == PORT_CONTROL && SELECT(value) == 0)) {
        update_irq(pit);
    }
}

static const struct memory_region_ops ports_ops = {
    .read = ports_read,
    .write = ports_write,
    .size_min = 1,
    .size_max = 1,
};

static bool counter_out(struct i8254 *pit, unsigned index)
{
    int64_t tick = now_tick(pit);

    i8254_counter_sync(&pit->state.counters[index], tick);
    return i8254_counter_out(&pit->state.counters[index], tick);
}

static uint64_t port61_read(void *opaque, uint64_t offset, unsigned size)
{
    struct i8254 *pit = opaque;
    unsigned value = pit->state.port61;

    (void)offset;
    (void)size;
    value |= (now_tick(pit) / REFRESH_TICKS & 1) != 0 ? PORT61_REFRESH : 0;
    value |= counter_out(pit, 2) ? PORT61_OUT : 0;
    return value;
}

static void port61_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct i8254 *pit = opaque;
    int64_t tick = now_tick(pit);

    (void)offset;
    (void)size;
    pit->state.port61 = (uint8_t)value & PORT61_WRITABLE;
    i8254_counter_sync(&pit->state.counters[2], tick);
    i8254_counter_set_gate(&pit->state.counters[2], tick, (value & PORT61_GATE) != 0);
}

static const struct memory_region_ops port61_ops = {
    .read = port61_read,
    .write = port61_write,
    .size_min = 1,
    .size_max = 1,
};

/* ---- for the machine ---- */

void i8254_connect_irq(struct device *device, struct irq_line line)
{
    as_pit(device)->line = line;
}

struct irq_line i8254_irq_control(struct device *device)
{
    return (struct irq_line){ .set = set_irq_control, .sink = as_pit(device), .pin = 0 };
}

bool i8254_speaker_is_on(struct device *device)
{
    struct i8254 *pit = as_pit(device);

    return (pit->state.port61 & PORT61_SPEAKER) != 0 && counter_out(pit, 2);
}

/* ---- life ---- */

/* What firmware leaves behind: counter 0 ticks 18.2 times a second in mode 3. */
static void i8254_reset(struct device *device)
{
    struct i8254 *pit = as_pit(device);
    struct i8254_state *state = &pit->state;

    *state = (struct i8254_state){ .change_tick = I8254_NEVER,
                                   .out_level = state->out_level,
                                   .irq_level = state->irq_level,
                                   .irq_taken_away = state->irq_taken_away };
    for (unsigned i = 0; i < COUNTER_COUNT; i++) {
        state->counters[i].gate = i != 2;
        state->counters[i].access = ACCESS_BOTH;
        i8254_counter_set_mode(&state->counters[i], 3, false);
    }
    i8254_counter_load(&state->counters[0], now_tick(pit), 0);
    update_irq(pit);
}

static bool i8254_realize(struct device *device, GError **error)
{
    struct i8254 *pit = as_pit(device);
    const struct board *board = device->board;

    if (pit->iobase > 0xfffc) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Parameter 'iobase' is 0x%x; expected a port up to 0xfffc", pit->iobase);
        return false;
    }
    timer_init(&pit->timer, board->timers, timer_fired, pit);
    memory_region_init_io(&pit->ports, board->memory, "pit", &ports_ops, pit, 4);
    memory_region_init_io(&pit->port61, board->memory, "pcspk", &port61_ops, pit, 1);
    memory_region_add_subregion(board->system_io, pit->iobase, &pit->ports);
    memory_region_add_subregion(board->system_io, PORT61, &pit->port61);
    i8254_reset(device);
    return true;
}

static void i8254_unrealize(struct device *device)
{
    struct i8254 *pit = as_pit(device);

    timer_cancel(&pit->timer);
    memory_region_del_subregion(device->board->system_io, &pit->port61);
    memory_region_del_subregion(device->board->system_io, &pit->ports);
    memory_region_fini(&pit->port61);
    memory_region_fini(&pit->ports);
}

static void i8254_after_load(struct device *device)
{
    arm(as_pit(device));
}

/* ---- type ---- */

static const struct property_info i8254_properties[] = {
    { .name = "iobase",
      .kind = PROPERTY_UINT32,
      .offset = offsetof(struct i8254, iobase),
      .default_text = "0x40",
      .fixed_once_realized = true },
    { .name = NULL },
};

static const struct device_class i8254_class = {
    .description = "8254 programmable interval timer",
    .bus_type = "ISA",
    .realize = i8254_realize,
    .unrealize = i8254_unrealize,
    .reset = i8254_reset,
    .state = &i8254_desc,
    .state_offset = offsetof(struct i8254, state),
    .after_load = i8254_after_load,
};

const struct type_info i8254_type_info = {
    .name = TYPE_I8254,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(struct i8254),
    .properties = i8254_properties,
    .class_methods = &i8254_class,
};
