/* SPDX-License-Identifier: GPL-2.0-or-later */
/* print_json.c - JSON as RFC 8259 has it; integers keep all their digits. */
#include "tracedump/print_json.h"

#include <glib.h>

static void json_escape(struct output *output, unsigned char byte)
{
    static const char special[] = "\"\\\b\f\n\r\t";
    static const char names[] = "\"\\bfnrt";
    const char *found = byte == '\0' ? NULL : strchr(special, byte);
    char escape[6] = { '\\', 'u', '0', '0' };

    if (found != NULL) {
        escape[1] = names[found - special];
        output_bytes(output, escape, 2);
        return;
    }
    escape[4] = "0123456789abcdef"[byte >> 4];
    escape[5] = "0123456789abcdef"[byte & 15];
    output_bytes(output, escape, 6);
}

/* How many bytes from here on may stand in a JSON text as they are. */
static size_t plain_length(const char *text, size_t length)
{
    unsigned char byte = (unsigned char)*text;
    gunichar character;

    if (byte < 0x80) {
        return byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7f;
    }
    character = g_utf8_get_char_validated(text, (gssize)length);
    return character > 0x10ffff ? 0 : (size_t)g_unichar_to_utf8(character, NULL);
}

void json_text(struct output *output, const char *text, size_t length)
{
    const char *end = text + length, *pending = text;

    output_char(output, '"');
    while (text < end) {
        size_t plain = plain_length(text, (size_t)(end - text));

        if (plain > 0) {
            text += plain;
            continue;
        }
        output_bytes(output, pending, (size_t)(text - pending));
        if ((unsigned char)*text < 0x80) {
            json_escape(output, (unsigned char)*text);
        } else {
            output_text(output, "\\ufffd");
        }
        pending = ++text;
    }
    output_bytes(output, pending, (size_t)(text - pending));
    output_char(output, '"');
}

void json_key(struct output *output, const char *key, bool first)
{
    if (!first) {
        output_char(output, ',');
    }
    if (strpbrk(key, "\"\\") != NULL) { /* Names of a hostile trace's. */
        json_text(output, key, strlen(key));
        output_char(output, ':');
        return;
    }
    output_char(output, '"');
    output_name(output, key);
    output_text(output, "\":");
}

void json_member(struct output *output, const char *key, uint64_t number)
{
    json_key(output, key, false);
    output_decimal(output, number, 0);
}

void json_member_text(struct output *output, const char *key, const char *text)
{
    json_key(output, key, false);
    json_text(output, text, strlen(text));
}

static void json_value(struct output *output, enum field_type type, const struct field_value *value)
{
    switch (type) {
    case FIELD_U8:
    case FIELD_U16:
    case FIELD_U32:
    case FIELD_U64:
    case FIELD_X8:
    case FIELD_X16:
    case FIELD_X32:
    case FIELD_X64: output_decimal(output, value->number, 0); break;
    case FIELD_I32:
    case FIELD_I64: output_signed(output, value->number); break;
    case FIELD_BOOL: output_text(output, value->number != 0 ? "true" : "false"); break;
    case FIELD_STR: json_text(output, value->text, value->length); break;
    case FIELD_RAW:
        output_char(output, '"');
        output_bytes_as_hex(output, (const uint8_t *)value->text, value->length);
        output_char(output, '"');
        break;
    }
}

void print_json(struct output *output, const struct trace_event *event, bool host_time)
{
    static const char *const phases[] = { "instant", "enter", "leave" };

    output_text(output, "{\"seq\":");
    output_decimal(output, event->sequence, 0);
    json_member(output, "turn", event->turn);
    json_member(output, "now_ns", event->now_ns);
    json_member(output, "icount", event->icount);
    json_key(output, "vcpu", false);
    if (event->vcpu == EVENT_VCPU_NONE) {
        output_text(output, "null");
    } else {
        output_decimal(output, event->vcpu, 0);
    }
    json_member_text(output, "event", event->name);
    json_member_text(output, "phase", phases[event->phase]);
    json_member(output, "span", event->span);
    json_member(output, "parent", event->parent);
    if (host_time) {
        json_member(output, "host_ns", event->host_ns);
    }
    output_text(output, ",\"fields\":{");
    for (unsigned i = 0; i < event->field_count; i++) {
        json_key(output, event->fields[i].name, i == 0);
        json_value(output, event->fields[i].type, &event->values[i]);
    }
    output_text(output, "}}\n");
}
