/* SPDX-License-Identifier: GPL-2.0-or-later */
/* match.c - evaluates expressions and patterns over one event. */
#include "check/match.h"

#include <fnmatch.h>
#include <string.h>

enum { NAME_UNKNOWN, NAME_MATCHES, NAME_DIFFERS };

static struct check_value field_value(const struct trace_event *event, unsigned index)
{
    const struct field_value *value = &event->values[index];

    switch (event->fields[index].type) {
    case FIELD_STR:
    case FIELD_RAW: return value_text(value->text, value->length);
    case FIELD_I32:
    case FIELD_I64: return value_number((int64_t)value->number);
    case FIELD_U8:
    case FIELD_U16:
    case FIELD_U32:
    case FIELD_U64:
    case FIELD_BOOL:
    case FIELD_X8:
    case FIELD_X16:
    case FIELD_X32:
    case FIELD_X64: break;
    }
    return value_number(value->number);
}

/* What every event has; a field of its own by such a name comes first. */
static struct check_value context_value(const struct trace_event *event, const char *name)
{
    if (strcmp(name, "turn") == 0) {
        return value_number(event->turn);
    }
    if (strcmp(name, "now") == 0) {
        return value_number(event->now_ns);
    }
    if (strcmp(name, "icount") == 0) {
        return value_number(event->icount);
    }
    if (strcmp(name, "seq") == 0) {
        return value_number(event->sequence);
    }
    if (strcmp(name, "vcpu") == 0) {
        return value_number(event->vcpu == EVENT_VCPU_NONE ? -1 : (int)event->vcpu);
    }
    return (struct check_value){ .kind = VALUE_NONE };
}

static struct check_value look_up(const struct trace_event *event, struct expr *expr)
{
    if (expr->hint < event->field_count &&
        strcmp(event->fields[expr->hint].name, expr->field) == 0) {
        return field_value(event, expr->hint);
    }
    for (unsigned i = 0; i < event->field_count; i++) {
        if (strcmp(event->fields[i].name, expr->field) == 0) {
            expr->hint = i;
            return field_value(event, i);
        }
    }
    return context_value(event, expr->field + (expr->field[0] == '.'));
}

static bool order_fits(enum expr_kind kind, int order)
{
    switch (kind) {
    case EXPR_EQ: return order == 0;
    case EXPR_NE: return order != 0;
    case EXPR_LT: return order < 0;
    case EXPR_LE: return order <= 0;
    case EXPR_GT: return order > 0;
    case EXPR_GE: return order >= 0;
    case EXPR_VALUE:
    case EXPR_FIELD:
    case EXPR_VARIABLE:
    case EXPR_NOT:
    case EXPR_AND:
    case EXPR_OR:
    case EXPR_ADD:
    case EXPR_SUB:
    case EXPR_MASK: break;
    }
    return false;
}

static struct check_value compare(const struct match *match, const struct trace_event *event,
                                  const struct expr *expr)
{
    struct check_value left = expr_value(match, event, expr->left);
    struct check_value right = expr_value(match, event, expr->right);
    int order = 0;

    if (value_compare(&left, &right, &order)) {
        return value_number(order_fits(expr->kind, order));
    }
    /* A number is not a text: that much is known. */
    return value_number(expr->kind == EXPR_NE && left.kind != VALUE_NONE &&
                        right.kind != VALUE_NONE);
}

static struct check_value compute(const struct match *match, const struct trace_event *event,
                                  const struct expr *expr)
{
    struct check_value left = expr_value(match, event, expr->left);
    struct check_value right = expr_value(match, event, expr->right);

    if ((left.kind != VALUE_NUMBER && left.kind != VALUE_EITHER) ||
        (right.kind != VALUE_NUMBER && right.kind != VALUE_EITHER)) {
        return (struct check_value){ .kind = VALUE_NONE };
    }
    if (expr->kind == EXPR_ADD) {
        return value_number(left.number + right.number);
    }
    return value_number(expr->kind == EXPR_SUB ? left.number - right.number
                                               : (left.number & right.number));
}

struct check_value expr_value(const struct match *match, const struct trace_event *event,
                              struct expr *expr)
{
    struct check_value value;

