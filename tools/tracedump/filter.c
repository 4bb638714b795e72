/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter.c - judges events with a filter's tree.
 *
 * A span that within means is over when an event is met that can't be inside it (see nesting.c), so
 * a filter needs to see neither its leave nor what the filter ignores. Spans of one pattern nest,
 * so the outermost one is all that has to be kept.
 */
#include "tracedump/filter.h"

#include <fnmatch.h>
#include <string.h>

#include "tracedump/filter_internal.h"

static guint shape_hash(gconstpointer key)
{
    const struct filter_shape *shape = key;

    return g_direct_hash(shape->name) * 31 + g_direct_hash(shape->fields) + (guint)shape->phase;
}

static gboolean shape_equal(gconstpointer a, gconstpointer b)
{
    const struct filter_shape *left = a;
    const struct filter_shape *right = b;

    return left->name == right->name && left->fields == right->fields &&
           left->phase == right->phase;
}

static void shape_free(gpointer shape)
{
    g_free(((struct filter_shape *)shape)->nodes);
    g_free(shape);
}

static void clear_alternative(gpointer pointer)
{
    struct filter_alternative *alternative = pointer;

    g_free(alternative->text);
    g_clear_pointer(&alternative->regex, g_regex_unref);
}

GArray *filter_alternatives_new(void)
{
    GArray *alternatives = g_array_new(FALSE, TRUE, sizeof(struct filter_alternative));

    g_array_set_clear_func(alternatives, clear_alternative);
    return alternatives;
}

static void clear_node(gpointer pointer)
{
    struct filter_node *node = pointer;

    g_clear_pointer(&node->globs, g_ptr_array_unref);
    g_clear_pointer(&node->alternatives, g_array_unref);
    g_free(node->field);
}

struct filter *filter_new(void)
{
    struct filter *filter = g_new0(struct filter, 1);

    filter->nodes = g_array_new(FALSE, FALSE, sizeof(struct filter_node));
    g_array_set_clear_func(filter->nodes, clear_node);
    filter->trackers = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    filter->shapes = g_hash_table_new_full(shape_hash, shape_equal, shape_free, NULL);
    return filter;
}

void filter_destroy(struct filter *filter)
{
    if (filter == NULL) {
        return;
    }
    g_array_unref(filter->nodes);
    g_array_unref(filter->trackers);
    g_hash_table_unref(filter->shapes);
    g_free(filter);
}

static struct filter_node *node_at(const struct filter *filter, uint32_t index)
{
    return &g_array_index(filter->nodes, struct filter_node, index);
}

static struct filter_node *tracker_at(const struct filter *filter, guint i)
{
    return node_at(filter, g_array_index(filter->trackers, uint32_t, i));
}

void filter_reset(struct filter *filter)
{
    g_hash_table_remove_all(filter->shapes);
    filter->last = NULL;
    filter->over = false;
    for (guint i = 0; i < filter->nodes->len; i++) {
        struct filter_node *node = node_at(filter, i);

        node->progress = PROGRESS_WAITING;
        node->met = false;
        node->passed = node->ends;
    }
}

/* ---- what a shape decides ---- */

static bool name_matches(const struct filter_node *node, const char *name)
{
    for (guint i = 0; i < node->globs->len; i++) {
        if (fnmatch(node->globs->pdata[i], name, 0) == 0) {
            return true;
        }
    }
    return false;
}

static enum filter_verdict resolve_compare(struct filter_node *node,
                                           const struct trace_event *event, uint16_t *out_field)
{
    if (node->context == CONTEXT_EVENT || node->context == CONTEXT_PHASE) {
        return filter_compare_static(node, event) ? VERDICT_TRUE : VERDICT_FALSE;
    }
    if (node->context != CONTEXT_NONE) {
        return VERDICT_OPEN;
    }
    for (unsigned i = 0; i < event->field_count; i++) {
        if (strcmp(event->fields[i].name, node->field) == 0) {
            node->met = true;
            *out_field = (uint16_t)i;
            return filter_compares(node, event->fields[i].type) ? VERDICT_OPEN : VERDICT_FALSE;
        }
    }
    return VERDICT_FALSE;
}

static enum filter_verdict resolve_and(enum filter_verdict left, enum filter_verdict right)
{
    if (left == VERDICT_FALSE || right == VERDICT_FALSE) {
        return VERDICT_FALSE;
    }
    return left == VERDICT_TRUE && right == VERDICT_TRUE ? VERDICT_TRUE : VERDICT_OPEN;
}

