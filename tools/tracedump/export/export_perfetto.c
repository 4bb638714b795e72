/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * export_perfetto.c - spans as slices of their vCPU's track.
 *
 * A track is a stack of slices: a leave whose enter is not in the trace would end another slice, so
 * it is left out.
 */
#include <stdio.h>
#include <string.h>

#include "tracedump/export/export.h"
#include "tracedump/print_json.h"

#define DEPTH_MAX 256u

static void free_track(gpointer track)
{
    g_array_unref(track);
}

void export_perfetto_begin(struct export_perfetto *perfetto, struct output *output, bool host_time)
{
    *perfetto = (struct export_perfetto){ .output = output, .host_time = host_time };
    perfetto->tracks = g_hash_table_new_full(NULL, NULL, NULL, free_track);
    output_text(
        output,
        "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n"
        "{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":\"replug\"}}");
}

static void name_track(struct output *output, uint64_t track)
{
    output_text(output, ",\n{\"ph\":\"M\",\"pid\":1,\"tid\":");
    output_decimal(output, track, 0);
    output_text(output, ",\"name\":\"thread_name\",\"args\":{\"name\":\"");
    if (track == 0) {
        output_text(output, "machine");
    } else {
        output_text(output, "vCPU ");
        output_decimal(output, track - 1, 0);
    }
    output_text(output, "\"}}");
}

static GArray *track_of(struct export_perfetto *perfetto, uint64_t number)
{
    GArray *track = g_hash_table_lookup(perfetto->tracks, GUINT_TO_POINTER((guint)number));

    if (track == NULL) {
        track = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        g_hash_table_insert(perfetto->tracks, GUINT_TO_POINTER((guint)number), track);
        name_track(perfetto->output, number);
    }
    return track;
}

/* Ends slices down to the one that a leave ends. False: it is not open. */
static bool pop_to(GArray *track, uint64_t sequence, unsigned *out_count)
{
    for (guint i = track->len; i > 0; i--) {
        if (g_array_index(track, uint64_t, i - 1) == sequence) {
            *out_count = track->len - i + 1;
            g_array_set_size(track, i - 1);
            return true;
        }
    }
    return false;
}

static void write_arguments(struct output *output, const struct trace_event *event)
{
    output_text(output, ",\"args\":{\"sequence\":");
    output_decimal(output, event->sequence, 0);
    json_member(output, "turn", event->turn);
    for (unsigned i = 0; i < event->field_count; i++) {
        const struct field_value *value = &event->values[i];

        json_key(output, event->fields[i].name, false);
        if (event->fields[i].type == FIELD_STR) {
            json_text(output, value->text, value->length);
        } else if (event->fields[i].type == FIELD_BOOL) {
            output_text(output, value->number != 0 ? "true" : "false");
        } else if (event->fields[i].type == FIELD_RAW) {
            output_char(output, '"');
            output_bytes_as_hex(output, (const uint8_t *)value->text, value->length);
            output_char(output, '"');
        } else if (event->fields[i].type >= FIELD_X8 && event->fields[i].type <= FIELD_X64) {
            output_char(output, '"');
            output_hex(output, value->number);
            output_char(output, '"');
        } else if (event->fields[i].type == FIELD_I32 || event->fields[i].type == FIELD_I64) {
            bool negative = value->number >> 63 != 0;

            output_text(output, negative ? "-" : "");
            output_decimal(output, negative ? 0 - value->number : value->number, 0);
        } else {
            output_decimal(output, value->number, 0);
        }
    }
    output_char(output, '}');
}

static void write_one(struct export_perfetto *perfetto, const struct trace_event *event,
                      const char *phase, uint64_t track, bool has_arguments)
{
    uint64_t ns = perfetto->host_time ? event->host_ns : event->now_ns;
    struct output *output = perfetto->output;
    char text[48];

    (void)snprintf(text, sizeof(text), ",\"ts\":%" G_GUINT64_FORMAT ".%03u", ns / 1000,
                   (unsigned)(ns % 1000));
    output_text(output, ",\n{\"ph\":\"");
    output_text(output, phase);
    output_text(output, "\",\"pid\":1,\"tid\":");
    output_decimal(output, track, 0);
    output_text(output, text);
    json_member_text(output, "name", event->name);
    if (*phase == 'i') {
        output_text(output, ",\"s\":\"t\"");
    }
    if (has_arguments) {
        write_arguments(output, event);
    }
    output_char(output, '}');
}

void export_perfetto_event(struct export_perfetto *perfetto, const struct trace_event *event)
{
    uint64_t number = event->vcpu == EVENT_VCPU_NONE ? 0 : (uint64_t)event->vcpu + 1;
    GArray *track = track_of(perfetto, number);
    unsigned count = 0;

    switch (event->phase) {
    case EVENT_INSTANT: write_one(perfetto, event, "i", number, true); break;
    case EVENT_ENTER:
        if (track->len < DEPTH_MAX) {
            g_array_append_val(track, event->sequence);
            write_one(perfetto, event, "B", number, true);
        }
        break;
    case EVENT_LEAVE:
        if (event->span != 0 && pop_to(track, event->span, &count)) {
            for (; count > 1; count--) {
                write_one(perfetto, event, "E", number, false);
            }
            write_one(perfetto, event, "E", number, true);
        }
        break;
    }
}

void export_perfetto_end(struct export_perfetto *perfetto)
{
    output_text(perfetto->output, "\n]}\n");
    g_hash_table_unref(perfetto->tracks);
}
