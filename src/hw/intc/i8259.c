/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * i8259.c - the 8259A programmable interrupt controller (Intel datasheet 231468-003).
 *
 *   iobase      w: D4 = 1 ICW1, else D3 = 1 OCW3, else OCW2    r: IRR or ISR, poll word
 *   iobase + 1  w: ICW2, 3, 4 after ICW1, else OCW1            r: IMR
 *   elcr_addr   a bit an input: 1 = level triggered
 *
 * An edge is a request for as long as the input stays high: one that falls before INTA is gone.
 */
#include "hw/intc/i8259.h"

#include "base/error.h"
#include "base/invariant.h"
#include "hw/core/board.h"
#include "hw/intc/intc_internal.h"
#include "trace/trace.h"

#define INPUT_COUNT         8
#define CASCADE_INPUT       2
#define SPURIOUS_INPUT      7
#define NONE                (-1)
#define ICW1_MARK           0x10
#define ICW1_SINGLE         0x02
#define ICW1_IC4            0x01
#define ICW2_BASE           0xf8
#define ICW4_SFNM           0x10
#define ICW4_AEOI           0x02
#define OCW2_COMMAND(value) ((value) >> 5 & 7)
#define OCW2_LEVEL(value)   ((value)&7)
#define OCW3_MARK           0x08
#define OCW3_SMM(value)     ((value) >> 5 & 3)
#define OCW3_POLL           0x04
#define OCW3_READ(value)    ((value)&3)
#define POLL_REQUEST        0x80
#define OPERATE             0 /* values of state.expects: the ICW that port + 1 takes next */

#define MASTER_IOBASE 0x20
#define SLAVE_IOBASE  0xa0
#define MASTER_ELCR   0x4d0
#define SLAVE_ELCR    0x4d1
#define MASTER_EDGES  0xf8 /* 82371SB: IRQ 0, 1, 2 are edge triggered for good */
#define SLAVE_EDGES   0xde /* so are 8 and 13 */

struct i8259_state {
    uint8_t levels; /* of the inputs */
    uint8_t irr, imr, isr, elcr;
    uint8_t highest; /* the input of the highest priority; rotation moves it */
    uint8_t vector_base;
    uint8_t cascade; /* ICW3: kept, the wiring is fixed */
    uint8_t expects; /* OPERATE, or 2, 3, 4 */
    bool icw4_comes, single;
    bool auto_eoi, rotate_on_auto_eoi, special_fully_nested, special_mask;
    bool poll, read_isr;
    bool int_level; /* of the output */
};

/* clang-format off */
#define I8259_FIELDS(FIELD, NESTED, T) \
    FIELD(T, levels) FIELD(T, irr) FIELD(T, imr) FIELD(T, isr) FIELD(T, elcr) FIELD(T, highest) \
    FIELD(T, vector_base) FIELD(T, cascade) FIELD(T, expects) FIELD(T, icw4_comes) \
    FIELD(T, single) FIELD(T, auto_eoi) FIELD(T, rotate_on_auto_eoi) \
    FIELD(T, special_fully_nested) FIELD(T, special_mask) FIELD(T, poll) FIELD(T, read_isr) \
    FIELD(T, int_level)
/* clang-format on */
STATE_DECLARE(i8259_desc, struct i8259_state);
STATE_DESCRIBE(i8259_desc, struct i8259_state, I8259_FIELDS);

struct i8259 {
    struct device device;
    struct i8259_state state;
    uint32_t iobase, elcr_addr; /* properties */
    uint8_t elcr_mask;
    bool master;
    struct i8259 *slave; /* of the master */
    struct irq_line out;
    struct irq_statistics *statistics;
    struct memory_region ports, elcr_port;
};

static struct i8259 *as_chip(struct device *device)
{
    return (struct i8259 *)(void *)device;
}

/* ---- pure helpers on state ---- */

/* 0 = the highest, INPUT_COUNT = nothing in bits. */
static unsigned best_priority(const struct i8259_state *state, uint8_t bits)
{
    unsigned priority = 0;

    while (priority < INPUT_COUNT &&
           (bits >> ((state->highest + priority) % INPUT_COUNT) & 1) == 0) {
        priority++;
    }
    return priority;
}

