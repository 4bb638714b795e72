/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * i8042.c - the keyboard controller of a PC-AT (IBM PS/2 hardware interface technical reference,
 * "Keyboard and auxiliary device controller").
 *
 *   0x60  r: output buffer    w: to the keyboard, or the argument of a command
 *   0x64  r: 7 parity 6 timeout 5 from the mouse 4 not locked 3 command 2 system 1 input 0 output
 *         w: command
 *
 *   RAM 0, the command byte: 6 translate 5 mouse off 4 keyboard off 2 system 1 IRQ 12 0 IRQ 1
 *
 * Commands are carried out at once, so the input buffer is never full. The output buffer takes the
 * controller's own answer first, then the keyboard's next byte, then the mouse's.
 */
#include "hw/input/i8042.h"

#include "hw/core/board.h"
#include "hw/input/input_internal.h"
#include "memory/region.h"
#include "trace/trace.h"

#define PORT_DATA    0x60
#define PORT_COMMAND 0x64
#define RAM_BYTES    32

#define STATUS_OUTPUT  0x01
#define STATUS_SYSTEM  0x04
#define STATUS_COMMAND 0x08
#define STATUS_OPEN    0x10
#define STATUS_MOUSE   0x20

#define MODE_KEYBOARD_IRQ 0x01
#define MODE_MOUSE_IRQ    0x02
#define MODE_SYSTEM       0x04
#define MODE_KEYBOARD_OFF 0x10
#define MODE_MOUSE_OFF    0x20
#define MODE_TRANSLATE    0x40
/* As firmware leaves it. */
#define MODE_AT_RESET (MODE_KEYBOARD_IRQ | MODE_SYSTEM | MODE_TRANSLATE)

#define OUTPUT_NO_RESET  0x01
#define OUTPUT_A20       0x02
#define OUTPUT_IRQ1      0x10
#define OUTPUT_IRQ12     0x20
#define OUTPUT_AT_RESET  (OUTPUT_NO_RESET | OUTPUT_A20 | 0xcc)
#define INPUT_PORT       0xa0 /* keyboard not locked; jumpers of a board */
#define SELF_TEST_PASSED 0x55
#define BREAK            0xf0

enum controller_command {
    COMMAND_READ_RAM = 0x20,  /* to 0x3f */
    COMMAND_WRITE_RAM = 0x60, /* to 0x7f */
    COMMAND_DISABLE_MOUSE = 0xa7,
    COMMAND_ENABLE_MOUSE = 0xa8,
    COMMAND_TEST_MOUSE = 0xa9,
    COMMAND_SELF_TEST = 0xaa,
    COMMAND_TEST_KEYBOARD = 0xab,
    COMMAND_DISABLE_KEYBOARD = 0xad,
    COMMAND_ENABLE_KEYBOARD = 0xae,
    COMMAND_READ_INPUT = 0xc0,
    COMMAND_READ_OUTPUT = 0xd0,
    COMMAND_WRITE_OUTPUT = 0xd1,
    COMMAND_WRITE_KEYBOARD_BUFFER = 0xd2,
    COMMAND_WRITE_MOUSE_BUFFER = 0xd3,
    COMMAND_WRITE_MOUSE = 0xd4,
    COMMAND_CLOSE_A20 = 0xdd,
    COMMAND_OPEN_A20 = 0xdf,
    COMMAND_READ_TEST = 0xe0,
    COMMAND_PULSE = 0xf0, /* to 0xff */
};

enum output_source {
    SOURCE_CONTROLLER,
    SOURCE_KEYBOARD,
    SOURCE_MOUSE,
};

struct i8042_state {
    struct ps2_state keyboard, mouse;
    uint8_t ram[RAM_BYTES]; /* 0: the command byte */
    uint8_t command;        /* that waits for its argument; 0 = none */
    uint8_t output_port;
    uint8_t output; /* buffer; what it held last stays readable */
    bool output_full;
    bool output_is_mouse;
    bool last_was_command; /* the last write was to port 0x64 */
    bool break_seen;       /* the translation has swallowed an f0 */
    bool answer_waits;     /* the controller's, for the buffer */
    uint8_t answer;
    bool answer_is_mouse;
    bool irq1, irq12; /* what the lines were told */
};

