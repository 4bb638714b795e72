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
#include "machine/recorded_state.h"
#include "machine/soft_machine.h"
#include "machine/soft_watch.h"
#include "replay/recording.h"
#include "trace/trace.h"
#include "trace/trace_session.h"

static uint64_t sample_clock(const struct machine *machine)
{
    if (machine_is_replaying(machine)) {
        return machine->replayed->now_ns;
    }
    if (machine->soft != NULL) {
        return soft_machine_now_ns(machine);
    }
    if (machine->run_state != RUN_STATE_RUNNING) {
        return machine->clock_base_ns;
    }
    return machine->clock_base_ns + host_clock_monotonic_ns() - machine->resumed_host_ns;
}

/* ---- the border ---- */

void machine_turn_open(struct machine *machine, unsigned vcpu, enum recording_turn_kind kind,
                       const void *payload, size_t payload_bytes)
{
    struct recording_turn turn = {
        .number = machine->turn,
        .kind = kind,
        .now_ns = machine->clock.now_ns,
        .icount = machine->soft != NULL ? soft_machine_icount(machine) : 0,
        .vcpu = vcpu,
        .payload = payload,
        .payload_bytes = payload_bytes,
    };

    if (machine->recording != NULL) {
        recording_turn_begin(machine->recording,
                             machine->replayed != NULL ? machine->replayed : &turn);
    }
    machine->in_turn = true;
    trace_session_bind(machine->trace);
    trace_session_turn_begin(machine->trace, machine->turn, machine->clock.now_ns, vcpu);
}

/* What the recorder could not write ends the recording, not the guest. */
void machine_check_recording(struct machine *machine)
{
    const GError *error = recording_write_error(machine->recording);

    if (error != NULL && !machine->recording_failed) {
        machine->recording_failed = true;
        trace_recording_stopped(error->message);
        machine_notice(machine, g_strdup_printf("the recording is stopped, the guest goes on: %s",
                                                error->message));
    }
}

static void log_turn_end(struct machine *machine)
{
    const GByteArray *state;
    const GString *layout;

    if (machine->recording_failed) {
        return;
    }
    layout = recorded_state_new_layout(machine->recorded_state);
    if (layout != NULL) {
        machine_effect(machine, RECORDING_EFFECT_state_layout, layout->str, layout->len);
    }
    if (machine_is_replaying(machine)) {
        machine_replay_plant_state(machine);
    }
    state = recorded_state_take(machine->recorded_state);
    if (recorded_state_has_news(machine->recorded_state) || machine_is_replaying(machine)) {
        recording_turn_end(machine->recording, state->data, state->len, recorded_state_describe,
                           machine->recorded_state);
    } else {
        recording_turn_end_unchanged(machine->recording);
    }
    machine_note_divergence(machine);
    machine_check_recording(machine);
}

void machine_turn_close(struct machine *machine)
{
    if (machine->recording != NULL) {
        log_turn_end(machine);
    }
    machine->in_turn = false;
    trace_session_turn_end(machine->trace);
    trace_session_bind(NULL);
}

/* ---- turns ---- */

/* As the event external_event names them. */
static const char *const kind_names[RECORDING_TURN_COUNT] = {
    [RECORDING_TURN_build] = "build",       [RECORDING_TURN_start] = "start",
    [RECORDING_TURN_command] = "qmp",       [RECORDING_TURN_exit] = "exit",
    [RECORDING_TURN_console] = "console",   [RECORDING_TURN_timer] = "timer",
    [RECORDING_TURN_signal] = "signal",     [RECORDING_TURN_teardown] = "teardown",
    [RECORDING_TURN_block] = "block",       [RECORDING_TURN_packet] = "packet",
    [RECORDING_TURN_interval] = "interval",
};

/* An exit acts through the handlers of regions, which say what they touch. With interrupt controllers of our own an
 * interrupt line touches those. */
static bool is_narrow(const struct machine *machine, enum recording_turn_kind kind)
{
    return kind == RECORDING_TURN_exit && machine->chips == NULL && machine->replayed == NULL;
}

