/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report.h - "label        value" lines, as info and verify print them. */
#ifndef REPLUG_TRACEDUMP_REPORT_H
#define REPLUG_TRACEDUMP_REPORT_H

#include <stdint.h>

#include "tracedump/output.h"

/* Begins a line; its value and its end are the caller's. */
void report_label(struct output *output, const char *label);

void report_text(struct output *output, const char *label, const char *text);

/* From a file: escaped, so that it is one line. */
void report_untrusted(struct output *output, const char *label, const char *text);

/* "12 events", "1 event", "no events" */
void report_count(struct output *output, uint64_t count, const char *noun);

/* "1.000000500 s" */
void report_seconds(struct output *output, uint64_t ns);

/* "0", "12ns", "1.50us", "27.3ms", "4.00s"; three digits, rounded down. */
#define REPORT_DURATION_MAX 24
void report_duration(char text[REPORT_DURATION_MAX], uint64_t ns);

#endif
