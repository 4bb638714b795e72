/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export_csv.c - RFC 4180, with short line ends: a quote within a quoted cell is doubled; other control bytes are escaped. */
#include <string.h>

#include "tracedump/export/export.h"
#include "tracedump/print_text.h"

void export_csv_head(struct output *output)
{
    output_text(output,
                "sequence,turn,now_ns,host_ns,instructions,vcpu,phase,event,span,parent,fields\n");
}

static void number_cell(struct output *output, uint64_t number)
{
    output_decimal(output, number, 0);
    output_char(output, ',');
}

static void text_cell(struct output *output, const char *name, const struct field_value *value)
{
    const char *text = value->text;
    size_t left = value->length;

    output_text(output, ",\"");
    output_text(output, name);
    output_char(output, '=');
    while (left > 0) {
        const char *quote = memchr(text, '"', left);
        size_t length = quote != NULL ? (size_t)(quote - text) : left;

        output_plain(output, text, length);
        if (quote != NULL) {
            output_text(output, "\"\"");
            length++;
        }
        text += length;
        left -= length;
    }
    output_char(output, '"');
}

void export_csv_event(struct output *output, const struct trace_event *event)
{
    static const char *const phases[] = { "instant", "enter", "leave" };

    number_cell(output, event->sequence);
    number_cell(output, event->turn);
    number_cell(output, event->now_ns);
    number_cell(output, event->host_ns);
    number_cell(output, event->icount);
    if (event->vcpu != EVENT_VCPU_NONE) {
        output_decimal(output, event->vcpu, 0);
    }
    output_char(output, ',');
    output_text(output, phases[event->phase]);
    output_char(output, ',');
    output_text(output, event->name);
    output_char(output, ',');
    number_cell(output, event->span);
    output_decimal(output, event->parent, 0);
    for (unsigned i = 0; i < event->field_count; i++) {
        if (event->fields[i].type == FIELD_STR) {
            text_cell(output, event->fields[i].name, &event->values[i]);
        } else {
            output_char(output, ',');
            output_text(output, event->fields[i].name);
            output_char(output, '=');
            print_value(output, event->fields[i].type, &event->values[i]);
        }
    }
    output_text(output, "\n");
}
