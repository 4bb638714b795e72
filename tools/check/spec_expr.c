/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spec_expr.c - parses expressions: or, and, not, comparisons, + - &, from loose to tight.
 */
#include <string.h>

#include "check/spec_internal.h"

#define NESTING_MAX 32u

static struct expr *parse_or(struct spec_parser *parser);

static struct expr *expr_new(enum expr_kind kind, struct expr *left, struct expr *right)
{
    struct expr *expr = g_new0(struct expr, 1);

    expr->kind = kind;
    expr->left = left;
    expr->right = right;
    return expr;
}

static struct expr *parse_variable(struct spec_parser *parser)
{
    g_autofree char *name = token_text(&parser->lexer.token);
    struct expr *expr;

    for (guint i = parser->visible->len; i > 0; i--) {
        const struct visible_variable *variable =
            &g_array_index(parser->visible, struct visible_variable, i - 1);

        if (strcmp(variable->name, name) == 0) {
            expr = expr_new(EXPR_VARIABLE, NULL, NULL);
            expr->variable = variable->slot;
            (void)lexer_next(&parser->lexer);
            return expr;
        }
    }
    (void)lexer_fail(&parser->lexer,
                     "$%s has no value here: FIELD=$%s alone, between commas, gives it one", name,
                     name);
    return NULL;
}

static struct expr *parse_constant(struct spec_parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    struct expr *expr = expr_new(EXPR_VALUE, NULL, NULL);
    uint64_t number = 0;

    if (lexer->token.kind == TOKEN_TEXT) {
        char *text = token_text(&lexer->token);

        expr->value = value_text(text, (uint32_t)strlen(text));
    } else if (lexer->token.kind == TOKEN_WORD) {
        expr->value = value_number(lexer_is(lexer, "true"));
    } else if (value_parse_number(lexer->token.at, lexer->token.length, &number)) {
        expr->value = value_number(number);
    } else {
        (void)lexer_fail(lexer, "this is no number (units are ns us ms s K M G T)");
        expr_destroy(expr);
        return NULL;
    }
    (void)lexer_next(lexer);
    return expr;
}

/* What stands behind a minus: a number. */
static struct expr *parse_negative(struct spec_parser *parser)
{
    struct expr *expr = parser->lexer.token.kind == TOKEN_NUMBER ? parse_constant(parser) : NULL;

    if (expr == NULL) {
        (void)lexer_fail(&parser->lexer, "a number was expected behind the minus");
        return NULL;
    }
    expr->value.number = -expr->value.number;
    return expr;
}

static struct expr *parse_parentheses(struct spec_parser *parser)
{
    struct expr *inner;

    if (++parser->depth > NESTING_MAX) {
        (void)lexer_fail(&parser->lexer, "too many parentheses");
        return NULL;
    }
    (void)lexer_next(&parser->lexer);
    inner = parse_or(parser);
    parser->depth--;
    if (inner != NULL && !lexer_expect(&parser->lexer, ")")) {
        expr_destroy(inner);
        return NULL;
    }
    return inner;
}

static struct expr *parse_term(struct spec_parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    struct expr *expr;

    switch (lexer->token.kind) {
    case TOKEN_VARIABLE: return parse_variable(parser);
    case TOKEN_TEXT:
    case TOKEN_NUMBER: return parse_constant(parser);
    case TOKEN_WORD:
        if (lexer_is(lexer, "true") || lexer_is(lexer, "false")) {
            return parse_constant(parser);
        }
        if (memchr(lexer->token.at, '*', lexer->token.length) != NULL ||
            memchr(lexer->token.at, '?', lexer->token.length) != NULL) {
            break; /* a glob is a filter's value, no field */
        }
        expr = expr_new(EXPR_FIELD, NULL, NULL);
        expr->field = token_text(&lexer->token);
        (void)lexer_next(lexer);
        return expr;
    case TOKEN_SIGN:
        if (lexer_is(lexer, "(")) {
            return parse_parentheses(parser);
        }
        break;
    case TOKEN_END: break;
    }
    (void)lexer_fail(lexer, "a field, a $variable, a number or a \"text\" was expected");
    return NULL;
}

/* Joins two; destroys the left side when there is no right one. */
static struct expr *join(enum expr_kind kind, struct expr *left, struct expr *right)
{
    if (right == NULL) {
        expr_destroy(left);
        return NULL;
    }
    return expr_new(kind, left, right);
}

static struct expr *parse_sum(struct spec_parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    struct expr *expr;
    unsigned terms = 0;

    expr = lexer_skip(lexer, "-") ? parse_negative(parser) : parse_term(parser);
    while (expr != NULL) {
        enum expr_kind kind = lexer_is(lexer, "+")   ? EXPR_ADD
                              : lexer_is(lexer, "-") ? EXPR_SUB
                              : lexer_is(lexer, "&") ? EXPR_MASK
                                                     : EXPR_VALUE;

        if (kind == EXPR_VALUE) {
            return expr;
        }
        if (++terms > NESTING_MAX) {
            (void)lexer_fail(lexer, "too many terms");
            break;
        }
        (void)lexer_next(lexer);
        expr = join(kind, expr, parse_term(parser));
    }
    expr_destroy(expr);
    return NULL;
}

/* A bare word alone is a value to a filter, and its meaning depends on the field: not ours. */
static struct expr *parse_right_side(struct spec_parser *parser)
{
    struct expr *expr = parse_sum(parser);

    if (expr != NULL && expr->kind == EXPR_FIELD) {
        expr_destroy(expr);
        return NULL;
    }
    return expr;
}