/* clang-format off */
#define I8042_FIELDS(FIELD, NESTED, T) \
    NESTED(T, keyboard, ps2_desc) NESTED(T, mouse, ps2_desc) FIELD(T, ram) FIELD(T, command) \
    FIELD(T, output_port) FIELD(T, output) FIELD(T, output_full) FIELD(T, output_is_mouse) \
    FIELD(T, last_was_command) FIELD(T, break_seen) FIELD(T, answer_waits) FIELD(T, answer) \
    FIELD(T, answer_is_mouse) FIELD(T, irq1) FIELD(T, irq12)
/* clang-format on */
STATE_DECLARE(i8042_desc, struct i8042_state);
STATE_DESCRIBE(i8042_desc, struct i8042_state, I8042_FIELDS);

struct i8042 {
    struct device device;
    struct i8042_state state;
    struct i8042_lines lines;
    struct memory_region data_port, command_port;
};

static struct i8042 *as_i8042(struct device *device)
{
    return (struct i8042 *)(void *)device;
}

/* ---- output buffer ---- */

static void update_irqs(struct i8042 *i8042)
{
    struct i8042_state *state = &i8042->state;
    bool irq1 =
        state->output_full && !state->output_is_mouse && (state->ram[0] & MODE_KEYBOARD_IRQ) != 0;
    bool irq12 =
        state->output_full && state->output_is_mouse && (state->ram[0] & MODE_MOUSE_IRQ) != 0;

    if (irq1 != state->irq1) {
        state->irq1 = irq1;
        irq_line_set(&i8042->lines.keyboard, irq1);
    }
    if (irq12 != state->irq12) {
        state->irq12 = irq12;
        irq_line_set(&i8042->lines.mouse, irq12);
    }
}

static void fill(struct i8042 *i8042, enum output_source source, uint8_t byte, bool is_mouse)
{
    i8042->state.output = byte;
    i8042->state.output_full = true;
    i8042->state.output_is_mouse = is_mouse;
    trace_i8042_output_filled((uint8_t)source, byte);
}

/* The keyboard's next byte as software sees it; false = none yet. */
static bool take_from_keyboard(struct i8042_state *state, uint8_t *out_byte)
{
    int byte;

    if ((state->ram[0] & MODE_KEYBOARD_OFF) != 0) {
        return false;
    }
    for (;;) {
        byte = ps2_take(&state->keyboard);
        if (byte < 0) {
            return false;
        }
        if ((state->ram[0] & MODE_TRANSLATE) == 0) {
            *out_byte = (uint8_t)byte;
            return true;
        }
        if (byte != BREAK) {
            *out_byte = ps2_translate((uint8_t)byte, state->break_seen);
            state->break_seen = false;
            return true;
        }
        state->break_seen = true; /* it becomes bit 7 of the next byte */
    }
}

/* Fills the buffer if it is empty and somebody has something. */
static void refill(struct i8042 *i8042)
{
    struct i8042_state *state = &i8042->state;
    uint8_t byte;

    if (!state->output_full) {
        if (state->answer_waits) {
            state->answer_waits = false;
            fill(i8042, SOURCE_CONTROLLER, state->answer, state->answer_is_mouse);
        } else if (take_from_keyboard(state, &byte)) {
            fill(i8042, SOURCE_KEYBOARD, byte, false);
        } else if ((state->ram[0] & MODE_MOUSE_OFF) == 0 && state->mouse.count != 0) {
            fill(i8042, SOURCE_MOUSE, (uint8_t)ps2_take(&state->mouse), true);
        }
    }
    update_irqs(i8042);
}

/* The controller's own answer goes before all; one that nobody has read yet is lost. */
static void answer(struct i8042 *i8042, uint8_t byte, bool is_mouse)
{
    i8042->state.answer_waits = true;
    i8042->state.answer = byte;
    i8042->state.answer_is_mouse = is_mouse;
    refill(i8042);
}

/* ---- output port ---- */

static void request_reset(struct i8042 *i8042)
{
    const struct board *board = i8042->device.board;

    trace_reset_requested(TYPE_I8042);
    board->ops->request(board->opaque, BOARD_REQUEST_RESET, 0);
}

static void write_output_port(struct i8042 *i8042, uint8_t value)
{
    uint8_t before = i8042->state.output_port;

    i8042->state.output_port = value;
    if (((before ^ value) & OUTPUT_A20) != 0) {
        irq_line_set(&i8042->lines.a20, (value & OUTPUT_A20) != 0);
    }
    if ((value & OUTPUT_NO_RESET) == 0) {
        request_reset(i8042);
    }
}

