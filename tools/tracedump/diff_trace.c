/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diff_trace.c - walks two traces in step up to their first difference, then counts what is left.
 *
 * Memory: some events of context, a window behind the difference, one entry per name of an event.
 */
#include <stdio.h>
#include <string.h>

#include "tracedump/diff_window.h"
#include "tracedump/event_compare.h"
#include "tracedump/nesting.h"
#include "tracedump/print_text.h"
#include "tracedump/source.h"

#define CONTEXT_EVENTS 5u
#define REPORTS_SHOWN  20u

struct side {
    const char *path;
    struct source *source;
    struct nesting nesting;
    const struct trace_event *event; /* NULL: the trace is through */
    uint64_t count;                  /* of events from the difference on */
    unsigned damages;
    unsigned reports;
    struct terminal_progress *progress;
};

/* Events of one name from the difference on. */
struct name_counts {
    const char *name;
    uint64_t counts[2];
};

struct diff_trace {
    struct output *output;
    struct diff_options *options;
    struct side sides[2];
    struct event_copy context[CONTEXT_EVENTS]; /* a ring */
    uint64_t common;                           /* events in front of the difference */
    GHashTable *allowed[2];                    /* --common: names that the other side has */
    GHashTable *name_of;                       /* name -> struct name_counts */
    GPtrArray *names;                          /* the same, by first appearance */
};

static void report(enum report_kind kind, const char *text, void *opaque)
{
    struct side *side = opaque;

    side->damages += kind == REPORT_DAMAGE;
    if (side->reports++ < REPORTS_SHOWN) {
        terminal_progress_clear(side->progress);
        fprintf(stderr, "tracedump: %s: %s%s\n", side->path,
                kind == REPORT_DAMAGE ? "warning: " : "", text);
    }
}

static bool open_side(struct side *side)
{
    g_autoptr(GError) error = NULL;

    side->source = source_open(side->path, report, side, &error);
    if (side->source == NULL) {
        fprintf(stderr, "tracedump: %s: %s\n", side->path, error->message);
    }
    return side->source != NULL;
}

static bool passes(const struct diff_trace *diff, unsigned index, const struct trace_event *event)
{
    return selection_passes(&diff->options->selections[index], event) &&
           (diff->allowed[index] == NULL ||
            g_hash_table_contains(diff->allowed[index], event->name));
}

static const struct trace_event *advance(struct diff_trace *diff, unsigned index)
{
    struct side *side = &diff->sides[index];

    do {
        if (terminal_progress_is_due(&diff->options->progress)) {
            terminal_progress_show(&diff->options->progress, source_progress(side->source));
        }
        side->event = source_next(side->source);
    } while (side->event != NULL && !passes(diff, index, side->event));
    if (side->event != NULL) {
        nesting_advance(&side->nesting, side->event);
    }
    return side->event;
}

/* ---- --common ---- */

/* Names of all events of a side; the source is read to its end and closed. */
static GHashTable *take_names(struct side *side)
{
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const struct trace_event *event;
    const char *last = NULL;

    while ((event = source_next(side->source)) != NULL) {
        if (event->name != last && !g_hash_table_contains(names, event->name)) {
            g_hash_table_add(names, g_strdup(event->name));
        }
        last = event->name;
    }
    source_close(side->source);
    side->source = NULL;
    side->damages = 0; /* They are told again. */
    side->reports = REPORTS_SHOWN;
    return names;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(a, b);
}

/* What --common leaves out of a side, in the alphabet's order. */
static void tell_left_out(const struct side *side, GHashTable *own, GHashTable *other)
{
    GList *names = g_list_sort(g_hash_table_get_keys(own), compare_names);
    g_autoptr(GString) text = g_string_new(NULL);

    for (const GList *at = names; at != NULL; at = at->next) {
        if (!g_hash_table_contains(other, at->data)) {
            g_string_append_printf(text, " %s", (const char *)at->data);
        }
    }
    if (text->len > 0) {
        fprintf(stderr, "tracedump: %s: left out, as only it has some:%s\n", side->path, text->str);
    }
    g_list_free(names);
}

static bool find_common(struct diff_trace *diff)
{
    for (unsigned i = 0; i < 2; i++) {
        diff->allowed[1 - i] = take_names(&diff->sides[i]);
    }
    for (unsigned i = 0; i < 2; i++) {
        tell_left_out(&diff->sides[i], diff->allowed[1 - i], diff->allowed[i]);
    }
    for (unsigned i = 0; i < 2; i++) {
        if (!open_side(&diff->sides[i])) {
            return false;
        }
    }
    return true;
}

/* ---- up to the difference ---- */

static bool sides_agree(const struct diff_trace *diff)
{
    const struct side *a = &diff->sides[0], *b = &diff->sides[1];

    return a->nesting.depth == b->nesting.depth && events_agree(a->event, b->event, diff->options);
}

static void enter_or_leave(struct side *side)
{
    if (side->event->phase == EVENT_ENTER) {
        nesting_enter(&side->nesting, side->event);
    } else if (side->event->phase == EVENT_LEAVE) {
        nesting_leave(&side->nesting, side->event);
    }
}

/* False: both traces are through. True: their current events differ, or one has none. */
static bool walk_to_difference(struct diff_trace *diff)
{
    for (;;) {
        const struct trace_event *a = advance(diff, 0);
        const struct trace_event *b = advance(diff, 1);

        if (a == NULL && b == NULL) {
            return false;
        }
        if (a == NULL || b == NULL || !sides_agree(diff)) {
            return true;
        }
        event_copy_store(&diff->context[diff->common++ % CONTEXT_EVENTS], a);
        enter_or_leave(&diff->sides[0]);
        enter_or_leave(&diff->sides[1]);
    }
}

