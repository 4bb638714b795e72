/* SPDX-License-Identifier: GPL-2.0-or-later */
/* payload_text.c - fields of payloads as text, and those that two payloads differ in. */
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "replay/payload_fields.h"
#include "replay/payload_layout.h"

#define BYTES_SHOWN   32u
#define TEXT_SHOWN    400u
#define EXCERPT_BYTES 64u
#define EXCERPT_AHEAD 16u /* in front of the byte that differs */
#define NUMBER_BYTES  8u

#define NAME(name)            #name,
#define EXIT_NAME(name, text) text,

static const char *const exit_names[] = { PAYLOAD_EXITS(EXIT_NAME) };
static const char *const target_names[] = { PAYLOAD_TARGETS(NAME) };
static const char *const fact_names[] = { PAYLOAD_FACTS(NAME) };
static const char *const block_names[] = { PAYLOAD_BLOCK_OPERATIONS(NAME) };
static const char *const memory_names[] = { PAYLOAD_MEMORY_CALLS(NAME) };

static void print_name(const char *const *names, size_t count, uint64_t number, GString *out)
{
    if (number < count) {
        g_string_append(out, names[number]);
    } else {
        g_string_append_printf(out, "%" PRIu64, number);
    }
}

static void print_errno(int64_t number, GString *out)
{
    const char *name = number > 0 && number <= INT32_MAX ? strerrorname_np((int)number) : NULL;

    if (number == 0) {
        g_string_append(out, "ok");
    } else if (name != NULL) {
        g_string_append(out, name);
    } else {
        g_string_append_printf(out, "error %" PRId64, number);
    }
}

static void print_result(int32_t result, GString *out)
{
    if (result < 0) {
        print_errno(-(int64_t)result, out);
    } else {
        g_string_append_printf(out, "%" PRId32, result);
    }
}

static void print_ioctl(uint32_t request, GString *out)
{
    const char *name = payload_ioctl_name(request);

    if (name != NULL) {
        g_string_append(out, name);
    } else {
        g_string_append_printf(out, "0x%08" PRIx32, request);
    }
}

static void print_bytes(const uint8_t *bytes, size_t size, GString *out)
{
    for (size_t i = 0; i < MIN(size, (size_t)BYTES_SHOWN); i++) {
        g_string_append_printf(out, "%s%02x", i > 0 ? " " : "", bytes[i]);
    }
    if (size > BYTES_SHOWN) {
        g_string_append_printf(out, " ... (%zu bytes)", size);
    } else if (size == 0) {
        g_string_append(out, "nothing");
    }
}

/* One line, bytes beyond ASCII as escapes. */
static void print_text(const uint8_t *bytes, size_t size, GString *out)
{
    g_string_append_c(out, '"');
    for (size_t i = 0; i < MIN(size, (size_t)TEXT_SHOWN); i++) {
        if (bytes[i] == '\n') {
            g_string_append(out, "\\n");
        } else if (bytes[i] >= 0x20 && bytes[i] < 0x7f) {
            g_string_append_c(out, (gchar)bytes[i]);
        } else {
            g_string_append_printf(out, "\\x%02x", bytes[i]);
        }
    }
    g_string_append(out, size > TEXT_SHOWN ? "\" ..." : "\"");
}

void payload_field_print(const struct payload_field *field, GString *out)
{
    uint64_t number = field->size > 0 && field->size <= NUMBER_BYTES
                          ? bytes_load_le(field->bytes, (unsigned)field->size)
                          : 0;

    switch (field->show) {
    case PAYLOAD_SHOW_NUMBER: g_string_append_printf(out, "%" PRIu64, number); break;
    case PAYLOAD_SHOW_HEX: g_string_append_printf(out, "0x%" PRIx64, number); break;
    case PAYLOAD_SHOW_TIME: g_string_append_printf(out, "%" PRId64, (int64_t)number); break;
    case PAYLOAD_SHOW_ERRNO: print_errno((int32_t)number, out); break;
    case PAYLOAD_SHOW_RESULT: print_result((int32_t)number, out); break;
    case PAYLOAD_SHOW_EXIT: print_name(exit_names, PAYLOAD_EXIT_COUNT, number, out); break;
    case PAYLOAD_SHOW_FACT: print_name(fact_names, PAYLOAD_FACT_COUNT, number, out); break;
    case PAYLOAD_SHOW_MEMORY: print_name(memory_names, PAYLOAD_MEMORY_COUNT, number, out); break;
    case PAYLOAD_SHOW_BLOCK: print_name(block_names, G_N_ELEMENTS(block_names), number, out); break;
    case PAYLOAD_SHOW_TARGET:
        print_name(target_names, G_N_ELEMENTS(target_names), number, out);
        break;
    case PAYLOAD_SHOW_IOCTL: print_ioctl((uint32_t)number, out); break;
    case PAYLOAD_SHOW_BYTES: print_bytes(field->bytes, field->size, out); break;
    case PAYLOAD_SHOW_TEXT: print_text(field->bytes, field->size, out); break;
    }
}

