/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_header.c - what a reader needs to know about this program, as JSON. */
#include "trace/trace_header.h"

#include <glib.h>
#include <json-c/json.h>

#include "trace/backtrace.h"
#include "trace/trace_table.h"

static void add_text(struct json_object *object, const char *key, const char *text)
{
    json_object_object_add(object, key, json_object_new_string(text));
}

static struct json_object *modules_array(const struct trace_modules *modules)
{
    struct json_object *array = json_object_new_array();

    for (unsigned i = 0; i < modules->list->len; i++) {
        const struct trace_module *module = trace_modules_at(modules, i);
        struct json_object *object = json_object_new_object();

        add_text(object, "path", module->path);
        add_text(object, "build_id", module->build_id);
        json_object_object_add(object, "code_start", json_object_new_uint64(module->code_start));
        json_object_array_add(array, object);
    }
    return array;
}

static struct json_object *fields_array(const struct trace_field *field)
{
    struct json_object *array = json_object_new_array();

    for (; field->name != NULL; field++) {
        struct json_object *pair = json_object_new_array();

        json_object_array_add(pair, json_object_new_string(trace_type_name(field->type)));
        json_object_array_add(pair, json_object_new_string(field->name));
        json_object_array_add(array, pair);
    }
    return array;
}

static struct json_object *events_array(void)
{
    struct json_object *array = json_object_new_array();

    for (unsigned id = 0; id < TRACE_EVENT_COUNT; id++) {
        const struct trace_event *event = &trace_event_table[id];
        struct json_object *object = json_object_new_object();

        json_object_object_add(object, "id", json_object_new_int((int)id));
        add_text(object, "name", event->name);
        add_text(object, "kind", event->is_span ? "span" : "instant");
        json_object_object_add(object, "fields", fields_array(event->fields));
        json_object_object_add(object, "results", fields_array(event->results));
        add_text(object, "doc", event->doc);
        json_object_array_add(array, object);
    }
    return array;
}

char *trace_header_text(const struct trace_modules *modules)
{
    struct json_object *header = json_object_new_object();
    char *text;

    add_text(header, "build_id",
             modules->list->len > 0 ? trace_modules_at(modules, 0)->build_id : "");
    add_text(header, "program", "replug " REPLUG_VERSION);
    json_object_object_add(header, "modules", modules_array(modules));
    json_object_object_add(header, "events", events_array());
    text = g_strdup(json_object_to_json_string_ext(header, JSON_C_TO_STRING_PLAIN |
                                                               JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(header);
    return text;
}
