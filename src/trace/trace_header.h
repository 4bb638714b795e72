/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_header.h - the JSON header of a native trace: modules and the table of events. */
#ifndef REPLUG_TRACE_TRACE_HEADER_H
#define REPLUG_TRACE_TRACE_HEADER_H

struct trace_modules;

/* A new string, to be freed by g_free(). */
char *trace_header_text(const struct trace_modules *modules);

#endif
