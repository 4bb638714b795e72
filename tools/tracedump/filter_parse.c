/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter_parse.c - from a filter's text to its tree, by recursive descent.
 *
 *     either  := both {("or" | "||") both}
 *     both    := one {["and" | "&&"] one}
 *     one     := ("not" | "!") one | "(" either ")" | "within" span | "before" moment
 *              | "after" moment | FIELD OPERATOR values | span
 *     span    := GLOBS ["(" [either {"," either}] ")"] | "(" either ")"
 *     moment  := ("turn" | "icount" | "now" | "seq") "=" NUMBER | NUMBER with a unit of time | span
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tracedump/filter_parser.h"

/* Each node takes a few bytes for every shape of event. */
#define NODES_MAX 4096u

static uint32_t parse_either(struct filter_parser *parser);

bool filter_parser_fail(struct filter_parser *parser, size_t at, size_t length, const char *format,
                        ...)
{
    struct filter_problem *problem = parser->problem;
    va_list arguments;

    if (problem->text[0] != '\0') {
        return false; /* the first one counts */
    }
    problem->at = at;
    problem->length = length;
    va_start(arguments, format);
    (void)vsnprintf(problem->text, sizeof(problem->text), format, arguments);
    va_end(arguments);
    return false;
}

static uint32_t fail(struct filter_parser *parser, size_t at, size_t length, const char *text)
{
    (void)filter_parser_fail(parser, at, length, "%s", text);
    return NODE_MISSING;
}

void filter_parser_skip_space(struct filter_parser *parser)
{
    while (parser->at < parser->length && g_ascii_isspace(parser->text[parser->at])) {
        parser->at++;
    }
}

char filter_parser_peek(const struct filter_parser *parser, size_t ahead)
{
    return parser->at + ahead < parser->length ? parser->text[parser->at + ahead] : '\0';
}

static bool take_character(struct filter_parser *parser, char character)
{
    filter_parser_skip_space(parser);
    if (filter_parser_peek(parser, 0) != character) {
        return false;
    }
    parser->at++;
    return true;
}

static size_t word_length(const struct filter_parser *parser)
{
    size_t length = 0;

    while (parser->at + length < parser->length) {
        char character = parser->text[parser->at + length];

        if (!g_ascii_isalnum(character) && strchr("_*?.,:-[]", character) == NULL) {
            break;
        }
        length++;
    }
    return length;
}

static bool word_is(const struct filter_parser *parser, const char *word)
{
    size_t length = word_length(parser);

    return length == strlen(word) && memcmp(parser->text + parser->at, word, length) == 0;
}

static bool take_word(struct filter_parser *parser, const char *word)
{
    filter_parser_skip_space(parser);
    if (!word_is(parser, word)) {
        return false;
    }
    parser->at += strlen(word);
    return true;
}

static bool take_sign(struct filter_parser *parser, const char *sign)
{
    filter_parser_skip_space(parser);
    if (filter_parser_peek(parser, 0) != sign[0] || filter_parser_peek(parser, 1) != sign[1]) {
        return false;
    }
    parser->at += 2;
    return true;
}

/* ---- nodes ---- */

static uint32_t add_node(struct filter_parser *parser, const struct filter_node *node)
{
    GArray *nodes = parser->filter->nodes;

    g_array_append_vals(nodes, node, 1);
    if (nodes->len > NODES_MAX) {
        return fail(parser, parser->at, 0, "the filter has too many conditions");
    }
    return nodes->len - 1;
}

static uint32_t add_pair(struct filter_parser *parser, enum filter_node_kind kind, uint32_t left,
                         uint32_t right)
{
    const struct filter_node node = { .kind = kind, .left = left, .right = right };

    return left == NODE_MISSING || right == NODE_MISSING ? NODE_MISSING : add_node(parser, &node);
}

static uint32_t add_tracker(struct filter_parser *parser, enum filter_node_kind kind,
                            uint32_t pattern)
{
    const struct filter_node node = { .kind = kind, .left = pattern };
    uint32_t index = pattern == NODE_MISSING ? NODE_MISSING : add_node(parser, &node);

    if (index != NODE_MISSING) {
        g_array_append_val(parser->filter->trackers, index);
    }
    return index;
}

/* ---- names and comparisons ---- */

static enum filter_context context_of(const char *name, size_t length)
{
    enum filter_context context = CONTEXT_EVENT;