/* The input that may interrupt now. */
static int candidate(const struct i8259 *chip)
{
    const struct i8259_state *state = &chip->state;
    uint8_t serving = state->special_mask ? state->isr & (uint8_t)~state->imr : state->isr;
    unsigned wanted = best_priority(state, state->irr & (uint8_t)~state->imr);
    unsigned served = best_priority(state, serving);
    unsigned input = (state->highest + wanted) % INPUT_COUNT;

    if (wanted == INPUT_COUNT || wanted > served) {
        return NONE;
    }
    if (wanted < served) {
        return (int)input;
    }
    /* Special fully nested: a slave in service may interrupt again. */
    return state->special_fully_nested && chip->master && input == CASCADE_INPUT ? (int)input
                                                                                 : NONE;
}

static void set_lowest(struct i8259_state *state, unsigned input)
{
    state->highest = (uint8_t)((input + 1) % INPUT_COUNT);
}

/* ---- inputs, output ---- */

static void drive(struct i8259 *chip, bool level)
{
    if (level != chip->state.int_level) {
        chip->state.int_level = level;
        irq_line_set(&chip->out, level);
    }
}

static void pic_update_irq(struct i8259 *chip)
{
    const struct i8259_state *state = &chip->state;

    trace_pic_update_irq_enter(chip->master, state->irr, state->imr, state->isr);
    drive(chip, candidate(chip) != NONE);
    trace_pic_update_irq_leave();
}

static void pic_set_irq(void *sink, unsigned pin, int level)
{
    struct i8259 *chip = sink;
    struct i8259_state *state = &chip->state;
    uint8_t bit = (uint8_t)(1u << pin);
    unsigned irq = chip->master ? pin : pin + INPUT_COUNT;

    trace_pic_set_irq_enter(chip->master, pin, level);
    if (chip->statistics != NULL) {
        uint64_t raised_count = irq_statistics_count(chip->statistics, irq, level);

        trace_pic_stat_update_irq(irq, level, raised_count);
    }
    if (level == 0) {
        state->levels &= (uint8_t)~bit;
        state->irr &= (uint8_t)~bit;
    } else if ((state->levels & bit) == 0 || (state->elcr & bit) != 0) {
        state->levels |= bit;
        state->irr |= bit;
    }
    pic_update_irq(chip);
    trace_pic_set_irq_leave();
}

/* ---- INTA ---- */

/* The chip's own half of the cycle: its input. */
static unsigned acknowledge(struct i8259 *chip)
{
    struct i8259_state *state = &chip->state;
    int input = candidate(chip);
    uint8_t bit;

    if (input == NONE) {
        trace_pic_spurious(chip->master);
        return SPURIOUS_INPUT;
    }
    bit = (uint8_t)(1u << (unsigned)input);
    if ((state->elcr & bit) == 0) {
        state->irr &= (uint8_t)~bit;
    }
    if (!state->auto_eoi) {
        state->isr |= bit;
    } else if (state->rotate_on_auto_eoi) {
        set_lowest(state, (unsigned)input);
    }
    return (unsigned)input;
}

/* INT falls during INTA, so that a slave's next request is an edge for its master. */
static void end_acknowledge(struct i8259 *chip)
{
    drive(chip, false);
    pic_update_irq(chip);
}

int i8259_acknowledge(struct device *master)
{
    struct i8259 *chip = as_chip(master);
    unsigned input = acknowledge(chip);
    struct i8259 *answers = chip;

    if (input == CASCADE_INPUT && chip->slave != NULL) {
        answers = chip->slave;
        input = acknowledge(answers);
        end_acknowledge(answers);
    }
    end_acknowledge(chip);
    trace_pic_acknowledged(answers->master, (uint8_t)(answers->state.vector_base + input));
    return (int)(answers->state.vector_base + input);
}

/* ---- commands ---- */

static void write_icw1(struct i8259 *chip, uint8_t value)
{
    struct i8259_state *state = &chip->state;

    *state = (struct i8259_state){
        .levels = state->levels,
        .irr = state->levels & state->elcr, /* the edge sense circuit is reset */
        .elcr = state->elcr,
        .vector_base = state->vector_base,
        .cascade = state->cascade,
        .int_level = state->int_level,
        .expects = 2,
        .icw4_comes = (value & ICW1_IC4) != 0,
        .single = (value & ICW1_SINGLE) != 0,
    };
}

