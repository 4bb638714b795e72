/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ctf_event.c - looks an event class up once, then takes its fields by position. */
#include "tracedump/ctf_event.h"

#include <string.h>

#include "tracedump/bool_fields.h"

#define PROVIDER "replug:"
#define ABSENT   UINT64_MAX

/* The context that each event's payload begins with. */
enum context_field {
    CONTEXT_SEQUENCE,
    CONTEXT_TURN,
    CONTEXT_NOW_NS,
    CONTEXT_ICOUNT,
    CONTEXT_SPAN,
    CONTEXT_PARENT,
    CONTEXT_VCPU,
    CONTEXT_BACKTRACE,
    CONTEXT_COUNT,
};

static const char *const context_names[CONTEXT_COUNT] = {
    [CONTEXT_SEQUENCE] = "rp_sequence", [CONTEXT_TURN] = "rp_turn",
    [CONTEXT_NOW_NS] = "rp_now_ns",     [CONTEXT_ICOUNT] = "rp_icount",
    [CONTEXT_SPAN] = "rp_span",         [CONTEXT_PARENT] = "rp_parent",
    [CONTEXT_VCPU] = "rp_vcpu",         [CONTEXT_BACKTRACE] = "rp_backtrace",
};

struct ctf_class {
    const bt_event_class *event_class; /* a reference, so that its address stays its own */
    enum ctf_kind kind;
    const char *name;      /* without the provider */
    const char *span_name; /* without _enter or _leave, if it ends so; else NULL */
    enum event_phase span_phase;
    uint64_t context[CONTEXT_COUNT]; /* position in the payload, or ABSENT */
    GArray *fields;                  /* struct field_decl */
    GArray *positions;               /* uint64_t, in the payload */
};

static void class_free(gpointer data)
{
    struct ctf_class *class = data;

    bt_event_class_put_ref(class->event_class);
    g_array_unref(class->fields);
    g_array_unref(class->positions);
    g_free(class);
}

void ctf_decoder_init(struct ctf_decoder *decoder)
{
    decoder->strings = g_string_chunk_new(4096);
    decoder->classes = g_hash_table_new_full(NULL, NULL, NULL, class_free);
    decoder->values = g_array_new(FALSE, TRUE, sizeof(struct field_value));
}

void ctf_decoder_fini(struct ctf_decoder *decoder)
{
    g_hash_table_unref(decoder->classes);
    g_string_chunk_free(decoder->strings);
    g_array_unref(decoder->values);
}

static enum field_type integer_type(const bt_field_class *class, bool is_signed)
{
    static const enum field_type decimal[] = { FIELD_U8, FIELD_U16, FIELD_U32, FIELD_U64 };

    static const enum field_type hexadecimal[] = { FIELD_X8, FIELD_X16, FIELD_X32, FIELD_X64 };

    uint64_t bits = bt_field_class_integer_get_field_value_range(class);
    unsigned size = bits <= 8 ? 0 : bits <= 16 ? 1 : bits <= 32 ? 2 : 3;

    if (is_signed) {
        return bits <= 32 ? FIELD_I32 : FIELD_I64;
    }
    return bt_field_class_integer_get_preferred_display_base(class) ==
                   BT_FIELD_CLASS_INTEGER_PREFERRED_DISPLAY_BASE_HEXADECIMAL
               ? hexadecimal[size]
               : decimal[size];
}

/* False: no type that Replug's events have. */
static bool field_type(const bt_field_class *class, enum field_type *out_type)
{
    bt_field_class_type type = bt_field_class_get_type(class);

    if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER)) {
        *out_type = integer_type(class, false);
        return true;
    }
    if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_SIGNED_INTEGER)) {
        *out_type = integer_type(class, true);
        return true;
    }
    *out_type = FIELD_STR;
    return type == BT_FIELD_CLASS_TYPE_STRING;
}

static bool is_number(const bt_field_class *class)
{
    return bt_field_class_type_is(bt_field_class_get_type(class),
                                  BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER);
}

static bool is_backtrace(const bt_field_class *class)
{
    return bt_field_class_type_is(bt_field_class_get_type(class),
                                  BT_FIELD_CLASS_TYPE_DYNAMIC_ARRAY) &&
           is_number(bt_field_class_array_borrow_element_field_class_const(class));
}

