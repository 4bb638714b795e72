/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_text.c - prints records by the table of events. */
#include "trace/trace_text.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "trace/trace_context.h"
#include "trace/trace_format.h"
#include "trace/trace_session.h"
#include "trace/trace_table.h"

/* Name, bytes in a record (0 for a string), and how it is shown. */
static const struct {
    const char *name;
    uint8_t size;
    char style; /* d, i, x, b, s */
} types[] = {
    [TRACE_TYPE_U8] = { "u8", 1, 'd' },     [TRACE_TYPE_U16] = { "u16", 2, 'd' },
    [TRACE_TYPE_U32] = { "u32", 4, 'd' },   [TRACE_TYPE_U64] = { "u64", 8, 'd' },
    [TRACE_TYPE_I32] = { "i32", 4, 'i' },   [TRACE_TYPE_I64] = { "i64", 8, 'i' },
    [TRACE_TYPE_BOOL] = { "bool", 1, 'b' }, [TRACE_TYPE_X8] = { "x8", 1, 'x' },
    [TRACE_TYPE_X16] = { "x16", 2, 'x' },   [TRACE_TYPE_X32] = { "x32", 4, 'x' },
    [TRACE_TYPE_X64] = { "x64", 8, 'x' },   [TRACE_TYPE_STR] = { "str", 0, 's' },
};

const char *trace_type_name(enum trace_type type)
{
    return types[type].name;
}

/* One byte that can't be shown as it is, as C writes it; always three octal digits, so that a digit
 * behind them changes nothing. */
static void print_escape(char byte, GString *out)
{
    static const char plain[] = "\"\\\a\b\f\n\r\t\v";
    static const char names[] = "\"\\abfnrtv";
    const char *special = byte != '\0' ? strchr(plain, byte) : NULL;

    if (special != NULL) {
        g_string_append_printf(out, "\\%c", names[special - plain]);
    } else {
        g_string_append_printf(out, "\\%03o", (uint8_t)byte);
    }
}

/* In double quotes; control bytes, quotes, backslashes and what is no printable UTF-8 escaped. */
static void print_string(const char *text, size_t length, GString *out)
{
    const char *end = text + length;

    g_string_append_c(out, '"');
    while (text < end) {
        gunichar character = g_utf8_get_char_validated(text, end - text);
        bool is_shown =
            character <= 0x10ffff && g_unichar_isprint(character) && *text != '"' && *text != '\\';
        const char *next = is_shown ? g_utf8_next_char(text) : text + 1;

        if (is_shown) {
            g_string_append_len(out, text, next - text);
        } else {
            print_escape(*text, out);
        }
        text = next;
    }
    g_string_append_c(out, '"');
}

/* Returns the place behind the value. */
static const uint8_t *print_value(enum trace_type type, const uint8_t *at, GString *out)
{
    unsigned size = types[type].size;
    uint64_t value = bytes_load_le(at, size != 0 ? size : 2);
    unsigned spare_bits = 64 - 8 * size;

    switch (types[type].style) {
    case 'x': g_string_append_printf(out, "0x%" PRIx64, value); break;
    case 'b': g_string_append(out, value != 0 ? "true" : "false"); break;
    case 'i':
        g_string_append_printf(out, "%" PRId64, (int64_t)(value << spare_bits) >> spare_bits);
        break;
    case 's': print_string((const char *)at + 2, value, out); return at + 2 + value;
    default: g_string_append_printf(out, "%" PRIu64, value); break;
    }
    return at + size;
}

static void print_record(const uint8_t *record, GString *out)
{
    static const char *const marks[] = { "", "--> ", "<-- " };
    const struct trace_event *event =
        &trace_event_table[bytes_load_le16(record + TRACE_RECORD_EVENT)];
    uint8_t phase = record[TRACE_RECORD_PHASE];
    uint16_t vcpu = bytes_load_le16(record + TRACE_RECORD_VCPU);
    const struct trace_field *field = phase == TRACE_PHASE_LEAVE ? event->results : event->fields;
    const uint8_t *at = record + TRACE_RECORD_FIXED_BYTES;

    g_string_append_printf(out, "%8" PRIu64 " turn %" PRIu64 " %10" PRIu64 " ns vcpu ",
                           bytes_load_le64(record + TRACE_RECORD_SEQUENCE),
                           bytes_load_le64(record + TRACE_RECORD_TURN),
                           bytes_load_le64(record + TRACE_RECORD_NOW_NS));
    if (vcpu == TRACE_VCPU_NONE) {
        g_string_append_c(out, '-');
    } else {
        g_string_append_printf(out, "%u", vcpu);
    }
    g_string_append_printf(out, " %s%s%s", marks[phase], event->name,
                           field->name != NULL ? ":" : "");
    for (; field->name != NULL; field++) {
        g_string_append_printf(out, " %s=", field->name);
        at = print_value(field->type, at, out);
    }
    g_string_append_c(out, '\n');
}

void trace_text_records(const uint8_t *records, uint32_t size, GString *out)
{
    for (uint32_t at = 0; at < size; at += bytes_load_le16(records + at)) {
        print_record(records + at, out);
    }
}
