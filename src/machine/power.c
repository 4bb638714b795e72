/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * power.c - run states and what ends or restarts a guest: stop, cont, reset, power-off, quit, internal error.
 *
 * A device only asks (board request); the turn's end carries it out, when no device function is on the stack any more.
 */
#include <json-c/json.h>
#include <string.h>

#include "base/error.h"
#include "cpu/x86_state.h"
#include "host/host_clock.h"
#include "host/host_loop.h"
#include "hw/acpi/piix4_pm.h"
#include "machine/checkpoint.h"
#include "machine/machine_internal.h"
#include "machine/networks.h"
#include "machine/recorded_state.h"
#include "machine/soft_machine.h"
#include "trace/trace.h"

#define MP_STATE_HALTED 3 /* KVM_MP_STATE_HALTED, see x86_state.mp_state */

const char *run_state_name(enum run_state state)
{
    static const char *const names[] = { "prelaunch", "running", "paused", "shutdown",
                                         "internal-error" };

    return names[state];
}

/* Leaves the old state for the new one; the vCPUs' hold and the clock follow. */
static void run_state_set(struct machine *machine, enum run_state state)
{
    bool ran = machine->run_state == RUN_STATE_RUNNING;
    bool runs = state == RUN_STATE_RUNNING;

    trace_run_state_changed(run_state_name(machine->run_state), run_state_name(state));
    machine->run_state = state;
    if (ran && !runs) {
        machine->clock_base_ns = machine->clock.now_ns;
        if (machine->kvm != NULL) {
            kvm_vcpus_hold(machine->kvm);
        }
        machine_emit_event(machine, "STOP", NULL);
    }
    if (!ran && runs) {
        machine->resumed_host_ns = machine_is_replaying(machine) ? 0 : host_clock_monotonic_ns();
        if (machine->kvm != NULL) {
            kvm_vcpus_release(machine->kvm);
        }
        g_cond_broadcast(&machine->running_changed);
        networks_wake(machine);
        machine_emit_event(machine, "RESUME", NULL);
    }
}

void machine_stop(struct machine *machine)
{
    if (machine->looking) {
        machine_replay_pause(machine);
    } else if (machine->run_state == RUN_STATE_RUNNING) {
        run_state_set(machine, RUN_STATE_PAUSED);
    }
}

bool machine_cont(struct machine *machine, GError **error)
{
    if (machine->looking) {
        machine_replay_continue(machine);
        return true;
    }
    switch (machine->run_state) {
    case RUN_STATE_RUNNING: return true;
    case RUN_STATE_PRELAUNCH:
    case RUN_STATE_PAUSED: run_state_set(machine, RUN_STATE_RUNNING); return true;
    case RUN_STATE_SHUTDOWN:
    case RUN_STATE_INTERNAL_ERROR: break;
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY,
                "Resetting the Virtual Machine is required (it is in state %s)",
                run_state_name(machine->run_state));
    return false;
}

void machine_request(struct machine *machine, enum machine_request request, bool by_guest,
                     const char *reason)
{
    machine->requests |= request;
    machine->request_by_guest = by_guest;
    machine->request_reason = reason;
    recorded_state_touched_all(machine->recorded_state);
}

void machine_system_reset(struct machine *machine)
{
    machine_request(machine, MACHINE_REQUEST_RESET, false, "host-qmp-system-reset");
}

void machine_system_powerdown(struct machine *machine)
{
    if (machine->pm != NULL) {
        piix4_pm_power_button(machine->pm);
    }
    machine_emit_event(machine, "POWERDOWN", NULL);
}

void machine_quit(struct machine *machine)
{
    if (machine->looking) {
        machine_replay_quit(machine);
        return;
    }
    machine_request(machine, MACHINE_REQUEST_QUIT, false, "host-qmp-quit");
}

bool machine_set_action(struct machine *machine, const char *reboot, const char *shutdown,
                        GError **error)
{
    if (reboot != NULL && strcmp(reboot, "reset") != 0 && strcmp(reboot, "shutdown") != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Invalid parameter '%s' for 'reboot'; expected reset or shutdown", reboot);
        return false;
    }
    if (shutdown != NULL && strcmp(shutdown, "poweroff") != 0 && strcmp(shutdown, "pause") != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "Invalid parameter '%s' for 'shutdown'; expected poweroff or pause", shutdown);
        return false;
    }
    if (reboot != NULL) {
        machine->reboot_is_shutdown = strcmp(reboot, "shutdown") == 0;
    }
    if (shutdown != NULL) {
        machine->shutdown_is_pause = strcmp(shutdown, "pause") == 0;
    }
    return true;
}

static struct json_object *cause_data(const struct machine *machine)
{
    struct json_object *data = json_object_new_object();

    json_object_object_add(data, "guest", json_object_new_boolean(machine->request_by_guest));
    json_object_object_add(data, "reason", json_object_new_string(machine->request_reason));
    return data;
}

