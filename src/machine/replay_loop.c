/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay_loop.c - carries out recorded turns: each by the function that the live session used for it.
 *
 * Some turns at a time, as a post of the event loop: in between the loop serves the clients that look
 * on. Nothing outside is waited for, so a replay ends: behind the last turn, or at a divergence.
 */
#include <json-c/json.h>
#include <string.h>

#include "base/error.h"
#include "host/host_clock.h"
#include "host/host_loop.h"
#include "machine/block_drives.h"
#include "machine/checkpoint.h"
#include "machine/machine_internal.h"
#include "machine/networks.h"
#include "machine/recorded_kvm.h"
#include "machine/recorded_state.h"
#include "machine/soft_machine.h"
#include "machine/soft_watch.h"
#include "memory/transaction.h"
#include "replay/recording.h"
#include "trace/trace_session.h"

#define SLICE_TURNS 64u       /* between two looks at the host's clock */
#define SLICE_NS    10000000u /* then the loop's other work has its chance */

enum plant_kind { PLANT_NONE, PLANT_STATE, PLANT_IOCTL, PLANT_LISTENER, PLANT_RTC };

struct machine_replay {
    struct machine_replay_options options;
    enum plant_kind plant;
    uint64_t plant_at; /* turn; of a clock: instruction */
    struct board plant_board;
    struct virtual_clock plant_clock;
    GByteArray *scratch; /* an exit's data */
    bool paused;
    bool ended; /* nothing more to carry out */
    bool quit;  /* a client's wish */
    bool posted;
};

static void run_slice(void *opaque);

/* ---- one turn ---- */

static void diverge(struct machine *machine, const char *text)
{
    recording_diverge(machine->recording, text);
}

static void apply_exit(struct machine *machine, const struct recording_turn *turn)
{
    struct vm_exit exit;

    if (turn->vcpu >= MACHINE_CPUS_MAX || machine->cpus[turn->vcpu] == NULL ||
        machine->kvm == NULL) {
        diverge(machine, "the machine has no such vCPU");
    } else if (!exit_payload_load(turn->payload, turn->payload_bytes, machine->replay->scratch,
                                  &exit)) {
        diverge(machine, "the recording is damaged: this is no exit");
    } else {
        machine_exit_turn(machine, turn->vcpu, &exit);
    }
}

static void apply_command(struct machine *machine, const struct recording_turn *turn)
{
    unsigned client;
    size_t length;
    const char *text = command_payload_load(turn->payload, turn->payload_bytes, &client, &length);

    if (text == NULL) {
        diverge(machine, "the recording is damaged: this is no command");
    } else {
        json_object_put(machine_command_turn(machine, client, text, length));
    }
}

static void apply_console(struct machine *machine, const struct recording_turn *turn)
{
    size_t count;
    const uint8_t *bytes = console_payload_load(turn->payload, turn->payload_bytes, &count);

    if (bytes == NULL) {
        diverge(machine, "the recording is damaged: these are no bytes of a console");
    } else if (!machine_console_turn(machine, turn->payload, bytes, count)) {
        diverge(machine, "the machine has no console that takes these bytes");
    }
}

static void apply_block(struct machine *machine, const struct recording_turn *turn)
{
    if (!machine_block_turn(machine, turn->payload, turn->payload_bytes)) {
        diverge(machine, "the machine has no image with this request");
    }
}

static void apply_packet(struct machine *machine, const struct recording_turn *turn)
{
    if (!machine_packet_turn(machine, turn->payload, turn->payload_bytes)) {
        diverge(machine, "the machine has no device on this network");
    }
}

static void apply_interval(struct machine *machine, const struct recording_turn *turn)
{
    if (machine->soft == NULL) {
        diverge(machine, "the machine has no CPUs of its own");
    } else {
        soft_watch_turn(machine, turn->payload, turn->payload_bytes);
    }
}

static void apply_start(struct machine *machine)
{
    g_autoptr(GError) error = NULL;

    if (!machine_guest_start(machine, &error)) {
        diverge(machine, error->message);
    }
}