void payload_print(const struct payload *payload, GString *out)
{
    g_autoptr(GArray) fields = payload_fields(payload);

    for (guint i = 0; i < fields->len; i++) {
        const struct payload_field *field = &g_array_index(fields, struct payload_field, i);

        g_string_append_printf(out, "%s%s=", i > 0 ? " " : "", field->name);
        payload_field_print(field, out);
    }
}

/* ---- differences ---- */

static const struct payload_field *find(const GArray *fields, const char *name)
{
    for (guint i = 0; i < fields->len; i++) {
        const struct payload_field *field = &g_array_index(fields, struct payload_field, i);

        if (strcmp(field->name, name) == 0) {
            return field;
        }
    }
    return NULL;
}

static void print_or_nothing(const struct payload_field *field, GString *out)
{
    if (field != NULL) {
        payload_field_print(field, out);
    } else {
        g_string_append(out, "nothing");
    }
}

static bool is_long(const struct payload_field *field)
{
    return (field->show == PAYLOAD_SHOW_TEXT || field->show == PAYLOAD_SHOW_BYTES) &&
           field->size > BYTES_SHOWN;
}

/* The part that is shown, from the same byte on in both. */
static struct payload_field excerpt(const struct payload_field *field, size_t from)
{
    struct payload_field part = *field;

    part.bytes += MIN(from, field->size);
    part.size = MIN(field->size - MIN(from, field->size),
                    field->show == PAYLOAD_SHOW_TEXT ? EXCERPT_BYTES : BYTES_SHOWN);
    return part;
}

static void print_difference(const struct payload_field *a, const struct payload_field *b,
                             const char *const labels[2], GString *out)
{
    size_t same = 0;
    struct payload_field part_a, part_b;

    g_string_append(out, a != NULL ? a->name : b->name);
    if (a != NULL && b != NULL && (is_long(a) || is_long(b))) {
        while (same < MIN(a->size, b->size) && a->bytes[same] == b->bytes[same]) {
            same++;
        }
        same -= a->show == PAYLOAD_SHOW_TEXT ? MIN(same, EXCERPT_AHEAD) : 0;
        part_a = excerpt(a, same);
        part_b = excerpt(b, same);
        a = &part_a;
        b = &part_b;
        g_string_append_printf(out, " from byte %zu on", same);
    }
    g_string_append_printf(out, ": %s ", labels[0]);
    print_or_nothing(a, out);
    g_string_append_printf(out, ", %s ", labels[1]);
    print_or_nothing(b, out);
    g_string_append_c(out, '\n');
}

static bool is_same(const struct payload_field *a, const struct payload_field *b)
{
    return a->show == b->show && a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

void payload_compare(const struct payload *a, const struct payload *b, const char *const labels[2],
                     GString *out)
{
    g_autoptr(GArray) fields_a = payload_fields(a);
    g_autoptr(GArray) fields_b = payload_fields(b);

    for (guint i = 0; i < fields_a->len; i++) {
        const struct payload_field *field = &g_array_index(fields_a, struct payload_field, i);
        const struct payload_field *other = find(fields_b, field->name);

        if (other == NULL || !is_same(field, other)) {
            print_difference(field, other, labels, out);
        }
    }
    for (guint i = 0; i < fields_b->len; i++) {
        const struct payload_field *field = &g_array_index(fields_b, struct payload_field, i);

        if (find(fields_a, field->name) == NULL) {
            print_difference(NULL, field, labels, out);
        }
    }
}
