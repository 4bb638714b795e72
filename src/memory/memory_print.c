/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory_print.c - "info mtree" and "info mtree -f". */
#include "memory/memory_print.h"

#include <inttypes.h>

#include "memory/memory_internal.h"

__extension__ typedef __int128 wide_t;

static const char *kind_text(const struct memory_region *region, bool readonly)
{
    switch (region->kind) {
    case MEMORY_REGION_RAM: return readonly ? "rom" : "ram";
    case MEMORY_REGION_ROM: return "rom";
    case MEMORY_REGION_ALIAS: return kind_text(region->target, readonly || region->readonly);
    case MEMORY_REGION_CONTAINER:
    case MEMORY_REGION_IO: break;
    }
    return "i/o";
}

static gint by_address(gconstpointer a, gconstpointer b)
{
    const struct memory_region *left = *(struct memory_region *const *)a;
    const struct memory_region *right = *(struct memory_region *const *)b;

    if (left->offset != right->offset) {
        return left->offset < right->offset ? -1 : 1;
    }
    if (left->priority != right->priority) {
        return left->priority > right->priority ? -1 : 1;
    }
    return left->sequence < right->sequence ? -1 : left->sequence > right->sequence;
}

static void print_tree(const struct memory_region *region, wide_t base, unsigned level,
                       GPtrArray *targets, GString *out)
{
    uint64_t first = (uint64_t)base;
    uint64_t last = first + (region->size - 1);

    g_string_append_printf(out, "%*s%016" PRIx64 "-%016" PRIx64 " (prio %d, %s): ", (int)level * 2,
                           "", first, last, region->priority, kind_text(region, region->readonly));
    if (region->kind == MEMORY_REGION_ALIAS) {
        struct memory_region *target = region->target;

        g_string_append_printf(out, "alias %s @%s %016" PRIx64 "-%016" PRIx64, region->name,
                               target->name, region->target_offset,
                               region->target_offset + (region->size - 1));
        if (target->container == NULL && !g_ptr_array_find(targets, target, NULL)) {
            g_ptr_array_add(targets, target);
        }
    } else {
        g_string_append(out, region->name);
    }
    g_string_append(out, region->enabled ? "\n" : " [disabled]\n");
    if (region->subregions != NULL) {
        g_autoptr(GPtrArray) sorted = g_ptr_array_copy(region->subregions, NULL, NULL);

        g_ptr_array_sort(sorted, by_address);
        for (guint i = 0; i < sorted->len; i++) {
            const struct memory_region *sub = sorted->pdata[i];

            print_tree(sub, base + (wide_t)sub->offset, level + 1, targets, out);
        }
    }
}

void memory_print_trees(const struct memory_system *system, GString *out)
{
    g_autoptr(GPtrArray) targets = g_ptr_array_new();

    for (guint i = 0; i < system->address_spaces->len; i++) {
        const struct address_space *space = system->address_spaces->pdata[i];

        g_string_append_printf(out, "address-space: %s\n", space->name);
        print_tree(space->root, 0, 1, targets, out);
        g_string_append_c(out, '\n');
    }
    for (guint i = 0; i < targets->len; i++) { /* grows while trees are printed */
        const struct memory_region *target = targets->pdata[i];

        g_string_append_printf(out, "memory-region: %s\n", target->name);
        print_tree(target, 0, 1, targets, out);
        g_string_append_c(out, '\n');
    }
}

static void print_flatview(const struct flatview *view, GString *out)
{
    g_string_append_printf(out, " Root memory region: %s\n", view->root->name);
    for (uint32_t i = 0; i < view->count; i++) {
        const struct flat_range *range = &view->ranges[i];

        g_string_append_printf(out, "  %016" PRIx64 "-%016" PRIx64 " (prio %d, %s): %s",
                               range->first, range->last, range->region->priority,
                               kind_text(range->region, range->readonly), range->region->name);
        if (range->region_offset != 0) {
            g_string_append_printf(out, " @%016" PRIx64, range->region_offset);
        }
        g_string_append_c(out, '\n');
    }
    if (view->count == 0) {
        g_string_append(out, "  No rendered FlatView\n");
    }
    g_string_append_c(out, '\n');
}

static bool shown_before(const struct memory_system *system, guint index)
{
    const struct address_space *space = system->address_spaces->pdata[index];

    for (guint i = 0; i < index; i++) {
        if (((struct address_space *)system->address_spaces->pdata[i])->root == space->root) {
            return true;
        }
    }
    return false;
}

void memory_print_flatviews(const struct memory_system *system, GString *out)
{
    unsigned number = 0;

    for (guint i = 0; i < system->address_spaces->len; i++) {
        const struct address_space *first = system->address_spaces->pdata[i];

        if (shown_before(system, i)) {
            continue;
        }
        g_string_append_printf(out, "FlatView #%u\n", number++);
        for (guint k = i; k < system->address_spaces->len; k++) {
            const struct address_space *space = system->address_spaces->pdata[k];

            if (space->root == first->root) {
                g_string_append_printf(out, " AS \"%s\", root: %s\n", space->name,
                                       space->root->name);
            }
        }
        print_flatview(first->view, out);
    }
}
