/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recording_events.c - takes JSON of commands, replies and events apart (docs/determinism.md). */
#include "tracedump/recording_events.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "replay/recording_reader.h"

/* Of JSON that is looked into; what is larger or deeper stays what the record's words say. */
#define JSON_BYTES_MAX (1u << 20)
#define JSON_DEPTH_MAX 32

#define ARGUMENTS_SHOWN 256u

static const struct field_decl command_fields[] = { { "name", FIELD_STR },
                                                    { "arguments", FIELD_STR } };
static const struct field_decl reply_fields[] = { { "name", FIELD_STR },
                                                  { "ok", FIELD_BOOL },
                                                  { "error", FIELD_STR } };
static const struct field_decl add_fields[] = { { "driver", FIELD_STR }, { "id", FIELD_STR } };
static const struct field_decl del_fields[] = { { "id", FIELD_STR } };
static const struct field_decl ok_fields[] = { { "ok", FIELD_BOOL } };
static const struct field_decl event_fields[] = { { "name", FIELD_STR } };
static const struct field_decl deleted_fields[] = { { "device", FIELD_STR },
                                                    { "path", FIELD_STR } };
static const struct field_decl refused_fields[] = { { "device", FIELD_STR }, { "why", FIELD_STR } };
static const struct field_decl ost_fields[] = { { "slot", FIELD_U32 },
                                                { "device", FIELD_STR },
                                                { "source", FIELD_U32 },
                                                { "status", FIELD_U32 },
                                                { "meaning", FIELD_STR } };

void recording_events_init(struct recording_events *events)
{
    *events = (struct recording_events){ 0 };
    events->queue = g_array_new(FALSE, FALSE, sizeof(struct recording_event));
    events->texts = g_string_chunk_new(4096);
}

void recording_events_fini(struct recording_events *events)
{
    g_array_unref(events->queue);
    g_string_chunk_free(events->texts);
    g_free(events->command);
}

void recording_events_clear(struct recording_events *events)
{
    g_array_set_size(events->queue, 0);
    g_string_chunk_clear(events->texts);
}

struct field_value recording_events_text(struct recording_events *events, const char *text,
                                         size_t length)
{
    return (struct field_value){
        .text = g_string_chunk_insert_len(events->texts, text, (gssize)length),
        .length = (uint32_t)length,
    };
}

static struct recording_event *add(struct recording_events *events, const char *name,
                                   enum event_phase phase, const struct field_decl *fields,
                                   unsigned count)
{
    const struct recording_event event = {
        .name = name, .phase = phase, .fields = fields, .field_count = count
    };

    g_array_append_val(events->queue, event);
    return &g_array_index(events->queue, struct recording_event, events->queue->len - 1);
}

static struct json_object *parse(const uint8_t *bytes, size_t size)
{
    struct json_tokener *tokener;
    struct json_object *object;

    if (size == 0 || size > JSON_BYTES_MAX) {
        return NULL;
    }
    tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
    object = json_tokener_parse_ex(tokener, (const char *)bytes, (int)size);
    if (json_tokener_get_error(tokener) != json_tokener_success) {
        json_object_put(object);
        object = NULL;
    }
    json_tokener_free(tokener);
    return object;
}

/* "" when there is no such member, or it is no text. */
static const char *member_text(struct json_object *object, const char *key)
{
    struct json_object *member = NULL;

    return json_object_is_type(object, json_type_object) &&
                   json_object_object_get_ex(object, key, &member) &&
                   json_object_is_type(member, json_type_string)
               ? json_object_get_string(member)
               : "";
}

static struct json_object *member(struct json_object *object, const char *key)
{
    struct json_object *found = NULL;

    return json_object_is_type(object, json_type_object) &&
                   json_object_object_get_ex(object, key, &found)
               ? found
               : NULL;
}

static struct field_value text(struct recording_events *events, const char *from)
{
    return recording_events_text(events, from, strlen(from));
}

