/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec_parse.c - parses an expectation's head and the lines of its rules that are not indented. */
#include <string.h>

#include "base/error.h"
#include "check/spec_steps.h"

static void split_lines(struct spec_lines *lines, const char *text)
{
    g_auto(GStrv) list = g_strsplit(text, "\n", (gint)SPEC_LINES_MAX);

    lines->items = g_array_new(FALSE, FALSE, sizeof(struct spec_line));
    lines->texts = g_string_chunk_new(4096);
    for (unsigned i = 0; list[i] != NULL; i++) {
        const char *start = list[i] + strspn(list[i], " ");
        struct spec_line line = { .indent = (unsigned)(start - list[i]), .number = i + 1 };

        g_strchomp(list[i]);
        if (*start != '\0' && *start != '#') {
            line.text = g_string_chunk_insert(lines->texts, list[i]);
            g_array_append_val(lines->items, line);
        }
    }
}

/* NAME[, NAME]... as globs. */
static bool parse_needs(struct lexer *lexer, GPtrArray *needs)
{
    do {
        if (lexer->token.kind != TOKEN_WORD) {
            return lexer_fail(lexer, "the name of an event was expected");
        }
        g_ptr_array_add(needs, token_text(&lexer->token));
        if (!lexer_next(lexer)) {
            return false;
        }
    } while (lexer_skip(lexer, ","));
    return lexer_expect_end(lexer);
}

static bool parse_name(struct spec_parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    struct spec *spec = parser->spec;

    if (spec->name != NULL) {
        return lexer_fail(lexer, "the expectation has its name already");
    }
    if (lexer->token.kind != TOKEN_WORD) {
        return lexer_fail(lexer, "the expectation's name was expected");
    }
    spec->name = token_text(&lexer->token);
    if (!lexer_next(lexer)) {
        return false;
    }
    /* The title is prose: the lexer has no say in it. */
    if (!lexer_is(lexer, ":")) {
        return lexer_expect_end(lexer);
    }
    spec->title = g_strstrip(g_strdup(lexer->at));
    return true;
}

