/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rpt_header.c - parses a native trace's header. Keys that are not known are skipped. */
#include "tracedump/rpt_header.h"

#include <string.h>

#include "base/error.h"
#include "tracedump/json_pull.h"

#define EVENT_IDS 65536u

static const char *const type_names[] = {
    [FIELD_U8] = "u8",   [FIELD_U16] = "u16", [FIELD_U32] = "u32",   [FIELD_U64] = "u64",
    [FIELD_I32] = "i32", [FIELD_I64] = "i64", [FIELD_BOOL] = "bool", [FIELD_X8] = "x8",
    [FIELD_X16] = "x16", [FIELD_X32] = "x32", [FIELD_X64] = "x64",   [FIELD_STR] = "str",
};

/* The parser's workplace: the pieces of text that are being read. */
struct parser {
    struct json_pull json;
    struct rpt_header *header;
    GString *key;
    GString *text;
};

static bool is_name(const GString *text)
{
    if (text->len == 0 || text->len > RPT_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i < text->len; i++) {
        if (!g_ascii_isgraph(text->str[i])) {
            return false;
        }
    }
    return true;
}

static bool parse_name(struct parser *parser, const char **out_name)
{
    if (!json_string(&parser->json, parser->text)) {
        return false;
    }
    if (!is_name(parser->text)) {
        return json_fail(&parser->json, "a name is empty, too long or not of visible characters");
    }
    *out_name = g_string_chunk_insert_const(parser->header->strings, parser->text->str);
    return true;
}

static bool type_from_name(const char *name, enum field_type *out_type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(type_names); i++) {
        if (strcmp(type_names[i], name) == 0) {
            *out_type = (enum field_type)i;
            return true;
        }
    }
    return false;
}

/* [TYPE, NAME] */
static bool parse_field(struct parser *parser, struct field_decl *out_field, bool *out_known)
{
    struct json_pull *json = &parser->json;

    if (!json_enter_array(json) || !json_next_element(json) || !json_string(json, parser->text)) {
        return json_fail(json, "a field is no [TYPE, NAME]");
    }
    *out_known = type_from_name(parser->text->str, &out_field->type);
    if (!json_next_element(json) || !parse_name(parser, &out_field->name) ||
        json_next_element(json)) {
        return json_fail(json, "a field is no [TYPE, NAME]");
    }
    return json->problem == NULL;
}

static bool parse_fields(struct parser *parser, struct rpt_fields *out_fields)
{
    struct json_pull *json = &parser->json;
    struct rpt_fields fields = { .first = parser->header->fields->len, .known = true };

    json_enter_array(json);
    while (json_next_element(json)) {
        struct field_decl field = { .type = FIELD_RAW };
        bool known = false;

        if (!parse_field(parser, &field, &known)) {
            return false;
        }
        g_array_append_val(parser->header->fields, field);
        fields.known &= known;
        fields.count++;
    }
    *out_fields = fields;
    return json->problem == NULL;
}

static bool parse_kind(struct parser *parser, struct rpt_event *event)
{
    if (!json_string(&parser->json, parser->text)) {
        return false;
    }
    event->is_span = strcmp(parser->text->str, "span") == 0;
    return event->is_span || strcmp(parser->text->str, "instant") == 0 ||
           json_fail(&parser->json, "an event's kind is neither span nor instant");
}

static bool add_event(struct parser *parser, uint64_t id, const struct rpt_event *event,
                      bool has_kind)
{
    struct rpt_header *header = parser->header;

    if (id >= EVENT_IDS || event->name == NULL || !has_kind) {
        return json_fail(&parser->json, "an event has no id below 65536, no name or no kind");
    }
    if (header->event_of_id[id] != 0) {
        return json_fail(&parser->json, "two events have the same id");
    }
    g_array_append_val(header->events, *event);
    header->event_of_id[id] = header->events->len;
    return true;
}

