/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * commands.c - a client's command: as a turn of the machine, or as a look at one that is replayed.
 *
 * A recorded session parses each command from the text that it writes down, so that the replay's
 * handler gets the very same.
 */
#include <json-c/json.h>
#include <string.h>

#include "base/error.h"
#include "machine/checkpoint.h"
#include "machine/machine_internal.h"
#include "replay/recording.h"
#include "trace/trace_session.h"

#define TEXT_FORMAT (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

void machine_set_command_handler(struct machine *machine, machine_command_fn handler, void *opaque)
{
    machine->command_handler = handler;
    machine->command_opaque = opaque;
}

/* In a turn, or while looking. */
static struct json_object *handle(struct machine *machine, const struct json_object *command)
{
    return machine->command_handler != NULL
               ? machine->command_handler(machine->command_opaque, command)
               : NULL;
}

struct json_object *machine_command_turn(struct machine *machine, unsigned client, const char *text,
                                         size_t length)
{
    struct json_object *command = command_parse(text, length);
    struct json_object *reply;
    const char *answer;

    g_mutex_lock(&machine->lock);
    g_byte_array_set_size(machine->payload, 0);
    command_payload_store(client, text, length, machine->payload);
    machine_turn_begin_locked(machine, TRACE_VCPU_NONE, RECORDING_TURN_command,
                              machine->payload->data, machine->payload->len);
    reply = handle(machine, command);
    answer = json_object_to_json_string_ext(reply, TEXT_FORMAT); /* "null" for NULL */
    machine_effect(machine, RECORDING_EFFECT_reply, answer, strlen(answer));
    machine_turn_end(machine);
    json_object_put(command);
    return reply;
}

/* Leaves no mark: no turn, no trace, no fault used up. */
static struct json_object *look(struct machine *machine, const struct json_object *command)
{
    struct fault_plan faults;
    struct json_object *reply;

    g_mutex_lock(&machine->lock);
    faults = machine->faults;
    memset(&machine->faults, 0, sizeof(machine->faults));
    machine->looking = true;
    reply = handle(machine, command);
    machine->looking = false;
    machine->faults = faults;
    g_mutex_unlock(&machine->lock);
    return reply;
}

struct json_object *machine_run_command(struct machine *machine, unsigned client,
                                        const struct json_object *command)
{
    struct json_object *reply;

    if (machine_is_replaying(machine)) {
        return look(machine, command);
    }
    if (machine->recording != NULL) {
        const char *text =
            json_object_to_json_string_ext((struct json_object *)command, TEXT_FORMAT);

        return machine_command_turn(machine, client, text, strlen(text));
    }
    machine_turn_begin(machine, TRACE_VCPU_NONE, RECORDING_TURN_command, NULL, 0);
    reply = handle(machine, command);
    machine_turn_end(machine);
    return reply;
}

static bool refuse(const char *name, GError **error)
{
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                "replaying: '%s' would change the machine", name);
    return false;
}

bool machine_takes_changes(const struct machine *machine, const char *name, GError **error)
{
    return !machine_is_replaying(machine) || refuse(name, error);
}

bool machine_may_change(const struct machine *machine, const char *name, GError **error)
{
    return !machine->looking || refuse(name, error);
}

void machine_note_command(struct machine *machine)
{
    checkpoint_note_command(machine);
}

bool machine_is_ending(const struct machine *machine)
{
    return machine_is_replaying(machine) ? machine_replay_was_quit(machine) : machine->quitting;
}

/* ---- what a command says of the outside ---- */

/* payload_fact_outside.outcome */
enum outside_outcome { OUTSIDE_NOTHING, OUTSIDE_VALUE, OUTSIDE_ERROR };

static GBytes *outside_store(struct json_object *value, const GError *error)
{
    GByteArray *bytes = g_byte_array_new();
    struct payload_fact_outside head = { { value != NULL ? OUTSIDE_VALUE : OUTSIDE_NOTHING },
                                         { 0 } };
    const char *text = value != NULL ? json_object_to_json_string_ext(value, TEXT_FORMAT) : "";

    if (error != NULL) {
        head.outcome[0] = OUTSIDE_ERROR;
        head.code[0] = (uint8_t)error->code;
        text = error->message;
    }
    g_byte_array_append(bytes, (const guint8 *)&head, sizeof(head));
    g_byte_array_append(bytes, (const guint8 *)text, (guint)strlen(text));
    return g_byte_array_free_to_bytes(bytes);
}

static struct json_object *outside_load(GBytes *bytes, GError **error)
{
    gsize size;
    const struct payload_fact_outside *head = g_bytes_get_data(bytes, &size);
    g_autofree char *text = NULL;

    if (size < sizeof(*head)) {
        return NULL;
    }
    text = g_strndup((const char *)head + sizeof(*head), size - sizeof(*head));
    if (head->outcome[0] == OUTSIDE_ERROR) {
        g_set_error_literal(error, REPLUG_ERROR, head->code[0], text);
        return NULL;
    }
    return head->outcome[0] == OUTSIDE_VALUE ? json_tokener_parse(text) : NULL;
}

struct json_object *machine_outside(struct machine *machine, machine_outside_fn fn, void *opaque,
                                    GError **error)
{
    struct json_object *value = NULL;
    GError *failure = NULL;
    GBytes *bytes = NULL;

    if (inputs_are_replayed(machine)) {
        bytes = machine_fact(machine, PAYLOAD_FACT_outside, NULL);
        value = outside_load(bytes, error);
    } else {
        value = fn(opaque, &failure);
        if (inputs_are_logged(machine)) {
            bytes = machine_fact(machine, PAYLOAD_FACT_outside, outside_store(value, failure));
        }
        if (failure != NULL) {
            g_propagate_error(error, failure);
        }
    }
    g_bytes_unref(bytes);
    return value;
}
