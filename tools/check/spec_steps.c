/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec_steps.c - parses the steps of a rule: blocks by indentation, modifiers below their step. */
#include "check/spec_steps.h"

#include <string.h>

#include "base/error.h"

static bool parse_block(struct spec_parser *parser, struct spec_lines *lines, struct step *into,
                        unsigned depth);

bool parse_results(struct spec_parser *parser, GArray **out_results, const struct pattern *pattern)
{
    struct lexer *lexer = &parser->lexer;

    if (!lexer_skip(lexer, "->")) {
        return true;
    }
    if (pattern->leave) {
        return lexer_fail(lexer, "a leave has its results in its own parentheses");
    }
    *out_results = conditions_create();
    return lexer_expect(lexer, "(") &&
           (lexer_skip(lexer, ")") ||
            (parse_conditions(parser, *out_results) && lexer_expect(lexer, ")")));
}

static bool start_line(struct spec_parser *parser, const struct spec_line *line)
{
    GError **error = parser->lexer.error;

    return lexer_start(&parser->lexer, parser->spec->file, line->text, line->number, error);
}

static struct step *step_new(struct spec_parser *parser, const char *text)
{
    struct step *step = g_new0(struct step, 1);

    step->line = parser->lexer.number;
    step->text = g_strstrip(g_strdup(text));
    step->index = parser->rule->all_steps->len;
    step->steps = g_ptr_array_new_with_free_func((GDestroyNotify)step_destroy);
    g_ptr_array_add(parser->rule->all_steps, step);
    return step;
}

/* "exactly COUNT times": the count is a number or a variable. */
static bool parse_count(struct spec_parser *parser, struct step *step)
{
    step->count = parse_expression(parser);
    return step->count != NULL &&
           (lexer_skip(&parser->lexer, "times") || lexer_expect(&parser->lexer, "time"));
}

static bool parse_kind(struct spec_parser *parser, struct step *step)
{
    static const struct {
        const char *words;
        enum step_kind kind;
    } kinds[] = {
        { "then", STEP_THEN },         { "within", STEP_WITHIN },       { "never", STEP_NEVER },
        { "exactly", STEP_EXACTLY },   { "at least", STEP_AT_LEAST },   { "at most", STEP_AT_MOST },
        { "in order", STEP_IN_ORDER }, { "any order", STEP_ANY_ORDER }, { "one of", STEP_ONE_OF },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (lexer_skip_words(&parser->lexer, kinds[i].words)) {
            step->kind = kinds[i].kind;
            return true;
        }
    }
    return lexer_fail(&parser->lexer,
                      "expected one of: then, within, never, exactly, at least, at most, in order, "
                      "any order, one of, until, unless");
}

static bool is_guard(const struct step *step)
{
    return step->kind == STEP_NEVER || step->kind == STEP_EXACTLY || step->kind == STEP_AT_LEAST ||
           step->kind == STEP_AT_MOST;
}

static bool is_group(const struct step *step)
{
    return step->kind == STEP_IN_ORDER || step->kind == STEP_ANY_ORDER || step->kind == STEP_ONE_OF;
}

/* The step's own line, behind the words that say its kind. */
static bool parse_rest(struct spec_parser *parser, struct step *step)
{
    struct lexer *lexer = &parser->lexer;

    if (is_group(step)) {
        return lexer_expect_end(lexer);
    }
    if (is_guard(step) && step->kind != STEP_NEVER && !parse_count(parser, step)) {
        return false;
    }
    step->pattern = is_guard(step) ? parse_closed_pattern(parser) : parse_pattern(parser);
    if (step->pattern == NULL) {
        return false;
    }
    if (step->kind == STEP_WITHIN) {
        if (step->pattern->leave) {
            return lexer_fail(lexer, "'within' looks into a span from its beginning on");
        }
        return parse_results(parser, &step->results, step->pattern) && lexer_expect_end(lexer);
    }
    return lexer_expect_end(lexer);
}

/* "at most 10 ms later", "at most 1000 instructions later" */
static bool parse_limit(struct spec_parser *parser, struct step *step)
{
    struct lexer *lexer = &parser->lexer;
    g_autofree char *text = token_text(&lexer->token);
    g_autofree char *unit = NULL;
    g_autofree char *whole = NULL;

    if (lexer->token.kind != TOKEN_NUMBER || !lexer_next(lexer)) {
        return lexer_fail(lexer, "a number was expected");
    }
    if (lexer_skip(lexer, "instructions")) {
        step->limit = LIMIT_INSTRUCTIONS;
        whole = g_strdup(text);
    } else {
        unit = lexer_is(lexer, "later") ? g_strdup("") : token_text(&lexer->token);
        step->limit = LIMIT_NS;
        whole = g_strconcat(text, unit, NULL);
        if (*unit != '\0' && !lexer_next(lexer)) {
            return false;
        }
        if (!g_str_has_suffix(whole, "s")) {
            return lexer_fail(lexer, "'instructions' or a unit of time was expected: ns us ms s");
        }
    }
    if (!value_parse_number(whole, strlen(whole), &step->limit_amount)) {
        return lexer_fail(lexer, "'%s' is no limit", whole);
    }
    parser->rule->has_limits = true;
    return lexer_expect(lexer, "later");
}

