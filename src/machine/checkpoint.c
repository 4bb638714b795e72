/* SPDX-License-Identifier: GPL-2.0-or-later */
/* checkpoint.c - when checkpoints are taken, what the part that is no memory holds, and the way back. */
#include "machine/checkpoint.h"

#include <string.h>

#include "base/error.h"
#include "base/invariant.h"
#include "hw/core/device.h"
#include "machine/checkpoint_internal.h"
#include "machine/recorded_state.h"
#include "machine/soft_machine.h"
#include "replay/recording.h"
#include "replay/recording_checkpoint.h"
#include "trace/trace_session.h"

#define LISTED_MAX 16u /* checkpoints in an error's text */

bool checkpoint_is_damaged(GError **error, const char *what)
{
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT, "the checkpoint is damaged: %s", what);
    return false;
}

/* ---- taking ---- */

void checkpoints_create(struct machine *machine, uint64_t interval_ns)
{
    struct checkpoints *checkpoints = g_new0(struct checkpoints, 1);

    invariant(interval_ns > 0);
    checkpoints->interval_ns = interval_ns;
    checkpoints->next_ns = interval_ns;
    checkpoints->history = checkpoint_history_create();
    checkpoints->blocks = checkpoint_blocks_create();
    machine->checkpoints = checkpoints;
}

void checkpoints_destroy(struct checkpoints *checkpoints)
{
    if (checkpoints != NULL) {
        g_array_unref(checkpoints->history);
        g_hash_table_unref(checkpoints->blocks);
        g_free(checkpoints);
    }
}

static void take(struct machine *machine)
{
    struct checkpoints *checkpoints = machine->checkpoints;
    struct recording_writer *writer = recording_get_writer(machine->recording);
    g_autoptr(GByteArray) part = g_byte_array_new();

    checkpoint_memory_save(machine, checkpoints, part);
    state_put_64(part, machine->turn);
    state_put_64(part, machine->clock.now_ns);
    checkpoint_history_save(checkpoints->history, part);
    recorded_state_save(machine->recorded_state, part);
    checkpoint_derived_save(machine, part);
    recording_checkpoint_begin(writer, machine->clock.now_ns, soft_machine_icount(machine));
    if (part->len <= RECORDING_PART_BYTES_MAX) {
        recording_checkpoint_part(writer, RECORDING_PART_MACHINE, part->data, part->len);
        checkpoint_memory_write(machine, checkpoints, writer);
        recording_checkpoint_end(writer);
    }
    checkpoints->count++;
}

uint64_t checkpoint_due_ns(const struct machine *machine)
{
    return machine->checkpoints != NULL ? machine->checkpoints->next_ns : UINT64_MAX;
}

void checkpoint_if_due(struct machine *machine)
{
    struct checkpoints *checkpoints = machine->checkpoints;
    uint64_t now_ns = machine->clock.now_ns;

    if (checkpoints == NULL || now_ns < checkpoints->next_ns || machine->recording_failed ||
        machine->quitting || machine->run_state != RUN_STATE_RUNNING) {
        return;
    }
    invariant(!machine->in_turn);
    checkpoints->next_ns +=
        ((now_ns - checkpoints->next_ns) / checkpoints->interval_ns + 1) * checkpoints->interval_ns;
    take(machine);
    machine_check_recording(machine);
}

/* ---- which one ---- */

static bool unknown(const struct recording_checkpoints *list, const char *from, GError **error)
{
    uint32_t count = recording_checkpoints_count(list);
    g_autoptr(GString) there = g_string_new(NULL);

    for (uint32_t i = 0; i < MIN(count, LISTED_MAX); i++) {
        const struct recording_checkpoint *checkpoint = recording_checkpoints_at(list, i);

        g_string_append_printf(there, "%s%u (behind turn %" G_GUINT64_FORMAT ", %.3f s)",
                               i > 0 ? ", " : "", checkpoint->number, checkpoint->turn,
                               (double)checkpoint->now_ns / 1e9);
    }
    if (count > LISTED_MAX) {
        g_string_append_printf(there, " and so on to %u", count);
    }
    if (count == 0) {
        g_set_error(
            error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND,
            "from=%s: the recording has no checkpoints; -record FILE,checkpoint=10s makes them",
            from);
    } else {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND,
                    "from=%s: there is no such checkpoint; expected last, turn:N or one of: %s",
                    from, there->str);
    }
    return false;
}

