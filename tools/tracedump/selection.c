/* SPDX-License-Identifier: GPL-2.0-or-later */
/* selection.c - several filters as one. */
#include "tracedump/selection.h"

#include <stdio.h>

static void destroy(gpointer filter)
{
    filter_destroy(filter);
}

void selection_fini(struct selection *selection)
{
    g_clear_pointer(&selection->filters, g_ptr_array_unref);
    g_clear_pointer(&selection->from, filter_destroy);
    g_clear_pointer(&selection->to, filter_destroy);
}

static bool complain(const char *who, const char *option, const struct filter_problem *problem,
                     const char *text)
{
    g_autofree char *description = filter_problem_describe(problem, text);

    fprintf(stderr, "%s: %s: %s\n", who, option, description);
    return false;
}

static bool add_filter(struct selection *selection, const char *who, const char *text)
{
    struct filter_problem problem;
    struct filter *filter = filter_parse(text, NULL, &problem);

    if (filter == NULL) {
        return complain(who, "--filter", &problem, text);
    }
    if (selection->filters == NULL) {
        selection->filters = g_ptr_array_new_with_free_func(destroy);
    }
    g_ptr_array_add(selection->filters, filter);
    return true;
}

static bool set_moment(struct filter **moment, enum filter_side side, const char *who,
                       const char *option, const char *text)
{
    struct filter_problem problem;
    struct filter *filter = filter_parse_when(text, side, NULL, &problem);

    if (filter == NULL) {
        return complain(who, option, &problem, text);
    }
    filter_destroy(*moment);
    *moment = filter;
    return true;
}

bool selection_take_option(struct selection *selection, const char *who, int option,
                           const char *text)
{
    switch (option) {
    case SELECTION_FILTER: return add_filter(selection, who, text);
    case SELECTION_FROM: return set_moment(&selection->from, FILTER_FROM, who, "--from", text);
    case SELECTION_TO: return set_moment(&selection->to, FILTER_TO, who, "--to", text);
    default: return false;
    }
}

/* All filters see the event: what passes later may depend on it. */
static bool filters_pass(struct selection *selection, const struct trace_event *event)
{
    bool passes = false, over = true;

    if (selection->filters == NULL) {
        return true;
    }
    for (guint i = 0; i < selection->filters->len; i++) {
        passes |= filter_passes(selection->filters->pdata[i], event);
        over &= filter_is_over(selection->filters->pdata[i]);
    }
    selection->over |= over;
    return passes;
}

bool selection_passes(struct selection *selection, const struct trace_event *event)
{
    bool in_range = selection->from == NULL || filter_passes(selection->from, event);
    bool passes = filters_pass(selection, event);

    if (in_range && selection->to != NULL) {
        in_range = filter_passes(selection->to, event);
        selection->over |= filter_is_over(selection->to);
    }
    return in_range && passes;
}

static bool may_matter(struct filter *moment, const struct trace_event *shape)
{
    return moment != NULL && filter_watches(moment, shape);
}

bool selection_may_skip(struct selection *selection, const struct trace_event *shape)
{
    bool watched = may_matter(selection->from, shape) || may_matter(selection->to, shape);

    for (guint i = 0; selection->filters != NULL && i < selection->filters->len; i++) {
        watched |= filter_watches(selection->filters->pdata[i], shape);
    }
    return !watched;
}

bool selection_ignores(struct selection *selection, const struct trace_event *shape)
{
    if (selection->filters == NULL || !selection_may_skip(selection, shape)) {
        return false;
    }
    for (guint i = 0; i < selection->filters->len; i++) {
        if (!filter_rejects(selection->filters->pdata[i], shape)) {
            return false;
        }
    }
    return true;
}

char *selection_unmet(const struct selection *selection)
{
    char *unmet = NULL;

    for (guint i = 0; selection->filters != NULL && i < selection->filters->len && unmet == NULL;
         i++) {
        unmet = filter_unmet(selection->filters->pdata[i]);
    }
    if (unmet == NULL && selection->from != NULL) {
        unmet = filter_unmet(selection->from);
    }
    return unmet != NULL || selection->to == NULL ? unmet : filter_unmet(selection->to);
}
