/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ps2_keyboard.c - the keyboard's commands and scan codes, and the queue that both PS/2 devices have
 * (IBM PS/2 hardware interface technical reference, "Keyboards"). */
#include <glib.h>

#include "hw/input/input_internal.h"
#include "trace/trace.h"

/* clang-format off */
#define PS2_FIELDS(FIELD, NESTED, T) \
    FIELD(T, queue) FIELD(T, first) FIELD(T, count) FIELD(T, command) FIELD(T, last) \
    FIELD(T, enabled) FIELD(T, leds) FIELD(T, typematic) FIELD(T, scan_set) \
    FIELD(T, sample_rate) FIELD(T, resolution) FIELD(T, scaling) FIELD(T, remote) FIELD(T, wrap) \
    FIELD(T, pad)
/* clang-format on */
STATE_DESCRIBE(ps2_desc, struct ps2_state, PS2_FIELDS);

#define ACK                0xfa
#define RESEND             0xfe
#define SELF_TEST_OK       0xaa
#define BREAK              0xf0
#define EXTENDED           0xe0
#define SET1_BREAK         0x80
#define OVERRUN_SET1       0xff
#define OVERRUN_SET2       0x00
#define TYPEMATIC_AT_RESET 0x2b /* 10.9 a second after half a second */

enum keyboard_command {
    COMMAND_LEDS = 0xed,
    COMMAND_ECHO = 0xee,
    COMMAND_SCAN_SET = 0xf0,
    COMMAND_IDENTIFY = 0xf2,
    COMMAND_TYPEMATIC = 0xf3,
    COMMAND_ENABLE = 0xf4,
    COMMAND_DISABLE = 0xf5,
    COMMAND_DEFAULTS = 0xf6,
    COMMAND_ALL_FIRST = 0xf7, /* to 0xfa: how all keys of set 3 behave */
    COMMAND_ALL_LAST = 0xfa,
    COMMAND_KEY_FIRST = 0xfb, /* to 0xfd: how one key of set 3 behaves */
    COMMAND_KEY_LAST = 0xfd,
    COMMAND_RESEND = 0xfe,
    COMMAND_RESET = 0xff,
};

/* Codes of set 2, 0x00 to 0x7f, in set 1. */
static const uint8_t set1_of[128] = {
    0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0x59,
    0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b,
    0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d,
    0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5f,
    0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0c, 0x61,
    0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36, 0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76,
    0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c, 0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f,
    0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45, 0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54,
};

/* ---- the queue ---- */

bool ps2_queue(struct ps2_state *ps2, uint8_t byte)
{
    if (ps2->count == PS2_QUEUE_BYTES) {
        return false;
    }
    ps2->queue[(ps2->first + ps2->count++) % PS2_QUEUE_BYTES] = byte;
    return true;
}

void ps2_answer(struct ps2_state *ps2, uint8_t byte)
{
    ps2->count = 0;
    (void)ps2_queue(ps2, byte); /* an empty queue takes it */
}

int ps2_take(struct ps2_state *ps2)
{
    if (ps2->count == 0) {
        return -1;
    }
    ps2->last = ps2->queue[ps2->first];
    ps2->first = (uint8_t)((ps2->first + 1) % PS2_QUEUE_BYTES);
    ps2->count--;
    return ps2->last;
}

/* ---- scan codes ---- */

uint8_t ps2_translate(uint8_t code, bool break_seen)
{
    uint8_t set1 = code < G_N_ELEMENTS(set1_of) ? set1_of[code]
                   : code == 0x83               ? 0x41
                   : code == 0x84               ? 0x54
                                                : code;

    return break_seen ? set1 | SET1_BREAK : set1;
}

/* The queue's last place is for one byte that tells of keys missing. */
static void note_overrun(struct ps2_state *ps2)
{
    uint8_t overrun = ps2->scan_set == 1 ? OVERRUN_SET1 : OVERRUN_SET2;

    if (ps2->queue[(ps2->first + ps2->count - 1) % PS2_QUEUE_BYTES] != overrun) {
        (void)ps2_queue(ps2, overrun); /* a full one tells it already */
    }
}

