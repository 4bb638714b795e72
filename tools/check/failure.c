/* SPDX-License-Identifier: GPL-2.0-or-later */
/* failure.c - says why an instance failed: how far it came, the nearest miss, what is around. */
#include <inttypes.h>
#include <string.h>

#include "check/engine_internal.h"
#include "check/steps_internal.h"
#include "tracedump/print_text.h"

#define EVENT_CHARACTERS_MAX 500u

void check_failure_destroy(struct check_failure *failure)
{
    if (failure == NULL) {
        return;
    }
    for (guint i = 0; i < failure->matched->len; i++) {
        g_free(g_array_index(failure->matched, struct check_mark, i).text);
    }
    g_array_unref(failure->matched);
    g_free(failure->step);
    g_free(failure->why);
    g_free(failure->occasion);
    g_free(failure->event);
    g_free(failure->nearest);
    g_free(failure->difference);
    g_free(failure->chain);
    g_free(failure);
}

static char *event_text(struct engine *engine, const struct trace_event *event)
{
    struct output *scratch = &engine->scratch;
    g_autofree char *bytes = NULL;
    char *text;

    print_event(scratch, event);
    bytes = g_strndup(scratch->data, MIN(scratch->length, EVENT_CHARACTERS_MAX));
    scratch->length = 0;
    text = g_utf8_make_valid(bytes, -1);
    return text;
}

/* A field that traces print in hexadecimal is in it. */
static bool is_hexadecimal(const struct trace_event *event, const struct expr *expr)
{
    if (expr == NULL) {
        return false;
    }
    for (unsigned i = 0; expr->kind == EXPR_FIELD && i < event->field_count; i++) {
        if (strcmp(event->fields[i].name, expr->field) == 0) {
            return event->fields[i].type >= FIELD_X8 && event->fields[i].type <= FIELD_X64;
        }
    }
    return is_hexadecimal(event, expr->left) || is_hexadecimal(event, expr->right);
}

/* "gpa is 0x1000, $base is 0x2000": what went into the expression. */
static void append_operands(GString *to, const struct match *match, const struct trace_event *event,
                            const struct rule *rule, struct expr *expr, bool hex)
{
    struct check_value value;

    if (expr == NULL) {
        return;
    }
    if (expr->kind == EXPR_FIELD || expr->kind == EXPR_VARIABLE) {
        value = expr_value(match, event, expr);
        g_string_append(to, to->len > 0 ? ", " : "");
        if (expr->kind == EXPR_FIELD) {
            g_string_append_printf(to, "%s is ", expr->field);
        } else {
            g_string_append_printf(to, "$%s is ",
                                   (const char *)rule->variables->pdata[expr->variable]);
        }
        if (value.kind == VALUE_NONE) {
            g_string_append(to, "no field of it");
        } else {
            value_print(to, &value, hex);
        }
    }
    append_operands(to, match, event, rule, expr->left, hex);
    append_operands(to, match, event, rule, expr->right, hex);
}

/* The same for a filter, by the names in its text. */
static void append_named_fields(GString *to, const struct trace_event *event, const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

    for (unsigned i = 0; i < event->field_count; i++) {
        struct expr field = { .kind = EXPR_FIELD, .field = (char *)event->fields[i].name };
        const struct match match = { 0 };

        for (const char *at = text; *at != '\0'; at += MAX(strspn(at, letters), 1)) {
            if (strspn(at, letters) == strlen(field.field) && g_str_has_prefix(at, field.field)) {
                append_operands(to, &match, event, NULL, &field, is_hexadecimal(event, &field));
                break;
            }
        }
    }
}

static char *difference_text(const struct instance *instance, const struct condition *condition,
                             const struct trace_event *event)
{
    struct match match = { .variables = instance->variables };
    g_autoptr(GString) operands = g_string_new(NULL);
    struct expr *test;

    if (condition == NULL) {
        return g_strdup("it was not caused as the step says");
    }
    if (condition->filter != NULL) {
        append_named_fields(operands, event, condition->text);
    }
    test = condition->test != NULL ? condition->test : condition->field;
    append_operands(operands, &match, event, instance->rule, test, is_hexadecimal(event, test));
    return g_strdup_printf("wanted %s: %s", condition->text, operands->str);
}

static const char *end_of_scope(const struct engine *engine, const struct instance *instance)
{
    if (engine->ended) {
        return "the trace ended";
    }
    return instance->rule->kind == RULE_WITHIN_EACH ? "the span ended" : "its time was over";
}

static char *limit_text(const struct step *step)
{
    switch (step->limit) {
    case LIMIT_TURN: return g_strdup("not in the same turn");
    case LIMIT_NS: return g_strdup_printf("not within %" PRIu64 " ns", step->limit_amount);
    case LIMIT_INSTRUCTIONS:
        return g_strdup_printf("not within %" PRIu64 " instructions", step->limit_amount);
    case LIMIT_NONE: break;
    }
    return g_strdup("too late");
}

static char *count_text(const struct instance *instance, const struct step *step)
{
    check_number wanted = 0;
    uint64_t count = step_state_of(instance, step)->count;

    if (!guard_count(instance, step, &wanted)) {
        return g_strdup("the count to compare with is no number");
    }
    return g_strdup_printf("it came %" PRIu64 " times, expected were %s%" PRId64, count,
                           step->kind == STEP_AT_LEAST  ? "at least "
                           : step->kind == STEP_AT_MOST ? "at most "
                                                        : "exactly ",
                           (int64_t)wanted);
}