void machine_turn_begin_locked(struct machine *machine, unsigned vcpu,
                               enum recording_turn_kind kind, const void *payload,
                               size_t payload_bytes)
{
    if (machine->soft != NULL) {
        soft_watch_flush(machine, false);
    }
    machine->turn++;
    virtual_clock_advance(&machine->clock, sample_clock(machine));
    machine_turn_open(machine, vcpu, kind, payload, payload_bytes);
    machine_replay_plant(machine);
    trace_external_event(kind_names[kind]);
    if (timer_queue_run(&machine->timers, machine->clock.now_ns) == 0 && is_narrow(machine, kind)) {
        recorded_state_narrow(machine->recorded_state);
    }
}

void machine_lock(struct machine *machine)
{
    g_atomic_int_inc(&machine->turns_waiting);
    g_mutex_lock(&machine->lock);
    (void)g_atomic_int_dec_and_test(&machine->turns_waiting);
}

void machine_turn_begin(struct machine *machine, unsigned vcpu, enum recording_turn_kind kind,
                        const void *payload, size_t payload_bytes)
{
    machine_lock(machine);
    machine_turn_begin_locked(machine, vcpu, kind, payload, payload_bytes);
}

void machine_timers_due(struct machine *machine)
{
    machine_turn_begin(machine, TRACE_VCPU_NONE, RECORDING_TURN_timer, NULL, 0);
    /* It may have rung a little early, with the same timer still to come. */
    machine->alarm_deadline_ns = 0;
    machine_turn_end(machine);
}

static void alarm_rang(void *opaque)
{
    machine_timers_due(opaque);
}

static void set_alarm(struct machine *machine, uint64_t deadline_ns)
{
    if (machine->run_state != RUN_STATE_RUNNING || deadline_ns == UINT64_MAX) {
        host_loop_set_alarm(machine->loop, UINT64_MAX, alarm_rang, machine);
        return;
    }
    host_loop_set_alarm(machine->loop,
                        deadline_ns - machine->clock_base_ns + machine->resumed_host_ns, alarm_rang,
                        machine);
}

/* In a replay, the recording says when timers are due. */
static void follow_timers(struct machine *machine)
{
    uint64_t deadline_ns = timer_queue_deadline_ns(&machine->timers);

    if (machine->soft != NULL) {
        return; /* its timers are due between two instructions */
    }
    if (!machine_is_replaying(machine) && (deadline_ns != machine->alarm_deadline_ns ||
                                           machine->run_state != machine->alarm_run_state)) {
        set_alarm(machine, deadline_ns);
        machine->alarm_deadline_ns = deadline_ns;
        machine->alarm_run_state = machine->run_state;
    }
}

static void flush_posted(void *opaque)
{
    (void)opaque; /* the loop has done something, so it will call its idle function */
}

void machine_post_flush(struct machine *machine)
{
    bool writes = machine->recording != NULL || trace_session_has_file(machine->trace);

    if (writes && !machine_is_replaying(machine) && !machine->flush_posted) {
        machine->flush_posted = true;
        host_loop_post(machine->loop, flush_posted, NULL);
    }
}

void machine_turn_end(struct machine *machine)
{
    machine_destroy_gone(machine);
    machine_serve_requests(machine);
    machine_destroy_gone(machine); /* a reset lets devices go, too */
    follow_timers(machine);
    trace_turn_ended(machine->turn);
    machine_turn_close(machine);
    machine_post_flush(machine);
    if (machine->soft != NULL) {
        g_cond_broadcast(
            &machine->running_changed); /* an idle guest may have something to do now */
    }
    g_mutex_unlock(&machine->lock);
}

void machine_quiet_turn(struct machine *machine, enum recording_turn_kind kind, const void *payload,
                        size_t payload_bytes)
{
    machine->turn++;
    virtual_clock_advance(&machine->clock, sample_clock(machine));
    machine_turn_open(machine, TRACE_VCPU_NONE, kind, payload, payload_bytes);
    trace_external_event(kind_names[kind]);
    trace_turn_ended(machine->turn);
    machine_turn_close(machine);
    machine_post_flush(machine);
}

