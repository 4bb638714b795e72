/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ps2_mouse.c - the mouse's commands (IBM PS/2 hardware interface technical reference, "Mouse"). It
 * has two buttons and lies still. */
#include "hw/input/input_internal.h"
#include "trace/trace.h"

#define ACK            0xfa
#define RESEND         0xfe
#define SELF_TEST_OK   0xaa
#define ID_PLAIN       0x00
#define STATUS_REMOTE  0x40
#define STATUS_ENABLED 0x20
#define STATUS_SCALING 0x10
#define PACKET_ALWAYS  0x08

enum mouse_command {
    COMMAND_SCALING_1 = 0xe6,
    COMMAND_SCALING_2 = 0xe7,
    COMMAND_RESOLUTION = 0xe8,
    COMMAND_STATUS = 0xe9,
    COMMAND_STREAM = 0xea,
    COMMAND_READ = 0xeb,
    COMMAND_END_WRAP = 0xec,
    COMMAND_WRAP = 0xee,
    COMMAND_REMOTE = 0xf0,
    COMMAND_IDENTIFY = 0xf2,
    COMMAND_SAMPLE_RATE = 0xf3,
    COMMAND_ENABLE = 0xf4,
    COMMAND_DISABLE = 0xf5,
    COMMAND_DEFAULTS = 0xf6,
    COMMAND_RESEND = 0xfe,
    COMMAND_RESET = 0xff,
};

static void set_defaults(struct ps2_state *ps2)
{
    ps2->sample_rate = 100;
    ps2->resolution = 2;
    ps2->scaling = false;
    ps2->remote = false;
    ps2->enabled = false;
}

void ps2_mouse_reset(struct ps2_state *ps2)
{
    *ps2 = (struct ps2_state){ .wrap = false };
    set_defaults(ps2);
}

static void take_argument(struct ps2_state *ps2, uint8_t value)
{
    if (ps2->command == COMMAND_SAMPLE_RATE) {
        ps2->sample_rate = value;
    } else {
        ps2->resolution = value & 3;
    }
    ps2->command = 0;
    ps2_answer(ps2, ACK);
}

static void answer_status(struct ps2_state *ps2)
{
    unsigned status = (ps2->remote ? STATUS_REMOTE : 0) | (ps2->enabled ? STATUS_ENABLED : 0) |
                      (ps2->scaling ? STATUS_SCALING : 0);

    ps2_answer(ps2, ACK);
    (void)ps2_queue(ps2, (uint8_t)status);
    (void)ps2_queue(ps2, ps2->resolution);
    (void)ps2_queue(ps2, ps2->sample_rate);
}

static void answer_packet(struct ps2_state *ps2)
{
    ps2_answer(ps2, ACK);
    (void)ps2_queue(ps2, PACKET_ALWAYS);
    (void)ps2_queue(ps2, 0);
    (void)ps2_queue(ps2, 0);
}

static void reset_by_command(struct ps2_state *ps2)
{
    ps2_mouse_reset(ps2);
    ps2_answer(ps2, ACK);
    (void)ps2_queue(ps2, SELF_TEST_OK);
    (void)ps2_queue(ps2, ID_PLAIN);
}

/* Commands whose whole answer is ACK; false = it is none of them. */
static bool set_mode(struct ps2_state *ps2, uint8_t command)
{
    switch (command) {
    case COMMAND_SCALING_1:
    case COMMAND_SCALING_2: ps2->scaling = command == COMMAND_SCALING_2; break;
    case COMMAND_STREAM:
    case COMMAND_REMOTE: ps2->remote = command == COMMAND_REMOTE; break;
    case COMMAND_WRAP:
    case COMMAND_END_WRAP: ps2->wrap = command == COMMAND_WRAP; break;
    case COMMAND_ENABLE:
    case COMMAND_DISABLE: ps2->enabled = command == COMMAND_ENABLE; break;
    case COMMAND_DEFAULTS: set_defaults(ps2); break;
    case COMMAND_RESOLUTION:
    case COMMAND_SAMPLE_RATE: ps2->command = command; break;
    default: return false;
    }
    return true;
}

void ps2_mouse_write(struct ps2_state *ps2, uint8_t value)
{
    if (ps2->wrap && value != COMMAND_END_WRAP && value != COMMAND_RESET) {
        ps2_answer(ps2, value);
        return;
    }
    if (ps2->command != 0) {
        take_argument(ps2, value);
        return;
    }
    trace_mouse_command(value);
    if (set_mode(ps2, value)) {
        ps2_answer(ps2, ACK);
        return;
    }
    switch (value) {
    case COMMAND_STATUS: answer_status(ps2); break;
    case COMMAND_READ: answer_packet(ps2); break;
    case COMMAND_IDENTIFY:
        ps2_answer(ps2, ACK);
        (void)ps2_queue(ps2, ID_PLAIN);
        break;
    case COMMAND_RESEND: ps2_answer(ps2, ps2->last); break;
    case COMMAND_RESET: reset_by_command(ps2); break;
    default:
        trace_guest_error("ps2-mouse", 0, value, "no such command: asked for again");
        ps2_answer(ps2, RESEND);
        break;
    }
}