void ps2_keyboard_key(struct ps2_state *ps2, uint8_t code, bool extended, bool pressed)
{
    bool set1 = ps2->scan_set == 1;
    unsigned length = 1u + extended + (!pressed && !set1);

    if (!ps2->enabled) {
        return;
    }
    if (ps2->count + length > PS2_QUEUE_BYTES - 1) {
        note_overrun(ps2);
        return;
    }
    if (extended) {
        (void)ps2_queue(ps2, EXTENDED);
    }
    if (!pressed && !set1) {
        (void)ps2_queue(ps2, BREAK);
    }
    (void)ps2_queue(ps2, set1 ? ps2_translate(code, !pressed) : code);
}

/* ---- commands ---- */

static void set_defaults(struct ps2_state *ps2)
{
    ps2->typematic = TYPEMATIC_AT_RESET;
    ps2->scan_set = 2;
}

void ps2_keyboard_reset(struct ps2_state *ps2)
{
    *ps2 = (struct ps2_state){ .enabled = true };
    set_defaults(ps2);
}

static void take_argument(struct ps2_state *ps2, uint8_t value)
{
    uint8_t command = ps2->command;

    ps2->command = 0;
    ps2_answer(ps2, ACK);
    switch (command) {
    case COMMAND_LEDS:
        ps2->leds = value & 7;
        trace_keyboard_leds_set(ps2->leds);
        break;
    case COMMAND_TYPEMATIC: ps2->typematic = value & 0x7f; break;
    case COMMAND_SCAN_SET:
        if (value == 0) {
            (void)ps2_queue(ps2, ps2->scan_set);
        } else if (value <= 2) {
            ps2->scan_set = value;
        } else {
            ps2_answer(ps2, RESEND); /* there is no set 3 */
        }
        break;
    default: break; /* one key of set 3: nothing to do */
    }
}

static void identify(struct ps2_state *ps2)
{
    ps2_answer(ps2, ACK);
    (void)ps2_queue(ps2, 0xab);
    (void)ps2_queue(ps2, 0x83);
}

void ps2_keyboard_write(struct ps2_state *ps2, uint8_t value)
{
    if (ps2->command != 0 && value < COMMAND_LEDS) {
        take_argument(ps2, value);
        return;
    }
    ps2->command = 0;
    trace_keyboard_command(value);
    switch (value) {
    case COMMAND_LEDS:
    case COMMAND_SCAN_SET:
    case COMMAND_TYPEMATIC:
    case COMMAND_KEY_FIRST:
    case COMMAND_KEY_FIRST + 1:
    case COMMAND_KEY_LAST:
        ps2->command = value;
        ps2_answer(ps2, ACK);
        break;
    case COMMAND_ECHO: ps2_answer(ps2, COMMAND_ECHO); break;
    case COMMAND_IDENTIFY: identify(ps2); break;
    case COMMAND_ENABLE:
        ps2->enabled = true;
        ps2_answer(ps2, ACK);
        break;
    case COMMAND_DISABLE:
    case COMMAND_DEFAULTS:
        set_defaults(ps2);
        ps2->enabled = value == COMMAND_DEFAULTS;
        ps2_answer(ps2, ACK);
        break;
    case COMMAND_ALL_FIRST:
    case COMMAND_ALL_FIRST + 1:
    case COMMAND_ALL_FIRST + 2:
    case COMMAND_ALL_LAST: ps2_answer(ps2, ACK); break;
    case COMMAND_RESEND: ps2_answer(ps2, ps2->last); break;
    case COMMAND_RESET:
        ps2_keyboard_reset(ps2);
        ps2_answer(ps2, ACK);
        (void)ps2_queue(ps2, SELF_TEST_OK);
        break;
    default:
        trace_guest_error("ps2-kbd", 0, value, "no such command: asked for again");
        ps2_answer(ps2, RESEND);
        break;
    }
}
