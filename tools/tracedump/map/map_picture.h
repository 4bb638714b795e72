/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * map_picture.h - address spaces as pictures: one column a moment, addresses grow downwards, taller
 * is larger (by powers of two, so that a page and 256 GiB both fit).
 */
#ifndef REPLUG_TRACEDUMP_MAP_PICTURE_H
#define REPLUG_TRACEDUMP_MAP_PICTURE_H

#include "tracedump/map/memory_map.h"
#include "tracedump/output.h"

/* A column and its heading. */
struct map_column {
    const char *title;
    const struct memory_map *map;
};

/* With box drawing characters. */
void map_picture_text(struct output *output, const struct map_column *columns, unsigned count);

/* As one SVG document. */
void map_picture_svg(struct output *output, const struct map_column *columns, unsigned count);

#endif