void machine_guest_paused(struct machine *machine)
{
    machine_destroy_gone(machine);
    machine_serve_requests(machine);
    machine_destroy_gone(machine);
}

/* ---- exits ---- */

static uint64_t exit_data(const struct vm_exit *exit)
{
    uint64_t data = 0;
    uint64_t bytes = (uint64_t)exit->size * exit->count;

    if (exit->data != NULL) {
        memcpy(&data, exit->data, MIN(bytes, sizeof(data)));
    }
    return data;
}

static void log_exit(struct machine *machine, const struct vm_exit *exit)
{
    g_byte_array_set_size(machine->payload, 0);
    if (machine->recording != NULL && machine->replayed == NULL) {
        exit_payload_store(exit, machine->payload);
    }
}

/* Under the lock. */
static void exit_turn_locked(struct machine *machine, unsigned vcpu, struct vm_exit *exit)
{
    log_exit(machine, exit);
    machine_turn_begin_locked(machine, vcpu, RECORDING_TURN_exit, machine->payload->data,
                              machine->payload->len);
    if (trace_vcpu_exit_enabled()) {
        trace_vcpu_exit(vcpu, vm_exit_kind_name(exit->kind), exit->gpa, exit->size, exit->is_write,
                        exit->count, exit->is_write ? exit_data(exit) : 0);
    }
    if (exit->kind != VM_EXIT_PIO && exit->kind != VM_EXIT_MMIO) {
        recorded_state_touched_all(machine->recorded_state);
    }
    exit_dispatch(machine, vcpu, exit);
    if (!exit->is_write && exit->data != NULL) {
        machine_effect(machine, RECORDING_EFFECT_exit_answer, exit->data,
                       (size_t)exit->size * exit->count);
        if (trace_vcpu_exit_data_enabled()) {
            trace_vcpu_exit_data(vcpu, exit_data(exit));
        }
    }
    kvm_vcpu_exit_answered(machine->kvm, vcpu);
    machine_turn_end(machine);
}

void machine_exit_turn(struct machine *machine, unsigned vcpu, struct vm_exit *exit)
{
    g_mutex_lock(&machine->lock);
    exit_turn_locked(machine, vcpu, exit);
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
    exit_turn_locked(machine, vcpu, exit);
}

/* ---- events ---- */

void machine_emit_event(struct machine *machine, const char *name, struct json_object *data)
{
    int64_t realtime_us = machine_realtime_us(machine);

    if (inputs_are_logged(machine)) {
        g_autofree char *text = g_strdup_printf(
            "%s %s", name,
            data != NULL ? json_object_to_json_string_ext(data, JSON_C_TO_STRING_PLAIN) : "");

        machine_effect(machine, RECORDING_EFFECT_event, text, strlen(text));
    }
    trace_qmp_event(name);
    if (machine->event_handler != NULL) {
        machine->event_handler(machine->event_opaque, name, data, realtime_us);
    }
    json_object_put(data);
}

void machine_notice(struct machine *machine, char *text)
{
    if (machine->notice_handler != NULL) {
        machine->notice_handler(machine->notice_opaque, text);
        g_free(text);
    } else {
        g_ptr_array_add(machine->notices, text);
    }
}

void machine_set_notice_handler(struct machine *machine, machine_notice_fn handler, void *opaque)
{
    machine->notice_handler = handler;
    machine->notice_opaque = opaque;
    for (guint i = 0; i < machine->notices->len; i++) {
        handler(opaque, g_ptr_array_index(machine->notices, i));
    }
    g_ptr_array_set_size(machine->notices, 0);
}

void machine_set_event_handler(struct machine *machine, machine_event_fn handler, void *opaque)
{
    machine->event_handler = handler;
    machine->event_opaque = opaque;
}