static enum filter_verdict resolve_not(enum filter_verdict verdict)
{
    return verdict == VERDICT_OPEN   ? VERDICT_OPEN
           : verdict == VERDICT_TRUE ? VERDICT_FALSE
                                     : VERDICT_TRUE;
}

static enum filter_verdict resolve_node(struct filter_node *node, const struct trace_event *event,
                                        const struct filter_resolved *nodes, uint16_t *out_field)
{
    enum filter_verdict left, right;

    switch (node->kind) {
    case NODE_AND: return resolve_and(nodes[node->left].verdict, nodes[node->right].verdict);
    case NODE_OR:
        left = resolve_not(nodes[node->left].verdict);
        right = resolve_not(nodes[node->right].verdict);
        return resolve_not(resolve_and(left, right));
    case NODE_NOT: return resolve_not(nodes[node->left].verdict);
    case NODE_NAME:
        if (!name_matches(node, event->name)) {
            return VERDICT_FALSE;
        }
        node->met = true;
        return VERDICT_TRUE;
    case NODE_COMPARE: return resolve_compare(node, event, out_field);
    case NODE_WITHIN:
    case NODE_BEFORE:
    case NODE_AFTER:
    case NODE_FROM:
    case NODE_TO: break;
    }
    return VERDICT_OPEN;
}

/* Only a span's enter begins what something can be within. */
static bool may_move(const struct filter_node *tracker, const struct filter_shape *shape)
{
    return shape->nodes[tracker->left].verdict != VERDICT_FALSE &&
           (tracker->kind != NODE_WITHIN || shape->phase == EVENT_ENTER);
}

static struct filter_shape *make_shape(struct filter *filter, const struct trace_event *event)
{
    struct filter_shape *shape = g_new0(struct filter_shape, 1);

    shape->name = event->name;
    shape->fields = event->fields;
    shape->phase = event->phase;
    shape->nodes = g_new0(struct filter_resolved, filter->nodes->len);
    for (guint i = 0; i < filter->nodes->len; i++) {
        shape->nodes[i].verdict =
            (uint8_t)resolve_node(node_at(filter, i), event, shape->nodes, &shape->nodes[i].field);
    }
    shape->rejected = shape->nodes[filter->root].verdict == VERDICT_FALSE;
    for (guint i = 0; i < filter->trackers->len; i++) {
        const struct filter_node *tracker = tracker_at(filter, i);

        /* The end of a span that --to means ends the reading; its pattern is that of the begin. */
        shape->watched |=
            may_move(tracker, shape) || (tracker->kind == NODE_TO && event->phase == EVENT_LEAVE);
    }
    g_hash_table_add(filter->shapes, shape);
    return shape;
}

static const struct filter_shape *shape_of(struct filter *filter, const struct trace_event *event)
{
    const struct filter_shape key = { .name = event->name,
                                      .fields = event->fields,
                                      .phase = event->phase };

    if (filter->last == NULL || !shape_equal(filter->last, &key)) {
        filter->last = g_hash_table_lookup(filter->shapes, &key);
        if (filter->last == NULL) {
            filter->last = make_shape(filter, event);
        }
    }
    return filter->last;
}

bool filter_rejects(struct filter *filter, const struct trace_event *shape)
{
    return shape_of(filter, shape)->rejected;
}

bool filter_watches(struct filter *filter, const struct trace_event *shape)
{
    return shape_of(filter, shape)->watched;
}

/* ---- one event ---- */

struct judgement {
    const struct filter *filter;
    const struct filter_shape *shape;
    const struct trace_event *event;
    const struct filter_value *variables;
};

static bool judge(const struct judgement *judgement, uint32_t index)
{
    const struct filter_resolved *resolved = &judgement->shape->nodes[index];
    struct filter_node *node = node_at(judgement->filter, index);

    if (resolved->verdict != VERDICT_OPEN) {
        return resolved->verdict == VERDICT_TRUE;
    }
    switch (node->kind) {
    case NODE_AND: return judge(judgement, node->left) && judge(judgement, node->right);
    case NODE_OR: return judge(judgement, node->left) || judge(judgement, node->right);
    case NODE_NOT: return !judge(judgement, node->left);
    case NODE_COMPARE:
        node->passed =
            filter_compare(node, judgement->event, resolved->field, judgement->variables);
        return node->passed;
    case NODE_NAME: /* always decided by the shape */
    case NODE_WITHIN:
    case NODE_BEFORE:
    case NODE_AFTER:
    case NODE_FROM:
    case NODE_TO: break;
    }
    return node->passed;
}