    while (context < CONTEXT_COUNT && (strlen(filter_context_name(context)) != length ||
                                       memcmp(filter_context_name(context), name, length) != 0)) {
        context++;
    }
    return context == CONTEXT_COUNT ? CONTEXT_NONE : context;
}

static bool is_field_name(const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!g_ascii_isalnum(name[i]) && name[i] != '_' && (i != 0 || name[i] != '.')) {
            return false;
        }
    }
    return length > 1 || (length == 1 && *name != '.');
}

static uint32_t parse_comparison(struct filter_parser *parser, size_t at, size_t length)
{
    struct filter_node node = { .kind = NODE_COMPARE, .context = CONTEXT_NONE };
    const char *name = parser->text + at;
    uint32_t index;
    bool parsed;

    if (!is_field_name(name, length)) {
        return fail(parser, at, length, "this is not the name of a field");
    }
    node.context = context_of(name, length);
    /* .turn is an event's own field, turn is the turn it happened in. */
    node.field = *name == '.' ? g_strndup(name + 1, length - 1) : g_strndup(name, length);
    node.alternatives = filter_alternatives_new();
    parsed = filter_parse_values(parser, &node);
    index = add_node(parser, &node);
    return parsed ? index : NODE_MISSING;
}

static bool add_globs(struct filter_parser *parser, size_t at, size_t length, GPtrArray *globs)
{
    g_autofree char *list = g_strndup(parser->text + at, length);
    g_auto(GStrv) parts = g_strsplit(list, ",", -1);
    struct filter_number number;

    if (filter_parse_number(parser->text + at, length, &number)) {
        return filter_parser_fail(parser, at, length,
                                  "a number is no event: expected FIELD=VALUE, such as turn=%.*s",
                                  (int)MIN(length, 20), parser->text + at);
    }
    for (char **part = parts; *part != NULL; part++) {
        if (**part == '\0') {
            return filter_parser_fail(parser, at, length, "an event's name is empty");
        }
        g_ptr_array_add(globs, g_strdup(*part));
    }
    return true;
}

static uint32_t parse_arguments(struct filter_parser *parser, uint32_t name)
{
    size_t open = parser->at++;
    uint32_t index = name;

    if (take_character(parser, ')')) {
        return index;
    }
    do {
        index = add_pair(parser, NODE_AND, index, parse_either(parser));
    } while (index != NODE_MISSING && take_character(parser, ','));
    if (index != NODE_MISSING && !take_character(parser, ')')) {
        filter_parser_skip_space(parser);
        return parser->at < parser->length
                   ? fail(parser, parser->at, 0, "expected ',' or ')'")
                   : fail(parser, open, 1, "this parenthesis is never closed");
    }
    return index;
}

static uint32_t parse_name(struct filter_parser *parser, size_t at, size_t length)
{
    struct filter_node node = { .kind = NODE_NAME,
                                .globs = g_ptr_array_new_with_free_func(g_free) };
    uint32_t index = add_node(parser, &node);

    if (!add_globs(parser, at, length, node.globs)) {
        return NODE_MISSING;
    }
    return filter_parser_peek(parser, 0) == '(' ? parse_arguments(parser, index) : index;
}

static uint32_t parse_word(struct filter_parser *parser, bool comparisons)
{
    static const char *const keywords[] = { "and", "or", "not", "within", "before", "after" };
    size_t at = parser->at, length = word_length(parser);

    if (length == 0) {
        return at == parser->length
                   ? fail(parser, at, 0, "expected a condition, the filter ends here")
                   : fail(parser, at, 1, "expected an event's name or FIELD=VALUE");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(keywords); i++) {
        if (word_is(parser, keywords[i])) {
            (void)filter_parser_fail(parser, at, length, "expected a condition in front of '%s'",
                                     keywords[i]);
            return NODE_MISSING;
        }
    }
    parser->at += length;
    if (comparisons && filter_parser_sees_operator(parser)) {
        return parse_comparison(parser, at, length);
    }
    return parse_name(parser, at, length);
}

static uint32_t parse_parenthesis(struct filter_parser *parser)
{
    size_t open = parser->at - 1;
    uint32_t index = parse_either(parser);

    if (index != NODE_MISSING && !take_character(parser, ')')) {
        filter_parser_skip_space(parser);
        return parser->at < parser->length
                   ? fail(parser, parser->at, 0, "expected 'and', 'or' or ')'")
                   : fail(parser, open, 1, "this parenthesis is never closed");
    }
    return index;
}