static bool parse_event(struct parser *parser)
{
    struct json_pull *json = &parser->json;
    struct rpt_event event = { .fields.known = true, .results.known = true };
    uint64_t id = UINT64_MAX;
    bool has_kind = false;

    json_enter_object(json);
    while (json_next_key(json, parser->key)) {
        const char *key = parser->key->str;

        if (strcmp(key, "id") == 0) {
            json_unsigned(json, &id);
        } else if (strcmp(key, "name") == 0) {
            parse_name(parser, &event.name);
        } else if (strcmp(key, "kind") == 0) {
            has_kind = parse_kind(parser, &event);
        } else if (strcmp(key, "fields") == 0) {
            parse_fields(parser, &event.fields);
        } else if (strcmp(key, "results") == 0) {
            parse_fields(parser, &event.results);
        } else {
            json_skip(json);
        }
    }
    return json->problem == NULL && add_event(parser, id, &event, has_kind);
}

static bool parse_text(struct parser *parser, const char **out_text)
{
    if (!json_string(&parser->json, parser->text)) {
        return false;
    }
    if (parser->text->len > RPT_MODULE_TEXT_MAX) {
        return json_fail(&parser->json, "a path, a build id or the program's name is too long");
    }
    *out_text = g_string_chunk_insert_const(parser->header->strings, parser->text->str);
    return true;
}

static bool parse_module(struct parser *parser)
{
    struct json_pull *json = &parser->json;
    struct trace_module module = { .build_id = "" };

    json_enter_object(json);
    while (json_next_key(json, parser->key)) {
        if (strcmp(parser->key->str, "path") == 0) {
            parse_text(parser, &module.path);
        } else if (strcmp(parser->key->str, "build_id") == 0) {
            parse_text(parser, &module.build_id);
        } else {
            json_skip(json);
        }
    }
    if (json->problem != NULL || module.path == NULL) {
        return json_fail(json, "a module has no path");
    }
    g_array_append_val(parser->header->modules, module);
    return true;
}

static bool parse_list(struct parser *parser, bool (*parse_one)(struct parser *parser))
{
    json_enter_array(&parser->json);
    while (json_next_element(&parser->json) && parse_one(parser)) {
    }
    return parser->json.problem == NULL;
}

static bool parse_header(struct parser *parser)
{
    struct json_pull *json = &parser->json;

    json_enter_object(json);
    while (json_next_key(json, parser->key)) {
        if (strcmp(parser->key->str, "events") == 0) {
            parse_list(parser, parse_event);
        } else if (strcmp(parser->key->str, "modules") == 0) {
            parse_list(parser, parse_module);
        } else if (strcmp(parser->key->str, "program") == 0) {
            parse_text(parser, &parser->header->program);
        } else if (strcmp(parser->key->str, "build_id") == 0) {
            parse_text(parser, &parser->header->build_id);
        } else {
            json_skip(json);
        }
    }
    return json_finish(json);
}

struct rpt_header *rpt_header_parse(const char *text, size_t length, GError **error)
{
    struct rpt_header *header = g_new0(struct rpt_header, 1);
    struct parser parser = { .header = header,
                             .key = g_string_new(NULL),
                             .text = g_string_new(NULL) };

    header->strings = g_string_chunk_new(4096);
    header->events = g_array_new(FALSE, FALSE, sizeof(struct rpt_event));
    header->fields = g_array_new(FALSE, FALSE, sizeof(struct field_decl));
    header->modules = g_array_new(FALSE, FALSE, sizeof(struct trace_module));
    header->event_of_id = g_new0(uint32_t, EVENT_IDS);
    json_pull_init(&parser.json, text, length);
    if (!parse_header(&parser)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_CORRUPT, "its header can't be read: %s",
                    parser.json.problem);
        rpt_header_destroy(header);
        header = NULL;
    }
    g_string_free(parser.key, TRUE);
    g_string_free(parser.text, TRUE);
    return header;
}

void rpt_header_destroy(struct rpt_header *header)
{
    if (header == NULL) {
        return;
    }
    g_string_chunk_free(header->strings);
    g_array_unref(header->events);
    g_array_unref(header->fields);
    g_array_unref(header->modules);
    g_free(header->event_of_id);
    g_free(header);
}

const struct rpt_event *rpt_header_event(const struct rpt_header *header, uint16_t id)
{
    uint32_t index = header->event_of_id[id];

    return index == 0 ? NULL : &g_array_index(header->events, struct rpt_event, index - 1);
}