/* CTF has no bool; this version's events are known to have some. */
static bool is_bool(const struct ctf_class *class, const struct field_decl *field)
{
    g_autofree char *name = g_strconcat(class->name, ".", field->name, NULL);

    return field->type == FIELD_U8 && g_strv_contains(bool_fields, name);
}

static bool add_context(struct ctf_class *class, const char *name, const bt_field_class *type,
                        uint64_t position)
{
    for (unsigned i = 0; i < CONTEXT_COUNT; i++) {
        if (strcmp(name, context_names[i]) == 0 &&
            (i == CONTEXT_BACKTRACE ? is_backtrace(type) : is_number(type))) {
            class->context[i] = position;
            return true;
        }
    }
    return false;
}

static void add_member(struct ctf_decoder *decoder, struct ctf_class *class,
                       const bt_field_class_structure_member *member, uint64_t position)
{
    const char *name = bt_field_class_structure_member_get_name(member);
    const bt_field_class *type = bt_field_class_structure_member_borrow_field_class_const(member);
    struct field_decl field;

    /* The length that LTTng puts before a sequence begins with an underscore. */
    if (add_context(class, name, type, position) || *name == '_' || g_str_has_prefix(name, "rp_") ||
        !field_type(type, &field.type)) {
        return;
    }
    field.name = g_string_chunk_insert_const(decoder->strings, name);
    if (is_bool(class, &field)) {
        field.type = FIELD_BOOL;
    }
    g_array_append_val(class->fields, field);
    g_array_append_val(class->positions, position);
}

static void set_names(struct ctf_decoder *decoder, struct ctf_class *class, const char *name)
{
    size_t length = strlen(name);
    g_autofree char *stem = g_strndup(name, MAX(length, 6) - 6);

    class->name = g_string_chunk_insert_const(decoder->strings, name);
    if (g_str_has_suffix(name, "_enter")) {
        class->span_phase = EVENT_ENTER;
    } else if (g_str_has_suffix(name, "_leave")) {
        class->span_phase = EVENT_LEAVE;
    } else {
        return;
    }
    class->span_name = g_string_chunk_insert_const(decoder->strings, stem);
}

static enum ctf_kind classify(const struct ctf_class *class)
{
    if (class->context[CONTEXT_SEQUENCE] == ABSENT) {
        return CTF_KIND_STRANGE;
    }
    return strcmp(class->name, "trace_module") == 0 ? CTF_KIND_MODULE : CTF_KIND_EVENT;
}

static struct ctf_class *class_create(struct ctf_decoder *decoder,
                                      const bt_event_class *event_class)
{
    struct ctf_class *class = g_new0(struct ctf_class, 1);
    const char *name = bt_event_class_get_name(event_class);
    const bt_field_class *payload = bt_event_class_borrow_payload_field_class_const(event_class);

    bt_event_class_get_ref(event_class);
    class->event_class = event_class;
    class->fields = g_array_new(FALSE, FALSE, sizeof(struct field_decl));
    class->positions = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    memset(class->context, 0xff, sizeof(class->context));
    class->kind = CTF_KIND_FOREIGN;
    if (name == NULL || !g_str_has_prefix(name, PROVIDER)) {
        return class;
    }
    set_names(decoder, class, name + strlen(PROVIDER));
    for (uint64_t i = 0; payload != NULL && i < bt_field_class_structure_get_member_count(payload);
         i++) {
        add_member(decoder, class,
                   bt_field_class_structure_borrow_member_by_index_const(payload, i), i);
    }
    class->kind = classify(class);
    return class;
}

const struct ctf_class *ctf_decoder_class(struct ctf_decoder *decoder, const bt_message *message)
{
    const bt_event_class *event_class =
        bt_event_borrow_class_const(bt_message_event_borrow_event_const(message));
    struct ctf_class *class = g_hash_table_lookup(decoder->classes, event_class);

    if (class == NULL) {
        class = class_create(decoder, event_class);
        g_hash_table_insert(decoder->classes, (gpointer)event_class, class);
    }
    return class;
}

enum ctf_kind ctf_class_kind(const struct ctf_class *class)
{
    return class->kind;
}

const char *ctf_class_name(const struct ctf_class *class)
{
    return class->name;
}