    switch (expr->kind) {
    case EXPR_VALUE: return expr->value;
    case EXPR_FIELD: return look_up(event, expr);
    case EXPR_VARIABLE: return match->variables[expr->variable];
    case EXPR_NOT:
        value = expr_value(match, event, expr->left);
        return value_number(!value_is_true(&value));
    case EXPR_AND:
    case EXPR_OR:
        value = expr_value(match, event, expr->left);
        if (value_is_true(&value) == (expr->kind == EXPR_OR)) {
            return value_number(expr->kind == EXPR_OR);
        }
        value = expr_value(match, event, expr->right);
        return value_number(value_is_true(&value));
    case EXPR_EQ:
    case EXPR_NE:
    case EXPR_LT:
    case EXPR_LE:
    case EXPR_GT:
    case EXPR_GE: return compare(match, event, expr);
    case EXPR_ADD:
    case EXPR_SUB:
    case EXPR_MASK: break;
    }
    return compute(match, event, expr);
}

/* False: one of them is a parameter that equals everything, and there is nothing to compare. */
static bool filter_values(const struct match *match, uint64_t used, struct filter_value *values)
{
    for (unsigned i = 0; used >> i != 0; i++) {
        const struct check_value *value = &match->variables[i];

        if ((used >> i & 1) == 0) {
            continue;
        }
        if (value->kind == VALUE_ANY) {
            return false;
        }
        values[i] = (struct filter_value){
            .is_text = value->kind == VALUE_TEXT || value->kind == VALUE_EITHER,
            .is_signed = value->number < 0,
            .number = (uint64_t)value->number,
            .text = value->text,
            .length = value->length,
        };
    }
    return true;
}

static bool filter_holds(const struct match *match, const struct trace_event *event,
                         const struct condition *condition)
{
    struct filter_value values[SPEC_VARIABLES_MAX];

    return !filter_values(match, condition->used, values) ||
           filter_passes_with(condition->filter, event, values);
}

static bool condition_holds(const struct match *match, const struct trace_event *event,
                            const struct condition *condition)
{
    struct check_value value;

    if (condition->filter != NULL) {
        return filter_holds(match, event, condition);
    }
    if (condition->test == NULL) {
        value = look_up(event, condition->field);
        match->variables[condition->variable] = value;
        return value.kind != VALUE_NONE;
    }
    value = expr_value(match, event, condition->test);
    return value_is_true(&value);
}

bool conditions_hold(const struct match *match, const struct trace_event *event, GArray *conditions,
                     struct miss *out_miss)
{
    bool holds = true;

    for (guint i = 0; i < conditions->len; i++) {
        const struct condition *condition = &g_array_index(conditions, struct condition, i);

        if (condition_holds(match, event, condition)) {
            continue;
        }
        holds = false;
        if (out_miss == NULL) {
            return false;
        }
        if (out_miss->failed++ == 0) {
            out_miss->condition = condition;
        }
    }
    return holds;
}

static guint8 judge_name(const struct event_pattern *pattern, const char *name)
{
    for (guint i = 0; i < pattern->names->len; i++) {
        if (fnmatch(pattern->names->pdata[i], name, 0) == 0) {
            return NAME_MATCHES;
        }
    }
    return NAME_DIFFERS;
}

bool pattern_names(struct event_pattern *pattern, const struct event_kind *kind)
{
    GByteArray *verdicts = pattern->verdicts;

    while (verdicts->len <= kind->id) {
        const guint8 unknown = NAME_UNKNOWN;

        g_byte_array_append(verdicts, &unknown, 1);
    }
    if (verdicts->data[kind->id] == NAME_UNKNOWN) {
        verdicts->data[kind->id] = judge_name(pattern, kind->name);
    }
    return verdicts->data[kind->id] == NAME_MATCHES;
}

/* The innermost one around the event that fits. */
static bool has_cause(const struct match *match, struct cause *cause)
{
    for (unsigned i = match->depth; i > 0; i--) {
        const struct open_cause *open = &match->stack[i - 1];

        if (pattern_names(&cause->event, open->kind) &&
            conditions_hold(match, &open->enter.event, cause->event.conditions, NULL)) {
            return true;
        }
    }
    return false;
}

bool pattern_matches(const struct match *match, struct pattern *pattern, struct miss *out_miss)
{
    bool holds;

    if (match->signal != SIGNAL_EVENT || pattern->leave != (match->event->phase == EVENT_LEAVE) ||
        !pattern_names(&pattern->event, match->kind)) {
        return false;
    }
    holds = conditions_hold(match, match->event, pattern->event.conditions, out_miss);
    if (!holds && out_miss == NULL) {
        return false;
    }
    for (guint i = 0; i < pattern->causes->len; i++) {
        struct cause *cause = &g_array_index(pattern->causes, struct cause, i);

        if (has_cause(match, cause) == cause->negated) {
            holds = false;
            if (out_miss != NULL) {
                out_miss->failed++;
            }
        }
    }
    return holds;
}
