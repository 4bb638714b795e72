/* SPDX-License-Identifier: GPL-2.0-or-later */
/* map_picture.c - pictures of box drawing characters for a terminal. */
#include "tracedump/map/map_picture.h"

#include <string.h>

#include "tracedump/map/map_print.h"
#include "tracedump/map/map_walk.h"
#include "tracedump/map/picture_rows.h"

#define BOX_WIDTH     30u
#define ADDRESS_WIDTH 16u

struct picture {
    struct output *output;
    const struct map_column *columns;
    unsigned count;
};

static void repeat(struct output *output, const char *text, unsigned count)
{
    while (count-- > 0) {
        output_text(output, text);
    }
}

static const char *fill_of(const struct memory_map *map, const struct map_range *range)
{
    const char *kind = memory_map_kind_text(map, range->number, range->readonly);

    if (kind == NULL) {
        return "·";
    }
    return strcmp(kind, "ram") == 0 ? "░" : strcmp(kind, "rom") == 0 ? "▒" : " ";
}

/* A text of up to BOX_WIDTH - 2 printable ASCII characters, and the rest of the box. */
static void print_label(struct output *output, const struct map_range *range)
{
    unsigned shown = 0;

    output_char(output, ' ');
    for (const char *c = range->region; *c != '\0' && shown < BOX_WIDTH - 12; c++, shown++) {
        output_char(output, *c >= ' ' && *c <= '~' ? *c : '?');
    }
    if (range->readonly) {
        output_text(output, " ro");
        shown += 3;
    }
    output_spaces(output, BOX_WIDTH - 1 - shown);
}

enum line { LINE_LABEL, LINE_FILL };

static void print_cell(const struct picture *picture, const struct picture_row *row,
                       const struct picture_row *above, unsigned column, enum line line)
{
    const struct map_range *range = row->ranges[column];
    struct output *output = picture->output;
    bool begins = line == LINE_LABEL && (above == NULL || !picture_goes_on(above, row, column));

    if (range == NULL) {
        output_text(output, "┊");
        output_spaces(output, BOX_WIDTH);
        output_text(output, "┊");
        return;
    }
    output_text(output, "│");
    if (begins) {
        print_label(output, range);
    } else {
        repeat(output, fill_of(picture->columns[column].map, range), BOX_WIDTH);
    }
    output_text(output, "│");
}

/* The line between two rows; either is NULL at the picture's ends. */
static void print_border(const struct picture *picture, const struct picture_row *above,
                         const struct picture_row *below)
{
    struct output *output = picture->output;

    output_spaces(output, ADDRESS_WIDTH);
    for (unsigned i = 0; i < picture->count; i++) {
        bool over = above != NULL && above->ranges[i] != NULL;
        bool under = below != NULL && below->ranges[i] != NULL;
        bool joined = above != NULL && below != NULL && picture_goes_on(above, below, i);

        output_text(output, "  ");
        if (joined && over) {
            output_text(output, "│");
            repeat(output, fill_of(picture->columns[i].map, above->ranges[i]), BOX_WIDTH);
            output_text(output, "│");
        } else if (!over && !under) {
            output_text(output, "┊");
            output_spaces(output, BOX_WIDTH);
            output_text(output, "┊");
        } else {
            output_text(output, over && under ? "├" : under ? "┌" : "└");
            repeat(output, "─", BOX_WIDTH);
            output_text(output, over && under ? "┤" : under ? "┐" : "┘");
        }
    }
    output_char(output, '\n');
}

static void print_row(const struct picture *picture, const struct picture_row *above,
                      const struct picture_row *row)
{
    unsigned height = picture_height(row);

    for (unsigned line = 0; line < height; line++) {
        if (line == 0) {
            map_print_address(picture->output, row->first);
        } else {
            output_spaces(picture->output, ADDRESS_WIDTH);
        }
        for (unsigned i = 0; i < picture->count; i++) {
            output_text(picture->output, "  ");
            print_cell(picture, row, above, i, line == 0 ? LINE_LABEL : LINE_FILL);
        }
        if (line == 0) {
            output_text(picture->output, "  ");
            map_print_size(picture->output, row->last - row->first + 1);
        }
        output_char(picture->output, '\n');
    }
}

static void print_titles(const struct picture *picture, const char *space)
{
    output_plain(picture->output, space, strlen(space));
    output_char(picture->output, '\n');
    if (picture->count < 2) {
        return;
    }
    output_spaces(picture->output, ADDRESS_WIDTH);
    for (unsigned i = 0; i < picture->count; i++) {
        const char *title = picture->columns[i].title;
        size_t length = MIN(strlen(title), BOX_WIDTH);

        output_text(picture->output, "   ");
        output_escaped(picture->output, title, length);
        output_spaces(picture->output, (unsigned)(BOX_WIDTH + 1 - length));
    }
    output_char(picture->output, '\n');
}

/* Where there are two columns, only what differs is worth its lines. */
static bool is_worth_it(const struct picture *picture, const char *space)
{
    return picture->count == 1 ||
           map_walk_ranges_differ(memory_map_space(picture->columns[0].map, space),
                                  memory_map_space(picture->columns[1].map, space));
}

static void print_space(const struct picture *picture, const char *space)
{
    g_autoptr(GArray) rows = picture_rows(space, picture->columns, picture->count);
    const struct picture_row *above = NULL;

    print_titles(picture, space);
    for (guint i = 0; i < rows->len && picture->output->error == 0; i++) {
        const struct picture_row *row = &g_array_index(rows, struct picture_row, i);

        print_border(picture, above, row);
        print_row(picture, above, row);
        above = row;
    }
    if (above != NULL) {
        print_border(picture, above, NULL);
    } else {
        output_text(picture->output, "  nothing is mapped\n");
    }
    output_char(picture->output, '\n');
}

void map_picture_text(struct output *output, const struct map_column *columns, unsigned count)
{
    const struct picture picture = { .output = output, .columns = columns, .count = count };
    g_autoptr(GPtrArray) names = map_walk_space_names(columns[0].map, columns[count - 1].map);
    bool any = false;

    for (guint i = 0; i < names->len; i++) {
        if (is_worth_it(&picture, names->pdata[i])) {
            print_space(&picture, names->pdata[i]);
            any = true;
        }
    }
    if (!any) {
        output_text(output, count == 1 ? "nothing is mapped\n" : "no difference\n");
    }
}