static uint32_t parse_span(struct filter_parser *parser)
{
    return take_character(parser, '(') ? parse_parenthesis(parser) : parse_word(parser, false);
}

/* ---- moments ---- */

static enum filter_relation moment_relation(enum filter_node_kind kind)
{
    switch (kind) {
    case NODE_FROM: return RELATION_GREATER_EQUAL;
    case NODE_TO: return RELATION_LESS_EQUAL;
    case NODE_BEFORE: return RELATION_LESS;
    case NODE_AFTER:
    case NODE_AND:
    case NODE_OR:
    case NODE_NOT:
    case NODE_NAME:
    case NODE_COMPARE:
    case NODE_WITHIN: break;
    }
    return RELATION_GREATER;
}

static uint32_t add_moment(struct filter_parser *parser, enum filter_node_kind kind,
                           enum filter_context context, const struct filter_number *number)
{
    struct filter_alternative value = { .is_number = true, .low = *number, .variable = -1 };
    struct filter_node node = { .kind = NODE_COMPARE, .context = context };

    node.relation = moment_relation(kind);
    node.ends = kind == NODE_BEFORE || kind == NODE_TO;
    node.passed = node.ends;
    node.alternatives = filter_alternatives_new();
    g_array_append_val(node.alternatives, value);
    return add_node(parser, &node);
}

static bool is_clock(enum filter_context context)
{
    return context == CONTEXT_TURN || context == CONTEXT_ICOUNT || context == CONTEXT_NOW ||
           context == CONTEXT_SEQUENCE;
}

/* Takes a moment that is a number; false: none is here, and the text stays where it is. */
static bool parse_clock(struct filter_parser *parser, enum filter_node_kind kind,
                        uint32_t *out_index)
{
    struct filter_number number;
    enum filter_context context = CONTEXT_NOW;
    size_t start = parser->at, length;

    filter_parser_skip_space(parser);
    length = word_length(parser);
    if (filter_parse_number(parser->text + parser->at, length, &number) && number.is_time) {
        parser->at += length;
        *out_index = add_moment(parser, kind, context, &number);
        return true;
    }
    context = context_of(parser->text + parser->at, length);
    parser->at += length;
    if (is_clock(context) && take_character(parser, '=')) {
        (void)take_character(parser, '=');
        filter_parser_skip_space(parser);
        length = word_length(parser);
        if (filter_parse_number(parser->text + parser->at, length, &number)) {
            parser->at += length;
            *out_index = add_moment(parser, kind, context, &number);
            return true;
        }
    }
    parser->at = start;
    return false;
}

static uint32_t parse_moment(struct filter_parser *parser, enum filter_node_kind kind)
{
    uint32_t index;

    if (parse_clock(parser, kind, &index)) {
        return index;
    }
    return add_tracker(parser, kind, parse_span(parser));
}

/* ---- the rest ---- */

static uint32_t parse_stateful(struct filter_parser *parser)
{
    size_t at = parser->at, length = word_length(parser);
    bool refused = parser->scope != NULL && parser->scope->stateless;

    if (!word_is(parser, "within") && !word_is(parser, "before") && !word_is(parser, "after")) {
        return parse_word(parser, true);
    }
    if (refused) {
        return fail(parser, at, length, "within, before and after have no place here");
    }
    if (take_word(parser, "within")) {
        return add_tracker(parser, NODE_WITHIN, parse_span(parser));
    }
    return take_word(parser, "before")  ? parse_moment(parser, NODE_BEFORE)
           : take_word(parser, "after") ? parse_moment(parser, NODE_AFTER)
                                        : NODE_MISSING;
}

static bool sees_not(const struct filter_parser *parser)
{
    return filter_parser_peek(parser, 0) == '!' && filter_parser_peek(parser, 1) != '=' &&
           filter_parser_peek(parser, 1) != '~';
}

static uint32_t parse_one(struct filter_parser *parser)
{
    uint32_t index;

    filter_parser_skip_space(parser);
    if (parser->depth == FILTER_DEPTH_MAX) {
        return fail(parser, parser->at, 0, "the filter is nested too deeply");
    }
    parser->depth++;
    if (sees_not(parser)) {
        parser->at++;
        index = parse_one(parser);
        index = add_pair(parser, NODE_NOT, index, index);
    } else if (take_word(parser, "not")) {
        index = parse_one(parser);
        index = add_pair(parser, NODE_NOT, index, index);
    } else if (take_character(parser, '(')) {
        index = parse_parenthesis(parser);
    } else {
        index = parse_stateful(parser);
    }
    parser->depth--;
    return index;
}