/* Everything but building and teardown, which stand at the ends of a machine's life. */
static void apply(struct machine *machine, const struct recording_turn *turn)
{
    machine->replayed = turn;
    switch (turn->kind) {
    case RECORDING_TURN_start: apply_start(machine); break;
    case RECORDING_TURN_command: apply_command(machine, turn); break;
    case RECORDING_TURN_exit: apply_exit(machine, turn); break;
    case RECORDING_TURN_console: apply_console(machine, turn); break;
    case RECORDING_TURN_timer: machine_timers_due(machine); break;
    case RECORDING_TURN_signal: machine_signal_turn(machine); break;
    case RECORDING_TURN_block: apply_block(machine, turn); break;
    case RECORDING_TURN_packet: apply_packet(machine, turn); break;
    case RECORDING_TURN_interval: apply_interval(machine, turn); break;
    case RECORDING_TURN_build:
    case RECORDING_TURN_teardown:
    case RECORDING_TURN_COUNT:
        diverge(machine, "the recording is damaged: such a turn can't come here");
        break;
    }
    machine->replayed = NULL;
}

/* ---- the loop ---- */

static unsigned percent(const struct machine *machine)
{
    uint64_t bytes, total;

    recording_progress(machine->recording, &bytes, &total);
    return total > 0 ? (unsigned)(bytes * 100 / total) : 100;
}

static void tell_progress(const struct machine *machine)
{
    const struct machine_replay_options *options = &machine->replay->options;

    if (options->progress != NULL) {
        options->progress(options->opaque, machine->turn, percent(machine));
    }
}

static void post(struct machine *machine)
{
    struct machine_replay *replay = machine->replay;

    if (!replay->posted && !replay->paused && !replay->ended) {
        replay->posted = true;
        host_loop_post(machine->loop, run_slice, machine);
    }
}

static void end(struct machine *machine)
{
    machine->replay->ended = true;
    tell_progress(machine);
    host_loop_quit(machine->loop);
}

/* Our own CPUs carry the guest on to the turn; on KVM it is the turns that carry it on. */
static bool follow(struct machine *machine, const struct recording_turn *turn)
{
    g_autofree char *text = NULL;
    bool ok;

    if (machine->soft == NULL) {
        return true;
    }
    g_mutex_lock(&machine->lock);
    trace_session_bind(machine->trace);
    soft_watch_expect(machine, turn);
    ok = soft_machine_follow(machine, turn->icount, turn->now_ns, &text);
    trace_session_bind(NULL);
    g_mutex_unlock(&machine->lock);
    if (text != NULL) {
        diverge(machine, text);
    }
    return ok;
}

/* The numbers of turns have no gaps, and the last one is machine_destroy()'s. */
static bool step(struct machine *machine)
{
    struct machine_replay *replay = machine->replay;
    struct recording_turn turn;

    if (!recording_peek_turn(machine->recording, &turn) || !follow(machine, &turn) ||
        turn.kind == RECORDING_TURN_teardown) {
        end(machine);
        return false;
    }
    if (turn.number != machine->turn + 1) {
        diverge(machine, "the recording is damaged: turns are missing");
        end(machine);
        return false;
    }
    apply(machine, &turn);
    if (recording_divergence(machine->recording) != NULL) {
        end(machine);
        return false;
    }
    replay->paused = replay->options.has_until && machine->turn == replay->options.until;
    return !replay->paused;
}

static void run_slice(void *opaque)
{
    struct machine *machine = opaque;
    struct machine_replay *replay = machine->replay;
    uint64_t until_ns = host_clock_monotonic_ns() + SLICE_NS;

    replay->posted = false;
    if (replay->paused || replay->ended) {
        return;
    }
    do {
        for (unsigned i = 0; i < SLICE_TURNS; i++) {
            if (!step(machine)) {
                return;
            }
        }
    } while (host_clock_monotonic_ns() < until_ns);
    tell_progress(machine);
    post(machine);
}

/* ---- what clients may do to it ---- */

void machine_replay_pause(struct machine *machine)
{
    machine->replay->paused = true;
}

void machine_replay_continue(struct machine *machine)
{
    machine->replay->paused = false;
    post(machine);
}

void machine_replay_quit(struct machine *machine)
{
    if (machine->replay != NULL) {
        machine->replay->quit = !machine->replay->ended;
        machine->replay->ended = true;
    }
    host_loop_quit(machine->loop);
}

