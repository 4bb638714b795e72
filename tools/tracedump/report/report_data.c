/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report_data.c - takes events in, writes those that are told, and keeps what follows behind them. */
#include "tracedump/report/report_data.h"

#include <inttypes.h>
#include <string.h>

#include "tracedump/event_field.h"
#include "tracedump/print_json.h"
#include "tracedump/report/report_tables.h"

#define TEXT_SHOWN   160u
#define BYTES_MAX    (1200u << 10)
#define CHANGES_MAX  4000u
#define EXACT_DIGITS 53 /* JavaScript's numbers hold no more bits */

struct shape_key {
    const char *name;
    enum event_phase phase;
    const struct field_decl *fields;
    unsigned field_count;
};

static guint shape_hash(gconstpointer key)
{
    const struct shape_key *shape = key;

    return g_direct_hash(shape->name) * 31 + g_direct_hash(shape->fields) + (guint)shape->phase;
}

static gboolean shape_equal(gconstpointer a, gconstpointer b)
{
    const struct shape_key *left = a;
    const struct shape_key *right = b;

    return left->name == right->name && left->phase == right->phase &&
           left->fields == right->fields;
}

static void operation_through(const struct hotplug_operation *operation, void *opaque)
{
    struct report_data *data = opaque;

    report_operation(data->operations, operation);
}

static void operation_stage(const struct hotplug_operation *operation, enum hotplug_stage stage,
                            void *opaque)
{
    struct report_data *data = opaque;

    (void)operation;
    if (stage == STAGE_OST || stage == STAGE_DELETED) {
        story_close_window(&data->story);
    }
}

void report_data_init(struct report_data *data, struct output *output)
{
    const struct hotplug_options options = { .stage = operation_stage,
                                             .through = operation_through,
                                             .opaque = data };

    *data = (struct report_data){ .output = output };
    story_init(&data->story);
    tallies_init(&data->tallies);
    data->map = memory_map_create();
    data->hotplug = hotplug_create(&options);
    data->shape_of = g_hash_table_new(shape_hash, shape_equal);
    data->shapes = g_ptr_array_new_with_free_func(g_free);
    data->operations = g_string_new(NULL);
    data->changes = g_string_new(NULL);
    data->errors = g_string_new(NULL);
    output_text(output, "{\"events\":[");
}

void report_data_fini(struct report_data *data)
{
    story_fini(&data->story);
    tallies_fini(&data->tallies);
    memory_map_destroy(data->map);
    hotplug_destroy(data->hotplug);
    g_hash_table_unref(data->shape_of);
    g_ptr_array_unref(data->shapes);
    g_string_free(data->operations, TRUE);
    g_string_free(data->changes, TRUE);
    g_string_free(data->errors, TRUE);
}

/* ---- events that are told ---- */

static unsigned shape_number(struct report_data *data, const struct trace_event *event)
{
    const struct shape_key key = { .name = event->name,
                                   .phase = event->phase,
                                   .fields = event->fields,
                                   .field_count = event->field_count };
    gpointer known;

    if (g_hash_table_lookup_extended(data->shape_of, &key, NULL, &known)) {
        return GPOINTER_TO_UINT(known);
    }
    g_ptr_array_add(data->shapes, g_memdup2(&key, sizeof(key)));
    g_hash_table_insert(data->shape_of, data->shapes->pdata[data->shapes->len - 1],
                        GUINT_TO_POINTER(data->shapes->len - 1));
    return data->shapes->len - 1;
}

static void write_value(struct report_data *data, enum field_type type,
                        const struct field_value *value)
{
    struct output *output = data->output;

    output_char(output, ',');
    if (type == FIELD_STR) {
        json_text(output, value->text, MIN(value->length, TEXT_SHOWN));
        data->bytes += MIN(value->length, TEXT_SHOWN);
    } else if (type == FIELD_RAW) {
        output_char(output, '"');
        output_bytes_as_hex(output, (const uint8_t *)value->text,
                            MIN(value->length, TEXT_SHOWN / 2));
        output_char(output, '"');
        data->bytes += MIN(value->length * 2, TEXT_SHOWN);
    } else if ((type == FIELD_I32 || type == FIELD_I64) && value->number >> 63 != 0) {
        output_char(output, '-');
        output_decimal(output, 0 - value->number, 0);
    } else if (value->number >> EXACT_DIGITS != 0) {
        output_char(output, '"');
        output_decimal(output, value->number, 0);
        output_char(output, '"');
    } else {
        output_decimal(output, value->number, 0);
    }
}

/* Numbers that may go back (two sessions in one folder) are signed. */
static void write_step(struct output *output, uint64_t from, uint64_t to)
{
    output_char(output, ',');
    if (to < from) {
        output_char(output, '-');
        output_decimal(output, from - to, 0);
    } else {
        output_decimal(output, to - from, 0);
    }
}

