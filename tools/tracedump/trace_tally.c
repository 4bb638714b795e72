/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_tally.c - counts in one pass; memory is one entry per name of an event. */
#include "tracedump/trace_tally.h"

void trace_tally_init(struct trace_tally *tally)
{
    *tally = (struct trace_tally){ .names = g_ptr_array_new_with_free_func(g_free) };
    tally->name_of = g_hash_table_new(NULL, NULL);
}

void trace_tally_fini(struct trace_tally *tally)
{
    g_hash_table_unref(tally->name_of);
    g_ptr_array_unref(tally->names);
}

static struct name_tally *find_or_add_name(struct trace_tally *tally, const char *name)
{
    struct name_tally *entry = g_hash_table_lookup(tally->name_of, name);

    if (entry == NULL) {
        entry = g_new0(struct name_tally, 1);
        entry->name = name;
        g_ptr_array_add(tally->names, entry);
        g_hash_table_insert(tally->name_of, (gpointer)name, entry);
    }
    return entry;
}

static void add_name(struct trace_tally *tally, const struct trace_event *event)
{
    struct name_tally *entry = find_or_add_name(tally, event->name);

    switch (event->phase) {
    case EVENT_INSTANT: entry->moments++; break;
    case EVENT_ENTER: entry->enters++; break;
    case EVENT_LEAVE: entry->leaves++; break;
    }
}

static void add_span(struct trace_tally *tally, const struct trace_event *event)
{
    struct nesting *nesting = &tally->nesting;
    bool is_open;

    nesting_advance(nesting, event);
    if (event->phase == EVENT_ENTER) {
        if (nesting_enter(nesting, event) != NULL) {
            tally->spans_begun++;
        } else {
            tally->spans_too_deep++;
        }
    } else if (event->phase == EVENT_LEAVE) {
        is_open = nesting->depth > 0 && nesting->spans[nesting->depth - 1].sequence == event->span;
        if (is_open) {
            tally->spans_ended++;
        } else if (nesting->depth < NESTING_DEPTH_MAX) {
            tally->leaves_strange++;
        }
        nesting_leave(nesting, event);
    }
}

void trace_tally_add(struct trace_tally *tally, const struct trace_event *event)
{
    bool is_new_session = tally->events == 0 || event->sequence <= tally->last.sequence;

    if (is_new_session) {
        tally->sessions++;
    } else {
        tally->missing += event->sequence - tally->last.sequence - 1;
    }
    if (is_new_session || event->turn != tally->last.turn) {
        tally->turns++;
    }
    if (tally->events++ == 0) {
        tally->first = *event;
    }
    tally->last = *event;
    add_name(tally, event);
    add_span(tally, event);
}
