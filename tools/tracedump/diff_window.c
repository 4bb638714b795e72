/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diff_window.c - finds the nearest place where both sides go on alike: the fewest events left out in
 * all, then the fewest of the first side. Turns and times may be others behind it.
 */
#include "tracedump/diff_window.h"

#include <string.h>

#include "tracedump/event_compare.h"
#include "tracedump/print_text.h"

/* So many events alike in a row are no chance. */
#define ALIKE_EVENTS  3u
#define SHOWN_EVENTS  10u
#define COMMON_EVENTS 3u
#define MARK_OF(side) ((side) == 0 ? "-" : "+")

void diff_window_init(struct diff_window *window)
{
    for (unsigned side = 0; side < 2; side++) {
        window->events[side] = g_array_new(FALSE, TRUE, sizeof(struct event_copy));
    }
}

void diff_window_fini(struct diff_window *window)
{
    for (unsigned side = 0; side < 2; side++) {
        for (guint i = 0; i < window->events[side]->len; i++) {
            event_copy_fini(&g_array_index(window->events[side], struct event_copy, i));
        }
        g_array_unref(window->events[side]);
    }
}

bool diff_window_add(struct diff_window *window, unsigned side, const struct trace_event *event)
{
    GArray *events = window->events[side];

    if (events->len == DIFF_WINDOW_EVENTS) {
        return false;
    }
    g_array_set_size(events, events->len + 1);
    event_copy_store(&g_array_index(events, struct event_copy, events->len - 1), event);
    return true;
}

static const struct trace_event *event_at(const struct diff_window *window, unsigned side,
                                          unsigned index)
{
    return &g_array_index(window->events[side], struct event_copy, index).event;
}

/* Whether from here on both sides have the same events for a while, or until both end. */
static bool goes_on_alike(const struct diff_window *window, const struct diff_options *options,
                          unsigned a, unsigned b)
{
    unsigned left_a = window->events[0]->len - a, left_b = window->events[1]->len - b;

    if (MIN(left_a, left_b) < ALIKE_EVENTS && left_a != left_b) {
        return false;
    }
    for (unsigned i = 0; i < MIN(ALIKE_EVENTS, left_a); i++) {
        if (!events_resemble(event_at(window, 0, a + i), event_at(window, 1, b + i), options)) {
            return false;
        }
    }
    return true;
}

bool diff_window_align(const struct diff_window *window, const struct diff_options *options,
                       unsigned out_alone[2])
{
    unsigned count_a = window->events[0]->len, count_b = window->events[1]->len;

    /* The first pair differs, if only in time: to leave out nothing is no answer. */
    for (unsigned sum = 1; sum <= count_a + count_b; sum++) {
        for (unsigned a = 0; a <= MIN(sum, count_a); a++) {
            unsigned b = sum - a;

            if (b <= count_b && goes_on_alike(window, options, a, b)) {
                out_alone[0] = a;
                out_alone[1] = b;
                return true;
            }
        }
    }
    out_alone[0] = count_a;
    out_alone[1] = count_b;
    return false;
}

static void print_line(struct output *output, const char *mark, const struct trace_event *event)
{
    output_text(output, mark);
    print_context(output, event, false);
    output_char(output, ' ');
    print_event(output, event);
    output_char(output, '\n');
}

static void print_alone(struct output *output, const struct diff_window *window, unsigned side,
                        unsigned count)
{
    for (unsigned i = 0; i < MIN(count, SHOWN_EVENTS); i++) {
        print_line(output, MARK_OF(side), event_at(window, side, i));
    }
    if (count > SHOWN_EVENTS) {
        output_text(output, MARK_OF(side));
        output_text(output, "    ... ");
        output_decimal(output, count - SHOWN_EVENTS, 0);
        output_text(output, count == DIFF_WINDOW_EVENTS ? " more at least\n" : " more\n");
    }
}

static bool is_a_pair(const struct trace_event *a, const struct trace_event *b)
{
    return a->phase == b->phase && strcmp(a->name, b->name) == 0;
}

static void print_common(struct output *output, const struct diff_window *window,
                         const unsigned alone[2])
{
    for (unsigned i = alone[0]; i < MIN(alone[0] + COMMON_EVENTS, window->events[0]->len); i++) {
        print_line(output, " ", event_at(window, 0, i));
    }
}

void diff_window_print(struct output *output, const struct diff_window *window,
                       const struct diff_options *options)
{
    bool has_both = window->events[0]->len > 0 && window->events[1]->len > 0;
    unsigned alone[2];
    bool meet = true;

    /* Times or turns alone: the two first events are one. */
    if (has_both && goes_on_alike(window, options, 0, 0)) {
        alone[0] = 1;
        alone[1] = 1;
    } else {
        meet = diff_window_align(window, options, alone);
    }
    for (unsigned side = 0; side < 2; side++) {
        print_alone(output, window, side, alone[side]);
    }
    if (meet) {
        print_common(output, window, alone);
    }
    if (has_both && (!meet || (alone[0] == 1 && alone[1] == 1)) &&
        is_a_pair(event_at(window, 0, 0), event_at(window, 1, 0))) {
        output_text(output, "differs:\n");
        events_print_differences(output, event_at(window, 0, 0), event_at(window, 1, 0), options);
    }
}