static void write_ocw3(struct i8259_state *state, uint8_t value)
{
    if (OCW3_SMM(value) >= 2) {
        state->special_mask = OCW3_SMM(value) == 3;
    }
    if ((value & OCW3_POLL) != 0) {
        state->poll = true; /* it overrides the read command (datasheet, OCW3) */
    } else if (OCW3_READ(value) >= 2) {
        state->read_isr = OCW3_READ(value) == 3;
    }
}

/* The input of the highest priority in service ends; in special mask mode masked ones stay. */
static int end_nonspecific(struct i8259_state *state)
{
    uint8_t serving = state->special_mask ? state->isr & (uint8_t)~state->imr : state->isr;
    unsigned priority = best_priority(state, serving);
    unsigned input = (state->highest + priority) % INPUT_COUNT;

    if (priority == INPUT_COUNT) {
        return NONE;
    }
    state->isr &= (uint8_t) ~(1u << input);
    return (int)input;
}

static void write_ocw2(struct i8259_state *state, uint8_t value)
{
    unsigned level = OCW2_LEVEL(value);
    int ended;

    switch (OCW2_COMMAND(value)) {
    case 0:
    case 4: state->rotate_on_auto_eoi = OCW2_COMMAND(value) == 4; break;
    case 1: (void)end_nonspecific(state); break; /* nothing in service: nothing to end */
    case 5:
        ended = end_nonspecific(state);
        if (ended != NONE) {
            set_lowest(state, (unsigned)ended);
        }
        break;
    case 3: state->isr &= (uint8_t) ~(1u << level); break;
    case 7:
        state->isr &= (uint8_t) ~(1u << level);
        set_lowest(state, level);
        break;
    case 6: set_lowest(state, level); break;
    default: break; /* 2 is no operation */
    }
}

static void write_data(struct i8259_state *state, uint8_t value)
{
    switch (state->expects) {
    case 2:
        state->vector_base = value & ICW2_BASE;
        state->expects = !state->single ? 3 : state->icw4_comes ? 4 : OPERATE;
        break;
    case 3:
        state->cascade = value;
        state->expects = state->icw4_comes ? 4 : OPERATE;
        break;
    case 4:
        state->special_fully_nested = (value & ICW4_SFNM) != 0;
        state->auto_eoi = (value & ICW4_AEOI) != 0;
        state->expects = OPERATE;
        break;
    default: state->imr = value; break;
    }
}

/* ---- ports ---- */

static uint8_t read_poll(struct i8259 *chip)
{
    unsigned input;

    chip->state.poll = false;
    if (candidate(chip) == NONE) {
        return 0;
    }
    input = acknowledge(chip);
    end_acknowledge(chip);
    return (uint8_t)(POLL_REQUEST | input);
}

static uint64_t ports_read(void *opaque, uint64_t offset, unsigned size)
{
    struct i8259 *chip = opaque;

    (void)size;
    if (chip->state.poll) {
        return read_poll(chip);
    }
    if (offset != 0) {
        return chip->state.imr;
    }
    return chip->state.read_isr ? chip->state.isr : chip->state.irr;
}

static void ports_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct i8259 *chip = opaque;

    (void)size;
    if (offset != 0) {
        write_data(&chip->state, (uint8_t)value);
    } else if ((value & ICW1_MARK) != 0) {
        write_icw1(chip, (uint8_t)value);
    } else if ((value & OCW3_MARK) != 0) {
        write_ocw3(&chip->state, (uint8_t)value);
    } else {
        write_ocw2(&chip->state, (uint8_t)value);
    }
    pic_update_irq(chip);
}

static const struct memory_region_ops ports_ops = {
    .read = ports_read,
    .write = ports_write,
    .size_min = 1,
    .size_max = 1,
};

static uint64_t elcr_read(void *opaque, uint64_t offset, unsigned size)
{
    (void)offset;
    (void)size;
    return ((const struct i8259 *)opaque)->state.elcr;
}

static void elcr_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct i8259 *chip = opaque;

    (void)offset;
    (void)size;
    chip->state.elcr = (uint8_t)value & chip->elcr_mask;
    chip->state.irr |= chip->state.elcr & chip->state.levels;
    pic_update_irq(chip);
}

