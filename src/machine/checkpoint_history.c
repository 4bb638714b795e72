/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * checkpoint_history.c - how the machine's composition came about: noted while recording, repeated
 * when a machine is made from a checkpoint.
 *
 * Commands that failed are repeated too, as they use up numbers (of regions, of faults). Repeating
 * needs no guest: what it changes beside the composition is overwritten afterwards.
 */
#include <json-c/json.h>

#include "base/error.h"
#include "machine/checkpoint_internal.h"
#include "replay/recording.h"

#define NOTE_BYTES 16u /* kind, turn, length of the path */

/* ---- noting ---- */

static void note_clear(void *note)
{
    g_free(((struct checkpoint_note *)note)->path);
}

GArray *checkpoint_history_create(void)
{
    GArray *history = g_array_new(FALSE, FALSE, sizeof(struct checkpoint_note));

    g_array_set_clear_func(history, note_clear);
    return history;
}

static void note(struct machine *machine, enum checkpoint_note_kind kind, const char *path)
{
    struct checkpoint_note entry = { kind, machine->turn, g_strdup(path) };

    g_array_append_val(machine->checkpoints->history, entry);
}

void checkpoint_note_command(struct machine *machine)
{
    const GArray *history = machine->checkpoints != NULL ? machine->checkpoints->history : NULL;
    const struct checkpoint_note *last;

    if (history == NULL || !machine->in_turn) {
        return;
    }
    last =
        history->len > 0 ? &g_array_index(history, struct checkpoint_note, history->len - 1) : NULL;
    if (last == NULL || last->kind != CHECKPOINT_NOTE_COMMAND || last->turn != machine->turn) {
        note(machine, CHECKPOINT_NOTE_COMMAND, NULL);
    }
}

void checkpoint_note_gone(struct machine *machine, const char *path)
{
    if (machine->checkpoints != NULL) {
        note(machine, CHECKPOINT_NOTE_GONE, path);
    }
}

void checkpoint_note_reset(struct machine *machine)
{
    if (machine->checkpoints != NULL) {
        note(machine, CHECKPOINT_NOTE_RESET, NULL);
    }
}

void checkpoint_history_save(const GArray *history, GByteArray *out)
{
    state_put_32(out, history->len);
    for (guint i = 0; i < history->len; i++) {
        const struct checkpoint_note *entry = &g_array_index(history, struct checkpoint_note, i);

        state_put_32(out, entry->kind);
        state_put_64(out, entry->turn);
        state_put_text(out, entry->path != NULL ? entry->path : "");
    }
}

/* ---- repeating ---- */

/* At time 0, so that no timer is due. */
static bool repeat_command(struct machine *machine, uint64_t number, GError **error)
{
    struct recording_turn turn;
    unsigned client;
    size_t length;
    const char *text;

    if (!recording_revisit(machine->recording, number, &turn) ||
        turn.kind != RECORDING_TURN_command) {
        return checkpoint_is_damaged(error, "its history names a turn that is no command");
    }
    text = command_payload_load(turn.payload, turn.payload_bytes, &client, &length);
    if (text == NULL) {
        return checkpoint_is_damaged(error, "its history names a command that is malformed");
    }
    turn.now_ns = 0;
    machine->turn = number - 1;
    machine->replayed = &turn;
    json_object_put(machine_command_turn(machine, client, text, length));
    machine->replayed = NULL;
    return true;
}

static bool repeat_gone(struct machine *machine, const char *path, GError **error)
{
    struct object *object = object_resolve_path(machine->root, path, NULL);
    struct device *device = (struct device *)(void *)object;
    struct object *handler = NULL;

    if (object != NULL && object_is_a(object, TYPE_DEVICE) && device_class(device)->hotpluggable &&
        device->realized) {
        handler = device_hotplug_handler(device);
    }
    if (handler == NULL || !hotplug_handler_unplug(handler, device, NULL)) {
        return checkpoint_is_damaged(error, "a device of its history can't be taken out");
    }
    machine_device_gone(machine, device);
    machine_destroy_gone(machine);
    return true;
}

bool checkpoint_history_repeat(struct machine *machine, struct state_stream *stream, GError **error)
{
    uint32_t count = state_take_count(stream, NOTE_BYTES);

    for (uint32_t i = 0; i < count; i++) {
        uint32_t kind = state_take_32(stream);
        uint64_t turn = state_take_64(stream);
        g_autofree char *path = state_take_text(stream);
        bool ok = true;

        if (stream->failed) {
            break;
        }
        if (kind == CHECKPOINT_NOTE_COMMAND) {
            ok = repeat_command(machine, turn, error);
        } else if (kind == CHECKPOINT_NOTE_GONE) {
            ok = repeat_gone(machine, path, error);
        } else if (kind == CHECKPOINT_NOTE_RESET) {
            ok = machine_reset_all(machine, error);
        } else {
            ok = checkpoint_is_damaged(error, "its history has an entry of an unknown kind");
        }
        if (!ok) {
            return false;
        }
        machine->requests = 0;
    }
    return !stream->failed || checkpoint_is_damaged(error, "its history is cut");
}
