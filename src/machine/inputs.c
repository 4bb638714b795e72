/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inputs.c - the machine's questions to the outside, each with its line in the recording. */
#include "machine/inputs.h"

#include <json-c/json.h>
#include <string.h>
#include <xxhash.h>

#include "base/bytes.h"
#include "base/error.h"
#include "host/host_char.h"
#include "host/host_clock.h"
#include "host/host_file.h"
#include "machine/machine_internal.h"
#include "machine/soft_machine.h"
#include "replay/recording.h"
#include "trace/trace_session.h"

#define FILE_BYTES_MAX     (1u << 30)
#define LOADED_BYTES_SHOWN 256u /* longer pieces stand in a recording by their digest */
#define LOADED_HEAD_BYTES  24u

bool machine_is_replaying(const struct machine *machine)
{
    return machine->recording != NULL && recording_is_replay(machine->recording);
}

bool inputs_are_logged(const struct machine *machine)
{
    return machine->recording != NULL && machine->in_turn;
}

bool inputs_are_replayed(const struct machine *machine)
{
    return machine->in_turn && machine_is_replaying(machine);
}

void machine_note_divergence(struct machine *machine)
{
    g_autoptr(GString) text = NULL;

    if (machine->last_events == NULL && recording_divergence(machine->recording) != NULL) {
        text = g_string_new(NULL);
        trace_session_ring_dump(machine->trace, text);
        machine->last_events = g_string_free(g_steal_pointer(&text), FALSE);
    }
}

void machine_input(struct machine *machine, enum recording_input_kind kind, void *bytes,
                   size_t size)
{
    if (inputs_are_logged(machine)) {
        recording_input(machine->recording, kind, bytes, size);
        machine_note_divergence(machine);
    }
}

GBytes *machine_input_bytes(struct machine *machine, enum recording_input_kind kind, GBytes *bytes)
{
    if (inputs_are_replayed(machine)) {
        g_bytes_unref(bytes);
        bytes = recording_input_bytes(machine->recording, kind, NULL);
        machine_note_divergence(machine);
        return bytes;
    }
    if (inputs_are_logged(machine)) {
        (void)recording_input_bytes(machine->recording, kind, bytes); /* it gives NULL */
    }
    return bytes;
}

void machine_effect(struct machine *machine, enum recording_effect_kind kind, const void *bytes,
                    size_t size)
{
    if (inputs_are_logged(machine)) {
        recording_effect(machine->recording, kind, bytes, size);
        machine_note_divergence(machine);
    }
}

/* ---- facts ---- */

static int64_t number_input(struct machine *machine, enum recording_input_kind kind, int64_t number)
{
    uint8_t bytes[8];

    bytes_store_le64(bytes, (uint64_t)number);
    machine_input(machine, kind, bytes, sizeof(bytes));
    return (int64_t)bytes_load_le64(bytes);
}

int64_t machine_realtime_us(struct machine *machine)
{
    return number_input(machine, RECORDING_INPUT_realtime,
                        inputs_are_replayed(machine) ? 0 : host_clock_realtime_us());
}

int64_t machine_thread_id(struct machine *machine, unsigned vcpu)
{
    return number_input(machine, RECORDING_INPUT_host_fact,
                        inputs_are_replayed(machine) ? 0
                        : machine->soft != NULL      ? soft_machine_thread_id(machine)
                                                     : kvm_vcpu_thread_id(machine->kvm, vcpu));
}

static bool kvm_opens(void)
{
    struct host_kvm *kvm = host_kvm_open(NULL);

    host_kvm_close(kvm);
    return kvm != NULL;
}

bool machine_host_has_kvm(struct machine *machine)
{
    bool asks = !machine_is_replaying(machine) && strcmp(machine->config->accel, "kvm") == 0;

    return number_input(machine, RECORDING_INPUT_host_fact, asks && kvm_opens()) != 0;
}

static struct json_object *list_chardevs(const struct machine *machine)
{
    struct json_object *list = json_object_new_array();

    for (guint i = 0; i < machine->chardevs->len; i++) {
        struct host_char *chr = g_ptr_array_index(machine->chardevs, i);
        struct json_object *entry = json_object_new_object();

        json_object_object_add(
            entry, "frontend-open",
            json_object_new_boolean(g_ptr_array_find(machine->claimed, chr, NULL)));
        json_object_object_add(entry, "filename", json_object_new_string(host_char_filename(chr)));
        json_object_object_add(entry, "label", json_object_new_string(host_char_label(chr)));
        json_object_array_add(list, entry);
    }
    return list;
}