static struct expr *parse_comparison(struct spec_parser *parser)
{
    static const struct {
        const char *sign;
        enum expr_kind kind;
    } signs[] = {
        { "=", EXPR_EQ },  { "==", EXPR_EQ }, { "!=", EXPR_NE }, { "<", EXPR_LT },
        { "<=", EXPR_LE }, { ">", EXPR_GT },  { ">=", EXPR_GE },
    };
    struct expr *left = parse_sum(parser);

    if (left == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(signs); i++) {
        if (lexer_skip(&parser->lexer, signs[i].sign)) {
            return join(signs[i].kind, left, parse_right_side(parser));
        }
    }
    return left;
}

static struct expr *parse_not(struct spec_parser *parser)
{
    struct expr *inner;

    if (!lexer_skip(&parser->lexer, "not")) {
        return parse_comparison(parser);
    }
    if (++parser->depth > NESTING_MAX) {
        (void)lexer_fail(&parser->lexer, "too much nesting");
        return NULL;
    }
    inner = parse_not(parser);
    parser->depth--;
    return inner == NULL ? NULL : expr_new(EXPR_NOT, inner, NULL);
}

static struct expr *parse_and(struct spec_parser *parser)
{
    struct expr *expr = parse_not(parser);

    for (unsigned i = 0; expr != NULL && i < NESTING_MAX && lexer_skip(&parser->lexer, "and");
         i++) {
        expr = join(EXPR_AND, expr, parse_not(parser));
    }
    return expr;
}

static struct expr *parse_or(struct spec_parser *parser)
{
    struct expr *expr = parse_and(parser);

    for (unsigned i = 0; expr != NULL && i < NESTING_MAX && lexer_skip(&parser->lexer, "or"); i++) {
        expr = join(EXPR_OR, expr, parse_and(parser));
    }
    return expr;
}

struct expr *parse_expression(struct spec_parser *parser)
{
    return parse_sum(parser);
}

/* FIELD=$NAME with a name that has no value yet. */
static bool is_capture(const struct spec_parser *parser)
{
    struct lexer ahead = parser->lexer;
    g_autofree char *name = NULL;

    ahead.error = NULL;
    if (ahead.token.kind != TOKEN_WORD || !lexer_next(&ahead) || !lexer_skip(&ahead, "=") ||
        ahead.token.kind != TOKEN_VARIABLE) {
        return false;
    }
    name = token_text(&ahead.token);
    for (guint i = 0; i < parser->visible->len; i++) {
        if (strcmp(g_array_index(parser->visible, struct visible_variable, i).name, name) == 0) {
            return false;
        }
    }
    return lexer_next(&ahead) && (lexer_is(&ahead, ",") || lexer_is(&ahead, ")"));
}

/* Where the condition ends: at a comma or parenthesis outside of all pairs. */
static const char *condition_end(const char *at)
{
    unsigned depth = 0;
    char quote = '\0', last = '\0';

    for (; *at != '\0'; at++) {
        if (quote != '\0' && *at == '\\' && at[1] != '\0') {
            at++;
        } else if (quote != '\0') {
            quote = *at == quote ? '\0' : quote;
        } else if (*at == '"' || (*at == '/' && last == '~')) {
            quote = *at;
        } else if (depth == 0 && (*at == ',' || *at == ')')) {
            break;
        } else {
            depth += *at == '(';
            depth -= *at == ')';
        }
        last = *at == ' ' ? last : *at;
    }
    return at;
}

struct used_variables {
    const struct spec_parser *parser;
    uint64_t slots;
};

static int find_variable(const char *name, void *opaque)
{
    struct used_variables *used = opaque;

    for (guint i = used->parser->visible->len; i > 0; i--) {
        const struct visible_variable *variable =
            &g_array_index(used->parser->visible, struct visible_variable, i - 1);

        if (strcmp(variable->name, name) == 0) {
            used->slots |= UINT64_C(1) << variable->slot;
            return (int)variable->slot;
        }
    }
    return -1;
}

/* What is neither a sum nor a plain comparison is for tracedump's filters. */
static bool parse_as_filter(struct spec_parser *parser, struct condition *condition,
                            const char *end)
{
    struct lexer *lexer = &parser->lexer;
    struct used_variables used = { .parser = parser };
    struct filter_scope scope = { .variable = find_variable, .opaque = &used, .stateless = true };
    struct filter_problem problem;

    condition->filter = filter_parse(condition->text, &scope, &problem);
    if (condition->filter == NULL) {
        lexer->token.at += problem.at;
        return lexer_fail(lexer, "%s", problem.text);
    }
    condition->used = used.slots;
    lexer->at = end;
    return lexer_next(lexer);
}

static bool parse_condition(struct spec_parser *parser, struct condition *condition)
{
    struct lexer *lexer = &parser->lexer;
    struct lexer before = *lexer;
    const char *end = condition_end(lexer->token.at);
    g_autofree char *name = NULL;

    condition->text = g_strchomp(g_strndup(lexer->token.at, (size_t)(end - lexer->token.at)));
    if (is_capture(parser)) {
        condition->field = parse_term(parser);
        (void)lexer_next(lexer); /* the = */
        name = token_text(&lexer->token);
        return variable_add(parser, name, &condition->variable) && lexer_next(lexer);
    }
    lexer->error = NULL;
    condition->test = parse_or(parser);
    lexer->error = before.error;
    parser->depth = 0;
    if (condition->test != NULL && lexer->token.at == end) {
        return true;
    }
    g_clear_pointer(&condition->test, expr_destroy);
    *lexer = before;
    return parse_as_filter(parser, condition, end);
}

bool parse_conditions(struct spec_parser *parser, GArray *conditions)
{
    do {
        struct condition condition = { 0 };
        bool ok = parse_condition(parser, &condition);

        g_array_append_val(conditions, condition);
        if (!ok) {
            return false;
        }
    } while (lexer_skip(&parser->lexer, ","));
    return true;
}