static const bt_field *borrow_payload(const bt_message *message)
{
    return bt_event_borrow_payload_field_const(bt_message_event_borrow_event_const(message));
}

static uint64_t context_number(const struct ctf_class *class, const bt_field *payload,
                               enum context_field which, uint64_t otherwise)
{
    uint64_t position = class->context[which];

    return position == ABSENT
               ? otherwise
               : bt_field_integer_unsigned_get_value(
                     bt_field_structure_borrow_member_field_by_index_const(payload, position));
}

uint64_t ctf_event_sequence(const struct ctf_class *class, const bt_message *message)
{
    return context_number(class, borrow_payload(message), CONTEXT_SEQUENCE, 0);
}

static void decode_value(const bt_field *field, enum field_type type, struct field_value *out_value)
{
    if (type == FIELD_STR) {
        out_value->text = bt_field_string_get_value(field);
        out_value->length = (uint32_t)MIN(bt_field_string_get_length(field), UINT32_MAX);
    } else if (type == FIELD_I32 || type == FIELD_I64) {
        out_value->number = (uint64_t)bt_field_integer_signed_get_value(field);
    } else {
        out_value->number = bt_field_integer_unsigned_get_value(field);
    }
}

static void decode_fields(struct ctf_decoder *decoder, const struct ctf_class *class,
                          const bt_field *payload, struct trace_event *event)
{
    unsigned count = class->fields->len;

    g_array_set_size(decoder->values, count);
    event->fields = (const struct field_decl *)(void *)class->fields->data;
    event->values = (const struct field_value *)(void *)decoder->values->data;
    event->field_count = count;
    for (unsigned i = 0; i < count; i++) {
        uint64_t position = g_array_index(class->positions, uint64_t, i);

        decode_value(bt_field_structure_borrow_member_field_by_index_const(payload, position),
                     event->fields[i].type, &g_array_index(decoder->values, struct field_value, i));
    }
}

static void decode_backtrace(struct ctf_decoder *decoder, const struct ctf_class *class,
                             const bt_field *payload, struct trace_event *event)
{
    const bt_field *array;
    uint64_t count;

    event->frame_count = 0;
    if (class->context[CONTEXT_BACKTRACE] == ABSENT) {
        return;
    }
    array = bt_field_structure_borrow_member_field_by_index_const(
        payload, class->context[CONTEXT_BACKTRACE]);
    count = MIN(bt_field_array_get_length(array), CTF_FRAMES_MAX);
    for (uint64_t i = 0; i < count; i++) {
        decoder->frames[i] = bt_field_integer_unsigned_get_value(
            bt_field_array_borrow_element_field_by_index_const(array, i));
    }
    event->frames = decoder->frames;
    event->frame_count = (unsigned)count;
}

/* LTTng's clock is the monotonic one in nanoseconds, as in a native trace. */
static uint64_t host_time(const bt_message *message)
{
    if (bt_message_event_borrow_stream_class_default_clock_class_const(message) == NULL) {
        return 0;
    }
    return bt_clock_snapshot_get_value(
        bt_message_event_borrow_default_clock_snapshot_const(message));
}

void ctf_event_decode(struct ctf_decoder *decoder, const struct ctf_class *class,
                      const bt_message *message, struct trace_event *out_event)
{
    const bt_field *payload = borrow_payload(message);
    bool is_span = class->span_name != NULL;

    *out_event = (struct trace_event){
        .name = is_span ? class->span_name : class->name,
        .phase = is_span ? class->span_phase : EVENT_INSTANT,
        .vcpu = (uint16_t)context_number(class, payload, CONTEXT_VCPU, EVENT_VCPU_NONE),
        .sequence = context_number(class, payload, CONTEXT_SEQUENCE, 0),
        .turn = context_number(class, payload, CONTEXT_TURN, 0),
        .now_ns = context_number(class, payload, CONTEXT_NOW_NS, 0),
        .icount = context_number(class, payload, CONTEXT_ICOUNT, 0),
        .span = context_number(class, payload, CONTEXT_SPAN, 0),
        .parent = context_number(class, payload, CONTEXT_PARENT, 0),
        .host_ns = host_time(message),
    };
    decode_fields(decoder, class, payload, out_event);
    decode_backtrace(decoder, class, payload, out_event);
}