static GBytes *text_bytes(const char *text)
{
    return g_bytes_new(text, strlen(text));
}

struct json_object *machine_chardev_list(struct machine *machine)
{
    struct json_object *list = list_chardevs(machine);
    struct json_tokener *tokener;
    GBytes *bytes;
    gsize size;

    if (!inputs_are_logged(machine)) {
        return list;
    }
    bytes = text_bytes(json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN));
    bytes = machine_input_bytes(machine, RECORDING_INPUT_host_fact, bytes);
    if (inputs_are_replayed(machine)) {
        const char *text = g_bytes_get_data(bytes, &size);

        json_object_put(list);
        tokener = json_tokener_new();
        list =
            size > 0 && size <= G_MAXINT ? json_tokener_parse_ex(tokener, text, (int)size) : NULL;
        json_tokener_free(tokener);
        if (!json_object_is_type(list, json_type_array)) {
            json_object_put(list);
            list = json_object_new_array();
        }
    }
    g_bytes_unref(bytes);
    return list;
}

/* ---- verdicts: a code byte, then the error's text; no byte for success ---- */

static GBytes *verdict_bytes(const GError *error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    uint8_t code = (uint8_t)error->code;

    g_byte_array_append(bytes, &code, 1);
    g_byte_array_append(bytes, (const guint8 *)error->message, (guint)strlen(error->message));
    return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}

bool machine_host_verdict(struct machine *machine, bool ok, GError **error)
{
    const uint8_t *data;
    GBytes *bytes;
    gsize size;

    if (!inputs_are_logged(machine)) {
        return ok;
    }
    bytes = !ok && error != NULL && *error != NULL ? verdict_bytes(*error) : g_bytes_new(NULL, 0);
    bytes = machine_input_bytes(machine, RECORDING_INPUT_host_fact, bytes);
    data = g_bytes_get_data(bytes, &size);
    if (inputs_are_replayed(machine)) {
        ok = size == 0;
        if (!ok) {
            g_autofree char *text = g_strndup((const char *)data + 1, size - 1);

            g_set_error_literal(error, REPLUG_ERROR, data[0], text);
        }
    }
    g_bytes_unref(bytes);
    return ok;
}

bool machine_random_seed(struct machine *machine, const char *path, uint64_t *out_seed,
                         GError **error)
{
    uint8_t bytes[8] = { 0 };
    bool ok = true;

    if (path == NULL && machine->soft != NULL) {
        *out_seed = soft_machine_random(machine);
        return true;
    }
    if (!inputs_are_replayed(machine)) {
        ok = host_file_read_head(path != NULL ? path : "/dev/urandom", bytes, sizeof(bytes), error);
    }
    if (!machine_host_verdict(machine, ok, error)) {
        return false;
    }
    machine_input(machine, RECORDING_INPUT_host_fact, bytes, sizeof(bytes));
    *out_seed = bytes_load_le64(bytes);
    return true;
}

GBytes *machine_read_file(struct machine *machine, const char *option, const char *path,
                          GError **error)
{
    GBytes *bytes = NULL;

    if (!inputs_are_replayed(machine)) {
        bytes = host_file_read(path, FILE_BYTES_MAX, error);
        if (bytes == NULL) {
            g_prefix_error(error, "%s: ", option);
            return NULL;
        }
    }
    if (inputs_are_logged(machine) && bytes != NULL &&
        g_bytes_get_size(bytes) > RECORDING_PAYLOAD_BYTES_MAX) {
        g_bytes_unref(bytes);
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NO_SPACE,
                    "%s: %s is too large for -record; expected at most %u bytes", option, path,
                    RECORDING_PAYLOAD_BYTES_MAX);
        return NULL;
    }
    return machine_input_bytes(machine, RECORDING_INPUT_file, bytes);
}

/* ---- effects ---- */

void machine_loaded(struct machine *machine, uint64_t gpa, const void *bytes, size_t count,
                    uint64_t memory_bytes)
{
    uint8_t effect[LOADED_HEAD_BYTES + LOADED_BYTES_SHOWN];
    size_t size = LOADED_HEAD_BYTES;

    if (!inputs_are_logged(machine)) {
        return;
    }
    bytes_store_le64(effect, gpa);
    bytes_store_le64(effect + 8, count);
    bytes_store_le64(effect + 16, memory_bytes);
    if (count <= LOADED_BYTES_SHOWN) {
        memcpy(effect + size, bytes, count);
        size += count;
    } else {
        bytes_store_le64(effect + size, XXH3_64bits(bytes, count));
        size += 8;
    }
    machine_effect(machine, RECORDING_EFFECT_dma_write, effect, size);
}