static bool parse_modifier(struct spec_parser *parser, struct step *step)
{
    struct lexer *lexer = &parser->lexer;

    if (step->kind == STEP_THEN && step->without == NULL && lexer_skip(lexer, "without")) {
        step->without = parse_closed_pattern(parser);
        return step->without != NULL && lexer_expect_end(lexer);
    }
    if (step->kind == STEP_THEN && step->limit == LIMIT_NONE) {
        if (lexer_skip_words(lexer, "in the same turn")) {
            step->limit = LIMIT_TURN;
            parser->rule->has_limits = true;
            return lexer_expect_end(lexer);
        }
        if (lexer_skip_words(lexer, "at most")) {
            return parse_limit(parser, step) && lexer_expect_end(lexer);
        }
    }
    if (is_guard(step) && step->until == NULL && lexer_skip(lexer, "until")) {
        step->until = parse_closed_pattern(parser);
        return step->until != NULL && lexer_expect_end(lexer);
    }
    return lexer_fail(lexer, step->kind == STEP_THEN
                                 ? "below 'then' stand 'without', 'at most ... later' and 'in the "
                                   "same turn', each once"
                                 : "below a guard stands 'until', once");
}

static bool parse_modifiers(struct spec_parser *parser, struct spec_lines *lines, struct step *step,
                            unsigned indent)
{
    while (spec_lines_indent(lines) > indent) {
        if (!start_line(parser, spec_lines_next(lines)) || !parse_modifier(parser, step)) {
            return false;
        }
    }
    return true;
}

/* A branch's captures are its own; those of an any-order block are known once it is through. */
static bool parse_step(struct spec_parser *parser, struct spec_lines *lines, struct step *into,
                       unsigned indent, unsigned depth)
{
    struct step *step;

    if (parser->rule->all_steps->len == SPEC_STEPS_MAX) {
        return lexer_fail(&parser->lexer, "a rule has at most %u steps", SPEC_STEPS_MAX);
    }
    step = step_new(parser, parser->lexer.line);
    g_ptr_array_add(into->steps, step);
    if (!parse_kind(parser, step) || !parse_rest(parser, step)) {
        return false;
    }
    if (!is_group(step) && step->kind != STEP_WITHIN) {
        return parse_modifiers(parser, lines, step, indent);
    }
    if (spec_lines_indent(lines) <= indent) {
        return lexer_fail(&parser->lexer, "indented steps were expected below");
    }
    return parse_block(parser, lines, step, depth + 1);
}

static bool parse_rule_end(struct spec_parser *parser, const struct step *into)
{
    struct lexer *lexer = &parser->lexer;
    struct rule *rule = parser->rule;
    bool dismisses = lexer_is(lexer, "unless");
    struct pattern *pattern;

    if (into != rule->body) {
        return lexer_fail(lexer, "'until' and 'unless' stand directly below the rule");
    }
    (void)lexer_next(lexer);
    if (dismisses && lexer_skip_words(lexer, "the trace ends")) {
        rule->unless_ends = true;
        return lexer_expect_end(lexer);
    }
    pattern = parse_closed_pattern(parser);
    if (pattern == NULL) {
        return false;
    }
    g_ptr_array_add(dismisses ? rule->unless : rule->until, pattern);
    return lexer_expect_end(lexer);
}

static void hide_captures(struct spec_parser *parser, guint visible, GArray *hidden)
{
    if (hidden != NULL && parser->visible->len > visible) {
        g_array_append_vals(hidden,
                            &g_array_index(parser->visible, struct visible_variable, visible),
                            parser->visible->len - visible);
    }
    g_array_set_size(parser->visible, visible);
}

static bool parse_block_lines(struct spec_parser *parser, struct spec_lines *lines,
                              struct step *into, unsigned depth, GArray *hidden)
{
    unsigned indent = spec_lines_indent(lines);
    guint visible = parser->visible->len;

    while (spec_lines_indent(lines) == indent) {
        if (!start_line(parser, spec_lines_next(lines))) {
            return false;
        }
        if (lexer_is(&parser->lexer, "until") || lexer_is(&parser->lexer, "unless")) {
            if (!parse_rule_end(parser, into)) {
                return false;
            }
            continue;
        }
        if (!parse_step(parser, lines, into, indent, depth)) {
            return false;
        }
        if (into->kind == STEP_ONE_OF) {
            hide_captures(parser, visible, NULL);
        } else if (into->kind == STEP_ANY_ORDER) {
            hide_captures(parser, visible, hidden);
        }
    }
    if (spec_lines_indent(lines) > indent) {
        (void)start_line(parser, spec_lines_next(lines));
        return lexer_fail(&parser->lexer, "this line is indented more than its block");
    }
    return parser->lexer.error == NULL || *parser->lexer.error == NULL;
}

static bool parse_block(struct spec_parser *parser, struct spec_lines *lines, struct step *into,
                        unsigned depth)
{
    g_autoptr(GArray) hidden = g_array_new(FALSE, FALSE, sizeof(struct visible_variable));

    if (depth > SPEC_DEPTH_MAX) {
        return lexer_fail(&parser->lexer, "blocks are nested too deep");
    }
    if (!parse_block_lines(parser, lines, into, depth, hidden)) {
        return false;
    }
    if (hidden->len > 0) {
        g_array_append_vals(parser->visible, hidden->data, hidden->len);
    }
    if (into->steps->len == 0) {
        return lexer_fail(&parser->lexer, "at least one step was expected in the block");
    }
    return true;
}

bool parse_body(struct spec_parser *parser, struct spec_lines *lines)
{
    struct step *body = step_new(parser, "");

    body->kind = STEP_IN_ORDER;
    parser->rule->body = body;
    return parse_block(parser, lines, body, 1);
}
