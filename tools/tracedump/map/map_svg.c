/* SPDX-License-Identifier: GPL-2.0-or-later */
/* map_svg.c - the same pictures as one SVG document, for a page or a printer. */
#include <stdio.h>
#include <string.h>

#include "tracedump/map/map_picture.h"
#include "tracedump/map/map_print.h"
#include "tracedump/map/map_walk.h"
#include "tracedump/map/picture_rows.h"

#define LEFT       150u
#define BOX        230u
#define GAP        20u
#define LINE       20u
#define HEAD       30u
#define CHARACTERS 28u

static const char style[] =
    "<style>text{font:12px ui-monospace,monospace;fill:#1b1f24}.h{font-weight:bold}"
    ".ram{fill:#9ecbff}.rom{fill:#d8b9ff}.io{fill:#ffd8a8}.unknown{fill:#e1e4e8}"
    "rect{stroke:#57606a}.none{fill:none;stroke-dasharray:3 4;stroke:#afb8c1}</style>\n";

static void print_number(struct output *output, const char *name, unsigned number)
{
    output_char(output, ' ');
    output_text(output, name);
    output_text(output, "=\"");
    output_decimal(output, number, 0);
    output_char(output, '"');
}

static void print_text(struct output *output, unsigned x, unsigned y, const char *class_name,
                       const char *text)
{
    output_text(output, "<text");
    print_number(output, "x", x);
    print_number(output, "y", y);
    output_text(output, class_name);
    output_char(output, '>');
    for (unsigned i = 0; text[i] != '\0' && i < CHARACTERS; i++) {
        bool plain = text[i] >= ' ' && text[i] <= '~' && strchr("<>&\"", text[i]) == NULL;

        output_char(output, plain ? text[i] : '?');
    }
    output_text(output, "</text>\n");
}

static const char *class_of(const struct memory_map *map, const struct map_range *range)
{
    const char *kind =
        range == NULL ? NULL : memory_map_kind_text(map, range->number, range->readonly);

    if (range == NULL) {
        return "none";
    }
    if (kind == NULL) {
        return "unknown";
    }
    return strcmp(kind, "i/o") == 0 ? "io" : kind;
}

/* Rows of one range are one box; the first row that is drawn in it has its name. */
static void print_box(struct output *output, const struct picture_row *row, unsigned y,
                      unsigned height, unsigned column, const struct memory_map *map)
{
    const struct map_range *range = row->ranges[column];
    unsigned x = LEFT + column * (BOX + GAP);

    output_text(output, "<rect class=\"");
    output_text(output, class_of(map, range));
    output_char(output, '"');
    print_number(output, "x", x);
    print_number(output, "y", y);
    print_number(output, "width", BOX);
    print_number(output, "height", height);
    output_text(output, "/>\n");
    if (range != NULL) {
        print_text(output, x + 8, y + 14, "", range->region);
    }
}

static void print_column(struct output *output, const GArray *rows, unsigned top, unsigned column,
                         const struct memory_map *map)
{
    unsigned y = top;

    for (guint first = 0; first < rows->len;) {
        guint end = first;
        unsigned height = 0;

        do {
            height += LINE * picture_height(&g_array_index(rows, struct picture_row, end));
            end++;
        } while (end < rows->len &&
                 picture_goes_on(&g_array_index(rows, struct picture_row, end - 1),
                                 &g_array_index(rows, struct picture_row, end), column));
        print_box(output, &g_array_index(rows, struct picture_row, first), y, height, column, map);
        y += height;
        first = end;
    }
}

static unsigned height_of(const GArray *rows)
{
    unsigned height = 0;

    for (guint i = 0; i < rows->len; i++) {
        height += LINE * picture_height(&g_array_index(rows, struct picture_row, i));
    }
    return height;
}

static void print_addresses(struct output *output, const GArray *rows, unsigned top)
{
    unsigned y = top;

    for (guint i = 0; i < rows->len; i++) {
        const struct picture_row *row = &g_array_index(rows, struct picture_row, i);
        char text[24];

        (void)snprintf(text, sizeof(text), "%016" G_GINT64_MODIFIER "x", row->first);
        print_text(output, 8, y + 14, "", text);
        y += LINE * picture_height(row);
    }
}

static void print_space(struct output *output, const char *name, const GArray *rows, unsigned top,
                        const struct map_column *columns, unsigned count)
{
    print_text(output, 8, top + 18, " class=\"h\"", name);
    for (unsigned i = 0; i < count; i++) {
        if (count > 1) {
            print_text(output, LEFT + i * (BOX + GAP), top + 18, " class=\"h\"", columns[i].title);
        }
        print_column(output, rows, top + HEAD, i, columns[i].map);
    }
    print_addresses(output, rows, top + HEAD);
}

void map_picture_svg(struct output *output, const struct map_column *columns, unsigned count)
{
    g_autoptr(GPtrArray) names = map_walk_space_names(columns[0].map, columns[count - 1].map);
    g_autoptr(GPtrArray) spaces = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
    unsigned top = 0;

    for (guint i = 0; i < names->len; i++) {
        GArray *rows = picture_rows(names->pdata[i], columns, count);

        g_ptr_array_add(spaces, rows);
        top += HEAD + height_of(rows) + GAP;
    }
    output_text(output, "<svg xmlns=\"http://www.w3.org/2000/svg\"");
    print_number(output, "width", LEFT + count * (BOX + GAP));
    print_number(output, "height", top);
    output_text(output, ">\n");
    output_text(output, style);
    top = 0;
    for (guint i = 0; i < names->len; i++) {
        print_space(output, names->pdata[i], spaces->pdata[i], top, columns, count);
        top += HEAD + height_of(spaces->pdata[i]) + GAP;
    }
    output_text(output, "</svg>\n");
}
