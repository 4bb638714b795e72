/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * soft_run.c - runs our own CPUs: quanta, virtual time, timers between instructions, idling, and the thread.
 *
 * The thread holds the machine's lock while the guest runs and offers it between two slices. Host time is looked at only
 * to wait: an idle guest's virtual time does not overtake the host's. How long the thread waits changes when an external
 * event meets the guest, never what the guest does.
 */
#include "host/host_clock.h"
#include "host/host_thread.h"
#include "machine/block_drives.h"
#include "machine/checkpoint.h"
#include "machine/pc_chips.h"
#include "machine/soft_machine_internal.h"
#include "machine/soft_outside.h"
#include "machine/soft_watch.h"
#include "replay/recording.h"
#include "trace/trace_session.h"

uint64_t soft_machine_icount(const struct machine *machine)
{
    return machine->soft->state.icount;
}

uint64_t soft_machine_now_ns(const struct machine *machine)
{
    const struct soft_machine_state *state = &machine->soft->state;

    return (state->icount << SOFT_SHIFT) + state->jumps_ns;
}

void soft_machine_break(struct machine *machine)
{
    if (machine->soft->running != NULL) {
        soft_cpu_break(machine->soft->running);
    }
}

void soft_machine_deadline_came_closer(void *opaque)
{
    soft_machine_break(opaque);
}

static void time_has_passed(struct machine *machine)
{
    virtual_clock_advance(&machine->clock, soft_machine_now_ns(machine));
    trace_session_set_time(machine->trace, machine->soft->state.icount, machine->clock.now_ns);
    (void)timer_queue_run(&machine->timers, machine->clock.now_ns);
}

static void next_processor(struct soft_machine *soft)
{
    soft->state.current = (soft->state.current + 1) % soft->count;
    soft->state.quantum_left = SOFT_QUANTUM;
}

/* The current CPU, or the next one that has something to do; false = none has. */
static bool find_runnable(struct soft_machine *soft)
{
    for (unsigned i = 0; i < soft->count; i++) {
        const struct soft_cpu *cpu = soft->processors[soft->state.current].cpu;

        if (cpu != NULL && soft_cpu_is_runnable(cpu)) {
            return true;
        }
        next_processor(soft);
    }
    return false;
}

/* Instructions until the next timer is due, at least one. */
static uint64_t until_deadline(const struct machine *machine)
{
    uint64_t deadline = timer_queue_deadline_ns(&machine->timers);
    uint64_t now = machine->clock.now_ns;
    uint64_t instruction_ns = 1u << SOFT_SHIFT;

    if (deadline == UINT64_MAX) {
        return UINT64_MAX;
    }
    return deadline <= now ? 1 : (deadline - now + instruction_ns - 1) / instruction_ns;
}

static void run_current(struct machine *machine, uint64_t budget)
{
    struct soft_machine *soft = machine->soft;
    struct soft_processor *processor = &soft->processors[soft->state.current];
    enum soft_stop stop = SOFT_STOP_BUDGET;
    uint64_t executed;

    trace_session_turn_begin(machine->trace, machine->turn, machine->clock.now_ns,
                             soft->state.current);
    machine->chips->bus.current = processor->lapic;
    soft->running = processor->cpu;
    executed = soft_cpu_run(processor->cpu, budget, &stop);
    soft->running = NULL;
    machine->chips->bus.current = NULL;
    soft->state.icount += executed;
    soft->state.quantum_left -= (uint32_t)executed;
    if (stop == SOFT_STOP_SHUTDOWN) {
        machine_request(machine, MACHINE_REQUEST_RESET, true, "guest-reset");
    }
    if (soft->state.quantum_left == 0 || stop == SOFT_STOP_HALT || stop == SOFT_STOP_PAUSE) {
        next_processor(soft);
    }
}

bool soft_machine_run_until(struct machine *machine, uint64_t icount)
{
    struct soft_machine *soft = machine->soft;

    /* What a device asks for is the caller's to carry out, right behind the instruction. */
    while (soft->state.icount < icount && !soft->wants_out && machine->requests == 0 &&
           machine->gone->len == 0 && !block_requests_wait(machine)) {
        uint64_t budget;

        time_has_passed(machine);
        if (!find_runnable(soft)) {
            return true;
        }
        budget = MIN(icount - soft->state.icount, soft->state.quantum_left);
        run_current(machine, MIN(budget, until_deadline(machine)));
    }
    time_has_passed(machine);
    return false;
}

void soft_machine_jump(struct machine *machine, uint64_t at_ns)
{
    uint64_t deadline = MIN(timer_queue_deadline_ns(&machine->timers), at_ns);
    uint64_t now = soft_machine_now_ns(machine);

    if (deadline > now) {
        machine->soft->state.jumps_ns += deadline - now;
    }
    time_has_passed(machine);
}

static void paused(struct machine *machine)
{
    trace_session_turn_begin(machine->trace, machine->turn, machine->clock.now_ns, TRACE_VCPU_NONE);
    machine_guest_paused(machine);
}

static char *not_there(const struct machine *machine, uint64_t icount, uint64_t now_ns)
{
    return g_strdup_printf(
        "the guest is at instruction %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT
        " ns (%s); recorded were instruction %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT " ns",
        machine->soft->state.icount, soft_machine_now_ns(machine),
        run_state_name(machine->run_state), icount, now_ns);
}