static const struct memory_region_ops elcr_ops = {
    .read = elcr_read,
    .write = elcr_write,
    .size_min = 1,
    .size_max = 1,
};

/* ---- wiring ---- */

struct irq_line i8259_input(struct device *master, unsigned irq)
{
    struct i8259 *chip = as_chip(master);

    invariant(irq < 2 * INPUT_COUNT);
    return (struct irq_line){ .set = pic_set_irq,
                              .sink = irq < INPUT_COUNT ? chip : chip->slave,
                              .pin = irq % INPUT_COUNT };
}

void i8259_connect(struct device *master, struct device *slave, struct irq_line intr,
                   struct irq_statistics *statistics)
{
    struct i8259 *first = as_chip(master), *second = as_chip(slave);

    first->master = true;
    first->iobase = MASTER_IOBASE;
    first->elcr_addr = MASTER_ELCR;
    first->elcr_mask = MASTER_EDGES;
    first->slave = second;
    first->out = intr;
    first->statistics = statistics;
    second->master = false;
    second->iobase = SLAVE_IOBASE;
    second->elcr_addr = SLAVE_ELCR;
    second->elcr_mask = SLAVE_EDGES;
    second->out = i8259_input(master, CASCADE_INPUT);
    second->statistics = statistics;
}

/* ---- life ---- */

/* The inputs keep the levels that others drive, the output goes low. */
static void i8259_reset(struct device *device)
{
    struct i8259 *chip = as_chip(device);

    drive(chip, false);
    chip->state = (struct i8259_state){ .levels = chip->state.levels };
    pic_update_irq(chip);
}

static bool port_is_sane(const char *name, uint32_t port, GError **error)
{
    if (port <= 0xfffe) {
        return true;
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                "Parameter '%s' is 0x%x; expected a port up to 0xfffe", name, port);
    return false;
}

static bool i8259_realize(struct device *device, GError **error)
{
    struct i8259 *chip = as_chip(device);
    const struct board *board = device->board;

    if (!port_is_sane("iobase", chip->iobase, error) ||
        !port_is_sane("elcr_addr", chip->elcr_addr, error)) {
        return false;
    }
    memory_region_init_io(&chip->ports, board->memory, "pic", &ports_ops, chip, 2);
    memory_region_init_io(&chip->elcr_port, board->memory, "elcr", &elcr_ops, chip, 1);
    memory_region_add_subregion(board->system_io, chip->iobase, &chip->ports);
    memory_region_add_subregion(board->system_io, chip->elcr_addr, &chip->elcr_port);
    return true;
}

static void i8259_unrealize(struct device *device)
{
    struct i8259 *chip = as_chip(device);

    memory_region_del_subregion(device->board->system_io, &chip->elcr_port);
    memory_region_del_subregion(device->board->system_io, &chip->ports);
    memory_region_fini(&chip->elcr_port);
    memory_region_fini(&chip->ports);
}

/* ---- type ---- */

#define I8259_AT(field) .offset = offsetof(struct i8259, field)

static const struct property_info i8259_properties[] = {
    { .name = "iobase",
      .kind = PROPERTY_UINT32,
      I8259_AT(iobase),
      .default_text = "0xffffffff",
      .fixed_once_realized = true },
    { .name = "elcr_addr",
      .kind = PROPERTY_UINT32,
      I8259_AT(elcr_addr),
      .default_text = "0xffffffff",
      .fixed_once_realized = true },
    { .name = "elcr_mask",
      .kind = PROPERTY_UINT8,
      I8259_AT(elcr_mask),
      .default_text = "0xff",
      .fixed_once_realized = true },
    { .name = "master",
      .kind = PROPERTY_BOOL,
      I8259_AT(master),
      .default_text = "off",
      .fixed_once_realized = true },
    { .name = NULL },
};

static const struct device_class i8259_class = {
    .description = "8259 interrupt controller",
    .bus_type = "ISA",
    .realize = i8259_realize,
    .unrealize = i8259_unrealize,
    .reset = i8259_reset,
    .state = &i8259_desc,
    .state_offset = offsetof(struct i8259, state),
};

const struct type_info i8259_type_info = {
    .name = TYPE_I8259,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(struct i8259),
    .properties = i8259_properties,
    .class_methods = &i8259_class,
};