static void derive_command(struct recording_events *events, struct json_object *command)
{
    const char *name = member_text(command, "execute");
    struct json_object *arguments = member(command, "arguments");
    const char *shown = arguments == NULL ? "" : json_object_to_json_string(arguments);
    struct recording_event *event;

    g_free(events->command);
    events->command = g_strdup(name);
    event = add(events, "qmp_command", EVENT_INSTANT, command_fields, 2);
    event->values[0] = text(events, name);
    event->values[1] = recording_events_text(events, shown, strnlen(shown, ARGUMENTS_SHOWN));
    events->span_name = NULL;
    if (strcmp(name, "device_add") == 0) {
        events->span_name = "qmp_device_add";
        event = add(events, events->span_name, EVENT_ENTER, add_fields, 2);
        event->values[0] = text(events, member_text(arguments, "driver"));
        event->values[1] = text(events, member_text(arguments, "id"));
    } else if (strcmp(name, "device_del") == 0) {
        events->span_name = "qmp_device_del";
        event = add(events, events->span_name, EVENT_ENTER, del_fields, 1);
        event->values[0] = text(events, member_text(arguments, "id"));
    }
}

static void derive_reply(struct recording_events *events, struct json_object *reply)
{
    struct json_object *error = member(reply, "error");
    struct recording_event *event;

    if (events->command == NULL) {
        return;
    }
    if (events->span_name != NULL) {
        event = add(events, events->span_name, EVENT_LEAVE, ok_fields, 1);
        event->values[0].number = error == NULL;
        events->span_name = NULL;
    }
    event = add(events, "qmp_reply", EVENT_INSTANT, reply_fields, 3);
    event->values[0] = text(events, events->command);
    event->values[1].number = error == NULL;
    event->values[2] = text(events, member_text(error, "desc"));
    g_clear_pointer(&events->command, g_free);
}

/* The codes that guests use; the others' names depend on the source. */
static const char *ost_meaning(uint64_t status)
{
    switch (status) {
    case 0x00: return "success";
    case 0x82: return "device busy";
    case 0x84: return "eject in progress";
    default: return "no success";
    }
}

static void derive_ost(struct recording_events *events, struct json_object *data)
{
    struct json_object *info = member(data, "info");
    struct recording_event *event = add(events, "acpi_device_ost", EVENT_INSTANT, ost_fields, 5);

    event->values[0].number = g_ascii_strtoull(member_text(info, "slot"), NULL, 10) & UINT32_MAX;
    event->values[1] = text(events, member_text(info, "device"));
    event->values[2].number = (uint32_t)json_object_get_int64(member(info, "source"));
    event->values[3].number = (uint32_t)json_object_get_int64(member(info, "status"));
    event->values[4] = text(events, ost_meaning(event->values[3].number));
}

static void derive_event(struct recording_events *events, const char *name, size_t length,
                         struct json_object *data)
{
    struct recording_event *event = add(events, "qmp_event", EVENT_INSTANT, event_fields, 1);
    const char *copy;

    event->values[0] = recording_events_text(events, name, length);
    copy = event->values[0].text;
    if (strcmp(copy, "DEVICE_DELETED") == 0 && *member_text(data, "device") != '\0') {
        event = add(events, "device_deleted", EVENT_INSTANT, deleted_fields, 2);
        event->values[0] = text(events, member_text(data, "device"));
        event->values[1] = text(events, member_text(data, "path"));
    } else if (strcmp(copy, "MEM_UNPLUG_ERROR") == 0) {
        event = add(events, "acpi_unplug_refused", EVENT_INSTANT, refused_fields, 2);
        event->values[0] = text(events, member_text(data, "device"));
        event->values[1] = text(events, member_text(data, "msg"));
    } else if (strcmp(copy, "ACPI_DEVICE_OST") == 0) {
        derive_ost(events, data);
    }
}

void recording_events_derive(struct recording_events *events, const struct recording_record *record)
{
    const uint8_t *bytes = record->payload;
    size_t size = record->payload_bytes;
    struct json_object *json = NULL;

    if (record->group == RECORDING_GROUP_TURN && record->kind == RECORDING_TURN_command &&
        size > 4) {
        json = parse(bytes + 4, size - 4);
        if (json_object_is_type(json, json_type_object)) {
            derive_command(events, json);
        }
    } else if (record->group == RECORDING_GROUP_EFFECT && record->kind == RECORDING_EFFECT_reply) {
        json = parse(bytes, size);
        derive_reply(events, json);
    } else if (record->group == RECORDING_GROUP_EFFECT && record->kind == RECORDING_EFFECT_event) {
        const uint8_t *space = size > 0 ? memchr(bytes, ' ', size) : NULL;
        size_t name_length = space != NULL ? (size_t)(space - bytes) : size;

        json = space != NULL ? parse(space + 1, size - name_length - 1) : NULL;
        derive_event(events, (const char *)bytes, MIN(name_length, ARGUMENTS_SHOWN), json);
    }
    json_object_put(json);
}
