/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter_compare.c - an event's value beside the values that a filter names. */
#include <string.h>

#include "tracedump/filter_internal.h"

static const char *const context_names[CONTEXT_COUNT] = {
    [CONTEXT_NONE] = "",         [CONTEXT_EVENT] = "event",   [CONTEXT_PHASE] = "phase",
    [CONTEXT_TURN] = "turn",     [CONTEXT_ICOUNT] = "icount", [CONTEXT_NOW] = "now",
    [CONTEXT_HOST] = "host",     [CONTEXT_VCPU] = "vcpu",     [CONTEXT_SPAN] = "span",
    [CONTEXT_PARENT] = "parent", [CONTEXT_SEQUENCE] = "seq",
};

const char *filter_context_name(enum filter_context context)
{
    return context_names[context];
}

/* * and ? in pattern; anything of any length else. */
static bool glob_matches(const char *pattern, const char *text, size_t length)
{
    const char *end = text + length;
    const char *star = NULL; /* the last one, and where the text was tried behind it */
    const char *tried = NULL;

    while (text < end) {
        if (*pattern == '*') {
            star = pattern++;
            tried = text;
        } else if (*pattern != '\0' && (*pattern == '?' || *pattern == *text)) {
            pattern++, text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++tried;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

static bool text_equals(const struct filter_alternative *wanted, const char *text, size_t length)
{
    if (wanted->is_glob) {
        return glob_matches(wanted->text, text, length);
    }
    return wanted->length == length && (length == 0 || memcmp(wanted->text, text, length) == 0);
}

static bool text_agrees(const struct filter_node *node, const struct filter_alternative *wanted,
                        const char *text, size_t length, const struct filter_value *variables)
{
    if (node->relation == RELATION_MATCHES || node->relation == RELATION_MATCHES_NOT) {
        /* A length of 0 is what GRegex takes for itself when it is below 0 only. */
        return g_regex_match_full(wanted->regex, length == 0 ? "" : text, (gssize)length, 0, 0,
                                  NULL, NULL);
    }
    if (wanted->variable >= 0) {
        const struct filter_value *value = &variables[wanted->variable];

        return value->is_text && value->length == length &&
               (length == 0 || memcmp(value->text, text, length) == 0);
    }
    return text_equals(wanted, text, length);
}

static bool order_agrees(enum filter_relation relation, int order)
{
    switch (relation) {
    case RELATION_EQUAL:
    case RELATION_UNEQUAL: return order == 0; /* the caller turns it round */
    case RELATION_LESS: return order < 0;
    case RELATION_LESS_EQUAL: return order <= 0;
    case RELATION_GREATER: return order > 0;
    case RELATION_GREATER_EQUAL: return order >= 0;
    case RELATION_MATCHES:
    case RELATION_MATCHES_NOT: break;
    }
    return false;
}

static bool number_agrees(const struct filter_node *node, const struct filter_alternative *wanted,
                          uint64_t number, bool is_signed, const struct filter_value *variables)
{
    struct filter_number other = wanted->low;

    if (wanted->is_range) {
        return (!wanted->has_low || filter_compare_number(number, is_signed, &wanted->low) >= 0) &&
               (!wanted->has_high || filter_compare_number(number, is_signed, &wanted->high) <= 0);
    }
    if (wanted->variable >= 0) {
        const struct filter_value *value = &variables[wanted->variable];

        if (value->is_text) {
            return false;
        }
        other.negative = value->is_signed && value->number >> 63 != 0;
        other.magnitude = other.negative ? 0 - value->number : value->number;
    } else if (!wanted->is_number) {
        return false;
    }
    return order_agrees(node->relation, filter_compare_number(number, is_signed, &other));
}

static bool is_negated(const struct filter_node *node)
{
    return node->relation == RELATION_UNEQUAL || node->relation == RELATION_MATCHES_NOT;
}

static bool any_number_agrees(const struct filter_node *node, uint64_t number, bool is_signed,
                              const struct filter_value *variables)
{
    for (guint i = 0; i < node->alternatives->len; i++) {
        if (number_agrees(node, &g_array_index(node->alternatives, struct filter_alternative, i),
                          number, is_signed, variables)) {
            return !is_negated(node);
        }
    }
    return is_negated(node);
}

static bool any_text_agrees(const struct filter_node *node, const char *text, size_t length,
                            const struct filter_value *variables)
{
    for (guint i = 0; i < node->alternatives->len; i++) {
        if (text_agrees(node, &g_array_index(node->alternatives, struct filter_alternative, i),
                        text, length, variables)) {
            return !is_negated(node);
        }
    }
    return is_negated(node);
}

/* "No vCPU" is a number only for = and !=. */
static bool vcpu_agrees(const struct filter_node *node, uint16_t vcpu,
                        const struct filter_value *variables)
{
    bool orders = node->relation != RELATION_EQUAL && node->relation != RELATION_UNEQUAL;

    for (guint i = 0; i < node->alternatives->len; i++) {
        orders |= g_array_index(node->alternatives, struct filter_alternative, i).is_range;
    }
    return (vcpu != EVENT_VCPU_NONE || !orders) && any_number_agrees(node, vcpu, false, variables);
}

bool filter_compare_static(const struct filter_node *node, const struct trace_event *event)
{
    static const char *const phases[] = { "instant", "enter", "leave" };
    const char *text = node->context == CONTEXT_EVENT ? event->name : phases[event->phase];

    return any_text_agrees(node, text, strlen(text), NULL);
}

bool filter_compares(const struct filter_node *node, enum field_type type)
{
    bool is_text = type == FIELD_STR || type == FIELD_RAW;

    switch (node->relation) {
    case RELATION_MATCHES:
    case RELATION_MATCHES_NOT: return is_text;
    case RELATION_LESS:
    case RELATION_LESS_EQUAL:
    case RELATION_GREATER:
    case RELATION_GREATER_EQUAL: return !is_text;
    case RELATION_EQUAL:
    case RELATION_UNEQUAL: break;
    }
    return true;
}

static bool field_agrees(const struct filter_node *node, enum field_type type,
                         const struct field_value *value, const struct filter_value *variables)
{
    switch (type) {
    case FIELD_STR:
    case FIELD_RAW: return any_text_agrees(node, value->text, value->length, variables);
    case FIELD_I32:
    case FIELD_I64: return any_number_agrees(node, value->number, true, variables);
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
    return any_number_agrees(node, value->number, false, variables);
}

bool filter_compare(const struct filter_node *node, const struct trace_event *event, unsigned field,
                    const struct filter_value *variables)
{
    switch (node->context) {
    case CONTEXT_NONE:
        return field_agrees(node, event->fields[field].type, &event->values[field], variables);
    case CONTEXT_EVENT:
    case CONTEXT_PHASE: return filter_compare_static(node, event);
    case CONTEXT_TURN: return any_number_agrees(node, event->turn, false, variables);
    case CONTEXT_ICOUNT: return any_number_agrees(node, event->icount, false, variables);
    case CONTEXT_NOW: return any_number_agrees(node, event->now_ns, false, variables);
    case CONTEXT_HOST: return any_number_agrees(node, event->host_ns, false, variables);
    case CONTEXT_VCPU: return vcpu_agrees(node, event->vcpu, variables);
    case CONTEXT_SPAN: return any_number_agrees(node, event->span, false, variables);
    case CONTEXT_PARENT: return any_number_agrees(node, event->parent, false, variables);
    case CONTEXT_SEQUENCE: return any_number_agrees(node, event->sequence, false, variables);
    case CONTEXT_COUNT: break;
    }
    return false;
}