static uint8_t read_output_port(const struct i8042 *i8042)
{
    unsigned value = i8042->state.output_port & ~(unsigned)(OUTPUT_IRQ1 | OUTPUT_IRQ12);

    value |= i8042->state.irq1 ? OUTPUT_IRQ1 : 0;
    value |= i8042->state.irq12 ? OUTPUT_IRQ12 : 0;
    return (uint8_t)value;
}

/* ---- commands ---- */

static void set_mode(struct i8042 *i8042, uint8_t mode)
{
    i8042->state.ram[0] = mode;
    refill(i8042);
}

static void run_command(struct i8042 *i8042, uint8_t command)
{
    struct i8042_state *state = &i8042->state;

    switch (command) {
    case COMMAND_DISABLE_MOUSE: set_mode(i8042, state->ram[0] | MODE_MOUSE_OFF); break;
    case COMMAND_ENABLE_MOUSE: set_mode(i8042, state->ram[0] & (uint8_t)~MODE_MOUSE_OFF); break;
    case COMMAND_DISABLE_KEYBOARD: set_mode(i8042, state->ram[0] | MODE_KEYBOARD_OFF); break;
    case COMMAND_ENABLE_KEYBOARD:
        set_mode(i8042, state->ram[0] & (uint8_t)~MODE_KEYBOARD_OFF);
        break;
    case COMMAND_SELF_TEST:
        state->ram[0] |= MODE_SYSTEM;
        answer(i8042, SELF_TEST_PASSED, false);
        break;
    case COMMAND_TEST_MOUSE:
    case COMMAND_TEST_KEYBOARD:
    case COMMAND_READ_TEST: answer(i8042, 0, false); break;
    case COMMAND_READ_INPUT: answer(i8042, INPUT_PORT, false); break;
    case COMMAND_READ_OUTPUT: answer(i8042, read_output_port(i8042), false); break;
    case COMMAND_WRITE_OUTPUT:
    case COMMAND_WRITE_KEYBOARD_BUFFER:
    case COMMAND_WRITE_MOUSE_BUFFER:
    case COMMAND_WRITE_MOUSE: state->command = command; break;
    case COMMAND_CLOSE_A20:
        write_output_port(i8042, state->output_port & (uint8_t)~OUTPUT_A20);
        break;
    case COMMAND_OPEN_A20: write_output_port(i8042, state->output_port | OUTPUT_A20); break;
    default:
        trace_guest_error(TYPE_I8042, PORT_COMMAND, command, "no such command: dropped");
        break;
    }
}

static void write_command(struct i8042 *i8042, uint8_t command)
{
    struct i8042_state *state = &i8042->state;

    trace_i8042_command(command);
    state->last_was_command = true;
    state->command = 0;
    if (command >= COMMAND_PULSE) {
        if ((command & OUTPUT_NO_RESET) == 0) {
            request_reset(i8042); /* bits that are 0 go low for a moment */
        }
    } else if ((command & 0xe0) == COMMAND_READ_RAM) {
        answer(i8042, state->ram[command % RAM_BYTES], false);
    } else if ((command & 0xe0) == COMMAND_WRITE_RAM) {
        state->command = command;
    } else {
        run_command(i8042, command);
    }
}

static void take_argument(struct i8042 *i8042, uint8_t command, uint8_t value)
{
    struct i8042_state *state = &i8042->state;

    switch (command) {
    case COMMAND_WRITE_RAM: set_mode(i8042, value); break;
    case COMMAND_WRITE_OUTPUT: write_output_port(i8042, value); break;
    case COMMAND_WRITE_KEYBOARD_BUFFER: answer(i8042, value, false); break;
    case COMMAND_WRITE_MOUSE_BUFFER: answer(i8042, value, true); break;
    case COMMAND_WRITE_MOUSE:
        ps2_mouse_write(&state->mouse, value);
        set_mode(i8042, state->ram[0] & (uint8_t)~MODE_MOUSE_OFF);
        break;
    default: state->ram[command % RAM_BYTES] = value; break;
    }
}

static void write_data(struct i8042 *i8042, uint8_t value)
{
    struct i8042_state *state = &i8042->state;
    uint8_t command = state->command;

    state->last_was_command = false;
    state->command = 0;
    if (command != 0) {
        take_argument(i8042, command, value);
        return;
    }
    /* A byte for the keyboard switches its interface on (technical reference, port 0x60). */
    ps2_keyboard_write(&state->keyboard, value);
    state->break_seen = false;
    set_mode(i8042, state->ram[0] & (uint8_t)~MODE_KEYBOARD_OFF);
}

