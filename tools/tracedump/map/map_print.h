/* SPDX-License-Identifier: GPL-2.0-or-later */
/* map_print.h - memory maps as text, in the form of "info mtree", "info mtree -f", "info memslots". */
#ifndef REPLUG_TRACEDUMP_MAP_PRINT_H
#define REPLUG_TRACEDUMP_MAP_PRINT_H

#include "tracedump/map/memory_map.h"
#include "tracedump/output.h"

void map_print_tree(struct output *output, const struct memory_map *map);

/* since = each range says when it came. */
void map_print_flatviews(struct output *output, const struct memory_map *map, bool since);

void map_print_slots(struct output *output, const struct memory_map *map, bool since);

/* The ranges and memslots that are not the same in both; "-" marks what is in before only. */
void map_print_difference(struct output *output, const struct memory_map *before,
                          const struct memory_map *after);

/* "256 MiB", "4 KiB", "24 B": in the largest unit that is whole. */
void map_print_size(struct output *output, uint64_t size_bytes);

/* 16 digits. */
void map_print_address(struct output *output, uint64_t address);

#endif