bool soft_machine_follow(struct machine *machine, uint64_t icount, uint64_t now_ns, char **out_text)
{
    const struct soft_machine_state *state = &machine->soft->state;

    while (state->icount != icount || soft_machine_now_ns(machine) != now_ns) {
        uint64_t before_icount = state->icount;
        uint64_t before_ns = soft_machine_now_ns(machine);

        if (machine->run_state == RUN_STATE_RUNNING && !machine->quitting) {
            bool idle = soft_machine_run_until(machine, icount);

            paused(machine);
            if (soft_machine_now_ns(machine) == before_ns && (idle || state->icount == icount) &&
                machine->run_state == RUN_STATE_RUNNING) {
                soft_machine_jump(machine, now_ns);
                paused(machine);
            }
        }
        if (recording_divergence(machine->recording) != NULL) {
            return false;
        }
        if (soft_machine_now_ns(machine) > now_ns ||
            (state->icount == before_icount && soft_machine_now_ns(machine) == before_ns)) {
            *out_text = not_there(machine, icount, now_ns);
            return false;
        }
    }
    return true;
}

/* ---- the thread ---- */

/* Waits until the host's clock has caught up with a time, or something comes from outside. True = caught up. */
static bool wait_until(struct machine *machine, uint64_t deadline)
{
    const struct soft_machine *soft = machine->soft;
    uint64_t turn = machine->turn;

    while (machine->turn == turn && !machine->quitting && machine->run_state == RUN_STATE_RUNNING) {
        uint64_t passed = host_clock_monotonic_ns() - soft->paced_host_ns;
        uint64_t wanted = deadline - soft->paced_now_ns;

        if (deadline == UINT64_MAX) {
            g_cond_wait(&machine->running_changed, &machine->lock);
        } else if (passed >= wanted) {
            return true;
        } else {
            (void)g_cond_wait_until(&machine->running_changed, &machine->lock,
                                    g_get_monotonic_time() + (gint64)((wanted - passed) / 1000) +
                                        1);
        }
    }
    return false;
}

/* Where the next slice ends: in SOFT_SLICE instructions, or where a checkpoint is to be taken. */
static uint64_t slice_end(const struct machine *machine)
{
    uint64_t due_ns = checkpoint_due_ns(machine), now_ns = soft_machine_now_ns(machine);
    uint64_t instructions = SOFT_SLICE;

    if (due_ns > now_ns && (due_ns - now_ns) >> SOFT_SHIFT < SOFT_SLICE) {
        instructions = ((due_ns - now_ns - 1) >> SOFT_SHIFT) + 1;
    }
    return machine->soft->state.icount + instructions;
}

/* Under the lock, while the guest runs. */
static void slice(struct machine *machine)
{
    uint64_t turn = machine->turn;
    uint64_t at_ns;
    bool idle;

    trace_session_bind(machine->trace);
    idle = soft_machine_run_until(
        machine, soft_watch_icount(machine, soft_outside_icount(machine, slice_end(machine))));
    paused(machine);
    trace_session_bind(NULL);
    machine_post_flush(machine);
    soft_watch_serve(machine);
    block_requests_serve(machine);
    checkpoint_if_due(machine);
    if (machine->run_state != RUN_STATE_RUNNING || machine->quitting ||
        soft_outside_serve(machine) || !idle || machine->turn != turn) {
        return;
    }
    at_ns = soft_outside_ns(machine);
    if (wait_until(machine, MIN(timer_queue_deadline_ns(&machine->timers), at_ns))) {
        trace_session_bind(machine->trace);
        soft_machine_jump(machine, at_ns);
        paused(machine);
        trace_session_bind(NULL);
    }
}

static void thread_run(void *opaque)
{
    struct machine *machine = opaque;
    bool ran = false;

    g_mutex_lock(&machine->lock);
    while (!machine->quitting) {
        if (machine->run_state != RUN_STATE_RUNNING) {
            ran = false;
            g_cond_wait(&machine->running_changed, &machine->lock);
            continue;
        }
        if (!ran) {
            machine->soft->paced_host_ns = host_clock_monotonic_ns();
            machine->soft->paced_now_ns = soft_machine_now_ns(machine);
            ran = true;
        }
        slice(machine);
        g_mutex_unlock(&machine->lock);
        while (g_atomic_int_get(&machine->turns_waiting) > 0) {
            g_thread_yield(); /* a mutex is not fair: without this a command could wait for ever */
        }
        g_mutex_lock(&machine->lock);
    }
    g_mutex_unlock(&machine->lock);
}

bool soft_machine_start(struct machine *machine, GError **error)
{
    if (!soft_outside_open(machine, error)) {
        return false;
    }
    machine->soft->thread = host_thread_create("CPU/soft", thread_run, machine, error);
    return machine->soft->thread != NULL;
}

void soft_machine_stop(struct machine *machine)
{
    if (machine->soft != NULL) {
        host_thread_join(machine->soft->thread);
        machine->soft->thread = NULL;
    }
}

int64_t soft_machine_thread_id(const struct machine *machine)
{
    return machine->soft->thread != NULL ? host_thread_id(machine->soft->thread) : 0;
}