static char *why(const struct engine *engine, const struct instance *instance,
                 const struct fail *fail)
{
    switch (fail->reason) {
    case FAIL_NOT_FOUND:
        return g_strdup_printf("not found before %s", end_of_scope(engine, instance));
    case FAIL_TOO_LATE: return limit_text(fail->step);
    case FAIL_WITHOUT:
        return g_strdup_printf("what it excludes came first (#%" PRIu64 ")", fail->at.sequence);
    case FAIL_FORBIDDEN: return g_strdup_printf("it happened (#%" PRIu64 ")", fail->at.sequence);
    case FAIL_TOO_MANY:
    case FAIL_TOO_FEW: return count_text(instance, fail->step);
    case FAIL_RESULTS:
        return g_strdup(fail->condition == NULL ? "its leave is not in the trace"
                                                : "its leave has other results");
    case FAIL_BRANCHES: return g_strdup("none of its branches was met");
    case FAIL_NONE:
    case FAIL_TOO_MANY_LIVE: break;
    }
    return g_strdup("it failed");
}

static void add_matched(struct check_failure *failure, const struct instance *instance)
{
    const GPtrArray *steps = instance->rule->all_steps;

    for (guint i = 1; i < steps->len; i++) {
        const struct step *step = steps->pdata[i];
        const struct step_state *state = step_state_of(instance, step);
        struct check_mark mark = { .line = step->line, .sequence = state->met.sequence };

        if ((state->status == STATUS_DONE || state->status == STATUS_INSIDE) &&
            step->pattern != NULL && !step_is_guard(step)) {
            mark.text = g_strdup(step->text);
            g_array_append_val(failure->matched, mark);
        }
    }
}

static char *chain_text(const struct engine *engine)
{
    GString *chain = g_string_new(NULL);

    for (unsigned i = 0; i < engine->depth; i++) {
        g_string_append_printf(chain, "%s%s", i > 0 ? " --> " : "", engine->stack[i].kind->name);
    }
    if (engine->match.signal == SIGNAL_EVENT && engine->match.event != NULL) {
        g_string_append_printf(chain, "%s%s", chain->len > 0 ? " --> " : "",
                               engine->match.event->name);
    }
    return g_string_free(chain, FALSE);
}

static void add_nearest(struct engine *engine, struct check_failure *failure,
                        const struct instance *instance, const struct step *step);

static void add_near_event(struct engine *engine, struct check_failure *failure,
                           const struct instance *instance, const struct step_state *state)
{
    g_autofree char *text = NULL;

    if (state->near.failed > 0) {
        text = event_text(engine, &state->near.event.event);
        failure->nearest =
            g_strdup_printf("#%" PRIu64 " %s", state->near.event.event.sequence, text);
        failure->difference =
            difference_text(instance, state->near.condition, &state->near.event.event);
    }
}

/* The innermost step that failed in the last span that was tried, and what came closest to it. */
static void add_attempt(struct engine *engine, struct check_failure *failure,
                        const struct instance *instance, const struct step *step)
{
    const struct fail *attempt = &step_state_of(instance, step)->attempt;
    const struct step *inner = attempt->step;
    struct check_failure miss = { 0 };
    g_autofree char *text = NULL;

    while (inner != step && step_state_of(instance, inner)->attempt.reason != FAIL_NONE) {
        step = inner;
        attempt = &step_state_of(instance, inner)->attempt;
        inner = attempt->step;
    }
    text = why(engine, instance, attempt);
    failure->nearest = g_strdup_printf("line %u: %s: %s", inner->line, inner->text, text);
    if (inner != step) {
        add_nearest(engine, &miss, instance, inner);
    } else if (attempt->reason == FAIL_RESULTS) {
        add_near_event(engine, &miss, instance, step_state_of(instance, step));
    }
    if (miss.nearest != NULL) {
        failure->difference =
            g_strconcat(miss.nearest, miss.difference != NULL ? "; " : NULL, miss.difference, NULL);
    }
    g_free(miss.nearest);
    g_free(miss.difference);
}

/* The nearest miss of a step: an event, or what went wrong in the last span that a within tried. */
static void add_nearest(struct engine *engine, struct check_failure *failure,
                        const struct instance *instance, const struct step *step)
{
    const struct step_state *state = step_state_of(instance, step);

    if (step->kind == STEP_WITHIN && state->attempt.reason != FAIL_NONE) {
        add_attempt(engine, failure, instance, step);
        return;
    }
    add_near_event(engine, failure, instance, state);
    for (guint i = 0; i < step->steps->len && failure->nearest == NULL; i++) {
        add_nearest(engine, failure, instance, step->steps->pdata[i]);
    }
}

struct check_failure *failure_create(struct engine *engine, const struct instance *instance)
{
    struct check_failure *failure = g_new0(struct check_failure, 1);
    const struct fail *fail = &instance->fail;
    const struct rule *rule = instance->rule;

    failure->rule = rule;
    failure->line = fail->step->line != 0 ? fail->step->line : rule->header_line;
    failure->step = g_strdup(fail->step->line != 0 ? fail->step->text : rule->header);
    failure->reason = fail->reason;
    failure->why = why(engine, instance, fail);
    failure->matched = g_array_new(FALSE, TRUE, sizeof(struct check_mark));
    if (rule->trigger != NULL) {
        failure->occasion = event_text(engine, &instance->trigger.event);
        failure->begun = moment_of(&instance->trigger.event);
    }
    failure->at = fail->at;
    if (engine->match.signal == SIGNAL_EVENT && engine->match.event != NULL) {
        failure->event = event_text(engine, engine->match.event);
    }
    add_matched(failure, instance);
    add_nearest(engine, failure, instance, fail->step);
    failure->early = step_state_of(instance, fail->step)->early;
    failure->chain = chain_text(engine);
    return failure;
}
