/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picture_rows.h - an address space cut where any column's map changes: what every picture draws. */
#ifndef REPLUG_TRACEDUMP_PICTURE_ROWS_H
#define REPLUG_TRACEDUMP_PICTURE_ROWS_H

#include "tracedump/map/map_picture.h"

#define PICTURE_COLUMNS_MAX 2u

struct picture_row {
    uint64_t first;
    uint64_t last;
    const struct map_range *ranges[PICTURE_COLUMNS_MAX]; /* NULL: nothing is there */
};

/* struct picture_row, by address; nothing lies behind the last one that has a range. */
GArray *picture_rows(const char *space, const struct map_column *columns, unsigned count);

/* The part of a range in this column goes on in the row below. */
bool picture_goes_on(const struct picture_row *row, const struct picture_row *below,
                     unsigned column);

/* How tall a row is drawn, 1 to 6: its size's logarithm, in steps. */
unsigned picture_height(const struct picture_row *row);

#endif
