/* SPDX-License-Identifier: GPL-2.0-or-later */
/* event_field.c - looks fields up; events have few. */
#include "tracedump/event_field.h"

#include <string.h>

int event_field_index(const struct trace_event *event, const char *name)
{
    for (unsigned i = 0; i < event->field_count; i++) {
        if (strcmp(event->fields[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static bool is_text(enum field_type type)
{
    return type == FIELD_STR || type == FIELD_RAW;
}

bool event_number(const struct trace_event *event, const char *name, uint64_t *out_number)
{
    int index = event_field_index(event, name);

    if (index < 0 || is_text(event->fields[index].type)) {
        return false;
    }
    *out_number = event->values[index].number;
    return true;
}

bool event_text(const struct trace_event *event, const char *name, const char **out_text,
                uint32_t *out_length)
{
    int index = event_field_index(event, name);

    if (index < 0 || event->fields[index].type != FIELD_STR) {
        return false;
    }
    *out_text = event->values[index].text;
    *out_length = event->values[index].length;
    return true;
}

bool event_text_is(const struct trace_event *event, const char *name, const char *text)
{
    const char *value;
    uint32_t length;

    return event_text(event, name, &value, &length) && length == strlen(text) &&
           memcmp(value, text, length) == 0;
}
