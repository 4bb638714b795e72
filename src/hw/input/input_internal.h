/* SPDX-License-Identifier: GPL-2.0-or-later */
/* input_internal.h - the two PS/2 devices behind the keyboard controller: what they are told, what
 * they have to say. */
#ifndef REPLUG_HW_INPUT_INPUT_INTERNAL_H
#define REPLUG_HW_INPUT_INPUT_INTERNAL_H

#include "state/state.h"

#define PS2_QUEUE_BYTES 16

struct ps2_state {
    uint8_t queue[PS2_QUEUE_BYTES];
    uint8_t first, count;
    uint8_t command; /* that waits for its argument; 0 = none */
    uint8_t last;    /* byte sent, for "resend" */
    bool enabled;    /* keys and movements are reported */
    /* The keyboard's. */
    uint8_t leds;
    uint8_t typematic;
    uint8_t scan_set; /* 1 or 2 */
    /* The mouse's. */
    uint8_t sample_rate;
    uint8_t resolution;
    bool scaling; /* 2:1 */
    bool remote;
    bool wrap;
    uint8_t pad[3];
};

STATE_DECLARE(ps2_desc, struct ps2_state);

/* One byte if it fits; false = the queue is full. */
bool ps2_queue(struct ps2_state *ps2, uint8_t byte);
/* The answer to a command: what was waiting is dropped first. */
void ps2_answer(struct ps2_state *ps2, uint8_t byte);
/* -1 = nothing to say. */
int ps2_take(struct ps2_state *ps2);

void ps2_keyboard_reset(struct ps2_state *ps2);
void ps2_keyboard_write(struct ps2_state *ps2, uint8_t value);
void ps2_keyboard_key(struct ps2_state *ps2, uint8_t code, bool extended, bool pressed);
/* A byte of scan set 2 in scan set 1; the controller does it too. break_seen: f0 came before. */
uint8_t ps2_translate(uint8_t code, bool break_seen);

void ps2_mouse_reset(struct ps2_state *ps2);
void ps2_mouse_write(struct ps2_state *ps2, uint8_t value);

#endif
