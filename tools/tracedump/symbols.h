/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * symbols.h - what a backtrace's frames are in the source: function, file and line, with inlined
 * functions, from the DWARF of the files that were loaded (elfutils' libdw).
 */
#ifndef REPLUG_TRACEDUMP_SYMBOLS_H
#define REPLUG_TRACEDUMP_SYMBOLS_H

#include <glib.h>

#include "tracedump/event.h"

/* A function at a frame; a frame has several when some are inlined, innermost first. */
struct place {
    const char *function; /* NULL: unknown */
    const char *file;     /* NULL: unknown; relative to the folder it was compiled in */
    int line;
};

struct symbols;

/* Why a module's frames stay without names; once for each module. */
typedef void (*symbols_note_fn)(const char *text, void *opaque);

struct symbols *symbols_create(symbols_note_fn note, void *opaque);

/* NULL is fine. */
void symbols_destroy(struct symbols *symbols);

/*
 * The places (struct place, at least one) of the return address at an offset in a module. The array
 * belongs to symbols and is valid until the next call; module must live as long as symbols.
 */
const GArray *symbols_places(struct symbols *symbols, const struct trace_module *module,
                             uint64_t offset);

#endif
