/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * i8254_counter.c - one counter of the 8254 as a function of time: count, OUT, next change of OUT
 * (Intel 8254 datasheet 231164, "Mode Definitions").
 *
 *   A count N is loaded one tick after it is written or triggered; e ticks later:
 *
 *   mode  OUT is low                    counts            GATE low     GATE rises
 *   0     until e = N                   down, wraps       holds        goes on
 *   1     from the trigger, while e < N down, wraps       -            triggers
 *   2     in the last tick of N         reloads           OUT high     reloads
 *   3     in the second half of N       by 2, reloads     OUT high     reloads
 *   4     at e = N                      down, wraps       holds        goes on
 *   5     at e = N after the trigger    down, wraps       -            triggers
 */
#include "hw/timer/timer_internal.h"

#define STATUS_OUT  0x80
#define STATUS_NULL 0x40

/* clang-format off */
#define I8254_COUNTER_FIELDS(FIELD, NESTED, T) \
    FIELD(T, start_tick) FIELD(T, held_ticks) FIELD(T, next_tick) FIELD(T, count) FIELD(T, next_count) FIELD(T, latch) \
    FIELD(T, latch_bytes) FIELD(T, status) FIELD(T, mode) FIELD(T, access) FIELD(T, write_low) \
    FIELD(T, bcd) FIELD(T, gate) FIELD(T, triggered) FIELD(T, write_high_next) \
    FIELD(T, read_high_next) FIELD(T, status_latched) FIELD(T, pad)
/* clang-format on */
STATE_DESCRIBE(i8254_counter_desc, struct i8254_counter_state, I8254_COUNTER_FIELDS);

/* ---- pure helpers ---- */

static bool is_cyclic(const struct i8254_counter_state *counter)
{
    return counter->mode == 2 || counter->mode == 3;
}

static bool is_triggered_by_gate(const struct i8254_counter_state *counter)
{
    return counter->mode == 1 || counter->mode == 5;
}

/* GATE low stops modes 0, 2, 3, 4. */
static bool is_held(const struct i8254_counter_state *counter)
{
    return !counter->gate && !is_triggered_by_gate(counter);
}

/* A count is loaded, and where a trigger is wanted it has come. */
static bool is_counting(const struct i8254_counter_state *counter)
{
    return counter->count != 0 && (!is_triggered_by_gate(counter) || counter->triggered);
}

/* Ticks that the count in effect has had. */
static int64_t elapsed(const struct i8254_counter_state *counter, int64_t tick)
{
    int64_t ticks = is_held(counter) ? counter->held_ticks : tick - counter->start_tick;

    return ticks > 0 ? ticks : 0;
}

static int64_t first_half(uint32_t count)
{
    return (count + 1) / 2;
}

static uint32_t highest_count(const struct i8254_counter_state *counter)
{
    return counter->bcd ? 10000 : 65536;
}

static uint16_t to_bcd(uint32_t value)
{
    return (uint16_t)(value / 1000 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 |
                      value % 10);
}

/* Nonsense digits above 9 count as what they weigh. */
static uint32_t from_bcd(uint16_t value)
{
    return (value >> 12 & 0xfu) * 1000 + (value >> 8 & 0xfu) * 100 + (value >> 4 & 0xfu) * 10 +
           (value & 0xfu);
}

/* ---- cycles ---- */

/* Moves start to the beginning of the cycle that tick lies in. */
static void rebase(struct i8254_counter_state *counter, int64_t tick)
{
    int64_t ticks = tick - counter->start_tick;

    if (ticks > 0) {
        counter->start_tick += ticks - ticks % counter->count;
    }
}

/* The end of the cycle (mode 2) or the half cycle (mode 3) that begins at or after start. */
static int64_t reload_tick(const struct i8254_counter_state *counter, int64_t tick)
{
    int64_t half = counter->start_tick + first_half(counter->count);

    return counter->mode == 3 && tick < half ? half : counter->start_tick + counter->count;
}

void i8254_counter_sync(struct i8254_counter_state *counter, int64_t tick)
{
    if (!is_cyclic(counter) || is_held(counter) || counter->count == 0) {
        return;
    }
    if (counter->next_count != 0 && tick >= counter->next_tick) {
        bool in_middle = counter->next_tick < counter->start_tick + counter->count;

        counter->start_tick = counter->next_tick;
        if (in_middle) {
            counter->start_tick -= first_half(counter->next_count);
        }
        counter->count = counter->next_count;
        counter->next_count = 0;
    }
    rebase(counter, tick);
}

bool i8254_counter_out(const struct i8254_counter_state *counter, int64_t tick)
{
    int64_t ticks = elapsed(counter, tick);

    if (counter->mode == 0) {
        return counter->count != 0 && ticks >= counter->count;
    }
    if (!is_counting(counter)) {
        return true;
    }
    switch (counter->mode) {
    case 1: return ticks >= counter->count;
    case 2: return is_held(counter) || ticks % counter->count != counter->count - 1;
    case 3: return is_held(counter) || ticks % counter->count < first_half(counter->count);
    default: return ticks != counter->count;
    }
}

