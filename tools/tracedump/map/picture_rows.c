/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_rows.c - all borders of all columns, sorted, and what lies between two of them. */
#include "tracedump/map/picture_rows.h"

#include "tracedump/map/memory_map.h"

static gint by_address(gconstpointer a, gconstpointer b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

static void add_borders(GArray *borders, const struct map_space *space)
{
    for (guint i = 0; space != NULL && i < space->ranges->len; i++) {
        const struct map_range *range = &g_array_index(space->ranges, struct map_range, i);
        uint64_t last = map_last(range->gpa, range->size_bytes);
        uint64_t behind = last + 1;

        g_array_append_val(borders, range->gpa);
        if (behind != 0) {
            g_array_append_val(borders, behind);
        }
    }
}

static const struct map_range *range_of(const struct map_space *space, uint64_t gpa)
{
    guint low = 0;
    guint high = space != NULL ? space->ranges->len : 0;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        const struct map_range *range = &g_array_index(space->ranges, struct map_range, middle);

        if (gpa < range->gpa) {
            high = middle;
        } else if (map_last(range->gpa, range->size_bytes) < gpa) {
            low = middle + 1;
        } else {
            return range;
        }
    }
    return NULL;
}

static bool is_blank(const struct picture_row *row)
{
    return row->ranges[0] == NULL && row->ranges[1] == NULL;
}

GArray *picture_rows(const char *name, const struct map_column *columns, unsigned count)
{
    g_autoptr(GArray) borders = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct picture_row));
    const struct map_space *spaces[PICTURE_COLUMNS_MAX] = { NULL, NULL };
    uint64_t zero = 0;

    g_array_append_val(borders, zero);
    for (unsigned i = 0; i < count; i++) {
        spaces[i] = memory_map_space(columns[i].map, name);
        add_borders(borders, spaces[i]);
    }
    g_array_sort(borders, by_address);
    for (guint i = 0; i < borders->len; i++) {
        uint64_t first = g_array_index(borders, uint64_t, i);
        uint64_t last =
            i + 1 < borders->len ? g_array_index(borders, uint64_t, i + 1) - 1 : UINT64_MAX;
        struct picture_row row = { .first = first, .last = last };

        if (i + 1 < borders->len && g_array_index(borders, uint64_t, i + 1) == first) {
            continue;
        }
        row.ranges[0] = range_of(spaces[0], first);
        row.ranges[1] = range_of(spaces[1], first);
        g_array_append_val(rows, row);
    }
    if (rows->len > 0 && is_blank(&g_array_index(rows, struct picture_row, rows->len - 1))) {
        g_array_set_size(rows, rows->len - 1);
    }
    return rows;
}

bool picture_goes_on(const struct picture_row *row, const struct picture_row *below,
                     unsigned column)
{
    return row->ranges[column] == below->ranges[column];
}

unsigned picture_height(const struct picture_row *row)
{
    uint64_t size = row->last - row->first; /* minus one: it must not become 0 */

    if (row->ranges[0] == NULL && row->ranges[1] == NULL) {
        return 1;
    }
    return size < (1u << 12)   ? 1
           : size < (1u << 20) ? 2
           : size < (1u << 28) ? 3
           : size < (1u << 31) ? 4
           : size >> 35 == 0   ? 5
                               : 6;
}
