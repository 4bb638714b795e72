/* SPDX-License-Identifier: GPL-2.0-or-later */
/* print_text.c - how contexts, events and values look. */
#include "tracedump/print_text.h"

#include <string.h>

#include "tracedump/event_field.h"

void print_context(struct output *output, const struct trace_event *event, bool host_time)
{
    output_decimal(output, event->sequence, 8);
    if (output->colour) {
        output_text(output, "\033[2m");
    }
    output_text(output, " turn ");
    output_decimal(output, event->turn, 0);
    output_char(output, ' ');
    output_decimal(output, event->now_ns, 10);
    output_text(output, " ns vcpu ");
    if (event->vcpu == EVENT_VCPU_NONE) {
        output_char(output, '-');
    } else {
        output_decimal(output, event->vcpu, 0);
    }
    if (host_time) {
        output_text(output, " host ");
        output_decimal(output, event->host_ns, 0);
        output_text(output, " ns");
    }
    if (output->colour) {
        output_text(output, "\033[m");
    }
}

void print_value(struct output *output, enum field_type type, const struct field_value *value)
{
    switch (type) {
    case FIELD_U8:
    case FIELD_U16:
    case FIELD_U32:
    case FIELD_U64: output_decimal(output, value->number, 0); break;
    case FIELD_I32:
    case FIELD_I64: output_signed(output, value->number); break;
    case FIELD_BOOL: output_text(output, value->number != 0 ? "true" : "false"); break;
    case FIELD_X8:
    case FIELD_X16:
    case FIELD_X32:
    case FIELD_X64: output_hex(output, value->number); break;
    case FIELD_STR: output_quoted(output, value->text, value->length); break;
    case FIELD_RAW: output_bytes_as_hex(output, (const uint8_t *)value->text, value->length); break;
    }
}

void print_fields(struct output *output, const struct trace_event *event)
{
    for (unsigned i = 0; i < event->field_count; i++) {
        output_char(output, ' ');
        output_name(output, event->fields[i].name);
        output_char(output, '=');
        print_value(output, event->fields[i].type, &event->values[i]);
    }
}

/* What went wrong is red: a guest's or the host's error, a refusal, a span that failed. */
static bool is_bad(const struct trace_event *event)
{
    uint64_t number;

    return strstr(event->name, "refused") != NULL || strcmp(event->name, "guest_error") == 0 ||
           (event->phase == EVENT_LEAVE && event_number(event, "ok", &number) && number == 0) ||
           (event_number(event, "error", &number) && number != 0);
}

static void print_name(struct output *output, const struct trace_event *event)
{
    switch (event->phase) {
    case EVENT_INSTANT: break;
    case EVENT_ENTER: output_text(output, "--> "); break;
    case EVENT_LEAVE: output_text(output, "<-- "); break;
    }
    if (!output->colour) {
        output_name(output, event->name);
        return;
    }
    output_text(output, is_bad(event) ? "\033[1;31m" : "\033[1;36m");
    output_name(output, event->name);
    output_text(output, "\033[m");
}

void print_event(struct output *output, const struct trace_event *event)
{
    print_name(output, event);
    if (event->field_count > 0) {
        output_char(output, ':');
        print_fields(output, event);
    }
}
