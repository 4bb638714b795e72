/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * map_tree.c - region trees as text.
 *
 * A trace may make cycles of containers, which no machine has: what lies deeper than any tree is left
 * out.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tracedump/map/map_print.h"

#define DEPTH_MAX 16u

struct tree {
    struct output *output;
    const struct memory_map *map;
    GPtrArray *mapped;  /* regions with a container: by container, address, priority, order */
    GPtrArray *targets; /* regions that only aliases reach */
};

static int compare(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static gint by_place(gconstpointer a, gconstpointer b)
{
    const struct map_region *left = *(struct map_region *const *)a;
    const struct map_region *right = *(struct map_region *const *)b;

    if (left->container != right->container) {
        return compare(left->container, right->container);
    }
    if (left->offset != right->offset) {
        return compare(left->offset, right->offset);
    }
    if (left->priority != right->priority) {
        return left->priority > right->priority ? -1 : 1;
    }
    return compare(left->order, right->order);
}

/* Index in mapped of the first region in that container, or where it would be. */
static guint first_child(const struct tree *tree, uint64_t container)
{
    guint low = 0;
    guint high = tree->mapped->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;

        if (((const struct map_region *)tree->mapped->pdata[middle])->container < container) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void print_what(struct tree *tree, const struct map_region *region)
{
    const struct map_region *target = memory_map_region(tree->map, region->target);
    struct output *output = tree->output;

    if (region->kind != MAP_ALIAS) {
        output_plain(output, region->name, strlen(region->name));
        return;
    }
    output_text(output, "alias ");
    output_plain(output, region->name, strlen(region->name));
    output_text(output, " @");
    if (target != NULL) {
        output_plain(output, target->name, strlen(target->name));
    }
    output_char(output, ' ');
    map_print_address(output, region->target_offset);
    output_char(output, '-');
    map_print_address(output, region->target_offset + (region->size_bytes - 1));
    if (target != NULL && target->container == 0 &&
        !g_ptr_array_find(tree->targets, target, NULL)) {
        g_ptr_array_add(tree->targets, (gpointer)target);
    }
}

static void print_region(struct tree *tree, const struct map_region *region, uint64_t base,
                         unsigned level)
{
    const char *kind = memory_map_kind_text(tree->map, region->number, false);
    char text[64];

    output_spaces(tree->output, 2 * level);
    map_print_address(tree->output, base);
    output_char(tree->output, '-');
    map_print_address(tree->output, base + (region->size_bytes - 1));
    (void)snprintf(text, sizeof(text), " (prio %" PRId32 ", %s): ", region->priority,
                   kind != NULL ? kind : "?");
    output_text(tree->output, text);
    print_what(tree, region);
    output_text(tree->output, region->enabled ? "\n" : " [disabled]\n");
    for (guint i = first_child(tree, region->number);
         level < DEPTH_MAX && i < tree->mapped->len && tree->output->error == 0; i++) {
        const struct map_region *child = tree->mapped->pdata[i];

        if (child->container != region->number) {
            break;
        }
        print_region(tree, child, base + child->offset, level + 1);
    }
}

static void print_tree(struct tree *tree, const char *label, const char *name, uint64_t root)
{
    const struct map_region *region = memory_map_region(tree->map, root);

    output_text(tree->output, label);
    output_plain(tree->output, name, strlen(name));
    output_char(tree->output, '\n');
    if (region != NULL) {
        print_region(tree, region, 0, 1);
    } else {
        output_text(tree->output, "  the trace does not tell its root\n");
    }
    output_char(tree->output, '\n');
}

void map_print_tree(struct output *output, const struct memory_map *map)
{
    struct tree tree = {
        .output = output, .map = map, .mapped = g_ptr_array_new(), .targets = g_ptr_array_new()
    };

    for (guint i = 0; i < map->regions->len; i++) {
        const struct map_region *region = map->regions->pdata[i];

        if (region->container != 0) {
            g_ptr_array_add(tree.mapped, (gpointer)region);
        }
    }
    g_ptr_array_sort(tree.mapped, by_place);
    for (guint i = 0; i < map->spaces->len; i++) {
        const struct map_space *space = map->spaces->pdata[i];

        print_tree(&tree, "address-space: ", space->name, space->root);
    }
    for (guint i = 0; i < tree.targets->len; i++) { /* grows while trees are printed */
        const struct map_region *target = tree.targets->pdata[i];

        print_tree(&tree, "memory-region: ", target->name, target->number);
    }
    g_ptr_array_unref(tree.mapped);
    g_ptr_array_unref(tree.targets);
}
