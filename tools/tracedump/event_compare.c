/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event_compare.c - compares by value, whatever the types' widths and bases: CTF knows no bool, and an
 * event may have been declared anew between two builds.
 */
#include "tracedump/event_compare.h"

#include <string.h>

#include "tracedump/print_text.h"

static bool is_text(enum field_type type)
{
    return type == FIELD_STR || type == FIELD_RAW;
}

static bool values_agree(enum field_type type_a, const struct field_value *a,
                         enum field_type type_b, const struct field_value *b)
{
    if (is_text(type_a) != is_text(type_b)) {
        return false;
    }
    if (!is_text(type_a)) {
        return a->number == b->number;
    }
    return a->length == b->length && (a->length == 0 || memcmp(a->text, b->text, a->length) == 0);
}

static bool field_agrees(const struct trace_event *a, const struct trace_event *b, unsigned index)
{
    return strcmp(a->fields[index].name, b->fields[index].name) == 0 &&
           values_agree(a->fields[index].type, &a->values[index], b->fields[index].type,
                        &b->values[index]);
}

bool events_resemble(const struct trace_event *a, const struct trace_event *b,
                     const struct diff_options *options)
{
    if (a->phase != b->phase || a->field_count != b->field_count || strcmp(a->name, b->name) != 0 ||
        (a->vcpu != b->vcpu && !options->ignore_vcpu)) {
        return false;
    }
    for (unsigned i = 0; i < a->field_count; i++) {
        if (!field_agrees(a, b, i) && !diff_ignores(options, a->fields[i].name)) {
            return false;
        }
    }
    return true;
}

bool events_agree(const struct trace_event *a, const struct trace_event *b,
                  const struct diff_options *options)
{
    return (a->turn == b->turn || options->ignore_turn) &&
           ((a->now_ns == b->now_ns && a->icount == b->icount) || options->ignore_time) &&
           events_resemble(a, b, options);
}

#define IN_FIRST  " in the first, "
#define IN_SECOND " in the second\n"

static void print_numbers(struct output *output, const char *what, uint64_t a, uint64_t b)
{
    if (a == b) {
        return;
    }
    output_text(output, what);
    output_text(output, ": ");
    output_decimal(output, a, 0);
    output_text(output, IN_FIRST);
    output_decimal(output, b, 0);
    output_text(output, IN_SECOND);
}

void events_print_differences(struct output *output, const struct trace_event *a,
                              const struct trace_event *b, const struct diff_options *options)
{
    if (!options->ignore_turn) {
        print_numbers(output, "turn", a->turn, b->turn);
    }
    if (!options->ignore_time) {
        print_numbers(output, "virtual time in ns", a->now_ns, b->now_ns);
        print_numbers(output, "instructions", a->icount, b->icount);
    }
    if (!options->ignore_vcpu && a->vcpu != b->vcpu) {
        output_text(output, "vcpu\n"); /* as the lines above show */
    }
    for (unsigned i = 0; i < MAX(a->field_count, b->field_count); i++) {
        if (i >= a->field_count || i >= b->field_count) {
            output_text(output, "number of fields\n");
            return;
        }
        if (!field_agrees(a, b, i) && !diff_ignores(options, a->fields[i].name)) {
            output_text(output, a->fields[i].name);
            output_text(output, ": ");
            print_value(output, a->fields[i].type, &a->values[i]);
            output_text(output, IN_FIRST);
            print_value(output, b->fields[i].type, &b->values[i]);
            output_text(output, IN_SECOND);
        }
    }
}
