/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tallies.c - counts names, durations, interrupt hops and how dense events are. */
#include "tracedump/report/tallies.h"

#include <string.h>

#include "tracedump/event_field.h"

#define NAMES_MAX 1024u
#define HOPS_MAX  512u

static void free_name(gpointer data)
{
    struct name_count *name = data;

    g_free(name->durations);
    g_free(name->instructions);
    g_free(name);
}

void tallies_init(struct tallies *tallies)
{
    *tallies = (struct tallies){ .names = g_ptr_array_new_with_free_func(free_name) };
    tallies->name_of = g_hash_table_new(NULL, NULL);
    tallies->hops = g_array_new(FALSE, FALSE, sizeof(struct hop_count));
}

void tallies_fini(struct tallies *tallies)
{
    g_ptr_array_unref(tallies->names);
    g_hash_table_unref(tallies->name_of);
    g_array_unref(tallies->hops);
}

/* Two bins become one: the axis is twice as long. */
static void widen(struct density *density)
{
    for (unsigned i = 0; i < DENSITY_BINS / 2; i++) {
        density->bins[i] = density->bins[2 * i] + density->bins[2 * i + 1];
    }
    memset(&density->bins[DENSITY_BINS / 2], 0, sizeof(density->bins) / 2);
    density->width *= 2;
}

void density_add(struct density *density, uint64_t value)
{
    uint64_t offset;

    if (density->width == 0) {
        density->first = value;
        density->width = 1;
    }
    offset = value > density->first ? value - density->first : 0;
    while (offset / density->width >= DENSITY_BINS) {
        widen(density);
    }
    density->bins[offset / density->width]++;
}

static struct name_count *name_of(struct tallies *tallies, const char *name)
{
    struct name_count *entry = g_hash_table_lookup(tallies->name_of, name);

    if (entry == NULL && tallies->names->len < NAMES_MAX) {
        entry = g_new0(struct name_count, 1);
        entry->name = name;
        g_ptr_array_add(tallies->names, entry);
        g_hash_table_insert(tallies->name_of, (gpointer)name, entry);
    }
    tallies->is_full |= entry == NULL;
    return entry;
}

static struct hop_count *hop_of(struct tallies *tallies, const char *name, uint64_t line)
{
    struct hop_count fresh = { .name = name, .line = line, .last = -1 };

    for (guint i = 0; i < tallies->hops->len; i++) {
        struct hop_count *hop = &g_array_index(tallies->hops, struct hop_count, i);

        if (hop->line == line && strcmp(hop->name, name) == 0) {
            return hop;
        }
    }
    if (tallies->hops->len == HOPS_MAX) {
        tallies->is_full = true;
        return NULL;
    }
    g_array_append_val(tallies->hops, fresh);
    return &g_array_index(tallies->hops, struct hop_count, tallies->hops->len - 1);
}

/* A stage on an interrupt's way: it has a line and, mostly, a level. */
static void add_hop(struct tallies *tallies, const struct trace_event *event)
{
    static const char *const lines[] = { "pin", "gsi", "irq", "vector", "lint" };
    struct hop_count *hop = NULL;
    uint64_t line, level;

    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
        if (event_number(event, lines[i], &line)) {
            hop = hop_of(tallies, event->name, line);
            break;
        }
    }
    if (hop == NULL) {
        return;
    }
    hop->count++;
    if (event_number(event, "level", &level)) {
        hop->raised += level != 0;
        hop->lowered += level == 0;
        hop->changes += hop->last != (level != 0);
        hop->last = level != 0;
    }
}

void tallies_event(struct tallies *tallies, const struct trace_event *event)
{
    struct name_count *name;

    if (tallies->events++ == 0) {
        tallies->first = *event;
    }
    tallies->last = *event;
    density_add(&tallies->by_host, event->host_ns);
    density_add(&tallies->by_now, event->now_ns);
    density_add(&tallies->by_icount, event->icount);
    density_add(&tallies->by_sequence, event->sequence);
    if (event->phase == EVENT_LEAVE) {
        return;
    }
    name = name_of(tallies, event->name);
    if (name != NULL) {
        name->count++;
    }
    if (event->phase == EVENT_ENTER) {
        add_hop(tallies, event);
    }
}

void tallies_span(struct tallies *tallies, const char *span, uint64_t host_ns,
                  uint64_t instructions)
{
    struct name_count *name = name_of(tallies, span);

    if (name == NULL) {
        return;
    }
    if (name->durations == NULL) {
        name->durations = g_new0(struct histogram, 1);
        name->instructions = g_new0(struct histogram, 1);
    }
    histogram_add(name->durations, host_ns);
    histogram_add(name->instructions, instructions);
}