static void write_event(struct report_data *data, const struct trace_event *event)
{
    struct output *output = data->output;
    const struct trace_event *previous = &data->previous;
    uint64_t around = event->phase == EVENT_LEAVE ? event->span : event->parent;

    output_text(output, data->told++ == 0 ? "\n[" : ",\n[");
    output_decimal(output, shape_number(data, event), 0);
    write_step(output, previous->sequence, event->sequence);
    write_step(output, previous->turn, event->turn);
    write_step(output, previous->now_ns, event->now_ns);
    write_step(output, previous->host_ns, event->host_ns);
    write_step(output, previous->icount, event->icount);
    output_char(output, ',');
    if (event->vcpu == EVENT_VCPU_NONE) {
        output_text(output, "-1");
    } else {
        output_decimal(output, event->vcpu, 0);
    }
    write_step(output, around == 0 ? event->sequence : around, event->sequence);
    for (unsigned i = 0; i < event->field_count; i++) {
        write_value(data, event->fields[i].type, &event->values[i]);
    }
    output_char(output, ']');
    data->bytes += 34 + 6 * event->field_count;
    data->previous = *event;
}

/* ---- the map ---- */

static void note_change(struct report_data *data, const struct trace_event *event)
{
    bool is_range = strncmp(event->name, "flat_range_", 11) == 0;
    bool is_slot = strncmp(event->name, "kvm_memslot_", 12) == 0;

    if ((!is_range && !is_slot) || data->is_torn_down) {
        return;
    }
    if (data->change_count++ < CHANGES_MAX) {
        report_map_change(data->changes, data->map, event, is_range);
    }
}

static void watch_turns(struct report_data *data, const struct trace_event *event)
{
    if (strcmp(event->name, "external_event") == 0) {
        data->has_external = true;
        data->turn = event->turn;
    }
    data->is_torn_down = data->has_external && event->turn > data->turn;
}

void report_data_event(struct report_data *data, const struct trace_event *event)
{
    bool is_error = story_is_error(event);
    struct story_span ended;
    bool told = story_event(&data->story, event, is_error, &ended);

    tallies_event(&data->tallies, event);
    if (ended.sequence != 0) {
        tallies_span(&data->tallies, event->name,
                     event->host_ns - MIN(event->host_ns, ended.host_ns),
                     event->icount - MIN(event->icount, ended.icount));
    }
    watch_turns(data, event);
    memory_map_apply(data->map, event);
    note_change(data, event);
    hotplug_event(data->hotplug, event);
    if (told && data->bytes >= BYTES_MAX) {
        data->story.left_out++;
        told = false;
    }
    if (told) {
        if (is_error) {
            g_string_append_printf(data->errors, "%s%" PRIu64, data->errors->len > 0 ? "," : "",
                                   data->told);
        }
        write_event(data, event);
    }
}

/* ---- the rest ---- */

static void write_shapes(struct report_data *data)
{
    struct output *output = data->output;

    output_text(output, "],\n\"shapes\":[");
    for (guint i = 0; i < data->shapes->len; i++) {
        const struct shape_key *shape = data->shapes->pdata[i];

        output_text(output, i == 0 ? "\n[" : ",\n[");
        json_text(output, shape->name, strlen(shape->name));
        output_char(output, ',');
        output_decimal(output, (uint64_t)shape->phase, 0);
        for (unsigned k = 0; k < shape->field_count; k++) {
            output_char(output, ',');
            json_text(output, shape->fields[k].name, strlen(shape->fields[k].name));
            output_char(output, ',');
            output_decimal(output, (uint64_t)shape->fields[k].type, 0);
        }
        output_char(output, ']');
    }
    output_char(output, ']');
}

static void write_raw(struct output *output, const char *key, const GString *json)
{
    output_text(output, ",\n\"");
    output_text(output, key);
    output_text(output, "\":[");
    output_bytes(output, json->str, json->len);
    output_char(output, ']');
}

void report_data_finish(struct report_data *data, const char *path,
                        const struct source_facts *facts)
{
    struct output *output = data->output;

    hotplug_finish(data->hotplug);
    write_shapes(data);
    write_raw(output, "errors", data->errors);
    write_raw(output, "operations", data->operations);
    write_raw(output, "map", data->changes);
    report_tallies(output, &data->tallies);
    output_text(output, ",\n\"about\":{\"file\":");
    json_text(output, path, strlen(path));
    json_member_text(output, "program", facts->program != NULL ? facts->program : "");
    json_member_text(output, "build", facts->build_id != NULL ? facts->build_id : "");
    json_member(output, "lost", facts->lost_events);
    json_member(output, "events", data->tallies.events);
    json_member(output, "told", data->told);
    json_member(output, "leftOut", data->story.left_out);
    json_member(output, "mapLeftOut",
                data->change_count > CHANGES_MAX ? data->change_count - CHANGES_MAX : 0);
    json_member(output, "late", data->map->lacks_beginning);
    output_text(output, "}}\n");
}
