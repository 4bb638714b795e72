/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * backtrace.h - the calling functions of an event, as addresses in the files they come from.
 *
 * A frame is the index of a module in the top 16 bits and the return address, relative to the
 * module's load address, below: the same at every run, unlike the address itself.
 */
#ifndef REPLUG_TRACE_BACKTRACE_H
#define REPLUG_TRACE_BACKTRACE_H

#include <glib.h>
#include <stdint.h>

#define BACKTRACE_FRAMES_MAX 128u

/* A file that was loaded when the modules were listed. code_start is the address of its code as in
 * its ELF program header. */
struct trace_module {
    char *path;
    char *build_id; /* hexadecimal; "" without the note */
    uint64_t code_start;
    uint64_t load_address;
};

struct trace_modules {
    GArray *list;   /* of struct trace_module, in the dynamic linker's order */
    GArray *ranges; /* of what is loaded, sorted by address */
};

struct trace_modules *trace_modules_create(void);
void trace_modules_destroy(struct trace_modules *modules);
const struct trace_module *trace_modules_at(const struct trace_modules *modules, unsigned index);

/* The frame that an address is. */
uint64_t trace_modules_frame(const struct trace_modules *modules, uint64_t address);

/* Fills frames, innermost first, from the function that caller is a return address into; returns
 * how many. */
uint32_t backtrace_take(const struct trace_modules *modules, const void *caller,
                        uint64_t frames[BACKTRACE_FRAMES_MAX]);

#endif
