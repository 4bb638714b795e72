/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * state_layout.h - where the fields of state structs lie, as text, for readers that don't have the
 * descriptors: a recording holds it, tracedump names fields by it.
 *
 *     /machine/pm pm1_status:2 pm1_enable:2 gpe_status:1*4 slots[0].flags:4 slots[1].flags:4
 *
 * A line for each struct, in the order of the bytes: its path, then its fields in order, each with its
 * width in bytes and, for arrays of integers, their number. There are no gaps.
 */
#ifndef REPLUG_STATE_STATE_LAYOUT_H
#define REPLUG_STATE_STATE_LAYOUT_H

#include <glib.h>

struct state_desc;

/* Appends a struct's line; path has no space. */
void state_layout_append(const struct state_desc *desc, const char *path, GString *out);

/*
 * Appends a line for each field that differs, "/machine/pm.gpe_status: LABEL 08, LABEL 00", at most
 * lines_max of them; returns how many differ. Nothing is trusted: where layout or bytes end early, or
 * layout is malformed, the walk ends.
 */
unsigned state_layout_compare(GBytes *layout, GBytes *a, GBytes *b, const char *const labels[2],
                              unsigned lines_max, GString *out);

#endif
