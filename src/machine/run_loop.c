/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run_loop.c - turns: the only place where something from outside starts to act on the machine.
 *
 * A turn takes the lock, samples the clock once, fires the timers that are due, lets the event act, and carries out
 * at its end what the event asked for (reset, power-off). Threads that may start one: the main thread
 * (commands, console bytes, alarms, signals) and each vCPU's (exits).
 */
#include <json-c/json.h>
#include <string.h>

#include "host/host_clock.h"
#include "host/host_loop.h"
#include "machine/machine_internal.h"
#include "trace/trace.h"
#include "trace/trace_session.h"

static uint64_t sample_clock(const struct machine *machine)
{
    if (machine->run_state != RUN_STATE_RUNNING) {
        return machine->clock_base_ns;
    }
    return machine->clock_base_ns + host_clock_monotonic_ns() - machine->resumed_host_ns;
}

/* Under the lock. */
static void turn_begin_locked(struct machine *machine, unsigned vcpu, const char *kind)
{
    machine->turn++;
    virtual_clock_advance(&machine->clock, sample_clock(machine));
    trace_session_bind(machine->trace);
    trace_session_turn_begin(machine->trace, machine->turn, machine->clock.now_ns, vcpu);
    trace_external_event(kind);
    (void)timer_queue_run(&machine->timers, machine->clock.now_ns);
}

void machine_turn_begin(struct machine *machine, unsigned vcpu, const char *kind)
{
    g_mutex_lock(&machine->lock);
    turn_begin_locked(machine, vcpu, kind);
}

static void alarm_rang(void *opaque)
{
    struct machine *machine = opaque;

    machine_turn_begin(machine, TRACE_VCPU_NONE, "timer");
    /* It may have rung a little early, with the same timer still to come. */
    machine->alarm_deadline_ns = 0;
    machine_turn_end(machine);
}

static void set_alarm(struct machine *machine)
{
    uint64_t deadline = timer_queue_deadline_ns(&machine->timers);

    if (machine->run_state != RUN_STATE_RUNNING || deadline == UINT64_MAX) {
        host_loop_set_alarm(machine->loop, UINT64_MAX, alarm_rang, machine);
        return;
    }
    host_loop_set_alarm(machine->loop, deadline - machine->clock_base_ns + machine->resumed_host_ns,
                        alarm_rang, machine);
}

void machine_turn_end(struct machine *machine)
{
    uint64_t deadline;

    machine_destroy_gone(machine);
    machine_serve_requests(machine);
    deadline = timer_queue_deadline_ns(&machine->timers);
    if (deadline != machine->alarm_deadline_ns || machine->run_state != machine->alarm_run_state) {
        set_alarm(machine);
        machine->alarm_deadline_ns = deadline;
        machine->alarm_run_state = machine->run_state;
    }
    trace_turn_ended(machine->turn);
    trace_session_turn_end(machine->trace);
    trace_session_bind(NULL);
    g_mutex_unlock(&machine->lock);
}

static uint64_t exit_data(const struct vm_exit *exit)
{
    uint64_t data = 0;
    uint64_t bytes = (uint64_t)exit->size * exit->count;

    if (exit->data != NULL) {
        memcpy(&data, exit->data, MIN(bytes, sizeof(data)));
    }
    return data;
}

void machine_vcpu_exit(void *opaque, unsigned vcpu, struct vm_exit *exit)
{
    struct machine *machine = opaque;

    g_mutex_lock(&machine->lock);
    /* The guest was stopped while this exit was on its way: it acts when the guest runs again. */
    while (machine->run_state != RUN_STATE_RUNNING && !machine->quitting &&
           kvm_vcpu_exit_is_current(machine->kvm, vcpu)) {
        g_cond_wait(&machine->running_changed, &machine->lock);
    }
    if (machine->quitting || !kvm_vcpu_exit_is_current(machine->kvm, vcpu)) {
        g_mutex_unlock(
            &machine->lock); /* a reset overtook it: it belongs to a guest that is gone */
        return;
    }
    turn_begin_locked(machine, vcpu, "exit");
    if (trace_vcpu_exit_enabled()) {
        trace_vcpu_exit(vcpu, vm_exit_kind_name(exit->kind), exit->gpa, exit->size, exit->is_write,
                        exit->count, exit->is_write ? exit_data(exit) : 0);
    }
    exit_dispatch(machine, vcpu, exit);
    if (!exit->is_write && exit->data != NULL && trace_vcpu_exit_data_enabled()) {
        trace_vcpu_exit_data(vcpu, exit_data(exit));
    }
    kvm_vcpu_exit_answered(machine->kvm, vcpu);
    machine_turn_end(machine);
}

struct json_object *machine_run_command(struct machine *machine, unsigned client,
                                        const struct json_object *command,
                                        machine_command_fn handler, void *opaque)
{
    struct json_object *reply;

    (void)client;
    machine_turn_begin(machine, TRACE_VCPU_NONE, "qmp");
    reply = handler(opaque, command);
    machine_turn_end(machine);
    return reply;
}

void machine_emit_event(struct machine *machine, const char *name, struct json_object *data)
{
    trace_qmp_event(name);
    if (machine->event_handler != NULL) {
        machine->event_handler(machine->event_opaque, name, data, host_clock_realtime_us());
    }
    json_object_put(data);
}

void machine_set_event_handler(struct machine *machine, machine_event_fn handler, void *opaque)
{
    machine->event_handler = handler;
    machine->event_opaque = opaque;
}