bool machine_replay_was_quit(const struct machine *machine)
{
    return machine->replay != NULL && machine->replay->quit;
}

const char *machine_last_events(const struct machine *machine)
{
    return machine->last_events;
}

struct json_object *machine_query_replay(struct machine *machine)
{
    struct json_object *reply = json_object_new_object();
    const struct machine_replay *replay = machine->replay;
    bool looking = machine->looking && replay != NULL;

    /* What a recorded client was told must not depend on the replay. */
    json_object_object_add(reply, "replaying", json_object_new_boolean(looking));
    if (looking) {
        json_object_object_add(reply, "paused", json_object_new_boolean(replay->paused));
        json_object_object_add(reply, "turn", json_object_new_uint64(machine->turn));
        json_object_object_add(reply, "percent", json_object_new_int((int)percent(machine)));
    }
    return reply;
}

/* ---- divergences on demand ---- */

static bool plant_parse(struct machine_replay *replay, const char *text, GError **error)
{
    static const char *const names[] = { "", "state", "ioctl", "listener", "rtc" };
    const char *at = strchr(text, '@');
    guint64 turn;

    for (size_t i = 1; at != NULL && i < G_N_ELEMENTS(names); i++) {
        if (strlen(names[i]) == (size_t)(at - text) && g_str_has_prefix(text, names[i]) &&
            g_ascii_string_to_unsigned(at + 1, 10, 0, G_MAXINT64, &turn, NULL)) {
            replay->plant = (enum plant_kind)i;
            replay->plant_at = turn;
            return true;
        }
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                "Parameter 'plant' does not accept value '%s'; expected state@TURN, ioctl@TURN, "
                "listener@TURN or rtc@INSTRUCTION",
                text);
    return false;
}

static bool is_planted(const struct machine *machine, enum plant_kind kind)
{
    const struct machine_replay *replay = machine->replay;

    return replay != NULL && replay->plant == kind && replay->plant_at == machine->turn;
}

void machine_replay_plant(struct machine *machine)
{
    if (is_planted(machine, PLANT_IOCTL) && machine->recorded_kvm != NULL) {
        recorded_kvm_spoil(machine->recorded_kvm);
    }
    if (is_planted(machine, PLANT_LISTENER)) {
        memory_system_skip_region_add(machine->memory);
    }
}

void machine_replay_plant_state(struct machine *machine)
{
    if (is_planted(machine, PLANT_STATE)) {
        recorded_state_spoil(machine->recorded_state);
    }
}

/* From there on the CMOS clock runs by the host's time. */
void machine_replay_plant_clock(struct machine *machine, uint64_t icount)
{
    struct machine_replay *replay = machine->replay;

    if (replay == NULL || replay->plant != PLANT_RTC || icount < replay->plant_at ||
        machine->rtc == NULL) {
        return;
    }
    replay->plant_clock.now_ns = host_clock_monotonic_ns();
    replay->plant_board = machine->board;
    replay->plant_board.clock = &replay->plant_clock;
    machine->rtc->board = &replay->plant_board;
}

/* ---- life ---- */

/* The trace has nothing of what is in front of the checkpoint. */
static bool begin_at(struct machine *machine, const char *from, GError **error)
{
    if (!checkpoint_restore(machine, from, error)) {
        return false;
    }
    trace_session_mute(machine->trace, false);
    return true;
}

bool machine_replay_start(struct machine *machine, const struct machine_replay_options *options,
                          GError **error)
{
    struct machine_replay *replay = g_new0(struct machine_replay, 1);

    replay->options = *options;
    replay->scratch = g_byte_array_new();
    replay->paused = options->is_paused || (options->has_until && options->until == 0);
    machine->replay = replay;
    if (options->plant != NULL && !plant_parse(replay, options->plant, error)) {
        return false;
    }
    if (options->from != NULL && !begin_at(machine, options->from, error)) {
        return false;
    }
    post(machine);
    return true;
}

void machine_replay_destroy(struct machine_replay *replay)
{
    if (replay != NULL) {
        g_byte_array_unref(replay->scratch);
        g_free(replay);
    }
}