static void serve_quit(struct machine *machine)
{
    uint8_t status = (uint8_t)machine->exit_status;

    machine_effect(machine, RECORDING_EFFECT_end, &status, 1);
    machine_emit_event(machine, "SHUTDOWN", cause_data(machine));
    machine->quitting = true;
    if (machine->kvm != NULL) {
        kvm_vcpus_hold(machine->kvm); /* nothing that the guest does from here on can act */
    }
    g_cond_broadcast(&machine->running_changed);
    if (!machine_is_replaying(machine)) {
        host_loop_quit(machine->loop);
    }
}

static void serve_shutdown(struct machine *machine)
{
    if (!machine->shutdown_is_pause) {
        serve_quit(machine);
        return;
    }
    machine_emit_event(machine, "SHUTDOWN", cause_data(machine));
    run_state_set(machine, RUN_STATE_SHUTDOWN);
}

/* Firmware starts where the processor does. Without it and without a kernel there is nothing to run: it halts. */
static bool boot_state(struct machine *machine, struct x86_state *state, GError **error)
{
    if (machine->bios_image != NULL) {
        return true;
    }
    if (machine->kernel_image == NULL) {
        state->mp_state = MP_STATE_HALTED;
        return true;
    }
    return linux_boot_is_for(machine->kernel_image) ? linux_boot(machine, state, error)
                                                    : multiboot_load(machine, state, error);
}

bool machine_reset_cpu(struct machine *machine, unsigned index, const struct x86_state *state,
                       GError **error)
{
    if (machine->soft != NULL) {
        soft_machine_reset_cpu(machine, index);
        soft_machine_load(machine, index, state);
        return true;
    }
    return kvm_vcpu_load(machine->kvm, index, state, error);
}

static bool cpus_reset(struct machine *machine, GError **error)
{
    struct x86_state state;

    for (unsigned i = 0; i < MACHINE_CPUS_MAX; i++) {
        x86_state_reset(&state, i == 0);
        if (machine->cpus[i] != NULL && ((i == 0 && !boot_state(machine, &state, error)) ||
                                         !machine_reset_cpu(machine, i, &state, error))) {
            return false;
        }
    }
    return true;
}

bool machine_reset_all(struct machine *machine, GError **error)
{
    if (machine->kvm != NULL && machine->ready && !kvm_vm_reset_irqchip(machine->kvm, error)) {
        return false;
    }
    for (guint i = 0; i < machine->devices->len; i++) {
        struct device *device = g_ptr_array_index(machine->devices, i);

        /* Those on a bus are reset with the device that provides it. */
        if (device->parent_bus == NULL) {
            device_reset(device);
        }
    }
    return cpus_reset(machine, error) && error_latch_take(&machine->errors, error);
}

/* Tells the user, keeps the machine for inspection. */
static void stop_with_error(struct machine *machine, const GError *error)
{
    machine_notice(machine, g_strdup_printf("the guest is stopped: %s", error->message));
    run_state_set(machine, RUN_STATE_INTERNAL_ERROR);
}

static void serve_reset(struct machine *machine)
{
    g_autoptr(GError) error = NULL;
    bool ok;

    if (machine->reboot_is_shutdown) {
        serve_shutdown(machine);
        return;
    }
    if (machine->kvm != NULL) {
        kvm_vcpus_hold(machine->kvm);
    }
    trace_machine_reset_enter(machine->request_by_guest);
    checkpoint_note_reset(machine);
    ok = machine_reset_all(machine, &error);
    trace_machine_reset_leave(ok);
    machine_emit_event(machine, "RESET", cause_data(machine));
    if (!ok) {
        stop_with_error(machine, error);
    } else if (machine->run_state == RUN_STATE_SHUTDOWN ||
               machine->run_state == RUN_STATE_INTERNAL_ERROR) {
        run_state_set(machine, RUN_STATE_PAUSED);
    }
    g_cond_broadcast(&machine->running_changed);
    if (machine->kvm != NULL) {
        kvm_vcpus_release(machine->kvm);
    }
}

static void serve_error(struct machine *machine)
{
    g_autoptr(GError) error = NULL;

    if (!error_latch_take(&machine->errors, &error)) {
        stop_with_error(machine, error);
    }
}

void machine_serve_requests(struct machine *machine)
{
    while (machine->requests != 0 && !machine->quitting) {
        unsigned requests = machine->requests;

        machine->requests = 0;
        if (requests & MACHINE_REQUEST_ERROR) {
            serve_error(machine);
        }
        if (requests & MACHINE_REQUEST_QUIT) {
            serve_quit(machine);
        } else if (requests & MACHINE_REQUEST_SHUTDOWN) {
            serve_shutdown(machine);
        } else if (requests & MACHINE_REQUEST_RESET) {
            serve_reset(machine);
        }
    }
}

int machine_exit_status(const struct machine *machine)
{
    return machine->exit_status;
}
