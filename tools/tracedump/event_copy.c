/* SPDX-License-Identifier: GPL-2.0-or-later */
/* event_copy.c - copies an event's values and the texts in them; memory is used again. */
#include "tracedump/event_copy.h"

#include <stdbool.h>

void event_copy_fini(struct event_copy *copy)
{
    g_clear_pointer(&copy->values, g_array_unref);
    g_clear_pointer(&copy->texts, g_byte_array_unref);
}

static bool has_text(const struct trace_event *event, unsigned index)
{
    return event->fields[index].type == FIELD_STR || event->fields[index].type == FIELD_RAW;
}

void event_copy_store(struct event_copy *copy, const struct trace_event *event)
{
    struct field_value *values;
    size_t at = 0;

    if (copy->values == NULL) {
        copy->values = g_array_new(FALSE, FALSE, sizeof(struct field_value));
        copy->texts = g_byte_array_new();
    }
    g_array_set_size(copy->values, event->field_count);
    g_byte_array_set_size(copy->texts, 0);
    values = (struct field_value *)(void *)copy->values->data;
    for (unsigned i = 0; i < event->field_count; i++) {
        values[i] = event->values[i];
        if (has_text(event, i) && values[i].length > 0) {
            g_byte_array_append(copy->texts, (const guint8 *)values[i].text, values[i].length);
        }
    }
    /* Only now the texts have their place. */
    for (unsigned i = 0; i < event->field_count; i++) {
        if (has_text(event, i)) {
            values[i].text = values[i].length > 0 ? (const char *)copy->texts->data + at : "";
            at += values[i].length;
        }
    }
    copy->event = *event;
    copy->event.values = values;
    copy->event.frames = NULL;
    copy->event.frame_count = 0;
}
