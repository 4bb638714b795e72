/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter_parse_values.c - the right side of a comparison: =dimm0, >=1.5s, =0..3|7, ~/^kvm_/i. */
#include <stdio.h>
#include <string.h>

#include "tracedump/filter_parser.h"

#define ERRNO_MAX 4095

static const struct {
    const char *sign;
    enum filter_relation relation;
} signs[] = {
    { "==", RELATION_EQUAL },       { "=~", RELATION_MATCHES },    { "!=", RELATION_UNEQUAL },
    { "!~", RELATION_MATCHES_NOT }, { "<=", RELATION_LESS_EQUAL }, { ">=", RELATION_GREATER_EQUAL },
    { "=", RELATION_EQUAL },        { "~", RELATION_MATCHES },     { "<", RELATION_LESS },
    { ">", RELATION_GREATER },
};

static size_t relation_at(const struct filter_parser *parser, size_t ahead,
                          enum filter_relation *out_relation)
{
    for (size_t i = 0; i < G_N_ELEMENTS(signs); i++) {
        size_t length = strlen(signs[i].sign);

        if (filter_parser_peek(parser, ahead) == signs[i].sign[0] &&
            (length == 1 || filter_parser_peek(parser, ahead + 1) == signs[i].sign[1])) {
            *out_relation = signs[i].relation;
            return length;
        }
    }
    return 0;
}

bool filter_parser_sees_operator(const struct filter_parser *parser)
{
    enum filter_relation relation;
    size_t ahead = 0;

    while (g_ascii_isspace(filter_parser_peek(parser, ahead))) {
        ahead++;
    }
    return relation_at(parser, ahead, &relation) > 0;
}

static bool is_match(const struct filter_node *node)
{
    return node->relation == RELATION_MATCHES || node->relation == RELATION_MATCHES_NOT;
}

static bool is_order(const struct filter_node *node)
{
    return !is_match(node) && node->relation != RELATION_EQUAL &&
           node->relation != RELATION_UNEQUAL;
}

/* Up to the closing quote or slash, whose escapes are resolved: \" or \/ and, in quotes, \\ \n \t. */
static bool parse_delimited(struct filter_parser *parser, char end, GString *text)
{
    size_t open = parser->at++;

    for (;;) {
        char character = filter_parser_peek(parser, 0), next = filter_parser_peek(parser, 1);

        if (parser->at >= parser->length) {
            return filter_parser_fail(parser, open, 1, "this %c is never closed", end);
        }
        parser->at++;
        if (character == end) {
            return true;
        }
        if (character == '\\' && parser->at < parser->length && (end == '"' || next == end)) {
            parser->at++;
            character = next == 'n' && end == '"' ? '\n' : next == 't' && end == '"' ? '\t' : next;
        }
        g_string_append_c(text, character);
    }
}

static void parse_bare(struct filter_parser *parser, GString *text)
{
    for (;;) {
        char character = filter_parser_peek(parser, 0);

        if (character == '\0' || g_ascii_isspace(character) || strchr("(),|&\"", character)) {
            return;
        }
        g_string_append_c(text, character);
        parser->at++;
    }
}

static bool parse_variable(struct filter_parser *parser, struct filter_alternative *value)
{
    const struct filter_scope *scope = parser->scope;
    g_autoptr(GString) name = g_string_new(NULL);
    size_t at = parser->at++;

    while (g_ascii_isalnum(filter_parser_peek(parser, 0)) || filter_parser_peek(parser, 0) == '_') {
        g_string_append_c(name, filter_parser_peek(parser, 0));
        parser->at++;
    }
    value->variable =
        scope == NULL || scope->variable == NULL ? -1 : scope->variable(name->str, scope->opaque);
    return value->variable >= 0 ||
           filter_parser_fail(parser, at, parser->at - at, "there is no variable '$%s'", name->str);
}

/* GLib's text is "Error while compiling regular expression 'X' at char N: WHY". */
static const char *regex_problem(const char *message)
{
    const char *place = g_strrstr(message, " at char ");
    const char *why = place == NULL ? NULL : strstr(place, ": ");

    return why == NULL ? message : why + 2;
}

static bool compile(struct filter_parser *parser, size_t at, struct filter_alternative *value,
                    GRegexCompileFlags flags)
{
    g_autoptr(GError) error = NULL;

    value->regex = g_regex_new(value->text, flags | G_REGEX_RAW | G_REGEX_OPTIMIZE, 0, &error);
    return value->regex != NULL ||
           filter_parser_fail(parser, at, parser->at - at, "this is no regular expression: %s",
                              regex_problem(error->message));
}

static bool parse_regex(struct filter_parser *parser, struct filter_alternative *value)
{
    g_autoptr(GString) text = g_string_new(NULL);
    GRegexCompileFlags flags = 0;
    size_t at = parser->at;
    char first = filter_parser_peek(parser, 0);

    if (first == '/' || first == '"') {
        if (!parse_delimited(parser, first, text)) {
            return false;
        }
        if (first == '/' && filter_parser_peek(parser, 0) == 'i') {
            flags = G_REGEX_CASELESS;
            parser->at++;
        }
    } else {
        parse_bare(parser, text);
        if (text->len == 0) {
            return filter_parser_fail(parser, at, 0, "expected a regular expression: /.../");
        }
    }
    value->length = text->len;
    value->text = g_strdup(text->str);
    return compile(parser, at, value, flags);
}

