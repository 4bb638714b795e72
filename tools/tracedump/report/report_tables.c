/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report_tables.c - JSON of what a report has besides its events. */
#include "tracedump/report/report_tables.h"

#include <inttypes.h>
#include <string.h>

#include "tracedump/event_field.h"
#include "tracedump/print_json.h"

#define OPERATIONS_BYTES_MAX (128u << 10)

/* JSON strings of what may be any bytes. */
static void append_text(GString *json, const char *text, size_t length)
{
    g_autofree char *valid = g_utf8_make_valid(text, (gssize)length);

    g_string_append_c(json, '"');
    for (const char *c = valid; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            g_string_append_c(json, '\\');
        }
        if ((unsigned char)*c < 0x20) {
            g_string_append_printf(json, "\\u%04x", (unsigned)*c);
        } else {
            g_string_append_c(json, *c);
        }
    }
    g_string_append_c(json, '"');
}

static void append_key(GString *json, const char *key, const char *text)
{
    g_string_append_printf(json, ",\"%s\":", key);
    append_text(json, text, strlen(text));
}

void report_operation(GString *json, const struct hotplug_operation *operation)
{
    g_autofree char *why = hotplug_diagnose(operation);
    const char *comma = "";

    if (json->len > OPERATIONS_BYTES_MAX) {
        return; /* A churn: its first operations stand for it, and the page counts spans. */
    }
    g_string_append_printf(json, "%s\n{\"unplug\":%d", json->len > 0 ? "," : "",
                           operation->is_unplug);
    append_key(json, "device", operation->device != NULL ? operation->device : "");
    append_key(json, "driver", operation->driver != NULL ? operation->driver : "");
    append_key(json, "result", hotplug_result_name(operation));
    append_key(json, "why", why != NULL ? why : "");
    g_string_append(json, ",\"stages\":[");
    for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
        const struct hotplug_moment *moment = &operation->stages[stage];

        if (moment->reached) {
            g_string_append_printf(json,
                                   "%s[\"%s\",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]",
                                   comma, hotplug_stage_name((enum hotplug_stage)stage),
                                   moment->turn, moment->now_ns, moment->host_ns, moment->icount);
            comma = ",";
        }
    }
    g_string_append(json, "]}");
}

static uint64_t number_of(const struct trace_event *event, const char *field)
{
    uint64_t number = 0;

    (void)event_number(event, field, &number); /* Missing ones count as 0. */
    return number;
}

static void append_text_field(GString *json, const struct trace_event *event, const char *field)
{
    const char *text = "";
    uint32_t length = 0;

    (void)event_text(event, field, &text, &length); /* Missing ones are empty. */
    g_string_append_c(json, ',');
    append_text(json, text, length);
}

/* [sequence, what, address, size, region, ...]: addresses are hex texts, JavaScript's numbers are
 * too short. */
void report_map_change(GString *json, const struct memory_map *map, const struct trace_event *event,
                       bool is_range)
{
    const char *kind;

    g_string_append_printf(json, "%s\n[%" PRIu64 ",\"%s\",\"%" PRIx64 "\",\"%" PRIx64 "\"",
                           json->len > 0 ? "," : "", event->sequence, strrchr(event->name, '_') + 1,
                           number_of(event, "gpa"), number_of(event, "size_bytes"));
    append_text_field(json, event, "region");
    if (is_range) {
        bool readonly = number_of(event, "readonly") != 0;

        append_text_field(json, event, "address_space");
        kind = memory_map_kind_text(map, number_of(event, "number"), readonly);
        g_string_append_printf(json, ",\"%s\"]", kind != NULL ? kind : "?");
    } else {
        g_string_append_printf(json, ",%" PRIu64 "]", number_of(event, "slot"));
    }
}

static void write_histogram(struct output *output, const struct histogram *histogram)
{
    static const unsigned permilles[] = { 500, 950, 990 };

    output_char(output, ',');
    output_decimal(output, histogram->count, 0);
    output_char(output, ',');
    output_decimal(output, histogram->sum, 0);
    output_char(output, ',');
    output_decimal(output, histogram->min, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(permilles); i++) {
        output_char(output, ',');
        output_decimal(output, histogram_quantile(histogram, permilles[i]), 0);
    }
    output_char(output, ',');
    output_decimal(output, histogram->max, 0);
}

static void write_names(struct output *output, const GPtrArray *names)
{
    output_text(output, ",\n\"names\":[");
    for (guint i = 0; i < names->len; i++) {
        const struct name_count *name = names->pdata[i];

        output_text(output, i == 0 ? "\n[" : ",\n[");
        json_text(output, name->name, strlen(name->name));
        output_char(output, ',');
        output_decimal(output, name->count, 0);
        if (name->durations != NULL) {
            write_histogram(output, name->durations);
            write_histogram(output, name->instructions);
        }
        output_char(output, ']');
    }
    output_char(output, ']');
}

static void write_hops(struct output *output, const GArray *hops)
{
    output_text(output, ",\n\"hops\":[");
    for (guint i = 0; i < hops->len; i++) {
        const struct hop_count *hop = &g_array_index(hops, struct hop_count, i);
        const uint64_t numbers[] = { hop->line, hop->count, hop->raised, hop->lowered,
                                     hop->changes };

        output_text(output, i == 0 ? "\n[" : ",\n[");
        json_text(output, hop->name, strlen(hop->name));
        for (unsigned k = 0; k < G_N_ELEMENTS(numbers); k++) {
            output_char(output, ',');
            output_decimal(output, numbers[k], 0);
        }
        output_char(output, ']');
    }
    output_char(output, ']');
}

static void write_density(struct output *output, const char *key, const struct density *density)
{
    json_key(output, key, false);
    output_char(output, '[');
    output_decimal(output, density->first, 0);
    output_char(output, ',');
    output_decimal(output, density->width, 0);
    for (unsigned i = 0; i < DENSITY_BINS; i++) {
        output_char(output, ',');
        output_decimal(output, density->bins[i], 0);
    }
    output_char(output, ']');
}

void report_tallies(struct output *output, const struct tallies *tallies)
{
    write_names(output, tallies->names);
    write_hops(output, tallies->hops);
    output_text(output, ",\n\"density\":{\"bins\":");
    output_decimal(output, DENSITY_BINS, 0);
    write_density(output, "host", &tallies->by_host);
    write_density(output, "now", &tallies->by_now);
    write_density(output, "icount", &tallies->by_icount);
    write_density(output, "seq", &tallies->by_sequence);
    output_text(output, "},\n\"time\":{\"turns\":[");
    output_decimal(output, tallies->first.turn, 0);
    output_char(output, ',');
    output_decimal(output, tallies->last.turn, 0);
    output_text(output, "]}");
}
