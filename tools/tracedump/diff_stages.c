/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diff_stages.c - the same plug or unplug in two files, stage by stage.
 *
 * Operations are paired by device, kind and count: dimm0's second plug is compared with dimm0's second
 * plug. Both files are read once more, each in one pass.
 */
#include <stdio.h>
#include <string.h>

#include "tracedump/diff.h"
#include "tracedump/source.h"

/* Only a hostile file has more; the rest is not compared. */
#define OPERATIONS_MAX 100000u

struct kept_operation {
    char *device;
    char result[16];
    bool is_unplug;
    bool is_paired;
    unsigned nth; /* of this device and kind, in its file */
    struct hotplug_moment stages[STAGE_COUNT];
};

struct side {
    GArray *operations;  /* struct kept_operation, in order of their begin */
    GHashTable *counts;  /* key -> how many there have been */
    GHashTable *by_name; /* key and nth -> place in operations, plus one */
};

static void clear_operation(gpointer operation)
{
    g_free(((struct kept_operation *)operation)->device);
}

static char *key_of(const char *device, bool is_unplug, unsigned nth)
{
    return g_strdup_printf("%d %u %s", is_unplug, nth, device);
}

static void keep(const struct hotplug_operation *operation, void *opaque)
{
    struct side *side = opaque;
    struct kept_operation kept = { .device = g_strdup(operation->device),
                                   .is_unplug = operation->is_unplug };
    char *kind = key_of(operation->device, operation->is_unplug, 0);

    kept.nth = GPOINTER_TO_UINT(g_hash_table_lookup(side->counts, kind)) + 1;
    g_hash_table_insert(side->counts, kind, GUINT_TO_POINTER(kept.nth));
    if (side->operations->len == OPERATIONS_MAX) {
        g_free(kept.device);
        return;
    }
    memcpy(kept.stages, operation->stages, sizeof(kept.stages));
    g_strlcpy(kept.result, hotplug_result_name(operation), sizeof(kept.result));
    g_array_append_val(side->operations, kept);
    g_hash_table_insert(side->by_name, key_of(kept.device, kept.is_unplug, kept.nth),
                        GUINT_TO_POINTER(side->operations->len));
}

/* What is wrong with the file has been said. */
static void report(enum report_kind kind, const char *text, void *opaque)
{
    (void)kind;
    (void)text;
    (void)opaque;
}

static bool ignores(const struct trace_event *shape, void *opaque)
{
    return hotplug_ignores(opaque, shape);
}

static bool read_side(struct side *side, const char *path)
{
    const struct hotplug_options options = { .through = keep, .opaque = side };
    struct source *source = source_open(path, report, NULL, NULL);
    const struct trace_event *event;
    struct hotplug *hotplug;

    if (source == NULL) {
        return false;
    }
    hotplug = hotplug_create(&options);
    source_ignore(source, ignores, hotplug);
    while ((event = source_next(source)) != NULL) {
        hotplug_event(hotplug, event);
    }
    hotplug_finish(hotplug);
    hotplug_destroy(hotplug);
    source_close(source);
    return true;
}

static struct kept_operation *partner(const struct side *side, const struct kept_operation *mine)
{
    g_autofree char *key = key_of(mine->device, mine->is_unplug, mine->nth);
    guint place = GPOINTER_TO_UINT(g_hash_table_lookup(side->by_name, key));

    return place == 0 ? NULL : &g_array_index(side->operations, struct kept_operation, place - 1);
}

static bool agree(const struct kept_operation *a, const struct kept_operation *b,
                  enum hotplug_clock clock)
{
    bool same = strcmp(a->result, b->result) == 0;

    for (unsigned i = 0; i < STAGE_COUNT; i++) {
        same = same && a->stages[i].reached == b->stages[i].reached &&
               (!a->stages[i].reached ||
                hotplug_offset(&a->stages[i], &a->stages[STAGE_QMP], clock) ==
                    hotplug_offset(&b->stages[i], &b->stages[STAGE_QMP], clock));
    }
    return same;
}

static void print_row(struct output *output, const char *mark, const struct kept_operation *kept,
                      enum hotplug_clock clock)
{
    output_text(output, mark);
    hotplug_print_names(output, kept->device, kept->is_unplug ? "unplug" : "plug", kept->result);
    hotplug_print_stages(output, kept->stages, clock);
    output_char(output, '\n');
}

struct table {
    struct output *output;
    const struct diff_options *options;
    bool has_header;
    unsigned same;
};

static void print_pair(struct table *table, const struct kept_operation *a,
                       const struct kept_operation *b)
{
    enum hotplug_clock clock = table->options->clock;

    if (a != NULL && b != NULL && agree(a, b, clock) && !table->options->stages) {
        table->same++;
        return;
    }
    if (!table->has_header) {
        output_text(table->output, "stages of plugs and unplugs, by ");
        output_text(table->output,
                    clock == CLOCK_TURN ? "turns" : hotplug_clock_names[table->options->clock]);
        output_text(table->output, clock == CLOCK_NOW || clock == CLOCK_HOST
                                       ? " time from their begin\n "
                                       : " from their begin\n ");
        hotplug_print_names(table->output, "device", "operation", "result");
        hotplug_print_stage_names(table->output);
        table->has_header = true;
    }
    if (a != NULL && b != NULL && agree(a, b, clock)) {
        print_row(table->output, " ", a, clock);
        return;
    }
    if (a != NULL) {
        print_row(table->output, "-", a, clock);
    }
    if (b != NULL) {
        print_row(table->output, "+", b, clock);
    }
}

static void compare(struct output *output, const struct diff_options *options, struct side *sides)
{
    struct table table = { .output = output, .options = options };

    for (guint i = 0; i < sides[0].operations->len; i++) {
        struct kept_operation *a = &g_array_index(sides[0].operations, struct kept_operation, i);
        struct kept_operation *b = partner(&sides[1], a);

        if (b != NULL) {
            b->is_paired = true;
        }
        print_pair(&table, a, b);
    }
    for (guint i = 0; i < sides[1].operations->len; i++) {
        struct kept_operation *b = &g_array_index(sides[1].operations, struct kept_operation, i);

        if (!b->is_paired) {
            print_pair(&table, NULL, b);
        }
    }
    if (table.has_header && table.same > 0) {
        output_text(output, " and the same in both: ");
        output_decimal(output, table.same, 0);
        output_char(output, '\n');
    }
}

void diff_stages(struct output *output, const struct diff_options *options)
{
    struct side sides[2];
    bool fine = true;

    for (unsigned i = 0; i < 2; i++) {
        sides[i].operations = g_array_new(FALSE, FALSE, sizeof(struct kept_operation));
        g_array_set_clear_func(sides[i].operations, clear_operation);
        sides[i].counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        sides[i].by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        fine = fine && read_side(&sides[i], options->paths[i]);
    }
    if (fine) {
        compare(output, options, sides);
    }
    for (unsigned i = 0; i < 2; i++) {
        g_array_unref(sides[i].operations);
        g_hash_table_unref(sides[i].counts);
        g_hash_table_unref(sides[i].by_name);
    }
}