/* The open span is around this event, or the event is its leave. */
static bool is_inside(const struct filter_node *tracker, const struct trace_event *event)
{
    uint64_t innermost =
        event->phase == EVENT_LEAVE && event->span != 0 ? event->span : event->parent;

    return event->turn == tracker->turn && innermost >= tracker->sequence;
}

static enum filter_progress progress_behind(const struct filter_node *tracker)
{
    return tracker->kind == NODE_WITHIN ? PROGRESS_WAITING : PROGRESS_DONE;
}

static bool matches(const struct judgement *judgement, const struct filter_node *tracker)
{
    return may_move(tracker, judgement->shape) && judge(judgement, tracker->left);
}

static void track(const struct judgement *judgement, struct filter_node *tracker)
{
    const struct trace_event *event = judgement->event;
    enum filter_progress before;

    if (tracker->progress == PROGRESS_INSIDE && !is_inside(tracker, event)) {
        tracker->progress = progress_behind(tracker);
    }
    before = tracker->progress;
    if (before == PROGRESS_WAITING && matches(judgement, tracker)) {
        tracker->progress = event->phase == EVENT_ENTER ? PROGRESS_INSIDE : PROGRESS_DONE;
        tracker->sequence = event->sequence;
        tracker->turn = event->turn;
    }
    switch (tracker->kind) {
    case NODE_WITHIN: tracker->passed = tracker->progress == PROGRESS_INSIDE; break;
    case NODE_BEFORE: tracker->passed = tracker->progress == PROGRESS_WAITING; break;
    case NODE_AFTER: tracker->passed = before == PROGRESS_DONE; break;
    case NODE_FROM: tracker->passed = tracker->progress != PROGRESS_WAITING; break;
    case NODE_TO: tracker->passed = before != PROGRESS_DONE; break;
    case NODE_AND:
    case NODE_OR:
    case NODE_NOT:
    case NODE_NAME:
    case NODE_COMPARE: break;
    }
    if (tracker->progress == PROGRESS_INSIDE && event->phase == EVENT_LEAVE &&
        event->span == tracker->sequence) {
        tracker->progress = progress_behind(tracker);
    }
}

/* Something that must be true can't become true any more. */
static bool is_over(const struct filter *filter, uint32_t index)
{
    const struct filter_node *node = node_at(filter, index);

    if (node->kind == NODE_AND) {
        return is_over(filter, node->left) || is_over(filter, node->right);
    }
    return (node->ends && !node->passed) ||
           (node->kind == NODE_BEFORE && node->progress != PROGRESS_WAITING) ||
           (node->kind == NODE_TO && node->progress == PROGRESS_DONE);
}

bool filter_passes_with(struct filter *filter, const struct trace_event *event,
                        const struct filter_value *variables)
{
    const struct judgement judgement = {
        .filter = filter,
        .shape = shape_of(filter, event),
        .event = event,
        .variables = variables,
    };
    bool passes;

    if (judgement.shape->rejected && !judgement.shape->watched) {
        return false;
    }
    for (guint i = 0; i < filter->trackers->len; i++) {
        track(&judgement, tracker_at(filter, i));
    }
    passes = judge(&judgement, filter->root);
    if (!passes || filter->trackers->len > 0) {
        filter->over = filter->over || is_over(filter, filter->root);
    }
    return passes;
}

bool filter_passes(struct filter *filter, const struct trace_event *event)
{
    return filter_passes_with(filter, event, NULL);
}

bool filter_is_over(const struct filter *filter)
{
    return filter->over;
}

char *filter_unmet(const struct filter *filter)
{
    for (guint i = 0; i < filter->nodes->len; i++) {
        const struct filter_node *node = node_at(filter, i);

        if (node->met) {
            continue;
        }
        if (node->kind == NODE_NAME) {
            return g_strdup_printf("no event has the name '%s'", (char *)node->globs->pdata[0]);
        }
        if (node->kind == NODE_COMPARE && node->context == CONTEXT_NONE) {
            return g_strdup_printf("no event has a field '%s'", node->field);
        }
    }
    return NULL;
}
