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
#include "replay/payload_layout.h"
#include "replay/recording.h"
#include "trace/trace_session.h"

#define FILE_BYTES_MAX (1u << 30)

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

int64_t machine_realtime_us(struct machine *machine)
{
    struct payload_realtime bytes;
    int64_t now = inputs_are_replayed(machine) ? 0 : host_clock_realtime_us();

    bytes_store_le64(bytes.us, (uint64_t)now);
    machine_input(machine, RECORDING_INPUT_realtime, &bytes, sizeof(bytes));
    return (int64_t)bytes_load_le64(bytes.us);
}

static GBytes *tagged(enum payload_fact fact, GBytes *content)
{
    struct payload_host_fact head = { { (uint8_t)fact } };
    GByteArray *bytes = g_byte_array_new();
    gsize size;
    const uint8_t *data = g_bytes_get_data(content, &size);

    g_byte_array_append(bytes, (const guint8 *)&head, sizeof(head));
    g_byte_array_append(bytes, data, (guint)size);
    return g_byte_array_free_to_bytes(bytes);
}

/* Empty where the recording has something else here. */
static GBytes *replayed_fact(struct machine *machine, enum payload_fact fact)
{
    g_autoptr(GBytes) bytes = machine_input_bytes(machine, RECORDING_INPUT_host_fact, NULL);
    gsize size;
    const struct payload_host_fact *head = g_bytes_get_data(bytes, &size);

    if (size >= sizeof(*head) && head->fact[0] == fact) {
        return g_bytes_new_from_bytes(bytes, sizeof(*head), size - sizeof(*head));
    }
    recording_diverge(machine->recording, "the recording has another fact about the host here");
    machine_note_divergence(machine);
    return g_bytes_new(NULL, 0);
}

GBytes *machine_fact(struct machine *machine, enum payload_fact fact, GBytes *content)
{
    if (inputs_are_replayed(machine)) {
        g_bytes_unref(content);
        return replayed_fact(machine, fact);
    }
    if (inputs_are_logged(machine)) {
        g_bytes_unref(
            machine_input_bytes(machine, RECORDING_INPUT_host_fact, tagged(fact, content)));
    }
    return content;
}

uint64_t machine_fact_number(struct machine *machine, enum payload_fact fact, uint64_t number)
{
    struct payload_fact_number head;
    g_autoptr(GBytes) content = NULL;
    const void *data;
    gsize size;

    bytes_store_le64(head.number, number);
    content = machine_fact(machine, fact, g_bytes_new(&head, sizeof(head)));
    data = g_bytes_get_data(content, &size);
    if (size != sizeof(head)) {
        return 0;
    }
    memcpy(&head, data, sizeof(head));
    return bytes_load_le64(head.number);
}

int64_t machine_thread_id(struct machine *machine, unsigned vcpu)
{
    int64_t id = inputs_are_replayed(machine) ? 0
                 : machine->soft != NULL      ? soft_machine_thread_id(machine)
                                              : kvm_vcpu_thread_id(machine->kvm, vcpu);

    return (int64_t)machine_fact_number(machine, PAYLOAD_FACT_thread_id, (uint64_t)id);
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

    return machine_fact_number(machine, PAYLOAD_FACT_has_kvm, asks && kvm_opens()) != 0;
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
    bytes = machine_fact(machine, PAYLOAD_FACT_chardevs, bytes);
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

/* ---- verdicts ---- */

static GBytes *verdict_bytes(const GError *error)
{
    struct payload_fact_error head = { { (uint8_t)error->code } };
    GByteArray *bytes = g_byte_array_new();

    g_byte_array_append(bytes, (const guint8 *)&head, sizeof(head));
    g_byte_array_append(bytes, (const guint8 *)error->message, (guint)strlen(error->message));
    return g_byte_array_free_to_bytes(bytes);
}

bool machine_host_verdict(struct machine *machine, bool ok, GError **error)
{
    const struct payload_fact_error *head;
    GBytes *bytes;
    gsize size;

    if (!inputs_are_logged(machine)) {
        return ok;
    }
    bytes = !ok && error != NULL && *error != NULL ? verdict_bytes(*error) : g_bytes_new(NULL, 0);
    bytes = machine_fact(machine, PAYLOAD_FACT_claim, bytes);
    head = g_bytes_get_data(bytes, &size);
    if (inputs_are_replayed(machine)) {
        ok = size < sizeof(*head);
        if (!ok) {
            g_autofree char *text =
                g_strndup((const char *)head + sizeof(*head), size - sizeof(*head));

            g_set_error_literal(error, REPLUG_ERROR, head->code[0], text);
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
    *out_seed = machine_fact_number(machine, PAYLOAD_FACT_seed, bytes_load_le64(bytes));
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
    struct {
        struct payload_dma_write head;
        uint8_t data[PAYLOAD_DMA_BYTES_SHOWN];
    } effect;

    size_t size = sizeof(effect.head);

    if (!inputs_are_logged(machine)) {
        return;
    }
    bytes_store_le64(effect.head.gpa, gpa);
    bytes_store_le64(effect.head.count, count);
    bytes_store_le64(effect.head.memory_bytes, memory_bytes);
    if (count <= PAYLOAD_DMA_BYTES_SHOWN) {
        memcpy(effect.data, bytes, count);
        size += count;
    } else {
        bytes_store_le64(effect.data, XXH3_64bits(bytes, count));
        size += 8;
    }
    machine_effect(machine, RECORDING_EFFECT_dma_write, &effect, size);
}