/* Words that stand for numbers: true, false, none (no vCPU), ENOMEM ... */
static bool number_from_word(const char *text, enum filter_context context,
                             struct filter_number *out_number)
{
    *out_number = (struct filter_number){ 0 };
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        out_number->magnitude = *text == 't';
        return true;
    }
    if (context == CONTEXT_VCPU && (strcmp(text, "none") == 0 || strcmp(text, "-") == 0)) {
        out_number->magnitude = EVENT_VCPU_NONE;
        return true;
    }
    for (int error = 1; *text == 'E' && error < ERRNO_MAX; error++) {
        const char *name = strerrorname_np(error);

        if (name != NULL && strcmp(name, text) == 0) {
            out_number->magnitude = (uint64_t)error;
            return true;
        }
    }
    return false;
}

/* LOW..HIGH, LOW.. or ..HIGH */
static void parse_range(struct filter_alternative *value)
{
    const char *dots = strstr(value->text, "..");
    size_t low, high;

    if (dots == NULL) {
        return;
    }
    low = (size_t)(dots - value->text);
    high = value->length - low - 2;
    value->has_low = filter_parse_number(value->text, low, &value->low);
    value->has_high = filter_parse_number(dots + 2, high, &value->high);
    value->is_range = (value->has_low || low == 0) && (value->has_high || high == 0) &&
                      (value->has_low || value->has_high);
}

static bool parse_value(struct filter_parser *parser, const struct filter_node *node,
                        struct filter_alternative *value)
{
    g_autoptr(GString) text = g_string_new(NULL);
    size_t at = parser->at;

    if (filter_parser_peek(parser, 0) == '$') {
        return parse_variable(parser, value);
    }
    if (filter_parser_peek(parser, 0) == '"') {
        if (!parse_delimited(parser, '"', text)) {
            return false;
        }
        value->length = text->len;
        value->text = g_string_free(g_steal_pointer(&text), FALSE);
        return true;
    }
    parse_bare(parser, text);
    if (text->len == 0) {
        return filter_parser_fail(parser, at, 0, "expected a value");
    }
    value->length = text->len;
    value->text = g_string_free(g_steal_pointer(&text), FALSE);
    value->is_glob = strpbrk(value->text, "*?") != NULL;
    value->is_number = filter_parse_number(value->text, value->length, &value->low) ||
                       number_from_word(value->text, node->context, &value->low);
    if (!value->is_number) {
        parse_range(value);
    }
    return true;
}

static bool is_phase(const char *text)
{
    return strcmp(text, "instant") == 0 || strcmp(text, "enter") == 0 || strcmp(text, "leave") == 0;
}

/* What can be known to be wrong without any event. */
static bool check_value(struct filter_parser *parser, const struct filter_node *node,
                        const struct filter_alternative *value, size_t at)
{
    bool is_text = node->context == CONTEXT_EVENT || node->context == CONTEXT_PHASE;
    bool is_number = node->context != CONTEXT_NONE && !is_text;
    size_t length = parser->at - at;

    if (value->variable >= 0) {
        return !is_text || filter_parser_fail(parser, at, length, "%s takes no variable",
                                              filter_context_name(node->context));
    }
    if (node->context == CONTEXT_PHASE && !is_match(node) && !is_phase(value->text)) {
        return filter_parser_fail(parser, at, length, "expected instant, enter or leave");
    }
    if (is_order(node) && !value->is_number) {
        return filter_parser_fail(parser, at, length, "expected a number to compare with");
    }
    if (is_number && !value->is_number && !value->is_range) {
        return filter_parser_fail(parser, at, length, "expected a number or a range of numbers");
    }
    return !value->is_range || !value->has_low || !value->has_high ||
           filter_compare_number(value->low.negative ? 0 - value->low.magnitude
                                                     : value->low.magnitude,
                                 value->low.negative, &value->high) <= 0 ||
           filter_parser_fail(parser, at, length, "the range's end is below its begin");
}

/* Kinds of operators that a context has no use for. */
static bool check_operator(struct filter_parser *parser, const struct filter_node *node, size_t at)
{
    bool is_text = node->context == CONTEXT_EVENT || node->context == CONTEXT_PHASE;
    const char *name = filter_context_name(node->context);

    if (is_order(node) && is_text) {
        return filter_parser_fail(parser, at, parser->at - at, "%s has no order: use = or ~", name);
    }
    if (is_match(node) && node->context != CONTEXT_NONE && !is_text) {
        return filter_parser_fail(parser, at, parser->at - at, "%s is a number: use = or <", name);
    }
    return true;
}

static bool take_bar(struct filter_parser *parser)
{
    size_t at = parser->at;

    filter_parser_skip_space(parser);
    if (filter_parser_peek(parser, 0) == '|' && filter_parser_peek(parser, 1) != '|') {
        parser->at++;
        return true;
    }
    parser->at = at;
    return false;
}

bool filter_parse_values(struct filter_parser *parser, struct filter_node *node)
{
    size_t at;

    filter_parser_skip_space(parser);
    at = parser->at;
    parser->at += relation_at(parser, 0, &node->relation);
    if (!check_operator(parser, node, at)) {
        return false;
    }
    do {
        struct filter_alternative value = { .variable = -1 };
        bool parsed;

        filter_parser_skip_space(parser);
        at = parser->at;
        parsed =
            (is_match(node) ? parse_regex(parser, &value) : parse_value(parser, node, &value)) &&
            check_value(parser, node, &value, at);
        g_array_append_val(node->alternatives, value);
        if (!parsed) {
            return false;
        }
    } while (!is_order(node) && take_bar(parser));
    return true;
}
