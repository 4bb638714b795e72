/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory_print.h - region trees and FlatViews as text, in the form of QEMU's "info mtree" and "info
 * mtree -f". */
#ifndef REPLUG_MEMORY_MEMORY_PRINT_H
#define REPLUG_MEMORY_MEMORY_PRINT_H

#include <glib.h>

struct memory_system;

/* Every address space: its region tree, disabled regions marked; then the trees that only aliases
 * reach. */
void memory_print_trees(const struct memory_system *system, GString *out);

/* Every address space's FlatView, equal ones together. */
void memory_print_flatviews(const struct memory_system *system, GString *out);

#endif