static bool sees_end_of_both(struct filter_parser *parser)
{
    char next;

    filter_parser_skip_space(parser);
    next = filter_parser_peek(parser, 0);
    return next == '\0' || next == ')' || next == ',' || next == '|' || word_is(parser, "or");
}

static uint32_t parse_both(struct filter_parser *parser)
{
    uint32_t index = parse_one(parser);

    while (index != NODE_MISSING && !sees_end_of_both(parser)) {
        if (!take_word(parser, "and")) {
            (void)take_sign(parser, "&&");
        }
        index = add_pair(parser, NODE_AND, index, parse_one(parser));
    }
    return index;
}

static uint32_t parse_either(struct filter_parser *parser)
{
    uint32_t index = parse_both(parser);

    while (index != NODE_MISSING && (take_word(parser, "or") || take_sign(parser, "||"))) {
        index = add_pair(parser, NODE_OR, index, parse_both(parser));
    }
    return index;
}

static uint32_t parse_to_end(struct filter_parser *parser)
{
    uint32_t index = parse_either(parser);

    filter_parser_skip_space(parser);
    if (index != NODE_MISSING && parser->at < parser->length) {
        return fail(parser, parser->at, 1, "expected 'and', 'or' or the end of the filter");
    }
    return index;
}

static struct filter *finish(struct filter_parser *parser, uint32_t root)
{
    if (root == NODE_MISSING || parser->problem->text[0] != '\0') {
        filter_destroy(parser->filter);
        return NULL;
    }
    parser->filter->root = root;
    return parser->filter;
}

static void start(struct filter_parser *parser, const char *text, const struct filter_scope *scope,
                  struct filter_problem *problem)
{
    *parser = (struct filter_parser){
        .text = text,
        .length = strlen(text),
        .scope = scope,
        .filter = filter_new(),
        .problem = problem,
    };
    *problem = (struct filter_problem){ 0 };
    if (parser->length > FILTER_LENGTH_MAX) {
        (void)filter_parser_fail(parser, 0, 0, "the filter is too long");
        parser->length = 0;
    }
}

struct filter *filter_parse(const char *text, const struct filter_scope *scope,
                            struct filter_problem *out_problem)
{
    struct filter_parser parser;

    start(&parser, text, scope, out_problem);
    return finish(&parser, parse_to_end(&parser));
}

struct filter *filter_parse_when(const char *text, enum filter_side side,
                                 const struct filter_scope *scope,
                                 struct filter_problem *out_problem)
{
    static const enum filter_node_kind kinds[] = { NODE_FROM, NODE_TO, NODE_BEFORE, NODE_AFTER };
    struct filter_parser parser;
    uint32_t index;

    start(&parser, text, scope, out_problem);
    if (parse_clock(&parser, kinds[side], &index)) {
        filter_parser_skip_space(&parser);
        if (parser.at == parser.length) {
            return finish(&parser, index);
        }
        g_array_set_size(parser.filter->nodes, 0); /* turn=12 device=dimm0 means an event. */
        parser.at = 0;
    }
    return finish(&parser, add_tracker(&parser, kinds[side], parse_to_end(&parser)));
}

char *filter_problem_describe(const struct filter_problem *problem, const char *text)
{
    size_t length = strlen(text), at = MIN(problem->at, length);
    g_autoptr(GString) line = g_string_new(problem->text);
    size_t marked = MIN(problem->length, length - at);

    g_string_append(line, "\n  ");
    for (size_t i = 0; i < length; i++) {
        g_string_append_c(line, g_ascii_iscntrl(text[i]) ? ' ' : text[i]);
    }
    g_string_append(line, "\n  ");
    for (size_t i = 0; i < at; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80) { /* one column a character */
            g_string_append_c(line, ' ');
        }
    }
    g_string_append_c(line, '^');
    for (size_t i = 1; i < marked; i++) {
        if (((unsigned char)text[at + i] & 0xc0) != 0x80) {
            g_string_append_c(line, '~');
        }
    }
    return g_string_free(g_steal_pointer(&line), FALSE);
}
