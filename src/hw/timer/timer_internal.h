/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timer_internal.h - one counter of the 8254 as the files of src/hw/timer share it. Ticks are those
 * of the 1.193182 MHz input since the machine's start. */
#ifndef REPLUG_HW_TIMER_TIMER_INTERNAL_H
#define REPLUG_HW_TIMER_TIMER_INTERNAL_H

#include "state/state.h"

#define I8254_NEVER INT64_MAX

struct i8254_counter_state {
    int64_t start_tick; /* when the count in effect was loaded; may lie one tick ahead */
    int64_t held_ticks; /* while GATE holds the counting: how far it had come */
    int64_t next_tick;
    uint32_t count;      /* in effect, 1 to 65536 (10000 in BCD); 0 = none yet */
    uint32_t next_count; /* at next_tick in modes 2, 3; at the next trigger in 1, 5; 0 = none */
    uint16_t latch;
    uint8_t latch_bytes; /* of the latched count still to read */
    uint8_t status;
    uint8_t mode;      /* 0 to 5 */
    uint8_t access;    /* 1 LSB, 2 MSB, 3 both */
    uint8_t write_low; /* the LSB while the MSB is awaited */
    bool bcd;
    bool gate;
    bool triggered; /* modes 1 and 5 */
    bool write_high_next, read_high_next;
    bool status_latched;
    uint8_t pad[3];
};

STATE_DECLARE(i8254_counter_desc, struct i8254_counter_state);

/* Brings a pending count into effect whose time has come; before anything else at a time. */
void i8254_counter_sync(struct i8254_counter_state *counter, int64_t tick);
bool i8254_counter_out(const struct i8254_counter_state *counter, int64_t tick);
/* The first tick after this one at which OUT may change, I8254_NEVER = none. */
int64_t i8254_counter_next_change(const struct i8254_counter_state *counter, int64_t tick);
/* As software reads it: in BCD if that was asked for. */
uint16_t i8254_counter_value(const struct i8254_counter_state *counter, int64_t tick);

void i8254_counter_set_mode(struct i8254_counter_state *counter, uint8_t mode, bool bcd);
/* A whole count was written: 0 stands for the highest. */
void i8254_counter_load(struct i8254_counter_state *counter, int64_t tick, uint16_t value);
void i8254_counter_set_gate(struct i8254_counter_state *counter, int64_t tick, bool gate);
/* Status byte of the read-back command. */
uint8_t i8254_counter_status(const struct i8254_counter_state *counter, int64_t tick);

#endif
