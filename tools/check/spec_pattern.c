/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec_pattern.c - parses which events a step means. */
#include <string.h>

#include "check/spec_internal.h"

bool variable_add(struct spec_parser *parser, const char *name, unsigned *out_slot)
{
    struct visible_variable variable = { .slot = parser->rule->variables->len };

    if (variable.slot == SPEC_VARIABLES_MAX) {
        return lexer_fail(&parser->lexer, "a rule has at most %u variables", SPEC_VARIABLES_MAX);
    }
    variable.name = g_strdup(name);
    g_ptr_array_add(parser->rule->variables, (char *)variable.name);
    g_array_append_val(parser->visible, variable);
    *out_slot = variable.slot;
    return true;
}

static bool parse_event(struct spec_parser *parser, struct event_pattern *event)
{
    struct lexer *lexer = &parser->lexer;

    event->names = g_ptr_array_new_with_free_func(g_free);
    event->conditions = conditions_create();
    event->verdicts = g_byte_array_new();
    do {
        if (lexer->token.kind != TOKEN_WORD) {
            return lexer_fail(lexer, "the name of an event was expected");
        }
        g_ptr_array_add(event->names, token_text(&lexer->token));
        if (!lexer_next(lexer)) {
            return false;
        }
    } while (lexer_skip(lexer, "|"));
    if (!lexer_skip(lexer, "(")) {
        return true;
    }
    return lexer_skip(lexer, ")") ||
           (parse_conditions(parser, event->conditions) && lexer_expect(lexer, ")"));
}

static bool parse_cause(struct spec_parser *parser, struct pattern *pattern, bool negated)
{
    struct cause cause = { .negated = negated };
    guint visible = parser->visible->len;
    bool ok = parse_event(parser, &cause.event);

    g_array_append_val(pattern->causes, cause);
    if (negated) {
        g_array_set_size(parser->visible, visible);
    }
    return ok;
}

struct pattern *parse_pattern(struct spec_parser *parser)
{
    struct pattern *pattern = g_new0(struct pattern, 1);
    struct lexer *lexer = &parser->lexer;
    bool ok;

    pattern->causes = g_array_new(FALSE, TRUE, sizeof(struct cause));
    pattern->leave = lexer_skip(lexer, "leave");
    ok = parse_event(parser, &pattern->event);
    while (ok) {
        if (lexer_skip_words(lexer, "caused by")) {
            ok = parse_cause(parser, pattern, false);
        } else if (lexer_skip_words(lexer, "not caused by")) {
            ok = parse_cause(parser, pattern, true);
        } else {
            return pattern;
        }
    }
    pattern_destroy(pattern);
    return NULL;
}

struct pattern *parse_closed_pattern(struct spec_parser *parser)
{
    guint visible = parser->visible->len;
    struct pattern *pattern = parse_pattern(parser);

    g_array_set_size(parser->visible, visible);
    return pattern;
}
