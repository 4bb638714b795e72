/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lapic_timer.c - the LAPIC's timer: one-shot, periodic, TSC-deadline (Intel SDM 3A 10.5.4).
 *
 * The count follows from the virtual clock: timer_count at timer_origin_ns, then one less every
 * 2^shift ns. A virtual timer is armed only where the end of the count has to do something.
 */
#include "base/invariant.h"
#include "clock/virtual_clock.h"
#include "hw/core/board.h"
#include "hw/intc/intc_internal.h"
#include "trace/trace.h"

#define DIVIDE_BITS 0xbu
#define NEVER       UINT64_MAX

_Static_assert(LAPIC_BUS_HZ == 1000000000u, "a tick before the divider is a nanosecond");

/* ---- pure helpers ---- */

/* Register 0 to 7 (bits 3, 1, 0) divides by 2, 4, 8, 16, 32, 64, 128, 1. */
static unsigned divide_shift(const struct lapic_state *state)
{
    unsigned value = (state->divide & 3) | (state->divide >> 1 & 4);

    return (value + 1) & 7;
}

static bool is_tsc_deadline(const struct lapic_state *state)
{
    return (state->lvt[LAPIC_LVT_TIMER] & LAPIC_TIMER_TSC_DEADLINE) != 0;
}

static bool is_periodic(const struct lapic_state *state)
{
    return !is_tsc_deadline(state) && (state->lvt[LAPIC_LVT_TIMER] & LAPIC_TIMER_PERIODIC) != 0;
}

static uint64_t elapsed_ticks(const struct lapic_state *state, uint64_t now_ns)
{
    return (now_ns - state->timer_origin_ns) >> divide_shift(state);
}

static uint32_t count_at(const struct lapic_state *state, uint64_t now_ns)
{
    uint64_t elapsed = elapsed_ticks(state, now_ns);

    if (elapsed < state->timer_count) {
        return state->timer_count - (uint32_t)elapsed;
    }
    if (!is_periodic(state) || state->initial_count == 0 || state->timer_count == 0) {
        return 0;
    }
    return state->initial_count - (uint32_t)((elapsed - state->timer_count) % state->initial_count);
}

/* The same count from the last whole tick on. */
static void rebase(struct lapic_state *state, uint64_t now_ns)
{
    uint64_t elapsed = elapsed_ticks(state, now_ns);

    state->timer_count = count_at(state, now_ns);
    state->timer_origin_ns += elapsed << divide_shift(state);
}

/* ---- expiry ---- */

static uint64_t now_ns_of(const struct lapic *lapic)
{
    return virtual_clock_now_ns(lapic->device.board->clock);
}

static void set_deadline(struct lapic *lapic, uint64_t deadline_ns)
{
    lapic->state.timer_deadline_ns = deadline_ns;
    if (deadline_ns == NEVER) {
        timer_cancel(&lapic->timer);
    } else {
        timer_arm(&lapic->timer, deadline_ns);
    }
}

static uint64_t next_deadline_ns(const struct lapic *lapic)
{
    const struct lapic_state *state = &lapic->state;

    if (is_tsc_deadline(state)) {
        return state->tsc_deadline != 0 ? lapic->ops->tsc_to_ns(lapic->cpu, state->tsc_deadline)
                                        : NEVER;
    }
    if (state->timer_count == 0 || (state->lvt[LAPIC_LVT_TIMER] & LAPIC_LVT_MASKED) != 0) {
        return NEVER;
    }
    return state->timer_origin_ns + ((uint64_t)state->timer_count << divide_shift(state));
}

static void expire(struct lapic *lapic)
{
    set_deadline(lapic, NEVER);
    if (is_tsc_deadline(&lapic->state)) {
        lapic->state.tsc_deadline = 0;
    } else {
        rebase(&lapic->state, now_ns_of(lapic));
        set_deadline(lapic, next_deadline_ns(lapic));
    }
    trace_apic_timer_expired(lapic->initial_id, now_ns_of(lapic));
    lapic_deliver_lvt(lapic, LAPIC_LVT_TIMER);
}

void lapic_timer_fired(void *opaque)
{
    expire(opaque);
}

/* A register is about to change: what is due by the old ones happens first. */
static void catch_up(struct lapic *lapic)
{
    if (lapic->state.timer_deadline_ns <= now_ns_of(lapic)) {
        expire(lapic);
    }
    if (!is_tsc_deadline(&lapic->state)) {
        rebase(&lapic->state, now_ns_of(lapic));
    }
}

/* A register has changed. */
static void rearm(struct lapic *lapic)
{
    set_deadline(lapic, next_deadline_ns(lapic));
    if (lapic->state.timer_deadline_ns <= now_ns_of(lapic)) {
        expire(lapic); /* a TSC deadline in the past is due at once */
    }
}

/* ---- registers ---- */

uint32_t lapic_timer_current(const struct lapic *lapic)
{
    return is_tsc_deadline(&lapic->state) ? 0 : count_at(&lapic->state, now_ns_of(lapic));
}

void lapic_timer_write_initial(struct lapic *lapic, uint32_t value)
{
    if (is_tsc_deadline(&lapic->state)) {
        return;
    }
    catch_up(lapic);
    lapic->state.initial_count = value;
    lapic->state.timer_count = value;
    lapic->state.timer_origin_ns = now_ns_of(lapic);
    rearm(lapic);
}

void lapic_timer_write_divide(struct lapic *lapic, uint32_t value)
{
    catch_up(lapic);
    lapic->state.divide = value & DIVIDE_BITS;
    lapic->state.timer_origin_ns = now_ns_of(lapic);
    rearm(lapic);
}

void lapic_timer_write_lvt(struct lapic *lapic, uint32_t value)
{
    uint32_t *entry = &lapic->state.lvt[LAPIC_LVT_TIMER];

    catch_up(lapic);
    if (((*entry ^ value) & LAPIC_TIMER_TSC_DEADLINE) != 0) {
        /* SDM 10.5.4.1: a change to or from TSC-deadline mode disarms. */
        lapic->state.timer_count = 0;
        lapic->state.initial_count = 0;
        lapic->state.tsc_deadline = 0;
    }
    *entry = value;
    rearm(lapic);
}

uint64_t lapic_tsc_deadline(const struct lapic *lapic)
{
    return lapic->state.tsc_deadline;
}

void lapic_set_tsc_deadline(struct lapic *lapic, uint64_t tsc)
{
    if (!is_tsc_deadline(&lapic->state) || !lapic_is_enabled(lapic)) {
        return; /* SDM 10.5.4.1: ignored in the other modes */
    }
    catch_up(lapic);
    lapic->state.tsc_deadline = tsc;
    rearm(lapic);
}

void lapic_tsc_changed(struct lapic *lapic)
{
    if (is_tsc_deadline(&lapic->state)) {
        rearm(lapic);
    }
}

void lapic_timer_load(struct lapic *lapic)
{
    set_deadline(lapic, lapic->state.timer_deadline_ns);
}
