/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report.c - labels, counts and times in lines of a report. */
#include "tracedump/report.h"

#include <inttypes.h>
#include <stdio.h>

#define LABEL_WIDTH 13u
#define NS_PER_S    UINT64_C(1000000000)

void report_label(struct output *output, const char *label)
{
    size_t length = strlen(label);

    output_text(output, label);
    output_spaces(output, length < LABEL_WIDTH ? (unsigned)(LABEL_WIDTH - length) : 1);
}

void report_text(struct output *output, const char *label, const char *text)
{
    report_label(output, label);
    output_text(output, text);
    output_char(output, '\n');
}

void report_untrusted(struct output *output, const char *label, const char *text)
{
    report_label(output, label);
    output_plain(output, text, strlen(text));
    output_char(output, '\n');
}

void report_count(struct output *output, uint64_t count, const char *noun)
{
    if (count == 0) {
        output_text(output, "no");
    } else {
        output_decimal(output, count, 0);
    }
    output_char(output, ' ');
    output_text(output, noun);
    output_text(output, count == 1 ? "" : "s");
}

void report_seconds(struct output *output, uint64_t ns)
{
    char text[48];

    (void)snprintf(text, sizeof(text), "%" PRIu64 ".%09" PRIu64 " s", ns / NS_PER_S, ns % NS_PER_S);
    output_text(output, text);
}

void report_duration(char text[REPORT_DURATION_MAX], uint64_t ns)
{
    static const char *const units[] = { "ns", "us", "ms", "s" };
    uint64_t scale = 1;
    unsigned unit = 0;

    if (ns < 1000) {
        (void)snprintf(text, REPORT_DURATION_MAX, ns == 0 ? "0" : "%" PRIu64 "ns", ns);
        return;
    }
    while (unit < 3 && ns / scale >= 1000) {
        scale *= 1000;
        unit++;
    }
    if (ns / scale >= 100) {
        (void)snprintf(text, REPORT_DURATION_MAX, "%" PRIu64 "%s", ns / scale, units[unit]);
    } else if (ns / scale >= 10) {
        (void)snprintf(text, REPORT_DURATION_MAX, "%" PRIu64 ".%" PRIu64 "%s", ns / scale,
                       ns % scale / (scale / 10), units[unit]);
    } else {
        (void)snprintf(text, REPORT_DURATION_MAX, "%" PRIu64 ".%02" PRIu64 "%s", ns / scale,
                       ns % scale / (scale / 100), units[unit]);
    }
}