static int64_t next_cyclic_change(const struct i8254_counter_state *counter, int64_t tick)
{
    int64_t start = counter->start_tick, count = counter->count;
    int64_t cycle = start + (tick > start ? (tick - start) / count * count : 0);
    int64_t low = cycle + (counter->mode == 2 ? count - 1 : first_half(counter->count));
    int64_t next = tick < low ? low : cycle + count;

    if (count == 1) {
        next = I8254_NEVER; /* no half of such a cycle differs from the other */
    }
    return counter->next_count != 0 && counter->next_tick < next ? counter->next_tick : next;
}

int64_t i8254_counter_next_change(const struct i8254_counter_state *counter, int64_t tick)
{
    int64_t end = counter->start_tick + counter->count;

    if (!is_counting(counter) || is_held(counter)) {
        return I8254_NEVER;
    }
    if (is_cyclic(counter)) {
        return next_cyclic_change(counter, tick);
    }
    if (tick < end) {
        return end;
    }
    return counter->mode >= 4 && tick == end ? end + 1 : I8254_NEVER;
}

/* Mode 3 counts each half by two; an odd count begins one lower (datasheet, mode 3). */
static int64_t square_value(int64_t count, int64_t phase)
{
    int64_t high = first_half((uint32_t)count);

    return (count & ~1ll) - 2 * (phase < high ? phase : phase - high);
}

uint16_t i8254_counter_value(const struct i8254_counter_state *counter, int64_t tick)
{
    int64_t ticks = elapsed(counter, tick), count = counter->count;
    int64_t wrap = highest_count(counter), value = count;

    if (count == 0) {
        return 0;
    }
    if (counter->mode == 2) {
        value = count - ticks % count;
    } else if (counter->mode == 3) {
        value = square_value(count, ticks % count);
    } else if (is_counting(counter)) {
        value = (count - ticks % wrap + wrap) % wrap;
    }
    value %= wrap;
    return counter->bcd ? to_bcd((uint32_t)value) : (uint16_t)value;
}

/* ---- what software does ---- */

void i8254_counter_set_mode(struct i8254_counter_state *counter, uint8_t mode, bool bcd)
{
    counter->mode = mode >= 6 ? mode - 4 : mode; /* 6 and 7 are 2 and 3 */
    counter->bcd = bcd;
    counter->count = 0;
    counter->next_count = 0;
    counter->held_ticks = 0;
    counter->triggered = false;
    counter->write_high_next = false;
    counter->read_high_next = false;
    counter->latch_bytes = 0;
    counter->status_latched = false;
}

void i8254_counter_load(struct i8254_counter_state *counter, int64_t tick, uint16_t value)
{
    uint32_t count = counter->bcd ? from_bcd(value) : value;

    count = count == 0 ? highest_count(counter) : count;
    if (is_cyclic(counter) && counter->count != 0 && !is_held(counter)) {
        counter->next_count = count;
        counter->next_tick = reload_tick(counter, tick);
        return;
    }
    if (is_triggered_by_gate(counter) && counter->triggered) {
        counter->next_count = count; /* from the next trigger on */
        return;
    }
    counter->count = count;
    counter->start_tick = tick + 1;
    counter->held_ticks = 0;
}

void i8254_counter_set_gate(struct i8254_counter_state *counter, int64_t tick, bool gate)
{
    bool was_held = is_held(counter);

    if (gate == counter->gate) {
        return;
    }
    if (!gate && !is_triggered_by_gate(counter)) {
        counter->held_ticks = elapsed(counter, tick);
    }
    counter->gate = gate;
    if (!gate) {
        return;
    }
    if (is_cyclic(counter) || is_triggered_by_gate(counter)) {
        if (counter->next_count != 0) {
            counter->count = counter->next_count;
            counter->next_count = 0;
        }
        counter->start_tick = tick + 1;
        counter->triggered = is_triggered_by_gate(counter) && counter->count != 0;
    } else if (was_held) {
        counter->start_tick = tick - counter->held_ticks;
    }
    counter->held_ticks = 0;
}

/* The null-count bit: a written count is not in effect yet. */
static bool is_count_pending(const struct i8254_counter_state *counter, int64_t tick)
{
    return counter->count == 0 || counter->next_count != 0 ||
           (!is_held(counter) && tick < counter->start_tick) ||
           (is_triggered_by_gate(counter) && !counter->triggered);
}

uint8_t i8254_counter_status(const struct i8254_counter_state *counter, int64_t tick)
{
    unsigned status = (unsigned)counter->access << 4 | (unsigned)counter->mode << 1 | counter->bcd;

    status |= i8254_counter_out(counter, tick) ? STATUS_OUT : 0;
    status |= is_count_pending(counter, tick) ? STATUS_NULL : 0;
    return (uint8_t)status;
}