/* ---- ports ---- */

static uint64_t data_read(void *opaque, uint64_t offset, unsigned size)
{
    struct i8042 *i8042 = opaque;
    uint8_t byte = i8042->state.output;

    (void)offset;
    (void)size;
    i8042->state.output_full = false;
    update_irqs(i8042); /* the line falls, so that the next byte is an edge */
    refill(i8042);
    return byte;
}

static void data_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    (void)offset;
    (void)size;
    write_data(opaque, (uint8_t)value);
}

static uint64_t status_read(void *opaque, uint64_t offset, unsigned size)
{
    const struct i8042_state *state = &((const struct i8042 *)opaque)->state;
    unsigned status = STATUS_OPEN;

    (void)offset;
    (void)size;
    status |= state->output_full ? STATUS_OUTPUT : 0;
    status |= state->output_full && state->output_is_mouse ? STATUS_MOUSE : 0;
    status |= state->last_was_command ? STATUS_COMMAND : 0;
    status |= (state->ram[0] & MODE_SYSTEM) != 0 ? STATUS_SYSTEM : 0;
    return status;
}

static void command_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    (void)offset;
    (void)size;
    write_command(opaque, (uint8_t)value);
}

static const struct memory_region_ops data_ops = {
    .read = data_read,
    .write = data_write,
    .size_min = 1,
    .size_max = 1,
};

static const struct memory_region_ops command_ops = {
    .read = status_read,
    .write = command_write,
    .size_min = 1,
    .size_max = 1,
};

/* ---- for the machine ---- */

void i8042_connect(struct device *device, const struct i8042_lines *lines)
{
    as_i8042(device)->lines = *lines;
}

void i8042_key(struct device *device, uint8_t code, bool extended, bool pressed)
{
    trace_keyboard_key(code, extended, pressed);
    ps2_keyboard_key(&as_i8042(device)->state.keyboard, code, extended, pressed);
    refill(as_i8042(device));
}

/* ---- life ---- */

static void i8042_reset(struct device *device)
{
    struct i8042 *i8042 = as_i8042(device);

    i8042->state = (struct i8042_state){ .output_port = OUTPUT_AT_RESET,
                                         .irq1 = i8042->state.irq1,
                                         .irq12 = i8042->state.irq12 };
    i8042->state.ram[0] = MODE_AT_RESET;
    ps2_keyboard_reset(&i8042->state.keyboard);
    ps2_mouse_reset(&i8042->state.mouse);
    irq_line_raise(&i8042->lines.a20);
    update_irqs(i8042);
}

static bool i8042_realize(struct device *device, GError **error)
{
    struct i8042 *i8042 = as_i8042(device);
    const struct board *board = device->board;

    (void)error; /* nothing of it can fail */
    memory_region_init_io(&i8042->data_port, board->memory, "i8042-data", &data_ops, i8042, 1);
    memory_region_init_io(&i8042->command_port, board->memory, "i8042-cmd", &command_ops, i8042, 1);
    memory_region_add_subregion(board->system_io, PORT_DATA, &i8042->data_port);
    memory_region_add_subregion(board->system_io, PORT_COMMAND, &i8042->command_port);
    i8042_reset(device);
    return true;
}

static void i8042_unrealize(struct device *device)
{
    struct i8042 *i8042 = as_i8042(device);

    memory_region_del_subregion(device->board->system_io, &i8042->command_port);
    memory_region_del_subregion(device->board->system_io, &i8042->data_port);
    memory_region_fini(&i8042->command_port);
    memory_region_fini(&i8042->data_port);
}

static void i8042_after_load(struct device *device)
{
    struct i8042 *i8042 = as_i8042(device);

    irq_line_set(&i8042->lines.a20, (i8042->state.output_port & OUTPUT_A20) != 0);
}

/* ---- type ---- */

static const struct device_class i8042_class = {
    .description = "keyboard controller",
    .bus_type = "ISA",
    .realize = i8042_realize,
    .unrealize = i8042_unrealize,
    .reset = i8042_reset,
    .state = &i8042_desc,
    .state_offset = offsetof(struct i8042, state),
    .after_load = i8042_after_load,
};

const struct type_info i8042_type_info = {
    .name = TYPE_I8042,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(struct i8042),
    .class_methods = &i8042_class,
};