static bool choose(const struct recording_checkpoints *list, const char *from, uint32_t *out_index,
                   GError **error)
{
    uint32_t count = recording_checkpoints_count(list);
    bool by_turn = g_str_has_prefix(from, "turn:");
    uint32_t index = count;
    guint64 number;

    if (strcmp(from, "last") == 0) {
        index = count - 1;
    } else if (g_ascii_string_to_unsigned(by_turn ? from + strlen("turn:") : from, 10, 0,
                                          G_MAXINT64, &number, NULL)) {
        index = by_turn ? count - 1 : number == 0 ? count : (uint32_t)MIN(number - 1, count);
        while (by_turn && index < count && recording_checkpoints_at(list, index)->turn > number) {
            index--;
        }
    }
    *out_index = index;
    return index < count || unknown(list, from, error);
}

/* ---- the way back ---- */

static bool after_load(struct object *object, void *opaque)
{
    struct device *device = (struct device *)(void *)object;

    (void)opaque;
    if (object_is_a(object, TYPE_DEVICE) && device->realized &&
        device_class(device)->after_load != NULL) {
        device_class(device)->after_load(device);
    }
    return true;
}

static bool load_machine(struct machine *machine, struct state_stream *stream, GBytes **out_state,
                         GError **error)
{
    uint64_t turn;
    uint64_t now_ns;

    checkpoint_memory_skip(stream);
    turn = state_take_64(stream);
    now_ns = state_take_64(stream);
    if (!checkpoint_history_repeat(machine, stream, error)) {
        return false;
    }
    machine->turn = turn;
    machine->clock.now_ns = now_ns;
    *out_state = recorded_state_load(machine->recorded_state, stream, error);
    return *out_state != NULL;
}

/* What devices derive from their state reaches into other devices' state: that is loaded again. */
static bool derive(struct machine *machine, GBytes *state, GError **error)
{
    (void)object_for_each(machine->root, after_load, NULL); /* no visit stops it */
    machine->requests = 0;
    g_clear_error(&machine->errors.first);
    return machine->gone->len == 0
               ? recorded_state_load_again(machine->recorded_state, state, error)
               : checkpoint_is_damaged(error, "a device wants to go");
}

/* Nothing is left out: the state gathered now must be the one that was gathered then. */
static bool check(struct machine *machine, GBytes *state, GError **error)
{
    const GByteArray *now = recorded_state_take(machine->recorded_state);
    g_autofree char *words = NULL;
    gsize size;
    const void *bytes = g_bytes_get_data(state, &size);

    if (size == now->len && memcmp(bytes, now->data, size) == 0) {
        return true;
    }
    words = recorded_state_describe(machine->recorded_state, state);
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT,
                "the machine made from the checkpoint is not the recorded one:\n%s", words);
    return false;
}

static bool restore(struct machine *machine, struct recording_checkpoints *list, uint32_t index,
                    GError **error)
{
    g_autoptr(GBytes) state = NULL;
    g_autoptr(GBytes) part = NULL;
    struct state_stream stream;
    const uint8_t *bytes;
    unsigned kind;
    size_t size;

    if (recording_checkpoints_at(list, index)->part_count == 0) {
        return checkpoint_is_damaged(error, "it has no parts");
    }
    if (!recording_checkpoint_load(list, index, 0, &kind, &bytes, &size, error)) {
        return false;
    }
    part = g_bytes_new(bytes, size);
    state_stream_init(&stream, g_bytes_get_data(part, NULL), size);
    if (kind != RECORDING_PART_MACHINE) {
        return checkpoint_is_damaged(error, "its first part is missing");
    }
    return load_machine(machine, &stream, &state, error) &&
           checkpoint_memory_load(machine, list, index, error) && derive(machine, state, error) &&
           checkpoint_derived_load(machine, &stream, error) &&
           (state_stream_ok(&stream) || checkpoint_is_damaged(error, "its length is wrong")) &&
           check(machine, state, error);
}

bool checkpoint_restore(struct machine *machine, const char *from, GError **error)
{
    struct recording_checkpoints *list = recording_get_checkpoints(machine->recording);
    machine_event_fn handler = machine->event_handler;
    g_autoptr(GBytes) state = NULL;
    const uint8_t *bytes;
    uint32_t index;
    gsize size;
    bool ok;

    if (!choose(list, from, &index, error)) {
        return false;
    }
    if (machine->soft == NULL) {
        return checkpoint_is_damaged(error, "only machines with -accel soft have checkpoints");
    }
    state = recording_checkpoint_state(list, index, error);
    if (state == NULL) {
        return false;
    }
    machine->event_handler = NULL; /* what happened before is no news */
    ok = restore(machine, list, index, error);
    machine->event_handler = handler;
    bytes = g_bytes_get_data(state, &size);
    recording_go_on(machine->recording, recording_checkpoints_at(list, index)->turn, bytes, size);
    return ok;
}