static bool parse_param(struct spec_parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    struct spec_param param = { .line = lexer->number };
    g_autofree char *value = NULL;

    if (parser->spec->rules->len > 0) {
        return lexer_fail(lexer, "parameters stand before the first rule");
    }
    if (lexer->token.kind != TOKEN_WORD ||
        lexer->token.length != strspn(lexer->token.at, "abcdefghijklmnopqrstuvwxyz"
                                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")) {
        return lexer_fail(lexer, "a parameter's name was expected: letters, digits and _");
    }
    if (parser->spec->params->len == SPEC_VARIABLES_MAX / 2) {
        return lexer_fail(lexer, "at most %u parameters", SPEC_VARIABLES_MAX / 2);
    }
    param.name = token_text(&lexer->token);
    g_array_append_val(parser->spec->params, param);
    if (!lexer_next(lexer) || !lexer_skip(lexer, "=")) {
        return lexer_expect_end(lexer);
    }
    if (lexer->token.kind == TOKEN_END || lexer->token.kind == TOKEN_SIGN) {
        return lexer_fail(lexer, "a value was expected: a number, a \"text\", a word or *");
    }
    value = token_text(&lexer->token);
    return spec_set(parser->spec, param.name, value) && lexer_next(lexer) &&
           lexer_expect_end(lexer);
}

/* A new rule, in which the parameters have their values. */
static void begin_rule(struct spec_parser *parser)
{
    struct rule *rule = g_new0(struct rule, 1);

    rule->spec = parser->spec;
    rule->line = parser->lexer.number;
    rule->until = g_ptr_array_new_with_free_func((GDestroyNotify)pattern_destroy);
    rule->unless = g_ptr_array_new_with_free_func((GDestroyNotify)pattern_destroy);
    rule->needs = g_ptr_array_new_with_free_func(g_free);
    rule->all_steps = g_ptr_array_new();
    rule->variables = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(parser->spec->rules, rule);
    parser->rule = rule;
    g_array_set_size(parser->visible, 0);
    for (guint i = 0; i < parser->spec->params->len; i++) {
        unsigned slot;

        (void)variable_add(parser, g_array_index(parser->spec->params, struct spec_param, i).name,
                           &slot);
    }
}

static bool parse_rule_name(struct spec_parser *parser)
{
    struct lexer *lexer = &parser->lexer;

    if (lexer->token.kind != TOKEN_TEXT) {
        return lexer_fail(lexer, "the rule's name was expected, in quotes");
    }
    begin_rule(parser);
    parser->rule->name = token_text(&lexer->token);
    return lexer_next(lexer) && lexer_expect_end(lexer);
}

/* "for each PATTERN [-> (...)]", "within each ..." or "in the trace". */
static bool parse_header(struct spec_parser *parser, enum rule_kind kind, const char *text)
{
    struct rule *rule = parser->rule;
    struct lexer *lexer = &parser->lexer;

    if (rule == NULL || rule->header != NULL) {
        return lexer_fail(lexer, "'rule \"NAME\"' was expected before");
    }
    rule->kind = kind;
    rule->header = g_strdup(text);
    rule->header_line = lexer->number;
    if (kind == RULE_IN_TRACE) {
        return lexer_expect_end(lexer);
    }
    rule->trigger = parse_pattern(parser);
    if (rule->trigger == NULL) {
        return false;
    }
    if (rule->trigger->leave && kind == RULE_WITHIN_EACH) {
        return lexer_fail(lexer, "'within each' looks into spans from their beginning on");
    }
    return parse_results(parser, &rule->results, rule->trigger) && lexer_expect_end(lexer);
}

static bool parse_top_line(struct spec_parser *parser, const struct spec_line *line)
{
    struct lexer *lexer = &parser->lexer;

    if (lexer_skip(lexer, "expectation")) {
        return parse_name(parser);
    }
    if (parser->spec->name == NULL) {
        return lexer_fail(lexer, "'expectation NAME' was expected first");
    }
    if (lexer_skip(lexer, "param")) {
        return parse_param(parser);
    }
    if (lexer_skip(lexer, "rule")) {
        if (parser->rule != NULL && parser->rule->body == NULL) {
            return lexer_fail(lexer, "the rule \"%s\" has no steps", parser->rule->name);
        }
        return parse_rule_name(parser);
    }
    if (lexer_skip(lexer, "requires")) {
        return parser->rule == NULL || parser->rule->header != NULL
                   ? lexer_fail(lexer, "'requires' stands between 'rule' and its first line")
                   : parse_needs(lexer, parser->rule->needs);
    }
    if (lexer_skip_words(lexer, "for each")) {
        return parse_header(parser, RULE_FOR_EACH, line->text);
    }
    if (lexer_skip_words(lexer, "within each")) {
        return parse_header(parser, RULE_WITHIN_EACH, line->text);
    }
    if (lexer_skip_words(lexer, "in the trace")) {
        return parse_header(parser, RULE_IN_TRACE, line->text);
    }
    return lexer_fail(lexer, "expected one of: param, rule, requires, for each, within each, in "
                             "the trace");
}

static bool parse_lines(struct spec_parser *parser, struct spec_lines *lines, GError **error)
{
    while (lines->at < lines->items->len) {
        const struct spec_line *line = spec_lines_next(lines);

        if (!lexer_start(&parser->lexer, parser->spec->file, line->text, line->number, error)) {
            return false;
        }
        if (line->indent > 0) {
            if (parser->rule == NULL || parser->rule->header == NULL ||
                parser->rule->body != NULL) {
                return lexer_fail(&parser->lexer, "no indented line is expected here");
            }
            lines->at--;
            if (!parse_body(parser, lines)) {
                return false;
            }
        } else if (!parse_top_line(parser, line) || *error != NULL) {
            return false;
        }
    }
    if (parser->rule == NULL || parser->rule->body == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "%s: %s", parser->spec->file,
                    parser->rule == NULL ? "there is no rule in it" : "its last rule has no steps");
        return false;
    }
    return true;
}

struct spec *spec_parse(const char *file, const char *text, GError **error)
{
    struct spec_parser parser = { .visible =
                                      g_array_new(FALSE, FALSE, sizeof(struct visible_variable)) };
    struct spec_lines lines = { 0 };
    struct spec *spec = g_new0(struct spec, 1);
    GError *failure = NULL;

    spec->file = g_strdup(file);
    spec->params = g_array_new(FALSE, TRUE, sizeof(struct spec_param));
    spec->rules = g_ptr_array_new();
    parser.spec = spec;
    split_lines(&lines, text);
    if (!parse_lines(&parser, &lines, &failure)) {
        g_propagate_error(error, failure);
        g_clear_pointer(&spec, spec_destroy);
    }
    g_array_unref(lines.items);
    g_string_chunk_free(lines.texts);
    g_array_unref(parser.visible);
    return spec;
}