/* ---- behind it ---- */

static void count_name(struct diff_trace *diff, unsigned index, const char *name)
{
    struct name_counts *entry = g_hash_table_lookup(diff->name_of, name);

    if (entry == NULL) {
        entry = g_new0(struct name_counts, 1);
        entry->name = name;
        g_ptr_array_add(diff->names, entry);
        g_hash_table_insert(diff->name_of, (gpointer)name, entry);
    }
    entry->counts[index]++;
}

static void count_rest(struct diff_trace *diff, struct diff_window *window)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct trace_event *event = diff->sides[i].event;

        while (event != NULL) {
            (void)diff_window_add(window, i, event); /* Full: its first events are enough. */
            count_name(diff, i, event->name);
            diff->sides[i].count++;
            event = advance(diff, i);
        }
    }
}

static void print_enclosing(struct output *output, const struct nesting *nesting)
{
    for (unsigned i = 0; i < nesting->depth; i++) {
        output_text(output, i == 0 ? "within " : " --> ");
        output_text(output, nesting->spans[i].name);
    }
    if (nesting->depth > 0) {
        output_char(output, '\n');
    }
}

static void print_context_events(const struct diff_trace *diff)
{
    uint64_t first = diff->common > CONTEXT_EVENTS ? diff->common - CONTEXT_EVENTS : 0;

    for (uint64_t i = first; i < diff->common; i++) {
        const struct trace_event *event = &diff->context[i % CONTEXT_EVENTS].event;

        output_char(diff->output, ' ');
        print_context(diff->output, event, false);
        output_char(diff->output, ' ');
        print_event(diff->output, event);
        output_char(diff->output, '\n');
    }
}

static void print_head(const struct diff_trace *diff)
{
    struct output *output = diff->output;
    const struct side *sides = diff->sides;

    diff_print_paths(output, diff->options);
    output_text(output, "first difference behind ");
    output_decimal(output, diff->common, 0);
    output_text(output, diff->common == 1 ? " common event" : " common events");
    if (sides[0].event == NULL || sides[1].event == NULL) {
        output_text(output, ": there the ");
        output_text(output, sides[0].event == NULL ? "first" : "second");
        output_text(output, " trace ends");
    }
    output_char(output, '\n');
    print_enclosing(output, &sides[sides[0].event == NULL ? 1 : 0].nesting);
    if (sides[0].event != NULL && sides[1].event != NULL &&
        sides[0].nesting.depth != sides[1].nesting.depth) {
        output_text(output, "in the second trace: ");
        output_text(output, sides[1].nesting.depth == 0 ? "within no span\n" : "");
        print_enclosing(output, &sides[1].nesting);
    }
}

static void print_counts(const struct diff_trace *diff)
{
    struct output *output = diff->output;
    bool is_first = true;

    output_text(output, "from there on: ");
    output_decimal(output, diff->sides[0].count, 0);
    output_text(output, " and ");
    output_decimal(output, diff->sides[1].count, 0);
    output_text(output, " events");
    for (guint i = 0; i < diff->names->len; i++) {
        const struct name_counts *entry = diff->names->pdata[i];

        if (entry->counts[0] == entry->counts[1]) {
            continue;
        }
        output_text(output, is_first ? "; not as many of\n" : "");
        is_first = false;
        output_decimal(output, entry->counts[0], 8);
        output_decimal(output, entry->counts[1], 8);
        output_text(output, "  ");
        output_text(output, entry->name);
        output_char(output, '\n');
    }
    output_text(output, is_first ? ", as many of each\n" : "");
}

static void show_difference(struct diff_trace *diff)
{
    struct diff_window window;

    diff_window_init(&window);
    print_head(diff); /* The rest moves nestings on. */
    print_context_events(diff);
    count_rest(diff, &window);
    diff_window_print(diff->output, &window, diff->options);
    print_counts(diff);
    diff_window_fini(&window);
}

/* ---- all of it ---- */

static void diff_init(struct diff_trace *diff, struct output *output, struct diff_options *options)
{
    *diff = (struct diff_trace){ .output = output, .options = options };
    diff->names = g_ptr_array_new_with_free_func(g_free);
    diff->name_of = g_hash_table_new(g_str_hash, g_str_equal);
    for (unsigned i = 0; i < 2; i++) {
        diff->sides[i].path = options->paths[i];
        diff->sides[i].progress = &options->progress;
    }
}

static void diff_fini(struct diff_trace *diff)
{
    g_hash_table_unref(diff->name_of);
    g_ptr_array_unref(diff->names);
    for (unsigned i = 0; i < 2; i++) {
        source_close(diff->sides[i].source);
        g_clear_pointer(&diff->allowed[i], g_hash_table_unref);
    }
    for (unsigned i = 0; i < CONTEXT_EVENTS; i++) {
        event_copy_fini(&diff->context[i]);
    }
}

static int compare(struct diff_trace *diff)
{
    int status = DIFF_SAME;

    for (unsigned i = 0; i < 2; i++) {
        if (!open_side(&diff->sides[i])) {
            return DIFF_TROUBLE;
        }
    }
    if (diff->options->common && !find_common(diff)) {
        return DIFF_TROUBLE;
    }
    if (walk_to_difference(diff)) {
        show_difference(diff);
        status = DIFF_DIFFERS;
    }
    return diff->sides[0].damages + diff->sides[1].damages > 0 ? DIFF_TROUBLE : status;
}

int diff_traces(struct output *output, struct diff_options *options)
{
    g_autofree struct diff_trace *diff = g_new(struct diff_trace, 1);
    int status;

    diff_init(diff, output, options);
    status = compare(diff);
    diff_fini(diff);
    return status;
}
